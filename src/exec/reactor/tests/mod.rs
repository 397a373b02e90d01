//! The reactor without a process: what it decides, and that no order of events leads it unknown_trial.

mod cohorts;
mod devices;
mod driver;
mod order;
mod patience;
mod random;

use super::super::memory_fit::{Always, Space};
use super::*;
use crate::plan::Needs;
use drr_core::Seed;
use drr_kinds::Stage;

fn job(stage: Stage, cost: f64, upstream: &[usize]) -> Job {
    let (short, upstream) = (format!("{}-{cost}", stage.name()), upstream.to_vec());
    Job { short, stage, replicate: 0, cost, needs: Needs::Core, group: None, upstream, status: Status::Pending }
}

/// A reactor, a clock that is set by hand, and room for so many.
struct Rig {
    reactor: Reactor,
    now: Duration,
    room: Always,
}

impl Rig {
    fn new(jobs: Vec<Job>, slots: usize, rules: Rules) -> Self {
        Self::on_slots(jobs, &vec![Slot::Cpu; slots], rules)
    }

    fn on_slots(jobs: Vec<Job>, slots: &[Slot], rules: Rules) -> Self {
        Self { reactor: Reactor::new(jobs, slots, rules, None), now: Duration::ZERO, room: Always(1) }
    }

    fn start(&mut self) -> Vec<Action> {
        self.reactor.start(self.now, &self.room)
    }

    fn on(&mut self, event: Event) -> Vec<Action> {
        self.reactor.on(self.now, event, &self.room)
    }

    /// Lets time pass until something is due, and says what is done about it.
    fn wait(&mut self) -> Vec<Action> {
        self.now = self.reactor.wake().expect("something is due");
        self.on(Event::Tick)
    }

    fn ready(&mut self, slot: usize) -> Vec<(usize, Vec<usize>)> {
        cohorts(&self.on(Event::WorkerReady { slot }))
    }

    fn is_done(&self) -> bool {
        self.reactor.is_done()
    }
}

/// Rules without rests between attempts.
fn rules() -> Rules {
    Rules { backoff: Duration::ZERO, ..Rules::default() }
}

fn cohorts(actions: &[Action]) -> Vec<(usize, Vec<usize>)> {
    let sent = |action: &Action| match action {
        Action::Send { slot, jobs } => Some((*slot, jobs.clone())),
        _ => None,
    };
    actions.iter().filter_map(sent).collect()
}

fn exited(slot: usize, reason: &str) -> Event {
    Event::WorkerExited { slot, loss: Loss::told(reason), finished: Vec::new() }
}

/// The kernel killed the worker for want of memory.
fn starved(slot: usize) -> Event {
    let loss = Loss { cause: LossCause::Memory, ..Loss::told("SIGKILL") };
    Event::WorkerExited { slot, loss, finished: Vec::new() }
}

fn ask(slot: usize) -> Action {
    Action::End { slot, force: Force::Ask }
}

fn kill(slot: usize) -> Action {
    Action::End { slot, force: Force::Kill }
}

/// A PMF, two recommenders on it, an evaluation of each.
fn sweep() -> Vec<Job> {
    vec![
        job(Stage::named("pmf"), 1.0, &[]),
        job(Stage::named("drr"), 5.0, &[0]),
        job(Stage::named("drr"), 9.0, &[0]),
        job(Stage::EVAL, 1.0, &[0, 1]),
        job(Stage::EVAL, 1.0, &[0, 2]),
    ]
}

fn sent(actions: &[Action]) -> Vec<(usize, usize)> {
    let sent = |action: &Action| match action {
        Action::Send { slot, jobs } => Some((*slot, jobs[0])),
        _ => None,
    };
    actions.iter().filter_map(sent).collect()
}

fn running(slots: usize) -> Rig {
    let mut reactor = Rig::new(sweep(), slots, rules());
    assert_eq!(reactor.start(), [Action::Spawn(0)], "one job is ready, so one worker is wanted");
    assert_eq!(sent(&reactor.on(Event::WorkerReady { slot: 0 })), [(0, 0)]);
    reactor
}
