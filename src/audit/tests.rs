//! Tampering, bit by bit, with a sweep that has every kind of file; and a database lost and built anew.

use std::fs;
use std::path::Path;

use drr_core::journal::Point;
use drr_core::protocol::FailureKind;
use drr_core::result::TrialResult;
use drr_core::trial_dir::TrialDir;
use drr_core::{Digest, Status, TrialId};

use super::*;
use crate::plan::made_up::asked;
use crate::plan::{FailureRecord, write_failure, write_sweep};
use crate::store::fabricate::{MadeTrials, finish, finish_with, flip_rows};
use crate::store::{Store, SweepRecord};
use crate::sweep::{GivenDivisions, Request, Source, Sweep, SweepRequest};

fn sweep_of(record: &SweepRecord) -> Sweep {
    Sweep {
        name: record.name.clone(),
        text: record.source.clone(),
        axes: record.axes.clone(),
        configurations: 0,
        seeds: 0,
        trials: record.trials.clone(),
        declarations: record.commands.clone(),
        probe: 0,
        place: None,
        given: GivenDivisions::new(),
    }
}

fn write_record(record: &SweepRecord, runs: &Path) -> std::io::Result<()> {
    let source = Source::new("one.toml", &record.source);
    let request = SweepRequest::of_text(&source, runs, &Request::default()).expect("TOML");
    write_sweep(&sweep_of(record), &request, runs)
}

/// One finished trial with a model and a provenance, recorded.
fn one_trial(runs: &Path) -> (Store, TrialDir) {
    let mut record = MadeTrials::new().sweep("one", &[0.001], &[0.0005], 1);
    record.trials.truncate(1);
    write_record(&record, runs).expect("written");
    let mut store = Store::in_memory().expect("a database");
    store.record_sweep(&record).expect("recorded");
    let spec = &record.trials[0].spec;
    let points = vec![Point::new("a", 1, 1e-7), Point::new("a", 2, f64::NAN), Point::new("b", 1, 0.25)];
    let folder = finish_with(runs, spec, points, [("rmse".to_owned(), 0.5)].into(), 1);
    fs::write(folder.model(), b"a model, as far as its digest is concerned").expect("written");
    fs::write(folder.provenance(), b"{\"code\": {\"train_digest\": \"1234\"}, \"machine\": {\"cpu\": \"one\"}}")
        .expect("written");
    let mut result = TrialResult::read(&folder.result()).expect("readable").expect("there");
    result.model_digest = Digest::of_file(&folder.model()).ok();
    result.write(&folder.result()).expect("sealed anew");
    store.ingest(&folder).expect("taken in");
    (store, folder)
}

/// Whether `verify --integrity-only` finds fault with anything.
fn finds_fault(runs: &Path, store: &Store, trial: TrialId) -> bool {
    let examined = examine(runs, &[trial], Some(store)).expect("examined");
    let open = examined.iter().any(|it| it.found.is_err() || it.faults().next().is_some());
    open || is_changed(&examine_index(runs, Some(store), Scope::Whole))
}

fn is_changed(faults: &[IndexFault]) -> bool {
    faults.iter().any(|fault| matches!(fault, IndexFault::Changed(_)))
}

/// Flips every `step`th bit of every file, one at a time; returns how many.
fn flip_files(step: usize) -> usize {
    let runs = tempfile::tempdir().expect("a folder");
    let (store, folder) = one_trial(runs.path());
    let trial = folder.path().file_name().expect("a name").to_string_lossy().parse().expect("an id");
    assert!(!finds_fault(runs.path(), &store, trial), "nothing was changed yet");
    let sweep = runs.path().join("sweeps/one");
    let mut flipped = 0;
    let trial_files = [folder.spec(), folder.journal(), folder.result(), folder.provenance(), folder.model()]
        .map(|path| (path, true));
    let sweep_files = ["sweep.toml", "trials.jsonl"].map(|name| (sweep.join(name), false));
    for (path, of_trial) in trial_files.into_iter().chain(sweep_files) {
        let bytes = fs::read(&path).expect("readable");
        for bit in (0..bytes.len() * 8).step_by(step) {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &changed).expect("written");
            let found = if of_trial {
                drr_core::finished::read(&folder).is_err()
            } else {
                is_changed(&examine_index(runs.path(), Some(&store), Scope::Whole))
            };
            assert!(found, "bit {bit} of {}", path.display());
            flipped += 1;
        }
        fs::write(&path, bytes).expect("written");
    }
    assert!(!finds_fault(runs.path(), &store, trial), "all is as it was");
    eprintln!("{flipped} bits of files flipped, {flipped} found");
    flipped
}

#[test]
fn flipped_bits_of_all_files_are_found() {
    // Nine is prime to eight: one bit a byte, each place in turn.
    assert!(flip_files(9) > 1_900);
}

#[test]
#[ignore = "takes minutes: every bit"]
fn every_flipped_bit_of_every_file_is_found() {
    assert!(flip_files(1) > 17_000);
}

fn flip_database(step: usize) -> usize {
    let runs = tempfile::tempdir().expect("a folder");
    let (store, folder) = one_trial(runs.path());
    let trial = folder.path().file_name().expect("a name").to_string_lossy().parse().expect("an id");
    let flipped = flip_rows(&store, step, |store, what| {
        assert!(finds_fault(runs.path(), store, trial), "{what}");
    });
    assert!(!finds_fault(runs.path(), &store, trial), "all is as it was");
    eprintln!("{flipped} bits of rows flipped, {flipped} found");
    flipped
}

