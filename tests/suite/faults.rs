//! A disk that is full, a folder that cannot be written, a second supervisor, broken databases and journals: what is
//! said, and that the same command goes on once the fault is mended.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::mount::Mount;
use crate::common::worker::{count, ended, place, signal, started, sweep, wait_until};
use crate::common::{Place, metrics_digests, transcript};
use nix::sys::signal::Signal;

const TRIALS: usize = 14;

/// What was said, without what differs from run to run.
fn said(place: &Place, mut command: Command) -> String {
    let text = transcript(&command.output().expect("the program starts"));
    let here = fs::canonicalize(place.path()).expect("the place is there").display().to_string();
    text.replace(&here, "[place]").replace(&place.path().display().to_string(), "[place]")
}

macro_rules! snapshot {
    ($name:expr, $text:expr) => {
        insta::with_settings!({filters => vec![
            (r"process \d+ on \S+", "process [pid] on [host]"),
            (r"[0-9a-f]{64}", "[trial]"),
            (r"\b[0-9a-f]{12}\b", "[short]"),
            (r"\[\d+/\d+\]", "[n/m]"),
            (r"\(\d+\.\d s\)", "([time])"),
            (r"\.\d+\.tmp", ".[pid].tmp"),
        ]}, { insta::assert_snapshot!($name, $text) });
    };
}

#[test]
#[ignore = "needs permission to mount"]
fn a_full_disk() {
    let (place, worker) = place();
    let runs = place.runs();
    let _disk = Mount::new(&runs, &["-t", "tmpfs", "-o", "size=24m", "tmpfs"]);
    // The worker's frozen copy and the database take what they take; this is what is left after them.
    let ballast = runs.join("ballast");
    assert_eq!(ended(sweep(&place, &worker, "well", &["--set", "seeds=1"])).0, 0, "there is room for one seed");
    let mut size = 24_u64 << 20;
    while size > 4096 && fs::write(&ballast, vec![1; size as usize]).is_err() {
        size = size * 3 / 4;
    }
    while fs::OpenOptions::new()
        .append(true)
        .open(&ballast)
        .and_then(|mut file| std::io::Write::write_all(&mut file, &[1; 4096]))
        .is_ok()
    {}
    let before = metrics_digests(&runs);
    snapshot!("a_full_disk", said(&place, sweep(&place, &worker, "well", &[])));
    assert_eq!(metrics_digests(&runs), before, "what is finished is kept");
    fs::remove_file(&ballast).expect("it is there");
    let (code, _, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!((code, count(&place, "result.json")), (0, TRIALS), "{stderr}");
}

#[test]
#[ignore = "needs permission to mount"]
fn a_disk_that_fills_up_while_it_runs() {
    let (place, worker) = place();
    let runs = place.runs();
    let _disk = Mount::new(&runs, &["-t", "tmpfs", "-o", "size=24m", "tmpfs"]);
    let child = started(sweep(&place, &worker, "slow", &["--jobs", "1"]));
    wait_until("a trial is finished", || count(&place, "result.json") > 0);
    let ballast = runs.join("ballast");
    let mut file = fs::File::create(&ballast).expect("there is room yet");
    while std::io::Write::write_all(&mut file, &[1; 4096]).is_ok() {}
    drop(file);
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(1 | 3)), "{stderr}");
    assert!(stderr.contains("No space left on device") || stderr.contains("disk is full"), "{stderr}");
    let before = metrics_digests(&runs);
    assert!(!before.is_empty());
    fs::remove_file(&ballast).expect("it is there");
    let (code, _, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!((code, count(&place, "result.json")), (0, TRIALS), "{stderr}");
    assert!(before.iter().all(|kept| metrics_digests(&runs).contains_key(kept.0)));
}

#[test]
#[ignore = "needs permission to mount"]
fn a_folder_that_cannot_be_written() {
    let (place, worker) = place();
    let runs = place.runs();
    let mount = Mount::new(&runs, &["-t", "tmpfs", "-o", "size=64m,ro", "tmpfs"]);
    snapshot!("a_folder_that_cannot_be_written", said(&place, sweep(&place, &worker, "well", &[])));
    drop(mount);
    assert_eq!(ended(sweep(&place, &worker, "well", &[])).0, 0);
    assert_eq!(count(&place, "result.json"), TRIALS);
}

#[test]
fn a_second_supervisor() {
    let (place, worker) = place();
    let first = started(sweep(&place, &worker, "slow", &[]));
    wait_until("a trial runs", || count(&place, "spec.json") > 0);
    snapshot!("a_second_supervisor", said(&place, sweep(&place, &worker, "well", &[])));
    let output = first.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "the first one is not disturbed");
}

#[test]
fn a_corrupt_database() {
    let (place, worker) = place();
    assert_eq!(ended(sweep(&place, &worker, "well", &[])).0, 0);
    let digests = metrics_digests(&place.runs());
    let database = place.runs().join("lab.db");
    let mut bytes = fs::read(&database).expect("there is a database");
    bytes[..4096].fill(0x55);
    fs::write(&database, &bytes).expect("written");
    snapshot!("a_corrupt_database", said(&place, sweep(&place, &worker, "well", &[])));
    fs::rename(&database, database.with_extension("broken")).expect("moved, as the hint says");
    assert_eq!(ended(sweep(&place, &worker, "well", &[])).0, 0);
    assert_eq!(metrics_digests(&place.runs()), digests, "the folders hold everything");
}

