//! What the reactor hears and what it says.

use std::time::Duration;

use drr_core::Status;
use drr_core::protocol::FailureKind;
use drr_kinds::Stage;

use super::worker::Force;
use crate::plan::Needs;

/// A trial as the reactor sees it.
#[derive(Clone, Debug)]
pub(in crate::exec) struct Job {
    /// How people know it.
    pub short: String,
    /// Its stage; factorisations start first.
    pub stage: Stage,
    /// Its seed's place among the sweep's; earlier replicates start first.
    pub replicate: u32,
    /// Expected seconds; within a stage of a replicate the longest start first.
    pub cost: f64,
    /// What it is computed on, among the slots there are.
    pub needs: Needs,
    /// Those of one group can be trained together.
    pub group: Option<u32>,
    /// The jobs that must be finished before it starts.
    pub upstream: Vec<usize>,
    /// How far it is beforehand: pending where it is to run; failed or stopped in an earlier run, it is not tried again,
    /// nor is anything that stands on it.
    pub status: Status,
}

/// What event.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::exec) enum Event {
    WorkerReady {
        slot: usize,
    },
    Started {
        slot: usize,
        job: usize,
    },
    Finished {
        slot: usize,
        job: usize,
    },
    Failed {
        slot: usize,
        job: usize,
        kind: FailureKind,
        message: String,
    },
    WorkerExited {
        slot: usize,
        loss: Loss,
        /// Which of its trials it left finished all the same.
        finished: Vec<usize>,
    },
    SpawnFailed {
        slot: usize,
        why: String,
    },
    /// A slot's device is not there any more.
    DeviceGone {
        slot: usize,
    },
    /// A worker spoke of a trial that is none of this sweep.
    UnknownTrial {
        slot: usize,
    },
    /// A rule of early stopping gives a running job up.
    StopTrial {
        job: usize,
        reason: String,
    },
    /// Time has passed.
    Tick,
    /// The first drains, the second stops now.
    Interrupt,
    StopNow,
}

/// Why an attempt has no result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::exec) struct Loss {
    /// For people.
    pub reason: String,
    /// How the process ended, where that was the end of the attempt: `exit code 3`, `SIGKILL`.
    pub exit: Option<String>,
    /// What it came from.
    pub cause: LossCause,
}

/// What an attempt was lost to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::exec) enum LossCause {
    #[default]
    Unknown,
    /// The machine's memory ran out: fewer workers at a time may fit.
    Memory,
}

impl Loss {
    /// Something that was said; no process ended.
    pub fn told(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::exec) enum Action {
    Spawn(usize),
    Send {
        slot: usize,
        jobs: Vec<usize>,
    },
    /// Ask a worker to leave; it has nothing to do.
    StopWorker(usize),
    /// End a worker with a signal.
    End {
        slot: usize,
        force: Force,
    },
    Record(usize, StatusChange),
    /// A slot has no room for the next trial just now.
    NoRoom {
        slot: usize,
    },
    /// A slot is gone for good, for this reason.
    Lost {
        slot: usize,
        why: &'static str,
    },
    /// So many trials failed that no new one starts.
    Enough {
        failures: usize,
    },
    /// Nothing can run: give the sweep up, for this reason.
    GiveUp(String),
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::exec) enum StatusChange {
    Running {
        slot: usize,
    },
    Finished {
        slot: usize,
    },
    /// It will be tried again.
    Retry {
        reason: String,
        /// Attempts made so far.
        attempt: u32,
        /// How long it rests first.
        rest: Duration,
    },
    Failed {
        kind: FailureKind,
        loss: Loss,
        attempts: u32,
    },
    /// Something it stands on failed.
    Blocked {
        reason: String,
    },
    /// Given up as hopeless by a rule of early stopping, it or what it stands on.
    Stopped {
        reason: String,
    },
    /// Given back unfinished when the sweep was stopped.
    Released,
}

/// How everything stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::exec) struct Census {
    pub slots: Vec<SlotCensus>,
    pub ready: usize,
    pub resting: usize,
    pub waiting: usize,
}

/// How a slot stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::exec) struct SlotCensus {
    pub worker: &'static str,
    pub since: Duration,
    pub silent: Duration,
    pub jobs: Vec<usize>,
}
