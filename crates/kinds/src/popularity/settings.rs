//! Popularity's hyperparameter.

use drr_core::section;
use serde::{Deserialize, Serialize};

/// Which train ratings make an item popular.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CountedRatings {
    /// Those that are positive.
    Positive,
    /// All of them, whatever they say.
    All,
}

section! {
    /// Items by the number of their train ratings.
    pub struct PopularitySpec in "popularity" {
        /// Which train ratings count: the positive ones, or all.
        counts: CountedRatings = CountedRatings::Positive, Choice(&["positive", "all"]), since 5,
            before CountedRatings::Positive, unless "is_positive";
    }
}

// Trials had no such field, and keep their ids.
fn is_positive(counts: &CountedRatings) -> bool {
    *counts == CountedRatings::Positive
}