/// The first finished trial's folder, in the order of ids.
fn first_trial(place: &Place) -> std::path::PathBuf {
    let first = metrics_digests(&place.runs()).into_keys().next().expect("a trial");
    place.runs().join("trials").join(first)
}

#[test]
fn a_truncated_journal_of_a_finished_trial() {
    let (place, worker) = place();
    assert_eq!(ended(sweep(&place, &worker, "well", &[])).0, 0);
    let digests = metrics_digests(&place.runs());
    let folder = first_trial(&place);
    let journal = folder.join("journal.jsonl");
    let bytes = fs::read(&journal).expect("a journal");
    fs::write(&journal, &bytes[..bytes.len() / 2]).expect("written");
    fs::remove_file(place.runs().join("lab.db")).expect("there was a database");
    snapshot!("a_truncated_journal", said(&place, sweep(&place, &worker, "well", &[])));
    fs::rename(&folder, place.path().join("aside")).expect("moved, as the hint says");
    assert_eq!(ended(sweep(&place, &worker, "well", &[])).0, 0);
    assert_eq!(metrics_digests(&place.runs()), digests);
}

#[test]
fn a_flipped_bit_in_a_journal() {
    let (place, worker) = place();
    assert_eq!(ended(sweep(&place, &worker, "well", &[])).0, 0);
    let journal = first_trial(&place).join("journal.jsonl");
    let mut bytes = fs::read(&journal).expect("a journal");
    let last = bytes.iter().rposition(|byte| *byte == b'[').expect("a point") + 2;
    bytes[last] ^= 1;
    fs::write(&journal, &bytes).expect("written");
    fs::remove_file(place.runs().join("lab.db")).expect("there was a database");
    snapshot!("a_flipped_bit", said(&place, sweep(&place, &worker, "well", &[])));
}

#[test]
fn a_truncated_journal_of_an_unfinished_trial() {
    let (place, worker) = place();
    let child = started(sweep(&place, &worker, "stuck", &[]));
    wait_until("a trial runs", || count(&place, "spec.json") > 0);
    signal(&child, Signal::SIGKILL);
    child.wait_with_output().expect("it ends");
    for trial in fs::read_dir(place.runs().join("trials")).expect("trials") {
        fs::write(trial.expect("a folder").path().join("journal.jsonl"), "{\"format\":1,\"tri").expect("written");
    }
    let (code, _, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!((code, count(&place, "result.json")), (0, TRIALS), "it begins anew: {stderr}");
}

#[test]
#[ignore = "needs libfaketime"]
fn a_clock_that_jumps() {
    let (place, worker) = place();
    let preload = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
    assert!(Path::new(preload).exists(), "there is no {preload} to set a clock with");
    let mut command = sweep(&place, &worker, "well", &["--stall-timeout", "20"]);
    // A day back, and every second seems an hour; monotonic clocks are left alone.
    command.env("LD_PRELOAD", preload).env("FAKETIME", "-1d x3600").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let (code, _, stderr) = ended(command);
    assert_eq!((code, count(&place, "result.json")), (0, TRIALS), "{stderr}");
    assert_eq!(place.run(&["verify", "--integrity-only"]).status.code(), Some(0));
}

#[test]
fn doctor_finds_what_is_wrong_and_says_what_mends_it() {
    let (place, worker) = place();
    assert_eq!(ended(sweep(&place, &worker, "well", &[])).0, 0);
    let doctor = |place: &Place| {
        let mut command = place.drr_lab(&["doctor", "--worker"]);
        command.arg(&worker).env("FAKE_WORKER", "well");
        let output = command.output().expect("the program starts");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, text) = doctor(&place);
    assert_eq!(code, Some(0), "{text}");
    for part in ["slots", "memory", "gpus", "worker", "numerics", "limits", "disk", "data", "lock", "database"] {
        assert!(text.lines().any(|line| line.split_whitespace().nth(1) == Some(part)), "{part}: {text}");
    }
    assert!(text.contains("mend: drr-lab data fetch ml-100k") && text.contains("database     sound"), "{text}");
    let database = place.runs().join("lab.db");
    let mut bytes = fs::read(&database).expect("there is a database");
    let end = bytes.len();
    bytes[4096..end].fill(0x55);
    fs::write(&database, &bytes).expect("written");
    fs::create_dir(place.runs().join("verify-1")).expect("made");
    let (code, text) = doctor(&place);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("BAD   database") && text.contains("runs reindex"), "{text}");
    assert!(text.contains("poor  left behind") && text.contains("mend: rm -r runs/verify-1"), "{text}");
    let mend = text.lines().find_map(|line| line.trim().strip_prefix("mend: mv ")).expect("a mend");
    let mend = format!("mv {mend}").replace("drr-lab ", &format!("{} ", env!("CARGO_BIN_EXE_drr-lab")));
    let status = Command::new("sh").args(["-c", &mend]).current_dir(place.path()).status().expect("a shell");
    assert!(status.success(), "what it says mends it: {mend}");
    assert_eq!(doctor(&place).0, Some(0));
}
