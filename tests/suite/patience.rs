//! Patience and its end: silence, overtime, cohorts that break, hopeless trials, floods; with a worker that only speaks
//! the protocol.

use std::fs;
use std::time::{Duration, Instant};

use crate::common::worker::{count, ended, place, signal, started, sweep, wait_until};
use crate::common::{SMALL, metrics_digests};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

const TRIALS: usize = 14;

/// A small sweep with settings of its own.
fn with(settings: &str) -> String {
    format!("{SMALL}\n{settings}")
}

#[test]
fn a_worker_that_never_comes_up_is_given_up() {
    let (place, worker) = place();
    place.file("small.toml", &with("[execution]\nstall_timeout = 0.3\ngrace = 0.2"));
    let (code, _, stderr) = ended(sweep(&place, &worker, "mute", &[]));
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("no worker can be started: the worker did not introduce itself within 0.3 s"), "{stderr}");
}

#[test]
fn talk_is_no_introduction() {
    let (place, worker) = place();
    place.file("small.toml", &with("[execution]\nstall_timeout = 0.5\ngrace = 0.2"));
    let (code, _, stderr) = ended(sweep(&place, &worker, "chatty", &[]));
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("the worker did not introduce itself within 0.5 s"), "{stderr}");
}

#[test]
fn time_in_which_a_process_was_suspended_is_not_held_against_it() {
    let (place, worker) = place();
    place.file("small.toml", &with("[execution]\nstall_timeout = 0.7\ngrace = 0.2\ntimeout = 10"));
    let mut child = started(sweep(&place, &worker, "wordy", &["--jobs", "1", "--set", "seeds=1", "--output", "json"]));
    let events = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
    let mut events = std::io::BufRead::lines(events).map_while(Result::ok);
    let mut pid = None;
    // A recommender speaks every few milliseconds.
    for event in events.by_ref().filter_map(|line| serde_json::from_str::<Value>(&line).ok()) {
        pid = event["pid"].as_i64().or(pid);
        if event["event"] == "trial-progress" && event["total"] == 1000 {
            break;
        }
    }
    let reader = std::thread::spawn(move || events.collect::<Vec<_>>());
    let worker = Pid::from_raw(i32::try_from(pid.expect("a worker came up")).expect("a pid"));
    for suspended in [Pid::from_raw(child.id().cast_signed()), worker] {
        kill(suspended, Signal::SIGSTOP).expect("it lives");
        std::thread::sleep(Duration::from_millis(1500));
        kill(suspended, Signal::SIGCONT).expect("it lives");
        std::thread::sleep(Duration::from_millis(300));
    }
    let output = child.wait_with_output().expect("it ends");
    let events = reader.join().expect("no panic").join("\n");
    assert_eq!(output.status.code(), Some(0), "{events}");
    assert!(!events.contains("trial-retried") && !events.contains("trial-failed"), "{events}");
}

/// Ends with exit code 130, though nobody reads what it says.
fn ends_unread(mut child: std::process::Child) {
    let pid = child.id();
    wait_until("its output is full", || {
        let state = fs::read_dir(format!("/proc/{pid}/task"))
            .expect("it lives")
            .filter_map(|task| fs::read_to_string(task.ok()?.path().join("wchan")).ok());
        state.into_iter().any(|it| it.contains("pipe_w") || it.contains("anon_pipe_write"))
    });
    std::thread::sleep(Duration::from_millis(1500));
    signal(&child, Signal::SIGTERM);
    let start = Instant::now();
    wait_until("it ends", || child.try_wait().expect("it can be asked").is_some());
    assert!(start.elapsed() < Duration::from_secs(10), "signals are answered");
    assert_eq!(child.wait().expect("it ended").code(), Some(130));
}

#[test]
fn signals_are_answered_where_nobody_reads_the_output() {
    let (here, worker) = place();
    ends_unread(started(sweep(&here, &worker, "flood", &["--output", "json"])));
    let (here, worker) = place();
    here.file("small.toml", &with("[execution]\nretries = 400\nbackoff = 0.001"));
    ends_unread(started(sweep(&here, &worker, "verbose", &[])));
}

#[test]
fn a_deaf_trial_is_killed_and_the_others_finish() {
    let (place, worker) = place();
    place.file("small.toml", &with("[execution]\nretries = 1\nbackoff = 0.1\nstall_timeout = 0.5\ngrace = 0.2"));
    let (code, _, stderr) = ended(sweep(&place, &worker, "deaf", &[]));
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("the worker said nothing for 0.5 s; the worker was ended by SIGKILL"), "{stderr}");
    // Two recommenders of seed 1, tried twice each, and their evaluations.
    assert_eq!(stderr.lines().filter(|line| line.starts_with("retrying ")).count(), 2, "{stderr}");
    assert_eq!(count(&place, "result.json"), TRIALS - 4);
    let failure = place.runs().join("trials");
    let failure = fs::read_dir(failure)
        .expect("trials")
        .map(|trial| trial.expect("a folder").path().join("failure.json"))
        .find(|file| file.exists())
        .expect("a failure");
    let failure: Value = serde_json::from_slice(&fs::read(failure).expect("readable")).expect("JSON");
    assert_eq!((&failure["exit"], &failure["attempts"]), (&"SIGKILL".into(), &2.into()));
    let log = failure["log"].as_array().expect("lines");
    assert!(log.iter().any(|line| line.as_str().is_some_and(|line| line.starts_with("working on "))), "{failure}");
}

