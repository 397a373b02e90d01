//! What a person may name on the command line: a recorded sweep, or a trial by the beginning of its id.

use std::path::Path;

use drr_core::TrialId;
use drr_core::trial_dir::TrialDir;

use crate::error::{Error, Result};
use crate::plan::{read_sweep, recorded_sweeps};
use crate::sweep::Sweep;

/// Fewer digits are too easily a slip.
const FEWEST_DIGITS: usize = 4;

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// A recorded sweep.
    Sweep(Box<Sweep>),
    /// A trial that has a folder.
    Trial(TrialId),
}

/// Finds what `name` stands for; a sweep goes before a trial.
pub(super) fn find(runs: &Path, name: &str) -> Result<Target> {
    let sweeps = sweeps(runs)?;
    if sweeps.iter().any(|sweep| sweep == name) {
        return read_sweep(runs, name).map(|sweep| Target::Sweep(Box::new(sweep)));
    }
    if name.len() >= FEWEST_DIGITS && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return trial(runs, name).map(Target::Trial);
    }
    let near =
        sweeps.iter().map(|sweep| (strsim::jaro_winkler(name, sweep), sweep)).filter(|(likeness, _)| *likeness > 0.75);
    let near = near.max_by(|one, other| one.0.total_cmp(&other.0));
    let error = Error::input(format!("neither a sweep nor a trial is called `{name}`"));
    Err(match near {
        Some((_, near)) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("`drr-lab runs list` shows what is recorded"),
    })
}

/// The trial whose id begins with `prefix`.
pub(super) fn trial(runs: &Path, prefix: &str) -> Result<TrialId> {
    let found: Vec<TrialId> =
        trials(runs)?.into_iter().filter(|trial| trial.to_string().starts_with(&prefix.to_ascii_lowercase())).collect();
    match found.as_slice() {
        [trial] => Ok(*trial),
        [] => Err(Error::input(format!("no trial's id begins with `{prefix}`"))
            .hint("`drr-lab runs list SWEEP` shows a sweep's trials")),
        several => {
            let ids: Vec<String> = several.iter().take(5).map(TrialId::short).collect();
            Err(Error::input(format!("{} trials' ids begin with `{prefix}`", several.len()))
                .hint(format!("give more digits: {}", ids.join(", "))))
        }
    }
}

/// The names of the recorded sweeps.
pub(super) fn sweeps(runs: &Path) -> Result<Vec<String>> {
    recorded_sweeps(runs).map_err(|error| cannot(runs, &error))
}

/// All trials that have a folder.
pub(super) fn trials(runs: &Path) -> Result<Vec<TrialId>> {
    TrialDir::all(runs).map_err(|error| cannot(runs, &error))
}

fn cannot(runs: &Path, error: &std::io::Error) -> Error {
    Error::environment(format!("cannot read {}: {error}", runs.display()))
}
