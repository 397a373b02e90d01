//! Is what is stored as it was written? Folders against their seals, and the database against the folders: its rows
//! must be those that taking the folders in again would give.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use drr_core::artifacts;
use drr_core::finished::{self, Fault, Finished};
use drr_core::replayed;
use drr_core::trial_dir::{IMPORTED, TrialDir};
use drr_core::{Digest, Status, TrialId, TrialSpec, canonical};
use drr_kinds::KindOf as _;
use rayon::prelude::*;

use crate::error::Result;
use crate::plan::{RecordFault, RecordSeal, read_failure, read_stop, read_sweep, recorded_sweeps};
use crate::store::{Store, SweepRecord, TrialRecord, TrialRow, unfit};
use crate::sweep::{GivenDivisions, Sweep, SweepRequest};

/// A trial's folder as it was found.
#[derive(Clone, Debug)]
pub struct ExaminedFolder {
    /// The trial.
    pub trial: TrialId,
    /// Its content, or what is wrong with it.
    pub found: std::result::Result<Finished, Fault>,
    /// In what the database differs from it.
    pub index: Option<IndexFault>,
}

/// In what the database differs from the folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexFault {
    /// It is as it was before the last records: something ended the program, or kept it from writing. Nothing is wrong, and
    /// `drr-lab runs reindex` or the next sweep catches it up.
    Behind(String),
    /// It says something that was never recorded, or a recorded sweep is not as it was written.
    Changed(String),
}

impl ExaminedFolder {
    /// What is wrong, in words; an unfinished trial is no fault.
    pub fn faults(&self) -> impl Iterator<Item = String> {
        let folder = match &self.found {
            Err(Fault::Changed(fault)) => Some(fault.clone()),
            Err(Fault::Unfinished(_)) | Ok(_) => None,
        };
        let index = match &self.index {
            Some(IndexFault::Changed(fault)) => Some(fault.clone()),
            Some(IndexFault::Behind(_)) | None => None,
        };
        folder.into_iter().chain(index)
    }
}

/// Trials that one thread examines at a time, over one connection.
const SOME: usize = 128;

/// Examines trials' folders, and their rows where there is a database.
///
/// # Errors
/// The database cannot be opened a second time, or memory for another cannot be had.
pub fn examine(runs: &Path, trials: &[TrialId], store: Option<&Store>) -> Result<Vec<ExaminedFolder>> {
    let read =
        |&trial: &TrialId| ExaminedFolder { trial, found: read_folder(&TrialDir::new(runs, trial)), index: None };
    let Some(store) = store else { return Ok(trials.par_iter().map(read).collect()) };
    let with_rows = |some: &[TrialId], store: &Store| -> Result<Vec<ExaminedFolder>> {
        some.iter()
            .map(|trial| {
                let examined = read(trial);
                let index = examined.found.as_ref().map_or(Ok(None), |finished| index_fault(finished, store))?;
                Ok(ExaminedFolder { index, ..examined })
            })
            .collect()
    };
    match store.another() {
        None => with_rows(trials, store),
        Some(open) => {
            let parts: Result<Vec<Vec<ExaminedFolder>>> =
                trials.par_chunks(SOME).map(|some| with_rows(some, &open()?)).collect();
            Ok(parts?.into_iter().flatten().collect())
        }
    }
}

/// A trial's folder, with every file in it.
fn read_folder(folder: &TrialDir) -> std::result::Result<Finished, Fault> {
    let finished = finished::read(folder)?;
    match stray(folder.path(), &TRIAL_FILES) {
        Some(stray) => Err(Fault::Changed(format!("{} is no file of a trial", stray.display()))),
        None => Ok(finished),
    }
}

/// The files of a finished trial's folder.
const TRIAL_FILES: [&str; 11] = [
    "spec.json",
    "provenance.json",
    "journal.jsonl",
    "model.safetensors",
    "result.json",
    "log.txt",
    "failure.json",
    "stopped.json",
    artifacts::FOLDER,
    replayed::FILE,
    IMPORTED,
];

/// The files of a recorded sweep's folder.
const SWEEP_FILES: [&str; 5] = ["sweep.toml", "trials.jsonl", "seal.json", "earlier.jsonl", "request.json"];

/// A file that has no business in a folder. Half-written files of killed programs and claims of cluster tasks have.
fn stray(folder: &Path, known: &[&str]) -> Option<PathBuf> {
    let mut names: Vec<_> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    let is_stray = |name: &OsString| {
        let name = name.to_string_lossy();
        !known.contains(&name.as_ref()) && !name.ends_with(".tmp") && !name.starts_with("claim.")
    };
    names.into_iter().find(is_stray).map(|name| folder.join(name))
}

