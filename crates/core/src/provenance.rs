//! `provenance.json`: what code and what machine a trial ran on. It explains a result; it is no part of its identity.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifacts::Artifacts;
use crate::command::{CommandPlace, FileDigests, find_program};
use crate::digest::Digest;
use crate::libraries::Libraries;
use crate::machine::{Machine, settings};
use crate::protocol::Hello;
use crate::spec::TrialSpec;
use crate::time::utc_now;

/// The version of the record's format.
const FORMAT: u32 = 1;

/// What is the same for all trials of a run, wherever they run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Common {
    /// What a person typed.
    pub command: Vec<String>,
    /// The code: versions, digests of the programs, the commit and what differs from it.
    pub code: Value,
    /// Where each dataset is from, by name.
    pub datasets: BTreeMap<String, String>,
}

/// A command as it is started here.
#[derive(Debug, Serialize)]
struct CommandRecord<'a> {
    folder: &'a Path,
    /// The program that its first word names.
    program: Option<PathBuf>,
    program_digest: Option<Digest>,
    files: &'a Artifacts,
    /// What it is given of the environment, beside what the trial's settings say.
    environment: BTreeMap<String, String>,
}

/// The dataset as the data folder describes it.
#[derive(Serialize)]
struct DatasetDescription<'a> {
    name: &'a str,
    fingerprint: Digest,
    source: &'a str,
}

#[derive(Serialize)]
struct ProvenanceRecord<'a> {
    format: u32,
    started: String,
    command: &'a [String],
    code: &'a Value,
    machine: &'a Machine,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset: Option<DatasetDescription<'a>>,
    worker: &'a Hello,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<CommandRecord<'a>>,
    /// What the worker loaded, by content.
    libraries: BTreeMap<String, Digest>,
    /// The variables it was started with that decide its numerics.
    settings: BTreeMap<String, String>,
    /// The job it was part of, for trials that a batch system ran.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    job: &'a BTreeMap<String, String>,
}

/// Writes the records of a run's trials, on the machine they run on.
#[derive(Debug)]
pub struct Provenance {
    /// What is the same for all of them.
    pub common: Common,
    machine: Machine,
    libraries: Libraries,
    programs: FileDigests,
    job: BTreeMap<String, String>,
}

impl Provenance {
    /// Looks around; `job` says which job of a batch system this is, and is empty elsewhere.
    pub fn new(common: Common, job: BTreeMap<String, String>) -> Self {
        Self {
            common,
            machine: Machine::look(),
            libraries: Libraries::default(),
            programs: FileDigests::default(),
            job,
        }
    }

    /// The record of a trial taken by `worker`; `commands` where it is a command.
    pub fn record(&mut self, worker: &Hello, trial: &TrialSpec, commands: Option<&CommandPlace>) -> Vec<u8> {
        let run = commands.map(|place| {
            static NO_FILES: Artifacts = Artifacts::new();
            let environment = place.environment(trial.kind.as_str());
            let path = environment.get("PATH").map_or("", String::as_str);
            let word = trial.settings.get("run").and_then(|run| run.get(0)?.as_str()).unwrap_or_default();
            let program = find_program(word, &place.folder, path);
            CommandRecord {
                folder: &place.folder,
                program_digest: program.as_ref().and_then(|program| self.programs.of(program).ok()),
                program,
                files: place.files.get(trial.kind.as_str()).unwrap_or(&NO_FILES),
                environment,
            }
        });
        let dataset = trial.dataset().map(|dataset| {
            let source = match &dataset.synthetic {
                Some(_) => "made up from the spec",
                None => self.common.datasets.get(&dataset.name).map_or("", String::as_str),
            };
            DatasetDescription { name: &dataset.name, fingerprint: dataset.fingerprint, source }
        });
        let record = ProvenanceRecord {
            format: FORMAT,
            started: utc_now(),
            command: &self.common.command,
            code: &self.common.code,
            machine: &self.machine,
            dataset,
            worker,
            run,
            libraries: self.libraries.of(worker.pid),
            settings: settings(worker.pid),
            job: &self.job,
        };
        serde_json::to_vec_pretty(&record).expect("a provenance is JSON")
    }
}
