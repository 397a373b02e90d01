//! What stands around the program: who else has the database open, who hangs up, who listens, what folders are called.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::{Answer, ask, begun, run};
use crate::common::worker::{count, place, signal, started, sweep, wait_until};
use crate::common::{Place, SMALL, hear_signals};

/// Trials of [`SMALL`].
const TRIALS: usize = 14;

/// Takes a lock on the database, as a browser of databases with an unsaved edit does.
fn lock(runs: &Path, kind: &str) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(runs.join("lab.db")).expect("a database");
    connection.busy_timeout(Duration::from_secs(20)).expect("set");
    connection.execute_batch(&format!("BEGIN {kind}")).expect("the lock");
    connection
}

/// The database is an index: training goes on while another holds it, and what is missing is caught up with.
fn training_goes_on(kind: &str, held: Duration) {
    let (place, worker) = place();
    let child = started(sweep(&place, &worker, "slow", &["--jobs", "1"]));
    wait_until("a trial is finished", || count(&place, "result.json") > 0);
    let lock = lock(&place.runs(), kind);
    std::thread::sleep(held);
    drop(lock);
    let answer = Answer::from(child.wait_with_output().expect("it ends"));
    assert_eq!((answer.code, count(&place, "result.json")), (0, TRIALS), "{answer:?}");
    assert!(held < Duration::from_secs(9) || answer.says(&["lab.db"]), "the lock is named: {answer:?}");
    let shown = ask(&place, &["runs", "list", "--output", "json"]);
    assert!(shown.says(&["\"finished\":14"]), "it is caught up with: {shown:?}");
}

#[test]
fn database_locked_for_longer_than_anyone_waits() {
    training_goes_on("IMMEDIATE", Duration::from_secs(12));
}

#[test]
fn database_locked_for_a_moment() {
    training_goes_on("EXCLUSIVE", Duration::from_secs(2));
}

#[test]
fn database_locked_for_reading() {
    training_goes_on("DEFERRED; SELECT count(*) FROM sqlite_master", Duration::from_secs(1));
}

/// Reports and checks read.
#[test]
fn database_locked_is_reported_all_the_same() {
    let (place, worker) = place();
    assert_eq!(run(&mut sweep(&place, &worker, "well", &[])).code, 0);
    let _lock = lock(&place.runs(), "IMMEDIATE");
    let began = Instant::now();
    for arguments in [&["report", "small", "--format", "md"][..], &["verify", "--integrity-only"]] {
        let answer = ask(&place, arguments);
        assert!(answer.code == 0, "{arguments:?} after {:?}: {answer:?}", began.elapsed());
    }
    assert!(began.elapsed() < Duration::from_secs(8), "nobody waits for the lock: {:?}", began.elapsed());
}

/// The slow sweep below a shell that ignores these signals, as `nohup` does.
fn deaf(place: &Place, worker: &Path, signals: &str) -> Child {
    let inner = sweep(place, worker, "slow", &[]);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("trap '' {signals}; exec \"$0\" \"$@\"")]).arg(inner.get_program());
    command.args(inner.get_args()).current_dir(place.path());
    hear_signals(&mut command);
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    started(command)
}

/// A signal that was ignored when the program started stays ignored.
fn stays_ignored(signals: &str, sent: &[Signal]) {
    let (place, worker) = place();
    let child = deaf(&place, &worker, signals);
    wait_until("a trial runs", || count(&place, "spec.json") > 0);
    for it in sent {
        signal(&child, *it);
        std::thread::sleep(Duration::from_millis(50));
    }
    let answer = Answer::from(child.wait_with_output().expect("it ends"));
    assert_eq!((answer.code, count(&place, "result.json")), (0, TRIALS), "{answer:?}");
}

#[test]
fn nohup_hangup_stays_ignored() {
    stays_ignored("HUP", &[Signal::SIGHUP]);
}

#[test]
fn nohup_hangup_of_a_job_in_the_background() {
    stays_ignored("INT QUIT", &[Signal::SIGINT, Signal::SIGINT]);
}

#[test]
fn nohup_hangup_of_one_that_ignores_all_three() {
    stays_ignored("HUP INT TERM", &[Signal::SIGHUP, Signal::SIGTERM, Signal::SIGINT]);
}

/// What is not ignored still ends it.
#[test]
fn nohup_hangup_ends_one_that_listens() {
    let (place, worker) = place();
    let child = deaf(&place, &worker, "INT");
    wait_until("a trial runs", || count(&place, "spec.json") > 0);
    signal(&child, Signal::SIGHUP);
    assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(130));
}

/// Says what it has to say into a full disk: an error and exit code 3, in every verb.
fn into_a_full_disk(command: &mut Command) {
    let full = File::options().write(true).open("/dev/full").expect("Linux has one");
    let answer = run(command.stdout(full).stderr(Stdio::piped()));
    assert!(answer.code == 3 && answer.says(&["No space left", "disk is full"]), "{command:?}: {answer:?}");
}

#[test]
fn stdout_full_is_an_error() {
    let place = Place::new();
    for arguments in [&["schema"][..], &["--help"], &["--version"], &["sweep", "--help"], &["runs", "--help"]] {
        into_a_full_disk(&mut place.drr_lab(arguments));
    }
}

