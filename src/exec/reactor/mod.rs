//! Every decision of a running sweep: which trial starts where, what is retried, what a failure takes with it, whose
//! patience ends when, how it ends. Pure: events and the time in, actions out; no process, no clock, no file.
//!
//! | file | job |
//! | --- | --- |
//! | `mod` | events in, actions out |
//! | `words` | what the events and actions are |
//! | `ready` | the order in which trials start, and who waits for another try |
//! | `worker` | what is known of the worker in a slot, and when patience with it ends |

mod ready;
mod words;
mod worker;

use std::time::Duration;

use drr_core::protocol::FailureKind;

use self::ready::Ready;
use self::worker::{State, Why, Worker};
use super::room::{Room, Space};
use super::rules::Rules;
use crate::plan::{blocked, was_stopped};
pub(super) use words::{Action, Census, Happened, Job, Loss, SlotCensus, Start, Verdict};
pub(super) use worker::Force;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JobState {
    Waiting,
    Ready,
    Running,
    Finished,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Running,
    /// Running trials may end, no new one starts.
    Draining,
    /// Everything is being ended.
    Stopping,
}

/// Workers that end before they are ready, in a row, before the sweep is given up.
const FAILED_STARTS: u32 = 3;

/// How long until a slot without room is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What is kept of a job beside its state.
#[derive(Clone, Debug, Default)]
struct Past {
    attempts: u32,
    /// Attempts lost while it ran alone; only these are its own fault.
    lost: u32,
    /// It was in a cohort whose worker died.
    alone: bool,
    /// Why it is to be stopped.
    hopeless: Option<String>,
}

#[derive(Debug)]
pub(super) struct Reactor {
    jobs: Vec<Job>,
    dependents: Vec<Vec<usize>>,
    states: Vec<JobState>,
    past: Vec<Past>,
    /// How many jobs are waiting; counted along, since sweeps may be long.
    waiting: usize,
    ready: Ready,
    workers: Vec<Worker>,
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
    /// A reactor for `jobs` on `slots` slots. Cohorts are of `cohort` trials, or else as large as there is room and work
    /// for all slots.
    pub fn new(jobs: Vec<Job>, slots: usize, rules: Rules, cohort: Option<usize>) -> Self {
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
        let groups = jobs.iter().filter_map(|job| job.group).max().map_or(0, |last| last as usize + 1);
        Self {
            past: vec![Past::default(); jobs.len()],
            waiting: states.iter().filter(|state| **state == JobState::Waiting).count(),
            jobs,
            dependents,
            states,
            ready: Ready::default(),
            workers: vec![Worker::new(); slots],
            mode: Mode::Running,
            rules,
            cohort,
            most: vec![usize::MAX; groups],
            failures: 0,
            failed_starts: 0,
        }
    }

    /// The first actions.
    pub fn start(&mut self, now: Duration, room: &dyn Room) -> Vec<Action> {
        (0..self.jobs.len()).for_each(|job| self.make_ready(job));
        let mut actions = Vec::new();
        self.schedule(now, room, &mut actions);
        actions
    }

    /// Whether nothing runs and nothing will.
    pub fn is_done(&self) -> bool {
        !self.workers.iter().any(Worker::is_alive) && (self.mode != Mode::Running || self.ready.is_empty())
    }

    /// Whether someone asked to stop, or enough went wrong.
    pub fn is_stopping(&self) -> bool {
        self.mode != Mode::Running
    }

