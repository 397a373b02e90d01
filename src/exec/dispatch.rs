//! What is prepared before trials are handed to a worker: their folders, their provenance, the assignment.

use std::path::{Path, PathBuf};

use drr_core::TrialSpec;
use drr_core::command::CommandPlace;
use drr_core::protocol::{Assignment, Hello};
use drr_core::trial_dir::{TrialDir, write_soon};

use super::provenance::RunProvenance;
use super::slots::Slot;
use crate::error::{Error, Result};
use crate::plan::{clear_failure, clear_stop};

/// Hands out trials of one run.
pub(super) struct Dispatch {
    runs: PathBuf,
    data: PathBuf,
    provenance: RunProvenance,
    commands: Option<CommandPlace>,
}

impl Dispatch {
    pub fn new(worker: &Path, runs: &Path, data: &Path, commands: Option<CommandPlace>) -> Self {
        let provenance = RunProvenance::gather(worker, runs, data, commands.as_ref());
        Self { runs: runs.to_owned(), data: data.to_owned(), provenance, commands }
    }

    /// The assignment of some trials to a worker that introduced itself, and the files its stderr goes to.
    pub fn prepare<'a>(
        &mut self,
        specs: impl Iterator<Item = &'a TrialSpec>,
        hello: &Hello,
        slot: Slot,
    ) -> Result<(Assignment, Vec<PathBuf>)> {
        let (mut trials, mut logs) = (Vec::new(), Vec::new());
        for spec in specs {
            let folder = TrialDir::new(&self.runs, spec.id());
            let provenance = self.provenance.record(hello, spec, self.commands.as_ref());
            std::fs::create_dir_all(folder.path())
                .and_then(|()| clear_failure(&folder))
                .and_then(|()| clear_stop(&folder))
                .and_then(|()| write_soon(&folder.provenance(), &provenance))
                .map_err(|error| Error::disk(format!("cannot write to {}", folder.path().display()), &error))?;
            trials.push(spec.clone());
            logs.push(folder.log());
        }
        let (runs, data) = (self.runs.clone(), self.data.clone());
        let assignment = Assignment { trials, runs, data, device: slot.device(), commands: self.commands.clone() };
        Ok((assignment, logs))
    }
}
