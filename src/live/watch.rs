//! Whether anything was recorded since: by the sizes and times of the database's files and of the journals that grow, so
//! that a look costs nothing where nothing happens.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use drr_core::TrialId;
use drr_core::trial_dir::TrialDir;

use crate::store::{LockHolder, Reading, RunsLock, Store};

/// How old a look may be to be as good as a new one.
const FRESH: Duration = Duration::from_millis(200);

/// What a look saw: numbers that differ where something did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The database: which trials there are and how far.
    pub(super) database: u64,
    /// That, and what running trials have told so far.
    pub(super) growing: u64,
}

/// Looks at a runs folder.
pub(super) struct RunsWatch {
    runs: PathBuf,
    last: Mutex<Option<LastLook>>,
}

struct LastLook {
    at: Instant,
    seen: Seen,
    running: Vec<TrialId>,
}

impl RunsWatch {
    pub(super) fn new(runs: &Path) -> Self {
        Self { runs: runs.to_owned(), last: Mutex::new(None) }
    }

    /// What is there now, or was a moment ago.
    pub(super) fn look(&self) -> Seen {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_ref()
            && last.at.elapsed() < FRESH
        {
            return last.seen;
        }
        let is_held = matches!(RunsLock::holder(&self.runs), LockHolder::Held(_));
        let files = ["lab.db", "lab.db-wal"].map(|name| look_at(&self.runs.join(name)));
        let database = number(&(is_held, files));
        let running = match last.take() {
            Some(last) if last.seen.database == database => last.running,
            _ if !is_held => Vec::new(),
            _ => match Store::read(&self.runs) {
                Ok(Reading::Database(store)) => store.running().unwrap_or_default(),
                _ => Vec::new(),
            },
        };
        let journals = running.iter().map(|trial| look_at(&TrialDir::new(&self.runs, *trial).journal()));
        let growing = number(&(database, journals.collect::<Vec<_>>()));
        let seen = Seen { database, growing };
        *last = Some(LastLook { at: Instant::now(), seen, running });
        seen
    }
}

/// Length and time of a file; nothing where there is none.
fn look_at(path: &Path) -> Option<(u64, u128)> {
    let about = std::fs::metadata(path).ok()?;
    let changed = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((about.len(), changed.as_nanos()))
}

fn number(what: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
