//! On how many users a number stands: an evaluation at K is of those who have K test ratings, and they become few as K grows.

use super::group::Group;
use crate::store::TrialRecord;

/// A column on fewer users than this is thin: one user more or less moves its mean by a twentieth or more, and seeds, which
/// share their users, do not show it. Nothing in it is bold, ≈, tested or aggregated.
pub(crate) const LEAST: u64 = 20;

/// Users behind a number, over the seeds and groups that it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserCount {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

impl UserCount {
    /// Users behind a group's numbers at `k`; `None` where that is not recorded, or nothing is finished.
    pub(crate) fn of(group: &Group<'_>, k: u64) -> Option<Self> {
        Self::over(group.finished().filter_map(|trial| Self::of_trial(trial, k)))
    }

    /// Users behind a trial's numbers at `k`, where it is recorded.
    pub(crate) fn of_trial(trial: &TrialRecord, k: u64) -> Option<Self> {
        // Of a measure that asks for nothing of its users that depends on K, one count is recorded for all.
        let names = [format!("users@{k}"), "users".to_owned()];
        let count = names.iter().find_map(|name| trial.metrics.get(name).copied())?;
        // Written as a number like any other; what is no count is not known.
        (count >= 0.0 && count.fract() == 0.0).then_some(Self { least: count as u64, most: count as u64 })
    }

    /// The least and the most of several.
    pub(crate) fn over(counts: impl Iterator<Item = Self>) -> Option<Self> {
        counts.reduce(|one, other| Self { least: one.least.min(other.least), most: one.most.max(other.most) })
    }

    /// Whether they are too few for a comparison.
    pub(crate) fn is_thin(self) -> bool {
        self.least < LEAST
    }
}

impl std::fmt::Display for UserCount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.least, self.most) {
            (1, 1) => f.write_str("1 user"),
            (least, most) if least == most => write!(f, "{most} users"),
            (least, most) => write!(f, "{least} to {most} users"),
        }
    }
}
