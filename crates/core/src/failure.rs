//! `failure.json` in a trial's folder: why the last attempt left no result. Like the journal it is the truth that the
//! database only indexes; a new attempt removes it.

use std::path::PathBuf;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::excerpt::excerpt;
use crate::protocol::FailureKind;
use crate::trial_dir::{TrialDir, remove_if_there, write_whole};

/// The version of the record's format. Version 1 had neither `exit` nor `log`.
const FORMAT: u32 = 2;

/// Lines of a log that a record holds at most.
pub const LOG_LINES: usize = 10;

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
    /// A record in today's format; of a long message it keeps the beginning.
    pub fn new(kind: FailureKind, message: impl AsRef<str>, attempts: u32) -> Self {
        Self { format: FORMAT, kind, message: excerpt(message.as_ref()), attempts, exit: None, log: Vec::new() }
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
    let record: FailureRecord = serde_json::from_slice(&fs::read(path(folder)).ok()?).ok()?;
    // Another machine or an older program may have written more than this one would.
    let log = record.log.iter().take(LOG_LINES).map(|line| excerpt(line)).collect();
    Some(FailureRecord { message: excerpt(&record.message), exit: record.exit.as_deref().map(excerpt), log, ..record })
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
    remove_if_there(&path(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Digest, TrialId};

    #[test]
    fn of_a_long_message_the_beginning_is_kept_and_read() {
        let runs = tempfile::tempdir().expect("a folder");
        let folder = TrialDir::new(runs.path(), TrialId(Digest::of(b"trial")));
        let long = "no room for the tensor; ".repeat(200_000);
        let failure = FailureRecord::new(FailureKind::Environment, &long, 1);
        assert!(failure.message.len() < 3_000 && failure.message.starts_with("no room for the tensor; "));
        write_failure(&folder, &failure).expect("written");
        assert_eq!(read_failure(&folder), Some(failure.clone()));
        let log = vec![long.clone(); 12];
        write_failure(&folder, &FailureRecord { message: long, log, ..failure.clone() }).expect("written");
        let read = read_failure(&folder).expect("there");
        assert_eq!(read.message, failure.message);
        assert!(read.log.len() == LOG_LINES && read.log.iter().all(|line| line.len() < 3_000));
    }
}
