//! The two sentences at the top of a page, in every case there is: a winner is named where tests find one, and nowhere else.

use drr_core::AxisPoint;
use drr_core::{Trial, TrialId};
use drr_kinds::command::{Declaration, DeclaredBetter, DeclaredMetric};
use serde_json::{Value, json};

use super::*;
use crate::report::finding::conclusion;
use crate::report::opening::Opening;
use crate::store::SweepRecord;

/// What a group scores with a seed, by its policy and its place on the axes.
type Score = fn(&str, &AxisPoint, u64) -> f64;

/// Noise that is no pattern: a different small number for each seed and group.
fn noise(policy: &str, seed: u64) -> f64 {
    let letters: u64 = policy.bytes().map(u64::from).sum();
    ((letters * 31 + seed * 17 + letters * seed * 13 + seed * seed * 5) % 11) as f64 * 0.0002
}

/// A sweep with all of its trials finished, precision at every K as `score` says.
fn filled(sweep: &SweepRecord, score: Score) -> (tempfile::TempDir, Store) {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let places: BTreeMap<TrialId, AxisPoint> =
        sweep.trials.iter().map(|trial| (trial.spec.id(), AxisPoint::clone(&trial.point))).collect();
    fabricate::fill(&mut store, sweep, None, |spec, metrics| {
        let Some(policy) = spec.policy.as_ref().map(|policy| policy.kind.to_string()) else { return };
        let value = score(&policy, &places[&spec.id()], spec.seed.0);
        metrics.iter_mut().filter(|(name, _)| name.starts_with("precision@")).for_each(|(_, own)| *own = value);
    });
    (runs, store)
}

/// The finding of a sweep.
fn told(store: &Store, name: &str) -> String {
    let sweep = store.sweep(name).expect("read").expect("recorded");
    let options = ReportOptions::default();
    let report = SweepReport::new(&sweep, &options).expect("nothing is asked for");
    let found = conclusion(&report);
    found.sentences.iter().for_each(|sentence| assert!(sentence.ends_with('.'), "{sentence}"));
    format!("{}\n  {}\n  ({})", found.sentences[0], found.sentences[1], found.bounds)
}

fn of(sweep: &SweepRecord, score: Score) -> String {
    let (_runs, store) = filled(sweep, score);
    told(&store, &sweep.name)
}

fn apart(policy: &str, point: &AxisPoint, seed: u64) -> f64 {
    let level = match (policy, point.get("drr.tau").and_then(Value::as_f64)) {
        ("drr", Some(0.01)) => 0.9,
        ("drr", _) => 0.8,
        ("pmf", _) => 0.7,
        ("popularity", _) => 0.6,
        _ => 0.5,
    };
    level + noise(policy, seed)
}

fn close(policy: &str, point: &AxisPoint, seed: u64) -> f64 {
    match policy {
        "drr" => 0.7 + noise(&format!("{policy}{point:?}"), seed),
        "pmf" => 0.7006 + noise(policy, seed),
        other => apart(other, point, seed),
    }
}

fn sweep(seeds: u64) -> SweepRecord {
    MadeTrials::new().sweep("told", &[0.001, 0.01], &[0.0005], seeds)
}

/// Only trials for which `kept` holds.
fn only(sweep: SweepRecord, kept: impl Fn(&TrialSpec) -> bool) -> SweepRecord {
    let trials = sweep.trials.iter().filter(|trial| kept(&trial.spec)).cloned().collect();
    SweepRecord { trials, ..sweep }
}

/// Trials of a program that tells its loss, of which less is better.
fn commands(seeds: u64) -> SweepRecord {
    let mut trials = Vec::new();
    for lr in [0.1, 0.2] {
        for seed in 0..seeds {
            let mut spec = MadeTrials::new().pmf(seed);
            let settings = json!({ "run": ["train", "{lr}", "{seed}"], "params": { "lr": lr } });
            spec.kind = "command".into();
            spec.settings = drr_core::spec::Settings::new(settings).expect("an object");
            spec.ratings = None;
            spec.format = drr_core::spec::WITHOUT_RATINGS;
            let point = AxisPoint::from([("params.lr".to_owned(), json!(lr))]);
            trials.push(Arc::new(Trial::new(spec, point)));
        }
    }
    let loss = DeclaredMetric { name: "loss".to_owned(), better: DeclaredBetter::Min };
    let declared = Declaration { metrics: vec![loss], ..Declaration::of("command") };
    let (name, axes) = ("told".to_owned(), vec!["params.lr".to_owned()]);
    SweepRecord { name, source: String::new(), axes, trials, commands: vec![declared] }
}

fn of_commands(seeds: u64) -> String {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    fabricate::fill(&mut store, &commands(seeds), None, |spec, metrics| {
        let is_low = spec.settings.to_json()["params"]["lr"] == json!(0.1);
        let level = if is_low { 0.25 } else { 0.5 };
        metrics.insert("loss".to_owned(), level + noise(if is_low { "a" } else { "b" }, spec.seed.0));
    });
    told(&store, "told")
}