/// Kept differences of the sources whose content is not what their name says.
fn diff_faults(runs: &Path) -> Vec<IndexFault> {
    let entries = std::fs::read_dir(runs.join("diffs")).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let fault = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".tmp") {
            return None;
        }
        let Some(named) = name.strip_suffix(".diff").and_then(|name| name.parse::<Digest>().ok()) else {
            return Some(format!("{} is no kept difference", path.display()));
        };
        match Digest::of_file(path) {
            Ok(found) if found == named => None,
            Ok(_) => Some(format!("{} is not as it was written", path.display())),
            Err(error) => Some(format!("cannot read {}: {error}", path.display())),
        }
    };
    paths.par_iter().filter_map(fault).map(IndexFault::Changed).collect()
}

/// In what the rows of a finished trial differ from those that taking it in anew would give.
fn index_fault(finished: &Finished, store: &Store) -> Result<Option<IndexFault>> {
    if store.holds(finished).unwrap_or(false) {
        return Ok(None);
    }
    if let Some(why) = unfit(finished) {
        return Ok(Some(IndexFault::Changed(why)));
    }
    let trial = finished.result.trial;
    // A result reaches the database after the folder. A row that tells of none is from before.
    match store.status_name(trial).map(|name| name.map(|name| Status::from_name(&name))) {
        Ok(None) => return Ok(Some(IndexFault::Behind(format!("trial {} is not in it", trial.short())))),
        Ok(Some(Some(Status::Pending | Status::Queued | Status::Running | Status::Failed | Status::Stopped))) => {
            return Ok(Some(IndexFault::Behind(format!("the result of trial {} is not in it", trial.short()))));
        }
        Ok(Some(Some(Status::Finished) | None)) | Err(_) => {}
    }
    let mut expected = Store::in_memory()?;
    expected.take_in(finished)?;
    Ok(differs(&expected, store, trial).map(IndexFault::Changed))
}

fn differs(expected: &Store, store: &Store, trial: TrialId) -> Option<String> {
    let lines = |store: &Store| store.trial_lines(trial).map_err(|error| error.message);
    match (lines(expected), lines(store)) {
        (Err(error), _) | (_, Err(error)) => Some(format!("the database cannot be read: {error}")),
        (Ok(expected), Ok(found)) => first_difference(&expected, &found),
    }
}

fn first_difference(expected: &[String], found: &[String]) -> Option<String> {
    if expected == found {
        return None;
    }
    let at = expected.iter().zip(found).take_while(|(one, other)| one == other).count();
    let line = |lines: &[String]| lines.get(at).map_or_else(|| "nothing".to_owned(), |line| line.replace('\t', " "));
    let (expected, found) = (line(expected), line(found));
    // From a little before the place where they part.
    let same = expected.chars().zip(found.chars()).take_while(|(one, other)| one == other).count();
    let show = |line: &str| -> String {
        let from = if same > 60 { same - 20 } else { 0 };
        let start = if from > 0 { "…" } else { "" };
        let end = if line.chars().count() > from + 100 { "…" } else { "" };
        format!("{start}{}{end}", line.chars().skip(from).take(100).collect::<String>())
    };
    let what: String = expected.chars().take_while(|character| *character != ' ').collect();
    Some(format!("the database has for this {what}: {}; the folders have: {}", show(&found), show(&expected)))
}

/// How much of the index is examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// One sweep.
    Sweep(&'a str),
    /// All of it.
    Whole,
}

/// Examines what is recorded of sweeps, and the rows of trials that are not finished; names every fault.
pub fn examine_index(runs: &Path, store: Option<&Store>, scope: Scope<'_>) -> Vec<IndexFault> {
    let changed = |fault: String| IndexFault::Changed(fault);
    let mut faults = Vec::new();
    let names = match scope {
        Scope::Sweep(name) => vec![name.to_owned()],
        Scope::Whole => match recorded_sweeps(runs) {
            Ok(names) => names,
            Err(error) => return vec![changed(format!("cannot list the sweeps in {}: {error}", runs.display()))],
        },
    };
    let mut specs: BTreeMap<String, TrialSpec> = BTreeMap::new();
    for name in &names {
        match sweep_faults(runs, store, name, &mut specs) {
            Ok(fault) => faults.extend(fault),
            Err(error) => faults.push(changed(error.message)),
        }
    }
    faults.extend(diff_faults(runs));
    let Some(store) = store else { return faults };
    if scope == Scope::Whole {
        match store.sweep_names() {
            Ok(known) => {
                let lost = known.iter().filter(|name| !names.contains(name));
                faults
                    .extend(lost.map(|name| changed(format!("the database has a sweep `{name}` that has no folder"))));
            }
            Err(error) => faults.push(changed(error.message)),
        }
    }
    match store.trial_rows() {
        Ok(rows) => {
            let concerned = |row: &&TrialRow| scope == Scope::Whole || specs.contains_key(&row.hash);
            let concerned: Vec<&TrialRow> = rows.iter().filter(concerned).collect();
            let found: Vec<String> = concerned.par_iter().filter_map(|row| row_fault(runs, row)).collect();
            faults.extend(found.into_iter().map(changed));
            let known: BTreeSet<&str> = rows.iter().map(|row| row.hash.as_str()).collect();
            let missing = specs.keys().filter(|hash| !known.contains(hash.as_str()));
            faults.extend(missing.map(|hash| IndexFault::Behind(format!("trial {} is not in it", &hash[..12]))));
        }
        Err(error) => faults.push(changed(error.message)),
    }
    faults
}

