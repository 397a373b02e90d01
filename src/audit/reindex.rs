//! The database, built anew from the folders: the sweeps as recorded, every finished trial, every failure.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::{fs, io};

use drr_core::finished::{self, Fault};
use drr_core::trial_dir::TrialDir;
use drr_core::{Status, TrialId};
use drr_kinds::{KindOf as _, Stage};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::plan::{blocked, read_failure, read_stop, read_sweep, recorded_sweeps, was_stopped};
use crate::store::{Reading, Store, SweepRecord, unfit};
use crate::sweep::Sweep;

/// What a rebuilt database holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reindexed {
    /// Sweeps.
    pub sweeps: usize,
    /// Finished trials.
    pub finished: usize,
    /// Failed trials.
    pub failed: usize,
    /// Folders that were left out, and why.
    pub left_out: Vec<String>,
}

/// Builds `lab.db` of a runs folder anew beside the old one and puts it in its place. The caller holds the lock.
///
/// # Errors
/// A recorded sweep that was changed, or a failure of the file system or the database; the old database stays then.
pub fn reindex(runs: &Path) -> Result<Reindexed> {
    let beside = runs.join("reindex");
    let cannot = |error: io::Error| Error::environment(format!("cannot write to {}: {error}", runs.display()));
    remove(&beside).map_err(cannot)?;
    let done = fill(runs, &mut Store::open(&beside)?)?;
    for end in ["-wal", "-shm"] {
        match fs::remove_file(runs.join(format!("lab.db{end}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot(error)),
            _ => {}
        }
    }
    fs::rename(beside.join("lab.db"), runs.join("lab.db")).map_err(cannot)?;
    remove(&beside).map_err(cannot)?;
    Ok(done)
}

/// What is recorded, to be read: the database; where there is none to read, what it would hold, from the folders, and why.
///
/// # Errors
/// Nothing is recorded, or what is recorded cannot be read.
pub fn read_index(runs: &Path) -> Result<(Store, Option<String>)> {
    let why = match Store::read(runs)? {
        Reading::Database(store) => return Ok((store, None)),
        Reading::Unreadable(why) => why,
    };
    if recorded_sweeps(runs).is_ok_and(|names| !names.is_empty()) {
        return Ok((from_folders(runs)?, Some(why)));
    }
    Store::open_existing(runs).map(|store| (store, None))
}

/// What the database of a runs folder should hold; kept in memory.
///
/// # Errors
/// A recorded sweep that was changed, or a folder that cannot be read.
pub fn from_folders(runs: &Path) -> Result<Store> {
    let mut store = Store::in_memory()?;
    fill(runs, &mut store)?;
    Ok(store)
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn fill(runs: &Path, store: &mut Store) -> Result<Reindexed> {
    let cannot = |error: io::Error| Error::environment(format!("cannot read {}: {error}", runs.display()));
    let mut done = Reindexed::default();
    let mut sweeps = Vec::new();
    for name in recorded_sweeps(runs).map_err(cannot)? {
        let sweep = read_sweep(runs, &name)?;
        store.record_sweep(&SweepRecord::from(&sweep))?;
        sweeps.push(sweep);
    }
    done.sweeps = sweeps.len();
    let trials = TrialDir::all(runs).map_err(cannot)?;
    for some in trials.chunks(256) {
        let read: Vec<_> = some.par_iter().map(|&trial| finished::read(&TrialDir::new(runs, trial))).collect();
        for found in read {
            match found {
                Ok(finished) => match unfit(&finished) {
                    Some(why) => done.left_out.push(why),
                    None => {
                        store.take_in(&finished)?;
                        done.finished += 1;
                    }
                },
                Err(Fault::Unfinished(_)) => {}
                Err(Fault::Changed(fault)) => done.left_out.push(fault),
            }
        }
    }
    for sweep in &sweeps {
        done.failed += mark_failures(runs, store, sweep)?;
    }
    Ok(done)
}

/// Failures as the folders tell them: a trial's own, or that of the first trial it stands on.
fn mark_failures(runs: &Path, store: &mut Store, sweep: &Sweep) -> Result<usize> {
    let stages: HashMap<TrialId, Stage> = sweep.trials.iter().map(|trial| (trial.id, trial.spec.stage())).collect();
    let mut reasons: HashMap<TrialId, String> = HashMap::new();
    let mut stopped = HashSet::new();
    for trial in &sweep.trials {
        let folder = TrialDir::new(runs, trial.id);
        if folder.is_complete() {
            continue;
        }
        let upstream = trial.spec.upstream();
        let stop = read_stop(&folder).map(|stop| stop.reason).or_else(|| {
            let above = upstream.iter().find(|above| stopped.contains(*above))?;
            Some(was_stopped(*stages.get(above)?, &above.short()))
        });
        if let Some(reason) = stop {
            store.mark(trial.id, Status::Stopped, Some(&reason))?;
            stopped.insert(trial.id);
            continue;
        }
        let own = read_failure(&folder).map(|failure| failure.message);
        let reason = own.or_else(|| {
            let (above, reason) = upstream.iter().find_map(|above| Some((above, reasons.get(above)?)))?;
            Some(blocked(*stages.get(above)?, &above.short(), reason))
        });
        if let Some(reason) = reason {
            store.mark(trial.id, Status::Failed, Some(&reason))?;
            reasons.insert(trial.id, reason);
        }
    }
    Ok(reasons.len())
}
