//! Train and test. One split per (table, split spec) serves every stage, so no test rating is ever seen in training.
//!
//! | file | job |
//! | --- | --- |
//! | `rules` | the rules that divide ratings, each over some rows of a table |
//! | `given` | a division that files say: read, kept by its content, found again |

mod given;
mod rules;

use std::path::Path;

pub(super) use given::packed;
pub use given::{GivenError, keep};

use self::rules::DivisionRules;
use super::table::Ratings;
use crate::spec::{HeldOut, SplitKind, SplitSpec};

/// Row indices of a table, each list ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Rows to learn from.
    pub train: Vec<u32>,
    /// Rows held out.
    pub test: Vec<u32>,
}

impl Split {
    /// Divides `ratings` as `spec` says; a division that files gave is found in the data folder `data`.
    ///
    /// With [`HeldOut::Validation`] the train part is divided once more in the same way, one that was given at random, and its
    /// second part stands where the test part would; the true test part appears nowhere.
    ///
    /// # Errors
    /// A given division that is not there, or not of these ratings.
    pub fn of(ratings: &Ratings, spec: &SplitSpec, data: &Path) -> Result<Self, GivenError> {
        let given = if spec.kind == SplitKind::Given { Some(given::find(data, spec, ratings)?) } else { None };
        Ok(Self::with(ratings, spec, given))
    }

    /// Divides `ratings` by a rule.
    ///
    /// # Panics
    /// If the division is a given one: see [`Split::of`].
    pub fn by_rule(ratings: &Ratings, spec: &SplitSpec) -> Self {
        assert!(spec.kind != SplitKind::Given, "what files say no rule does");
        Self::with(ratings, spec, None)
    }

    fn with(ratings: &Ratings, spec: &SplitSpec, given: Option<Self>) -> Self {
        let rules = DivisionRules::new(ratings, spec);
        let outer = match given {
            Some(Self { train, test }) => Self { train: rules.enough(train), test: rules.enough(test) },
            None => rules.divide(&rules.enough((0..ratings.rows.len() as u32).collect()), "split"),
        };
        match spec.held_out {
            HeldOut::Test => outer,
            HeldOut::Validation => rules.divide(&outer.train, "split/validation"),
        }
    }
}

#[cfg(test)]
mod tests;
