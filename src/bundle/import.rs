//! Takes a bundle in. It is taken to be hostile: members go by known names only, into a folder of their own, no further
//! than a bound; a trial moves among the others when its digests hold, and never in the place of a finished one.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use drr_core::finished;
use drr_core::neutral::{self, HiddenCharacter};
use drr_core::trial_dir::TrialDir;
use drr_core::{Digest, TrialId};
use zip::ZipArchive;

use super::member::Member;
use crate::error::{Error, Exit, Result};
use crate::plan::{parse_sweep, seal_record};
use crate::sweep::Sweep;

/// The most members a bundle may have: ten thousand trials and to spare.
const MOST_MEMBERS: usize = 100_000;

/// What a bundle brought.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Its sweeps.
    pub sweeps: Vec<Sweep>,
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

fn refuse(file: &Path, why: impl std::fmt::Display) -> Error {
    Error { exit: Exit::Mismatch, ..Error::input(format!("{} is not taken in: {why}", file.display())) }
}

/// Unpacks every member below `folder`, where nothing counts as finished.
fn unpack(file: &Path, folder: &Path, limit: u64) -> Result<Vec<(Member, PathBuf)>> {
    let opened = File::open(file).map_err(|error| Error::input(format!("cannot read {}: {error}", file.display())))?;
    let refuse = |why: String| refuse(file, why);
    let mut archive =
        ZipArchive::new(BufReader::new(opened)).map_err(|error| refuse(format!("it is no archive: {error}")))?;
    if archive.len() > MOST_MEMBERS {
        return Err(refuse(format!("it has {} members, more than {MOST_MEMBERS}", archive.len())));
    }
    let (mut left, mut seen, mut members) = (limit, BTreeSet::new(), Vec::new());
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| refuse(format!("a member cannot be read: {error}")))?;
        // As written, not as the library mends it.
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let shown: String = neutral::line(&name).chars().take(80).collect();
        let member = Member::parse(&name).filter(|_| entry.is_file());
        let member = member.ok_or_else(|| refuse(format!("its member `{shown}` is none a bundle holds")))?;
        if !seen.insert(name.clone()) {
            return Err(refuse(format!("it has two members `{shown}`")));
        }
        let path = folder.join(&name);
        let parent = path.parent().expect("a member lies in the folder");
        let made = fs::create_dir_all(parent).and_then(|()| File::create_new(&path));
        let mut to = made.map_err(|error| Error::environment(format!("cannot write {}: {error}", path.display())))?;
        // The size an archive declares is a claim; what is read counts.
        let copied = io::copy(&mut entry.take(left + 1), &mut to)
            .map_err(|error| refuse(format!("its member `{shown}` cannot be read: {error}")))?;
        left = left
            .checked_sub(copied)
            .ok_or_else(|| refuse(format!("it is larger than {limit} bytes; --limit allows more")))?;
        members.push((member, path));
    }
    Ok(members)
}

/// Checks everything, then moves what is new into place.
fn take(runs: &Path, beside: &Path, members: &[(Member, PathBuf)], file: &Path) -> Result<Imported> {
    let refuse = |why: String| refuse(file, why);
    let environment = |error: io::Error| Error::environment(format!("cannot write to {}: {error}", runs.display()));
    let mut done =
        Imported { sweeps: Vec::new(), taken: Vec::new(), known: 0, contradicted: Vec::new(), datasets: Vec::new() };
    let mut trials = BTreeSet::new();
    for (member, path) in members {
        match member {
            Member::Trial { trial, .. } => {
                trials.insert(*trial);
            }
            Member::Sweep { name, file: "trials.jsonl" } => {
                let read = |name: &str| fs::read_to_string(path.with_file_name(name));
                let (text, lines) = (read("sweep.toml"), read("trials.jsonl"));
                let (Ok(text), Ok(lines)) = (text, lines) else {
                    return Err(refuse(format!("the sweep {name} is not whole")));
                };
                if let Some((hidden, line, _)) = HiddenCharacter::first_in_lines(&text) {
                    return Err(refuse(format!("line {line} of sweeps/{name}/sweep.toml holds {hidden}")));
                }
                done.sweeps.push(parse_sweep(name, text, &lines).map_err(|why| refuse(format!("{name}: {why}")))?);
            }
            Member::Diff(digest) => {
                if Digest::of_file(path).map_err(environment)? != *digest {
                    return Err(refuse(format!("diffs/{digest}.diff has another content")));
                }
            }
            Member::Dataset(name) => {
                let text = fs::read_to_string(path).map_err(environment)?;
                neutral::check_record(text.as_bytes())
                    .map_err(|hidden| refuse(format!("datasets/{name}.json: {hidden}")))?;
                done.datasets.push(text);
            }
            Member::Metadata | Member::Sweep { .. } => {}
        }
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
    }
    for (trial, theirs, ours) in news {
        clear(ours.path())
            .and_then(|()| fs::create_dir_all(runs.join("trials")))
            .and_then(|()| fs::rename(theirs.path(), ours.path()))
            .map_err(environment)?;
        done.taken.push(trial);
    }
    for part in ["sweeps", "diffs"] {
        adopt(&beside.join(part), &runs.join(part)).map_err(environment)?;
    }
    done.sweeps.iter().try_for_each(|sweep| seal_record(runs, &sweep.name)).map_err(environment)?;
    Ok(done)
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
