//! What goes into the store and what comes out of it: plain records, no SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use drr_core::result::EnvironmentClass;
use drr_core::{Digest, TrialId, TrialSpec};
use serde_json::Value;

use crate::sweep::{Sweep, Trial};

/// A trial's value on each axis that concerns it, by the field's full name, for example `drr.tau`. A PMF trial has no
/// `drr.*`, nor has the evaluation of a baseline.
pub type AxisPoint = BTreeMap<String, Value>;

/// A sweep as expanded, to be recorded.
#[derive(Clone, Debug)]
pub struct SweepRecord {
    /// Its name.
    pub name: String,
    /// The text of the sweep file.
    pub source: String,
    /// The varied fields in the order of the file; seeds are not an axis.
    pub axes: Vec<String>,
    /// Its trials, in the order reports list them.
    pub members: Vec<Member>,
}

/// A trial's place in a sweep.
#[derive(Clone, Debug)]
pub struct Member {
    /// What the trial is.
    pub spec: TrialSpec,
    /// Where it stands on the sweep's axes.
    pub point: AxisPoint,
}

impl From<&Sweep> for SweepRecord {
    fn from(sweep: &Sweep) -> Self {
        let member = |trial: &Arc<Trial>| Member { spec: trial.spec.clone(), point: (*trial.point).clone() };
        Self {
            name: sweep.name.clone(),
            source: sweep.text.clone(),
            axes: sweep.axes.clone(),
            members: sweep.trials.iter().map(member).collect(),
        }
    }
}

/// How far a trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not begun.
    Pending,
    /// Handed to a worker; after a crash of the supervisor it may say so for ever, the run folder knows better.
    Running,
    /// Its result is recorded.
    Finished,
    /// It ended without a result.
    Failed,
    /// It was given up as hopeless before its end, it or what it stands on.
    Stopped,
}

impl Status {
    /// The name records and tables use.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Running => "running",
            Status::Finished => "finished",
            Status::Failed => "failed",
            Status::Stopped => "stopped",
        }
    }

    /// The status with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Status::Pending, Status::Running, Status::Finished, Status::Failed, Status::Stopped]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// A trial as stored, seen from one sweep.
#[derive(Clone, Debug)]
pub struct TrialRecord {
    /// Its identity.
    pub trial: TrialId,
    /// What it is.
    pub spec: TrialSpec,
    /// Where it stands on the sweep's axes.
    pub point: AxisPoint,
    /// How far it is.
    pub status: Status,
    /// Final metrics by name; empty unless finished.
    pub metrics: BTreeMap<String, f64>,
    /// Independent measurements behind each metric.
    pub repeats: u64,
    /// Seconds it took.
    pub wall_s: Option<f64>,
    /// Where it ran.
    pub environment: Option<EnvironmentClass>,
    /// Digest of its metric stream.
    pub metrics_digest: Option<Digest>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// A sweep as stored.
#[derive(Clone, Debug)]
pub struct StoredSweep {
    /// Its name.
    pub name: String,
    /// The text of the sweep file.
    pub source: String,
    /// The varied fields in the order of the file.
    pub axes: Vec<String>,
    /// Its trials, in the order of [`SweepRecord::members`].
    pub trials: Vec<TrialRecord>,
}
