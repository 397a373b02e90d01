//! While a cohort runs, this process's stderr is the log of its first trial, as it is where a supervisor holds the pipe.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::unistd::{dup, dup2_stderr};

/// Runs `work` with stderr appended to `path`. A log that cannot be written must not stop the trial it is about.
pub fn to<T>(path: &Path, work: impl FnOnce() -> T) -> T {
    let before = redirect(path);
    let done = work();
    if let Ok(before) = before {
        // There is no one left to tell where that fails.
        let _ = dup2_stderr(&before);
    }
    done
}

/// Where stderr went before.
fn redirect(path: &Path) -> io::Result<OwnedFd> {
    let log = OpenOptions::new().create(true).append(true).open(path)?;
    let before = dup(io::stderr())?;
    dup2_stderr(&log)?;
    Ok(before)
}
