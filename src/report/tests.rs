//! Reports of made-up sweeps.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use drr_core::{Status, Trial, TrialSpec};

use super::*;
use crate::error::Exit;
use crate::paper::{Paper, judge};
use crate::store::Store;
use crate::store::fabricate::{self, MadeTrials};

const ALL: &[Format] = &[Format::Html, Format::Md, Format::Tex, Format::Csv, Format::Json, Format::Png];
const TEXT: &[Format] = &[Format::Html, Format::Md, Format::Tex, Format::Csv, Format::Json];

/// A sweep of four configurations and all baselines; one training run of three failed.
fn recorded() -> (tempfile::TempDir, Store) {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let sweep = MadeTrials::new().sweep("quickstart", &[0.001, 0.01], &[0.0005, 0.001], 3);
    let is = |spec: &TrialSpec, field: &str, value: f64| fabricate::number(spec, field) == Some(value);
    let fails = |spec: &TrialSpec| match spec.kind.as_str() {
        "drr" if is(spec, "tau", 0.01) && is(spec, "actor_lr", 0.001) && spec.seed.0 == 2 => {
            Some("the critic's loss is NaN at step 7,250 <of 20,000>")
        }
        _ => None,
    };
    fabricate::run(&mut store, runs.path(), &sweep, fails);
    (runs, store)
}

fn write(
    store: &Store,
    sweep: &StoredSweep,
    out: &Path,
    formats: &[Format],
    options: &ReportOptions,
) -> Result<WrittenReport> {
    SweepReport::new(sweep, options)?.write(store, out, formats)
}

/// Lets a trial stand on others, by the ids that what it stands on has now.
fn stand_on(spec: &mut TrialSpec, renamed: &BTreeMap<drr_core::TrialId, drr_core::TrialId>) {
    let moved = |(kind, trial): (&drr_core::spec::Name, _)| (kind.clone(), *renamed.get(&trial).unwrap_or(&trial));
    spec.upstream = drr_core::spec::Upstream::new(spec.upstream.iter().map(moved));
}

/// The tables of a sweep as they are made without asking for anything.
fn plain_tables(sweep: &StoredSweep) -> Vec<table::Table> {
    SweepReport::new(sweep, &ReportOptions::default()).expect("nothing is asked for").tables
}

fn report(store: &Store, name: &str, out: &Path) -> WrittenReport {
    report_as(store, name, out, ALL)
}

/// A report as some formats alone: pixels take the most time.
fn report_as(store: &Store, name: &str, out: &Path, formats: &[Format]) -> WrittenReport {
    let sweep = store.sweep(name).expect("read").expect("recorded");
    write(store, &sweep, out, formats, &ReportOptions::default()).expect("written")
}

/// All files below `folder`, by name.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.clone(), fs::read(&path).expect("readable"));
        }
    }
    all
}

#[test]
fn tables_say_n_spread_and_protocol() {
    let (_runs, store) = recorded();
    let sweep = store.sweep("quickstart").expect("read").expect("recorded");
    let tables = plain_tables(&sweep);
    let markdown: Vec<String> = tables.iter().map(measured::of_table).map(|grid| text::markdown(&grid)).collect();
    insta::assert_snapshot!("tables_markdown", markdown.join("\n"));
    insta::assert_snapshot!("tables_csv", text::csv(&tables[0]));
    insta::assert_snapshot!("terminal_summary", summary(&sweep));
}

#[test]
fn one_seed_shows_the_noise_of_its_repeats() {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let sweep = MadeTrials::new().sweep("single", &[0.001], &[0.0005], 1);
    fabricate::run(&mut store, runs.path(), &sweep, |_| None);
    let sweep = store.sweep("single").expect("read").expect("recorded");
    let tables = plain_tables(&sweep);
    insta::assert_snapshot!("single_seed_markdown", text::markdown(&measured::of_table(&tables[0])));
    let training = tables.iter().find(|table| table.slug().starts_with("training")).expect("a table");
    assert!(text::markdown(&measured::of_table(training)).contains("One measurement has no spread"));
}

