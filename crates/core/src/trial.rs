//! One trial of a sweep, and how far it is: what sweep, plan, store, executors and reports all speak of.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{TrialId, TrialSpec};

/// A trial's value on each axis that concerns it, by the field's full name, for example `drr.tau`. A PMF trial has no
/// `drr.*`, nor has the evaluation of a static policy.
pub type AxisPoint = BTreeMap<String, Value>;

/// A trial and its place in a sweep. Serialised it is a line of a recorded sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its identity.
    #[serde(rename = "trial")]
    pub id: TrialId,
    /// What it does.
    pub spec: TrialSpec,
    /// Where it stands on the axes that concern it.
    pub point: Arc<AxisPoint>,
}

impl Trial {
    /// A trial, with the identity that its spec gives it.
    pub fn new(spec: TrialSpec, point: impl Into<Arc<AxisPoint>>) -> Self {
        Self { id: spec.id(), spec, point: point.into() }
    }
}

/// How far a trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not begun.
    Pending,
    /// It waits for a place to run; all it stands on is finished.
    Queued,
    /// Handed to a worker; after a crash of the supervisor a record may say so for ever, the trial's folder knows better.
    Running,
    /// It has a result.
    Finished,
    /// It ended without a result, or what it stands on did.
    Failed,
    /// It was given up as hopeless before its end, it or what it stands on.
    Stopped,
}

impl Status {
    /// All there are, in the order of a trial's life.
    pub const ALL: [Status; 6] =
        [Status::Pending, Status::Queued, Status::Running, Status::Finished, Status::Failed, Status::Stopped];

    /// The name records and tables use.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Queued => "queued",
            Status::Running => "running",
            Status::Finished => "finished",
            Status::Failed => "failed",
            Status::Stopped => "stopped",
        }
    }

    /// The status with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether it is over: a sweep begun again leaves it as it is unless it is asked to try once more.
    pub fn is_over(self) -> bool {
        matches!(self, Status::Finished | Status::Failed | Status::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_found_by_its_name() {
        assert!(Status::ALL.into_iter().all(|status| Status::from_name(status.name()) == Some(status)));
        assert_eq!(Status::from_name("found"), None);
    }
}