#[test]
fn flipped_bits_of_database_rows_are_found() {
    assert!(flip_database(41) > 150);
}

#[test]
#[ignore = "takes minutes: every bit"]
fn every_flipped_bit_of_every_database_row_is_found() {
    assert!(flip_database(1) > 7_000);
}

#[test]
fn a_file_taken_away_or_added_is_found() {
    let runs = tempfile::tempdir().expect("a folder");
    let (store, folder) = one_trial(runs.path());
    let trial = folder.path().file_name().expect("a name").to_string_lossy().parse().expect("an id");
    for path in [folder.spec(), folder.journal(), folder.provenance(), folder.model(), folder.result()] {
        let bytes = fs::read(&path).expect("readable");
        fs::remove_file(&path).expect("removed");
        assert!(finds_fault(runs.path(), &store, trial), "{} is gone", path.display());
        fs::write(&path, bytes).expect("written");
    }
    fs::remove_dir_all(folder.path()).expect("removed");
    assert!(finds_fault(runs.path(), &store, trial), "the database knows a trial that has no folder");
}

#[test]
fn a_database_built_anew_says_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let runs = folder.path();
    let world = MadeTrials::new();
    let record = world.sweep("s", &[0.001, 0.01], &[0.0005], 2);
    write_record(&record, runs).expect("written");
    let mut store = Store::open(runs).expect("a database");
    store.record_sweep(&record).expect("recorded");
    let specs = record.trials.iter().map(|member| (member.spec.id(), member.spec.clone())).collect();
    // The first recommender fails, and with it what stands on it; the last trial of all is still to come.
    let failing = record.trials.iter().position(|it| !it.spec.upstream().is_empty()).expect("a recommender");
    let failed = record.trials[failing].spec.id();
    let last = record.trials.len() - 1;
    for member in &record.trials[..last] {
        let (spec, trial) = (&member.spec, member.spec.id());
        if trial == failed {
            let failure = FailureRecord::new(FailureKind::Deterministic, "the loss is NaN", 1);
            write_failure(&TrialDir::new(runs, trial), &failure).expect("written");
            store.mark(trial, Status::Failed, Some("the loss is NaN")).expect("marked");
        } else if spec.upstream().contains(&failed) {
            let reason = format!("upstream drr trial {} failed: the loss is NaN", failed.short());
            store.mark(trial, Status::Failed, Some(&reason)).expect("marked");
        } else {
            store.ingest(&finish(runs, spec, &specs)).expect("taken in");
        }
    }
    let before = store.dump().expect("read");
    drop(store);
    fs::remove_file(runs.join("lab.db")).expect("there was one");
    let done = reindex(runs).expect("rebuilt");
    assert_eq!((done.sweeps, done.left_out.len()), (1, 0));
    assert!(done.failed > 1 && done.finished > 10);
    let after = Store::open(runs).expect("the new one").dump().expect("read");
    assert!(before.len() > 1000);
    assert_eq!(after, before);
    assert_eq!(reindex(runs).expect("again"), done);
    assert_eq!(examine_index(runs, Some(&Store::open(runs).expect("open")), Scope::Whole), Vec::new());
}

#[test]
#[ignore = "measures"]
fn ten_thousand_trials() {
    let folder = tempfile::tempdir().expect("a folder");
    let runs = folder.path();
    let taus: Vec<f64> = (1..=1_110).map(|at| f64::from(at) * 1e-5).collect();
    let record = MadeTrials::new().sweep("large", &taus, &[0.0005], 3);
    write_record(&record, runs).expect("written");
    let mut store = Store::open(runs).expect("a database");
    crate::store::fabricate::run(&mut store, runs, &record, |_| None);
    let trials: Vec<_> = record.trials.iter().map(|member| member.spec.id()).collect();
    let begin = std::time::Instant::now();
    let examined = examine(runs, &trials, Some(&store)).expect("examined");
    assert!(examined.iter().all(|it| it.faults().next().is_none()));
    let points: usize = examined.iter().map(|it| it.found.as_ref().map_or(0, |it| it.points.len())).sum();
    assert!(examine_index(runs, Some(&store), Scope::Whole).is_empty());
    eprintln!("{} trials, {points} points: {:.1} s", trials.len(), begin.elapsed().as_secs_f64());
    let begin = std::time::Instant::now();
    reindex(runs).expect("rebuilt");
    eprintln!("reindexed in {:.1} s", begin.elapsed().as_secs_f64());
}

#[test]
#[ignore = "measures"]
fn a_database_of_unfinished_trials_is_built_in_time_that_grows_as_they_do() {
    for count in [25_000, 50_000, 100_000] {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = folder.path();
        let taus: Vec<f64> = (1..=count / 3).map(|at| f64::from(at) * 1e-6).collect();
        let record = MadeTrials::new().sweep("open", &taus, &[0.0005], 1);
        write_sweep(&sweep_of(&record), &asked(&sweep_of(&record)), runs).expect("written");
        let begin = std::time::Instant::now();
        let done = reindex(runs).expect("built");
        eprintln!("{} unfinished trials: {:.1} s", record.trials.len(), begin.elapsed().as_secs_f64());
        assert_eq!((done.sweeps, done.finished), (1, 0));
    }
}
