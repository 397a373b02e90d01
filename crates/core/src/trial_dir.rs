//! A trial's folder, `runs/trials/<id>/`: where each file of it lies, and how files come to be whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;

use crate::artifacts;
use crate::canonical;
use crate::digest::TrialId;
use crate::spec::TrialSpec;

/// The mark of a trial that came in a bundle.
pub const IMPORTED: &str = "imported";

/// The folder of one trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialDir(PathBuf);

impl TrialDir {
    /// The folder of trial `id` below the runs folder `runs`.
    pub fn new(runs: &Path, id: TrialId) -> Self {
        Self(runs.join("trials").join(id.to_string()))
    }

    /// The trials that have a folder below the runs folder, sorted.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn all(runs: &Path) -> io::Result<Vec<TrialId>> {
        let entries = match fs::read_dir(runs.join("trials")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().parse().ok()));
        let mut trials = names.collect::<io::Result<Vec<Option<TrialId>>>>()?.into_iter().flatten().collect::<Vec<_>>();
        trials.sort_unstable();
        Ok(trials)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The canonical spec; its hash is the folder's name.
    pub fn spec(&self) -> PathBuf {
        self.0.join("spec.json")
    }

    /// Where the trial's code and machine are recorded.
    pub fn provenance(&self) -> PathBuf {
        self.0.join("provenance.json")
    }

    /// The append-only metric stream.
    pub fn journal(&self) -> PathBuf {
        self.0.join("journal.jsonl")
    }

    /// The final metrics and digests; present only when the trial is complete.
    pub fn result(&self) -> PathBuf {
        self.0.join("result.json")
    }

    /// The trained parameters.
    pub fn model(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }

    /// The folder of what it leaves beside its metrics.
    pub fn artifacts(&self) -> PathBuf {
        self.0.join(artifacts::FOLDER)
    }

    /// What the worker said on stderr while this trial ran.
    pub fn log(&self) -> PathBuf {
        self.0.join("log.txt")
    }

    /// Whether the trial is complete.
    pub fn is_complete(&self) -> bool {
        self.result().is_file()
    }

    /// Makes the folder ready for an attempt: writes the spec and removes what an unfinished attempt left. A folder with a
    /// result is not touched: [`crate::finished::settle`] says whether it holds, and takes it back where it does not.
    ///
    /// # Errors
    /// The folder has a result, or any failure of the file system.
    pub fn prepare(&self, spec: &TrialSpec) -> io::Result<()> {
        if self.is_complete() {
            let kept = "it has a result.json, so nothing of it is touched";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, kept));
        }
        fs::create_dir_all(&self.0)?;
        for stale in [self.journal(), self.model()] {
            remove_if_there(&stale)?;
        }
        match fs::remove_dir_all(self.artifacts()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        write_soon(&self.spec(), &canonical::to_bytes(spec))
    }

    /// Takes the result back, durably: whatever is removed or written afterwards, and whatever ends it, no result is ever
    /// found beside files that are not its own.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn withdraw_result(&self) -> io::Result<()> {
        remove_if_there(&self.result())?;
        File::open(&self.0)?.sync_all()
    }
}

/// Removes a file; that there is none is no error.
///
/// # Errors
/// Any other failure of the file system.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file so that a reader, now or after a crash, sees the old content or the new, never a part.
///
/// # Errors
/// Any failure of the file system.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_last(path, bytes, &[])
}

/// Files that are made durable at once, at most.
const AT_ONCE: usize = 8;

/// As [`write_whole`], after everything in `before`, files of the same folder, has been made durable: where the new file
/// is found after a power cut, so are they.
///
/// # Errors
/// Any failure of the file system.
pub fn write_last(path: &Path, bytes: &[u8], before: &[PathBuf]) -> io::Result<()> {
    replace(path, bytes, |file| {
        // Some at once: a file system that keeps a log writes it once for all that ask meanwhile.
        thread::scope(|scope| {
            let sync = |others: &'_ [PathBuf]| {
                let others = others.to_vec();
                scope.spawn(move || others.iter().try_for_each(|other| File::open(other)?.sync_all()))
            };
            let others: Vec<_> = before.chunks(before.len().div_ceil(AT_ONCE).max(1)).map(sync).collect();
            let own = file.sync_all();
            let others = others.into_iter().map(|it| it.join().expect("syncing a file does not panic"));
            others.fold(own, io::Result::and)
        })
    })?;
    File::open(folder_of(path))?.sync_all()
}

/// Writes a file so that a reader sees the old content or the new, never a part. A power cut may undo it, so it is for
/// what a later [`write_last`] makes durable, or what can be lost.
///
/// # Errors
/// Any failure of the file system.
pub fn write_soon(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, |_| Ok(()))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes beside the file, does what is to be done with what was written, and puts it in the file's place.
fn replace(path: &Path, bytes: &[u8], settle: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = folder_of(path).join(name);
    let written = (|| {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        settle(&file)?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}
