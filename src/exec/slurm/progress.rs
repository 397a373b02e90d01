//! How far running trials are, read from what their journals gained since the last look.

use std::collections::HashMap;
use std::path::Path;

use drr_core::journal::{self, Point};
use drr_core::trial_dir::TrialDir;
use drr_core::{TrialId, TrialSpec};
use drr_kinds::KindOf as _;

/// Where each journal was read up to.
#[derive(Debug, Default)]
pub struct Progress {
    read: HashMap<TrialId, u64>,
}

/// What a journal gained.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPoints {
    /// The points.
    pub points: Vec<Point>,
    /// Units done and units in all.
    pub done: (u64, u64),
}

impl Progress {
    /// What the journal of a running trial gained; nothing if it cannot be read now.
    pub fn look(&mut self, runs: &Path, spec: &TrialSpec) -> Option<NewPoints> {
        let trial = spec.id();
        let from = self.read.entry(trial).or_default();
        let (points, to) = journal::read_on(&TrialDir::new(runs, trial).journal(), *from).ok()?;
        *from = to;
        let last = points.last()?.step;
        let total = spec.last_step().max(1);
        Some(NewPoints { points, done: (last.min(total), total) })
    }

    /// Forgets a trial that no longer runs.
    pub fn forget(&mut self, trial: TrialId) {
        self.read.remove(&trial);
    }
}