#[test]
fn overtime_ends_a_trial_however_much_it_says() {
    let (place, worker) = place();
    let more = ["--timeout", "0.5", "--max-failures", "1"];
    let (code, _, stderr) = ended(sweep(&place, &worker, "wordy", &more));
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("it took longer than 0.5 s") && !stderr.contains("retrying"), "{stderr}");
    assert!(stderr.contains("1 trials failed, which is enough"), "{stderr}");
    assert!(stderr.contains("more: drr-lab runs show "), "{stderr}");
    let (code, _, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!(code, 0, "a longer time limit may help, so the next run tries again: {stderr}");
}

#[test]
fn cohorts_are_trained_together_and_break_into_their_members() {
    let digests = {
        let (place, worker) = place();
        assert_eq!(ended(sweep(&place, &worker, "well", &["--cohort", "4"])).0, 0);
        metrics_digests(&place.runs())
    };
    assert_eq!(digests.len(), TRIALS);
    for (manner, said) in [("crash-together", "SIGABRT"), ("memory", "4 trials together are too many, trying 2")] {
        let (place, worker) = place();
        place.file("small.toml", &with("[execution]\nretries = 0\ncohort = 4"));
        let (code, _, stderr) = ended(sweep(&place, &worker, manner, &["--jobs", "1"]));
        assert_eq!(code, 0, "no member is at fault: {stderr}");
        assert!(stderr.contains(said), "{stderr}");
        assert_eq!(metrics_digests(&place.runs()), digests);
    }
}

#[test]
fn a_dry_run_counts_cohorts_as_they_will_be() {
    let (place, _) = place();
    let cohorts = |more: &[&str]| {
        let mut arguments = vec!["sweep", "small.toml", "--dry-run", "--output", "json", "--gpus", "none"];
        arguments.extend(more);
        let stdout = String::from_utf8(place.run(&arguments).stdout).expect("text");
        let plan: Value = serde_json::from_str(stdout.lines().next().expect("a line")).expect("JSON");
        let memory = &plan["memory"];
        assert!(memory["worker_bytes"].as_u64().is_some_and(|bytes| bytes > 100 << 20), "{memory}");
        assert!(memory["workers"].as_u64().is_some_and(|workers| workers > 0), "{memory}");
        plan["stages"].as_array().expect("stages").iter().map(|it| it["cohorts"].as_u64()).collect::<Vec<_>>()
    };
    assert_eq!(cohorts(&[]), [Some(2), Some(4), Some(8)], "alone on CPUs");
    assert_eq!(cohorts(&["--cohort", "3"]), [Some(2), Some(2), Some(8)]);
}

#[test]
fn what_has_no_effect_on_a_cluster_is_named() {
    let (place, _) = place();
    place.file("small.toml", &with("[execution]\nbackoff = 3\nretries = 1\n[early_stop]\nrule = \"asha\""));
    let run = |more: &[&str]| {
        let usual =
            ["sweep", "small.toml", "--executor", "slurm", "--dry-run", "--timeout", "60", "--worker", "/bin/true"];
        place.run(&[&usual[..], more].concat())
    };
    let output = run(&["--output", "json"]);
    let plan: Value =
        serde_json::from_slice(output.stdout.split(|byte| *byte == b'\n').next().expect("a line")).expect("JSON");
    assert_eq!(plan["ignored"], serde_json::json!(["timeout", "backoff", "early_stop"]), "{plan}");
    assert_eq!(plan["executor"], "slurm");
    assert!(plan["scripts"].as_str().is_some_and(|scripts| scripts.contains("#SBATCH")), "{plan}");
    let output = run(&[]);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("### "), "the scripts");
    let said =
        "small: `timeout`, `backoff`, [early_stop] have no effect on a cluster; `time` in [slurm] limits its tasks\n";
    assert_eq!(String::from_utf8_lossy(&output.stderr), said);
}

