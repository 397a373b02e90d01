//! `cargo xtask sound`: memory that is reached without a check, watched while it is. Miri interprets what has no vectors, valgrind
//! runs what has; and the oldest Rust that Cargo.toml promises compiles all of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::needs::answers;
use crate::problem::Problem;
use crate::steps::{Outcome, Record, Table, cargo};

/// Tests that Miri interprets: a thousandth as fast as the processor, so those of few numbers.
const INTERPRETED: &[&str] = &["kernels::product", "kernels::dot", "kernels::region", "kernels::lines", "threads::"];

/// All of it, with a table; whether nothing was found.
///
/// # Errors
/// Cargo is not there.
pub fn run(root: &Path) -> Result<bool, Problem> {
    let records = records(root)?;
    println!("\n{}", Table(&records));
    Ok(records.iter().all(|record| matches!(record.outcome, Outcome::Passed | Outcome::Lacking(_))))
}

/// The same, as steps of `ci`.
///
/// # Errors
/// Cargo is not there.
pub fn records(root: &Path) -> Result<Vec<Record>, Problem> {
    Ok(vec![
        timed("Miri, scalar kernels and threads", || Ok(miri(root)))?,
        timed("valgrind, vector kernels", || valgrind(root))?,
        timed("oldest Rust", || oldest(root))?,
    ])
}

fn timed(name: &'static str, step: impl FnOnce() -> Result<Outcome, Problem>) -> Result<Record, Problem> {
    eprintln!("\n── {name}");
    let started = Instant::now();
    Ok(Record { name, outcome: step()?, took: started.elapsed() })
}

fn outcome(command: &mut Command) -> Outcome {
    if command.status().is_ok_and(|status| status.success()) { Outcome::Passed } else { Outcome::Failed }
}

/// A cargo of another toolchain: not the one that runs this.
fn cargo_of(root: &Path, toolchain: &str) -> Command {
    let mut command = Command::new("cargo");
    command.arg(format!("+{toolchain}")).current_dir(root).env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN");
    command.env_remove("CARGO");
    command
}

fn is_there(mut command: Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn miri(root: &Path) -> Outcome {
    let mut asked = cargo_of(root, "nightly");
    asked.args(["miri", "--version"]);
    if !is_there(asked) {
        return Outcome::Lacking("rustup toolchain install nightly --component miri --component rust-src");
    }
    let mut miri = cargo_of(root, "nightly");
    miri.args(["miri", "test", "-p", "drr-train", "--lib", "--target-dir", "target/miri", "--"]).args(INTERPRETED);
    miri.env("MIRIFLAGS", "-Zmiri-disable-isolation").env("PROPTEST_CASES", "1");
    outcome(&mut miri)
}

fn valgrind(root: &Path) -> Result<Outcome, Problem> {
    if !answers("valgrind") {
        return Ok(Outcome::Lacking("apt-get install valgrind"));
    }
    let mut build = cargo(root);
    build.args(["test", "-p", "drr-train", "--lib", "--no-run", "--message-format", "json"]).stderr(Stdio::inherit());
    let built = build.output().map_err(|error| Problem::file("cargo", &error, "is it in PATH?"))?;
    let Some(program) = program(&String::from_utf8_lossy(&built.stdout)) else { return Ok(Outcome::Failed) };
    let mut watched = Command::new("valgrind");
    // It knows no wider vectors.
    watched.args(["--quiet", "--error-exitcode=9"]).arg(program).args(["kernels::", "--test-threads", "1"]);
    watched.current_dir(root.join("crates/train")).env("DRR_LAB_VECTORS", "avx2").env("PROPTEST_CASES", "8");
    Ok(outcome(&mut watched))
}

/// The test program among cargo's messages.
fn program(messages: &str) -> Option<PathBuf> {
    let executable = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    };
    messages.lines().filter_map(executable).next_back()
}

fn oldest(root: &Path) -> Result<Outcome, Problem> {
    let path = root.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).map_err(|error| Problem::path(&path, &error))?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'));
    let Some(version) = version else {
        return Err(Problem::new("Cargo.toml names no rust-version", "say which Rust is the oldest that will do"));
    };
    let toolchain = format!("{version}.0");
    let mut asked = cargo_of(root, &toolchain);
    asked.arg("--version");
    if !is_there(asked) {
        return Ok(Outcome::Lacking("rustup toolchain install with --profile minimal, of Cargo.toml's rust-version"));
    }
    let mut check = cargo_of(root, &toolchain);
    check.args(["check", "--workspace", "--all-targets", "--target-dir", "target/oldest"]);
    Ok(outcome(&mut check))
}
