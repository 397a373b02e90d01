//! One `drr-lab sweep` at a time on a runs folder: a lock the kernel releases whatever way its holder ends.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use crate::error::{Error, Result};

/// Holds `runs/lock` until it is dropped.
#[derive(Debug)]
pub struct RunsLock {
    _file: Flock<File>,
}

impl RunsLock {
    /// Takes the lock of the runs folder, and makes the folder when absent.
    ///
    /// # Errors
    /// Another program holds it (the message names its process and host), or the file system refuses.
    pub fn acquire(runs: &Path) -> Result<Self> {
        let path = runs.join("lock");
        let cannot =
            |error: &dyn std::fmt::Display| Error::environment(format!("cannot lock {}: {error}", path.display()));
        std::fs::create_dir_all(runs).map_err(|error| cannot(&error))?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| cannot(&error))?;
        let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => file,
            Err((mut file, Errno::EWOULDBLOCK)) => {
                let mut holder = String::new();
                // A holder that has not yet written its name is still a holder.
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() { "another process" } else { holder.trim() };
                return Err(Error::environment(format!("{} is in use by {holder}", runs.display()))
                    .hint("wait for it, stop it, or name another folder with --runs"));
            }
            Err((_, errno)) => return Err(cannot(&errno)),
        };
        let host = nix::unistd::gethostname().unwrap_or_default();
        (|| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "process {} on {}", std::process::id(), host.to_string_lossy())?;
            file.flush()
        })()
        .map_err(|error: std::io::Error| cannot(&error))?;
        Ok(Self { _file: file })
    }
}
