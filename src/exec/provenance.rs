//! The provenance of a run's trials as the side that starts it knows it: the code, the command and the datasets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use drr_core::command::CommandPlace;
use drr_core::data::catalogue::Catalogue;
use drr_core::protocol::Hello;
use drr_core::provenance::{Common, Provenance as Records};
use drr_core::{Digest, TrialSpec, rustc};
use drr_kinds::{train_digest, train_sources};
use serde::Serialize;

use super::source_tree::{SourceLook, SourceTree};

const CARGO_LOCK: &str = include_str!("../../Cargo.lock");

/// The code that a run uses.
#[derive(Clone, Debug, Serialize)]
struct RunningCode {
    version: &'static str,
    train_digest: Digest,
    train_sources: BTreeMap<&'static str, &'static str>,
    cargo_lock: Digest,
    rustc: &'static str,
    tch: String,
    program: Option<Digest>,
    worker: Option<Digest>,
    tree: Option<SourceTree>,
    /// Why nothing is known of the tree, though there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    tree_unreadable: Option<String>,
    /// The repository that a sweep's commands lie in, if they lie in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    commands: Option<SourceTree>,
}

/// What all trials of a run share. An uncommitted change of the sources is kept below `runs`.
pub(super) fn common(worker: &Path, runs: &Path, commands: Option<&CommandPlace>) -> Common {
    let (tree, tree_unreadable) = match SourceTree::look(runs) {
        SourceLook::Tree(tree) => (Some(tree), None),
        SourceLook::NoRepository => (None, None),
        SourceLook::Unreadable(why) => (None, Some(why)),
    };
    let code = RunningCode {
        version: env!("CARGO_PKG_VERSION"),
        train_digest: train_digest(),
        train_sources: train_sources().collect(),
        cargo_lock: Digest::of(CARGO_LOCK.as_bytes()),
        rustc: rustc(),
        tch: locked("tch"),
        program: std::env::current_exe().ok().and_then(|path| Digest::of_file(&path).ok()),
        worker: Digest::of_file(worker).ok(),
        tree,
        tree_unreadable,
        commands: commands.and_then(|place| match SourceTree::of(&place.folder, runs) {
            SourceLook::Tree(tree) => Some(tree),
            SourceLook::NoRepository | SourceLook::Unreadable(_) => None,
        }),
    };
    Common {
        command: std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect(),
        code: serde_json::to_value(code).expect("the code's record is JSON"),
        datasets: BTreeMap::new(),
    }
}

/// Notes where a trial's dataset is from, unless it is made up or known.
pub(super) fn describe(common: &mut Common, data: &Path, trial: &TrialSpec) {
    let Some(dataset) = trial.dataset() else { return };
    let name = &dataset.name;
    if dataset.synthetic.is_none() && !common.datasets.contains_key(name) {
        let source = Catalogue::new(data).describe(name).map_or_else(|_| String::new(), |it| it.source);
        common.datasets.insert(name.clone(), source);
    }
}

/// Gathered once per run, completed per trial.
pub(super) struct RunProvenance {
    records: Records,
    data: PathBuf,
}

impl RunProvenance {
    /// Looks around once per run.
    pub fn gather(worker: &Path, runs: &Path, data: &Path, commands: Option<&CommandPlace>) -> Self {
        Self { records: Records::new(common(worker, runs, commands), BTreeMap::new()), data: data.to_owned() }
    }

    /// The record of a trial taken by `worker`.
    pub fn record(&mut self, worker: &Hello, trial: &TrialSpec, commands: Option<&CommandPlace>) -> Vec<u8> {
        describe(&mut self.records.common, &self.data, trial);
        self.records.record(worker, trial, commands)
    }
}

/// The version of a package that Cargo.lock pins.
fn locked(package: &str) -> String {
    let name = format!("name = \"{package}\"\nversion = \"");
    CARGO_LOCK.split(&name).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_locked_version_is_found() {
        assert!(super::locked("tch").starts_with("0."));
        assert_eq!(super::locked("no-such-package"), "unknown");
    }
}
