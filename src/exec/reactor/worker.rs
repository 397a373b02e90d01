//! What the reactor knows of the worker in a slot, and when its patience with it ends.

use std::time::Duration;

use super::super::rules::Rules;

/// How far a worker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WorkerState {
    /// There is none.
    None,
    /// Started, not yet heard of.
    Starting,
    /// Up, with nothing to do.
    Idle,
    /// At work.
    Busy {
        /// What it still has to do.
        jobs: Vec<usize>,
        /// How many trials it was given.
        given: usize,
    },
    /// Asked to leave.
    Leaving,
    /// The slot is closed for good.
    Gone,
}

/// Why a worker is being ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EndReason {
    /// The whole sweep stops.
    Stopping,
    /// All its trials are hopeless.
    AllStopped,
    /// It works too long; the same work would take as long again.
    Overtime(String),
    /// It went wrong: silence, or words that make no sense.
    Fault(String),
}

/// How hard a worker is being ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::exec) enum Force {
    /// SIGTERM.
    Ask,
    /// SIGKILL.
    Kill,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Ending {
    why: EndReason,
    force: Force,
    /// When it is killed.
    until: Duration,
}

/// The worker of a slot.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    pub state: WorkerState,
    /// When it came into this state.
    since: Duration,
    /// When it last said something.
    heard: Duration,
    /// Until when its slot has no room for the next trial; kept until it has, since people are told once.
    full: Option<Duration>,
    ending: Option<Ending>,
}

impl Worker {
    pub fn new() -> Self {
        Self { state: WorkerState::None, since: Duration::ZERO, heard: Duration::ZERO, full: None, ending: None }
    }

    /// Comes into another state.
    pub fn becomes(&mut self, state: WorkerState, now: Duration) {
        (self.since, self.heard) = (now, now);
        if matches!(state, WorkerState::Busy { .. }) {
            self.full = None;
        }
        if matches!(state, WorkerState::None | WorkerState::Starting | WorkerState::Gone) {
            self.ending = None;
        }
        self.state = state;
    }

    pub fn heard(&mut self, now: Duration) {
        self.heard = now;
    }

    /// It was suspended for so long: by the clock of its work that was no time. Being ended goes on.
    pub fn forgive(&mut self, time: Duration) {
        self.since += time;
        self.heard += time;
    }

    pub fn is_alive(&self) -> bool {
        !matches!(self.state, WorkerState::None | WorkerState::Gone)
    }

    /// Whether it has nothing to do and may stay.
    pub fn is_idle(&self) -> bool {
        self.state == WorkerState::Idle && self.ending.is_none()
    }

    /// Whether it may be given work now.
    pub fn may_start(&self, now: Duration) -> bool {
        self.is_idle() && self.full.is_none_or(|until| until <= now)
    }

    /// Its slot has no room until `until`; whether that is news.
    pub fn is_full(&mut self, until: Duration) -> bool {
        self.full.replace(until).is_none()
    }

    /// Whether its slot had no room when it was looked at last.
    pub fn is_crowded(&self) -> bool {
        self.full.is_some()
    }

    /// When room is looked for again.
    pub fn full_until(&self) -> Option<Duration> {
        self.full.filter(|_| self.is_idle())
    }

    /// Its state in a word, and how long ago it came into it and was last heard of.
    pub fn census(&self, now: Duration) -> (&'static str, Duration, Duration) {
        let word = match self.state {
            WorkerState::None => "none",
            WorkerState::Starting => "starting",
            WorkerState::Idle => "idle",
            WorkerState::Busy { .. } => "busy",
            WorkerState::Leaving => "leaving",
            WorkerState::Gone => "gone",
        };
        (word, now.saturating_sub(self.since), now.saturating_sub(self.heard))
    }

    pub fn jobs(&self) -> &[usize] {
        if let WorkerState::Busy { jobs, .. } = &self.state { jobs } else { &[] }
    }

    /// Why it is being ended, if it is.
    pub fn fate(&self) -> Option<&EndReason> {
        self.ending.as_ref().map(|ending| &ending.why)
    }

    /// Decides its end, the first reason counts; how hard it is to be ended now, or `None` if that is under way.
    pub fn end(&mut self, why: EndReason, rules: &Rules, now: Duration) -> Option<Force> {
        match &mut self.ending {
            None => {
                self.ending = Some(Ending { why, force: Force::Ask, until: now + rules.grace });
                Some(Force::Ask)
            }
            Some(ending) if ending.force == Force::Ask && why == EndReason::Stopping && ending.why == why => {
                ending.force = Force::Kill;
                Some(Force::Kill)
            }
            Some(_) => None,
        }
    }

    /// When patience ends next.
    pub fn deadline(&self, rules: &Rules) -> Option<Duration> {
        match &self.ending {
            Some(ending) => (ending.force == Force::Ask).then_some(ending.until),
            None => match self.state {
                WorkerState::None | WorkerState::Gone | WorkerState::Idle => None,
                // Whatever it says before it introduces itself, it does not come up.
                WorkerState::Starting => Some(self.since + rules.stall_timeout),
                // It has nothing to do but leave; libtorch takes its time to unload.
                WorkerState::Leaving => Some(self.since + rules.grace),
                WorkerState::Busy { .. } => {
                    let silence = self.heard + rules.stall_timeout;
                    Some(rules.timeout.map_or(silence, |timeout| silence.min(self.since + timeout)))
                }
            },
        }
    }

    /// What is to be done if patience has ended.
    pub fn overdue(&mut self, rules: &Rules, now: Duration) -> Option<Force> {
        if self.deadline(rules).is_none_or(|deadline| deadline > now) {
            return None;
        }
        if let Some(ending) = &mut self.ending {
            ending.force = Force::Kill;
            return Some(Force::Kill);
        }
        let spent = |since: Duration, limit: Duration| now >= since + limit;
        let why = match (&self.state, rules.timeout) {
            (WorkerState::Busy { .. }, Some(timeout)) if spent(self.since, timeout) => {
                EndReason::Overtime(format!("it took longer than {}", words(timeout)))
            }
            (WorkerState::Starting, _) => {
                let limit = words(rules.stall_timeout);
                EndReason::Fault(format!("the worker did not introduce itself within {limit}"))
            }
            (WorkerState::Leaving, _) => EndReason::Fault("it did not leave when asked to".to_owned()),
            _ => EndReason::Fault(format!("the worker said nothing for {}", words(rules.stall_timeout))),
        };
        self.end(why, rules, now)
    }
}

/// A limit as its setting has it.
fn words(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}