#[test]
fn protocols_and_datasets_never_share_a_table() {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let mut sweep = MadeTrials::new().sweep("mixed", &[0.001], &[0.0005], 2);
    let other = MadeTrials { dataset: "synthetic", repeats: 20 }.sweep("mixed", &[0.001], &[0.0005], 2);
    sweep.trials.extend(other.trials);
    for trial in sweep.trials.clone() {
        if trial.spec.kind == "offline" {
            let spec = fabricate::with(&trial.spec, "protocol", "strict".into());
            sweep.trials.push(Arc::new(Trial::new(spec, Arc::clone(&trial.point))));
        }
    }
    fabricate::run(&mut store, runs.path(), &sweep, |_| None);
    let sweep = store.sweep("mixed").expect("read").expect("recorded");
    let tables = plain_tables(&sweep);
    let slugs: Vec<String> = tables.iter().map(table::Table::slug).collect();
    insta::assert_debug_snapshot!(slugs);
    let policies = |slug: &str| tables.iter().find(|table| table.slug() == slug).map(|table| table.rows.len());
    assert_eq!(policies("offline-strict-synthetic-precision"), Some(5));
}

#[test]
fn a_report_written_twice_is_the_same_to_the_byte() {
    let (runs, store) = recorded();
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = report(&store, "quickstart", out.path());
    let first = files(&written.folder);
    // What an earlier report left is gone, what others put there is not.
    fs::write(written.folder.join("tables/old.md"), "old").expect("written");
    fs::write(written.folder.join("notes.txt"), "mine").expect("written");
    drop(store);
    let store = Store::open_existing(runs.path()).expect("the same database");
    assert_eq!(report(&store, "quickstart", out.path()).files, written.files);
    let mut second = files(&written.folder);
    assert_eq!(second.remove(&written.folder.join("notes.txt")).as_deref(), Some(b"mine".as_slice()));
    assert!(first == second, "the files differ");
    assert_eq!(first.len(), written.files.len());
}

/// The same runs folder, copied.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let there = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &there);
        } else {
            fs::copy(&path, &there).expect("copied");
        }
    }
}

#[test]
fn two_runs_folders_in_different_places_give_the_same_bytes() {
    let (runs, store) = recorded();
    for spec in store.sweep("quickstart").expect("read").expect("recorded").trials.iter().map(|trial| trial.spec()) {
        // Starts an hour apart in two places would be dates; in one and the same folder they are data.
        let folder = drr_core::trial_dir::TrialDir::new(runs.path(), spec.id());
        if folder.path().is_dir() {
            let started = format!("{{\"started\": \"2026-01-02T03:04:{:02}Z\"}}", spec.seed.0 * 7 + 5);
            fs::write(folder.provenance(), started).expect("written");
        }
    }
    let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let written = report(&store, "quickstart", &here.path().join("reports"));
    drop(store);
    let elsewhere = there.path().join("another/place with spaces/runs");
    copy(runs.path(), &elsewhere);
    drop(runs);
    let store = Store::open_existing(&elsewhere).expect("the copy opens");
    let again = report(&store, "quickstart", &there.path().join("other reports"));
    let relative = |written: &WrittenReport| -> BTreeMap<PathBuf, Vec<u8>> {
        let own = files(&written.folder).into_iter();
        own.map(|(path, bytes)| (path.strip_prefix(&written.folder).expect("below").to_owned(), bytes)).collect()
    };
    let (first, second) = (relative(&written), relative(&again));
    assert!(first.keys().eq(second.keys()), "{:?}", first.keys());
    for (name, bytes) in &first {
        assert!(second[name] == *bytes, "{} differs", name.display());
    }
    assert!(first.keys().any(|name| name.ends_with("sweep-utilisation.svg")), "starts were read");
    for (name, bytes) in first.iter().filter(|(name, _)| name.extension().is_none_or(|it| it != "png")) {
        let text = String::from_utf8_lossy(bytes);
        for place in ["2026-01-02", "/tmp", &*there.path().to_string_lossy()] {
            assert!(!text.contains(place), "{} names {place}", name.display());
        }
    }
}

