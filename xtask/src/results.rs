//! The figures of `docs/results.md`, measured again: each of its sweeps is run (or found finished) and checked against its committed
//! baseline to the bit. Then the papers of `docs/reproduction.md`: what `drr-lab reproduce` writes must be what the page holds.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::chores::{BUILD, all_pass};
use crate::problem::Problem;
use crate::steps::{Step, sibling};

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

/// The page of the papers.
const PAGE: &str = "docs/reproduction.md";

/// What is reproduced, and where it is written: a part of the page.
const PAPERS: &[(&str, &[&str])] = &[
    ("dacrema", &["reproduce", "papers/dacrema.toml"]),
    ("recsys-top10", &["reproduce", "papers/recsys-top10.toml"]),
    ("drr", &["reproduce", "papers/drr.toml"]),
    ("drr-protocols", &["reproduce", "papers/drr.toml", "--search-protocol"]),
];

/// Runs the steps.
pub fn run(root: &Path) -> Result<ExitCode, Problem> {
    let are_as_before = all_pass(root, STEPS)?;
    let mut others = Vec::new();
    for (name, arguments) in PAPERS {
        if !is_as_written(root, name, arguments)? {
            others.push(*name);
        }
    }
    if are_as_before && others.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if !others.is_empty() {
        println!("{PAGE} says other than what came out now: {}", others.join(", "));
    }
    println!(
        "Where the arithmetic was changed on purpose, write the baselines anew and the tables from them:\n  \
         drr-lab baseline update SWEEP gates/results/SWEEP.baseline.toml --reason \"why\"\n  \
         UPDATE_DOCS=1 cargo test --test suite figures::\n  \
         UPDATE_DOCS=1 cargo test --test suite reproduction::"
    );
    Ok(ExitCode::FAILURE)
}

/// Reproduces a paper, whatever its verdicts are, and compares with what the page holds of it.
fn is_as_written(root: &Path, name: &str, arguments: &[&str]) -> Result<bool, Problem> {
    let program = sibling("drr-lab")?;
    eprintln!("\n── {name}: cargo run -- {}", arguments.join(" "));
    // Commands of a paper find the packages of Python that the tests use.
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", root.join("target/external/bin").display());
    let status = Command::new(&program).args(arguments).current_dir(root).env("PATH", path).status();
    let status = status.map_err(|error| Problem::path(&program, &error))?;
    // 1 and 4 tell of verdicts.
    if !matches!(status.code(), Some(0 | 1 | 4)) {
        return Ok(false);
    }
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| Problem::path(path, &error));
    let (written, page) = (read(&root.join("reports").join(name).join("index.md"))?, read(&root.join(PAGE))?);
    Ok(page.contains(&format!("<!-- reproduce {name} -->\n{written}<!-- end -->")))
}