/// A sweep over the length of the history, which decides who takes part: fewer users with a longer one.
fn histories() -> (tempfile::TempDir, Store) {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let made = sweep(3);
    let mut trials = Vec::new();
    for history in [5, 10] {
        for trial in made.trials.iter().filter(|trial| trial.spec.policy.is_some()) {
            let mut point = AxisPoint::clone(&trial.point);
            point.insert("drr.history".to_owned(), json!(history));
            let spec = fabricate::with(&trial.spec, "history", json!(history));
            trials.push(Arc::new(Trial::new(spec, point)));
        }
    }
    let models = made.trials.iter().filter(|trial| trial.spec.policy.is_none()).cloned();
    let trials = models.chain(trials).collect();
    let axes = vec!["drr.tau".to_owned(), "drr.actor_lr".to_owned(), "drr.history".to_owned()];
    let sweep = SweepRecord { trials, axes, ..made };
    let places: BTreeMap<TrialId, AxisPoint> =
        sweep.trials.iter().map(|trial| (trial.spec.id(), AxisPoint::clone(&trial.point))).collect();
    fabricate::fill(&mut store, &sweep, None, |spec, metrics| {
        let Some(policy) = spec.policy.as_ref().map(|policy| policy.kind.to_string()) else { return };
        let long = fabricate::number(spec, "history") == Some(10.0);
        let value = apart(&policy, &places[&spec.id()], spec.seed.0) - if long { 0.3 } else { 0.0 };
        for (name, own) in metrics.iter_mut() {
            if name.starts_with("precision@") {
                *own = value;
            }
            if name.starts_with("users") && long {
                *own = 140.0;
            }
        }
    });
    (runs, store)
}

#[test]
fn a_winner_is_named_where_tests_find_one() {
    let mut all = vec![("a clear winner", of(&sweep(3), apart)), ("none", of(&sweep(3), close))];
    all.push(("too few seeds", of(&sweep(2), apart)));
    all.push(("one seed", of(&sweep(1), apart)));
    all.push(("many seeds", of(&sweep(24), close)));
    let alone = only(sweep(3), |spec| spec.policy.is_none() || fabricate::evaluates(spec, "pmf"));
    all.push(("one group alone", of(&alone, apart)));
    all.push(("commands, less is better", of_commands(4)));
    all.push(("commands, two seeds", of_commands(2)));
    all.push(("all alike", of(&sweep(3), |_, _, seed| 0.5 + noise("all", seed))));
    let (_runs, mut store) = filled(&sweep(4), apart);
    for trial in sweep(4).trials.iter().filter(|trial| trial.spec.seed.0 == 3) {
        store.mark(trial.spec.id(), Status::Pending, None).expect("marked");
    }
    all.push(("unfinished", told(&store, "told")));
    let (_runs, mut store) = filled(&sweep(4), apart);
    for trial in sweep(4).trials.iter().filter(|trial| fabricate::evaluates(&trial.spec, "pmf")) {
        if trial.spec.seed.0 > 1 {
            store.mark(trial.spec.id(), Status::Failed, Some("NaN")).expect("marked");
        }
    }
    all.push(("one of the others has too few seeds", told(&store, "told")));
    let (_runs, store) = histories();
    all.push(("different users", told(&store, "told")));
    let said: Vec<String> = all.iter().map(|(case, said)| format!("{case}\n  {said}")).collect();
    insta::assert_snapshot!("findings", said.join("\n\n"));
    let winners: Vec<&str> =
        all.iter().filter(|(_, said)| said.contains(" has the best ")).map(|(case, _)| *case).collect();
    assert_eq!(winners, ["a clear winner", "commands, less is better", "unfinished"]);
}

#[test]
fn the_question_is_told_from_the_record() {
    let (_runs, store) = filled(&sweep(3), apart);
    let sweep = store.sweep("told").expect("read").expect("recorded");
    let options = ReportOptions::default();
    let opening = Opening::new(&SweepReport::new(&sweep, &options).expect("nothing is asked for"));
    let lines: Vec<String> = opening.asked.iter().map(|(name, words)| format!("{name}: {words}")).collect();
    insta::assert_snapshot!("asked", lines.join("\n"));
    let table = opening.table.expect("a table");
    let first = |row: &grid::GridRow| row.cells[0].value.shown();
    assert_eq!(table.rows.iter().map(first).collect::<Vec<_>>()[..2], ["drr (tau 0.01)", "drr (tau 0.001)"]);
}

#[test]
fn rows_on_different_users_are_not_ranked_against_each_other() {
    let (_runs, store) = histories();
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = report_as(&store, "told", out.path(), TEXT);
    let read = |name: &str| fs::read_to_string(written.folder.join("tables").join(name)).expect("written");
    let name = "offline-published-ml-100k-precision";
    let table = read(&format!("{name}.md"));
    // The best of each history is bold, with its users beside it; each is tested among its own.
    let bold: Vec<&str> = table.lines().filter(|line| line.contains("**")).collect();
    assert_eq!(bold.len(), 2, "{table}");
    assert!(bold[0].contains("(280 users)**") && bold[1].contains("(140 users)**"), "{table}");
    assert!(table.contains("Different users: drr.history changes who is evaluated (@5: 280 users at history 5; 140 users at history 10)."), "{table}");
    // The reference of each row is the one on its users: none of the others is.
    let against = read(&format!("{name}-against.csv"));
    let mut reader = csv::Reader::from_reader(against.as_bytes());
    let place = reader.headers().expect("headers").iter().position(|it| it == "difference").expect("a column");
    let lines = reader.records().map(|record| record.expect("a line")).filter(|record| &record[1] == "pmf");
    let differences: Vec<f64> = lines.map(|record| record[place].parse().expect("a number")).collect();
    assert_eq!(differences.len(), 8, "{against}");
    assert!(differences.iter().all(|it| (it - 0.2).abs() < 0.01), "{differences:?}");
    let forest = fs::read_to_string(written.folder.join(format!("figures/{name}-differences.svg"))).expect("drawn");
    assert!(forest.contains("Not all are of the same users"), "{forest}");
    assert!(
        read(&format!("{name}-aggregate.md")).matches("**").count() == 4,
        "{}",
        read(&format!("{name}-aggregate.md"))
    );
    let said = summary(&store.sweep("told").expect("read").expect("recorded"));
    assert!(said.contains("Different users: drr.history"), "{said}");
}
