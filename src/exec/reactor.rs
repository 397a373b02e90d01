//! Every decision of a running sweep: which trial starts where, what is retried, what a failure takes with it, how it
//! ends. Pure: events in, actions out, no process, no clock, no file.

use std::collections::BTreeSet;

use drr_core::protocol::FailureKind;
use drr_core::spec::Stage;

use crate::plan::blocked;

/// A trial as the reactor sees it.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// How people know it.
    pub short: String,
    /// Its stage; earlier stages start first.
    pub stage: Stage,
    /// Expected seconds; within a stage the longest start first.
    pub cost: f64,
    /// The jobs that must be finished before it starts.
    pub upstream: Vec<usize>,
    /// What is known of it beforehand.
    pub start: Start,
}

/// What is known of a job beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Finished,
    ToRun,
    /// Failed in an earlier run and not to be tried again, nor anything that stands on it.
    LeftOut,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Happened {
    WorkerReady { slot: usize },
    Started { slot: usize, job: usize },
    Finished { slot: usize, job: usize },
    Failed { slot: usize, job: usize, kind: FailureKind, message: String },
    WorkerExited { slot: usize, how: String },
    SpawnFailed { slot: usize, why: String },
    Interrupt,
    StopNow,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    Spawn(usize),
    Send {
        slot: usize,
        jobs: Vec<usize>,
    },
    StopWorker(usize),
    Kill(usize),
    Record(usize, Verdict),
    /// No worker can be had: give the sweep up.
    GiveUp(String),
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    Running {
        slot: usize,
    },
    Finished {
        slot: usize,
    },
    /// It will be tried again.
    Retry {
        reason: String,
        attempt: u32,
    },
    Failed {
        kind: FailureKind,
        reason: String,
        attempts: u32,
    },
    /// Something it stands on failed.
    Blocked {
        reason: String,
    },
    /// Given back unfinished when the sweep was stopped.
    Released,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JobState {
    Waiting,
    Ready,
    Running,
    Finished,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Worker {
    None,
    Starting,
    Idle,
    Busy(Vec<usize>),
    Leaving,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Running,
    /// Running trials may end, no new one starts.
    Draining,
    /// Everything is being killed.
    Stopping,
}

/// Workers that end before they are ready, in a row, before the sweep is given up.
const FAILED_STARTS: u32 = 3;

#[derive(Debug)]
pub(super) struct Reactor {
    jobs: Vec<Job>,
    dependents: Vec<Vec<usize>>,
    states: Vec<JobState>,
    /// How many jobs are waiting; counted along, since sweeps may be long.
    waiting: usize,
    attempts: Vec<u32>,
    /// Ready jobs by stage, then longest first, then position.
    ready: BTreeSet<(Stage, u64, usize)>,
    workers: Vec<Worker>,
    mode: Mode,
    retries: u32,
    failed_starts: u32,
}

impl Reactor {
    /// A reactor for `jobs` on `slots` slots, where a lost attempt is repeated up to `retries` times.
    pub fn new(jobs: Vec<Job>, slots: usize, retries: u32) -> Self {
        let mut dependents = vec![Vec::new(); jobs.len()];
        for (index, job) in jobs.iter().enumerate() {
            for &above in &job.upstream {
                dependents[above].push(index);
            }
        }
        let states: Vec<JobState> = jobs
            .iter()
            .map(|job| match job.start {
                Start::Finished => JobState::Finished,
                Start::ToRun => JobState::Waiting,
                Start::LeftOut => JobState::Failed,
            })
            .collect();
        Self {
            attempts: vec![0; jobs.len()],
            waiting: states.iter().filter(|state| **state == JobState::Waiting).count(),
            jobs,
            dependents,
            states,
            ready: BTreeSet::new(),
            workers: vec![Worker::None; slots],
            mode: Mode::Running,
            retries,
            failed_starts: 0,
        }
    }

    /// The first actions.
    pub fn start(&mut self) -> Vec<Action> {
        (0..self.jobs.len()).for_each(|job| self.make_ready(job));
        let mut actions = Vec::new();
        self.schedule(&mut actions);
        actions
    }

    /// Whether nothing runs and nothing will.
    pub fn is_done(&self) -> bool {
        self.workers.iter().all(|worker| *worker == Worker::None)
            && (self.mode != Mode::Running || self.ready.is_empty())
    }

    /// Whether someone asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.mode != Mode::Running
    }

    /// How many jobs are in workers' hands.
    pub fn running(&self) -> usize {
        let jobs = |worker: &Worker| if let Worker::Busy(jobs) = worker { jobs.len() } else { 0 };
        self.workers.iter().map(jobs).sum()
    }

    /// Takes in what happened and says what to do.
    pub fn on(&mut self, happened: Happened) -> Vec<Action> {
        let mut actions = Vec::new();
        match happened {
            Happened::WorkerReady { slot } => {
                if self.workers[slot] == Worker::Starting {
                    self.workers[slot] = Worker::Idle;
                    self.failed_starts = 0;
                }
            }
            Happened::Started { slot, job } => {
                if self.is_running(slot, job, &mut actions) {
                    actions.push(Action::Record(job, Verdict::Running { slot }));
                }
            }
            Happened::Finished { slot, job } => {
                if self.is_running(slot, job, &mut actions) {
                    self.leave(slot, job);
                    self.set(job, JobState::Finished);
                    actions.push(Action::Record(job, Verdict::Finished { slot }));
                    for dependent in self.dependents[job].clone() {
                        self.make_ready(dependent);
                    }
                }
            }
            Happened::Failed { slot, job, kind, message } => {
                if self.is_running(slot, job, &mut actions) {
                    self.leave(slot, job);
                    match kind {
                        FailureKind::Deterministic => self.fail(job, kind, message, &mut actions),
                        FailureKind::Environment => self.retry(job, message, &mut actions),
                    }
                }
            }
            Happened::WorkerExited { slot, how } => self.exited(slot, how, &mut actions),
            Happened::SpawnFailed { slot, why } => {
                self.workers[slot] = Worker::None;
                self.failed_start(why, &mut actions);
            }
            Happened::Interrupt if self.mode == Mode::Running => self.mode = Mode::Draining,
            Happened::Interrupt | Happened::StopNow => self.stop(&mut actions),
        }
        self.schedule(&mut actions);
        actions
    }

    fn exited(&mut self, slot: usize, how: String, actions: &mut Vec<Action>) {
        match std::mem::replace(&mut self.workers[slot], Worker::None) {
            Worker::Starting => self.failed_start(how, actions),
            // Member by member, so that one bad trial cannot sink the others of its cohort.
            Worker::Busy(jobs) => jobs.into_iter().for_each(|job| self.retry(job, how.clone(), actions)),
            Worker::None | Worker::Idle | Worker::Leaving => {}
        }
    }

    fn failed_start(&mut self, why: String, actions: &mut Vec<Action>) {
        self.failed_starts += 1;
        if self.failed_starts >= FAILED_STARTS && self.mode != Mode::Stopping {
            actions.push(Action::GiveUp(why));
            self.stop(actions);
        }
    }

    fn stop(&mut self, actions: &mut Vec<Action>) {
        self.mode = Mode::Stopping;
        let alive = self.workers.iter().enumerate().filter(|(_, worker)| **worker != Worker::None);
        actions.extend(alive.map(|(slot, _)| Action::Kill(slot)));
    }

    /// Whether `slot` has `job`; a worker that speaks of another one has lost its way and is killed.
    fn is_running(&self, slot: usize, job: usize, actions: &mut Vec<Action>) -> bool {
        let running = matches!(&self.workers[slot], Worker::Busy(jobs) if jobs.contains(&job));
        if !running {
            actions.push(Action::Kill(slot));
        }
        running
    }

    fn set(&mut self, job: usize, state: JobState) {
        self.waiting -= usize::from(self.states[job] == JobState::Waiting);
        self.waiting += usize::from(state == JobState::Waiting);
        self.states[job] = state;
    }

    fn leave(&mut self, slot: usize, job: usize) {
        if let Worker::Busy(jobs) = &mut self.workers[slot] {
            jobs.retain(|other| *other != job);
            if jobs.is_empty() {
                self.workers[slot] = Worker::Idle;
            }
        }
    }

    fn retry(&mut self, job: usize, reason: String, actions: &mut Vec<Action>) {
        if self.mode != Mode::Running {
            self.set(job, JobState::Waiting);
            actions.push(Action::Record(job, Verdict::Released));
            return;
        }
        self.attempts[job] += 1;
        let attempt = self.attempts[job];
        if attempt > self.retries {
            self.fail(job, FailureKind::Environment, reason, actions);
        } else {
            self.set(job, JobState::Waiting);
            actions.push(Action::Record(job, Verdict::Retry { reason, attempt }));
            self.make_ready(job);
        }
    }

    fn fail(&mut self, job: usize, kind: FailureKind, reason: String, actions: &mut Vec<Action>) {
        self.set(job, JobState::Failed);
        let attempts = self.attempts[job].max(1);
        actions.push(Action::Record(job, Verdict::Failed { kind, reason: reason.clone(), attempts }));
        let reason = blocked(self.jobs[job].stage, &self.jobs[job].short, &reason);
        let mut below = self.dependents[job].clone();
        while let Some(dependent) = below.pop() {
            if self.states[dependent] == JobState::Waiting {
                self.set(dependent, JobState::Failed);
                actions.push(Action::Record(dependent, Verdict::Blocked { reason: reason.clone() }));
                below.extend(&self.dependents[dependent]);
            }
        }
    }

    fn make_ready(&mut self, job: usize) {
        let finished = |above: &usize| self.states[*above] == JobState::Finished;
        if self.states[job] == JobState::Waiting && self.jobs[job].upstream.iter().all(finished) {
            self.set(job, JobState::Ready);
            // The bits of a positive float sort like the float.
            let longest_first = u64::MAX - self.jobs[job].cost.max(0.0).to_bits();
            self.ready.insert((self.jobs[job].stage, longest_first, job));
        }
    }

    fn schedule(&mut self, actions: &mut Vec<Action>) {
        if self.mode == Mode::Running {
            for slot in 0..self.workers.len() {
                if self.workers[slot] == Worker::Idle
                    && let Some((_, _, job)) = self.ready.pop_first()
                {
                    self.set(job, JobState::Running);
                    self.workers[slot] = Worker::Busy(vec![job]);
                    actions.push(Action::Send { slot, jobs: vec![job] });
                }
            }
            let starting = self.workers.iter().filter(|worker| **worker == Worker::Starting).count();
            let mut wanted = self.ready.len().saturating_sub(starting);
            for slot in 0..self.workers.len() {
                if wanted > 0 && self.workers[slot] == Worker::None {
                    self.workers[slot] = Worker::Starting;
                    actions.push(Action::Spawn(slot));
                    wanted -= 1;
                }
            }
        }
        let more_to_come = self.mode == Mode::Running && self.waiting > 0;
        for slot in 0..self.workers.len() {
            if self.workers[slot] == Worker::Idle && !more_to_come {
                self.workers[slot] = Worker::Leaving;
                actions.push(Action::StopWorker(slot));
            }
        }
    }
}

#[cfg(test)]
#[path = "reactor_tests.rs"]
mod tests;
