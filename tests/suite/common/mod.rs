//! What the command-line tests share: a folder of their own, the program, and sweeps that need no data.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod mount;
pub mod sources;
pub mod strike;
pub mod worker;

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::sys::signal::{SigHandler, Signal};

/// A made-up world and networks of a few units: seconds of work.
pub const SMALL: &str = r#"dataset = "synthetic"
seeds = 2
baselines = ["random", "pmf"]

[synthetic]
users = 60
items = 80
ratings = 2_400

[pmf]
k = 4
epochs = 3

[drr]
tau = [0.001, 0.01]
actor_hidden = [8, 8]
critic_hidden = [8, 8, 8]
train_steps = 60
learning_starts = 20
batch_size = 8
eps_steps = 30
record_every = 10

[offline]
k = [5]
repeats = 2
users = 20
"#;

/// A folder for one test.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn runs(&self) -> PathBuf {
        self.path().join("runs")
    }

    /// Writes a file and returns its name, relative to the folder.
    pub fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path().join(name), text).expect("the folder can be written");
        name.to_owned()
    }

    /// The program, run in this folder and nowhere near the user's own data.
    pub fn drr_lab(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drr-lab"));
        command.current_dir(self.path()).args(arguments);
        command.env("XDG_DATA_HOME", self.path().join("share"));
        for name in ["DRR_LAB_DATA", "DRR_LAB_WORKER", "RUST_LOG", "NO_COLOR"] {
            command.env_remove(name);
        }
        hear_signals(&mut command);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.drr_lab(arguments).output().expect("the program starts")
    }
}

/// Starts a program with no signal ignored, whatever started the tests: `nohup`, or a job in the background.
pub fn hear_signals(command: &mut Command) {
    // SAFETY: between fork and exec the closure only calls sigaction, which may be called there.
    unsafe {
        command.pre_exec(|| {
            for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM] {
                nix::sys::signal::signal(signal, SigHandler::SigDfl)?;
            }
            Ok(())
        });
    }
}

/// Exit code, stdout and stderr as one text, for snapshots.
pub fn transcript(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let code = output.status.code().map_or_else(|| output.status.to_string(), |code| code.to_string());
    format!("exit: {code}\n--- stdout\n{}\n--- stderr\n{}\n", text(&output.stdout), text(&output.stderr))
}

/// The `…_digest` of every result below a runs folder, by trial.
pub fn metrics_digests(runs: &Path) -> std::collections::BTreeMap<String, String> {
    let trials = std::fs::read_dir(runs.join("trials")).expect("trials were run");
    trials
        .filter_map(|entry| {
            let folder = entry.expect("the folder can be listed").path();
            let result = std::fs::read(folder.join("result.json")).ok()?;
            let result: serde_json::Value = serde_json::from_slice(&result).expect("a result is JSON");
            let digest = result["metrics_digest"].as_str().expect("a result has a digest").to_owned();
            Some((folder.file_name().expect("a name").to_string_lossy().into_owned(), digest))
        })
        .collect()
}

/// The worker of a running sweep, by the sweep's process id.
pub fn worker_of(sweep: u32) -> Option<u32> {
    let threads = std::fs::read_dir(format!("/proc/{sweep}/task")).ok()?.flatten();
    let children = threads.map(|it| std::fs::read_to_string(it.path().join("children")).unwrap_or_default());
    children.collect::<Vec<_>>().join(" ").split_whitespace().find_map(|pid| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if name.starts_with("drr-lab-worker") { pid.parse().ok() } else { None }
    })
}

/// Ends a process as nothing can be caught.
pub fn kill(pid: u32) {
    let status = Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill is there");
    assert!(status.success(), "process {pid} is gone");
}

/// A worker that trains: the program itself, or the one that `DRR_LAB_WORKER` names.
pub fn trainer() -> PathBuf {
    std::env::var_os("DRR_LAB_WORKER").unwrap_or_else(|| env!("CARGO_BIN_EXE_drr-lab").into()).into()
}
