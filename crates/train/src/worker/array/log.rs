//! While a cohort runs, this process's stderr is the log of its first trial, as it is where a supervisor holds the pipe.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::path::Path;

/// Runs `work` with stderr appended to `path`. A log that cannot be written must not stop the trial it is about.
pub fn to<T>(path: &Path, work: impl FnOnce() -> T) -> T {
    let before = redirect(path);
    let done = work();
    if let Ok(before) = before {
        // SAFETY: both are open descriptors of this process.
        unsafe { libc::dup2(before.as_raw_fd(), libc::STDERR_FILENO) };
    }
    done
}

/// Where stderr went before.
fn redirect(path: &Path) -> io::Result<OwnedFd> {
    let log = OpenOptions::new().create(true).append(true).open(path)?;
    // SAFETY: duplicates an open descriptor; the result, if there is one, belongs to nobody else.
    let before = unsafe {
        match libc::dup(libc::STDERR_FILENO) {
            -1 => return Err(io::Error::last_os_error()),
            copy => OwnedFd::from_raw_fd(copy),
        }
    };
    // SAFETY: both are open descriptors of this process.
    match unsafe { libc::dup2(log.as_raw_fd(), libc::STDERR_FILENO) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(before),
    }
}
