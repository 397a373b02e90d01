//! The whole way through the real worker: a made-up world, PMF, DRR and all evaluations, recorded to the bit.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Place, SMALL, kill, metrics_digests, trainer, worker_of};
use serde_json::Value;

fn sweep(place: &Place, file: &str, more: &[&str]) -> Command {
    let mut command = place.drr_lab(&["sweep", file, "--worker"]);
    command.arg(trainer()).args(more);
    command
}

/// Runs a sweep to its end and returns what it said on stderr.
fn completed(place: &Place, file: &str, more: &[&str]) -> String {
    let output = sweep(place, file, more).output().expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    stderr
}

/// The ready-made sweep for continuous integration.
fn smoke() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sweeps/ci-smoke.toml");
    path.to_str().expect("the path is text").to_owned()
}

#[test]
fn the_smoke_sweep_completes_in_time_and_a_second_run_does_nothing() {
    let (place, smoke) = (Place::new(), smoke());
    let start = Instant::now();
    completed(&place, &smoke, &[]);
    // With its check it has two minutes; other tests share the machine.
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let first = metrics_digests(&place.runs());
    assert_eq!(first.len(), 252);
    let results = |runs: &Path| -> Vec<std::time::SystemTime> {
        let of =
            |id: &String| fs::metadata(runs.join("trials").join(id).join("result.json")).and_then(|m| m.modified());
        first.keys().map(|id| of(id).expect("a result")).collect()
    };
    let before = results(&place.runs());
    assert!(completed(&place, &smoke, &[]).contains("all 252 trials are finished; nothing to do"));
    assert_eq!(results(&place.runs()), before, "no result is written again");
}

#[test]
fn one_worker_or_two_give_the_same_bits() {
    let (one, two) = (Place::new(), Place::new());
    for (place, jobs) in [(&one, "1"), (&two, "2")] {
        let file = place.file("small.toml", SMALL);
        completed(place, &file, &["--jobs", jobs]);
    }
    let digests = metrics_digests(&one.runs());
    assert!(digests.len() >= 14);
    assert_eq!(digests, metrics_digests(&two.runs()));
}

#[test]
fn trials_trained_together_have_the_bits_of_each_alone() {
    let (alone, together) = (Place::new(), Place::new());
    let file = alone.file("small.toml", SMALL);
    completed(&alone, &file, &[]);
    together.file("small.toml", SMALL);
    completed(&together, &file, &["--cohort", "4", "--jobs", "1"]);
    assert_eq!(metrics_digests(&together.runs()), metrics_digests(&alone.runs()));
}

