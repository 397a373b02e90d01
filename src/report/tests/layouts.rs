//! Tables by fewer axes, sorted, with an axis across.

use super::*;
use crate::store::fabricate::fill;

fn open(name: &str) -> (tempfile::TempDir, Store, StoredSweep) {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    fill(&mut store, &MadeTrials::new().sweep(name, &[0.001, 0.003, 0.01], &[0.0005, 0.001], 3), None, |_, _| {});
    let sweep = store.sweep(name).expect("read").expect("recorded");
    (runs, store, sweep)
}

fn laid_out(sweep: &StoredSweep, layout: &TableLayout) -> Vec<table::Table> {
    let options = ReportOptions { layout: layout.clone(), ..ReportOptions::default() };
    SweepReport::new(sweep, &options).expect("axes and a key of the sweep").tables
}

fn precision(tables: &[table::Table]) -> &table::Table {
    tables.iter().find(|table| table.id.family == "precision").expect("a table")
}

#[test]
fn by_fewer_axes_a_seeds_score_is_the_mean_over_the_others() {
    let (_runs, _store, sweep) = open("by");
    let all = laid_out(&sweep, &TableLayout::default());
    let by = laid_out(&sweep, &TableLayout { by: Some(vec!["tau".to_owned()]), ..TableLayout::default() });
    let (all, by) = (precision(&all), precision(&by));
    assert_eq!(by.axes, ["drr.tau"]);
    let rows: Vec<&table::Row> = by.rows.iter().filter(|row| row.policy == "drr").collect();
    assert_eq!(rows.len(), 3);
    for row in rows {
        let of = |row: &table::Row| row.cells[0].as_ref().expect("measured").scores.clone();
        let parts: Vec<_> = all.rows.iter().filter(|part| part.point[0] == row.point[0]).map(of).collect();
        assert_eq!((parts.len(), row.finished, row.expected, row.trials.len()), (2, 3, 3, 6));
        for (at, (seed, score)) in of(row).into_iter().enumerate() {
            let mean = (parts[0][at].1 + parts[1][at].1) / 2.0;
            assert!(parts[0][at].0 == seed && (score - mean).abs() < 1e-12, "{seed}: {score} is not {mean}");
        }
    }
    assert!(
        by.notes.iter().any(|note| note.text.contains("mean over the 2 settings of drr.actor_lr")),
        "{:?}",
        by.notes
    );
    assert_eq!(by.rows.iter().filter(|row| row.policy == "pmf").count(), 1, "baselines stay");
}

#[test]
fn a_seed_that_lacks_a_setting_does_not_count() {
    let (_runs, mut store, sweep) = open("lacking");
    let evaluated = sweep.trials.iter().find(|trial| {
        let tau = trial.point().get("drr.tau").and_then(serde_json::Value::as_f64);
        tau == Some(0.003) && trial.spec().policy.is_some() && trial.spec().seed.0 == 1
    });
    store.mark(evaluated.expect("an evaluation").id(), Status::Failed, Some("gone")).expect("marked");
    let sweep = store.sweep("lacking").expect("read").expect("recorded");
    let tables = laid_out(&sweep, &TableLayout { by: Some(vec!["drr.tau".to_owned()]), ..TableLayout::default() });
    let table = precision(&tables);
    let row = table
        .rows
        .iter()
        .find(|row| row.point[0].as_ref().and_then(axis::AxisValue::number) == Some(0.003))
        .expect("a row");
    assert_eq!((row.finished, row.expected, row.trials.len(), row.seeds.as_slice()), (2, 3, 4, [0, 2].as_slice()));
}

#[test]
fn rows_are_sorted_by_a_metric_or_an_axis() {
    let (_runs, _store, sweep) = open("sorted");
    let sorted = |key: &str| laid_out(&sweep, &TableLayout { sort: Some(key.to_owned()), ..TableLayout::default() });
    let by_metric = sorted("precision@10");
    let means: Vec<f64> =
        precision(&by_metric).rows.iter().map(|row| row.cells[1].as_ref().expect("one").score.summary.mean).collect();
    assert!(means.is_sorted_by(|a, b| a >= b), "best first: {means:?}");
    let errors = sorted("test_rmse_stars");
    let pmf = errors.iter().find(|table| table.slug().starts_with("pmf")).expect("a table");
    assert!(pmf.rows.is_sorted_by_key(|row| row.cells[0].as_ref().map(|cell| cell.score.summary.mean.to_bits())));
    let by_axis = sorted("actor_lr");
    let values: Vec<Option<f64>> =
        precision(&by_axis).rows.iter().map(|row| row.point[1].as_ref().and_then(axis::AxisValue::number)).collect();
    let (least, most) = (Some(0.0005), Some(0.001));
    assert_eq!(values[..7], [least, least, least, most, most, most, None]);
    let layout = TableLayout { sort: Some("beauty".to_owned()), ..TableLayout::default() };
    let options = ReportOptions { layout, ..ReportOptions::default() };
    let error = SweepReport::new(&sweep, &options).err().expect("no such key");
    assert!(error.message.contains("`beauty`") && error.hint.is_some_and(|hint| hint.contains("precision@5")));
}

