//! Any program as a trial: started in surroundings of its own, listened to, ended whatever it does, and its metrics,
//! artifacts and scores taken in. What a sweep file says of it is the kind's (`drr_kinds::command`); what becomes of it,
//! the worker's.
//!
//! | module | job |
//! | --- | --- |
//! | [`mod@run`] | from start to end |
//! | [`surroundings`] | the words and the variables it is started with |
//! | [`metric_lines`], [`metrics`] | what a line of metrics says; lines as they come, from a file or among others |
//! | [`scores`] | what it wrote to be evaluated |
//! | [`processes`] | its process, and whatever it started |

pub mod metric_lines;
pub mod metrics;
pub mod processes;
pub mod run;
pub mod scores;
pub mod surroundings;

use std::path::Path;

use drr_core::TrialSpec;
use drr_core::artifacts::Artifacts;
use drr_core::command::CommandPlace;
use drr_core::protocol::Device;
use drr_core::trial_dir::TrialDir;
use drr_kinds::training::Metrics;

/// A program to run as one trial.
pub struct ProgramRun<'a> {
    /// The trial.
    pub spec: &'a TrialSpec,
    /// Its folder, prepared.
    pub folder: &'a TrialDir,
    /// The runs folder, in which the trials below it are.
    pub runs: &'a Path,
    /// Where the sweep's commands run.
    pub place: &'a CommandPlace,
    /// The folder of its ratings, where it stands on some.
    pub data: Option<&'a Path>,
    /// Where to compute.
    pub device: Device,
    /// Whether an earlier attempt may have left something.
    pub is_again: bool,
}

/// What a program that ended well leaves.
pub struct Ran {
    /// Its final metrics.
    pub metrics: Metrics,
    /// Its files.
    pub artifacts: Artifacts,
    /// The processor's time it took, in seconds.
    pub cpu_s: f64,
    /// The most memory it held, in MiB.
    pub peak_mib: f64,
}
