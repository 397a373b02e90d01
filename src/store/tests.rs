//! The store against real run folders.

use drr_core::{AxisPoint, Status, Trial};
use std::collections::BTreeMap;
use std::sync::Arc;

use drr_core::journal::Point;
use drr_core::trial_dir::TrialDir;
use rusqlite::Connection;

use super::fabricate::{self, MadeTrials};
use super::*;
use crate::error::Exit;

fn open() -> (tempfile::TempDir, Store) {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(runs.path()).expect("a new database");
    (runs, store)
}

/// One PMF trial in a sweep, with a journal that holds every kind of number.
fn one_trial(runs: &Path, store: &mut Store) -> TrialDir {
    let spec = MadeTrials::new().pmf(3);
    let member = Arc::new(Trial::new(spec.clone(), AxisPoint::from([("pmf.k".to_owned(), 100.into())])));
    let sweep = SweepRecord {
        name: "one".to_owned(),
        source: "text".to_owned(),
        axes: vec!["pmf.k".to_owned()],
        trials: vec![member],
        commands: Vec::new(),
    };
    store.record_sweep(&sweep).expect("recorded");
    let points = vec![
        Point::new("b", 2, 0.1 + 0.2),
        Point::new("a", 2, f64::NAN),
        Point::new("a", 1, f64::NEG_INFINITY),
        Point::new("a", 3, f64::INFINITY),
        Point::new("a", u64::MAX >> 1, 5e-324),
    ];
    fabricate::finish_with(runs, &spec, points, BTreeMap::from([("test_rmse".to_owned(), 0.45)]), 1)
}

#[test]
fn what_is_taken_in_comes_out() {
    let (runs, mut store) = open();
    let folder = one_trial(runs.path(), &mut store);
    let pending = store.sweep("one").expect("read").expect("recorded");
    assert_eq!((pending.trials[0].status, pending.trials[0].metrics.len()), (Status::Pending, 0));

    store.ingest(&folder).expect("taken in");
    drop(store);
    let store = Store::open_existing(runs.path()).expect("the same database");
    assert_eq!(store.sweep_names().expect("read"), ["one"]);
    let sweep = store.sweep("one").expect("read").expect("recorded");
    assert_eq!((sweep.source.as_str(), sweep.axes.as_slice()), ("text", ["pmf.k".to_owned()].as_slice()));
    let trial = &sweep.trials[0];
    assert_eq!(*trial.spec(), MadeTrials::new().pmf(3));
    assert_eq!(trial.point()["pmf.k"], 100);
    assert_eq!((trial.status, trial.repeats, trial.wall_s), (Status::Finished, 1, Some(12.5)));
    assert_eq!(trial.metrics, BTreeMap::from([("test_rmse".to_owned(), 0.45)]));
    assert_eq!(trial.environment.as_ref().expect("recorded").isa, "avx2");
    let journal = drr_core::journal::read(&folder.journal()).expect("readable");
    assert_eq!(trial.metrics_digest, Some(journal.digest));
    let bits = |metric| -> Vec<(u64, u64)> {
        let points = store.points(trial.id(), metric).expect("read");
        points.into_iter().map(|(step, value)| (step, value.to_bits())).collect()
    };
    assert_eq!(bits("b"), [(2, 0.300_000_000_000_000_04f64.to_bits())]);
    let a = [(1, f64::NEG_INFINITY), (2, f64::NAN), (3, f64::INFINITY), (u64::MAX >> 1, 5e-324)];
    assert_eq!(bits("a"), a.map(|(step, value)| (step, value.to_bits())));
    assert_eq!(store.timings(10).expect("read"), [(trial.spec().clone(), Vec::new(), 12.5)]);
    assert!(store.finished_elsewhere(&sweep.name).expect("read").is_empty());
    let elsewhere = store.finished_elsewhere("another").expect("read");
    assert_eq!(elsewhere.get(&trial.id()), Some(&vec![sweep.name.clone()]));
    assert!(store.sweep("two").expect("read").is_none());
}

#[test]
fn taking_in_twice_changes_nothing() {
    let (runs, mut store) = open();
    let folder = one_trial(runs.path(), &mut store);
    let all = |store: &Store| -> Vec<String> {
        let tables = ["trial", "sweep", "member", "metric", "result", "point"];
        let rows = tables.map(|table| {
            let mut statement = store.connection.prepare(&format!("SELECT * FROM {table}")).expect("a table");
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| {
                (0..columns)
                    .map(|at| row.get_ref(at).map(|value| format!("{value:?}")))
                    .collect::<rusqlite::Result<Vec<_>>>()
            });
            rows.expect("rows").map(|row| row.expect("a row").join(" ")).collect::<Vec<_>>().join("\n")
        });
        rows.to_vec()
    };
    store.ingest(&folder).expect("taken in");
    let once = all(&store);
    store.ingest(&folder).expect("taken in again");
    assert_eq!(all(&store), once);
}

#[test]
fn a_sweep_recorded_again_keeps_results_and_drops_members() {
    let (runs, mut store) = open();
    let world = MadeTrials::new();
    let mut sweep = world.sweep("s", &[0.001, 0.01], &[0.0005], 1);
    fabricate::run(&mut store, runs.path(), &sweep, |_| None);
    sweep.trials.truncate(3);
    store.record_sweep(&sweep).expect("recorded");
    let stored = store.sweep("s").expect("read").expect("recorded");
    let ids: Vec<_> = stored.trials.iter().map(|trial| trial.id()).collect();
    assert_eq!(ids, sweep.trials.iter().map(|member| member.spec.id()).collect::<Vec<_>>());
    assert!(stored.trials.iter().all(|trial| trial.status == Status::Finished));
}

