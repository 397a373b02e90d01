//! `runs/sweeps/<name>/seal.json`: the digests of a sweep's recorded files, of now and of before, so that a change is told
//! from a recording that was broken off, without the database. Records of older programs have none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use drr_core::trial_dir::write_whole;
use drr_core::{Digest, canonical};
use serde::{Deserialize, Serialize};

use super::record_lines::{FILES, lines};
use crate::error::{Error, Result};
use crate::sweep::Sweep;

/// The version of the seal's format. The first had no digest of its own.
const FORMAT: u32 = 2;

/// Earlier forms that are remembered.
const MOST_EARLIER: usize = 16;

type Digests = BTreeMap<String, Digest>;

/// What closes a sweep's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordSeal {
    format: u32,
    /// The files as they are written last, by name.
    files: Digests,
    /// As they were before, the last one first.
    before: Vec<Digests>,
    /// Of all this but itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<Digest>,
}

/// What is wrong with a recorded sweep's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordFault {
    /// A file is neither as it was written last nor as before.
    Changed(String),
    /// Some are as before: the program ended while it wrote them.
    BrokenOff,
}

impl RecordSeal {
    fn new(files: Digests, before: Vec<Digests>) -> Self {
        let mut seal = Self { format: FORMAT, files, before, own: None };
        seal.own = Some(Digest::of(&canonical::to_bytes(&seal)));
        seal
    }

    /// The seal of a recorded sweep; `None` for a record of an older program.
    ///
    /// # Errors
    /// A seal that cannot be read.
    pub fn read(runs: &Path, name: &str) -> Result<Option<Self>> {
        let path = path(runs, name);
        let about = |why: String| Error::environment(format!("{}: {why}", path.display()));
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(|error| about(error.to_string()))?,
        };
        let seal: Self = serde_json::from_slice(&bytes).map_err(|error| about(format!("it is not a seal: {error}")))?;
        match seal.format {
            1 | FORMAT => {}
            0 => return Err(about("there never was a format 0".to_owned())),
            newer => return Err(about(format!("format {newer} is newer than this program reads ({FORMAT})"))),
        }
        let names = |form: &Digests| form.keys().all(|name| FILES.contains(&name.as_str()));
        let is_known = names(&seal.files) && seal.before.iter().all(names);
        let is_own = match seal.format {
            FORMAT => seal.own == Self::new(seal.files.clone(), seal.before.clone()).own,
            _ => seal.own.is_none(),
        };
        if !is_known || !is_own || canonical::to_bytes(&seal) != bytes {
            return Err(about("it is not as it was written".to_owned()));
        }
        Ok(Some(seal))
    }

    /// Writes the seal of files that are about to be written, and remembers those that are there.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub(super) fn write(runs: &Path, name: &str, files: &[(&str, &[u8])]) -> io::Result<()> {
        let files: Digests = files.iter().map(|(name, bytes)| ((*name).to_owned(), Digest::of(bytes))).collect();
        let there = digests(runs, name);
        let known = Self::read(runs, name).ok().flatten();
        if there == files && known.as_ref().is_some_and(|seal| seal.files == files) {
            return Ok(());
        }
        let mut before: Vec<Digests> = vec![there];
        before.extend(known.into_iter().flat_map(|seal| std::iter::once(seal.files).chain(seal.before)));
        let mut seen = Vec::new();
        before.retain(|form| {
            // A form that an older program sealed may lack a file that has not changed.
            let is_new = !is_part(form, &files) && !seen.contains(form);
            seen.push(form.clone());
            is_new
        });
        before.truncate(MOST_EARLIER);
        write_whole(&path(runs, name), &canonical::to_bytes(&Self::new(files, before)))
    }

    /// What is wrong with the files, if anything is.
    pub fn fault(&self, runs: &Path, name: &str) -> Option<RecordFault> {
        let there = digests(runs, name);
        if is_part(&self.files, &there) {
            return None;
        }
        let folder = runs.join("sweeps").join(name);
        let was_before = |file: &str| self.before.first().is_some_and(|form| form.get(file) == there.get(file));
        // A seal of an older program has fewer files.
        for file in FILES.into_iter().filter(|file| self.files.contains_key(*file)) {
            if there.get(file) != self.files.get(file) && !was_before(file) {
                let what = match there.get(file) {
                    Some(_) => "is not as it was written",
                    None => "is missing",
                };
                return Some(RecordFault::Changed(format!("{} {what}", folder.join(file).display())));
            }
        }
        Some(RecordFault::BrokenOff)
    }

    /// Whether this is an earlier form of the sweep.
    pub fn was(&self, sweep: &Sweep) -> bool {
        let (text, trials) = (Digest::of(sweep.text.as_bytes()), Digest::of(&lines(sweep)));
        self.before
            .iter()
            .any(|form| form.get("sweep.toml") == Some(&text) && form.get("trials.jsonl") == Some(&trials))
    }
}

