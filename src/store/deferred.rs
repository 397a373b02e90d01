//! Writing while another program holds the database. The database is an index over the folders, so a run does not end for
//! it: what cannot be written now waits, in order, and is written when the lock is free.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use drr_core::finished::{self, Finished};
use drr_core::trial_dir::TrialDir;

use super::waiting::Waiting;
use super::{Store, StoreProblem, foreign, ingest, write};
use crate::error::Result;

/// How long a write waits for another program's lock; the one who writes has workers to look after.
const SHORT: Duration = Duration::from_millis(200);

/// How long the last try waits, when there is nothing else left to do.
const LONG: Duration = Duration::from_secs(5);

/// Between two tries to catch up.
const REST: Duration = Duration::from_secs(2);

/// The writes that wait, oldest first.
#[derive(Debug)]
pub(super) struct Deferred {
    waiting: VecDeque<Waiting>,
    next_try: Instant,
    /// Whether it was said that there is a lock.
    said: bool,
    news: Option<String>,
}

impl Store {
    /// From now on, what a foreign lock keeps from being written waits instead of failing. Whoever asks for this calls
    /// [`Store::catch_up`] at the end.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn deferring(mut self) -> Result<Self> {
        self.patience(SHORT)?;
        self.deferred = Some(Deferred { waiting: VecDeque::new(), next_try: Instant::now(), said: false, news: None });
        Ok(self)
    }

    /// That a lock keeps records waiting, and who holds it; said once.
    pub fn lock_news(&mut self) -> Option<String> {
        self.deferred.as_mut()?.news.take()
    }

    /// Writes what waits, waiting some seconds for the lock; returns how many records still wait.
    ///
    /// # Errors
    /// A failure of the database other than a lock.
    pub fn catch_up(&mut self) -> Result<usize> {
        let Some(deferred) = &mut self.deferred else { return Ok(0) };
        if deferred.waiting.is_empty() {
            return Ok(0);
        }
        deferred.next_try = Instant::now();
        self.patience(LONG)?;
        let done = self.write_waiting();
        self.patience(SHORT)?;
        done?;
        Ok(self.deferred.as_ref().map_or(0, |deferred| deferred.waiting.len()))
    }

    /// Who holds the database, where that can be told.
    pub fn locked_by(&self) -> String {
        foreign::holder(&self.path).unwrap_or_else(|| "another program".to_owned())
    }

    pub(super) fn waits(&self) -> bool {
        self.deferred.as_ref().is_some_and(|deferred| !deferred.waiting.is_empty())
    }

    /// Does `now`, or lets `later` wait where the database is locked.
    pub(super) fn write_or_wait(
        &mut self,
        now: impl FnOnce(&mut Self) -> std::result::Result<(), StoreProblem>,
        later: impl FnOnce() -> Waiting,
    ) -> Result<()> {
        if !self.waits() {
            match now(self) {
                Err(problem) if problem.is_lock() && self.deferred.is_some() => {}
                done => return done.map_err(|problem| problem.about(&self.path)),
            }
        }
        let who = self.locked_by();
        let Some(deferred) = &mut self.deferred else { return Ok(()) };
        if deferred.waiting.is_empty() {
            deferred.next_try = Instant::now() + REST;
            if !std::mem::replace(&mut deferred.said, true) {
                deferred.news = Some(format!(
                    "{} is locked by {who}; work goes on, and the records are caught up when it is free",
                    self.path.display()
                ));
            }
        }
        deferred.waiting.push_back(later());
        self.write_waiting()
    }

    /// Writes what waits, if it is time to try again.
    fn write_waiting(&mut self) -> Result<()> {
        while let Some(deferred) = &mut self.deferred {
            if deferred.next_try > Instant::now() {
                return Ok(());
            }
            let Some(first) = deferred.waiting.pop_front() else { return Ok(()) };
            match self.write_now(&first) {
                Ok(()) => {}
                Err(problem) if problem.is_lock() => {
                    if let Some(deferred) = &mut self.deferred {
                        deferred.waiting.push_front(first);
                        deferred.next_try = Instant::now() + REST;
                    }
                    return Ok(());
                }
                Err(problem) => return Err(problem.about(&self.path)),
            }
        }
        Ok(())
    }

    fn write_now(&mut self, what: &Waiting) -> std::result::Result<(), StoreProblem> {
        match what {
            Waiting::Sweep(sweep) => write::record(&mut self.connection, sweep),
            Waiting::Mark(trial, status, failure) => write::mark(&self.connection, *trial, *status, failure.as_deref()),
            Waiting::Finished(trial) => match finished::read(&TrialDir::new(self.runs(), *trial)) {
                Ok(finished) => ingest::record(&mut self.connection, &finished),
                // It was whole when it was handed in; what happened since is for the next look at the folder to say.
                Err(fault) => {
                    log::warn!("a finished trial is gone before it was recorded: {fault}");
                    Ok(())
                }
            },
        }
    }

    fn patience(&self, patience: Duration) -> Result<()> {
        self.reading(|connection| Ok(connection.busy_timeout(patience)?))
    }

    /// Takes a finished trial in now, or lets it wait.
    pub(super) fn take_in_or_wait(&mut self, finished: &Finished) -> Result<()> {
        let trial = finished.result.trial;
        self.write_or_wait(|store| ingest::record(&mut store.connection, finished), || Waiting::Finished(trial))
    }
}
