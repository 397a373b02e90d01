//! Regression gates: a recorded sweep against a committed baseline, and a verdict a gate that a machine can act on.
//!
//! | file | job |
//! | --- | --- |
//! | `file`, `fields` | the gate file, read with located problems |
//! | `measured`, `settings` | what a sweep measured, by group and seed |
//! | `baseline`, `changes` | the committed text; what differs between two |
//! | `resolve` | which group and which metric a gate means |
//! | `evidence`, `judge` | the statistics of one gate; the verdicts over all |
//! | `verdict`, `words` | what is said, in types and in sentences |
//! | `output` | text, JSON, JUnit, GitHub, GitLab |
//!
//! Which trials belong together is [`crate::study`]'s to say, what a difference is worth [`drr_stats`]'s.

mod baseline;
mod changes;
mod evidence;
mod fields;
mod file;
mod judge;
mod measured;
pub mod output;
#[cfg(test)]
mod power;
mod resolve;
mod settings;
#[cfg(test)]
mod tests;
mod verdict;
mod words;

use std::path::Path;

pub use baseline::Baseline;
pub use changes::changes;
pub use file::{GateFile, load};
pub use verdict::{Checked, Finding, GateNumbers, Inconclusive, Verdict};

use crate::error::{Error, Result};
use crate::store::Store;
use crate::sweep::{Problem, Problems, did_you_mean};
use evidence::Bits;
use measured::Measured;

/// Checks a recorded sweep as a gate file asks.
///
/// # Errors
/// A sweep or a baseline that is not there, names that stand for nothing, what cannot be compared: all located in the
/// gate file. A trial's folder that was changed.
pub fn check(file: &GateFile, store: &Store) -> Result<Checked> {
    let mut problems = Problems::default();
    let names = store.sweep_names()?;
    let sweep = store.sweep(&file.sweep)?;
    if sweep.is_none() {
        let help = did_you_mean(&file.sweep, names.iter().map(String::as_str))
            .unwrap_or_else(|| "run it first with `drr-lab sweep FILE`".to_owned());
        let problem = Problem::new(format!("no sweep called `{}` is recorded", file.sweep)).help(help);
        problems.add(problem, &file.sweep_place, "not recorded");
    }
    let baseline = match &file.baseline {
        Some(path) => Baseline::read(path).map_err(|error| problems.absorb(error, &file.baseline_place)).ok(),
        None => None,
    };
    if let Some(baseline) = &baseline
        && baseline.measured.sweep != file.sweep
    {
        let problem = Problem::new(format!("the baseline is of the sweep `{}`", baseline.measured.sweep));
        problems.add(problem, &file.baseline_place, format!("not of `{}`", file.sweep));
    }
    let refuse = |problems: Problems| Err(problems.into_error_and(&file.name, "nothing was decided"));
    let (Some(sweep), true) = (sweep, problems.is_empty()) else { return refuse(problems) };
    let current = Measured::read(store, &sweep)?;
    let cases = resolve::resolve(file, &current, baseline.as_ref(), &mut problems);
    if !problems.is_empty() {
        return refuse(problems);
    }
    let (bits, notes) = circumstances(&current, baseline.as_ref());
    let findings = judge::judge(&cases, file.levels, bits);
    Ok(Checked { file: file.name.clone(), sweep: file.sweep.clone(), notes, findings })
}

/// Whether bits can be compared, and what else is not as it was.
fn circumstances(current: &Measured, baseline: Option<&Baseline>) -> (Bits, Vec<String>) {
    let mut notes = Vec::new();
    let Some(Baseline { measured, .. }) = baseline else { return (Bits::Comparable, notes) };
    let mut bits = Bits::Comparable;
    if current.environments != measured.environments {
        let words = |of: &Measured| of.environments.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        notes.push(format!(
            "the baseline is of another environment class ({}; here {}): compared statistically, never to the bit",
            words(measured),
            words(current)
        ));
        bits = Bits::OtherClass;
    }
    let changed: Vec<&str> = current
        .sources
        .iter()
        .filter(|(kind, digest)| measured.sources.get(*kind) != Some(digest))
        .map(|(kind, _)| kind.as_str())
        .collect();
    if !changed.is_empty() {
        notes.push(format!("the sources of {} are not the baseline's", changed.join(", ")));
    }
    (bits, notes)
}

/// A baseline of a recorded sweep. With a `previous` one its reasons are kept.
///
/// # Errors
/// No such sweep, trials that are not finished or ran in several environments, a folder that was changed.
pub fn baseline_of(store: &Store, sweep: &str, previous: Option<&Baseline>, reason: &str) -> Result<Baseline> {
    let names = store.sweep_names()?;
    let stored = store.sweep(sweep)?.ok_or_else(|| {
        let error = Error::input(format!("no sweep called `{sweep}` is recorded"));
        match did_you_mean(sweep, names.iter().map(String::as_str)) {
            Some(help) => error.hint(help),
            None => error.hint("run it first with `drr-lab sweep FILE`"),
        }
    })?;
    let changes = previous.map(|baseline| baseline.changes.clone()).unwrap_or_default();
    let today = drr_core::time::utc_now()[..10].to_owned();
    Baseline::new(Measured::read(store, &stored)?, changes, reason, &today)
}

/// Reads a gate file and checks it.
///
/// # Errors
/// As [`load`] and [`check`].
pub fn check_file(path: &Path, store: &Store) -> Result<Checked> {
    check(&load(path)?, store)
}
