//! `sweep --force`: finished trials once more, in a folder of their own, `runs/attempts/<n>/`, which is a runs folder
//! itself; what is recorded stays as it is. Then the digests of both are compared.

use drr_core::Status;
use std::fs;
use std::path::{Path, PathBuf};

use drr_core::result::TrialResult;
use drr_core::trial_dir::TrialDir;
use serde_json::json;

use super::OutputFormat;
use crate::error::{Error, Result};
use crate::neutral;
use crate::plan::{Plan, Task};

/// Where an attempt is made.
pub(super) struct AttemptFolder(PathBuf);

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    Same,
    Differs,
}

impl AttemptFolder {
    /// A new place below the runs folder, whose lock the caller holds.
    pub fn new(runs: &Path) -> Result<Self> {
        let attempts = runs.join("attempts");
        let number = (1_u32..).find(|number| !attempts.join(number.to_string()).exists()).unwrap_or(u32::MAX);
        let place = attempts.join(number.to_string());
        fs::create_dir_all(&place)
            .map_err(|error| Error::environment(format!("cannot make {}: {error}", place.display())))?;
        Ok(Self(place))
    }

    /// The runs folder of the attempt.
    pub fn runs(&self) -> &Path {
        &self.0
    }

    /// Compares the trials that `plan` found finished with those of the attempt, and prints the outcome.
    pub fn compare(&self, plan: &Plan, runs: &Path, output: OutputFormat) -> Agreement {
        let found: Vec<&Task> = plan.tasks.iter().filter(|task| task.status == Status::Finished).collect();
        let mut same = 0;
        for task in &found {
            let digests = |runs: &Path| {
                let result = TrialResult::read(&TrialDir::new(runs, task.trial.id).result()).ok().flatten();
                result.map(|result| (result.metrics_digest, result.model_digest, result.environment))
            };
            let (old, new) = (digests(runs), digests(&self.0));
            let equal = matches!((&old, &new), (Some(old), Some(new)) if (old.0, old.1) == (new.0, new.1));
            same += usize::from(equal);
            let (stage, trial) = (task.stage, task.trial.id);
            let short = |side: &Option<(drr_core::Digest, _, _)>| {
                side.as_ref().map_or_else(|| "none".to_owned(), |side| side.0.short())
            };
            let line = json!({"event": "compared", "trial": trial, "stage": stage, "same": equal,
                "old": old.as_ref().map(|side| side.0), "new": new.as_ref().map(|side| side.0)});
            match output {
                OutputFormat::Json => println!("{line}"),
                OutputFormat::Human if !equal => {
                    println!(
                        "differs: {} {}: {} before, {} now",
                        stage.name(),
                        trial.short(),
                        short(&old),
                        short(&new)
                    );
                    if let (Some(old), Some(new)) = (&old, &new)
                        && old.2 != new.2
                    {
                        let [old, new] = [&old.2, &new.2].map(ToString::to_string);
                        println!("  it ran on {} before, on {} now", neutral::line(&old), neutral::line(&new));
                    }
                }
                _ => {}
            }
        }
        if output == OutputFormat::Human {
            println!(
                "{}: {same} of {} trials gave the same digests again ({})",
                plan.sweep,
                found.len(),
                self.0.display()
            );
        }
        if same == found.len() { Agreement::Same } else { Agreement::Differs }
    }
}
