//! `drr-lab runs gc` and `rm`: what may go. A finished trial that a recorded sweep holds never does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use drr_core::TrialId;
use drr_core::trial_dir::TrialDir;
use serde_json::{Value, json};

use crate::cli::{Context, OutputFormat, target};
use crate::error::{Error, Exit, Result};
use crate::plan::{read_earlier, read_sweep};
use crate::store::{RunsLock, Store};
use crate::sweep::Sweep;

/// Whether to do it or to show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cleaning {
    Show,
    Do,
}

impl Cleaning {
    pub(super) fn of(yes: bool) -> Self {
        if yes { Self::Do } else { Self::Show }
    }
}

/// What becomes of finished trials that an earlier form of a recorded sweep held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Earlier {
    /// They stay.
    Keep,
    /// They go with the rest.
    Remove,
}

impl Earlier {
    pub(super) fn of(asked: bool) -> Self {
        if asked { Self::Remove } else { Self::Keep }
    }
}

/// Removes trials that no sweep holds, kept differences that no trial names, and what broken-off work left.
pub(super) fn run(context: &Context, mode: Cleaning, of_earlier: Earlier) -> Result<Exit> {
    let runs = &context.runs;
    let _lock = RunsLock::acquire(runs)?;
    let held = held(runs)?;
    let mut trials: Vec<TrialId> = target::trials(runs)?.into_iter().filter(|trial| !held.contains(trial)).collect();
    let earlier = earlier(runs, &trials)?;
    if of_earlier == Earlier::Keep {
        trials.retain(|trial| !earlier.contains_key(trial));
    }
    let rest = leftovers(runs, &trials).map_err(|error| cannot(runs, &error))?;
    let folders = trials.iter().map(|&trial| (TrialDir::new(runs, trial).path().to_owned(), earlier.get(&trial)));
    let paths: Vec<(PathBuf, Option<&String>)> = folders.chain(rest.into_iter().map(|path| (path, None))).collect();
    let mut bytes = 0;
    for (path, sweep) in &paths {
        let size = size(path).map_err(|error| cannot(path, &error))?;
        bytes += size;
        match (context.output, sweep) {
            (OutputFormat::Json, _) => println!(
                "{}",
                json!({"path": path, "bytes": size, "removed": mode == Cleaning::Do, "earlier_form_of": sweep})
            ),
            (_, Some(sweep)) => {
                println!("{:>10}  {}  finished, of an earlier form of {sweep}", kib(size), path.display());
            }
            (_, None) => println!("{:>10}  {}", kib(size), path.display()),
        }
    }
    if mode == Cleaning::Do {
        forget(runs, &trials)?;
        for (path, _) in &paths {
            remove(path).map_err(|error| cannot(path, &error))?;
        }
    }
    if context.output == OutputFormat::Human {
        let what = format!("{} entries, {} of them trials, {}", paths.len(), trials.len(), kib(bytes));
        match mode {
            Cleaning::Do => println!("removed {what}"),
            Cleaning::Show if paths.is_empty() && earlier.is_empty() => {
                println!("nothing to remove: sweeps refer to all there is");
            }
            Cleaning::Show if paths.is_empty() => println!("nothing to remove"),
            Cleaning::Show => println!("would remove {what}; nothing was removed: --yes does it"),
        }
    }
    if of_earlier == Earlier::Keep {
        say_kept(context.output, &earlier);
    }
    Ok(Exit::Done)
}

/// Says which finished trials stay though today's sweeps do not hold them.
fn say_kept(output: OutputFormat, earlier: &BTreeMap<TrialId, String>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    earlier.values().for_each(|sweep| *counts.entry(sweep).or_default() += 1);
    for (sweep, count) in counts {
        match output {
            OutputFormat::Json => println!("{}", json!({"kept": count, "earlier_form_of": sweep})),
            OutputFormat::Human => println!(
                "{count} finished trials stay though no sweep holds them: they are of an earlier form of {sweep}; --earlier \
                 offers them as well"
            ),
            OutputFormat::Quiet => {}
        }
    }
}

/// Which of these trials were finished ones of an earlier form of a recorded sweep, and of which.
fn earlier(runs: &Path, trials: &[TrialId]) -> Result<BTreeMap<TrialId, String>> {
    let mut found = BTreeMap::new();
    for name in target::sweeps(runs)? {
        for trial in read_earlier(runs, &name).map_err(|error| cannot(runs, &error))? {
            if trials.binary_search(&trial).is_ok() && TrialDir::new(runs, trial).is_complete() {
                found.insert(trial, name.clone());
            }
        }
    }
    Ok(found)
}

/// Forgets a sweep; its trials stay until `gc`.
pub(super) fn forget_sweep(context: &Context, sweep: &Sweep, mode: Cleaning) -> Result<Exit> {
    let folder = context.runs.join("sweeps").join(&sweep.name);
    if mode == Cleaning::Do {
        let _lock = RunsLock::acquire(&context.runs)?;
        if context.runs.join("lab.db").is_file() {
            Store::open(&context.runs)?.forget_sweep(&sweep.name)?;
        }
        remove(&folder).map_err(|error| cannot(&folder, &error))?;
    }
    if context.output == OutputFormat::Human {
        let name = &sweep.name;
        match mode {
            Cleaning::Do => println!("forgot the sweep {name}; `drr-lab runs gc` shows which trials nothing holds now"),
            Cleaning::Show => println!("would forget the sweep {name} of {} trials; --yes does it", sweep.trials.len()),
        }
    }
    Ok(Exit::Done)
}

