//! The reference group: how a person names it, and which row of a table it is.

use super::group::short_axis;
use super::table::{Row, Table};

/// A policy, values of axes, or both: `pmf`, `tau=0.001`, `drr,drr.tau=0.001,actor_lr=0.0005`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    policy: Option<String>,
    /// Axis, by its full name or its last part, and value.
    values: Vec<(String, String)>,
}

impl Baseline {
    /// The networks as initialised: what a report compares with when nobody says otherwise.
    pub(super) fn untrained() -> Self {
        Self { policy: Some("drr-untrained".to_owned()), values: Vec::new() }
    }

    /// Whether `row` is the reference. Where the name fits several rows the caller takes the first.
    pub(super) fn names(&self, table: &Table, row: &Row) -> bool {
        let all: Vec<&str> = table.axes.iter().map(String::as_str).collect();
        let policy = match &self.policy {
            Some(policy) => policy == row.policy,
            // Values alone mean a recommender: no baseline stands on an axis.
            None => true,
        };
        let value = |(axis, value): &(String, String)| {
            table
                .axes
                .iter()
                .zip(&row.point)
                .any(|(known, found)| (known == axis || short_axis(known, &all) == axis) && found == value)
        };
        policy && self.values.iter().all(value)
    }
}

impl std::fmt::Display for Baseline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values = self.values.iter().map(|(axis, value)| format!("{axis}={value}"));
        write!(f, "{}", self.policy.iter().cloned().chain(values).collect::<Vec<_>>().join(","))
    }
}

impl std::str::FromStr for Baseline {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut baseline = Self { policy: None, values: Vec::new() };
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                Some((axis, value)) if !axis.trim().is_empty() && !value.trim().is_empty() => {
                    baseline.values.push((axis.trim().to_owned(), value.trim().to_owned()));
                }
                None if !part.is_empty() && baseline.policy.is_none() => baseline.policy = Some(part.to_owned()),
                _ => return Err("name a policy, values of axes, or both: pmf, or drr,tau=0.001".to_owned()),
            }
        }
        Ok(baseline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_and_values_are_read() {
        let read: Baseline = "drr, drr.tau=0.001".parse().expect("a baseline");
        let values = vec![("drr.tau".to_owned(), "0.001".to_owned())];
        assert_eq!(read, Baseline { policy: Some("drr".to_owned()), values });
        for wrong in ["", "a,b", "=1", "tau="] {
            assert!(wrong.parse::<Baseline>().is_err(), "{wrong}");
        }
    }
}
