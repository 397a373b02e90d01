//! A write that waits for the database to be free.

use drr_core::{Status, TrialId};

use super::SweepRecord;

/// What waits to be written.
#[derive(Debug)]
pub(super) enum Waiting {
    Sweep(SweepRecord),
    Mark(TrialId, Status, Option<String>),
    /// Read again from its folder when its turn comes.
    Finished(TrialId),
}
