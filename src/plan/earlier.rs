//! `runs/sweeps/<name>/earlier.jsonl`: finished trials that an earlier definition of the sweep held and today's does not.
//! They are nobody's leavings: someone ran them under this name, and they go only when that is asked for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use drr_core::trial_dir::{TrialDir, write_whole};
use drr_core::{Trial, TrialId, canonical};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sweep::Sweep;

/// A line: the trial, and where it stood on the axes of then.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct EarlierTrial {
    trial: TrialId,
    point: BTreeMap<String, Value>,
}

fn path(runs: &Path, sweep: &str) -> PathBuf {
    runs.join("sweeps").join(sweep).join("earlier.jsonl")
}

/// Takes down which finished trials left a sweep; those that are back in it are crossed out.
///
/// # Errors
/// A list that cannot be read or written.
pub fn note_earlier(record: &Sweep, left: &[Arc<Trial>], runs: &Path) -> io::Result<()> {
    let path = path(runs, &record.name);
    let known = read(&path)?;
    let was_empty = known.is_empty();
    let mut all: BTreeMap<TrialId, EarlierTrial> = known.into_iter().map(|it| (it.trial, it)).collect();
    for trial in left.iter().filter(|trial| TrialDir::new(runs, trial.id).is_complete()) {
        all.insert(trial.id, EarlierTrial { trial: trial.id, point: (*trial.point).clone() });
    }
    record.trials.iter().for_each(|trial| {
        all.remove(&trial.id);
    });
    if all.is_empty() && was_empty {
        return Ok(());
    }
    let lines = all.values().flat_map(|it| {
        let mut line = canonical::to_bytes(it);
        line.push(b'\n');
        line
    });
    write_whole(&path, &lines.collect::<Vec<u8>>())
}

/// The trials that earlier definitions of a recorded sweep held.
///
/// # Errors
/// A list that cannot be read.
pub fn read_earlier(runs: &Path, sweep: &str) -> io::Result<Vec<TrialId>> {
    Ok(read(&path(runs, sweep))?.into_iter().map(|it| it.trial).collect())
}

fn read(path: &Path) -> io::Result<Vec<EarlierTrial>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.map_err(|error| about(path, &error))?,
    };
    text.lines()
        .enumerate()
        .map(|(at, line)| serde_json::from_str(line).map_err(|error| about(path, &format!("line {}: {error}", at + 1))))
        .collect()
}

fn about(path: &Path, why: &impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::made_up::expanded;

    #[test]
    fn finished_trials_that_left_are_listed_until_they_are_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = folder.path();
        let text = "dataset = \"ml-100k\"\nseeds = 1\n[drr]\ntau = [0.001, 0.01]";
        let (both, one) = (expanded(text, &[]), expanded(text, &["tau=0.001"]));
        fs::create_dir_all(runs.join("sweeps").join(&both.name)).expect("made");
        note_earlier(&both, &[], runs).expect("nothing to write");
        assert!(!path(runs, &both.name).exists());
        let left: Vec<_> = both.trials.iter().filter(|it| !one.trials.contains(it)).cloned().collect();
        assert_eq!(left.len(), 2);
        let finished = TrialDir::new(runs, left[0].id);
        fs::create_dir_all(finished.path()).expect("made");
        fs::write(finished.result(), "{}").expect("written");
        note_earlier(&one, &left, runs).expect("written");
        assert_eq!(read_earlier(runs, &both.name).expect("readable"), [left[0].id], "the finished one alone");
        note_earlier(&both, &[], runs).expect("written");
        assert!(read_earlier(runs, &both.name).expect("readable").is_empty(), "it is back");
        fs::write(path(runs, &both.name), "{\n").expect("written");
        let error = read_earlier(runs, &both.name).expect_err("broken").to_string();
        assert!(error.contains("earlier.jsonl: line 1"), "{error}");
    }
}
