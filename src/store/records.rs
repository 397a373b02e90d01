//! What goes into the store and what comes out of it: plain records, no SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use drr_core::replayed::Sameness;
use drr_core::result::EnvironmentClass;
use drr_core::{AxisPoint, Digest, Status, Trial, TrialId, TrialSpec};

use drr_kinds::command::Declaration;
use drr_kinds::{Kind, KindOf as _};

use crate::sweep::Sweep;

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
    pub trials: Vec<Arc<Trial>>,
    /// What it says of the commands it runs.
    pub commands: Vec<Declaration>,
}

impl From<&Sweep> for SweepRecord {
    fn from(sweep: &Sweep) -> Self {
        Self {
            name: sweep.name.clone(),
            source: sweep.text.clone(),
            axes: sweep.axes.clone(),
            trials: sweep.trials.clone(),
            commands: sweep.declarations.clone(),
        }
    }
}

impl From<&Sweep> for StoredSweep {
    /// The sweep before anything of it ran.
    fn from(sweep: &Sweep) -> Self {
        let trial = |trial: &Arc<Trial>| TrialRecord {
            kind: trial.spec.kind(),
            trial: Arc::clone(trial),
            status: Status::Pending,
            metrics: BTreeMap::new(),
            repeats: 0,
            wall_s: None,
            environment: None,
            metrics_digest: None,
            failure: None,
            replayed: None,
        };
        Self {
            name: sweep.name.clone(),
            source: sweep.text.clone(),
            axes: sweep.axes.clone(),
            commands: sweep.declarations.clone(),
            trials: sweep.trials.iter().map(trial).collect(),
        }
    }
}

/// A trial as stored, seen from one sweep.
#[derive(Clone, Debug)]
pub struct TrialRecord {
    /// What it is.
    pub trial: Arc<Trial>,
    /// Its kind, as the sweep has it: of a command it says which metrics there are.
    pub kind: &'static Kind,
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
    /// How equal another run of it was, where it is a command that was run again.
    pub replayed: Option<Sameness>,
}

impl TrialRecord {
    /// Its identity.
    pub fn id(&self) -> TrialId {
        self.trial.id
    }

    /// What it does.
    pub fn spec(&self) -> &TrialSpec {
        &self.trial.spec
    }

    /// Where it stands on the sweep's axes.
    pub fn point(&self) -> &AxisPoint {
        &self.trial.point
    }
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
    /// What it says of the commands it runs.
    pub commands: Vec<Declaration>,
    /// Its trials, in the order of [`SweepRecord::trials`].
    pub trials: Vec<TrialRecord>,
}
