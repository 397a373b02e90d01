//! What people are told while a sweep runs. `--output json` prints these, one object a line.

use std::collections::BTreeMap;

use drr_core::TrialId;
use drr_core::TrialSpec;
use drr_core::journal::Point;
use drr_core::result::EnvironmentClass;
use drr_kinds::kind::Role;
use drr_kinds::{KindOf as _, Stage};
use serde::Serialize;

use super::slots::Slot;
use crate::plan::Task;

/// Something a person may want to know.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Notice {
    /// Work begins.
    SweepStarted {
        /// The sweep.
        sweep: String,
        /// Trials found finished.
        found: usize,
        /// Trials to run.
        to_run: usize,
        /// Where workers may run.
        slots: Vec<Slot>,
        /// Expected seconds of all trials to run, on one core.
        expected_s: f64,
        /// Settings of the sweep that have no effect where it runs.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        ignored: Vec<&'static str>,
    },
    /// A worker is up.
    WorkerReady {
        /// Its slot.
        slot: usize,
        /// Its process.
        pid: u32,
        /// What it computes with.
        environment: EnvironmentClass,
    },
    /// A trial's work begins.
    TrialStarted {
        /// The slot it runs in.
        slot: usize,
        /// The trial.
        trial: TrialId,
        /// What it is.
        label: Label,
    },
    /// How far a trial is.
    TrialProgress {
        /// The trial.
        trial: TrialId,
        /// The slot it runs in.
        slot: usize,
        /// Units done.
        done: u64,
        /// Units in all.
        total: u64,
    },
    /// Points a trial just recorded.
    TrialMetrics {
        /// The trial.
        trial: TrialId,
        /// The slot it runs in.
        slot: usize,
        /// The points.
        points: Vec<Point>,
    },
    /// A trial's result is recorded.
    TrialFinished {
        /// The trial.
        trial: TrialId,
        /// The slot it ran in.
        slot: usize,
        /// What it is.
        label: Label,
        /// Its final metrics.
        metrics: BTreeMap<String, f64>,
        /// Seconds it took.
        wall_s: f64,
    },
    /// An attempt was lost and will be repeated.
    TrialRetried {
        /// The trial.
        trial: TrialId,
        /// What it is.
        label: Label,
        /// Why.
        reason: String,
        /// Attempts made so far.
        attempt: u32,
        /// Seconds until it is tried again.
        rest_s: f64,
    },
    /// A trial has no result.
    TrialFailed {
        /// The trial.
        trial: TrialId,
        /// What it is.
        label: Label,
        /// Why.
        reason: String,
        /// Attempts made; none if what it stands on failed.
        attempts: u32,
        /// How the process ended, where that was the end of the attempt.
        exit: Option<String>,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// A trial was given up as hopeless, or what it stands on was.
    TrialStopped {
        /// The trial.
        trial: TrialId,
        /// What it is.
        label: Label,
        /// Why.
        reason: String,
    },
    /// A slot has no room for the next trial; it is tried again when there is.
    SlotFull {
        /// The slot.
        slot: usize,
    },
    /// A slot is gone for good.
    SlotLost {
        /// The slot.
        slot: usize,
        /// Why.
        why: &'static str,
    },
    /// So many trials failed that no new one starts.
    TooManyFailures {
        /// How many.
        failures: usize,
        /// How many are running.
        running: usize,
    },
    /// How everything stands, as someone asked by SIGUSR1.
    State {
        /// The slots.
        slots: Vec<SlotState>,
        /// Trials that could start now.
        ready: usize,
        /// Trials that rest before they are tried again.
        resting: usize,
        /// Trials that wait for others.
        waiting: usize,
        /// Trials finished in this run.
        finished: usize,
        /// Trials failed or blocked in this run.
        failed: usize,
        /// Seconds since the beginning.
        wall_s: f64,
    },
    /// An array was given to Slurm.
    ArraySubmitted {
        /// Slurm's number of it.
        job: u64,
        /// Its name there.
        name: String,
        /// How many tasks it has.
        tasks: usize,
    },
    /// Something about the cluster that a person may want to know.
    Cluster {
        /// What.
        message: String,
    },
    /// Another program's lock keeps records out of the database for now.
    DatabaseLocked {
        /// Who holds it, and what becomes of the records.
        message: String,
    },
    /// No new trial starts; running ones may end.
    Draining {
        /// How many are running.
        running: usize,
    },
    /// Everything is being stopped.
    Stopping,
    /// Work is over.
    SweepEnded {
        /// The sweep.
        sweep: String,
        /// Trials finished in this run.
        finished: usize,
        /// Trials failed or blocked in this run.
        failed: usize,
        /// Trials stopped in this run.
        stopped: usize,
        /// Trials still to run.
        left: usize,
        /// Seconds it took.
        wall_s: f64,
    },
}

/// How a slot stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SlotState {
    /// Where it is.
    pub place: Slot,
    /// Its worker's process.
    pub pid: Option<u32>,
    /// What the worker does: `none`, `starting`, `idle`, `busy`, `leaving`, `gone`.
    pub worker: &'static str,
    /// The trials it has.
    pub trials: Vec<Label>,
    /// Seconds in this state.
    pub since_s: f64,
    /// Seconds since it was last heard of.
    pub silent_s: f64,
}

/// A trial in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Label {
    /// First digits of the id.
    pub short: String,
    /// Its stage.
    pub stage: Stage,
    /// Its seed.
    pub seed: u64,
    /// What it does and where it stands on the axes.
    pub what: String,
    /// Expected seconds on one core.
    pub expected_s: f64,
}

impl Label {
    /// Describes a trial.
    pub fn of(task: &Task) -> Self {
        let spec = &task.trial.spec;
        let mut words = words(spec);
        words.extend(task.trial.point.iter().map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{}={value}", name.rsplit('.').next().unwrap_or(name))
        }));
        Self {
            short: task.trial.id.short(),
            stage: task.stage,
            seed: spec.seed.0,
            what: words.join(" "),
            expected_s: task.cost,
        }
    }
}

/// What of its stage a trial is: what distinguishes it where its point does not.
fn words(spec: &TrialSpec) -> Vec<String> {
    let kind = spec.kind();
    match (kind.role, spec.policy_kind()) {
        // The policy that a sweep is about goes without saying.
        (Role::Measure(_), Some(policy)) if policy.policy().is_some_and(|policy| policy.style.is_none()) => {
            vec![kind.name.to_owned()]
        }
        (Role::Measure(_), Some(policy)) => vec![kind.name.to_owned(), policy.name.to_owned()],
        (Role::Model(_), _) if !spec.learns() => vec!["untrained".to_owned()],
        (Role::Model(model), _) if model.stands_on.is_empty() => {
            spec.dataset().map(|it| it.name.clone()).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Someone who is told.
pub trait Observer {
    /// Takes in an event.
    fn on(&mut self, notice: &Notice);
}
