//! A worker that does nothing but speak the protocol, well or badly, and what its tests share.

use std::fs;
use std::io::{BufRead as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use drr_core::journal::{Point, Writer};
use drr_core::protocol::{Assignment, FailureKind, FoundGpu, FromWorker, Hello, ToWorker, VERSION};
use drr_core::result::{EnvironmentClass, FORMAT, TrialResult};
use drr_core::trial_dir::TrialDir;
use drr_core::{Digest, TrialSpec};
use drr_kinds::KindOf as _;
use drr_kinds::train_digest;
use nix::sys::signal::{SigHandler, Signal, kill};
use nix::unistd::Pid;

use super::strike::{Strike, strike};
use super::{Place, SMALL};

/// What drives a terminal or gives commands to a build server where it is shown raw.
pub const HOSTILE: &str = "\x1b[2J\x07\u{9b}1m a\rb \u{202e}c\u{2066} ##[error]d\n::error::forged\n ::stop-commands::e";

/// Speaks the protocol, as the variable `FAKE_WORKER` says; does not return.
pub fn play() {
    let Ok(mut manner) = std::env::var("FAKE_WORKER") else { return };
    if manner == "struck" {
        let place = PathBuf::from(std::env::var_os("FAKE_PLACE").expect("its place"));
        if let Some(order) = Strike::take(&place.join("strike")) {
            let mut this = Command::new(std::env::current_exe().expect("this test"));
            this.args(std::env::args_os().skip(1)).env("FAKE_WORKER", "together");
            strike(this, order, &place.join("missed"));
        }
        manner = "stuck".to_owned();
    }
    eprintln!("worker {} is up", std::process::id());
    println!("this line is no message");
    let environment = EnvironmentClass {
        libtorch: "none".into(),
        isa: "none".into(),
        device: if manner == "hostile" { HOSTILE.into() } else { "cpu".into() },
        driver: String::new(),
        numerics: "strict".into(),
    };
    let digest = if manner == "stranger" { Digest::of(b"other sources") } else { train_digest() };
    match manner.as_str() {
        "mute" => std::thread::sleep(Duration::from_secs(600)),
        "chatty" => loop {
            println!("still loading");
            std::thread::sleep(Duration::from_millis(50));
        },
        _ => {}
    }
    say(&FromWorker::Ready(Hello {
        protocol: VERSION,
        train_digest: digest,
        pid: std::process::id(),
        environment,
        gpu: gpu(&manner),
    }));
    for line in std::io::stdin().lock().lines() {
        match serde_json::from_str(&line.expect("a line")).expect("a message") {
            ToWorker::Stop => break,
            ToWorker::Cores(_) => {}
            ToWorker::Run(assignment) if manner == "together" => together(&assignment),
            ToWorker::Run(assignment) => {
                if let ("stuck", Some(place)) = (manner.as_str(), std::env::var_os("FAKE_PLACE")) {
                    fs::write(Path::new(&place).join("again"), "").expect("written");
                }
                for spec in &assignment.trials {
                    work(spec, &assignment.runs, &manner, assignment.trials.len());
                }
            }
        }
    }
    std::process::exit(0);
}

/// The GPU that a worker was shown, which it notes in the folder it runs in.
fn gpu(manner: &str) -> FoundGpu {
    let shown = std::env::var("CUDA_VISIBLE_DEVICES").unwrap_or_default();
    if shown.is_empty() {
        return FoundGpu::None;
    }
    let mut notes = fs::OpenOptions::new().create(true).append(true).open("shown").expect("a file");
    writeln!(notes, "{shown}").expect("written");
    match manner {
        "without-cuda" => FoundGpu::Unusable("this libtorch is without CUDA".to_owned()),
        _ => FoundGpu::Usable(Box::default()),
    }
}

/// A device that fails under a network: the first time, or always.
fn failed_device(manner: &str, spec: &TrialSpec, runs: &Path) -> bool {
    let is_on_gpu = std::env::var("CUDA_VISIBLE_DEVICES").is_ok_and(|shown| !shown.is_empty());
    let once = runs.join("failed-once");
    let fails = is_on_gpu && spec.stage().name() == "drr" && (manner == "sick" || !once.exists());
    if fails {
        fs::write(once, "").expect("written");
    }
    fails
}

fn work(spec: &TrialSpec, runs: &Path, manner: &str, given: usize) {
    let trial = spec.id();
    let folder = TrialDir::new(runs, trial);
    folder.prepare(spec).expect("a folder");
    say(&FromWorker::Started { trial });
    eprintln!("working on {}", trial.short());
    let once = runs.join("crashed-once");
    let mut points = usual(spec);
    match (manner, spec.stage().name()) {
        ("sick" | "sick-once", _) if failed_device(manner, spec, runs) => {
            let (kind, message) = (FailureKind::Device, "the GPU failed: CUDA error: unspecified".to_owned());
            say(&FromWorker::Failed { trial, kind, message });
            std::process::exit(3);
        }
        ("crash-once", "drr") if !once.exists() => {
            fs::write(once, "").expect("written");
            std::process::abort();
        }
        ("crash", "drr") if spec.seed.0 == 1 => std::process::abort(),
        ("nan", "pmf") if spec.seed.0 == 1 => {
            let (kind, message) = (FailureKind::Deterministic, "the loss is not finite at step 7".to_owned());
            return say(&FromWorker::Failed { trial, kind, message });
        }
        ("hostile", "pmf") if spec.seed.0 == 1 => {
            eprint!("{HOSTILE}\n{HOSTILE}\n");
            say(&FromWorker::Metrics { trial, points: vec![Point::new(HOSTILE, 1, 0.5)] });
            let (kind, message) = (FailureKind::Deterministic, HOSTILE.to_owned());
            return say(&FromWorker::Failed { trial, kind, message });
        }
        ("hostile-metric", "pmf") if spec.seed.0 == 1 => {
            points = vec![Point::new(HOSTILE, 1, 0.5)];
        }
        ("flood", "drr") => {
            for line in 0..200_000 {
                eprintln!("a warning that is said again and again, now for the {line}th time");
            }
        }
        ("flood", _) => (0..50_000).for_each(|step| {
            say(&FromWorker::Metrics { trial, points: vec![Point::new("flood", step, 0.5)] });
        }),
        ("child", _) => {
            // It inherits the pipes and outlives its parent.
            let mut sleep = Command::new("sleep");
            drop(sleep.arg("600").spawn().expect("a program of every system"));
        }
        ("daemon", _) => {
            // Beyond the reach of a signal to the worker's group, with its pipes.
            let mut sleep = Command::new("sleep");
            // SAFETY: one call to the system, which allocates nothing.
            unsafe { sleep.arg("40").pre_exec(|| nix::unistd::setsid().map(drop).map_err(std::io::Error::from)) };
            drop(sleep.spawn().expect("a program of every system"));
        }
        ("verbose", _) => {
            let message = "no room for the tensor; ".repeat(130_000);
            return say(&FromWorker::Failed { trial, kind: FailureKind::Environment, message });
        }
        ("deaf", "drr") if spec.seed.0 == 1 => ignore_sigterm_and_sleep(),
        ("wordy", "drr") => {
            for step in 0..120 {
                say(&FromWorker::Progress { trial, done: step, total: 1000 });
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        ("memory", "drr") if given > 1 => {
            let (kind, message) = (FailureKind::Memory, "libtorch: CUDA out of memory".to_owned());
            return say(&FromWorker::Failed { trial, kind, message });
        }
        ("crash-together", "drr") if given > 1 => std::process::abort(),
        ("rewards", "drr") => {
            // One configuration is far better than the other.
            let good = spec.settings.get("tau").and_then(serde_json::Value::as_f64).is_some_and(|tau| tau > 0.005);
            for step in 1..=6 {
                let reward = Point::new("train/reward", step * 10, if good { 0.9 } else { 0.1 });
                say(&FromWorker::Metrics { trial, points: vec![reward] });
                std::thread::sleep(Duration::from_millis(if good { 5 } else { 400 }));
            }
        }
        ("slow", _) => std::thread::sleep(Duration::from_millis(300)),
        ("stuck", _) => std::thread::sleep(Duration::from_secs(60)),
        _ => {}
    }
    say(&FromWorker::Progress { trial, done: 1, total: 2 });
    say(&FromWorker::Metrics { trial, points: points.clone() });
    finish(spec, &folder, points);
    if manner == "unsynced" {
        let message = "result.json: Input/output error (os error 5)".to_owned();
        return say(&FromWorker::Failed { trial, kind: FailureKind::Environment, message });
    }
    say(&FromWorker::Finished { trial });
}

/// A cohort as the real worker has it: all begin, all results are written, all are said to be finished.
fn together(assignment: &Assignment) {
    let folders: Vec<TrialDir> =
        assignment.trials.iter().map(|spec| TrialDir::new(&assignment.runs, spec.id())).collect();
    for (spec, folder) in assignment.trials.iter().zip(&folders) {
        folder.prepare(spec).expect("a folder");
        say(&FromWorker::Started { trial: spec.id() });
    }
    assignment.trials.iter().zip(&folders).for_each(|(spec, folder)| finish(spec, folder, usual(spec)));
    assignment.trials.iter().for_each(|spec| say(&FromWorker::Finished { trial: spec.id() }));
}

fn usual(spec: &TrialSpec) -> Vec<Point> {
    vec![Point::new("loss", 1, spec.seed.0 as f64)]
}

/// Writes what a finished trial leaves.
fn finish(spec: &TrialSpec, folder: &TrialDir, points: Vec<Point>) {
    let trial = spec.id();
    let mut journal = Writer::create(&folder.journal(), trial).expect("a journal");
    journal.append(points).expect("written");
    let result = TrialResult {
        format: FORMAT,
        trial,
        metrics: [("precision@5".to_owned(), 0.5)].into(),
        repeats: 1,
        metrics_digest: journal.finish().expect("written"),
        model_digest: None,
        artifacts: Default::default(),
        environment: EnvironmentClass {
            libtorch: "none".into(),
            isa: "none".into(),
            device: "cpu".into(),
            driver: String::new(),
            numerics: "strict".into(),
        },
        wall_s: 0.01,
        usage: None,
    };
    result.write(&folder.result()).expect("written");
}

/// Only SIGKILL ends it now.
fn ignore_sigterm_and_sleep() {
    // SAFETY: ignoring a signal installs no handler.
    unsafe { nix::sys::signal::signal(Signal::SIGTERM, SigHandler::SigIgn) }.expect("a signal can be ignored");
    std::thread::sleep(Duration::from_secs(600));
}

fn say(message: &FromWorker) {
    let line = serde_json::to_string(message).expect("JSON");
    println!("{line}");
    std::io::stdout().flush().expect("a supervisor that listens");
}

/// A place with the small sweep and a program that plays the worker; the test program that asks has a test
/// `play_the_worker`.
pub fn place() -> (Place, PathBuf) {
    let place = Place::new();
    place.file("small.toml", SMALL);
    let program = this_as_worker(&place);
    (place, program)
}

/// A program in the place that runs the test `play_the_worker` of this test program.
pub fn this_as_worker(place: &Place) -> PathBuf {
    let program = place.path().join("worker");
    let this = std::env::current_exe().expect("this test");
    let script = format!("#!/bin/sh\nexec '{}' --exact play_the_worker --ignored --nocapture\n", this.display());
    fs::write(&program, script).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
    program
}

pub fn sweep(place: &Place, worker: &Path, manner: &str, more: &[&str]) -> Command {
    let jobs = if more.contains(&"--jobs") { &[][..] } else { &["--jobs", "2"] };
    let mut command = place.drr_lab(&["sweep", "small.toml", "--worker"]);
    command.arg(worker).args(jobs).args(more).env("FAKE_WORKER", manner);
    if manner == "struck" {
        command.env("FAKE_PLACE", place.path());
    }
    command
}

pub fn ended(mut command: Command) -> (i32, String, String) {
    let output = command.output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

pub fn started(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

pub fn wait_until(what: &str, mut reached: impl FnMut() -> bool) {
    let start = Instant::now();
    while !reached() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn count(place: &Place, file: &str) -> usize {
    let Ok(trials) = fs::read_dir(place.runs().join("trials")) else { return 0 };
    trials.filter_map(Result::ok).filter(|trial| trial.path().join(file).exists()).count()
}

pub fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().cast_signed()), signal).expect("the supervisor lives");
}
