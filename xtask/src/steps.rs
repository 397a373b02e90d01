//! Runs steps one after another with their output passed through, times them, and says which failed and how to run
//! that one by hand.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};
use std::{env, fmt};

use crate::problem::Problem;

/// One thing to run.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub name: &'static str,
    pub program: Program,
    pub arguments: &'static [&'static str],
    pub environment: &'static [(&'static str, &'static str)],
}

/// What runs a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Cargo,
    /// The program `drr-lab` as just built.
    DrrLab,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed,
    Skipped,
    /// The machine lacks what it needs; how one comes by that.
    Lacking(&'static str),
}

/// A step that was run, or not.
#[derive(Clone, Debug)]
pub struct Record {
    pub name: &'static str,
    pub outcome: Outcome,
    pub took: Duration,
}

impl Step {
    pub const fn cargo(name: &'static str, arguments: &'static [&'static str]) -> Self {
        Self { name, program: Program::Cargo, arguments, environment: &[] }
    }

    pub const fn drr_lab(name: &'static str, arguments: &'static [&'static str]) -> Self {
        Self { name, program: Program::DrrLab, arguments, environment: &[] }
    }

    /// What a person types to run just this step.
    pub fn by_hand(&self) -> String {
        let mut line = String::new();
        for (name, value) in self.environment {
            line += &format!("{name}='{value}' ");
        }
        line += match self.program {
            Program::Cargo => "cargo",
            Program::DrrLab => "cargo run --",
        };
        for argument in self.arguments {
            line += " ";
            line += argument;
        }
        line
    }

    /// Runs the step in `root`, its output going straight to the terminal.
    pub fn run(&self, root: &Path) -> Result<Record, Problem> {
        eprintln!("\n── {}: {}", self.name, self.by_hand());
        let started = Instant::now();
        let mut command = match self.program {
            Program::Cargo => cargo(root),
            Program::DrrLab => inside(&sibling("drr-lab")?, root),
        };
        command.args(self.arguments).envs(self.environment.iter().copied());
        if self.arguments.first() == Some(&"test") && env::var_os("RUST_TEST_THREADS").is_none() {
            command.env("RUST_TEST_THREADS", test_threads().to_string());
        }
        let status = command.status().map_err(|error| {
            let by_hand = format!("run it by hand to see more: {}", self.by_hand());
            Problem::file(&command.get_program().display().to_string(), &error, &by_hand)
        })?;
        let outcome = if status.success() { Outcome::Passed } else { Outcome::Failed };
        if outcome == Outcome::Failed {
            eprintln!("\nerror: step `{}` {}; by hand: {}", self.name, ending(status), self.by_hand());
        }
        Ok(Record { name: self.name, outcome, took: started.elapsed() })
    }
}

/// Tests at a time: half of them wait for a process, a clock or a disk.
fn test_threads() -> usize {
    2 * std::thread::available_parallelism().map_or(1, usize::from)
}

/// Cargo, as a person in `root` would call it.
pub fn cargo(root: &Path) -> Command {
    inside(&PathBuf::from(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())), root)
}

fn inside(program: &Path, root: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root);
    forget_outer_cargo(&mut command, root);
    command
}

/// `cargo xtask` runs inside a `cargo run`, which sets variables for this program alone. Handed on, they would make
/// the inner cargo see another LIBTORCH than a cargo typed by hand sees, and libtorch's bindings, minutes of work,
/// would be compiled anew at each change between the two.
fn forget_outer_cargo(command: &mut Command, root: &Path) {
    command.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_MANIFEST_PATH");
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_")) {
            command.env_remove(name);
        }
    }
    if env::var_os("LIBTORCH").is_some_and(|value| Path::new(&value) == root.join(crate::setup::LINK)) {
        command.env_remove("LIBTORCH");
    }
}

/// A program of this workspace: it lies where this one lies, whatever the target folder is called.
pub fn sibling(name: &str) -> Result<PathBuf, Problem> {
    let here = env::current_exe().map_err(|error| Problem::file("this program", &error, "is /proc mounted?"))?;
    Ok(here.with_file_name(name))
}

fn ending(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("failed with exit code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "failed".to_owned(),
    }
}

/// The summary at the end of a list of steps.
pub struct Table<'a>(pub &'a [Record]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|record| record.name.len()).max().unwrap_or(0).max(5);
        let mut whole = Duration::ZERO;
        for record in self.0 {
            let outcome = match record.outcome {
                Outcome::Passed => "ok".to_owned(),
                Outcome::Failed => "FAILED".to_owned(),
                Outcome::Skipped => "skipped".to_owned(),
                Outcome::Lacking(mend) => format!("NOT RUN here; mend: {mend}"),
            };
            whole += record.took;
            writeln!(f, "  {:width$}  {:>8.1} s  {outcome}", record.name, record.took.as_secs_f64())?;
        }
        write!(f, "  {:width$}  {:>8.1} s", "total", whole.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_says_how_to_run_it_by_hand() {
        let doc = Step {
            environment: &[("RUSTDOCFLAGS", "-D warnings")],
            ..Step::cargo("documentation", &["doc", "--no-deps"])
        };
        assert_eq!(doc.by_hand(), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
        assert_eq!(Step::drr_lab("report", &["report", "quickstart"]).by_hand(), "cargo run -- report quickstart");
    }

    #[test]
    fn a_failing_step_is_recorded_as_failed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let step = Step::cargo("nonsense", &["no-such-cargo-command"]);
        assert_eq!(step.run(root).map(|record| record.outcome), Ok(Outcome::Failed));
        let step = Step::cargo("version", &["--version"]);
        assert_eq!(step.run(root).map(|record| record.outcome), Ok(Outcome::Passed));
    }

    #[test]
    fn the_table_lines_up() {
        let record = |name, outcome, seconds| Record { name, outcome, took: Duration::from_secs(seconds) };
        let records = [record("build", Outcome::Passed, 61), record("clippy", Outcome::Failed, 2)];
        let text = "  build       61.0 s  ok\n  clippy       2.0 s  FAILED\n  total       63.0 s";
        assert_eq!(Table(&records).to_string(), text);
        let lacking = Record { name: "needs rain", outcome: Outcome::Lacking("wait"), took: Duration::ZERO };
        assert!(Table(&[lacking]).to_string().starts_with("  needs rain       0.0 s  NOT RUN here; mend: wait\n"));
    }
}
