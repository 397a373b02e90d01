//! What is recorded, for verbs that only read: the database, or the folders where it cannot be read.

use std::path::Path;

use super::OutputFormat;
use crate::audit;
use crate::error::Result;
use crate::store::Store;

/// Opens what is recorded in `runs`; says so where it is read from the folders.
pub(super) fn open(runs: &Path, output: OutputFormat) -> Result<Store> {
    let (store, why) = audit::read_index(runs)?;
    if let (Some(why), OutputFormat::Human) = (why, output) {
        eprintln!("note: {why}; what is recorded is read from the folders");
    }
    Ok(store)
}
