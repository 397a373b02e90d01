//! The tests that `cargo test` leaves out because they need something of the machine: which those are, whether it has it,
//! and how they are run. What cannot be run is said; a test that was asked for and did not run is a failure.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use crate::external;
use crate::problem::Problem;
use crate::slurm;
use crate::steps::{Outcome, Record, cargo};

/// The list, beside the test that keeps it complete.
const LIST: &str = "tests/ignored.txt";

/// Something that tests may need of a machine.
pub struct Need {
    /// As the tests say it: `#[ignore = "needs …"]`.
    pub reason: &'static str,
    is_met: fn(&Path) -> bool,
    /// How one comes by it.
    mend: &'static str,
}

/// All needs; `.ci/run` installs what a package manager has.
pub const NEEDS: &[Need] = &[
    Need { reason: "needs Chromium", is_met: |_| answers("chromium"), mend: "apt-get install chromium" },
    Need {
        reason: "needs libfaketime",
        is_met: |_| Path::new("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1").exists(),
        mend: "apt-get install libfaketime",
    },
    Need { reason: "needs permission to mount", is_met: |_| may_mount(), mend: "run it as root" },
    Need {
        reason: "needs pdflatex",
        is_met: |_| answers("pdflatex"),
        mend: "apt-get install texlive-latex-recommended texlive-fonts-recommended",
    },
    Need {
        reason: "needs the sources in a git repository",
        is_met: |root| succeeds(Command::new("git").arg("-C").arg(root).args(["status", "--porcelain"])),
        mend: "clone the repository",
    },
    Need { reason: "needs Python", is_met: |_| answers("python3"), mend: "apt-get install python3" },
    Need { reason: "needs packages of Python", is_met: external::is_installed, mend: "cargo xtask external" },
    Need { reason: "needs Slurm", is_met: |_| slurm::is_installed(), mend: "apt-get install slurm-wlm munge" },
    Need {
        reason: "needs a release build of drr-lab",
        is_met: |root| root.join("target/release/drr-lab").is_file(),
        mend: "cargo build --release -p drr-lab",
    },
    Need {
        reason: "needs a GPU",
        is_met: |root| Path::new("/dev/nvidiactl").exists() && root.join(".libtorch/lib/libtorch_cuda.so").exists(),
        mend: "an NVIDIA driver, and cargo xtask setup --cuda",
    },
];

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
}

/// Whether a program is there and tells its version.
pub fn answers(program: &str) -> bool {
    succeeds(Command::new(program).arg("--version"))
}

/// Whether the toolchain has a target's library.
pub fn has_target(target: &str) -> bool {
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--print", "target-libdir", "--target", target])
        .output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

/// Whether a file system can be mounted, tried and undone.
pub fn may_mount() -> bool {
    let folder = env::temp_dir().join(format!("drr-lab-mount-{}", std::process::id()));
    if fs::create_dir_all(&folder).is_err() {
        return false;
    }
    let mounted = succeeds(Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&folder));
    if mounted {
        succeeds(Command::new("umount").arg(&folder));
    }
    let _ = fs::remove_dir(&folder);
    mounted
}

/// What `cargo test` leaves out, in words: how many tests, and what they need.
///
/// # Errors
/// The list cannot be read.
pub fn left_out(root: &Path) -> Result<String, Problem> {
    let path = root.join(LIST);
    let list = fs::read_to_string(&path).map_err(|error| Problem::path(&path, &error))?;
    let needs: Vec<(usize, &str)> =
        NEEDS.iter().map(|need| (tests(&list, need.reason).values().map(Vec::len).sum(), need.reason)).collect();
    let words = needs.iter().map(|(_, reason)| reason.trim_start_matches("needs ")).collect::<Vec<_>>().join(", ");
    Ok(format!(
        "{} tests, which need {words}; and those that hold libtorch against the CPU's loops",
        needs.iter().map(|(count, _)| count).sum::<usize>()
    ))
}

/// One program of tests, as `cargo test` names it.
type Target = Vec<String>;