#[test]
fn a_pivot_has_the_cells_of_its_table_and_their_trials() {
    let (_runs, store, sweep) = open("pivot");
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = report_as(&store, "pivot", out.path(), TEXT);
    let read = |name: &str| fs::read_to_string(written.folder.join("tables").join(name)).expect("written");
    insta::assert_snapshot!("pivot_markdown", read("offline-published-ml-100k-precision-pivot.md"));
    // Each line of the CSV is a line of the table it was made of, at another place.
    let lines = |name: &str| -> Vec<Vec<String>> {
        let text = read(name);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader.records().map(|record| record.expect("a record").iter().map(str::to_owned).collect()).collect()
    };
    let (all, pivoted) =
        (lines("offline-published-ml-100k-precision.csv"), lines("offline-published-ml-100k-precision-pivot.csv"));
    assert_eq!(pivoted.len(), 6);
    for line in &pivoted {
        assert_eq!(all.iter().filter(|other| other[2..] == line[2..]).count(), 1, "{line:?}");
        assert_eq!(line.last().expect("ids").split(' ').count(), 3);
    }
    let asked = TableLayout { pivot: Some(("actor_lr".to_owned(), "tau".to_owned())), ..TableLayout::default() };
    let asked = ReportOptions { layout: asked, ..ReportOptions::default() };
    let text = SweepReport::new(&sweep, &asked).expect("laid out").summary();
    assert!(text.contains("tau 0.003") && text.contains("@20 by actor_lr and tau"), "{text}");
}

#[test]
fn a_greater_minimum_takes_intervals_and_tests_away() {
    let (_runs, _store, sweep) = open("minimum");
    let with = |least_n| laid_out(&sweep, &TableLayout { least_n, ..TableLayout::default() });
    let (three, four) = (with(None), with(Some(4)));
    let intervals = |tables: &[table::Table]| precision(tables).rows[0].cells[0].as_ref().expect("measured").interval;
    assert!(intervals(&three).is_some() && intervals(&four).is_none());
    assert!(
        precision(&four).notes.iter().any(|note| note.text.starts_with("n below 4: no interval and no test; 10 of 10"))
    );
    assert!(precision(&four).notes.iter().any(|note| note.text.ends_with("not a test.")));
    let baseline: Reference = "pmf".parse().expect("a baseline");
    let against = compare::against(precision(&four), &baseline).expect("a baseline");
    assert!(against.rows.iter().all(|row| row.cells.iter().any(|cell| cell.value.shown() == "n = 3, no interval")));
    assert!(TableLayout { least_n: Some(2), ..TableLayout::default() }.checked(&sweep).is_err(), "never below three");
}

#[test]
fn axes_nobody_has_are_said_with_those_there_are() {
    let (_runs, _store, sweep) = open("wrong");
    let pivot =
        |down: &str, across: &str| TableLayout { pivot: Some((down.into(), across.into())), ..TableLayout::default() };
    for (layout, message) in [
        (TableLayout { by: Some(vec!["gamma".into()]), ..TableLayout::default() }, "`gamma` is no axis"),
        (pivot("tau", "drr.tau"), "rows and columns at once"),
        (TableLayout { by: Some(vec!["tau".into()]), ..pivot("tau", "actor_lr") }, "is averaged over"),
    ] {
        let error = layout.checked(&sweep).expect_err("it does not fit");
        assert!(error.message.contains(message), "{}", error.message);
    }
}

#[test]
fn numbers_are_numbers_in_every_json_file() {
    let (_runs, mut store, sweep) = open("typed");
    let one =
        sweep.trials.iter().find(|trial| !trial.point().is_empty() && trial.spec().seed.0 == 2).expect("a training");
    for trial in
        sweep.trials.iter().filter(|trial| trial.point() == one.point() && trial.spec().seed == one.spec().seed)
    {
        store.mark(trial.id(), Status::Failed, None).expect("marked");
    }
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = report_as(&store, "typed", out.path(), &[Format::Json]);
    let read = |name: &str| -> serde_json::Value {
        let path = written.folder.join(format!("tables/offline-published-ml-100k-precision{name}.json"));
        let table: serde_json::Value = serde_json::from_slice(&fs::read(path).expect("written")).expect("JSON");
        assert_eq!(table["format"], 2);
        table["rows"][0].clone()
    };
    assert_eq!(read("")["point"], serde_json::json!({"drr.tau": 0.001, "drr.actor_lr": 0.0005}));
    let against = read("-against");
    let cell = |name: &str| &against["cells"][name];
    assert_eq!((cell("tau"), cell("actor_lr"), cell("pairs")), (&0.001.into(), &0.0005.into(), &2.into()));
    assert!(cell("difference").is_f64() && cell("95 % interval").is_null() && cell("p (t)").is_null());
    let aggregate = read("-aggregate");
    assert_eq!((&aggregate["cells"]["n"], &aggregate["of"]["n"]), (&2.into(), &3.into()));
    let pivot = read("-pivot");
    assert_eq!(pivot["cells"]["tau"], 0.001);
    assert!(pivot["cells"]["actor_lr 0.001"].is_f64() && pivot.get("of").is_none(), "{pivot}");
    let whole = serde_json::from_slice::<serde_json::Value>(
        &fs::read(written.folder.join("tables/offline-published-ml-100k-precision-against.json")).expect("written"),
    );
    let interval = whole.expect("JSON")["rows"][1]["cells"]["95 % interval"].clone();
    assert!(interval.as_array().is_some_and(|ends| ends.len() == 2 && ends.iter().all(serde_json::Value::is_f64)));
}
