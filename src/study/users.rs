//! On how many users a number stands, and whether two numbers stand on the same: an evaluation at K is of those who have K test
//! ratings, and they become few as K grows; a setting that decides who takes part changes them too.

use drr_kinds::kind::{Need, Role};

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

/// Whom a group's number is of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Audience {
    /// Seeds, in order, with how many users each is of, where that is recorded; several times where settings are averaged over.
    counted: Vec<(u64, u64)>,
    /// What its trials ask of users.
    asked: Vec<Need>,
}

impl Audience {
    /// Whom the numbers of a group are of: at `k`, or of a metric that has no K.
    pub(crate) fn of(group: &Group<'_>, k: Option<u64>) -> Self {
        let mut audience = Self::default();
        for trial in group.finished() {
            if let Some(count) = k.and_then(|k| UserCount::of_trial(trial, k)) {
                audience.counted.push((trial.spec().seed.0, count.most));
            }
        }
        audience.counted.sort_unstable();
        audience.counted.dedup();
        // Trials that differ in the seed alone ask for the same.
        let asking = if group.settings > 1 { usize::MAX } else { 1 };
        for need in group.finished().take(asking).flat_map(asked) {
            if !audience.asked.contains(&need) {
                audience.asked.push(need);
            }
        }
        audience
    }

    /// Whether no seed tells this from `other`. What decides who takes part asks for more or for less of the same, so that as many
    /// users of the same ratings are the same ones. Where nobody counted, those who ask for the same have the same.
    pub(crate) fn is_that_of(&self, other: &Self) -> bool {
        let of = |counted: &[(u64, u64)], seed: u64| {
            let from = counted.partition_point(|(known, _)| *known < seed);
            let until = counted.partition_point(|(known, _)| *known <= seed);
            from..until
        };
        let both = self.counted.iter().map(|(seed, _)| *seed).filter_map(|seed| {
            let theirs = &other.counted[of(&other.counted, seed)];
            (!theirs.is_empty()).then(|| theirs == &self.counted[of(&self.counted, seed)])
        });
        let mut both = both.peekable();
        if both.peek().is_some() { both.all(|same| same) } else { self.asked == other.asked }
    }
}

/// What a trial asks of its users.
fn asked(trial: &TrialRecord) -> impl Iterator<Item = Need> {
    let needs = match trial.kind.role {
        Role::Measure(measure) => (measure.needs)(&trial.spec().settings),
        Role::Model(model) => (model.needs)(&trial.spec().settings),
        Role::Policy(_) => Vec::new(),
    };
    needs.into_iter().filter(|need| matches!(need, Need::Users { .. } | Need::Sessions { .. }))
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
