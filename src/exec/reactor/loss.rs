//! What a lost attempt, a failure or a hopeless trial means: for the trial, for what stands on it, for the sweep.

use std::time::Duration;

use drr_core::Status;
use drr_core::protocol::FailureKind;

use super::worker::{EndReason, WorkerState};
use super::{Action, Attempts, Loss, LossCause, Mode, Reactor, StatusChange};
use crate::plan::{blocked, was_stopped};

/// Workers that end before they are ready, in a row, before the sweep is given up.
const FAILED_STARTS: u32 = 3;

impl Reactor {
    pub(super) fn exited(
        &mut self,
        slot: usize,
        loss: Loss,
        finished: &[usize],
        now: Duration,
        actions: &mut Vec<Action>,
    ) {
        let fate = self.workers[slot].fate().cloned();
        let before = std::mem::replace(&mut self.workers[slot].state, WorkerState::None);
        self.workers[slot].becomes(WorkerState::None, now);
        let jobs = match before {
            WorkerState::Gone => return self.workers[slot].becomes(WorkerState::Gone, now),
            WorkerState::Starting => {
                let why = if let Some(EndReason::Fault(why)) = fate { why } else { loss.reason };
                return self.failed_start(why, now, actions);
            }
            WorkerState::None | WorkerState::Idle | WorkerState::Leaving => return,
            WorkerState::Busy { jobs, given } => {
                // Member by member from now on, so that one bad trial cannot sink the others of its cohort.
                jobs.iter().for_each(|&job| self.attempts[job].alone |= given > 1);
                jobs.into_iter().map(|job| (job, given > 1)).collect::<Vec<_>>()
            }
        };
        for (job, shared) in jobs {
            if finished.contains(&job) {
                // Whatever ended the worker, and whatever was to become of the trial: its result is whole.
                self.attempts[job].attempts += 1;
                self.finish(slot, job, actions);
                continue;
            }
            let reason = match &fate {
                Some(EndReason::Fault(why) | EndReason::Overtime(why)) => format!("{why}; {}", loss.reason),
                _ => loss.reason.clone(),
            };
            self.attempts[job].solitary |= loss.cause == LossCause::Memory;
            let loss = Loss { reason, ..loss.clone() };
            self.attempts[job].attempts += u32::from(self.mode != Mode::Stopping);
            self.attempts[job].lost += u32::from(!shared);
            match (&fate, self.attempts[job].hopeless.take()) {
                (_, Some(reason)) => self.give_up_on(job, reason, actions),
                (Some(EndReason::Overtime(_)), None) if !shared => {
                    self.fail(job, FailureKind::Environment, loss, actions);
                }
                _ => self.retry(job, loss, now, actions),
            }
        }
    }

    pub(super) fn failed_start(&mut self, why: String, now: Duration, actions: &mut Vec<Action>) {
        self.failed_starts += 1;
        if self.failed_starts >= FAILED_STARTS && self.mode != Mode::Stopping {
            actions.push(Action::GiveUp(format!("no worker can be started: {why}")));
            self.stop(now, actions);
        }
    }

    /// The job is out of the worker's hands; how many it was given with.
    pub(super) fn leave(&mut self, slot: usize, job: usize, now: Duration) -> usize {
        self.attempts[job].attempts += 1;
        let WorkerState::Busy { jobs, given } = &mut self.workers[slot].state else { return 1 };
        let given = *given;
        jobs.retain(|other| *other != job);
        if jobs.is_empty() {
            self.workers[slot].becomes(WorkerState::Idle, now);
        }
        given
    }

    /// Tries a job again, after a rest if it was its own fault, unless it was tried often enough.
    pub(super) fn retry(&mut self, job: usize, loss: Loss, now: Duration, actions: &mut Vec<Action>) {
        if self.mode != Mode::Running {
            self.set(job, Status::Pending);
            actions.push(Action::Record(job, StatusChange::Released));
            return;
        }
        let Attempts { attempts: attempt, lost, .. } = self.attempts[job];
        let rest = if lost == 0 { Some(Duration::ZERO) } else { self.rules.rest(lost) };
        let Some(rest) = rest else { return self.fail(job, FailureKind::Environment, loss, actions) };
        self.set(job, Status::Pending);
        actions.push(Action::Record(job, StatusChange::Retry { reason: loss.reason, attempt, rest }));
        if rest.is_zero() {
            self.make_ready(job);
        } else {
            self.ready.rest(job, now + rest);
        }
    }

    /// Memory ran out in a cohort: smaller ones from now on. Nobody's fault, so it does not count.
    pub(super) fn halve(&mut self, job: usize, given: usize, message: &str, now: Duration, actions: &mut Vec<Action>) {
        if let Some(most) = self.jobs[job].group.and_then(|group| self.most.get_mut(group as usize)) {
            *most = (*most).min(given / 2).max(1);
        }
        let reason = format!("{message}; {given} trials together are too many, trying {}", (given / 2).max(1));
        self.retry(job, Loss::told(reason), now, actions);
    }

    pub(super) fn fail(&mut self, job: usize, kind: FailureKind, loss: Loss, actions: &mut Vec<Action>) {
        self.set(job, Status::Failed);
        let attempts = self.attempts[job].attempts.max(1);
        let reason = blocked(self.jobs[job].stage, &self.jobs[job].short, &loss.reason);
        actions.push(Action::Record(job, StatusChange::Failed { kind, loss, attempts }));
        for below in self.block_dependents(job) {
            actions.push(Action::Record(below, StatusChange::Blocked { reason: reason.clone() }));
        }
        self.failures += 1;
        if self.mode == Mode::Running && self.rules.is_enough(self.failures) {
            self.mode = Mode::Draining;
            actions.push(Action::Enough { failures: self.failures });
        }
    }

    /// A job that is worth no more time. One in a cohort goes on until the others are hopeless too: they are computed
    /// together.
    pub(super) fn hopeless(&mut self, job: usize, reason: String, now: Duration, actions: &mut Vec<Action>) {
        let Some(slot) = self.workers.iter().position(|worker| worker.jobs().contains(&job)) else { return };
        self.attempts[job].hopeless.get_or_insert(reason);
        if self.workers[slot].jobs().iter().all(|&other| self.attempts[other].hopeless.is_some())
            && let Some(force) = self.workers[slot].end(EndReason::AllStopped, &self.rules, now)
        {
            actions.push(Action::End { slot, force });
        }
    }

    pub(super) fn give_up_on(&mut self, job: usize, reason: String, actions: &mut Vec<Action>) {
        self.set(job, Status::Failed);
        let above = was_stopped(self.jobs[job].stage, &self.jobs[job].short);
        actions.push(Action::Record(job, StatusChange::Stopped { reason }));
        for below in self.block_dependents(job) {
            actions.push(Action::Record(below, StatusChange::Stopped { reason: above.clone() }));
        }
    }

    /// All that stands on a job without a result; none of it will run.
    pub(super) fn block_dependents(&mut self, job: usize) -> Vec<usize> {
        let (mut blocked, mut below) = (Vec::new(), self.dependents[job].clone());
        while let Some(dependent) = below.pop() {
            if self.statuses[dependent] == Status::Pending {
                self.set(dependent, Status::Failed);
                blocked.push(dependent);
                below.extend(&self.dependents[dependent]);
            }
        }
        blocked
    }
}
