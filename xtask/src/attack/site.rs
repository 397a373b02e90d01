//! The folder of one attack: a small sweep in it, the program run in it with an end to all patience, and what it leaves.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::world::World;

/// One factorisation, four recommenders, four evaluations.
const SWEEP: &str = r#"name = "attacked"
dataset = "synthetic"
seeds = 1
baselines = []

[synthetic]
users = 60
items = 80
ratings = 2_400

[pmf]
k = 4
epochs = 3

[drr]
tau = [0.001, 0.003, 0.01, 0.03]
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

[execution]
backoff = 0.01
grace = 0.3
"#;

/// Trials of [`SWEEP`].
pub const TRIALS: usize = 9;

/// How long anything may take that is not waiting for something endless.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Exit codes that are documented.
const CODES: &[i32] = &[0, 1, 2, 3, 4, 5, 130];

/// A folder of its own, gone when dropped.
pub struct Site<'a> {
    pub world: &'a World,
    pub folder: PathBuf,
}

/// A process whose output goes to files.
pub struct Running {
    pub child: Child,
    out: PathBuf,
    err: PathBuf,
    began: Instant,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Results by trial: which file it is and when it was written.
pub type Results = BTreeMap<String, (u64, i64, i64)>;

impl<'a> Site<'a> {
    pub fn new(world: &'a World, name: &str) -> io::Result<Self> {
        let folder = world.folder.join(name);
        fs::create_dir_all(folder.join("marks"))?;
        fs::write(folder.join("attacked.toml"), SWEEP)?;
        // A script, so that the copy of the worker that a sweep keeps is small.
        script(&folder.join("worker"), &format!("exec '{}' \"$@\"", world.worker.display()))?;
        Ok(Self { world, folder })
    }

    pub fn runs(&self) -> PathBuf {
        self.folder.join("runs")
    }

    /// The program, in this folder and nowhere near the user's own data; its calls are traced where there is a shim.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.world.program);
        command.current_dir(&self.folder).args(arguments).env("XDG_DATA_HOME", self.folder.join("share"));
        for name in ["DRR_LAB_DATA", "DRR_LAB_WORKER", "RUST_LOG", "NO_COLOR", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        if let Some(shim) = &self.world.shim {
            command.env("LD_PRELOAD", shim).env("ATTACK_FOLDER", self.folder.join("marks"));
            command.env("ATTACK_UNDER", self.runs().join(""));
        }
        command
    }

    /// The sweep, with the worker that does its work.
    pub fn sweep(&self, more: &[&str]) -> Command {
        let runs = self.runs();
        let mut command = self.program(&["--runs"]);
        command.arg(&runs).args(["sweep", "attacked.toml", "--jobs", "1", "--output", "json", "--worker"]);
        command.arg(self.folder.join("worker")).args(more);
        command
    }

    /// Checks what is stored.
    pub fn verify(&self) -> Command {
        let mut command = self.program(&["--runs"]);
        command.arg(self.runs()).args(["verify", "--integrity-only"]);
        command
    }