    /// How many jobs are in workers' hands.
    pub fn running(&self) -> usize {
        self.workers.iter().map(|worker| worker.jobs().len()).sum()
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

    /// The worker in `slot` said something.
    pub fn heard(&mut self, slot: usize, now: Duration) {
        self.workers[slot].heard(now);
    }

    /// When [`Happened::Tick`] is due, if nothing else happens before.
    pub fn wake(&self) -> Option<Duration> {
        let patience = self.workers.iter().filter_map(|worker| worker.deadline(&self.rules));
        if self.mode != Mode::Running {
            return patience.min();
        }
        let looking = self.workers.iter().filter(|_| self.ready.len() > 0).filter_map(Worker::full_until);
        patience.chain(looking).chain(self.ready.next_rested()).min()
    }

    /// Takes in what happened and says what to do.
    pub fn on(&mut self, now: Duration, happened: Happened, room: &dyn Room) -> Vec<Action> {
        let mut actions = Vec::new();
        match happened {
            Happened::WorkerReady { slot } => {
                if self.workers[slot].state == State::Starting {
                    self.workers[slot].becomes(State::Idle, now);
                    self.failed_starts = 0;
                }
            }
            Happened::Started { slot, job } => {
                if self.is_running(slot, job, now, &mut actions) {
                    actions.push(Action::Record(job, Verdict::Running { slot }));
                }
            }
            Happened::Finished { slot, job } => {
                if self.is_running(slot, job, now, &mut actions) {
                    self.leave(slot, job, now);
                    self.set(job, JobState::Finished);
                    actions.push(Action::Record(job, Verdict::Finished { slot }));
                    for dependent in self.dependents[job].clone() {
                        self.make_ready(dependent);
                    }
                }
            }
            Happened::Failed { slot, job, kind, message } => {
                if self.is_running(slot, job, now, &mut actions) {
                    let given = self.leave(slot, job, now);
                    match kind {
                        FailureKind::Deterministic => self.fail(job, kind, Loss::told(message), &mut actions),
                        FailureKind::Memory if given > 1 => self.halve(job, given, &message, now, &mut actions),
                        FailureKind::Environment | FailureKind::Memory => {
                            self.past[job].lost += 1;
                            self.retry(job, Loss::told(message), now, &mut actions);
                        }
                    }
                }
            }
            Happened::WorkerExited { slot, loss } => self.exited(slot, loss, now, &mut actions),
            Happened::SpawnFailed { slot, why } => {
                self.workers[slot].becomes(State::None, now);
                self.failed_start(why, now, &mut actions);
            }
            Happened::Astray { slot } => self.astray(slot, now, &mut actions),
            Happened::Hopeless { job, reason } => self.hopeless(job, reason, now, &mut actions),
            Happened::Tick => self.tick(now, &mut actions),
            Happened::Interrupt if self.mode == Mode::Running => self.drain(now, &mut actions),
            Happened::Interrupt | Happened::StopNow => self.stop(now, &mut actions),
        }
        self.schedule(now, room, &mut actions);
        actions
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

    fn exited(&mut self, slot: usize, loss: Loss, now: Duration, actions: &mut Vec<Action>) {
        let fate = self.workers[slot].fate().cloned();
        let before = std::mem::replace(&mut self.workers[slot].state, State::None);
        self.workers[slot].becomes(State::None, now);
        let jobs = match before {
            State::Gone => return self.workers[slot].becomes(State::Gone, now),
            State::Starting => {
                let why = if let Some(Why::Fault(why)) = fate { why } else { loss.reason };
                return self.failed_start(why, now, actions);
            }
            State::None | State::Idle | State::Leaving => return,
            State::Busy { jobs, given } => {
                // Member by member from now on, so that one bad trial cannot sink the others of its cohort.
                jobs.iter().for_each(|&job| self.past[job].alone |= given > 1);
                jobs.into_iter().map(|job| (job, given > 1)).collect::<Vec<_>>()
            }
        };
        for (job, shared) in jobs {
            let reason = match &fate {
                Some(Why::Fault(why) | Why::Overtime(why)) => format!("{why}; {}", loss.reason),
                _ => loss.reason.clone(),
            };
            let loss = Loss { reason, exit: loss.exit.clone() };
            self.past[job].attempts += u32::from(self.mode != Mode::Stopping);
            self.past[job].lost += u32::from(!shared);
            match (&fate, self.past[job].hopeless.take()) {
                (_, Some(reason)) => self.give_up_on(job, reason, actions),
                (Some(Why::Overtime(_)), None) if !shared => {
                    self.fail(job, FailureKind::Environment, loss, actions);
                }
                _ => self.retry(job, loss, now, actions),
            }
        }
    }

    fn failed_start(&mut self, why: String, now: Duration, actions: &mut Vec<Action>) {
        self.failed_starts += 1;
        if self.failed_starts >= FAILED_STARTS && self.mode != Mode::Stopping {
            actions.push(Action::GiveUp(format!("no worker can be started: {why}")));
            self.stop(now, actions);
        }
    }

    /// No new trial starts.
    fn drain(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.mode = Mode::Draining;
        // A worker that is coming up would find nothing to do.
        for (slot, worker) in self.workers.iter_mut().enumerate() {
            if worker.state == State::Starting {
                worker.becomes(State::Leaving, now);
                actions.push(Action::StopWorker(slot));
            }
        }
    }

    fn stop(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.mode = Mode::Stopping;
        for (slot, worker) in self.workers.iter_mut().enumerate().filter(|(_, worker)| worker.is_alive()) {
            if let Some(force) = worker.condemn(Why::Stopping, &self.rules, now) {
                actions.push(Action::End { slot, force });
            }
        }
    }

    /// Whether `slot` has `job`; a worker that speaks of another one has lost its way and is ended.
    fn is_running(&mut self, slot: usize, job: usize, now: Duration, actions: &mut Vec<Action>) -> bool {
        let running = self.workers[slot].jobs().contains(&job);
        if !running {
            self.astray(slot, now, actions);
        }
        running
    }

    /// Ends a worker that makes no sense.
    fn astray(&mut self, slot: usize, now: Duration, actions: &mut Vec<Action>) {
        let why = Why::Fault("the worker spoke of a trial it does not have".to_owned());
        if let Some(force) = self.workers[slot].condemn(why, &self.rules, now) {
            actions.push(Action::End { slot, force });
        }
    }

    fn set(&mut self, job: usize, state: JobState) {
        self.waiting -= usize::from(self.states[job] == JobState::Waiting);
        self.waiting += usize::from(state == JobState::Waiting);
        self.states[job] = state;
    }

    /// The job is out of the worker's hands; how many it was given with.
    fn leave(&mut self, slot: usize, job: usize, now: Duration) -> usize {
        self.past[job].attempts += 1;
        let State::Busy { jobs, given } = &mut self.workers[slot].state else { return 1 };
        let given = *given;
        jobs.retain(|other| *other != job);
        if jobs.is_empty() {
            self.workers[slot].becomes(State::Idle, now);
        }
        given
    }

    /// Tries a job again, after a rest if it was its own fault, unless it was tried often enough.
    fn retry(&mut self, job: usize, loss: Loss, now: Duration, actions: &mut Vec<Action>) {
        if self.mode != Mode::Running {
            self.set(job, JobState::Waiting);
            actions.push(Action::Record(job, Verdict::Released));
            return;
        }
        let Past { attempts: attempt, lost, .. } = self.past[job];
        let rest = if lost == 0 { Some(Duration::ZERO) } else { self.rules.rest(lost) };
        let Some(rest) = rest else { return self.fail(job, FailureKind::Environment, loss, actions) };
        self.set(job, JobState::Waiting);
        actions.push(Action::Record(job, Verdict::Retry { reason: loss.reason, attempt, rest }));
        if rest.is_zero() {
            self.make_ready(job);
        } else {
            self.ready.rest(job, now + rest);
        }
    }

    /// Memory ran out in a cohort: smaller ones from now on. Nobody's fault, so it does not count.
    fn halve(&mut self, job: usize, given: usize, message: &str, now: Duration, actions: &mut Vec<Action>) {
        if let Some(most) = self.jobs[job].group.and_then(|group| self.most.get_mut(group as usize)) {
            *most = (*most).min(given / 2).max(1);
        }
        let reason = format!("{message}; {given} trials together are too many, trying {}", (given / 2).max(1));
        self.retry(job, Loss::told(reason), now, actions);
    }

    fn fail(&mut self, job: usize, kind: FailureKind, loss: Loss, actions: &mut Vec<Action>) {
        self.set(job, JobState::Failed);
        let attempts = self.past[job].attempts.max(1);
        let reason = blocked(self.jobs[job].stage, &self.jobs[job].short, &loss.reason);
        actions.push(Action::Record(job, Verdict::Failed { kind, loss, attempts }));
        for below in self.fell(job) {
            actions.push(Action::Record(below, Verdict::Blocked { reason: reason.clone() }));
        }
        self.failures += 1;
        if self.mode == Mode::Running && self.rules.is_enough(self.failures) {
            self.mode = Mode::Draining;
            actions.push(Action::Enough { failures: self.failures });
        }
    }

    /// A job that is worth no more time. One in a cohort goes on until the others are hopeless too: they are computed
    /// together.
    fn hopeless(&mut self, job: usize, reason: String, now: Duration, actions: &mut Vec<Action>) {
        let Some(slot) = self.workers.iter().position(|worker| worker.jobs().contains(&job)) else { return };
        self.past[job].hopeless.get_or_insert(reason);
        if self.workers[slot].jobs().iter().all(|&other| self.past[other].hopeless.is_some())
            && let Some(force) = self.workers[slot].condemn(Why::Hopeless, &self.rules, now)
        {
            actions.push(Action::End { slot, force });
        }
    }

    fn give_up_on(&mut self, job: usize, reason: String, actions: &mut Vec<Action>) {
        self.set(job, JobState::Failed);
        let above = was_stopped(self.jobs[job].stage, &self.jobs[job].short);
        actions.push(Action::Record(job, Verdict::Stopped { reason }));
        for below in self.fell(job) {
            actions.push(Action::Record(below, Verdict::Stopped { reason: above.clone() }));
        }
    }

    /// All that stands on a job without a result; none of it will run.
    fn fell(&mut self, job: usize) -> Vec<usize> {
        let (mut fallen, mut below) = (Vec::new(), self.dependents[job].clone());
        while let Some(dependent) = below.pop() {
            if self.states[dependent] == JobState::Waiting {
                self.set(dependent, JobState::Failed);
                fallen.push(dependent);
                below.extend(&self.dependents[dependent]);
            }
        }
        fallen
    }

    fn make_ready(&mut self, job: usize) {
        let finished = |above: &usize| self.states[*above] == JobState::Finished;
        if self.states[job] == JobState::Waiting && self.jobs[job].upstream.iter().all(finished) {
            self.set(job, JobState::Ready);
            let it = &self.jobs[job];
            let group = it.group.filter(|_| !self.past[job].alone);
            self.ready.add(job, it, group);
        }
    }

    fn schedule(&mut self, now: Duration, room: &dyn Room, actions: &mut Vec<Action>) {
        if self.mode == Mode::Running {
            for slot in 0..self.workers.len() {
                if self.workers[slot].may_start(now)
                    && let Some(job) = self.ready.first()
                {
                    self.place(slot, job, now, room, actions);
                }
            }
            let starting = self.workers.iter().filter(|worker| worker.state == State::Starting).count();
            let mut wanted = self.ready.len().saturating_sub(starting);
            for slot in 0..self.workers.len() {
                if wanted > 0 && self.workers[slot].state == State::None {
                    self.workers[slot].becomes(State::Starting, now);
                    actions.push(Action::Spawn(slot));
                    wanted -= 1;
                }
            }
        }
        let more_to_come = self.mode == Mode::Running && (self.waiting > 0 || self.ready.len() > 0);
        for slot in 0..self.workers.len() {
            if self.workers[slot].is_idle() && !more_to_come {
                self.workers[slot].becomes(State::Leaving, now);
                actions.push(Action::StopWorker(slot));
            }
        }
    }

    /// Gives the worker in `slot` the job, and others to train with it where there is room.
    fn place(&mut self, slot: usize, job: usize, now: Duration, room: &dyn Room, actions: &mut Vec<Action>) {
        match room.space(slot, job) {
            Space::Full => {
                if self.workers[slot].is_full(now + LOOK_AGAIN) {
                    actions.push(Action::NoRoom { slot });
                }
            }
            Space::Gone => {
                self.workers[slot].becomes(State::Gone, now);
                actions.extend([Action::StopWorker(slot), Action::Lost { slot }]);
                if self.workers.iter().all(|worker| worker.state == State::Gone) {
                    actions.push(Action::GiveUp("every device is gone".to_owned()));
                    self.stop(now, actions);
                }
            }
            Space::Trials(room) => {
                let most = self.cohort_size(job).min(room).max(1);
                let jobs = self.ready.take(job, &self.jobs[job], most);
                jobs.iter().for_each(|&job| self.set(job, JobState::Running));
                self.workers[slot].becomes(State::Busy { given: jobs.len(), jobs: jobs.clone() }, now);
                actions.push(Action::Send { slot, jobs });
            }
        }
    }

    /// How many trials to train together with `job`: as asked for, else its group's share of every slot.
    fn cohort_size(&self, job: usize) -> usize {
        let Some(group) = self.jobs[job].group.filter(|_| !self.past[job].alone) else { return 1 };
        let slots = self.workers.iter().filter(|worker| worker.state != State::Gone).count();
        let share = self.ready.in_group(group).div_ceil(slots.max(1));
        self.cohort.unwrap_or(share).min(self.most[group as usize])
    }
}

#[cfg(test)]
mod tests;
