//! Which trials of a sweep answer a row, and what they scored.

use std::collections::{BTreeMap, BTreeSet};

use drr_core::result::measured;
use drr_core::{Status, TrialId};
use drr_kinds::{KindOf as _, kind_settings};
use serde_json::Value;

use super::data::{DataKnown, Likeness};
use crate::store::{StoredSweep, TrialRecord};
use crate::study::users::{LEAST, UserCount};

/// The trials that answer one policy of a row.
pub(super) struct RowTrials<'a> {
    trials: Vec<&'a TrialRecord>,
    /// What there is, where none fits.
    nothing: String,
    /// The configurations they are of, where these are several.
    several: Option<String>,
}

/// What they scored in one column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ColumnScores {
    /// By seed, in its order.
    pub by_seed: Vec<(u64, f64)>,
    /// How many seeds there should be.
    pub expected: usize,
    /// The users behind the scores.
    pub users: Option<UserCount>,
    /// The trials behind the scores.
    pub trials: Vec<TrialId>,
    /// Why they cannot be held against what was published, if anything is in the way.
    pub hindrance: Option<String>,
}

/// What is looked for.
#[derive(Clone, Copy)]
pub(super) struct RowWanted<'a> {
    /// The measure's name, or the model's.
    pub measure: &'a str,
    /// The policy.
    pub policy: &'a str,
    /// The table's settings and the row's.
    pub settings: [&'a BTreeMap<String, Value>; 2],
}

/// A sweep whose trials are looked through, and what they stand on.
pub(super) struct SweepAnswers<'a> {
    sweep: &'a StoredSweep,
    settings: BTreeMap<TrialId, BTreeMap<String, Value>>,
}

impl<'a> SweepAnswers<'a> {
    pub fn new(sweep: &'a StoredSweep) -> Self {
        let by_id: BTreeMap<TrialId, &TrialRecord> = sweep.trials.iter().map(|trial| (trial.id(), trial)).collect();
        let settings = sweep.trials.iter().map(|trial| (trial.id(), all_settings(trial, &by_id))).collect();
        Self { sweep, settings }
    }

    /// The trials of one policy that have all of the settings.
    pub fn find(&self, wanted: RowWanted<'_>) -> RowTrials<'a> {
        let mut points: BTreeSet<String> = BTreeSet::new();
        let mut trials: Vec<&TrialRecord> = Vec::new();
        for trial in &self.sweep.trials {
            let is_of_policy = match trial.spec().policy_kind() {
                Some(policy) => policy.name == wanted.policy,
                None => trial.kind.name == wanted.policy,
            };
            let own = &self.settings[&trial.id()];
            let fits = |(name, value): (&String, &Value)| own.get(name).is_some_and(|own| same(own, value));
            if !is_of_policy || trial.kind.name != wanted.measure || !wanted.settings.into_iter().flatten().all(fits) {
                continue;
            }
            points.insert(serde_json::to_string(trial.point()).expect("a point is JSON"));
            if !trials.iter().any(|known| known.id() == trial.id()) {
                trials.push(trial);
            }
        }
        let several = (points.len() > 1).then(|| {
            let shown: Vec<&str> = points.iter().take(3).map(String::as_str).collect();
            let more = if points.len() > shown.len() { " …" } else { "" };
            format!("{} configurations fit, and `where` says not which: {}{more}", points.len(), shown.join(" "))
        });
        trials.sort_by_key(|trial| trial.spec().seed);
        let nothing = if trials.is_empty() { self.nothing(&wanted) } else { String::new() };
        RowTrials { trials, nothing, several }
    }
}

impl SweepAnswers<'_> {
    /// Why nothing fits, in words.
    fn nothing(&self, wanted: &RowWanted<'_>) -> String {
        let name = &self.sweep.name;
        let of_kind = || self.sweep.trials.iter().filter(|trial| trial.kind.name == wanted.measure);
        let policy = |trial: &TrialRecord| trial.spec().policy_kind().map_or(trial.kind.name, |policy| policy.name);
        if of_kind().next().is_none() {
            let kinds: BTreeSet<&str> = self.sweep.trials.iter().map(|trial| trial.kind.name).collect();
            let kinds: Vec<&str> = kinds.into_iter().collect();
            return format!("nothing in sweep {name} measures `{}`; there is {}", wanted.measure, kinds.join(", "));
        }
        let own: Vec<&TrialRecord> = of_kind().filter(|trial| policy(trial) == wanted.policy).collect();
        if own.is_empty() {
            let policies: BTreeSet<&str> = of_kind().map(policy).collect();
            let policies: Vec<&str> = policies.into_iter().collect();
            return format!("sweep {name} measures no `{}`; it measures {}", wanted.policy, policies.join(", "));
        }
        let missed = wanted.settings.into_iter().flatten().find(|(setting, value)| {
            !own.iter().any(|trial| self.settings[&trial.id()].get(*setting).is_some_and(|own| same(own, value)))
        });
        match missed {
            Some((setting, value)) => {
                let there: BTreeSet<String> = own
                    .iter()
                    .filter_map(|trial| self.settings[&trial.id()].get(setting).map(ToString::to_string))
                    .collect();
                let there: Vec<String> = there.into_iter().take(6).collect();
                let there = if there.is_empty() { "no such setting".to_owned() } else { there.join(", ") };
                format!("no `{}` of sweep {name} has {setting} = {value}; there is {there}", wanted.policy)
            }
            None => format!("no `{}` of sweep {name} has all of these settings at once", wanted.policy),
        }
    }
}

