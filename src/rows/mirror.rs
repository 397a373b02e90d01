//! A sweep in TensorBoard while it runs: a run's file begins when its trial does, and grows with the points that the trial tells. A
//! point is appended as it comes; what `export --format tensorboard` writes later has the same numbers by metric. A folder that
//! cannot be written is told once and stops nothing.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use drr_core::TrialId;
use drr_core::journal::Point;

use super::tensorboard;
use crate::error::Result;
use crate::store::{Store, StoredSweep, TrialRecord};

/// A folder that TensorBoard shows.
pub struct TensorboardMirror {
    folder: PathBuf,
    sweep: StoredSweep,
    places: HashMap<TrialId, usize>,
    /// Files of the trials that run.
    open: HashMap<TrialId, File>,
    fault: Option<String>,
}

impl TensorboardMirror {
    /// Begins to mirror `sweep` into `folder`, with what is finished of it.
    ///
    /// # Errors
    /// A failure of the database, or a folder that cannot be written.
    pub fn new(store: &Store, sweep: StoredSweep, folder: &Path) -> Result<Self> {
        tensorboard::write(store, &sweep, folder)?;
        let places = sweep.trials.iter().enumerate().map(|(at, trial)| (trial.id(), at)).collect();
        Ok(Self { folder: folder.to_owned(), sweep, places, open: HashMap::new(), fault: None })
    }

    /// A trial begins; what an attempt before left is gone.
    pub fn started(&mut self, trial: TrialId) {
        self.keep(|mirror| {
            let Some(record) = mirror.record(trial) else { return Ok(()) };
            let run = mirror.folder.join(tensorboard::run_name(&mirror.sweep, record));
            match fs::remove_dir_all(&run) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::create_dir_all(&run)?;
            let mut file = File::create(run.join(tensorboard::FILE))?;
            file.write_all(&tensorboard::begin(record))?;
            mirror.open.insert(trial, file);
            Ok(())
        });
    }

    /// A trial tells points.
    pub fn points(&mut self, trial: TrialId, points: &[Point]) {
        self.append(trial, &tensorboard::scalars(points.iter().map(|it| (it.name.as_str(), it.step, it.value))));
    }

    /// A trial has its result.
    pub fn finished(&mut self, trial: TrialId, metrics: &BTreeMap<String, f64>, seconds: f64) {
        self.append(trial, &tensorboard::end(metrics, seconds, true));
        self.open.remove(&trial);
    }

    /// A trial has none and will have none.
    pub fn failed(&mut self, trial: TrialId) {
        self.append(trial, &tensorboard::end(&BTreeMap::new(), 0.0, false));
        self.open.remove(&trial);
    }

    /// Why nothing is mirrored any more, once.
    pub fn take_fault(&mut self) -> Option<String> {
        self.fault.take()
    }

    fn record(&self, trial: TrialId) -> Option<&TrialRecord> {
        self.places.get(&trial).map(|at| &self.sweep.trials[*at])
    }

    fn append(&mut self, trial: TrialId, bytes: &[u8]) {
        self.keep(|mirror| match mirror.open.get_mut(&trial) {
            Some(file) => file.write_all(bytes),
            None => Ok(()),
        });
    }

    fn keep(&mut self, write: impl FnOnce(&mut Self) -> io::Result<()>) {
        if let Err(error) = write(self) {
            self.fault = Some(format!("{} is mirrored no more: {error}", self.folder.display()));
            // Nothing is open and nothing is known: no more is tried.
            self.open.clear();
            self.places.clear();
        }
    }
}