#[test]
fn figures_are_whole_and_their_text_is_escaped() {
    let (_runs, store) = recorded();
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = report(&store, "quickstart", out.path());
    assert_eq!(written.figures, 18);
    let all = files(&written.folder.join("figures"));
    assert_eq!(all.len(), 36);
    for (path, bytes) in all {
        if path.extension().is_some_and(|extension| extension == "png") {
            let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().expect("a PNG");
            let mut pixels = vec![0; reader.output_buffer_size().expect("it fits")];
            reader.next_frame(&mut pixels).expect("whole");
            assert_eq!((reader.info().width, reader.info().height), (1200, 750));
            let inked = pixels.iter().filter(|value| **value < 200).count();
            assert!(inked > 10_000, "{} is nearly empty", path.display());
        } else {
            well_formed(std::str::from_utf8(&bytes).expect("text"));
        }
    }
    let page = fs::read_to_string(written.folder.join("index.html")).expect("a page");
    assert!(page.contains("NaN at step 7,250 &#60;of 20,000&#62;"), "the failure is shown and escaped");
    assert!(!page.contains("http://") || page.matches("http://").count() == page.matches("http://www.w3.org").count());
    assert!(!page.contains("https://"), "the page needs no network");
    assert!(!page.contains(&*out.path().to_string_lossy()), "the page names no place");
}

/// Every tag is closed by its own, and nothing is left open.
fn well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for part in svg.split('<').skip(1) {
        let tag = part.split_once('>').expect("a tag ends").0;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().expect("a tag has a name"));
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(svg.contains("viewBox"));
}

#[test]
fn many_configurations_are_cut_to_the_best_with_a_note() {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let taus = [0.0005, 0.001, 0.003, 0.01, 0.03];
    let sweep = MadeTrials::new().sweep("wide", &taus, &[0.0001, 0.0005], 2);
    fabricate::run(&mut store, runs.path(), &sweep, |_| None);
    let sweep = store.sweep("wide").expect("read").expect("recorded");
    let mut figures = Vec::new();
    let options = ReportOptions::default();
    let report = SweepReport::new(&sweep, &options).expect("nothing is asked for");
    let looks = figure::GroupLooks::of(&report.studies);
    let recorded = CurveSource::Recorded(&store);
    for (study, _) in &report.studies {
        figures.extend(figure::figures(&recorded, study, &looks, Default::default()).expect("figures"));
    }
    let shown: Vec<String> = figures
        .iter()
        .map(|figure| {
            let figure::Plot::Lines(lines) = &figure.plot else { panic!("curves or points") };
            let series = lines.series.iter().map(|series| format!("{} {}", series.name, series.detail));
            format!("{}\n  {}\n  {}", figure.slug, series.collect::<Vec<_>>().join("\n  "), figure.note)
        })
        .collect();
    insta::assert_snapshot!("many_configurations", shown.join("\n").replace('\u{a0}', " "));
}

#[test]
fn nothing_finished_is_said_with_a_hint() {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    store.record_sweep(&MadeTrials::new().sweep("new", &[0.001], &[0.0005], 1)).expect("recorded");
    let sweep = store.sweep("new").expect("read").expect("recorded");
    let error = write(&store, &sweep, runs.path(), ALL, &ReportOptions::default()).expect_err("nothing to report");
    assert_eq!((error.message.as_str(), error.exit), ("no trial of sweep `new` is finished", Exit::BadInput));
    assert!(error.hint.is_some());
    assert_eq!(summary(&sweep), "no trial is finished yet\n");
}

mod browser;
mod bytes;
pub(crate) mod chromium;
mod finding;
mod guards;
mod hard;
mod hostile;
mod latex_compiles;
mod layouts;
mod looks;
mod many;
mod walk;

#[test]
#[ignore = "writes reports to look at into target/look"]
fn to_look_at() {
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/look");
    let (_runs, store) = recorded();
    report(&store, "quickstart", &out);
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let (many, few) = ([0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03], [0.0001, 0.0003, 0.0005, 0.001, 0.002]);
    for (name, taus, rates) in
        [("two", &many[..2], &few[2..3]), ("eight", &many[..4], &few[2..4]), ("forty", &many[..], &few[..])]
    {
        fabricate::run(&mut store, runs.path(), &MadeTrials::new().sweep(name, taus, rates, 3), |_| None);
        report(&store, name, &out);
    }
    let sweep = MadeTrials::new().sweep("single", &[0.001], &[0.0005], 1);
    fabricate::run(&mut store, runs.path(), &sweep, |_| None);
    report(&store, "single", &out);
}
