//! The only SQL: an index over the run folders, rebuilt from them at any time. Never plots, never starts a process.
//!
//! | file | job |
//! | --- | --- |
//! | `records` | what goes in and comes out |
//! | `schema` | tables and migrations |
//! | `write` | sweeps and states of trials |
//! | `ingest` | a finished run folder, checked and taken in |
//! | `query` | reading |
//! | `health` | SQLite's own checks |
//! | `dump` | the content, whatever the row numbers |
//! | `held` | whether rows are as a folder has them |
//! | `lock` | one `drr-lab sweep` at a time |

mod dump;
#[cfg(test)]
pub(crate) mod fabricate;
mod health;
mod held;
mod ingest;
mod lock;
mod problem;
mod query;
mod records;
mod schema;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

pub use dump::TrialRow;
pub use ingest::read_finished;
pub use lock::{Holder, RunsLock};
use problem::Problem;
pub use records::{AxisPoint, Member, Status, StoredSweep, SweepRecord, TrialRecord};

use crate::error::{Error, Result};

/// How long to wait for another program that is writing.
const BUSY: Duration = Duration::from_secs(10);

/// The database of one runs folder.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens `runs/lab.db` and makes it, and the folder, when absent.
    ///
    /// # Errors
    /// A database that cannot be made, is damaged, or was written by a newer program.
    pub fn open(runs: &Path) -> Result<Self> {
        std::fs::create_dir_all(runs)
            .map_err(|error| Error::disk(format!("cannot make the folder {}", runs.display()), &error))?;
        Self::connect(runs, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens a database that must be there, as reports do.
    ///
    /// # Errors
    /// No database, or one that is damaged or was written by a newer program.
    pub fn open_existing(runs: &Path) -> Result<Self> {
        let path = runs.join("lab.db");
        if !path.is_file() {
            return Err(Error::input(format!("nothing is recorded in {}: there is no lab.db", runs.display()))
                .hint("run a sweep first, for example `drr-lab sweep sweeps/quickstart.toml`"));
        }
        Self::connect(runs, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// The runs folder the database lies in.
    pub fn runs(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Another connection to the same file, for another thread; `None` for a database in memory.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn another(&self) -> Option<impl Fn() -> Result<Self> + Sync + use<>> {
        let runs = self.path.is_file().then(|| self.runs().to_owned())?;
        Some(move || Self::connect(&runs, OpenFlags::SQLITE_OPEN_READ_WRITE))
    }

    /// A database in memory that leaves nothing behind, to compare with.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn in_memory() -> Result<Self> {
        let path = PathBuf::from("a database in memory");
        let prepare = || -> std::result::Result<Connection, Problem> {
            let mut connection = Connection::open_in_memory()?;
            connection.pragma_update(None, "foreign_keys", true)?;
            schema::migrate(&mut connection)?;
            Ok(connection)
        };
        let connection = prepare().map_err(|problem| problem.about(&path))?;
        Ok(Self { connection, path })
    }

    fn connect(runs: &Path, flags: OpenFlags) -> Result<Self> {
        let path = runs.join("lab.db");
        let prepare = || -> std::result::Result<Connection, Problem> {
            let mut connection = Connection::open_with_flags(&path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            // The run folders are the truth; losing the last transaction in a power cut costs a rescan, no result.
            connection.pragma_update(None, "synchronous", "normal")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            schema::migrate(&mut connection)?;
            Ok(connection)
        };
        let connection = prepare().map_err(|problem| problem.about(&path))?;
        Ok(Self { connection, path })
    }
}
