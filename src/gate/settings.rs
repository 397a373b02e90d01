//! The hyperparameters behind a trial that are no axis: its own and those of what it stands on. A baseline of other
//! settings measures something else.

use std::collections::BTreeMap;

use drr_core::TrialId;
use drr_core::spec::{RatingsSpec, RewardRule};
use drr_kinds::kind_settings;
use serde::Serialize;
use serde_json::Value;

use crate::store::TrialRecord;

/// Settings by full name, as JSON text; but for those of the trial's point and its seed.
pub(super) fn of(trial: &TrialRecord, all: &BTreeMap<TrialId, &TrialRecord>) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    if let Some(RatingsSpec { dataset, split, reward }) = &trial.spec().ratings {
        section("split", split, &mut settings);
        if split.seed == trial.spec().seed.0 {
            // Either every trial has its own, which the group's split says, or it is this one by chance.
            settings.remove("split.seed");
        }
        if split.fold == trial.spec().seed.0 % split.folds {
            settings.remove("split.fold");
        }
        if *reward != RewardRule::STARS {
            section("reward", reward, &mut settings);
        }
        if let Some(world) = &dataset.synthetic {
            section("synthetic", world, &mut settings);
        }
    }
    job(trial, all, &mut settings);
    settings.retain(|name, _| !trial.point().contains_key(name));
    settings
}

fn job(trial: &TrialRecord, all: &BTreeMap<TrialId, &TrialRecord>, settings: &mut BTreeMap<String, String>) {
    let spec = trial.spec();
    settings.extend(kind_settings(spec).into_iter().map(|(name, value)| (name, value.to_string())));
    for other in spec.upstream().into_iter().filter_map(|id| all.get(&id)) {
        job(other, all, settings);
    }
}

fn section(name: &str, section: &impl Serialize, settings: &mut BTreeMap<String, String>) {
    if let Ok(Value::Object(fields)) = serde_json::to_value(section) {
        settings.extend(fields.into_iter().map(|(field, value)| (format!("{name}.{field}"), value.to_string())));
    }
}
