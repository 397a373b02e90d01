//! The end of a run's writing: what another program's lock kept out of the database.

use super::{Context, OutputFormat};
use crate::error::Result;
use crate::store::Store;

/// Whether the database has what became of the trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IndexState {
    /// All of it.
    Written,
    /// Some records wait for a lock.
    Behind,
}

/// Writes down what a lock kept from being written; says what still waits.
pub(super) fn catch_up(store: &mut Store, context: &Context) -> Result<IndexState> {
    match store.catch_up()? {
        0 => Ok(IndexState::Written),
        waiting => {
            if context.output != OutputFormat::Quiet {
                eprintln!(
                    "lab.db is still locked by {}: {waiting} records are not in it; the folders have them, and the next sweep \
                     or `drr-lab --runs {} runs reindex` catches it up",
                    store.locked_by(),
                    context.runs.display()
                );
            }
            Ok(IndexState::Behind)
        }
    }
}