/// Whether every file of `form` is the same in `whole`.
fn is_part(form: &Digests, whole: &Digests) -> bool {
    form.iter().all(|(name, digest)| whole.get(name) == Some(digest))
}

fn path(runs: &Path, name: &str) -> PathBuf {
    runs.join("sweeps").join(name).join("seal.json")
}

/// The digests of the files that are there.
fn digests(runs: &Path, name: &str) -> Digests {
    let folder = runs.join("sweeps").join(name);
    FILES.iter().filter_map(|file| Some(((*file).to_owned(), Digest::of_file(&folder.join(file)).ok()?))).collect()
}

/// Seals a recorded sweep as it is, where it has no seal, as after it was brought from elsewhere.
///
/// # Errors
/// Any failure of the file system.
pub fn seal_record(runs: &Path, name: &str) -> io::Result<()> {
    let path = path(runs, name);
    if path.exists() {
        return Ok(());
    }
    write_whole(&path, &canonical::to_bytes(&RecordSeal::new(digests(runs, name), Vec::new())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::made_up::{asked, expanded};
    use crate::plan::write_sweep;

    const TEXT: &str = "dataset = \"ml-100k\"\nseeds = 1\n[drr]\ntau = [0.001, 0.01]";

    #[test]
    fn a_change_is_told_from_a_recording_that_was_broken_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = folder.path();
        let (both, one) = (expanded(TEXT, &[]), expanded(TEXT, &["tau=0.001"]));
        write_sweep(&both, &asked(&both), runs).expect("written");
        let fault = || RecordSeal::read(runs, "a").expect("readable").expect("there").fault(runs, "a");
        assert_eq!(fault(), None);
        let file = |name: &str| runs.join("sweeps/a").join(name);
        let first = FILES.map(|name| fs::read(file(name)).expect("readable"));
        write_sweep(&one, &asked(&one), runs).expect("written");
        assert_eq!(fault(), None);
        let seal = RecordSeal::read(runs, "a").expect("readable").expect("there");
        assert!(seal.was(&both) && !seal.was(&one));
        // As if the program had ended before the last file, or before any.
        for (name, bytes) in FILES.iter().zip(&first).rev() {
            fs::write(file(name), bytes).expect("written");
            assert_eq!(fault(), Some(RecordFault::BrokenOff), "{name}");
        }
        for name in FILES {
            let bytes = fs::read(file(name)).expect("readable");
            fs::write(file(name), [&bytes[..], b"#"].concat()).expect("written");
            assert!(matches!(fault(), Some(RecordFault::Changed(what)) if what.contains(name)), "{name}");
            fs::remove_file(file(name)).expect("removed");
            assert!(matches!(fault(), Some(RecordFault::Changed(what)) if what.contains("missing")), "{name}");
            fs::write(file(name), bytes).expect("written");
        }
    }

    #[test]
    fn the_seal_itself_is_read_with_care() {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = folder.path();
        assert_eq!(RecordSeal::read(runs, "a").expect("none"), None);
        // Twice, so that it remembers a form in which one file was the same.
        for set in [&["tau=0.001"][..], &[]] {
            write_sweep(&expanded(TEXT, set), &asked(&expanded(TEXT, &[])), runs).expect("written");
        }
        let bytes = fs::read(path(runs, "a")).expect("a seal");
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            fs::write(path(runs, "a"), &changed).expect("written");
            let found = match RecordSeal::read(runs, "a") {
                Ok(seal) => matches!(seal.expect("there").fault(runs, "a"), Some(RecordFault::Changed(_))),
                Err(_) => true,
            };
            assert!(found, "bit {bit}");
        }
    }
}
