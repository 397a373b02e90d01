//! Messages between supervisor and worker: one JSON object a line, over the worker's stdin and stdout. The worker's
//! stderr is its log.
//!
//! A worker says `ready` once, then for each `run` a `started` per trial, `metrics` and `progress` as it goes, and
//! exactly one `finished` or `failed` per trial. It leaves after `stop`, or when its stdin closes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::command::CommandPlace;
use crate::digest::{Digest, TrialId};
use crate::journal::Point;
use crate::result::EnvironmentClass;
use crate::spec::TrialSpec;

/// Version of these messages; supervisor and worker must agree exactly.
pub const VERSION: u32 = 4;

/// Trials of a cohort take room on a GPU by so many: its kernels compute them in blocks of one size.
pub const BLOCK: usize = 16;

/// From supervisor to worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ToWorker {
    /// Run a cohort of trials.
    Run(Assignment),
    /// Compute on so many cores from now on, with the same bits; also in the middle of a cohort.
    Cores(u32),
    /// Leave; nothing is running.
    Stop,
}

/// A cohort of trials that share all shapes, and where things are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The trials; one, or several of one stage with equal shapes.
    pub trials: Vec<TrialSpec>,
    /// The runs folder.
    pub runs: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// Where to compute.
    pub device: Device,
    /// Where commands run, for trials that are such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<CommandPlace>,
}

/// Where a worker computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// CPU cores.
    Cpu,
    /// The GPU with this index among those the worker can see.
    Cuda(u32),
}

/// From worker to supervisor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FromWorker {
    /// Up and able to work.
    Ready(Hello),
    /// A trial's folder is prepared and its work begins.
    Started {
        /// The trial.
        trial: TrialId,
    },
    /// Points just written to the trial's journal.
    Metrics {
        /// The trial.
        trial: TrialId,
        /// The points.
        points: Vec<Point>,
    },
    /// How far a trial is, at most a few times a second.
    Progress {
        /// The trial.
        trial: TrialId,
        /// Units done.
        done: u64,
        /// Units in all.
        total: u64,
    },
    /// The trial's result is on disk.
    Finished {
        /// The trial.
        trial: TrialId,
    },
    /// The trial has no result.
    Failed {
        /// The trial.
        trial: TrialId,
        /// Whether trying again could help.
        kind: FailureKind,
        /// What went wrong, for people.
        message: String,
    },
}

/// A worker's introduction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// [`VERSION`] of the worker.
    pub protocol: u32,
    /// the digest of all training sources of the worker.
    pub train_digest: Digest,
    /// Its process id.
    pub pid: u32,
    /// What it computes with.
    pub environment: EnvironmentClass,
    /// What became of the GPU it was given.
    #[serde(default)]
    pub gpu: FoundGpu,
}

/// The GPU that a worker was given, as it found it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FoundGpu {
    /// It was given none, or computes nothing on one itself.
    #[default]
    None,
    /// It can be used; this is the class of what it computes.
    Usable(Box<EnvironmentClass>),
    /// It cannot, for this reason.
    Unusable(String),
}

/// Whether trying again could help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The same spec fails the same way: non-finite loss, no eligible user, data that does not match.
    Deterministic,
    /// Memory of the device ran out: fewer trials together may fit.
    Memory,
    /// The device failed, and whatever this process asks of it from now on will: its worker ends, other devices may do.
    Device,
    /// The surroundings failed: disk, libtorch.
    Environment,
}
