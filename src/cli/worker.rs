//! The worker's program, held fast while a sweep runs: a build in the meantime must not change half of the trials, nor
//! end the sweep because a restarted worker was built from newer sources.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::exec;

/// A worker's program that stays as it is as long as the sweep lives: this one, or a copy of another.
pub(super) struct FrozenWorker {
    path: PathBuf,
    _copy: Option<TemporaryFolder>,
}

struct TemporaryFolder(PathBuf);

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What is left behind is some megabytes, which the next sweep removes.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl FrozenWorker {
    /// Copies `worker` below the runs folder, whose lock the caller holds, unless it is this program.
    pub fn new(worker: &Path, runs: &Path) -> Result<Self> {
        if exec::is_own(worker) {
            return Ok(Self { path: worker.to_owned(), _copy: None });
        }
        let folder = TemporaryFolder(runs.join("worker"));
        let _ = fs::remove_dir_all(&folder.0);
        let path = folder.0.join(worker.file_name().unwrap_or_default());
        let absolute = fs::create_dir_all(&folder.0)
            .and_then(|()| fs::copy(worker, &path))
            .and_then(|_| std::path::absolute(&path))
            .map_err(|error| Error::disk(format!("cannot copy the worker to {}", path.display()), &error))?;
        Ok(Self { path: absolute, _copy: Some(folder) })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
