//! The same plan on a cluster: written once to the shared file system, submitted to Slurm as job arrays, followed by
//! looking at Slurm's queue and the trials' folders. No daemon, no protocol of our own, and no database where jobs run:
//! tasks write their trials' folders, this side takes them in.
//!
//! | file | job |
//! | --- | --- |
//! | `layout` | which trials make a task, which tasks an array, which array waits for which; pure |
//! | `script` | the batch script; pure |
//! | `parse`, `json` | what Slurm's programs print; pure |
//! | `follow` | what becomes of tasks: finished, again, failed, blocked; pure |
//! | `commands` | Slurm's programs, and the trait that stands for them |
//! | `submission` | the folder of a submission |
//! | `submit` | from a plan to jobs |
//! | `watch` | the loop around `follow` |
//! | `seen`, `environments` | what was said of each task; nodes that compute otherwise |
//! | `progress` | how far running trials are, from their journals |
//! | `control` | collect and cancel, from anywhere |

mod commands;
mod control;
mod environments;
mod follow;
mod json;
mod layout;
mod parse;
mod progress;
mod queue_rows;
mod script;
mod submission;
mod submit;
mod watch;

use drr_core::Status;
use std::path::{Path, PathBuf};

pub use commands::{ArrayRequest, Cluster, Scheduler};
pub use control::{SubmissionCounts, cancel, refuse_if_open, standing};
pub use parse::{End, JobState, QueueRow, TaskExit};
pub use submission::Submission;

use super::notice::Observer;
use super::recorder::{Outcome, Recorder};
use super::rules::Rules;
use crate::error::Result;
use crate::plan::Plan;
use crate::store::Store;
use crate::sweep::SlurmSettings;

/// Where a plan runs, and how it is submitted.
#[derive(Clone, Debug)]
pub struct SlurmOptions {
    /// The runs folder.
    pub runs: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// The worker's program.
    pub worker: PathBuf,
    /// `[slurm]` of the sweep file.
    pub settings: SlurmSettings,
    /// Trials to train together in one task, if it was said.
    pub cohort: Option<usize>,
    /// How often a lost attempt is repeated, and how many failures end the sweep.
    pub rules: Rules,
    /// Settings of the sweep that have no effect here.
    pub ignored: Vec<&'static str>,
}

/// What to do after submitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterSubmit {
    /// Stay until all is done.
    Follow,
    /// Leave at once.
    Detach,
}

/// Follows what was submitted of the sweep before, submits the rest of the plan, and follows that.
///
/// # Errors
/// Slurm refuses, or the disk or the database fails. What was submitted goes on in any case.
pub fn execute(
    plan: &Plan,
    options: &SlurmOptions,
    then: AfterSubmit,
    scheduler: &mut dyn Scheduler,
    store: &mut Store,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let mut watch = watch::SubmissionWatch::new(Recorder::new(plan, &options.runs, store, observer), plan, options)?;
    watch.begin();
    let mut covered = vec![false; plan.tasks.len()];
    for submission in Submission::open(&options.runs, &plan.sweep)? {
        watch.mark(&submission, &mut covered);
        if then == AfterSubmit::Follow && !watch.follow(submission, scheduler)? {
            return Ok(watch.end());
        }
    }
    let rest = rest(plan, &covered);
    if rest.to_run() > 0 {
        let submission = submit::submit(&rest, options, scheduler, &mut |notice| watch.tell(notice))?;
        if then == AfterSubmit::Follow {
            watch.follow(submission, scheduler)?;
        }
    }
    Ok(match then {
        AfterSubmit::Follow => watch.end(),
        AfterSubmit::Detach => watch.detach(),
    })
}

/// The plan without what was submitted before.
fn rest(plan: &Plan, covered: &[bool]) -> Plan {
    let mut rest = plan.clone();
    for (task, covered) in rest.tasks.iter_mut().zip(covered) {
        if *covered && task.is_open() {
            task.status = Status::Finished;
        }
    }
    rest
}

/// The batch scripts that a plan would be submitted with, and how, for people; nothing is written or started.
pub fn scripts(plan: &Plan, options: &SlurmOptions, array_size: usize) -> String {
    submit::shown(plan, options, array_size)
}

/// The folder of the sweep's submissions, for messages.
pub fn folder(runs: &Path, sweep: &str) -> PathBuf {
    runs.join("slurm").join(sweep)
}

#[cfg(test)]
#[path = "flow_tests.rs"]
mod tests;
