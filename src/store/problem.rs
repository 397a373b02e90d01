//! What can be wrong with the database, and how it is said to people.

use std::path::Path;

use super::foreign;
use crate::error::{Error, FULL};

/// Why the database cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreProblem {
    /// SQLite refused.
    #[error("{0}")]
    Sql(#[from] rusqlite::Error),
    /// A stored text does not read back.
    #[error("{0}")]
    Content(String),
    /// A newer program wrote it.
    #[error("its schema {found} is newer than this program reads ({known})")]
    Newer { found: i64, known: i64 },
    /// It was begun, and nothing is in it yet.
    #[error("nothing is recorded in it yet")]
    Unmade,
    /// It belongs to another program.
    #[error("it is a database of another program")]
    Foreign,
}

const REBUILD: &str = "move lab.db away; the next sweep rebuilds it from the run folders";

impl StoreProblem {
    /// Whether another program's lock is all that is wrong.
    pub(super) fn is_lock(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        matches!(self, StoreProblem::Sql(sql) if matches!(sql.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked)))
    }

    /// The error for people about the database at `path`.
    pub(super) fn about(self, path: &Path) -> Error {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, SystemIoFailure,
        };
        let error = Error::environment(format!("cannot use {}: {self}", path.display()));
        match &self {
            StoreProblem::Newer { .. } => error.hint("update drr-lab, or name another folder with --runs"),
            StoreProblem::Foreign => error.hint("name another folder with --runs"),
            StoreProblem::Unmade => {
                error.hint("`drr-lab runs reindex` fills it from the run folders, and so does any sweep")
            }
            StoreProblem::Content(_) => error.hint(REBUILD),
            StoreProblem::Sql(sql) => match sql.sqlite_error_code() {
                Some(DatabaseCorrupt | NotADatabase) => error.hint(REBUILD),
                Some(DatabaseBusy | DatabaseLocked) => {
                    let who = foreign::holder(path).unwrap_or_else(|| "another program".to_owned());
                    error.hint(format!("{who} holds it; try again when it is done"))
                }
                Some(DiskFull) => error.hint(FULL),
                // On a full disk SQLite often fails before it can tell.
                Some(SystemIoFailure) if is_full(path) => {
                    Error::environment(format!("cannot use {}: the disk is full ({self})", path.display())).hint(FULL)
                }
                Some(CannotOpen) => error.hint("is the folder there, and may you write to it?"),
                _ => error,
            },
        }
    }
}

/// Whether hardly anything fits on the disk of `path`.
fn is_full(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    nix::sys::statvfs::statvfs(folder)
        .is_ok_and(|disk| disk.blocks_available().saturating_mul(disk.fragment_size()) < 64 << 10)
}
