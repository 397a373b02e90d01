//! Takes a bundle in. It is taken to be hostile: members go by known names only, into a folder of their own, no further
//! than a bound; a trial moves among the others when its digests hold, and never in the place of a finished one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;

use drr_core::TrialId;
use drr_core::finished;
use drr_core::neutral::{self, HiddenCharacter};
use drr_core::trial_dir::{IMPORTED, TrialDir};

use super::crate_metadata;
use super::member::BundleMember;
use super::unpack::{Unpacked, refuse, unpack};
use crate::error::{Error, Result};
use crate::plan::{parse_sweep, read_sweep, seal_record};
use crate::sweep::{Sweep, SweepRequest};

/// What a bundle brought.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Its sweeps, as they are recorded here now.
    pub sweeps: Vec<Sweep>,
    /// Those that were recorded here already with the same trials and another text; ours stays.
    pub other_text: Vec<String>,
    /// Trials taken in.
    pub taken: Vec<TrialId>,
    /// Trials that were finished here already, with the same metrics.
    pub known: usize,
    /// Trials that were finished here already, with other metrics; ours stay.
    pub contradicted: Vec<TrialId>,
    /// Descriptions of the datasets it stands on, as JSON.
    pub datasets: Vec<String>,
}

/// Takes in a bundle of at most `limit` bytes unpacked. The caller holds the lock and records what came.
///
/// # Errors
/// An archive that is not a bundle, is larger than `limit`, or whose digests do not hold; nothing is taken in then.
pub fn import(runs: &Path, file: &Path, limit: u64) -> Result<Imported> {
    let beside = runs.join("import");
    let cannot = |error: io::Error| Error::environment(format!("cannot write to {}: {error}", beside.display()));
    clear(&beside).map_err(cannot)?;
    let taken = unpack(file, &beside, limit).and_then(|members| take(runs, &beside, &members, file));
    clear(&beside).map_err(cannot)?;
    taken
}