impl RowTrials<'_> {
    /// Whether all stand on one division that a seed drew: what another draw would give cannot be told from them.
    pub fn share_a_draw(&self) -> bool {
        let mut splits = self.trials.iter().filter_map(|trial| trial.spec().split());
        let Some(first) = splits.next() else { return false };
        first.kind.is_drawn() && splits.all(|split| split == first)
    }

    /// What there is where none fits, or which configurations they are of where these are several.
    pub fn unclear(&self) -> Option<&str> {
        if self.trials.is_empty() { Some(&self.nothing) } else { self.several.as_deref() }
    }

    /// Their scores in one column, in the paper's units.
    pub fn scores(&self, metric: &str, times: f64) -> ColumnScores {
        let finished = || self.trials.iter().filter(|trial| trial.status == Status::Finished);
        let score = |trial: &&&TrialRecord| {
            let value = measured(&trial.metrics, metric)?;
            Some((trial.spec().seed.0, value * times))
        };
        let scored = || finished().filter(|trial| score(trial).is_some());
        let k = metric.split_once('@').and_then(|(_, k)| k.parse().ok());
        let users = k.and_then(|k| UserCount::over(scored().filter_map(|trial| UserCount::of_trial(trial, k))));
        if let Some(several) = &self.several {
            return ColumnScores {
                expected: self.trials.len(),
                hindrance: Some(several.clone()),
                ..ColumnScores::default()
            };
        }
        let hindrance = if self.trials.is_empty() {
            Some(self.nothing.clone())
        } else if self.trials.iter().any(|trial| trial.status == Status::Stopped) {
            Some("seeds were stopped early".to_owned())
        } else if let Some(trial) = self.trials.iter().find(|trial| trial.status == Status::Failed) {
            Some(format!(
                "trial {} failed: {}",
                trial.id().short(),
                trial.failure.as_deref().unwrap_or("no reason recorded")
            ))
        } else if finished().next().is_some() && scored().next().is_none() {
            let known: Vec<&str> =
                finished().flat_map(|trial| trial.metrics.keys().map(String::as_str)).take(6).collect();
            Some(format!("it has no metric `{metric}`; it has {}, …", known.join(", ")))
        } else if users.is_some_and(UserCount::is_thin) {
            Some(format!("on fewer than {LEAST} users"))
        } else if scored().count() < self.trials.len() {
            Some(format!("{} of {} seeds are finished", scored().count(), self.trials.len()))
        } else {
            None
        };
        ColumnScores {
            by_seed: finished().filter_map(|trial| score(&trial)).collect(),
            expected: self.trials.len(),
            users,
            trials: scored().map(|trial| trial.id()).collect(),
            hindrance,
        }
    }

    /// Whether their ratings are those that the numbers were published on; `None` where there are no trials.
    pub fn likeness(&self, known: &DataKnown, data: &str) -> Option<Likeness> {
        let dataset = self.trials.first()?.spec().dataset()?;
        Some(known.compare(&[data.to_owned()], (dataset.label(), dataset.fingerprint)))
    }
}

/// What decides a trial, by full names: its own settings, those of what it stands on, how its ratings are divided.
fn all_settings(trial: &TrialRecord, by_id: &BTreeMap<TrialId, &TrialRecord>) -> BTreeMap<String, Value> {
    let mut settings: BTreeMap<String, Value> = BTreeMap::new();
    let upstream = trial.spec().upstream();
    for spec in upstream.iter().filter_map(|id| Some(by_id.get(id)?.spec())).chain([trial.spec()]) {
        settings.extend(kind_settings(spec));
    }
    if let Some(ratings) = &trial.spec().ratings {
        settings.insert("dataset".to_owned(), ratings.dataset.label().into());
        if let Ok(Value::Object(split)) = serde_json::to_value(&ratings.split) {
            settings.extend(split.into_iter().map(|(name, value)| (format!("split.{name}"), value)));
        }
        let positive = ratings.reward.positive.map_or(Value::Null, Value::from);
        settings.insert("reward.positive".to_owned(), positive);
    }
    // What the sweep varies is known by its name even where no field keeps it.
    settings.extend(trial.point().iter().map(|(name, value)| (name.clone(), value.clone())));
    settings
}

/// 3 and 3.0 are one number.
fn same(own: &Value, wanted: &Value) -> bool {
    match (own.as_f64(), wanted.as_f64()) {
        (Some(own), Some(wanted)) => own == wanted,
        _ => own == wanted,
    }
}