#[test]
fn a_failure_is_kept_until_the_trial_finishes() {
    let (runs, mut store) = open();
    let folder = one_trial(runs.path(), &mut store);
    let trial = MadeTrials::new().pmf(3).id();
    store.mark(trial, Status::Failed, Some("the loss is NaN")).expect("marked");
    let failed = store.sweep("one").expect("read").expect("recorded");
    assert_eq!(failed.trials[0].failure.as_deref(), Some("the loss is NaN"));
    assert!(store.mark(trial, Status::Finished, None).is_err(), "finished without a result");
    store.ingest(&folder).expect("taken in");
    let finished = store.sweep("one").expect("read").expect("recorded");
    assert_eq!((finished.trials[0].status, finished.trials[0].failure.as_deref()), (Status::Finished, None));
    assert!(store.mark(MadeTrials::new().pmf(4).id(), Status::Running, None).is_err(), "not recorded");
}

#[test]
fn tampering_is_refused_and_leaves_no_trace() {
    let change = |folder: &TrialDir, file: &str, from: &str, to: &str| {
        let path = folder.path().join(file);
        let text = std::fs::read_to_string(&path).expect("readable");
        assert!(text.contains(from), "{text}");
        std::fs::write(&path, text.replace(from, to)).expect("writable");
    };
    let cases: [(&str, &str, &str, &str); 4] = [
        ("journal.jsonl", "0.30000000000000004", "0.3", "the recorded digest"),
        ("spec.json", "\"seed\":3", "\"seed\":4", "not to the folder's name"),
        ("spec.json", "\"seed\":3", "\"seed\": 3", "is not as it was written"),
        ("result.json", "\"metrics_digest\":\"", "\"metrics_digest\":\"0000", "not a result"),
    ];
    for (file, from, to, says) in cases {
        let (runs, mut store) = open();
        let folder = one_trial(runs.path(), &mut store);
        change(&folder, file, from, to);
        let error = store.ingest(&folder).expect_err("changed after it was written");
        assert!(error.message.contains(says), "{}", error.message);
        assert!(error.hint.is_some());
        let sweep = store.sweep("one").expect("read").expect("recorded");
        assert_eq!(sweep.trials[0].status, Status::Pending);
    }
}

#[test]
fn a_journal_of_another_run_is_refused() {
    let (runs, mut store) = open();
    let folder = one_trial(runs.path(), &mut store);
    let spec = MadeTrials::new().pmf(3);
    let mut writer = drr_core::journal::Writer::create(&folder.journal(), spec.id()).expect("created");
    writer.append(vec![Point::new("a", 1, 1.0)]).expect("appended");
    writer.finish().expect("finished");
    let error = store.ingest(&folder).expect_err("the result names another digest").message;
    assert!(error.contains("but the result says"), "{error}");
    std::fs::remove_file(folder.result()).expect("removed");
    let error = store.ingest(&folder).expect_err("no result").message;
    assert!(error.contains("is not complete"), "{error}");
}

#[test]
fn a_newer_schema_a_foreign_and_a_broken_file_are_refused() {
    let (runs, store) = open();
    drop(store);
    let path = runs.path().join("lab.db");
    Connection::open(&path).expect("opened").pragma_update(None, "user_version", 99).expect("changed");
    let error = Store::open(runs.path()).expect_err("newer");
    assert!(error.message.contains("schema 99 is newer"), "{}", error.message);
    assert_eq!(error.exit, Exit::Environment);

    let other = tempfile::tempdir().expect("a temporary folder");
    let foreign = Connection::open(other.path().join("lab.db")).expect("opened");
    foreign.execute_batch("CREATE TABLE songs (title TEXT)").expect("made");
    let error = Store::open(other.path()).expect_err("foreign");
    assert!(error.message.contains("another program"), "{}", error.message);

    let broken = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(broken.path().join("lab.db"), "no database at all, but long enough to look like a header")
        .expect("written");
    let error = Store::open(broken.path()).expect_err("broken");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("move lab.db away")), "{error:?}");

    let none = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(Store::open_existing(none.path()).expect_err("absent").exit, Exit::BadInput);
}

#[test]
fn the_lock_names_its_holder_and_is_free_after() {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let lock = RunsLock::acquire(runs.path()).expect("free");
    let error = RunsLock::acquire(runs.path()).expect_err("held");
    assert!(error.message.contains(&format!("process {} on ", std::process::id())), "{}", error.message);
    assert_eq!(error.exit, Exit::Environment);
    drop(lock);
    RunsLock::acquire(runs.path()).expect("free again");
}

#[test]
#[ignore = "measures"]
fn points_per_second() {
    let (runs, mut store) = open();
    let spec = MadeTrials::new().pmf(1);
    let points: Vec<Point> = (0..300_000u64)
        .map(|at| {
            Point::new(["train/reward", "train/critic_loss", "train/q"][(at % 3) as usize], at / 3, at as f64 * 0.37)
        })
        .collect();
    let folder = fabricate::finish_with(runs.path(), &spec, points, BTreeMap::new(), 1);
    let begin = std::time::Instant::now();
    store.ingest(&folder).expect("taken in");
    eprintln!("{:.0} points/s, reading and checking included", 3e5 / begin.elapsed().as_secs_f64());
}
