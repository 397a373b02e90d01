//! Rows of made-up trials: types kept, missing apart from what is no number, formulas as text, the same bytes every time.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{RowContent, RowFormat, RowOptions, write};
use crate::store::fabricate::{self, MadeTrials};
use crate::store::{Store, StoredSweep};

fn filled() -> (tempfile::TempDir, Store) {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let sweep = MadeTrials::new().sweep("quick", &[0.001, 0.01], &[0.0005], 3);
    fabricate::fill(&mut store, &sweep, None, |spec, metrics| {
        if spec.kind == "drr" && spec.seed.0 == 1 {
            metrics.insert("odd".to_owned(), f64::NAN);
        }
    });
    (runs, store)
}

fn rows(store: &Store, sweep: &StoredSweep, content: RowContent, format: RowFormat) -> String {
    let mut text = Vec::new();
    let options = RowOptions { content, format, constants: content == RowContent::Trials };
    let count = write(store, sweep, options, &mut text).expect("written");
    let text = String::from_utf8(text).expect("text");
    assert_eq!(text.lines().count() as u64, count + u64::from(format == RowFormat::Csv));
    text
}

#[test]
fn a_trial_is_a_row_with_its_settings_and_metrics() {
    let (_runs, store) = filled();
    let sweep = store.sweep("quick").expect("read").expect("recorded");
    let text = rows(&store, &sweep, RowContent::Trials, RowFormat::Csv);
    assert_eq!(text, rows(&store, &sweep, RowContent::Trials, RowFormat::Csv), "the same bytes");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().expect("headers").clone();
    let at = |name: &str| headers.iter().position(|header| header == name).unwrap_or_else(|| panic!("{name}"));
    let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows of one width");
    assert_eq!(records.len(), sweep.trials.len());
    for (record, trial) in records.iter().zip(&sweep.trials) {
        assert_eq!(&record[at("trial")], trial.id().to_string());
        assert_eq!(record[at("seed")].parse::<u64>().expect("a number"), trial.spec().seed.0);
        for (metric, value) in &trial.metrics {
            let read: f64 = record[at(metric)].parse().expect("a number");
            assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()), "{metric}: {read} {value}");
        }
        // A PMF has no τ, neither on an axis nor as a constant, and no policy.
        if trial.spec().kind == "pmf" {
            assert_eq!((&record[at("drr.tau")], &record[at("policy")], &record[at("odd")]), ("", "", ""));
            assert_eq!(&record[at("pmf.k")], "100");
        }
    }
    assert!(records.iter().any(|record| &record[at("odd")] == "NaN"), "what is no number is told from what is missing");
}

#[test]
fn a_number_of_a_table_is_a_row_with_its_spread_and_interval() {
    let (_runs, store) = filled();
    let sweep = store.sweep("quick").expect("read").expect("recorded");
    let lines = |content| {
        let text = rows(&store, &sweep, content, RowFormat::Jsonl);
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>()
    };
    let (tables, seeds) = (lines(RowContent::Tables), lines(RowContent::Seeds));
    let is_wanted = |row: &Value| row["study"] == "offline-published-ml-100k" && row["drr.tau"] == 0.01;
    let row = tables.iter().find(|row| is_wanted(row) && row["metric"] == "precision@5").expect("a number");
    let own: Vec<&Value> = seeds.iter().filter(|row| is_wanted(row)).collect();
    let scores: Vec<f64> = own.iter().map(|seed| seed["precision@5"].as_f64().expect("a score")).collect();
    let mean = scores.iter().sum::<f64>() / 3.0;
    let std = (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    // Student's t at 97.5 % with two degrees of freedom.
    let half = 4.302_652_729_696_142 * std / 3.0_f64.sqrt();
    for (name, wanted) in [("mean", mean), ("std", std), ("low", mean - half), ("high", mean + half)] {
        assert!((row[name].as_f64().expect(name) - wanted).abs() < 1e-10, "{name}: {row} {wanted}");
    }
    assert_eq!((&row["n"], &row["over"]), (&3.into(), &"seeds".into()));
    let trials = row["trials"].as_str().expect("ids").split(' ');
    assert!(trials.eq(own.iter().map(|seed| seed["trial"].as_str().expect("an id"))), "{row}");
    assert!(tables.iter().all(|row| !row["metric"].as_str().expect("a name").ends_with("/std")));
}

#[test]
fn points_are_rows_in_the_order_of_steps() {
    let (_runs, store) = filled();
    let sweep = store.sweep("quick").expect("read").expect("recorded");
    let text = rows(&store, &sweep, RowContent::Metrics, RowFormat::Jsonl);
    let mut last: Option<(String, String, u64)> = None;
    for line in text.lines() {
        let point: Value = serde_json::from_str(line).expect("JSON");
        let word = |name: &str| point[name].as_str().expect("a text").to_owned();
        let (trial, metric, step) = (word("trial"), word("metric"), point["step"].as_u64().expect("a number"));
        assert!(point["value"].is_number() || point["value"].is_null());
        if let Some((before, of, at)) = &last
            && (before, of) == (&trial, &metric)
        {
            assert!(step > *at, "{line}");
        }
        last = Some((trial, metric, step));
    }
    assert!(last.is_some(), "trials recorded something");
}

#[test]
fn seeds_are_those_of_the_reports_groups() {
    let (_runs, store) = filled();
    let sweep = store.sweep("quick").expect("read").expect("recorded");
    let text = rows(&store, &sweep, RowContent::Seeds, RowFormat::Jsonl);
    let read: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |policy: &str, tau: Option<f64>| -> Vec<f64> {
        let is_it = |row: &&Value| {
            row["study"] == "offline-published-ml-100k"
                && row["policy"] == policy
                && row.get("drr.tau").and_then(Value::as_f64) == tau
        };
        read.iter().filter(is_it).map(|row| row["precision@5"].as_f64().expect("a score")).collect()
    };
    assert_eq!(of("drr", Some(0.01)).len(), 3);
    assert_eq!(of("pmf", None).len(), 3);
    // The mean of these rows is the report's number.
    let studies = crate::study::studies::studies(&sweep);
    let study = studies.iter().find(|study| study.slug == "offline-published-ml-100k").expect("measured");
    let group = study.groups.iter().find(|group| group.policy == "pmf").expect("compared");
    let own: BTreeSet<u64> = of("pmf", None).iter().map(|score| score.to_bits()).collect();
    assert_eq!(own, group.scores("precision@5").iter().map(|score| score.to_bits()).collect());
}