#[test]
fn stdout_full_is_an_error_of_what_reads_records() {
    let (place, worker) = place();
    assert_eq!(run(&mut sweep(&place, &worker, "well", &[])).code, 0);
    for arguments in [
        &["report", "small", "--format", "md"][..],
        &["verify", "--integrity-only"],
        &["runs", "list"],
        &["runs", "list", "small", "--output", "json"],
        &["runs", "gc"],
        &["data", "list"],
        &["sweep", "small.toml", "--dry-run"],
    ] {
        into_a_full_disk(&mut place.drr_lab(arguments));
    }
    into_a_full_disk(&mut sweep(&place, &worker, "well", &[]));
}

/// A reader that leaves after the first line is no failure of the sweep.
fn reader_leaves(more: &[&str]) {
    let (place, worker) = place();
    let command = sweep(&place, &worker, "slow", more);
    // Nobody listens to the other stream either.
    let mut child = started(command);
    let mut line = String::new();
    let (out, err) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    if more.contains(&"json") {
        BufReader::new(out).read_line(&mut line).expect("a line");
        drop(err);
    } else {
        BufReader::new(err).read_line(&mut line).expect("a line");
        drop(out);
    }
    assert!(!line.is_empty());
    let status = child.wait().expect("it ends");
    assert_eq!(status.signal(), None);
    assert_eq!((status.code(), count(&place, "result.json")), (Some(0), TRIALS), "after {line}");
}

#[test]
fn stdout_full_a_reader_that_left_does_not_end_a_sweep() {
    reader_leaves(&[]);
}

#[test]
fn stdout_full_a_reader_of_events_that_left_does_not_end_a_sweep() {
    reader_leaves(&["--output", "json"]);
}

/// A name that is no UTF-8.
fn bad(begin: &str) -> OsString {
    OsString::from_vec([begin.as_bytes(), b"\xff"].concat())
}

/// It works, or one clear line names the folder and the reason before anything starts.
fn works_or_says_so(answer: &Answer, place: &Path, began: usize) {
    if answer.code != 0 {
        assert!(answer.says(&["UTF-8"]) && answer.says(&["bad"]), "{answer:?}");
        assert!([2, 3].contains(&answer.code), "{answer:?}");
        assert_eq!(began, 0, "nothing was started: {answer:?}");
    }
    assert!(place.exists());
}

fn one_seed(place: &Place, command: &mut Command) -> Answer {
    place.file("small.toml", SMALL);
    run(command.args(["sweep"]).arg(place.path().join("small.toml")).args(["--seeds", "1", "--only", "tau=0.001"]))
}

#[test]
fn folder_names_not_utf8_of_runs() {
    let place = Place::new();
    let runs = place.path().join(bad("bad")).join("runs");
    fs::create_dir(place.path().join(bad("bad"))).expect("made");
    let answer = one_seed(&place, place.drr_lab(&["--runs"]).arg(&runs));
    works_or_says_so(&answer, place.path(), begun(&runs));
}

#[test]
fn folder_names_not_utf8_of_the_working_folder() {
    let place = Place::new();
    let here = place.path().join(bad("bad"));
    fs::create_dir(&here).expect("made");
    let answer = one_seed(&place, place.drr_lab(&[]).current_dir(&here));
    works_or_says_so(&answer, &here, begun(&here.join("runs")));
}

#[test]
fn folder_names_not_utf8_of_the_data() {
    let place = Place::new();
    let answer = one_seed(&place, place.drr_lab(&["--data"]).arg(place.path().join(bad("bad"))));
    works_or_says_so(&answer, place.path(), begun(&place.runs()));
}

#[test]
fn folder_names_not_utf8_of_a_report() {
    let (place, worker) = place();
    assert_eq!(run(&mut sweep(&place, &worker, "well", &[])).code, 0);
    let out = place.path().join(bad("bad"));
    let answer = run(place.drr_lab(&["report", "small", "--out"]).arg(&out));
    let written = fs::read_dir(&out).into_iter().flatten().count();
    works_or_says_so(&answer, place.path(), written);
    assert!(answer.code != 0 || written > 0);
}

/// What is no folder is called by what it is.
#[test]
fn folder_names_not_utf8_nor_a_folder_at_all() {
    let place = Place::new();
    place.file("afile", "");
    symlink("nowhere", place.path().join("dangling")).expect("made");
    symlink("afile", place.path().join("link")).expect("made");
    for (name, what) in [
        ("afile", &["not a folder", "is a file"][..]),
        ("dangling", &["points nowhere", "nowhere"]),
        ("link", &["not a folder", "is a file"]),
    ] {
        let answer = one_seed(&place, &mut place.drr_lab(&["--runs", name]));
        assert!([2, 3].contains(&answer.code) && answer.says(what) && answer.says(&[name]), "{answer:?}");
        assert!(!answer.says(&["os error 17"]), "{answer:?}");
    }
}

/// Hard names that always worked.
#[test]
fn folder_names_of_all_other_kinds() {
    for name in ["a b", "it's", "\"q\"", "a\nb", "$(x);&", "-v", "#%?*", "日本語"] {
        let place = Place::new();
        let runs = place.path().join(OsStr::from_bytes(name.as_bytes()));
        let mut command = place.drr_lab(&[]);
        let mut option = OsString::from("--runs=");
        option.push(&runs);
        let answer = one_seed(&place, command.arg(option));
        assert!(answer.code == 0 && begun(&runs) == 5, "{name:?}: {answer:?}");
    }
}
