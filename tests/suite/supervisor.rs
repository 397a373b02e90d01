//! The supervisor against a worker that does nothing but speak the protocol, well or badly: what is recorded, retried,
//! left out and resumed, whatever ends when.

use std::fs;
use std::io::{BufRead as _, BufReader, PipeWriter, Write as _, pipe};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::worker::{count, ended, place, signal as send, started, sweep, wait_until};
use crate::common::{SMALL, metrics_digests};
use drr_core::result::TrialResult;
use drr_core::{Digest, TrialSpec};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{self, SigHandler, Signal, kill};
use nix::unistd::Pid;

/// Fills a pipe, so that whoever writes to it next waits.
fn fill(pipe: &PipeWriter) {
    let flags = OFlag::from_bits_retain(fcntl(pipe, FcntlArg::F_GETFL).expect("flags"));
    fcntl(pipe, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).expect("set");
    while (&mut &*pipe).write(&[b' '; 4096]).is_ok() {}
    fcntl(pipe, FcntlArg::F_SETFL(flags)).expect("set");
}

#[test]
fn asked_to_stop_after_the_last_trial_it_ends_with_the_same_code() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let (place, worker) = place();
        let (reader, writer) = pipe().expect("a pipe");
        fill(&writer);
        let mut command = sweep(&place, &worker, "well", &[]);
        let mut child = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(command);
        let said = BufReader::new(child.stderr.take().expect("piped"));
        let done = said.lines().map_while(Result::ok).filter(|line| line.starts_with("finished ")).take(TRIALS).count();
        assert_eq!(done, TRIALS);
        // By now the table waits for a reader, and nobody listens for signals.
        std::thread::sleep(Duration::from_millis(300));
        send(&child, signal);
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(130), "{signal}: {status}");
        drop(reader);
        let (code, stdout, stderr) = ended(sweep(&place, &worker, "well", &[]));
        assert_eq!(code, 0, "{stderr}");
        assert!(stdout.contains("0.500"), "{stdout}");
    }
}

/// Trials of [`SMALL`]: two PMFs, four recommenders, eight evaluations.
const TRIALS: usize = 14;

