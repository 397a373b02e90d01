//! The chores, each a list of steps: `demo`, `test`, `ci`, `chaos`, `attack`. One profile serves them all, so that what is compiled once is
//! compiled for all. libtorch is for GPUs: only `ci` sets it up, to hold the loops of the CPU against it.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::arguments::{GpuOptions, MutantOptions, SetupOptions, Tests};
use crate::attack::{self, AttackOptions};
use crate::mutants;
use crate::needs::{self, NEEDS};
use crate::problem::Problem;
use crate::steps::{Outcome, Record, Step, Table};
use crate::{deps, external, gpu, portable, setup, slurm, sound};

pub const BUILD: Step = Step::cargo("build", &["build", "--workspace"]);
const TESTS: Step = Step::cargo("tests", &["test", "--workspace", "--no-fail-fast"]);

const DEMO: &[Step] = &[
    BUILD,
    Step::drr_lab("data", &["data", "fetch", "ml-100k"]),
    Step::drr_lab("sweep", &["sweep", "sweeps/quickstart.toml"]),
    Step::drr_lab("report", &["report", "quickstart"]),
];

/// The build first: its table says what compiling the program took, and what compiling the tests.
const TEST: &[Step] = &[BUILD, TESTS];

const FORMATTING: Step = Step::cargo("formatting", &["fmt", "--all", "--check"]);

