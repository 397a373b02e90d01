//! The bits of trainings under other processors, for other C libraries and other architectures: one test program,
//! `crates/train/tests/portable_bits.rs`, built for each and run natively or emulated.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::needs::{answers, has_target};
use crate::problem::Problem;
use crate::steps::{Outcome, Record, Table, cargo};

/// One way to run the program.
struct Way {
    name: &'static str,
    /// The target it is built for; `None` for this machine's.
    target: Option<&'static str>,
    /// The linker of that target.
    linker: Option<(&'static str, &'static str)>,
    /// The widest vectors it may use, as DRR_LAB_VECTORS says it.
    vectors: &'static str,
    /// What runs it.
    emulator: &'static [&'static str],
    /// How many seeds are worth the time.
    seeds: &'static str,
    /// What it wants, for who lacks it.
    mend: &'static str,
}

const WAYS: &[Way] = &[
    Way { name: "this processor", target: None, linker: None, vectors: "", emulator: &[], seeds: "3", mend: "" },
    Way {
        name: "this processor, AVX2 at most",
        target: None,
        linker: None,
        vectors: "avx2",
        emulator: &[],
        seeds: "3",
        mend: "",
    },
    Way {
        name: "this processor, no vectors",
        target: None,
        linker: None,
        vectors: "plain",
        emulator: &[],
        seeds: "3",
        mend: "",
    },
    Way {
        name: "x86-64, AVX2 (Haswell)",
        target: None,
        linker: None,
        vectors: "",
        emulator: &["qemu-x86_64", "-cpu", "Haswell"],
        seeds: "3",
        mend: "apt-get install qemu-user",
    },
    Way {
        name: "x86-64, neither AVX nor FMA (Nehalem)",
        target: None,
        linker: None,
        vectors: "",
        emulator: &["qemu-x86_64", "-cpu", "Nehalem"],
        seeds: "1",
        mend: "apt-get install qemu-user",
    },
    Way {
        name: "musl",
        target: Some("x86_64-unknown-linux-musl"),
        linker: None,
        vectors: "",
        emulator: &[],
        seeds: "3",
        mend: "rustup target add x86_64-unknown-linux-musl",
    },
    Way {
        name: "aarch64",
        target: Some("aarch64-unknown-linux-gnu"),
        linker: Some(("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc")),
        vectors: "",
        emulator: &["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"],
        seeds: "3",
        mend: "rustup target add aarch64-unknown-linux-gnu; apt-get install qemu-user gcc-aarch64-linux-gnu",
    },
];

/// Ways that `ci` takes: minutes, and nothing to compile that is not there.
const SHORT: &[&str] = &["this processor, AVX2 at most", "this processor, no vectors", "x86-64, AVX2 (Haswell)"];

/// All ways, with a table; whether none gave other bits.
///
/// # Errors
/// Cargo is not there.
pub fn run(root: &Path) -> Result<bool, Problem> {
    let records = WAYS.iter().map(|way| way.run(root)).collect::<Result<Vec<Record>, _>>()?;
    println!("\n{}", Table(&records));
    Ok(records.iter().all(|record| matches!(record.outcome, Outcome::Passed | Outcome::Lacking(_))))
}

/// The ways that `ci` takes.
///
/// # Errors
/// Cargo is not there.
pub fn short(root: &Path) -> Result<Vec<Record>, Problem> {
    WAYS.iter().filter(|way| SHORT.contains(&way.name)).map(|way| way.run(root)).collect()
}

impl Way {
    fn is_met(&self) -> bool {
        let emulates = self.emulator.first().is_none_or(|program| answers(program));
        let builds = self.target.is_none_or(has_target);
        emulates && builds && self.linker.is_none_or(|(_, program)| answers(program))
    }

    fn run(&self, root: &Path) -> Result<Record, Problem> {
        if !self.is_met() {
            eprintln!("\n── {}: not here; mend: {}", self.name, self.mend);
            return Ok(Record { name: self.name, outcome: Outcome::Lacking(self.mend), took: Duration::ZERO });
        }
        eprintln!("\n── bits: {}", self.name);
        let started = Instant::now();
        let outcome = match self.build(root)? {
            Some(program) => {
                let line: Vec<&str> = self.emulator.to_vec();
                let mut command = match line.split_first() {
                    Some((emulator, more)) => {
                        let mut command = Command::new(emulator);
                        command.args(more).arg(program);
                        command
                    }
                    None => Command::new(program),
                };
                let passed = command
                    .env("DRR_LAB_PORTABLE_SEEDS", self.seeds)
                    .env("DRR_LAB_VECTORS", self.vectors)
                    .status()
                    .is_ok_and(|it| it.success());
                if passed { Outcome::Passed } else { Outcome::Failed }
            }
            None => Outcome::Failed,
        };
        Ok(Record { name: self.name, outcome, took: started.elapsed() })
    }

    /// Builds the test program; `None` where that fails.
    fn build(&self, root: &Path) -> Result<Option<PathBuf>, Problem> {
        let mut command = cargo(root);
        command.args(["test", "-p", "drr-train", "--test", "portable_bits", "--no-run", "--message-format=json"]);
        if let Some(target) = self.target {
            command.args(["--target", target]);
        }
        command.envs(self.linker);
        let output = command.stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| Problem::file("cargo", &error, "is it on the PATH?"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        Ok(said.lines().filter_map(executable).next_back())
    }
}

/// The program that a message of cargo's tells of. The messages are JSON; the one word needed is found without a parser.
fn executable(message: &str) -> Option<PathBuf> {
    let (_, rest) = message.split_once("\"executable\":\"")?;
    let (path, _) = rest.split_once('"')?;
    path.contains("portable_bits-").then(|| PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_cargos_messages() {
        let message =
            r#"{"reason":"compiler-artifact","executable":"/a b/target/debug/deps/portable_bits-1f","fresh":true}"#;
        assert_eq!(executable(message), Some(PathBuf::from("/a b/target/debug/deps/portable_bits-1f")));
        assert_eq!(executable(r#"{"reason":"compiler-artifact","executable":null,"fresh":true}"#), None);
        assert!(SHORT.iter().all(|short| WAYS.iter().any(|way| way.name == *short)));
    }
}
