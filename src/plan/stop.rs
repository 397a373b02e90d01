//! `stopped.json` in a trial's folder: it was given up as hopeless before its end, by a rule of early stopping. Not a
//! failure and not a result; tables never mix it with finished trials. A new attempt removes it.

use std::path::PathBuf;
use std::{fs, io};

use drr_core::canonical;
use drr_core::trial_dir::{TrialDir, remove_if_there, write_whole};
use serde::{Deserialize, Serialize};

/// The version of the record's format.
const FORMAT: u32 = 1;

/// Why a trial was stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopRecord {
    /// Format of this record.
    pub format: u32,
    /// Which rule, at which step, by how much; for people.
    pub reason: String,
}

impl StopRecord {
    /// A record in today's format.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { format: FORMAT, reason: reason.into() }
    }
}

fn path(folder: &TrialDir) -> PathBuf {
    folder.path().join("stopped.json")
}

/// What is recorded of a stop. A record that cannot be read counts as none: the trial is then tried again.
pub fn read_stop(folder: &TrialDir) -> Option<StopRecord> {
    serde_json::from_slice(&fs::read(path(folder)).ok()?).ok()
}

/// Records a stop.
///
/// # Errors
/// Any failure of the file system.
pub fn write_stop(folder: &TrialDir, stop: &StopRecord) -> io::Result<()> {
    fs::create_dir_all(folder.path())?;
    write_whole(&path(folder), &canonical::to_bytes(stop))
}

/// Forgets a stop, before a new attempt.
///
/// # Errors
/// Any failure of the file system.
pub fn clear_stop(folder: &TrialDir) -> io::Result<()> {
    remove_if_there(&path(folder))
}