/// After the build, in this order: each reuses what those before it compiled.
const CHECKS: &[Step] = &[
    Step::cargo("clippy", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    TESTS,
    // Elsewhere the trainer is compiled without them, for speed.
    Step::cargo(
        "trainer, all checks",
        &[
            "test",
            "-p",
            "drr-train",
            "--config",
            "profile.dev.package.drr-train.overflow-checks=true",
            "--config",
            "profile.dev.package.drr-train.debug-assertions=true",
        ],
    ),
    Step {
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        ..Step::cargo("documentation", &["doc", "--no-deps", "--workspace"])
    },
    // What would be published.
    Step::cargo(
        "packages",
        &["package", "--workspace", "--exclude", "xtask", "--exclude", "drr-cuda", "--no-verify", "--allow-dirty"],
    ),
];

/// The smoke sweep, trained anew, against its gates: to the bit where the baseline is of this environment class.
const GATES: &[Step] = &[
    Step::drr_lab(
        "smoke sweep",
        &["sweep", "sweeps/ci-smoke.toml", "--runs", "target/ci-smoke", "--threads", "1", "--output", "quiet"],
    ),
    Step::drr_lab("gates", &["check", "gates/ci-smoke.toml", "--runs", "target/ci-smoke"]),
];

/// From nothing to a report.
pub fn demo(root: &Path) -> Result<ExitCode, Problem> {
    if !all_pass(root, DEMO)? {
        return Ok(ExitCode::FAILURE);
    }
    println!(
        "\nDone. Where to look:\n  \
         reports/quickstart/index.html   the report: tables, learning curves, precision@K\n  \
         reports/quickstart/tables/      the same tables as Markdown and CSV\n  \
         reports/quickstart/figures/     the same figures as SVG and PNG\n  \
         runs/trials/                    one folder a trial: spec, metrics, model, log\n\
         Change sweeps/quickstart.toml, or copy it, and run: cargo run -- sweep FILE"
    );
    Ok(ExitCode::SUCCESS)
}

/// All tests that need nothing of the machine; and, if they are asked for, those that need what it has.
pub fn test(root: &Path, which: Tests) -> Result<ExitCode, Problem> {
    let passed = all_pass(root, TEST)?;
    if !passed || which == Tests::Plain {
        println!("\nLeft out: {}.\ncargo xtask test --all runs what of them this machine can.", needs::left_out(root)?);
        return Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let mut records = needed(root, Outcome::Passed)?;
    records.push(oracle(root, Outcome::Passed)?);
    println!("\n{}", Table(&records));
    let failed = records.iter().any(|record| record.outcome == Outcome::Failed);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The tests that need something of the machine, with a Slurm for those that need one.
fn needed(root: &Path, built: Outcome) -> Result<Vec<Record>, Problem> {
    let mut records = Vec::new();
    let slurm = slurm::is_installed();
    if slurm {
        let started = Instant::now();
        slurm::up(root)?;
        records.push(Record { name: "slurm up", outcome: Outcome::Passed, took: started.elapsed() });
    }
    if built == Outcome::Passed {
        let started = Instant::now();
        let outcome = match external::up(root)? {
            ExitCode::SUCCESS => Outcome::Passed,
            _ => Outcome::Lacking("python3 with venv, and PyPI or a mirror of it"),
        };
        records.push(Record { name: "packages of Python", outcome, took: started.elapsed() });
    }
    for need in NEEDS {
        records.push(match built {
            Outcome::Passed => need.run(root)?,
            _ => Record { name: need.reason, outcome: Outcome::Skipped, took: Duration::ZERO },
        });
    }
    if slurm {
        slurm::down(root)?;
    }
    Ok(records)
}

/// The long fault campaign; the tests hold a short one.
pub fn chaos(root: &Path, points: u32) -> Result<ExitCode, Problem> {
    // Once a run of this program, so nothing is lost by keeping it.
    let environment = Box::leak(Box::new([("DRR_LAB_CHAOS", &*points.to_string().leak())]));
    let arguments = &["test", "-p", "drr-lab", "--test", "suite", "chaos::", "--", "--nocapture"];
    let campaign = Step { environment, ..Step::cargo("chaos", arguments) };
    Ok(if all_pass(root, &[BUILD, campaign])? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The attack on what the program promises; `ci` runs its short form.
pub fn attack(root: &Path, options: &AttackOptions) -> Result<ExitCode, Problem> {
    let held = all_pass(root, &[BUILD])? && attack::run(options)?;
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs steps up to the first that fails.
pub fn all_pass(root: &Path, steps: &[Step]) -> Result<bool, Problem> {
    for step in steps {
        if step.run(root)?.outcome != Outcome::Passed {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Everything a change must pass. Goes on after a failed check, so that one run tells all; without a
/// build there is nothing to go on with.
pub fn ci(root: &Path) -> Result<ExitCode, Problem> {
    let mut records = vec![FORMATTING.run(root)?];
    let build = BUILD.run(root)?;
    let built = build.outcome;
    records.push(build);
    // What an earlier run left is not what this build does.
    let _ = std::fs::remove_dir_all(root.join("target/ci-smoke"));
    for step in GATES.iter().chain(CHECKS) {
        records.push(match built {
            Outcome::Passed => step.run(root)?,
            _ => Record { name: step.name, outcome: Outcome::Skipped, took: Duration::ZERO },
        });
    }
    records.extend(needed(root, built)?);
    records.push(stands_on(root)?);
    records.push(attacked(built)?);
    if built == Outcome::Passed {
        records.extend(portable::short(root)?);
        records.extend(sound::records(root)?);
    }
    records.push(planted(root, built)?);
    records.push(oracle(root, built)?);
    records.push(pretended_gpu(root, built)?);
    println!("\n{}", Table(&records));
    // What the machine has no means for is named in the table; it says nothing about the change.
    let passed = records.iter().all(|record| matches!(record.outcome, Outcome::Passed | Outcome::Lacking(_)));
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A short attack on what the program promises.
fn attacked(built: Outcome) -> Result<Record, Problem> {
    let (name, started) = ("attack", Instant::now());
    let outcome = match built {
        Outcome::Passed => match attack::run(&AttackOptions { short: true, ..AttackOptions::default() })? {
            true => Outcome::Passed,
            false => Outcome::Failed,
        },
        _ => Outcome::Skipped,
    };
    Ok(Record { name, outcome, took: started.elapsed() })
}

/// What the project stands on.
fn stands_on(root: &Path) -> Result<Record, Problem> {
    let started = Instant::now();
    eprintln!("\n── dependencies: cargo xtask deps");
    let outcome = if deps::run(root)? { Outcome::Passed } else { Outcome::Failed };
    Ok(Record { name: "dependencies", outcome, took: started.elapsed() })
}

/// The loops of the CPU and libtorch, both against the same updates of PyTorch; and the worker for GPUs compiles.
const ORACLE: Step = Step::cargo("oracle", &["test", "-p", "drr-cuda", "--features", "libtorch"]);

/// Libtorch as the oracle.
fn oracle(root: &Path, built: Outcome) -> Result<Record, Problem> {
    let (name, started) = ("libtorch agrees", Instant::now());
    let outcome = match built {
        Outcome::Passed => {
            setup::run(root, &SetupOptions::default())?;
            ORACLE.run(root)?.outcome
        }
        _ => Outcome::Skipped,
    };
    Ok(Record { name, outcome, took: started.elapsed() })
}

/// All that concerns a GPU, with its operations on the CPU.
fn pretended_gpu(root: &Path, built: Outcome) -> Result<Record, Problem> {
    let (name, started) = ("gpu-check, pretended", Instant::now());
    let outcome = match built {
        Outcome::Passed => match gpu::run(root, &GpuOptions { pretend: true, ..GpuOptions::default() })? {
            true => Outcome::Passed,
            false => Outcome::Failed,
        },
        _ => Outcome::Skipped,
    };
    Ok(Record { name, outcome, took: started.elapsed() })
}

/// A few planted bugs against the gates.
fn planted(root: &Path, built: Outcome) -> Result<Record, Problem> {
    let (name, started) = ("planted bugs", Instant::now());
    let outcome = match built {
        Outcome::Passed => match mutants::run(root, &MutantOptions { short: true, json: None })? {
            true => Outcome::Passed,
            false => Outcome::Failed,
        },
        _ => Outcome::Skipped,
    };
    Ok(Record { name, outcome, took: started.elapsed() })
}
