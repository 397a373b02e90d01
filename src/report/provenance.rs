//! What code and what machines the numbers come from, as the trials' provenance tells, without hosts, paths and dates.

use std::collections::BTreeMap;
use std::path::Path;

use drr_core::trial_dir::TrialDir;
use drr_core::{Status, TrialId, TrialSpec};
use rayon::prelude::*;
use serde::Deserialize;

use crate::store::{StoredSweep, TrialRecord};

/// A finished trial's provenance; what an older or a damaged record lacks is `None`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TrialProvenance {
    /// When it was handed to a worker, as `drr_core::time` writes it.
    pub(super) started: Option<String>,
    code: CodeRecord,
    machine: MachineRecord,
    dataset: DatasetRecord,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CodeRecord {
    version: Option<String>,
    rustc: Option<String>,
    tree: Option<TreeRecord>,
    tree_unreadable: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TreeRecord {
    commit: Option<String>,
    changed: Vec<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MachineRecord {
    cpu: Option<String>,
    gpus: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DatasetRecord {
    source: Option<String>,
}

/// The provenance of every finished trial that has one, in the sweep's order, each once.
pub(super) fn origins<'a>(runs: &Path, sweep: &'a StoredSweep) -> Vec<(&'a TrialRecord, TrialProvenance)> {
    let mut seen = std::collections::BTreeSet::<TrialId>::new();
    let finished = |trial: &&TrialRecord| trial.status == Status::Finished && seen.insert(trial.id());
    let trials: Vec<&TrialRecord> = sweep.trials.iter().filter(finished).collect();
    let read = |trial: &&'a TrialRecord| {
        let bytes = std::fs::read(TrialDir::new(runs, trial.id()).provenance()).ok()?;
        Some((*trial, serde_json::from_slice(&bytes).ok()?))
    };
    trials.par_iter().filter_map(read).collect()
}

/// The digest of the sources behind a trial: of its kind, where each kind has its own.
fn sources(spec: &TrialSpec) -> String {
    let digest = spec.digest.short();
    if spec.has_digest_of_kind() { format!("{} {digest}", spec.kind) } else { digest }
}

/// What is told of it: a name, and its values with the number of finished trials each.
pub(super) type Fact = (&'static str, Vec<(String, usize)>);

/// The facts that a reader needs to know where numbers come from.
pub(super) fn facts(sweep: &StoredSweep, origins: &[(&TrialRecord, TrialProvenance)]) -> Vec<Fact> {
    let mut seen = std::collections::BTreeSet::<TrialId>::new();
    let finished: Vec<&TrialRecord> =
        sweep.trials.iter().filter(|trial| trial.status == Status::Finished && seen.insert(trial.id())).collect();
    let stored =
        |value: &dyn Fn(&TrialRecord) -> Option<String>| counted(finished.iter().filter_map(|trial| value(trial)));
    let told = |value: &dyn Fn(&TrialProvenance) -> Option<String>| {
        counted(origins.iter().filter_map(|(_, origin)| value(origin)))
    };
    let facts = [
        ("environment class", stored(&|trial| trial.environment.as_ref().map(ToString::to_string))),
        ("run again", stored(&|trial| trial.replayed.map(|sameness| sameness.words().to_owned()))),
        ("training sources", stored(&|trial| Some(sources(trial.spec())))),
        (
            "data",
            stored(&|trial| {
                let dataset = trial.spec().dataset()?;
                Some(format!("{}, fingerprint {}", dataset.name, dataset.fingerprint.short()))
            }),
        ),
        ("data from", told(&|origin| origin.dataset.source.clone().filter(|source| !source.is_empty()))),
        ("program", told(&|origin| origin.code.version.as_ref().map(|version| format!("drr-lab {version}")))),
        (
            "commit",
            told(&|origin| {
                if origin.code.tree_unreadable.is_some() {
                    return Some("unknown: git could not read the source tree".to_owned());
                }
                let tree = origin.code.tree.as_ref()?;
                let changed = if tree.changed.is_empty() { "" } else { ", with uncommitted changes" };
                Some(format!("{}{changed}", tree.commit.as_ref()?.chars().take(12).collect::<String>()))
            }),
        ),
        ("compiler", told(&|origin| origin.code.rustc.clone())),
        ("processor", told(&|origin| origin.machine.cpu.clone())),
        ("GPU", told(&|origin| Some(origin.machine.gpus.join(", ")).filter(|gpus| !gpus.is_empty()))),
    ];
    facts.into_iter().filter(|(_, values)| !values.is_empty()).collect()
}

fn counted(values: impl Iterator<Item = String>) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts.into_iter().collect()
}
