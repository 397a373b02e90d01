//! The figures of `docs/results.md`, measured again: each of its sweeps is run (or found finished) and checked against its committed
//! baseline to the bit.

use std::path::Path;
use std::process::ExitCode;

use crate::chores::{BUILD, all_pass};
use crate::problem::Problem;
use crate::steps::Step;

const STEPS: &[Step] = &[
    BUILD,
    Step::drr_lab("data", &["data", "fetch", "ml-100k"]),
    Step::drr_lab("default", &["sweep", "sweeps/default.toml"]),
    Step::drr_lab("its bits", &["check", "gates/results/default.toml"]),
    Step::drr_lab("paper", &["sweep", "sweeps/paper.toml"]),
    Step::drr_lab("its bits", &["check", "gates/results/paper.toml"]),
    Step::drr_lab("worlds", &["sweep", "sweeps/worlds.toml"]),
    Step::drr_lab("its bits", &["check", "gates/results/worlds.toml"]),
    Step::drr_lab("corners", &["sweep", "sweeps/corners.toml"]),
    Step::drr_lab("its bits", &["check", "gates/results/corners.toml"]),
    Step::drr_lab("departure", &["sweep", "sweeps/departure.toml"]),
    Step::drr_lab("its bits", &["check", "gates/results/departure.toml"]),
    Step::drr_lab("learner", &["sweep", "sweeps/learner.toml"]),
    Step::drr_lab("its bits", &["check", "gates/results/learner.toml"]),
];

/// Runs the steps.
pub fn run(root: &Path) -> Result<ExitCode, Problem> {
    if all_pass(root, STEPS)? {
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "Where the arithmetic was changed on purpose, write the baselines anew and the tables from them:\n  \
         drr-lab baseline update SWEEP gates/results/SWEEP.baseline.toml --reason \"why\"\n  \
         UPDATE_DOCS=1 cargo test --test suite figures::"
    );
    Ok(ExitCode::FAILURE)
}
