//! Writes down what becomes of trials, in their folders and in the database, and tells those who watch.

use std::path::{Path, PathBuf};
use std::time::Duration;

use drr_core::TrialId;
use drr_core::result::TrialResult;
use drr_core::trial_dir::TrialDir;

use super::event::{Event, Label, Observer};
use super::reactor::Verdict;
use crate::error::Result;
use crate::plan::{FailureRecord, Plan, write_failure};
use crate::store::{Status, Store};

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Trials finished in this run.
    pub finished: usize,
    /// Trials that failed in this run, and why; what stands on them is counted in `blocked`.
    pub failed: Vec<(TrialId, String)>,
    /// Trials that could not run because of a failed one.
    pub blocked: usize,
    /// Whether someone stopped it.
    pub interrupted: bool,
}

/// The book-keeper of a run.
pub(super) struct Recorder<'a> {
    plan: &'a Plan,
    runs: PathBuf,
    store: &'a mut Store,
    observer: &'a mut dyn Observer,
    outcome: Outcome,
}

impl<'a> Recorder<'a> {
    pub fn new(plan: &'a Plan, runs: &Path, store: &'a mut Store, observer: &'a mut dyn Observer) -> Self {
        Self { plan, runs: runs.to_owned(), store, observer, outcome: Outcome::default() }
    }

    /// Tells those who watch.
    pub fn tell(&mut self, event: &Event) {
        self.observer.on(event);
    }

    /// Closes the book.
    pub fn end(&mut self, stopping: bool, took: Duration) -> Outcome {
        let (finished, failed) = (self.outcome.finished, self.outcome.failed.len() + self.outcome.blocked);
        let left = self.plan.to_run() - finished - failed;
        self.outcome.interrupted = left > 0 && stopping;
        let (sweep, wall_s) = (self.plan.sweep.clone(), took.as_secs_f64());
        self.tell(&Event::SweepEnded { sweep, finished, failed, left, wall_s });
        std::mem::take(&mut self.outcome)
    }

    /// Takes down a verdict.
    pub fn take(&mut self, job: usize, verdict: Verdict) -> Result<()> {
        let task = &self.plan.tasks[job];
        let (trial, label) = (task.trial.id, Label::of(task));
        let folder = TrialDir::new(&self.runs, trial);
        match verdict {
            Verdict::Running { slot } => {
                self.store.mark(trial, Status::Running, None)?;
                self.tell(&Event::TrialStarted { slot, trial, label });
            }
            Verdict::Finished { slot } => {
                self.store.ingest(&folder)?;
                let result = TrialResult::read(&folder.result()).ok().flatten();
                let (metrics, wall_s) = result.map(|result| (result.metrics, result.wall_s)).unwrap_or_default();
                self.outcome.finished += 1;
                self.tell(&Event::TrialFinished { slot, trial, label, metrics, wall_s });
            }
            Verdict::Retry { reason, attempt } => {
                self.store.mark(trial, Status::Pending, Some(&reason))?;
                self.tell(&Event::TrialRetried { trial, label, reason, attempt });
            }
            Verdict::Failed { kind, reason, attempts } => {
                // Where this cannot be written, the next run only retries needlessly.
                let _ = write_failure(&folder, &FailureRecord::new(kind, reason.as_str(), attempts));
                self.store.mark(trial, Status::Failed, Some(&reason))?;
                self.tell(&Event::TrialFailed { trial, label, reason: reason.clone() });
                self.outcome.failed.push((trial, reason));
            }
            Verdict::Blocked { reason } => {
                self.store.mark(trial, Status::Failed, Some(&reason))?;
                self.tell(&Event::TrialFailed { trial, label, reason });
                self.outcome.blocked += 1;
            }
            Verdict::Released => self.store.mark(trial, Status::Pending, None)?,
        }
        Ok(())
    }
}
