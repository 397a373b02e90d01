//! The same trials under every condition that must not matter: metric streams and models come out the same to the bit.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Place, SMALL, kill, worker_of};

/// The digests of every finished trial, by id: metric stream and model.
type Digests = BTreeMap<String, (String, String)>;

fn digests(runs: &Path) -> Digests {
    let Ok(trials) = fs::read_dir(runs.join("trials")) else { return Digests::new() };
    let one = |folder: PathBuf| {
        let result: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("result.json")).ok()?).ok()?;
        let digest = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
        let id = folder.file_name()?.to_string_lossy().into_owned();
        Some((id, (digest("metrics_digest"), digest("model_digest"))))
    };
    trials.filter_map(|entry| one(entry.expect("an entry").path())).collect()
}

/// Enough steps that a worker can be met while it trains.
const LONGER: [&str; 2] = ["--set", "train_steps=3000"];

/// Runs the small sweep with some more arguments.
fn with(arguments: &[&str]) -> Digests {
    swept(|command| {
        command.args(arguments);
    })
}

/// Runs the small sweep as `change` would have it.
fn swept(change: impl FnOnce(&mut Command)) -> Digests {
    let place = Place::new();
    place.file("small.toml", SMALL);
    let mut command = place.drr_lab(&["sweep", "small.toml", "--output", "quiet"]);
    command.args(LONGER);
    change(&mut command);
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    digests(&place.runs())
}

fn undisturbed() -> Digests {
    let all = swept(|_| {});
    assert_eq!(all.len(), 14);
    assert_eq!(all.values().filter(|(_, model)| !model.is_empty()).count(), 6, "two factorisations, four recommenders");
    all
}

#[test]
fn neither_workers_nor_order_nor_surroundings_matter() {
    let all = undisturbed();
    assert_eq!(swept(|_| {}), all, "once more");
    for jobs in ["1", "2", "3"] {
        assert_eq!(with(&["--jobs", jobs]), all, "{jobs} workers");
    }
    for cohort in ["1", "2", "4"] {
        assert_eq!(with(&["--cohort", cohort, "--jobs", "1"]), all, "recommenders trained {cohort} at a time");
    }
    let backwards = ["--set", "drr.tau=0.01,0.001", "--set", "seeds=[1,0]", "--jobs", "2"];
    assert_eq!(with(&backwards), all, "slots take the trials in another order");
    let surroundings = |command: &mut Command| {
        command.env("LC_ALL", "de_DE.UTF-8").env("LANG", "tr_TR.UTF-8").env("TZ", "Pacific/Chatham");
        command.env("OMP_NUM_THREADS", "7").env("MKL_NUM_THREADS", "5").env("MKL_CBWR", "COMPATIBLE");
        command.env("ATEN_CPU_CAPABILITY", "default");
    };
    assert_eq!(swept(surroundings), all, "another locale, time zone and numerics' variables");
}

#[test]
fn a_worker_that_is_killed_is_replaced_and_the_bits_are_the_same() {
    let all = undisturbed();
    let place = Place::new();
    place.file("small.toml", SMALL);
    let mut command = place.drr_lab(&["sweep", "small.toml", "--jobs", "1", "--output", "json"]);
    command.args(LONGER).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut sweep = command.spawn().expect("the program starts");
    let begin = Instant::now();
    let mut killed = Vec::new();
    while killed.len() < 2 {
        assert!(begin.elapsed() < Duration::from_secs(60), "two workers are met within a minute");
        if sweep.try_wait().expect("it can be asked").is_some() {
            break;
        }
        // In the midst of a recommender's training: a journal with points and no result.
        let training = training(&place.runs());
        let worker = worker_of(sweep.id()).filter(|worker| !killed.contains(worker));
        if let (true, Some(worker)) = (training, worker) {
            kill(worker);
            killed.push(worker);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = sweep.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(!killed.is_empty(), "a worker was killed in the midst of a trial");
    assert_eq!(digests(&place.runs()), all);
}

/// Whether a recommender is being trained.
fn training(runs: &Path) -> bool {
    let Ok(trials) = fs::read_dir(runs.join("trials")) else { return false };
    trials.flatten().any(|entry| {
        let folder = entry.path();
        let journal = fs::read_to_string(folder.join("journal.jsonl")).unwrap_or_default();
        !folder.join("result.json").exists() && journal.contains("train/reward")
    })
}

/// `cargo build --release -p drr-lab` makes what this needs.
#[test]
#[ignore = "needs a release build of drr-lab"]
fn a_release_build_gives_the_same_bits() {
    let debug = Path::new(env!("CARGO_BIN_EXE_drr-lab"));
    let release = debug.parent().and_then(Path::parent).map(|target| target.join("release/drr-lab"));
    let release = release.filter(|release| release.is_file());
    let release = release.expect("there is a release build: `cargo build --release -p drr-lab` makes one");
    let all = undisturbed();
    let place = Place::new();
    place.file("small.toml", SMALL);
    let mut command = Command::new(release);
    command.current_dir(place.path()).args(["sweep", "small.toml", "--output", "quiet"]);
    command.args(LONGER).env_remove("DRR_LAB_WORKER");
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(digests(&place.runs()), all);
}