#[test]
fn a_sweep_killed_midway_is_resumed_to_the_same_bits() {
    let (undisturbed, killed) = (Place::new(), Place::new());
    let longer = ["--set", "train_steps=400", "--set", "drr.tau=0.001,0.003,0.01,0.03"];
    let file = undisturbed.file("small.toml", SMALL);
    completed(&undisturbed, &file, &longer);
    killed.file("small.toml", SMALL);
    let mut child =
        sweep(&killed, &file, &longer).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let start = Instant::now();
    let finished = || if killed.runs().join("trials").is_dir() { metrics_digests(&killed.runs()).len() } else { 0 };
    while finished() < 3 {
        assert!(start.elapsed() < Duration::from_secs(60), "three trials finish within a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("it lives");
    child.wait().expect("it ends");
    let survived = finished();
    let all = metrics_digests(&undisturbed.runs());
    let stderr = completed(&killed, &file, &longer);
    if survived < all.len() {
        assert!(stderr.contains("found finished"), "{stderr}");
    }
    assert_eq!(metrics_digests(&killed.runs()), all);
}

#[test]
fn editing_the_file_or_rebuilding_changes_nothing_of_a_running_sweep() {
    let (undisturbed, edited) = (Place::new(), Place::new());
    let longer = ["--jobs", "1", "--set", "train_steps=4000"];
    let file = undisturbed.file("small.toml", SMALL);
    completed(&undisturbed, &file, &longer);
    edited.file("small.toml", SMALL);
    let built = edited.path().join("drr-lab-worker");
    fs::copy(trainer(), &built).expect("the worker can be copied");
    let mut command = edited.drr_lab(&["sweep", &file, "--worker"]);
    command.arg(&built).args(longer).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let start = Instant::now();
    while !edited.runs().join("trials").is_dir() || metrics_digests(&edited.runs()).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(60), "a trial finishes within a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(child.try_wait().expect("it can be asked").is_none(), "the sweep is still running");
    edited.file("small.toml", "this is = no sweep any more");
    fs::remove_file(&built).expect("a build replaces the worker");
    fs::write(&built, "#!/bin/false\n").expect("a build replaces the worker");
    // A worker that lives on would hide it: the next one, too, must be of the program that the sweep began with.
    kill(worker_of(child.id()).expect("a worker lives"));
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_eq!(metrics_digests(&edited.runs()), metrics_digests(&undisturbed.runs()));
    let kept = fs::read_to_string(edited.runs().join("sweeps/small/sweep.toml")).expect("the file as it was");
    assert!(kept.contains(SMALL), "{kept}");
}

#[test]
fn a_sweep_that_cannot_work_says_why_and_is_left_out_next_time() {
    let place = Place::new();
    let file = place.file("small.toml", SMALL);
    // The factorisation diverges, which no plan can know.
    let hopeless = ["--set", "pmf.lr=10", "--set", "pmf.optimizer=sgd", "--set", "pmf.batch_size=8"];
    let output = sweep(&place, &file, &hopeless).output().expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(!stderr.contains("retrying") && !stderr.contains("panicked"), "{stderr}");
    let again = sweep(&place, &file, &hopeless).output().expect("the program starts");
    let stderr = String::from_utf8_lossy(&again.stderr);
    assert!(stderr.contains("left out") && stderr.contains("--retry-failed"), "{stderr}");
}

#[test]
fn a_recorded_recommender_lists_the_best_items_for_a_user() {
    let place = Place::new();
    place.file("small.toml", SMALL);
    completed(&place, "small.toml", &[]);
    let top = |more: &[&str]| {
        let arguments = [&["runs", "top", "small", "--output", "json"], more].concat();
        let output = place.drr_lab(&arguments).output().expect("the program starts");
        (output.status.code(), output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let user = (0..60).map(|user| user.to_string()).find(|user| top(&["--user", user]).0 == Some(0)).expect("a user");
    let list = |more: &[&str]| -> Value {
        let (code, stdout, stderr) = top(&[&["--user", &user], more].concat());
        assert_eq!(code, Some(0), "{stderr}");
        serde_json::from_slice(&stdout).expect("JSON")
    };
    let five = list(&["-n", "5"]);
    assert_eq!(five["items"].as_array().map(Vec::len), Some(5));
    assert_eq!(five["history"].as_array().map(Vec::len), Some(5));
    let all = list(&["-n", "1000", "--seen"]);
    let items = all["items"].as_array().expect("a list");
    assert_eq!(items.len(), 80, "more than there are is all there are");
    let score = |item: &Value| item["score"].as_f64().expect("a score");
    assert!(items.windows(2).all(|pair| score(&pair[0]) >= score(&pair[1])), "best first");
    // Without what the user rated before, in the same order.
    let unseen = list(&["-n", "1000"]);
    let unseen = unseen["items"].as_array().expect("a list");
    assert!(unseen.len() < 80 && unseen.len() > 20, "{}", unseen.len());
    let mut rest = items.iter();
    assert!(unseen.iter().all(|item| rest.any(|other| other == item)));
    assert_eq!(five["items"].as_array().expect("a list")[..], unseen[..5]);

    let (code, _, stderr) = top(&["--user", "nobody"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("synthetic has no user `nobody`"), "{stderr}");
}
