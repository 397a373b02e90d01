//! Every decision of a running sweep: which trial starts where, what is retried, what a failure takes with it, whose
//! patience ends when, how it ends. Pure: events and the time in, actions out; no process, no clock, no file.
//!
//! | file | job |
//! | --- | --- |
//! | `mod` | events in, actions out |
//! | `words` | what the events and actions are |
//! | `schedule` | who starts where |
//! | `loss` | what a lost attempt or a failure means |
//! | `strikes` | devices that fail, and when one is left alone |
//! | `ready` | the order in which trials start, and who waits for another try |
//! | `worker` | what is known of the worker in a slot, and when patience with it ends |

mod loss;
mod ready;
mod schedule;
mod strikes;
mod words;
mod worker;

use std::time::Duration;

use drr_core::Status;
use drr_core::protocol::FailureKind;

use self::ready::Ready;
use self::strikes::Strikes;
use self::worker::{EndReason, Worker, WorkerState};
use super::memory_fit::MemoryFit;
use super::rules::Rules;
use super::slots::Slot;
pub(super) use words::{Action, Census, Event, Job, Loss, LossCause, SlotCensus, StatusChange};
pub(super) use worker::Force;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Running,
    /// Running trials may end, no new one starts.
    Draining,
    /// Everything is being ended.
    Stopping,
}

/// What is kept of a job beside its state.
#[derive(Clone, Debug, Default)]
struct Attempts {
    attempts: u32,
    /// Attempts lost while it ran alone; only these are its own fault.
    lost: u32,
    /// It was in a cohort whose worker died.
    alone: bool,
    /// Memory ran out around it: no other worker may be there when it is tried again.
    solitary: bool,
    /// Why it is to be stopped.
    hopeless: Option<String>,
    /// The GPU that failed under it last: others come first.
    avoids: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Reactor {
    jobs: Vec<Job>,
    dependents: Vec<Vec<usize>>,
    statuses: Vec<Status>,
    attempts: Vec<Attempts>,
    /// How many jobs are waiting; counted along, since sweeps may be long.
    waiting: usize,
    ready: Ready,
    slots: Vec<Slot>,
    workers: Vec<Worker>,
    strikes: Strikes,
    mode: Mode,
    rules: Rules,
    /// Trials of a cohort, where the user said so.
    cohort: Option<usize>,
    /// Largest cohort of a group that is worth a try, after memory ran out.
    most: Vec<usize>,
    failures: usize,
    failed_starts: u32,
}

impl Reactor {
    /// A reactor for `jobs` on these slots. Cohorts are of `cohort` trials, or else as large as there is room and work
    /// for all slots.
    pub fn new(jobs: Vec<Job>, slots: &[Slot], rules: Rules, cohort: Option<usize>) -> Self {
        let mut dependents = vec![Vec::new(); jobs.len()];
        for (index, job) in jobs.iter().enumerate() {
            for &above in &job.upstream {
                dependents[above].push(index);
            }
        }
        let statuses: Vec<Status> = jobs.iter().map(|job| job.status).collect();
        let groups = jobs.iter().filter_map(|job| job.group).max().map_or(0, |last| last as usize + 1);
        Self {
            attempts: vec![Attempts::default(); jobs.len()],
            waiting: statuses.iter().filter(|status| **status == Status::Pending).count(),
            jobs,
            dependents,
            statuses,
            ready: Ready::default(),
            workers: vec![Worker::new(); slots.len()],
            slots: slots.to_vec(),
            strikes: Strikes::default(),
            mode: Mode::Running,
            rules,
            cohort,
            most: vec![usize::MAX; groups],
            failures: 0,
            failed_starts: 0,
        }
    }

    /// The first actions.
    pub fn start(&mut self, now: Duration, fit: &dyn MemoryFit) -> Vec<Action> {
        (0..self.jobs.len()).for_each(|job| self.make_ready(job));
        let mut actions = Vec::new();
        self.schedule(now, fit, &mut actions);
        actions
    }

    /// Whether nothing runs and nothing will.
    pub fn is_done(&self) -> bool {
        !self.workers.iter().any(Worker::is_alive) && (self.mode != Mode::Running || self.ready.is_over())
    }

    /// Whether someone asked to stop, or enough went wrong.
    pub fn is_stopping(&self) -> bool {
        self.mode != Mode::Running
    }

    /// How many jobs are in workers' hands.
    pub fn running(&self) -> usize {
        self.workers.iter().map(|worker| worker.jobs().len()).sum()
    }

    /// Whether there are trials that could start now.
    pub fn has_more(&self) -> bool {
        self.mode == Mode::Running && self.ready.len() > 0
    }

    /// How the slots and the queue stand.
    pub fn census(&self, now: Duration) -> Census {
        let slots = self.workers.iter().map(|worker| {
            let (worker_is, since, silent) = worker.census(now);
            SlotCensus { worker: worker_is, since, silent, jobs: worker.jobs().to_vec() }
        });
        let resting = self.ready.resting();
        Census { slots: slots.collect(), ready: self.ready.len(), resting, waiting: self.waiting - resting }
    }

    /// The jobs that the worker in `slot` has.
    pub fn jobs_of(&self, slot: usize) -> &[usize] {
        self.workers[slot].jobs()
    }

    /// The worker in `slot` was suspended for so long: neither silent nor at work.
    pub fn forgive(&mut self, slot: usize, time: Duration) {
        self.workers[slot].forgive(time);
    }

