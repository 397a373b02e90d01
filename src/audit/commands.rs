//! Where a recorded command ran, so that it can be run there again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use drr_core::artifacts::Artifacts;
use drr_core::command::{CommandPlace, FileDigests, PASSED};
use drr_core::finished::Finished;
use drr_core::trial_dir::{IMPORTED, TrialDir};
use drr_kinds::command::{Declaration, Determinism};
use serde::Deserialize;

use super::compare::Tolerance;
use crate::sweep::Sweep;

/// As much of a provenance as says it.
#[derive(Deserialize)]
struct OfCommand {
    run: Option<Run>,
}

#[derive(Deserialize)]
struct Run {
    folder: std::path::PathBuf,
    files: Artifacts,
    environment: BTreeMap<String, String>,
}

/// Where the command of a finished trial ran, if all it was made of is still there.
///
/// # Errors
/// What is gone or was changed since, in words.
pub(super) fn place(trial: &Finished, folder: &TrialDir, here: Option<&Path>) -> Result<CommandPlace, String> {
    if here.is_none() && folder.path().join(IMPORTED).exists() {
        let what = "it came in a bundle, which may run anything: look at its `run`, then say where its code is";
        return Err(format!("{what}, --commands-in DIR"));
    }
    let text = fs::read(folder.provenance()).map_err(|error| format!("{}: {error}", folder.provenance().display()))?;
    let record: OfCommand =
        serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", folder.provenance().display()))?;
    let run = record.run.ok_or_else(|| "its provenance does not say where it ran".to_owned())?;
    let run = Run { folder: here.map_or(run.folder, Path::to_owned), ..run };
    if !run.folder.is_dir() {
        return Err(format!("the folder it ran in, {}, is not here; --commands-in DIR", run.folder.display()));
    }
    let stage = trial.spec.kind.to_string();
    let passed = run.environment.into_keys().filter(|name| !PASSED.contains(&name.as_str())).collect();
    let place = CommandPlace {
        folder: run.folder,
        files: BTreeMap::from([(stage.clone(), run.files)]),
        passed: BTreeMap::from([(stage.clone(), passed)]),
    };
    match FileDigests::default().changed(&place, &stage) {
        Ok(None) => Ok(place),
        Ok(Some(changed)) => {
            Err(changed.replace("after the sweep was planned", "since").replace("since the sweep was planned", ""))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// How far apart two runs of a sweep's commands may be, by kind, where it says so.
pub fn declared_tolerances(sweeps: &[Sweep]) -> BTreeMap<String, Tolerance> {
    let declared = sweeps.iter().flat_map(|sweep| &sweep.declarations);
    let tolerance = |it: &Declaration| match it.determinism {
        Some(Determinism::Tolerance(most)) => Some((it.kind.clone(), Tolerance { absolute: most, relative: most })),
        Some(Determinism::Bits) | None => None,
    };
    declared.filter_map(tolerance).collect()
}