#[test]
fn a_sweep_completes_and_a_second_run_does_nothing() {
    let (place, worker) = place();
    let (code, stdout, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("0.500"), "{stdout}");
    assert_eq!(stderr.lines().filter(|line| line.starts_with("finished ")).count(), TRIALS);
    assert_eq!(count(&place, "result.json"), TRIALS);
    assert_eq!(count(&place, "provenance.json"), TRIALS);
    assert_eq!(count(&place, "log.txt"), TRIALS, "stderr goes to the log of the trial that runs");
    assert!(place.runs().join("sweeps/small/trials.jsonl").is_file());

    let (code, stdout, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!(code, 0);
    assert!(stderr.starts_with("small: all 14 trials are finished; nothing to do"), "{stderr}");
    assert!(stdout.contains("0.500"), "the table is shown again");

    fs::remove_file(place.runs().join("lab.db")).expect("there was a database");
    let (code, again, _) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!((code, again), (0, stdout), "a lost database loses nothing");
}

#[test]
fn a_crash_is_retried_and_what_keeps_crashing_fails() {
    let (here, worker) = place();
    let (code, _, stderr) = ended(sweep(&here, &worker, "crash-once", &[]));
    assert_eq!(code, 0, "{stderr}");
    let lost = stderr.lines().filter(|line| line.starts_with("retrying ") && line.contains("SIGABRT")).count();
    assert_eq!(lost, 1, "{stderr}");

    let (here, worker) = place();
    let (code, _, stderr) = ended(sweep(&here, &worker, "crash", &[]));
    assert_eq!(code, 1);
    // Two recommenders of seed 1 and the evaluation of each.
    assert_eq!(stderr.lines().filter(|line| line.starts_with("FAILED")).count(), 4, "{stderr}");
    assert!(stderr.contains("upstream drr trial"), "{stderr}");
    assert_eq!(count(&here, "result.json"), TRIALS - 4);
    let (code, _, stderr) = ended(sweep(&here, &worker, "well", &[]));
    assert_eq!(code, 0, "a crash may go away, so the next run tries again: {stderr}");
    assert_eq!((count(&here, "result.json"), count(&here, "failure.json")), (TRIALS, 0));
}

#[test]
fn a_deterministic_failure_is_left_out_until_asked_for() {
    let (place, worker) = place();
    let (code, _, stderr) = ended(sweep(&place, &worker, "nan", &[]));
    assert_eq!(code, 1);
    assert_eq!(count(&place, "result.json"), TRIALS / 2);
    assert!(stderr.contains("the loss is not finite at step 7") && !stderr.contains("retrying"), "{stderr}");
    let (code, _, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!(code, 1);
    assert!(stderr.contains("left out: pmf ") && stderr.contains("--retry-failed"), "{stderr}");
    let (code, _, stderr) = ended(sweep(&place, &worker, "well", &["--retry-failed"]));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(count(&place, "result.json"), TRIALS);
}

#[test]
fn the_first_interrupt_drains_and_the_next_run_goes_on() {
    let (place, worker) = place();
    let child = started(sweep(&place, &worker, "slow", &[]));
    wait_until("a trial runs", || count(&place, "spec.json") > 0);
    send(&child, Signal::SIGINT);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("Ctrl-C again stops now") && stderr.contains("run the same command again"), "{stderr}");
    let finished = count(&place, "result.json");
    assert!((1..TRIALS).contains(&finished), "what ran came to its end: {finished}");
    let (code, _, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!(code, 0);
    assert!(stderr.contains(&format!("{} trials to run on 2 slots, {finished} found", TRIALS - finished)), "{stderr}");
}

#[test]
fn the_second_interrupt_stops_at_once() {
    let (place, worker) = place();
    let child = started(sweep(&place, &worker, "stuck", &[]));
    wait_until("a trial runs", || count(&place, "spec.json") > 0);
    let start = Instant::now();
    send(&child, Signal::SIGINT);
    std::thread::sleep(Duration::from_millis(100));
    send(&child, Signal::SIGINT);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(count(&place, "failure.json"), 0, "being stopped is no failure");
}

#[test]
fn workers_die_with_a_killed_supervisor_and_the_next_run_completes() {
    let (place, worker) = place();
    let mut child = started(sweep(&place, &worker, "stuck", &["--output", "json"]));
    let stdout = child.stdout.take().expect("a pipe");
    let pid = BufReader::new(stdout)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(&line).ok())
        .find(|event| event["event"] == "worker-ready")
        .and_then(|event| event["pid"].as_i64())
        .expect("a worker came up");
    wait_until("a trial runs", || count(&place, "spec.json") > 0);
    child.kill().expect("it lives");
    child.wait().expect("it ends");
    let gone = || kill(Pid::from_raw(i32::try_from(pid).expect("a pid")), None).is_err();
    wait_until("the worker is gone", || gone() || is_zombie(pid));
    let (code, _, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(metrics_digests(&place.runs()).len(), TRIALS);
}

/// Where nothing reaps orphans a dead process stays in the table.
fn is_zombie(pid: i64) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn a_worker_of_other_sources_is_refused() {
    let (place, worker) = place();
    let (code, _, stderr) = ended(sweep(&place, &worker, "stranger", &[]));
    assert_eq!(code, 3);
    assert!(stderr.contains("built from other sources") && stderr.contains("cargo build --workspace"), "{stderr}");
}

#[test]
fn a_program_that_is_no_worker_is_given_up() {
    let (place, _) = place();
    let (code, _, stderr) = ended(sweep(&place, Path::new("/bin/false"), "well", &[]));
    assert_eq!(code, 3);
    assert!(stderr.contains("no worker can be started: the worker ended with exit code 1"), "{stderr}");
}

#[test]
fn a_program_that_talks_but_is_no_worker_is_given_up() {
    let (place, _) = place();
    let start = Instant::now();
    let (code, _, stderr) = ended(sweep(&place, Path::new("/usr/bin/yes"), "well", &[]));
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("the program given as worker is none: it says `worker`, and goes on"), "{stderr}");
    assert!(stderr.contains("hint: --worker and DRR_LAB_WORKER name a program that is a worker"), "{stderr}");
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_result_that_holds_is_one_whatever_the_worker_says_of_it() {
    let (place, worker) = place();
    let (code, _, stderr) = ended(sweep(&place, &worker, "unsynced", &[]));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(stderr.lines().filter(|line| line.starts_with("finished ")).count(), TRIALS, "{stderr}");
    assert!(!stderr.contains("retrying") && count(&place, "failure.json") == 0, "{stderr}");
}

#[test]
fn of_an_endless_message_the_beginning_is_shown_and_kept() {
    let (place, worker) = place();
    let (code, stdout, stderr) = ended(sweep(&place, &worker, "verbose", &["--retries", "0"]));
    assert_eq!(code, 1);
    assert!(stderr.contains("no room for the tensor; ") && stderr.contains("bytes more were cut off"), "{stderr}");
    assert!(stdout.len() + stderr.len() < 200_000, "{} bytes", stdout.len() + stderr.len());
    let trials = fs::read_dir(place.runs().join("trials")).expect("trials");
    let records = trials.filter_map(|it| fs::metadata(it.ok()?.path().join("failure.json")).ok()).map(|it| it.len());
    let largest = records.max();
    assert!(largest.is_some_and(|largest| largest < 50_000), "{largest:?}");
}

/// A sweep that ignores a signal from its start, as after `nohup` or `trap ''`.
fn ignoring(mut command: Command, ignored: Signal) -> Command {
    // SAFETY: ignoring a signal installs no handler and allocates nothing.
    let ignore = move || unsafe { signal::signal(ignored, SigHandler::SigIgn) }.map(drop).map_err(std::io::Error::from);
    // SAFETY: as above.
    unsafe { command.pre_exec(ignore) };
    command
}

#[test]
fn what_was_ignored_at_the_start_stays_ignored() {
    for ignored in [Signal::SIGHUP, Signal::SIGINT] {
        let (place, worker) = place();
        let child = started(ignoring(sweep(&place, &worker, "slow", &[]), ignored));
        wait_until("a trial runs", || count(&place, "spec.json") > 0);
        (0..2).for_each(|_| send(&child, ignored));
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{ignored}: {stderr}");
        assert_eq!(count(&place, "result.json"), TRIALS, "{ignored}");
    }
    let (place, worker) = place();
    let child = started(sweep(&place, &worker, "slow", &[]));
    wait_until("a trial runs", || count(&place, "spec.json") > 0);
    send(&child, Signal::SIGHUP);
    assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(130), "what was not is heard");
}

#[test]
fn a_second_supervisor_is_refused() {
    let (place, worker) = place();
    let child = started(sweep(&place, &worker, "slow", &[]));
    wait_until("a trial runs", || count(&place, "spec.json") > 0);
    let (code, _, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!(code, 3);
    assert!(stderr.contains(&format!("process {}", child.id())), "{stderr}");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "the first one is not disturbed");
}

#[test]
fn json_is_one_object_per_event() {
    let (place, worker) = place();
    let (code, stdout, stderr) = ended(sweep(&place, &worker, "well", &["--output", "json"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let events: Vec<serde_json::Value> =
        stdout.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((of("sweep-started"), of("trial-finished"), of("sweep-ended")), (1, TRIALS, 1));
}

#[test]
fn a_trial_of_another_sweep_is_found_and_shown_as_such() {
    let (place, worker) = place();
    assert_eq!(ended(sweep(&place, &worker, "good", &[])).0, 0);
    place.file("other.toml", &SMALL.replace("tau = [0.001, 0.01]", "\"τ\" = [1e-3, 0.5]"));
    let plan = String::from_utf8(place.run(&["sweep", "other.toml", "--dry-run", "--jobs", "2"]).stdout).expect("text");
    // Two PMFs, one of two configurations, the baselines of two seeds and the evaluation of that configuration.
    assert!(plan.contains("found in small: 10"), "{plan}");
    assert!(!plan.contains("unknown"), "all kinds of trial have run: {plan}");
    let lines = place.run(&["sweep", "other.toml", "--show", "--output", "json"]).stdout;
    let lines: Vec<serde_json::Value> =
        String::from_utf8_lossy(&lines).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let found: Vec<_> = lines.iter().filter(|line| line["state"] == "found").collect();
    assert_eq!((lines.len(), found.len()), (1 + TRIALS, 10));
    assert!(found.iter().all(|line| line["sweeps"] == serde_json::json!(["small"])));
    let spec: TrialSpec = serde_json::from_value(lines[1]["spec"].clone()).expect("a spec");
    assert_eq!(serde_json::json!(spec.id()), lines[1]["trial"]);
}

#[test]
fn force_repeats_finished_trials_beside_the_record_and_compares() {
    let (place, worker) = place();
    assert_eq!(ended(sweep(&place, &worker, "good", &[])).0, 0);
    let before = metrics_digests(&place.runs());
    let (code, out, err) = ended(sweep(&place, &worker, "good", &["--force"]));
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("14 of 14 trials gave the same digests again"), "{out}");
    assert_eq!(metrics_digests(&place.runs()), before, "the record is as it was");
    assert_eq!(metrics_digests(&place.runs().join("attempts/1")), before);
    // A record that the same spec does not give again.
    let trial = before.keys().next().expect("a trial");
    let path = place.runs().join("trials").join(trial).join("result.json");
    let mut result = TrialResult::read(&path).expect("readable").expect("finished");
    result.metrics_digest = Digest::of(b"another stream");
    result.write(&path).expect("written");
    let (code, out, _) = ended(sweep(&place, &worker, "good", &["--force"]));
    assert_eq!(code, 5, "{out}");
    assert!(out.contains("13 of 14 trials") && out.contains("differs: "), "{out}");
}