/// The tests of a reason, by the program they are in.
fn tests(list: &str, reason: &str) -> BTreeMap<Target, Vec<String>> {
    let mut found: BTreeMap<Target, Vec<String>> = BTreeMap::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split(" | ");
        let (why, file, name) = (parts.next(), parts.next(), parts.next());
        if let (Some(file), Some(name)) = (file, name)
            && why == Some(reason)
        {
            found.entry(target(file)).or_default().push(name.to_owned());
        }
    }
    found
}

/// The program that a source file's tests are in.
fn target(file: &str) -> Target {
    let parts: Vec<&str> = file.split('/').collect();
    let (package, inside) = match parts[..] {
        ["crates", name, ..] => (format!("drr-{name}"), &parts[2..]),
        ["xtask", ..] => ("xtask".to_owned(), &parts[1..]),
        _ => ("drr-lab".to_owned(), &parts[..]),
    };
    let which = match inside {
        ["tests", name, ..] => vec!["--test".to_owned(), name.trim_end_matches(".rs").to_owned()],
        _ => vec!["--lib".to_owned()],
    };
    // What needs a GPU needs libtorch.
    let features =
        if package == "drr-cuda" { vec!["--features".to_owned(), "libtorch".to_owned()] } else { Vec::new() };
    [vec!["-p".to_owned(), package], features, which].concat()
}

/// How many tests a program says that it passed.
fn passed(said: &str) -> usize {
    let results = said.lines().filter_map(|line| line.strip_prefix("test result: ok. "));
    results.filter_map(|rest| rest.split(' ').next()?.parse::<usize>().ok()).sum()
}

impl Need {
    /// Runs its tests where the machine has what they need.
    ///
    /// # Errors
    /// The list of tests or cargo is not there.
    pub fn run(&self, root: &Path) -> Result<Record, Problem> {
        let started = Instant::now();
        if !(self.is_met)(root) {
            eprintln!("\n── {}: not here; mend: {}", self.reason, self.mend);
            return Ok(Record { name: self.reason, outcome: Outcome::Lacking(self.mend), took: Duration::ZERO });
        }
        let path = root.join(LIST);
        let list = fs::read_to_string(&path).map_err(|error| Problem::path(&path, &error))?;
        let mut outcome = Outcome::Passed;
        for (target, names) in tests(&list, self.reason) {
            let mut command = cargo(root);
            command.arg("test").args(&target).args(["--", "--ignored"]).args(&names);
            eprintln!("\n── {}: cargo test {} -- --ignored {}", self.reason, target.join(" "), names.join(" "));
            let output = command.stderr(Stdio::inherit()).output();
            let output = output.map_err(|error| Problem::file("cargo", &error, "is it on the PATH?"))?;
            let said = String::from_utf8_lossy(&output.stdout);
            print!("{said}");
            if !output.status.success() || passed(&said) != names.len() {
                eprintln!("\nerror: {} of {} passed", passed(&said), names.len());
                outcome = Outcome::Failed;
            }
        }
        Ok(Record { name: self.reason, outcome, took: started.elapsed() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
        fs::read_to_string(root.join(LIST)).expect("the list")
    }

    #[test]
    fn every_need_of_a_test_is_known_and_every_known_need_has_tests() {
        let list = list();
        let reasons = list.lines().filter_map(|line| line.split_once(" | ")).map(|(reason, _)| reason);
        for reason in reasons.filter(|reason| reason.starts_with("needs ")) {
            assert!(NEEDS.iter().any(|need| need.reason == reason), "xtask/src/needs.rs does not know `{reason}`");
        }
        for need in NEEDS {
            assert!(!tests(&list, need.reason).is_empty(), "no test `{}`", need.reason);
        }
    }

    #[test]
    fn a_file_tells_the_program_its_tests_are_in() {
        assert_eq!(target("tests/suite/slurm.rs").join(" "), "-p drr-lab --test suite");
        assert_eq!(target("src/report/tests/browser.rs").join(" "), "-p drr-lab --lib");
        assert_eq!(target("crates/cuda/tests/golden.rs").join(" "), "-p drr-cuda --features libtorch --test golden");
    }

    #[test]
    fn what_passed_is_counted_and_what_failed_is_not() {
        let said = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored\n\
                    test result: FAILED. 3 passed; 1 failed\ntest result: ok. 1 passed; 0 failed\n";
        assert_eq!(passed(said), 3);
        assert_eq!(passed("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out"), 0);
    }
}