#[test]
fn hopeless_trials_are_stopped_and_stay_so() {
    let (place, worker) = place();
    let rule = "[early_stop]\nrule = \"median\"\ngrace = 10\nrung = 10\npeers = 1\n";
    place.file("small.toml", &with(rule));
    let (code, stdout, stderr) = ended(sweep(&place, &worker, "rewards", &["--jobs", "4"]));
    assert_eq!(code, 0, "{stderr}");
    let stopped = stderr.lines().filter(|line| line.starts_with("stopped ")).count();
    // Both recommenders of the bad configuration, and their evaluations.
    assert_eq!(stopped, 4, "{stderr}");
    assert!(stderr.contains("median rule at step "), "{stderr}");
    assert!(stdout.contains("stopped early, and in no table: 4 of 14 trials"), "{stdout}");
    assert_eq!((count(&place, "result.json"), count(&place, "stopped.json")), (TRIALS - 4, 4));
    let (code, _, stderr) = ended(sweep(&place, &worker, "rewards", &[]));
    assert_eq!((code, stderr.contains("nothing to do")), (0, true), "{stderr}");
    let listed = String::from_utf8(place.run(&["runs", "list", "small"]).stdout).expect("text");
    assert_eq!(listed.lines().filter(|line| line.contains(" stopped ")).count(), 4, "{listed}");
    assert_eq!(place.run(&["verify", "--integrity-only"]).status.code(), Some(0));
    fs::remove_file(place.runs().join("lab.db")).expect("there was a database");
    assert_eq!(place.run(&["runs", "reindex"]).status.code(), Some(0));
    let (code, again, _) = ended(sweep(&place, &worker, "rewards", &[]));
    assert_eq!((code, again), (0, stdout), "the folders know");

    place.file("small.toml", SMALL);
    let (code, _, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!(code, 0, "without the rule they run: {stderr}");
    assert_eq!((count(&place, "result.json"), count(&place, "stopped.json")), (TRIALS, 0));
}

#[test]
fn floods_are_slowed_and_logs_cut_off() {
    let (place, worker) = place();
    let (code, _, stderr) = ended(sweep(&place, &worker, "flood", &["--output", "json"]));
    assert_eq!(code, 0, "{stderr}");
    let logs = fs::read_dir(place.runs().join("trials")).expect("trials");
    let longest =
        logs.filter_map(|trial| fs::metadata(trial.ok()?.path().join("log.txt")).ok()).map(|it| it.len()).max();
    assert!((1 << 20..17 << 20).contains(&longest.expect("a log")), "{longest:?}");
}

#[test]
fn what_a_worker_leaves_behind_goes_with_it() {
    let (place, worker) = place();
    let start = Instant::now();
    let (code, _, stderr) = ended(sweep(&place, &worker, "child", &[]));
    assert_eq!(code, 0, "{stderr}");
    assert!(start.elapsed() < Duration::from_secs(60), "its pipes are held open by nobody");
}

#[test]
fn what_a_worker_leaves_in_a_session_of_its_own_is_not_waited_for() {
    let (place, worker) = place();
    let start = Instant::now();
    let (code, _, stderr) = ended(sweep(&place, &worker, "daemon", &["--set", "seeds=1"]));
    assert_eq!(code, 0, "{stderr}");
    assert!(start.elapsed() < Duration::from_secs(30), "its pipes are held open, and nobody waits for that");
}

#[test]
fn sigusr1_tells_how_everything_stands() {
    let (place, worker) = place();
    let child = started(sweep(&place, &worker, "slow", &[]));
    wait_until("a trial runs", || count(&place, "spec.json") > 0);
    signal(&child, Signal::SIGUSR1);
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("state after ") && stderr.contains(" (cpu, process "), "{stderr}");
    assert!(stderr.contains(" waiting for others\n"), "{stderr}");
}

#[test]
fn lost_workers_leave_neither_zombies_nor_open_files() {
    let (place, worker) = place();
    place.file("small.toml", &with("[execution]\nretries = 9\nbackoff = 0.001"));
    let mut child = started(sweep(&place, &worker, "crash", &["--output", "quiet"]));
    let (mut most, mut before) = (0, Vec::new());
    while child.try_wait().expect("it can be asked").is_none() {
        most = most.max(fs::read_dir(format!("/proc/{}/fd", child.id())).map_or(0, Iterator::count));
        let zombies = zombies(child.id());
        assert!(!zombies.iter().any(|zombie| before.contains(zombie)), "a zombie for half a second");
        before = zombies;
        std::thread::sleep(Duration::from_millis(500));
    }
    let lost: u64 = fs::read_dir(place.runs().join("trials"))
        .expect("trials")
        .filter_map(|trial| fs::read(trial.ok()?.path().join("failure.json")).ok())
        .filter_map(|failure| serde_json::from_slice::<Value>(&failure).ok()?["attempts"].as_u64())
        .sum();
    assert_eq!(lost, 2 * 10, "every attempt was made");
    // How many are open at the moment of a look varies; three would mean that nobody looked, 48 that they pile up.
    assert!((4..48).contains(&most), "{most} open files");
}

/// The children of a process that have ended and were not reaped.
fn zombies(parent: u32) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
    let zombie = |entry: fs::DirEntry| {
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().take(2).collect();
        (fields == ["Z", &parent.to_string()]).then(|| entry.file_name().to_string_lossy().into_owned())
    };
    processes.filter_map(zombie).collect()
}
