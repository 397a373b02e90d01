//! What a sweep leaves in `runs/sweeps/<name>/` before it runs: the file as it was, and the trials it became, so that
//! the database can be rebuilt and a later edit of the file changes nothing that was recorded.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use drr_core::trial_dir::write_whole;
use drr_core::{TrialId, TrialSpec, canonical};
use serde::Serialize;
use serde_json::Value;

use crate::sweep::Sweep;

/// The version of the record's format.
const FORMAT: u32 = 1;

/// First line of `trials.jsonl`.
#[derive(Serialize)]
struct Head<'a> {
    format: u32,
    name: &'a str,
    axes: &'a [String],
}

/// A further line of `trials.jsonl`.
#[derive(Serialize)]
struct Member<'a> {
    trial: TrialId,
    point: &'a BTreeMap<String, Value>,
    spec: &'a TrialSpec,
}

/// Writes `sweep.toml` and `trials.jsonl`.
///
/// # Errors
/// Any failure of the file system.
pub fn write_sweep(sweep: &Sweep, runs: &Path) -> io::Result<()> {
    let folder = runs.join("sweeps").join(&sweep.name);
    fs::create_dir_all(&folder)?;
    let mut lines = canonical::to_bytes(&Head { format: FORMAT, name: &sweep.name, axes: &sweep.axes });
    lines.push(b'\n');
    for trial in &sweep.trials {
        lines.extend(canonical::to_bytes(&Member { trial: trial.id, point: &trial.point, spec: &trial.spec }));
        lines.push(b'\n');
    }
    write_whole(&folder.join("sweep.toml"), sweep.text.as_bytes())?;
    write_whole(&folder.join("trials.jsonl"), &lines)
}
