//! What is recorded and how it is read back, through the program: a sweep that is run again in another form, and what
//! becomes of the trials it held.

use std::fs;
use std::time::{Duration, Instant};

use crate::common::mount::Mount;
use crate::common::worker::{count, ended, place, started, sweep, wait_until};
use crate::common::{Place, metrics_digests};
use rusqlite::Connection;

const TRIALS: usize = 14;

/// The sweep runs with more arguments and ends well; what it said to people.
fn ran(place: &Place, worker: &std::path::Path, more: &[&str]) -> String {
    let (code, stdout, stderr) = ended(sweep(place, worker, "well", more));
    assert_eq!(code, 0, "{stdout}{stderr}");
    stderr
}

/// The program ends well; what it printed.
fn done(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn trials_recorded(place: &Place) -> usize {
    done(place, &["runs", "list", "small"]).lines().count()
}

#[test]
fn a_run_of_a_part_does_not_narrow_the_record() {
    let (place, worker) = place();
    for part in [&["--only", "tau=0.001"][..], &["--seeds", "1"], &["--only", "tau=0.01", "--seeds", "1"]] {
        ran(&place, &worker, &[]);
        assert_eq!(trials_recorded(&place), TRIALS);
        let said = ran(&place, &worker, part);
        assert!(!said.contains("definition"), "{said}");
        assert_eq!(trials_recorded(&place), TRIALS, "{part:?}");
        assert!(done(&place, &["runs", "gc"]).contains("nothing to remove: sweeps refer to all there is"));
        done(&place, &["verify", "--integrity-only"]);
        assert!(done(&place, &["report", "small", "--format", "csv"]).contains("0.01"), "{part:?}");
    }
    // From parts to the whole, and with more seeds than the file has.
    let other = Place::new();
    other.file("small.toml", crate::common::SMALL);
    for (part, trials) in [
        (&["--only", "tau=0.001", "--seeds", "1"][..], 5),
        (&["--only", "tau=0.01", "--seeds", "1"], 7),
        (&["--seeds", "3"], 21),
        (&["--seeds", "1"], 21),
    ] {
        let said = ran(&other, &worker, part);
        assert!(!said.contains("definition"), "{said}");
        assert_eq!(trials_recorded(&other), trials, "{part:?}");
        done(&other, &["verify", "--integrity-only"]);
    }
}

#[test]
fn a_changed_definition_says_what_left_and_gc_keeps_it() {
    for (more, text, says) in [
        (&[][..], crate::common::SMALL.replace("[0.001, 0.01]", "0.001"), "drr.tau no longer has 0.01"),
        (&["--set", "tau=0.001"], crate::common::SMALL.to_owned(), "drr.tau no longer has 0.01"),
        (&[], crate::common::SMALL.replace("seeds = 2", "seeds = 1"), "no longer of the seeds: 1"),
        (&[], crate::common::SMALL.replace("train_steps = 60", "train_steps = 70"), "train_steps was 60, is 70"),
    ] {
        let (place, worker) = place();
        ran(&place, &worker, &[]);
        place.file("small.toml", &text);
        let said = ran(&place, &worker, more);
        assert!(said.contains("small: the record of this name had 14 trials; ") && said.contains(says), "{said}");
        let trials = metrics_digests(&place.runs());
        let shown = done(&place, &["runs", "gc"]);
        assert!(
            shown.contains("finished trials stay though no sweep holds them: they are of an earlier form of small"),
            "{shown}"
        );
        done(&place, &["runs", "gc", "--yes"]);
        assert_eq!(metrics_digests(&place.runs()), trials, "nothing finished goes unasked");
        done(&place, &["verify", "--integrity-only"]);
        let asked = done(&place, &["runs", "gc", "--earlier"]);
        assert!(
            asked.contains("finished, of an earlier form of small") && asked.contains("nothing was removed"),
            "{asked}"
        );
        // The earlier form again: all is found, and nothing is of an earlier form any more.
        place.file("small.toml", crate::common::SMALL);
        ran(&place, &worker, &[]);
        assert_eq!(trials_recorded(&place), TRIALS);
        place.file("small.toml", &text);
        ran(&place, &worker, more);
        done(&place, &["runs", "gc", "--earlier", "--yes"]);
        assert!(metrics_digests(&place.runs()).len() < trials.len());
        assert!(done(&place, &["runs", "gc"]).contains("nothing to remove: sweeps refer to all there is"));
        done(&place, &["verify", "--integrity-only"]);
    }
}

/// What `verify --integrity-only` says when all is as it was written.
fn integrity(place: &Place) -> String {
    done(place, &["verify", "--integrity-only"])
}

#[test]
fn an_index_that_is_behind_is_no_change_and_what_catches_it_up_is_said() {
    let (place, worker) = place();
    let database = place.runs().join("lab.db");
    ran(&place, &worker, &["--only", "tau=0.001", "--seeds", "1"]);
    let early = fs::read(&database).expect("a database");
    ran(&place, &worker, &[]);
    let late = fs::read(&database).expect("a database");
    place.file("small.toml", &crate::common::SMALL.replace("0.01]", "0.1]"));
    ran(&place, &worker, &[]);
    assert!(!integrity(&place).contains("behind"));
    for (what, database_then) in [("no database", None), ("an empty file", Some(&Vec::new()))]
        .into_iter()
        .chain([("of the part", Some(&early)), ("of the earlier form", Some(&late))])
    {
        match database_then {
            None => fs::remove_file(&database).expect("removed"),
            Some(bytes) => fs::write(&database, bytes).expect("written"),
        }
        let said = integrity(&place);
        assert!(said.contains("lab.db is behind the folders") && said.contains(", 0 changed"), "{what}: {said}");
        assert!(said.contains("`drr-lab --runs runs runs reindex` catches it up"), "{what}: {said}");
        done(&place, &["runs", "reindex"]);
        assert!(!integrity(&place).contains("behind"), "{what}");
    }
    let changed = |sql: &str| {
        Connection::open(&database).expect("opened").execute_batch(sql).expect("changed");
        let output = place.run(&["verify", "--integrity-only"]);
        assert_eq!(output.status.code(), Some(5), "{sql}: {}", String::from_utf8_lossy(&output.stdout));
        done(&place, &["runs", "reindex"]);
    };
    changed("UPDATE result SET value = 0.9");
    changed("UPDATE sweep SET source = 'another'");
    changed("DELETE FROM point");
    changed("UPDATE trial SET stage = 'pmf'");
}

#[test]
fn a_changed_sweep_file_is_found_without_the_database() {
    let (place, worker) = place();
    ran(&place, &worker, &[]);
    let file = place.runs().join("sweeps/small/sweep.toml");
    let text = fs::read_to_string(&file).expect("recorded");
    fs::write(&file, text.replace("seeds = 2", "seeds = 3")).expect("written");
    fs::remove_file(place.runs().join("lab.db")).expect("there was one");
    for _ in 0..2 {
        let output = place.run(&["verify", "--integrity-only"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.contains("CHANGED: runs/sweeps/small/sweep.toml is not as it was written"), "{said}");
        done(&place, &["runs", "reindex"]);
    }
}

#[test]
fn a_foreign_lock_delays_records_and_nothing_else() {
    let (place, worker) = place();
    let child = started(sweep(&place, &worker, "slow", &["--jobs", "1"]));
    // The first is in the database when the second is finished.
    wait_until("a trial is recorded", || count(&place, "result.json") > 1);
    let browser = Connection::open(place.runs().join("lab.db")).expect("opened");
    browser.busy_timeout(Duration::from_secs(10)).expect("patient");
    browser.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let before = count(&place, "result.json");
    wait_until("training goes on", || count(&place, "result.json") > before + 3);
    let began = Instant::now();
    done(&place, &["report", "small", "--format", "csv"]);
    assert!(integrity(&place).contains(", 0 changed"));
    assert!(done(&place, &["runs", "list"]).contains("small"));
    let trial = metrics_digests(&place.runs()).into_keys().next().expect("a trial");
    assert!(done(&place, &["runs", "show", &trial[..12]]).contains(&trial));
    assert!(began.elapsed() < Duration::from_secs(20), "readers wait for no lock: {:?}", began.elapsed());
    browser.execute_batch("ROLLBACK").expect("free");
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let warning = format!("lab.db is locked by process {} (", std::process::id());
    assert_eq!(stderr.matches(&warning).count(), 1, "{stderr}");
    assert_eq!(count(&place, "result.json"), TRIALS);
    assert!(!integrity(&place).contains("behind"), "caught up");
}

#[test]
fn a_lock_that_stays_from_beginning_to_end_is_said_and_caught_up_later() {
    let (place, worker) = place();
    ran(&place, &worker, &["--only", "tau=0.001", "--seeds", "1"]);
    let browser = Connection::open(place.runs().join("lab.db")).expect("opened");
    browser.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let (code, stdout, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!((code, count(&place, "result.json")), (0, TRIALS), "{stderr}");
    assert!(stderr.contains("is locked by process") && stderr.contains("is still locked by process"), "{stderr}");
    assert!(stdout.contains("0.01 "), "the summary is of all trials: {stdout}");
    assert!(integrity(&place).contains("lab.db is behind the folders"));
    browser.execute_batch("ROLLBACK").expect("free");
    ran(&place, &worker, &[]);
    assert!(!integrity(&place).contains("behind"), "the next sweep catches it up");
}

#[test]
#[ignore = "needs permission to mount"]
fn an_archive_that_cannot_be_written_is_reported_and_verified() {
    let (place, worker) = place();
    let runs = place.runs();
    let disk = Mount::new(&runs, &["-t", "tmpfs", "-o", "size=64m", "tmpfs"]);
    ran(&place, &worker, &[]);
    for with in ["a database in one file", "a database and its log", "no database"] {
        let file = |name: &str| runs.join(name);
        match with {
            // As a program that was killed leaves it: a reader that stays keeps the log from being folded in.
            "a database and its log" => {
                let reader = Connection::open(file("lab.db")).expect("opened");
                reader.execute_batch("BEGIN; SELECT count(*) FROM trial;").expect("read");
                ran(&place, &worker, &["--set", "seeds=3"]);
                let kept = ["lab.db", "lab.db-wal"].map(|name| (name, fs::read(file(name)).expect("readable")));
                assert!(!kept[1].1.is_empty(), "a log");
                drop(reader);
                kept.iter().for_each(|(name, bytes)| fs::write(file(name), bytes).expect("written"));
            }
            "no database" => {
                for name in ["lab.db", "lab.db-wal", "lab.db-shm"] {
                    let _ = fs::remove_file(file(name));
                }
            }
            _ => {}
        }
        disk.freeze();
        let said = done(&place, &["report", "small", "--format", "csv"]);
        assert!(said.contains("precision") || said.contains("Offline"), "{with}: {said}");
        assert!(integrity(&place).contains(", 0 changed"), "{with}");
        done(&place, &["runs", "list"]);
        let mut again = place.drr_lab(&["verify", "--sample", "2", "--worker"]);
        let output = again.arg(&worker).env("FAKE_WORKER", "well").output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("replay: 2 bitwise"), "{with}: {said}{}", String::from_utf8_lossy(&output.stderr));
        disk.thaw();
    }
}

#[test]
fn what_no_trial_wrote_is_found() {
    let (place, worker) = place();
    ran(&place, &worker, &[]);
    let runs = place.runs();
    let trial = runs.join("trials").join(metrics_digests(&runs).into_keys().next().expect("a trial"));
    let diff = runs.join("diffs").join(format!("{}.diff", drr_core::Digest::of(b"a change")));
    fs::create_dir_all(runs.join("diffs")).expect("made");
    fs::write(&diff, "a change").expect("written");
    assert!(integrity(&place).contains(", 0 changed"));
    for (path, says) in [
        (trial.join("notes.md"), "notes.md is no file of a trial"),
        (runs.join("sweeps/small/notes.md"), "notes.md is no file of a recorded sweep"),
        (runs.join("diffs/notes.md"), "notes.md is no kept difference"),
        (diff.clone(), "is not as it was written"),
    ] {
        let before = fs::read(&path).ok();
        fs::write(&path, "other").expect("written");
        let output = place.run(&["verify", "--integrity-only"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.code() == Some(5) && said.contains(says), "{says}: {said}");
        match before {
            Some(bytes) => fs::write(&path, bytes).expect("written"),
            None => fs::remove_file(&path).expect("removed"),
        }
    }
    integrity(&place);
}

#[test]
fn a_changed_reason_of_a_failure_is_found() {
    let (place, worker) = place();
    assert_eq!(ended(sweep(&place, &worker, "nan", &[])).0, 1);
    integrity(&place);
    let trials = fs::read_dir(place.runs().join("trials")).expect("listed").map(|it| it.expect("an entry").path());
    let file = trials.map(|it| it.join("failure.json")).find(|it| it.exists()).expect("a failure");
    let text = fs::read_to_string(&file).expect("readable");
    for changed in [text.replace("not finite", "finite"), "{".to_owned()] {
        fs::write(&file, changed).expect("written");
        let output = place.run(&["verify", "--integrity-only"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.code() == Some(5) && said.contains("than failure.json"), "{said}");
    }
}

#[test]
fn journals_that_no_database_can_hold_are_named_and_the_others_are_taken_in() {
    let (place, worker) = place();
    ran(&place, &worker, &[]);
    let all: Vec<String> = metrics_digests(&place.runs()).into_keys().collect();
    let point = |name: &str, step: u64| drr_core::journal::Point::new(name, step, 0.5);
    let rewritten = |trial: &str, points: Vec<drr_core::journal::Point>| {
        let folder = place.runs().join("trials").join(trial);
        let mut result =
            drr_core::result::TrialResult::read(&folder.join("result.json")).expect("readable").expect("there");
        let mut journal =
            drr_core::journal::Writer::create(&folder.join("journal.jsonl"), trial.parse().expect("an id"))
                .expect("made");
        journal.append(points).expect("written");
        result.metrics_digest = journal.finish().expect("written");
        result.write(&folder.join("result.json")).expect("sealed anew");
    };
    rewritten(&all[0], vec![point("loss", 1 << 63)]);
    rewritten(&all[1], vec![point("loss", 7), point("loss", 7)]);
    let output = place.run(&["runs", "reindex"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("12 finished trials"), "{said}");
    let large =
        format!("trial {}: its journal records loss at step 9223372036854775808, more than can be", &all[0][..12]);
    let twice = format!("trial {}: its journal records loss twice at step 7", &all[1][..12]);
    assert!(said.contains(&large) && said.contains(&twice), "{said}");
    let output = place.run(&["verify", "--integrity-only"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stdout).contains(&twice));
}

#[test]
fn what_killed_programs_left_is_offered_and_what_may_be_alive_is_not() {
    let (place, worker) = place();
    ran(&place, &worker, &[]);
    let runs = place.runs();
    let trial = runs.join("trials").join(metrics_digests(&runs).into_keys().next().expect("a trial"));
    let dead = nobody();
    let old = std::time::SystemTime::now() - Duration::from_secs(3600);
    let left = [
        runs.join(format!("lab.json.{dead}.tmp")),
        trial.join(format!("result.json.{dead}.tmp")),
        runs.join(format!("sweeps/small/sweep.toml.{dead}.tmp")),
    ];
    for path in &left {
        fs::write(path, "half").expect("written");
        fs::File::open(path).and_then(|file| file.set_modified(old)).expect("set");
    }
    fs::create_dir(runs.join("worker")).expect("made");
    fs::write(runs.join("worker/drr-lab-worker"), "a copy").expect("written");
    let alive = trial.join(format!("model.safetensors.{}.tmp", std::process::id()));
    let young = trial.join(format!("journal.jsonl.{dead}.tmp"));
    for path in [&alive, &young] {
        fs::write(path, "half").expect("written");
    }
    fs::File::open(&alive).and_then(|file| file.set_modified(old)).expect("set");
    let shown = done(&place, &["runs", "gc"]);
    assert!(shown.contains("would remove 4 entries, 0 of them trials"), "{shown}");
    done(&place, &["runs", "gc", "--yes"]);
    assert!(left.iter().all(|path| !path.exists()) && !runs.join("worker").exists());
    assert!(alive.exists() && young.exists());
    integrity(&place);
}

/// The number of a process that has ended.
fn nobody() -> u32 {
    let mut child = std::process::Command::new("true").spawn().expect("a program of every system");
    child.wait().expect("it ends");
    child.id()
}

#[test]
fn a_lock_through_a_link_and_a_runs_folder_that_is_none_are_refused() {
    let (place, worker) = place();
    fs::create_dir(place.runs()).expect("made");
    let precious = place.path().join("precious.txt");
    fs::write(&precious, "precious").expect("written");
    std::os::unix::fs::symlink(&precious, place.runs().join("lock")).expect("linked");
    let (code, _, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert!(code == 3 && stderr.contains("cannot lock runs/lock: it is a link"), "{stderr}");
    assert_eq!(fs::read_to_string(&precious).expect("there"), "precious");
    place.file("plain", "a file");
    std::os::unix::fs::symlink("/nowhere/at/all", place.path().join("dangling")).expect("linked");
    for (runs, says) in [("plain", "plain is not a folder"), ("dangling", "dangling is a link that points nowhere")] {
        for verb in [&["sweep", "small.toml"][..], &["report"], &["verify"], &["runs", "list"], &["runs", "gc"]] {
            let output = place.run(&[&["--runs", runs][..], verb].concat());
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.code() == Some(2) && stderr.contains(says), "{verb:?}: {stderr}");
        }
    }
}