    pub fn start(&self, mut command: Command, name: &str) -> io::Result<Running> {
        let (out, err) = (self.folder.join(format!("{name}.out")), self.folder.join(format!("{name}.err")));
        command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&err)?);
        Ok(Running { child: command.spawn()?, out, err, began: Instant::now() })
    }

    /// Runs a command to its end; a fault is that it has none, panics, or ends in a way that means nothing.
    pub fn run(&self, command: Command, patience: Duration) -> Result<Ended, String> {
        let mut running = self.start(command, "said").map_err(|error| format!("it cannot be started: {error}"))?;
        running.end(patience).and_then(Ended::clear)
    }

    /// What is finished.
    pub fn results(&self) -> Results {
        results(&self.runs())
    }

    /// The digest of every result.
    pub fn digests(&self) -> BTreeMap<String, String> {
        let trials = fs::read_dir(self.runs().join("trials")).into_iter().flatten().flatten();
        let digest = |folder: &Path| {
            let result: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("result.json")).ok()?).ok()?;
            Some(result["metrics_digest"].as_str()?.to_owned())
        };
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        trials.filter_map(|trial| Some((name(&trial.path())?, digest(&trial.path())?))).collect()
    }

    /// Puts the runs folder of the undisturbed sweep here.
    pub fn copy_finished(&self) -> io::Result<()> {
        copy(&self.world.finished, &self.runs())
    }

    /// How often each trial's result was put in its place.
    pub fn written(&self) -> BTreeMap<String, usize> {
        let trace = fs::read_to_string(self.folder.join("marks/trace")).unwrap_or_default();
        let mut times = BTreeMap::new();
        for line in trace.lines() {
            let Some((_, path)) = line.split_once(" renamed ") else { continue };
            if let Some(folder) = path.strip_suffix("/result.json") {
                *times.entry(folder.rsplit('/').next().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
        times
    }
}

impl Drop for Site<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A program of one line.
pub fn script(path: &Path, line: &str) -> io::Result<()> {
    fs::write(path, format!("#!/bin/sh\n{line}\n"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

fn results(runs: &Path) -> Results {
    let trials = fs::read_dir(runs.join("trials")).into_iter().flatten().flatten();
    let one = |trial: fs::DirEntry| {
        let file = fs::metadata(trial.path().join("result.json")).ok()?;
        Some((trial.file_name().to_string_lossy().into_owned(), (file.ino(), file.mtime(), file.mtime_nsec())))
    };
    trials.filter_map(one).collect()
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far on stdout.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.out).unwrap_or_default()).into_owned()
    }

    pub fn is_over(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until `reached`, its end, or the end of patience.
    pub fn wait_until(&mut self, patience: Duration, mut reached: impl FnMut(&Self) -> bool) -> bool {
        let began = Instant::now();
        while !self.is_over() && began.elapsed() < patience {
            if reached(self) {
                return true;
            }
            thread::sleep(Duration::from_millis(2));
        }
        false
    }

    /// Waits for its end; one that does not end is killed.
    pub fn end(&mut self, patience: Duration) -> Result<Ended, String> {
        while !self.is_over() {
            if self.began.elapsed() > patience {
                let workers = workers(self.id());
                let _ = self.child.kill();
                let _ = self.child.wait();
                workers.iter().for_each(|worker| send("KILL", *worker));
                let said = String::from_utf8_lossy(&fs::read(&self.err).unwrap_or_default()).into_owned();
                return Err(format!("it did not end within {} s; stderr: {}", patience.as_secs(), last(&said)));
            }
            thread::sleep(Duration::from_millis(5));
        }
        let status: ExitStatus = self.child.wait().map_err(|error| error.to_string())?;
        let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        Ok(Ended { code: status.code(), signal: status.signal(), out: text(&self.out), err: text(&self.err) })
    }
}

impl Ended {
    /// No panic, and an exit code that means something; a signal is judged by who sent it.
    pub fn clear(self) -> Result<Self, String> {
        for word in ["panicked at", "this is a bug in drr-lab"] {
            if self.err.contains(word) {
                return Err(format!("it panicked: {}", last(&self.err)));
            }
        }
        match self.code {
            Some(code) if !CODES.contains(&code) => {
                Err(format!("exit code {code} is none of those documented: {}", last(&self.err)))
            }
            _ => Ok(self),
        }
    }

    /// That its exit code is one of these.
    pub fn code_is(self, codes: &[i32]) -> Result<Self, String> {
        match self.code {
            Some(code) if codes.contains(&code) => Ok(self),
            Some(code) => {
                let said = if self.err.trim().is_empty() { &self.out } else { &self.err };
                Err(format!("exit code {code}, expected one of {codes:?}: {}", last(said)))
            }
            None => Err(format!("it died of signal {:?}: {}", self.signal, last(&self.err))),
        }
    }
}

/// The end of what was said, as one line.
pub fn last(said: &str) -> String {
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let text = lines[lines.len().saturating_sub(3)..].join(" / ");
    text.chars().flat_map(char::escape_debug).take(400).collect()
}

/// Sends a signal, if the process still lives.
pub fn send(signal: &str, process: u32) {
    let quiet = || Stdio::null();
    let _ = Command::new("kill").args([&format!("-{signal}"), &process.to_string()]).stderr(quiet()).status();
}

/// The children of a process.
pub fn workers(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let child = |entry: fs::DirEntry| -> Option<u32> {
        let process = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name may hold anything, so count from its end: state, parent.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(1);
        (fields.next()?.parse() == Ok(parent)).then_some(process)
    };
    processes.filter_map(child).collect()
}
