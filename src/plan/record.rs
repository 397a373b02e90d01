//! What a sweep leaves in `runs/sweeps/<name>/` before it runs: the file as it was, all that was asked for, and the trials
//! it became, so that the database can be rebuilt and a later edit of a file changes nothing that was recorded.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use drr_core::trial_dir::write_whole;
use drr_core::{Trial, canonical, neutral};
use drr_kinds::command::Declaration;
use rayon::prelude::*;
use serde::Deserialize;

use super::record_lines::{FILES, FORMAT, RecordHead, lines};
use super::record_seal::RecordSeal;
use crate::error::{Error, Result};
use crate::sweep::{GivenDivisions, Sweep, SweepRequest};

/// Writes `sweep.toml`, `request.json` and `trials.jsonl`, and before them their seal.
///
/// # Errors
/// Any failure of the file system.
pub fn write_sweep(sweep: &Sweep, request: &SweepRequest, runs: &Path) -> io::Result<()> {
    let folder = runs.join("sweeps").join(&sweep.name);
    fs::create_dir_all(&folder)?;
    let (request, lines) = (request.kept(&sweep.given), lines(sweep));
    let contents: [&[u8]; FILES.len()] = [sweep.text.as_bytes(), &request, &lines];
    let files: Vec<(&str, &[u8])> = FILES.into_iter().zip(contents).collect();
    RecordSeal::write(runs, &sweep.name, &files)?;
    files.iter().try_for_each(|(name, bytes)| write_whole(&folder.join(name), bytes))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadHead {
    format: u32,
    name: String,
    axes: Vec<String>,
    #[serde(default)]
    commands: Vec<Declaration>,
}

/// The names of the sweeps recorded in a runs folder, sorted.
///
/// # Errors
/// The folder cannot be listed.
pub fn recorded_sweeps(runs: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(runs.join("sweeps")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("trials.jsonl").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Reads what [`write_sweep`] wrote, and checks that it is as it was written.
///
/// # Errors
/// A file that is not there, was changed, or was written by a newer program.
pub fn read_sweep(runs: &Path, name: &str) -> Result<Sweep> {
    let folder = runs.join("sweeps").join(name);
    let (text, lines) = (folder.join("sweep.toml"), folder.join("trials.jsonl"));
    let cannot = |path: &Path, error: io::Error| Error::environment(format!("cannot read {}: {error}", path.display()));
    let text = fs::read_to_string(&text).map_err(|error| cannot(&text, error))?;
    let file = fs::File::open(&lines).map_err(|error| cannot(&lines, error))?;
    parse_sweep(name, text, BufReader::new(file))
        .map_err(|why| Error::environment(format!("{}: {why}", lines.display())))
}

/// Lines that are read at a time.
const BATCH: usize = 4096;

/// A recorded sweep from its two files, the second one line by line.
///
/// # Errors
/// What is wrong with it, and in which line.
pub fn parse_sweep(name: &str, text: String, mut lines: impl BufRead) -> std::result::Result<Sweep, String> {
    let changed = || "it is not as it was written".to_owned();
    let mut next = || -> std::result::Result<Option<String>, String> {
        let mut line = String::new();
        match lines.read_line(&mut line).map_err(|error| error.to_string())? {
            0 => Ok(None),
            // Every line that was written ends.
            _ => line.pop().filter(|end| *end == '\n').map(|_| Some(line)).ok_or_else(changed),
        }
    };
    let first = next()?.ok_or("it is empty")?;
    neutral::check_record(first.as_bytes()).map_err(|hidden| format!("line 1: {hidden}"))?;
    let head: ReadHead = serde_json::from_str(&first).map_err(|error| format!("line 1: {error}"))?;
    match head.format {
        1..=FORMAT => {}
        newer if newer > FORMAT => return Err(format!("format {newer} is newer than this program reads ({FORMAT})")),
        unknown => return Err(format!("there never was a format {unknown}")),
    }
    if head.name != name {
        return Err(format!("it belongs to the sweep `{}`", head.name));
    }
    if canonical::to_bytes(&RecordHead::new(name, &head.axes, &head.commands)) != first.as_bytes() {
        return Err(changed());
    }
    let read = |(at, row): (usize, &String)| -> std::result::Result<Arc<Trial>, String> {
        neutral::check_record(row.as_bytes()).map_err(|hidden| format!("line {at}: {hidden}"))?;
        let trial: Trial = serde_json::from_str(row).map_err(|error| format!("line {at}: {error}"))?;
        let id = trial.spec.id();
        if id != trial.id {
            return Err(format!("line {at}: the spec hashes to {}, not to {}", id.short(), trial.id.short()));
        }
        if canonical::to_bytes(&trial) != row.as_bytes() {
            return Err(changed());
        }
        Ok(Arc::new(trial))
    };
    let (mut trials, mut seeds) = (Vec::new(), BTreeSet::new());
    loop {
        let batch = (0..BATCH).map_while(|_| next().transpose()).collect::<std::result::Result<Vec<String>, _>>()?;
        // The head is line 1.
        let done = trials.len() + 2;
        let parsed: Vec<_> = batch.par_iter().enumerate().map(|(at, row)| read((done + at, row))).collect();
        for trial in parsed {
            let trial = trial?;
            seeds.insert(trial.spec.seed);
            trials.push(trial);
        }
        if batch.len() < BATCH {
            break;
        }
    }
    // How many configurations there were matters to whoever expands, not to whoever reads.
    Ok(Sweep {
        name: head.name,
        text,
        axes: head.axes,
        configurations: 0,
        seeds: seeds.len(),
        trials,
        declarations: head.commands,
        probe: 0,
        place: None,
        given: GivenDivisions::new(),
    })
}
