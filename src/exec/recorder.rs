//! Writes down what becomes of trials, in their folders and in the database, and tells those who watch.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use drr_core::finished::Finished;
use drr_core::result::TrialResult;
use drr_core::trial_dir::TrialDir;
use drr_core::{Status, TrialId};

use super::notice::{Label, Notice, Observer};
use super::reactor::{Loss, StatusChange};
use super::worker_log::last_lines;
use crate::error::{Error, Result};
use crate::plan::{FailureRecord, LOG_LINES, Plan, StopRecord, write_failure, write_stop};
use crate::store::{Store, read_finished};

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Trials finished in this run.
    pub finished: usize,
    /// Trials that failed in this run, and why; what stands on them is counted in `blocked`.
    pub failed: Vec<(TrialId, String)>,
    /// Trials that could not run because of a failed one.
    pub blocked: usize,
    /// Trials given up as hopeless, with what stands on them.
    pub stopped: usize,
    /// Whether so many failed that the rest was not tried.
    pub ended_early: bool,
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
    /// Folders that were read and found whole, until they are taken down.
    read: HashMap<usize, Finished>,
}

impl<'a> Recorder<'a> {
    pub fn new(plan: &'a Plan, runs: &Path, store: &'a mut Store, observer: &'a mut dyn Observer) -> Self {
        Self { plan, runs: runs.to_owned(), store, observer, outcome: Outcome::default(), read: HashMap::new() }
    }

    /// Keeps a finished trial that was read, so that its folder is not read again when it is taken down.
    pub fn keep(&mut self, job: usize, finished: Finished) {
        self.read.insert(job, finished);
    }

    /// Tells those who watch.
    pub fn tell(&mut self, notice: &Notice) {
        self.observer.on(notice);
    }

    /// Trials finished so far, and those failed or blocked.
    pub fn counts(&self) -> (usize, usize) {
        (self.outcome.finished, self.outcome.failed.len() + self.outcome.blocked)
    }

    /// Takes down that enough went wrong.
    pub fn end_early(&mut self) {
        self.outcome.ended_early = true;
    }

    /// Closes the book.
    pub fn end(&mut self, stopping: bool, took: Duration) -> Outcome {
        let ((finished, failed), stopped) = (self.counts(), self.outcome.stopped);
        let left = self.plan.to_run() - finished - failed - stopped;
        self.outcome.interrupted = left > 0 && stopping && !self.outcome.ended_early;
        let (sweep, wall_s) = (self.plan.sweep.clone(), took.as_secs_f64());
        self.tell(&Notice::SweepEnded { sweep, finished, failed, stopped, left, wall_s });
        std::mem::take(&mut self.outcome)
    }

    /// Takes down a verdict.
    pub fn take(&mut self, job: usize, verdict: StatusChange) -> Result<()> {
        let task = &self.plan.tasks[job];
        let (trial, label) = (task.trial.id, Label::of(task));
        let folder = TrialDir::new(&self.runs, trial);
        match verdict {
            StatusChange::Running { slot } => {
                self.store.mark(trial, Status::Running, None)?;
                self.tell(&Notice::TrialStarted { slot, trial, label });
            }
            StatusChange::Finished { slot } => {
                let finished = match self.read.remove(&job) {
                    Some(finished) => finished,
                    None => read_finished(&folder)?,
                };
                self.store.take_in(&finished)?;
                let TrialResult { metrics, wall_s, .. } = finished.result;
                self.outcome.finished += 1;
                self.tell(&Notice::TrialFinished { slot, trial, label, metrics, wall_s });
            }
            StatusChange::Retry { reason, attempt, rest } => {
                self.store.mark(trial, Status::Pending, Some(&reason))?;
                self.tell(&Notice::TrialRetried { trial, label, reason, attempt, rest_s: rest.as_secs_f64() });
            }
            StatusChange::Failed { kind, loss, attempts } => {
                let Loss { reason, exit, .. } = loss;
                let log = last_lines(&folder.log(), LOG_LINES);
                let record = FailureRecord::new(kind, reason.as_str(), attempts);
                // Where this cannot be written, the next run only retries needlessly.
                let _ = write_failure(&folder, &FailureRecord { exit: exit.clone(), log: log.clone(), ..record });
                self.store.mark(trial, Status::Failed, Some(&reason))?;
                self.tell(&Notice::TrialFailed { trial, label, reason: reason.clone(), attempts, exit, log });
                self.outcome.failed.push((trial, reason));
            }
            StatusChange::Blocked { reason } => {
                self.store.mark(trial, Status::Failed, Some(&reason))?;
                let (attempts, exit, log) = (0, None, Vec::new());
                self.tell(&Notice::TrialFailed { trial, label, reason, attempts, exit, log });
                self.outcome.blocked += 1;
            }
            StatusChange::Stopped { reason } => {
                write_stop(&folder, &StopRecord::new(reason.as_str()))
                    .map_err(|error| Error::disk(format!("cannot write to {}", folder.path().display()), &error))?;
                self.store.mark(trial, Status::Stopped, Some(&reason))?;
                self.tell(&Notice::TrialStopped { trial, label, reason });
                self.outcome.stopped += 1;
            }
            StatusChange::Released => self.store.mark(trial, Status::Pending, None)?,
        }
        if let Some(message) = self.store.lock_news() {
            self.tell(&Notice::DatabaseLocked { message });
        }
        Ok(())
    }
}