fn sweep_faults(
    runs: &Path,
    store: Option<&Store>,
    name: &str,
    specs: &mut BTreeMap<String, TrialSpec>,
) -> Result<Option<IndexFault>> {
    let sweep = read_sweep(runs, name)?;
    specs.extend(sweep.trials.iter().map(|trial| (trial.id.to_string(), trial.spec.clone())));
    if let Some(stray) = stray(&runs.join("sweeps").join(name), &SWEEP_FILES) {
        return Ok(Some(IndexFault::Changed(format!("{} is no file of a recorded sweep", stray.display()))));
    }
    let seal = RecordSeal::read(runs, name)?;
    if let Some(fault) = seal.as_ref().and_then(|seal| seal.fault(runs, name)) {
        return Ok(Some(match fault {
            RecordFault::Changed(fault) => IndexFault::Changed(fault),
            RecordFault::BrokenOff => IndexFault::Behind(format!(
                "the record of the sweep {name} was being written when the program ended; run the sweep again"
            )),
        }));
    }
    SweepRequest::of_record(&runs.join("sweeps").join(name))?;
    let Some(store) = store else { return Ok(None) };
    let mut expected = Store::in_memory()?;
    expected.record_sweep(&SweepRecord::from(&sweep))?;
    let found = store.sweep_lines(name)?;
    let difference = first_difference(&expected.sweep_lines(name)?, &found);
    Ok(difference.map(|difference| match found.is_empty() || is_earlier(store, name, seal.as_ref()) {
        true => IndexFault::Behind(format!("the sweep {name} is not in it as it was recorded last")),
        false => IndexFault::Changed(difference),
    }))
}

/// Whether the database has a sweep exactly as it was recorded before the last time.
fn is_earlier(store: &Store, name: &str, seal: Option<&RecordSeal>) -> bool {
    let (Some(seal), Ok(Some(stored))) = (seal, store.sweep(name)) else { return false };
    let trial = |it: TrialRecord| it.trial;
    let trials = stored.trials.into_iter().map(trial).collect();
    seal.was(&Sweep {
        name: stored.name,
        text: stored.source,
        axes: stored.axes,
        configurations: 0,
        seeds: 0,
        trials,
        declarations: stored.commands,
        probe: 0,
        place: None,
        given: GivenDivisions::new(),
    })
}

/// What is wrong with the row of a trial that has no result. Those of finished ones are compared as a whole.
fn row_fault(runs: &Path, row: &TrialRow) -> Option<String> {
    let fault = |what: &str| Some(format!("the database's row of trial {:.12} {what}", row.hash));
    let Ok(trial) = row.hash.parse::<TrialId>() else { return fault("has no id") };
    let Ok(spec) = serde_json::from_str::<TrialSpec>(&row.spec) else { return fault("has no spec") };
    if spec.id() != trial || canonical::to_bytes(&spec) != row.spec.as_bytes() || spec.stage().name() != row.stage {
        return fault("holds another spec than its id says");
    }
    let folder = TrialDir::new(runs, trial);
    let complete = folder.is_complete();
    // What stands on a failed trial has a reason of its own and no file.
    let own = |reason: Option<String>| match (&row.failure, reason) {
        (Some(row), Some(file)) => *row == file || row.starts_with("upstream "),
        (Some(row), None) => row.starts_with("upstream "),
        (None, _) => false,
    };
    match (Status::from_name(&row.status), complete) {
        (Some(Status::Failed), false) if !own(read_failure(&folder).map(|it| it.message)) => {
            fault("says another reason of its failure than failure.json")
        }
        (Some(Status::Stopped), false) if !own(read_stop(&folder).map(|it| it.reason)) => {
            fault("says another reason why it was stopped than stopped.json")
        }
        (None, _) => fault(&format!("has the unknown status `{}`", row.status)),
        (Some(Status::Finished), false) => fault("says it is finished, but there is no result.json"),
        _ => None,
    }
}
