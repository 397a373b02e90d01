//! The only SQL: an index over the run folders, rebuilt from them at any time. Never plots, never starts a process.
//!
//! | file | job |
//! | --- | --- |
//! | `records` | what goes in and comes out |
//! | `schema` | tables and migrations |
//! | `write` | sweeps and states of trials |
//! | `ingest` | a finished run folder, checked and taken in |
//! | `query`, `standing` | reading; counting |
//! | `health` | SQLite's own checks |
//! | `deferred`, `foreign` | writing while another program holds the database, and who that is |
//! | `dump` | the content, whatever the row numbers |
//! | `held` | whether rows are as a folder has them |
//! | `lock` | one `drr-lab sweep` at a time |

mod deferred;
mod dump;
#[cfg(test)]
pub(crate) mod fabricate;
mod foreign;
mod health;
mod held;
mod ingest;
mod lock;
mod problem;
mod query;
mod records;
mod schema;
mod standing;
#[cfg(test)]
mod tests;
mod waiting;
mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use deferred::Deferred;
pub use dump::TrialRow;
pub use ingest::{read_finished, unfit};
pub use lock::{LockHolder, RunsLock};
use problem::StoreProblem;
pub use records::{StoredSweep, SweepRecord, TrialRecord};
pub use standing::{StandingCount, StandingTrial};

use crate::error::{Error, Result};

/// How long to wait for another program that is writing.
const BUSY: Duration = Duration::from_secs(10);

/// How long to wait where something is only read; readers are in nobody's way, so a lock that keeps them out is unusual.
const BUSY_READING: Duration = Duration::from_secs(3);

/// The database of one runs folder.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    access: Access,
    deferred: Option<Deferred>,
}

/// What there is to read.
#[derive(Debug)]
pub enum Reading {
    /// The database.
    Database(Store),
    /// Nothing now, for this reason; the folders may be read instead.
    Unreadable(String),
}

/// What is done with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// It is written, and made when absent.
    Make,
    /// It is read, without a lock that a writer could hold.
    Read,
    /// It is read where nothing can be written, not even what readers share with a writer: nobody changes it.
    ReadFrozen,
}

impl Access {
    fn flags(self) -> OpenFlags {
        let flags = match self {
            Self::Make => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Self::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Self::ReadFrozen => OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
        };
        flags | OpenFlags::SQLITE_OPEN_NO_MUTEX
    }
}

impl Store {
    /// Opens `runs/lab.db` to write to it, and makes it, and the folder, when absent.
    ///
    /// # Errors
    /// A database that cannot be made, is damaged, or was written by a newer program.
    pub fn open(runs: &Path) -> Result<Self> {
        std::fs::create_dir_all(runs)
            .map_err(|error| Error::disk(format!("cannot make the folder {}", runs.display()), &error))?;
        Self::connect(runs, Access::Make).map_err(|problem| problem.about(&runs.join("lab.db")))
    }

    /// Opens a database that must be there, to read it: beside a writer, and where nothing can be written.
    ///
    /// # Errors
    /// No database, or one that is damaged or was written by a newer program.
    pub fn open_existing(runs: &Path) -> Result<Self> {
        match Self::read(runs)? {
            Reading::Database(store) => Ok(store),
            Reading::Unreadable(why) => Err(Error::input(format!("nothing is recorded in {}: {why}", runs.display()))
                .hint("run a sweep first, for example `drr-lab sweep sweeps/quickstart.toml`")),
        }
    }

    /// Opens a database to read it, or says why there is nothing to read, though nothing is wrong with it.
    ///
    /// # Errors
    /// A database that is damaged, of another program or of a newer one.
    pub fn read(runs: &Path) -> Result<Reading> {
        let path = runs.join("lab.db");
        if !path.is_file() {
            return Ok(Reading::Unreadable("there is no lab.db".to_owned()));
        }
        let problem = match Self::connect(runs, Access::Read) {
            Ok(store) => return Ok(Reading::Database(store)),
            Err(problem) => problem,
        };
        let is_frozen = !can_write(runs);
        if is_frozen && is_whole(runs) {
            return Self::connect(runs, Access::ReadFrozen)
                .map(Reading::Database)
                .map_err(|problem| problem.about(&path));
        }
        match problem {
            StoreProblem::Unmade => Ok(Reading::Unreadable("nothing is recorded in lab.db yet".to_owned())),
            problem if problem.is_lock() => {
                let who = foreign::holder(&path).unwrap_or_else(|| "another program".to_owned());
                Ok(Reading::Unreadable(format!("lab.db is locked by {who}")))
            }
            _ if is_frozen => Ok(Reading::Unreadable(
                "lab.db is not whole without lab.db-wal, and nothing can be written here".to_owned(),
            )),
            problem => Err(problem.about(&path)),
        }
    }

    /// The runs folder the database lies in.
    pub fn runs(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Another connection to the same file, for another thread to read; `None` for a database in memory.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn another(&self) -> Option<impl Fn() -> Result<Self> + Sync + use<>> {
        let runs = self.path.is_file().then(|| self.runs().to_owned())?;
        let access = if self.access == Access::ReadFrozen { Access::ReadFrozen } else { Access::Read };
        Some(move || Self::connect(&runs, access).map_err(|problem| problem.about(&runs.join("lab.db"))))
    }

    /// A database in memory that leaves nothing behind, to compare with.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn in_memory() -> Result<Self> {
        let path = PathBuf::from("a database in memory");
        let prepare = || -> std::result::Result<Connection, StoreProblem> {
            let mut connection = Connection::open_in_memory()?;
            connection.pragma_update(None, "foreign_keys", true)?;
            schema::migrate(&mut connection)?;
            Ok(connection)
        };
        let connection = prepare().map_err(|problem| problem.about(&path))?;
        Ok(Self { connection, path, access: Access::Make, deferred: None })
    }

    fn connect(runs: &Path, access: Access) -> std::result::Result<Self, StoreProblem> {
        let path = runs.join("lab.db");
        let mut connection = match access {
            Access::ReadFrozen => Connection::open_with_flags(frozen(&path), access.flags())?,
            Access::Make | Access::Read => Connection::open_with_flags(&path, access.flags())?,
        };
        match access {
            Access::Make => {
                connection.busy_timeout(BUSY)?;
                connection.pragma_update(None, "journal_mode", "wal")?;
                // The run folders are the truth; losing the last transaction in a power cut costs a rescan, no result.
                connection.pragma_update(None, "synchronous", "normal")?;
                connection.pragma_update(None, "foreign_keys", true)?;
                schema::migrate(&mut connection)?;
            }
            Access::Read | Access::ReadFrozen => {
                connection.busy_timeout(BUSY_READING)?;
                schema::check(&connection)?;
            }
        }
        Ok(Self { connection, path, access, deferred: None })
    }
}

/// Whether the folder can be written, as this program sees it.
fn can_write(runs: &Path) -> bool {
    nix::unistd::access(runs, nix::unistd::AccessFlags::W_OK).is_ok()
}

/// Whether the database is whole in one file.
fn is_whole(runs: &Path) -> bool {
    std::fs::metadata(runs.join("lab.db-wal")).map_or(true, |about| about.len() == 0)
}

/// The name by which SQLite opens a file that nobody changes.
fn frozen(path: &Path) -> String {
    let mut name = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => name.push(char::from(*byte)),
            byte => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name + "?immutable=1"
}