    /// The worker in `slot` said something.
    pub fn heard(&mut self, slot: usize, now: Duration) {
        self.workers[slot].heard(now);
    }

    /// When [`Event::Tick`] is due, if nothing else happens before.
    pub fn wake(&self) -> Option<Duration> {
        let patience = self.workers.iter().filter_map(|worker| worker.deadline(&self.rules));
        if self.mode != Mode::Running {
            return patience.min();
        }
        let looking = self.workers.iter().filter(|_| self.ready.len() > 0).filter_map(Worker::full_until);
        patience.chain(looking).chain(self.ready.next_rested()).min()
    }

    /// Takes in what event and says what to do.
    pub fn on(&mut self, now: Duration, event: Event, fit: &dyn MemoryFit) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::WorkerReady { slot } => {
                if self.workers[slot].state == WorkerState::Starting {
                    self.workers[slot].becomes(WorkerState::Idle, now);
                    self.failed_starts = 0;
                }
            }
            Event::Started { slot, job } => {
                if self.is_running(slot, job, now, &mut actions) {
                    actions.push(Action::Record(job, StatusChange::Running { slot }));
                }
            }
            Event::Finished { slot, job } => {
                if self.is_running(slot, job, now, &mut actions) {
                    self.leave(slot, job, now);
                    self.finish(slot, job, &mut actions);
                }
            }
            Event::Failed { slot, job, kind, message } => {
                if self.is_running(slot, job, now, &mut actions) {
                    let given = self.leave(slot, job, now);
                    match kind {
                        FailureKind::Deterministic => self.fail(job, kind, Loss::told(message), &mut actions),
                        FailureKind::Memory if given > 1 => self.halve(job, given, &message, now, &mut actions),
                        FailureKind::Device => {
                            self.device_failed(slot, job, given, Loss::told(message), now, &mut actions)
                        }
                        FailureKind::Environment | FailureKind::Memory => {
                            self.attempts[job].lost += 1;
                            self.retry(job, Loss::told(message), now, &mut actions);
                        }
                    }
                }
            }
            Event::WorkerExited { slot, loss, finished } => self.exited(slot, loss, &finished, now, &mut actions),
            Event::SpawnFailed { slot, why } => {
                self.workers[slot].becomes(WorkerState::None, now);
                self.failed_start(why, now, &mut actions);
            }
            Event::DeviceGone { slot } => {
                actions.push(Action::StopWorker(slot));
                self.close(slot, "its GPU is not there any more", now, &mut actions);
            }
            Event::UnknownTrial { slot } => self.unknown_trial(slot, now, &mut actions),
            Event::StopTrial { job, reason } => self.hopeless(job, reason, now, &mut actions),
            Event::Tick => self.tick(now, &mut actions),
            Event::Interrupt if self.mode == Mode::Running => self.drain(now, &mut actions),
            Event::Interrupt | Event::StopNow => self.stop(now, &mut actions),
        }
        self.schedule(now, fit, &mut actions);
        actions
    }

    fn finish(&mut self, slot: usize, job: usize, actions: &mut Vec<Action>) {
        self.strikes.forget(self.slots[slot]);
        self.set(job, Status::Finished);
        actions.push(Action::Record(job, StatusChange::Finished { slot }));
        for dependent in self.dependents[job].clone() {
            self.make_ready(dependent);
        }
    }

    fn tick(&mut self, now: Duration, actions: &mut Vec<Action>) {
        for (slot, worker) in self.workers.iter_mut().enumerate() {
            if let Some(force) = worker.overdue(&self.rules, now) {
                actions.push(Action::End { slot, force });
            }
        }
        for job in self.ready.rested(now) {
            self.make_ready(job);
        }
    }

    /// No new trial starts.
    fn drain(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.mode = Mode::Draining;
        // A worker that is coming up would find nothing to do.
        for (slot, worker) in self.workers.iter_mut().enumerate() {
            if worker.state == WorkerState::Starting {
                worker.becomes(WorkerState::Leaving, now);
                actions.push(Action::StopWorker(slot));
            }
        }
    }

    fn stop(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.mode = Mode::Stopping;
        for (slot, worker) in self.workers.iter_mut().enumerate().filter(|(_, worker)| worker.is_alive()) {
            if let Some(force) = worker.end(EndReason::Stopping, &self.rules, now) {
                actions.push(Action::End { slot, force });
            }
        }
    }

    /// Whether `slot` has `job`; a worker that speaks of another one is out of step and is ended.
    fn is_running(&mut self, slot: usize, job: usize, now: Duration, actions: &mut Vec<Action>) -> bool {
        let running = self.workers[slot].jobs().contains(&job);
        if !running {
            self.unknown_trial(slot, now, actions);
        }
        running
    }

    /// Ends a worker that makes no sense.
    fn unknown_trial(&mut self, slot: usize, now: Duration, actions: &mut Vec<Action>) {
        let why = EndReason::Fault("the worker spoke of a trial it does not have".to_owned());
        if let Some(force) = self.workers[slot].end(why, &self.rules, now) {
            actions.push(Action::End { slot, force });
        }
    }

    fn set(&mut self, job: usize, status: Status) {
        self.waiting -= usize::from(self.statuses[job] == Status::Pending);
        self.waiting += usize::from(status == Status::Pending);
        self.statuses[job] = status;
    }
}

#[cfg(test)]
mod tests;
