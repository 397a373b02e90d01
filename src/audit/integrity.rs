//! Is what is stored as it was written? Folders against their seals, and the database against the folders: its rows
//! must be those that taking the folders in again would give.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use drr_core::finished::{self, Fault, Finished};
use drr_core::trial_dir::TrialDir;
use drr_core::{TrialId, TrialSpec, canonical};
use drr_kinds::KindOf as _;
use rayon::prelude::*;

use crate::error::Result;
use crate::plan::{read_sweep, recorded_sweeps};
use crate::store::{Status, Store, SweepRecord, TrialRow};

/// A trial's folder as it was found.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The trial.
    pub trial: TrialId,
    /// Its content, or what is wrong with it.
    pub found: std::result::Result<Finished, Fault>,
    /// In what the database differs from it.
    pub index: Option<String>,
}

impl Examined {
    /// What is wrong, in words; an unfinished trial is no fault.
    pub fn faults(&self) -> impl Iterator<Item = String> {
        let folder = match &self.found {
            Err(Fault::Changed(fault)) => Some(fault.clone()),
            Err(Fault::Unfinished(_)) | Ok(_) => None,
        };
        folder.into_iter().chain(self.index.clone())
    }
}

/// Trials that one thread examines at a time, over one connection.
const SOME: usize = 128;

/// Examines trials' folders, and their rows where there is a database.
///
/// # Errors
/// The database cannot be opened a second time, or memory for another cannot be had.
pub fn examine(runs: &Path, trials: &[TrialId], store: Option<&Store>) -> Result<Vec<Examined>> {
    let read = |&trial: &TrialId| Examined { trial, found: finished::read(&TrialDir::new(runs, trial)), index: None };
    let Some(store) = store else { return Ok(trials.par_iter().map(read).collect()) };
    let with_rows = |some: &[TrialId], store: &Store| -> Result<Vec<Examined>> {
        some.iter()
            .map(|trial| {
                let examined = read(trial);
                let index = examined.found.as_ref().map_or(Ok(None), |finished| index_fault(finished, store))?;
                Ok(Examined { index, ..examined })
            })
            .collect()
    };
    match store.another() {
        None => with_rows(trials, store),
        Some(open) => {
            let parts: Result<Vec<Vec<Examined>>> =
                trials.par_chunks(SOME).map(|some| with_rows(some, &open()?)).collect();
            Ok(parts?.into_iter().flatten().collect())
        }
    }
}

/// In what the rows of a finished trial differ from those that taking it in anew would give.
fn index_fault(finished: &Finished, store: &Store) -> Result<Option<String>> {
    if store.holds(finished).unwrap_or(false) {
        return Ok(None);
    }
    let mut expected = Store::in_memory()?;
    expected.take_in(finished)?;
    Ok(differs(&expected, store, finished.result.trial))
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
pub fn examine_index(runs: &Path, store: Option<&Store>, scope: Scope<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    let names = match scope {
        Scope::Sweep(name) => vec![name.to_owned()],
        Scope::Whole => match recorded_sweeps(runs) {
            Ok(names) => names,
            Err(error) => return vec![format!("cannot list the sweeps in {}: {error}", runs.display())],
        },
    };
    let mut specs: BTreeMap<String, TrialSpec> = BTreeMap::new();
    for name in &names {
        match sweep_faults(runs, store, name, &mut specs) {
            Ok(fault) => faults.extend(fault),
            Err(error) => faults.push(error.message),
        }
    }
    let Some(store) = store else { return faults };
    if scope == Scope::Whole {
        match store.sweep_names() {
            Ok(known) => {
                let lost = known.iter().filter(|name| !names.contains(name));
                faults.extend(lost.map(|name| format!("the database has a sweep `{name}` that has no folder")));
            }
            Err(error) => faults.push(error.message),
        }
    }
    match store.trial_rows() {
        Ok(rows) => {
            let concerned = |row: &&TrialRow| scope == Scope::Whole || specs.contains_key(&row.hash);
            let concerned: Vec<&TrialRow> = rows.iter().filter(concerned).collect();
            faults.extend(concerned.par_iter().filter_map(|row| row_fault(runs, row)).collect::<Vec<_>>());
            let known: BTreeSet<&str> = rows.iter().map(|row| row.hash.as_str()).collect();
            let missing = specs.keys().filter(|hash| !known.contains(hash.as_str()));
            faults.extend(missing.map(|hash| format!("the database has no row of trial {}", &hash[..12])));
        }
        Err(error) => faults.push(error.message),
    }
    faults
}

fn sweep_faults(
    runs: &Path,
    store: Option<&Store>,
    name: &str,
    specs: &mut BTreeMap<String, TrialSpec>,
) -> Result<Option<String>> {
    let sweep = read_sweep(runs, name)?;
    specs.extend(sweep.trials.iter().map(|trial| (trial.id.to_string(), trial.spec.clone())));
    let Some(store) = store else { return Ok(None) };
    let mut expected = Store::in_memory()?;
    expected.record_sweep(&SweepRecord::from(&sweep))?;
    Ok(first_difference(&expected.sweep_lines(name)?, &store.sweep_lines(name)?))
}

/// What is wrong with the row of a trial that has no result. Those of finished ones are compared as a whole.
fn row_fault(runs: &Path, row: &TrialRow) -> Option<String> {
    let fault = |what: &str| Some(format!("the database's row of trial {:.12} {what}", row.hash));
    let Ok(trial) = row.hash.parse::<TrialId>() else { return fault("has no id") };
    let Ok(spec) = serde_json::from_str::<TrialSpec>(&row.spec) else { return fault("has no spec") };
    if spec.id() != trial || canonical::to_bytes(&spec) != row.spec.as_bytes() || spec.stage().name() != row.stage {
        return fault("holds another spec than its id says");
    }
    let complete = TrialDir::new(runs, trial).is_complete();
    match (Status::from_name(&row.status), complete) {
        (None, _) => fault(&format!("has the unknown status `{}`", row.status)),
        (Some(Status::Finished), false) => fault("says it is finished, but there is no result.json"),
        _ => None,
    }
}
