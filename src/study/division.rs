//! How the ratings of a study are divided, in words, and what draws their division.

use std::collections::{BTreeMap, BTreeSet};

use drr_core::spec::{HeldOut, SplitKind, SplitSpec, Ties};

use serde_json::Value;

use super::group::Seeding;
use crate::store::StoredSweep;

/// Digits of a given division's name that are shown.
const SHORT: usize = 12;

/// What of the divisions of a sweep each trial's own seed decides.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DrawnByTrial {
    /// The split's seed.
    seed: bool,
    /// The fold that is held out.
    fold: bool,
}

impl DrawnByTrial {
    pub(super) fn of(sweep: &StoredSweep) -> Self {
        let seeds: BTreeSet<u64> = sweep.trials.iter().map(|trial| trial.spec().seed.0).collect();
        let all = |holds: &dyn Fn(&SplitSpec, u64) -> bool| {
            let mut drawn = sweep.trials.iter().filter_map(|trial| Some((trial.spec().split()?, trial.spec().seed.0)));
            let mut any = false;
            seeds.len() > 1
                && drawn.all(|(split, seed)| {
                    any = true;
                    holds(split, seed)
                })
                && any
        };
        Self {
            seed: all(&|split, seed| split.seed == seed),
            fold: all(&|split, seed| split.kind == SplitKind::Folds && split.fold == seed % split.folds),
        }
    }

    /// What seeds a division.
    pub(super) fn seeding(self, split: &SplitSpec) -> Seeding {
        let by_fold = self.fold && split.kind == SplitKind::Folds;
        if by_fold || (self.seed && is_drawn(split)) { Seeding::Trial } else { Seeding::Own }
    }
}

/// Whether a seed, or a fold, decides which ratings are held out.
pub(super) fn is_drawn(split: &SplitSpec) -> bool {
    split.kind.is_drawn() || split.ties == Ties::Shuffled
}

/// How a trial's ratings are divided; trials with the same words have the same division or, where the trial seeds it, the
/// same kind of division. `point` may say which file a given one came from.
pub(super) fn words(split: &SplitSpec, by_trial: DrawnByTrial, point: &BTreeMap<String, Value>) -> String {
    let test = (split.test * 1000.0).round() / 10.0;
    let seeded = match by_trial.seed {
        true => "seeded by the trial".to_owned(),
        false => format!("split seed {}", split.seed),
    };
    let mut words = match split.kind {
        SplitKind::Random => format!("random split, {test} % test, {seeded}"),
        SplitKind::ByUser => format!("random split of each user's ratings, {test} % test, {seeded}"),
        SplitKind::Temporal => format!("temporal split, {test} % test"),
        SplitKind::Time => format!("the latest {test} % of all ratings as test"),
        SplitKind::LeaveLast if split.last == 1 => "each user's latest rating as test".to_owned(),
        SplitKind::LeaveLast => format!("each user's latest {} ratings as test", split.last),
        SplitKind::Folds if by_trial.fold => {
            format!("{} folds, the trial's seed modulo {} held out, {seeded}", split.folds, split.folds)
        }
        SplitKind::Folds => format!("fold {} of 0 to {}, {seeded}", split.fold, split.folds - 1),
        SplitKind::Given => {
            let file = point.get("split.from").and_then(Value::as_str).map_or_else(String::new, |it| format!("{it}, "));
            format!("given split {file}{}", &split.from[..split.from.len().min(SHORT)])
        }
    };
    if split.ties == Ties::Shuffled {
        words += &match by_trial.seed {
            true => ", ties seeded by the trial".to_owned(),
            false => format!(", ties by split seed {}", split.seed),
        };
    }
    for (what, least) in [("users", split.min_per_user), ("items", split.min_per_item)] {
        if least > 1 {
            words += &format!(", {what} with {least} ratings or more");
        }
    }
    match split.held_out {
        HeldOut::Test => words,
        HeldOut::Validation => format!("{words}; the validation part of its train part"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_words() {
        let point = BTreeMap::new();
        let of = |kind, more: fn(SplitSpec) -> SplitSpec| {
            let split = more(SplitSpec { kind, ..SplitSpec::default() }).settled();
            {
                let by_trial = DrawnByTrial { seed: true, fold: true };
                (words(&split, DrawnByTrial::default(), &point), words(&split, by_trial, &point))
            }
        };
        let same = |split| split;
        let all: Vec<_> = SplitKind::ALL.into_iter().map(|kind| of(kind, same)).collect();
        let says = |own: &str, trial: &str| (own.to_owned(), trial.to_owned());
        assert_eq!(
            all[0],
            says("random split, 20 % test, split seed 0", "random split, 20 % test, seeded by the trial")
        );
        assert_eq!(
            all[2],
            says(
                "temporal split, 20 % test, ties by split seed 0",
                "temporal split, 20 % test, ties seeded by the trial"
            )
        );
        assert_eq!(
            all[5],
            says("fold 0 of 0 to 4, split seed 0", "5 folds, the trial's seed modulo 5 held out, seeded by the trial")
        );
        let mut own: Vec<&String> = all.iter().map(|(own, _)| own).collect();
        own.dedup();
        assert_eq!(own.len(), 7, "each its own");
        let (last, _) = of(SplitKind::LeaveLast, |split| SplitSpec {
            last: 3,
            ties: Ties::Item,
            min_per_user: 20,
            held_out: HeldOut::Validation,
            ..split
        });
        assert_eq!(
            last,
            "each user's latest 3 ratings as test, users with 20 ratings or more; the validation part of its train part"
        );
    }
}
