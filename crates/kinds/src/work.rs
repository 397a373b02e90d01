//! What a trial's time follows from: its settings, what it stands on, and how large its ratings are.

use drr_core::TrialSpec;
use drr_core::spec::{Section, Settings};

/// The size of a rating table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataSize {
    /// Users with a rating.
    pub users: u64,
    /// Items with a rating.
    pub items: u64,
    /// Ratings.
    pub ratings: u64,
}

impl DataSize {
    /// Users and items together: the rows of a model's tables.
    pub fn names(self) -> u64 {
        self.users + self.items
    }

    /// Ratings of a user, on average; 0 without users.
    pub fn each_users(self) -> f64 {
        self.ratings as f64 / self.users.max(1) as f64
    }
}

/// A trial, as far as its time is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// Its own settings.
    pub settings: &'a Settings,
    /// What it stands on, directly.
    pub upstream: &'a [&'a TrialSpec],
    /// Its ratings.
    pub data: DataSize,
}

impl Work<'_> {
    /// The settings of the model of a kind that it stands on; the kind's defaults where it stands on none.
    pub fn of<T: Section + Default>(&self, kind: &str) -> T {
        self.upstream
            .iter()
            .find(|spec| spec.kind == kind)
            .and_then(|spec| spec.settings.section().ok())
            .unwrap_or_default()
    }

    /// The factors k of the model of vectors below it; 0 where there is none.
    pub fn factors(&self) -> u64 {
        self.upstream.iter().find_map(|spec| spec.settings.whole("k")).unwrap_or_default()
    }
}

/// What a policy takes of an evaluation, seconds on one core.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// Before the first recommendation.
    pub once: f64,
    /// For each recommendation, what it learns from the answer included.
    pub each: f64,
}

/// What is recommended from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// What the user rated in the test part.
    Rated,
    /// All items.
    All,
}
