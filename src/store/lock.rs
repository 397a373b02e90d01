//! One `drr-lab sweep` at a time on a runs folder: a lock the kernel releases whatever way its holder ends.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};

use crate::error::{Error, Result};

/// Opens no link: what it leads to is another's file.
const NO_LINK: i32 = OFlag::O_NOFOLLOW.bits();

/// Bytes that a holder's name may have.
const LONGEST_NAME: u64 = 400;

/// Holds `runs/lock` until it is dropped.
#[derive(Debug)]
pub struct RunsLock {
    _file: Flock<File>,
}

/// Who holds a runs folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockHolder {
    /// Nobody, ever.
    Nobody,
    /// Nobody now; this one did.
    Left(String),
    /// This one.
    Held(String),
    /// It cannot be told, for this reason.
    Unknown(String),
}

impl RunsLock {
    /// Who holds the lock of the runs folder, without taking it.
    pub fn holder(runs: &Path) -> LockHolder {
        let path = runs.join("lock");
        let file = match OpenOptions::new().read(true).custom_flags(NO_LINK).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return LockHolder::Nobody,
            Err(error) => return LockHolder::Unknown(format!("cannot read {}: {error}", path.display())),
        };
        let mut name = String::new();
        // What it says is for people; whether it is held, the kernel knows.
        let _ = (&file).take(LONGEST_NAME).read_to_string(&mut name);
        let name = name.trim().to_owned();
        let name = if name.is_empty() { "another process".to_owned() } else { name };
        match Flock::lock(file, FlockArg::LockSharedNonblock) {
            Ok(_) => LockHolder::Left(name),
            Err((_, Errno::EWOULDBLOCK)) => LockHolder::Held(name),
            Err((_, errno)) => LockHolder::Unknown(format!("cannot look at {}: {errno}", path.display())),
        }
    }

    /// Takes the lock of the runs folder, and makes the folder when absent.
    ///
    /// # Errors
    /// Another program holds it (the message names its process and host), or the file system refuses.
    pub fn acquire(runs: &Path) -> Result<Self> {
        let path = runs.join("lock");
        let cannot = |error: &std::io::Error| Error::disk(format!("cannot lock {}", path.display()), error);
        std::fs::create_dir_all(runs).map_err(|error| cannot(&error))?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .custom_flags(NO_LINK)
            .open(&path)
            .map_err(|error| match error.raw_os_error() {
                // Its first use would empty whatever file the link leads to.
                Some(number) if number == Errno::ELOOP as i32 => {
                    Error::environment(format!("cannot lock {}: it is a link", path.display()))
                        .hint("remove it; a lock is a file of the runs folder itself")
                }
                _ => cannot(&error),
            })?;
        let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => file,
            Err((file, Errno::EWOULDBLOCK)) => {
                let mut holder = String::new();
                // A holder that has not yet written its name is still a holder.
                let _ = (&file).take(LONGEST_NAME).read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() { "another process" } else { holder.trim() };
                return Err(Error::environment(format!("{} is in use by {holder}", runs.display()))
                    .hint("wait for it, stop it, or name another folder with --runs"));
            }
            Err((_, errno)) => return Err(cannot(&errno.into())),
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
