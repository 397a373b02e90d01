//! What went wrong in a run, trial by trial, with the last lines of each log and the command that shows more.

use std::collections::HashMap;
use std::path::Path;

use drr_core::trial_dir::TrialDir;

use crate::exec::{Label, Outcome};
use crate::neutral::line;
use crate::plan::{Plan, Task, read_failure};

/// Failures that are told in full; the others are counted.
const MOST: usize = 10;

/// Prints to stderr.
pub(super) fn print(plan: &Plan, outcome: &Outcome, runs: &Path) {
    let tasks: HashMap<_, &Task> = plan.tasks.iter().map(|task| (task.trial.id, task)).collect();
    for (trial, reason) in outcome.failed.iter().take(MOST) {
        let Some(label) = tasks.get(trial).map(|task| Label::of(task)) else { continue };
        eprintln!("\nfailed: {} {} seed {} {}", label.stage.name(), label.short, label.seed, line(&label.what));
        eprintln!("  {}", line(reason));
        let failure = read_failure(&TrialDir::new(runs, *trial));
        for said in failure.iter().flat_map(|failure| &failure.log) {
            eprintln!("  | {}", line(said));
        }
        let runs = runs.display().to_string();
        let folder = if runs == "runs" { String::new() } else { format!(" --runs {runs}") };
        eprintln!("  more: drr-lab runs show {}{folder}", label.short);
    }
    if outcome.failed.len() > MOST {
        eprintln!("\nand {} more; `drr-lab runs list {}` lists them", outcome.failed.len() - MOST, plan.sweep);
    }
    if outcome.blocked > 0 {
        eprintln!("\n{} trials were not run because what they stand on failed", outcome.blocked);
    }
}