fn clear(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Checks everything, then moves what is new into place.
fn take(runs: &Path, beside: &Path, members: &BTreeMap<String, Unpacked>, file: &Path) -> Result<Imported> {
    let refuse = |why: String| refuse(file, why);
    let environment = |error: io::Error| Error::environment(format!("cannot write to {}: {error}", runs.display()));
    let mut done = Imported {
        sweeps: Vec::new(),
        other_text: Vec::new(),
        taken: Vec::new(),
        known: 0,
        contradicted: Vec::new(),
        datasets: Vec::new(),
    };
    as_described(members).map_err(refuse)?;
    let mut trials = BTreeSet::new();
    for Unpacked { member, path, digest } in members.values() {
        match member {
            BundleMember::Trial { trial, .. } | BundleMember::Artifact { trial, .. } => {
                trials.insert(*trial);
            }
            BundleMember::Sweep { name, file } => {
                let other = if *file == "trials.jsonl" { "sweep.toml" } else { "trials.jsonl" };
                if !members.contains_key(&format!("sweeps/{name}/{other}")) {
                    return Err(refuse(format!("the sweep {name} is not whole: there is no {other}")));
                }
                if *file == "trials.jsonl" {
                    let text = fs::read_to_string(path.with_file_name(other))
                        .map_err(|error| refuse(format!("sweeps/{name}/{other} cannot be read: {error}")))?;
                    if let Some((hidden, line, _)) = HiddenCharacter::first_in_lines(&text) {
                        return Err(refuse(format!("line {line} of sweeps/{name}/sweep.toml holds {hidden}")));
                    }
                    let lines = BufReader::new(File::open(path).map_err(environment)?);
                    done.sweeps.push(parse_sweep(name, text, lines).map_err(|why| refuse(format!("{name}: {why}")))?);
                }
            }
            BundleMember::Diff(named) => {
                if digest != named {
                    return Err(refuse(format!("diffs/{named}.diff has another content")));
                }
            }
            BundleMember::Dataset(name) => {
                let text = fs::read_to_string(path).map_err(environment)?;
                neutral::check_record(text.as_bytes())
                    .map_err(|hidden| refuse(format!("datasets/{name}.json: {hidden}")))?;
                done.datasets.push(text);
            }
            BundleMember::Metadata => {}
        }
    }
    if done.sweeps.is_empty() {
        return Err(refuse("it holds no sweep".to_owned()));
    }
    let held: BTreeSet<TrialId> = done.sweeps.iter().flat_map(|sweep| sweep.trials.iter().map(|it| it.id)).collect();
    if let Some(stray) = trials.iter().find(|trial| !held.contains(trial)) {
        return Err(refuse(format!("its trial {} belongs to none of its sweeps", stray.short())));
    }
    let mut news = Vec::new();
    for trial in trials {
        let (theirs, ours) = (TrialDir::new(beside, trial), TrialDir::new(runs, trial));
        let read = finished::read(&theirs)
            .map_err(|fault| refuse(fault.to_string().replace(&beside.display().to_string(), "")))?;
        match finished::read(&ours) {
            Ok(known) if known.result.metrics_digest == read.result.metrics_digest => done.known += 1,
            Ok(_) => done.contradicted.push(trial),
            Err(_) if ours.is_complete() => return Err(refuse(format!("trial {} is damaged here", trial.short()))),
            Err(_) => news.push((trial, theirs, ours)),
        }
    }
    for sweep in &done.sweeps {
        let (theirs, ours) = (beside.join("sweeps").join(&sweep.name), runs.join("sweeps").join(&sweep.name));
        let content = |folder: &Path| fs::read(folder.join("trials.jsonl")).ok();
        if ours.exists() && content(&ours) != content(&theirs) {
            return Err(refuse(format!("another sweep is called {} here", sweep.name)));
        }
        let text = |folder: &Path| fs::read(folder.join("sweep.toml")).ok();
        if ours.exists() && text(&ours) != text(&theirs) {
            done.other_text.push(sweep.name.clone());
        }
    }
    for (trial, theirs, ours) in news {
        clear(ours.path())
            .and_then(|()| fs::create_dir_all(runs.join("trials")))
            .and_then(|()| fs::write(theirs.path().join(IMPORTED), ""))
            .and_then(|()| fs::rename(theirs.path(), ours.path()))
            .map_err(environment)?;
        done.taken.push(trial);
    }
    for part in ["sweeps", "diffs"] {
        adopt(&beside.join(part), &runs.join(part)).map_err(environment)?;
    }
    for sweep in &done.sweeps {
        SweepRequest::complete_record(&runs.join("sweeps").join(&sweep.name))?;
        seal_record(runs, &sweep.name).map_err(environment)?;
    }
    done.sweeps = done.sweeps.iter().map(|sweep| read_sweep(runs, &sweep.name)).collect::<Result<_>>()?;
    Ok(done)
}

/// Whether every member is as the bundle's own description says; a change on the way is found here, whatever the file.
fn as_described(members: &BTreeMap<String, Unpacked>) -> std::result::Result<(), String> {
    let metadata = members.get(crate_metadata::NAME).ok_or(format!("it has no {}", crate_metadata::NAME))?;
    let file = File::open(&metadata.path).map_err(|error| format!("{}: {error}", crate_metadata::NAME))?;
    let described = crate_metadata::digests(BufReader::new(file))?;
    for (name, unpacked) in members.iter().filter(|(name, _)| *name != crate_metadata::NAME) {
        match described.get(name) {
            Some(digest) if *digest == unpacked.digest.to_string() => {}
            Some(_) => return Err(format!("{name} is not as {} describes it", crate_metadata::NAME)),
            None => return Err(format!("{} describes no {name}", crate_metadata::NAME)),
        }
    }
    match described.keys().find(|name| !members.contains_key(*name)) {
        Some(name) => Err(format!("{name} is missing")),
        None => Ok(()),
    }
}

/// Moves entries that are not there yet.
fn adopt(from: &Path, to: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    fs::create_dir_all(to)?;
    for entry in entries {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if !target.exists() {
            fs::rename(entry.path(), target)?;
        }
    }
    Ok(())
}
