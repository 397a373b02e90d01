//! `provenance.json`: what code and what machine a trial ran on. It explains a result; it is no part of its identity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    dataset: DatasetDescription<'a>,
    worker: &'a Hello,
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
    job: BTreeMap<String, String>,
}

impl Provenance {
    /// Looks around; `job` says which job of a batch system this is, and is empty elsewhere.
    pub fn new(common: Common, job: BTreeMap<String, String>) -> Self {
        Self { common, machine: Machine::look(), libraries: Libraries::default(), job }
    }

    /// The record of a trial taken by `worker`.
    pub fn record(&mut self, worker: &Hello, trial: &TrialSpec) -> Vec<u8> {
        let dataset = &trial.dataset;
        let source = match &dataset.synthetic {
            Some(_) => "made up from the spec",
            None => self.common.datasets.get(&dataset.name).map_or("", String::as_str),
        };
        let record = ProvenanceRecord {
            format: FORMAT,
            started: utc_now(),
            command: &self.common.command,
            code: &self.common.code,
            machine: &self.machine,
            dataset: DatasetDescription { name: &dataset.name, fingerprint: dataset.fingerprint, source },
            worker,
            libraries: self.libraries.of(worker.pid),
            settings: settings(worker.pid),
            job: &self.job,
        };
        serde_json::to_vec_pretty(&record).expect("a provenance is JSON")
    }
}
