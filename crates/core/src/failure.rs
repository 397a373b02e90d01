//! `failure.json` in a trial's folder: why the last attempt left no result. Like the journal it is the truth that the
//! database only indexes; a new attempt removes it.

use std::path::PathBuf;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::protocol::FailureKind;
use crate::trial_dir::{TrialDir, write_whole};

/// The version of the record's format. Version 1 had neither `exit` nor `log`.
const FORMAT: u32 = 2;

/// Why a trial has no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureRecord {
    /// Format of this record.
    pub format: u32,
    /// Whether trying again could help.
    pub kind: FailureKind,
    /// What went wrong, for people.
    pub message: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// How the worker's process ended, where that was the end of the last attempt: `exit code 3`, `SIGKILL`.
    #[serde(default)]
    pub exit: Option<String>,
    /// The last lines of the log.
    #[serde(default)]
    pub log: Vec<String>,
}

impl FailureRecord {
    /// A record in today's format.
    pub fn new(kind: FailureKind, message: impl Into<String>, attempts: u32) -> Self {
        Self { format: FORMAT, kind, message: message.into(), attempts, exit: None, log: Vec::new() }
    }

    /// Whether the same spec fails the same way again.
    pub fn is_deterministic(&self) -> bool {
        self.kind == FailureKind::Deterministic
    }
}

fn path(folder: &TrialDir) -> PathBuf {
    folder.path().join("failure.json")
}

/// The failure recorded for a trial. One that cannot be read counts as none: the trial is then tried again.
pub fn read_failure(folder: &TrialDir) -> Option<FailureRecord> {
    serde_json::from_slice(&fs::read(path(folder)).ok()?).ok()
}

/// Records a failure.
///
/// # Errors
/// Any failure of the file system.
pub fn write_failure(folder: &TrialDir, failure: &FailureRecord) -> io::Result<()> {
    fs::create_dir_all(folder.path())?;
    write_whole(&path(folder), &canonical::to_bytes(failure))
}

/// Forgets a failure, before a new attempt.
///
/// # Errors
/// Any failure of the file system.
pub fn clear_failure(folder: &TrialDir) -> io::Result<()> {
    match fs::remove_file(path(folder)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
