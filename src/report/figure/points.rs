//! Where the points of learning curves come from: the record alone, or also what still grows.

use crate::error::Result;
use crate::report::group::Group;
use crate::store::{Store, TrialRecord};

/// A curve as recorded so far: steps and values, by step.
type RawCurve = Vec<(u64, f64)>;

/// Reads a trial's points of a metric, whether or not it has ended.
type ReadPoints<'a> = dyn Fn(&TrialRecord, &str) -> Result<RawCurve> + 'a;

/// Which trials have a curve, and where it is read.
pub enum CurveSource<'a> {
    /// Finished trials, from the database.
    Recorded(&'a Store),
    /// All that have points, from wherever the function reads them.
    Growing(&'a ReadPoints<'a>),
}

impl CurveSource<'_> {
    /// The curves of a group's trials; none of those that have no point yet.
    pub(super) fn curves(&self, group: &Group<'_>, metric: &str) -> Result<Vec<RawCurve>> {
        let mut curves: Vec<RawCurve> = match self {
            Self::Recorded(store) => {
                group.finished().map(|trial| store.points(trial.id(), metric)).collect::<Result<_>>()?
            }
            Self::Growing(read) => group.trials.iter().map(|trial| read(trial, metric)).collect::<Result<_>>()?,
        };
        curves.retain(|curve| !curve.is_empty());
        Ok(curves)
    }

    /// Whether a group is shown whatever its final metric is: it has none while it runs.
    pub(super) fn is_growing(&self, group: &Group<'_>) -> bool {
        matches!(self, Self::Growing(_)) && group.trials.iter().any(|trial| trial.status == drr_core::Status::Running)
    }
}