/// Removes a trial, unless it is finished and a sweep holds it.
pub(super) fn remove_trial(context: &Context, trial: TrialId, mode: Cleaning) -> Result<Exit> {
    let folder = TrialDir::new(&context.runs, trial);
    let held = held(&context.runs)?.contains(&trial);
    if held && folder.is_complete() {
        return Err(Error::input(format!("trial {} is finished and a recorded sweep holds it", trial.short()))
            .hint("forget the sweep first with `drr-lab runs rm SWEEP`"));
    }
    if mode == Cleaning::Do {
        let _lock = RunsLock::acquire(&context.runs)?;
        if !held {
            forget(&context.runs, &[trial])?;
        }
        remove(folder.path()).map_err(|error| cannot(folder.path(), &error))?;
    }
    if context.output == OutputFormat::Human {
        let path = folder.path().display();
        println!(
            "{}",
            if mode == Cleaning::Do {
                format!("removed {path}")
            } else {
                format!("would remove {path}; --yes does it")
            }
        );
    }
    Ok(Exit::Done)
}

/// All trials of the recorded sweeps. A sweep that cannot be read stops everything: what it holds is not known.
fn held(runs: &Path) -> Result<BTreeSet<TrialId>> {
    let mut held = BTreeSet::new();
    for name in target::sweeps(runs)? {
        for trial in read_sweep(runs, &name)?.trials {
            held.extend(trial.spec.upstream());
            held.insert(trial.id);
        }
    }
    Ok(held)
}

/// Kept differences that no remaining trial names, and scratch folders of work that was broken off.
fn leftovers(runs: &Path, going: &[TrialId]) -> io::Result<Vec<PathBuf>> {
    let mut named = BTreeSet::new();
    for trial in TrialDir::all(runs)?.into_iter().filter(|trial| !going.contains(trial)) {
        let text = fs::read(TrialDir::new(runs, trial).provenance()).unwrap_or_default();
        let provenance: Value = serde_json::from_slice(&text).unwrap_or_default();
        named.extend(provenance["code"]["tree"]["diff"].as_str().map(|digest| format!("{digest}.diff")));
    }
    let mut found = Vec::new();
    for entry in list(&runs.join("diffs"))? {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !named.contains(&name) && !name.ends_with(".tmp") {
            found.push(entry.path());
        }
    }
    for entry in list(runs)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        let dead = name.strip_prefix("verify-").and_then(|pid| pid.parse::<u32>().ok()).is_some_and(|pid| !lives(pid));
        // The caller holds the lock, so no sweep runs of whose worker this is the copy.
        if dead || name == "reindex" || name == "import" || name == "worker" {
            found.push(entry.path());
        }
    }
    let kept: Vec<PathBuf> = TrialDir::all(runs)?
        .into_iter()
        .filter(|it| !going.contains(it))
        .map(|it| TrialDir::new(runs, it).path().to_owned())
        .collect();
    let sweeps = list(&runs.join("sweeps"))?.into_iter().map(|entry| entry.path());
    for folder in [runs.to_owned(), runs.join("diffs")].into_iter().chain(sweeps).chain(kept) {
        for entry in list(&folder)? {
            if is_half_written(&entry) && !found.contains(&entry.path()) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether it is what a program that is gone was writing, `NAME.PID.tmp`. A young one may be of a program on another machine.
fn is_half_written(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy().into_owned();
    let pid = name.strip_suffix(".tmp").and_then(|name| name.rsplit_once('.')?.1.parse::<u32>().ok());
    let age = entry.metadata().and_then(|about| about.modified()).ok().and_then(|written| written.elapsed().ok());
    pid.is_some_and(|pid| !lives(pid)) && age.is_some_and(|age| age > YOUNG)
}

/// How long nothing that another machine may be writing is touched.
const YOUNG: Duration = Duration::from_secs(600);

fn lives(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

fn list(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.collect(),
    }
}

fn forget(runs: &Path, trials: &[TrialId]) -> Result<()> {
    if !runs.join("lab.db").is_file() {
        return Ok(());
    }
    let mut store = Store::open(runs)?;
    trials.iter().try_for_each(|&trial| store.forget(trial))
}

fn size(path: &Path) -> io::Result<u64> {
    let about = fs::symlink_metadata(path)?;
    if !about.is_dir() {
        return Ok(about.len());
    }
    list(path)?.iter().map(|entry| size(&entry.path())).sum()
}

/// A finished folder loses its result first: broken off here, it is an unfinished one, never half a finished one.
fn remove(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return fs::remove_file(path);
    }
    match fs::remove_file(path.join("result.json")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::remove_dir_all(path)
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}

fn cannot(path: &Path, error: &io::Error) -> Error {
    Error::environment(format!("{}: {error}", path.display()))
}
