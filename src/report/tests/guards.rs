//! What may not be compared is not: columns on a handful of users, rewards that different PMFs answered; and what tests and
//! protocols do not cover is said.

use drr_core::{AxisPoint, Trial};
use serde_json::json;
use std::sync::Arc;

use super::*;
use crate::store::SweepRecord;

fn read(written: &WrittenReport, name: &str) -> String {
    fs::read_to_string(written.folder.join("tables").join(name)).expect("written")
}

/// A sweep whose longest lists stand on two users, and its report.
fn few_users(out: &Path) -> (WrittenReport, String) {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let sweep = MadeTrials::new().sweep("few", &[0.001, 0.01], &[0.0005, 0.001], 3);
    fabricate::fill(&mut store, &sweep, None, |spec, metrics| {
        for (name, users) in
            [("users@5", 90.0), ("users@10", 20.0 + spec.seed.0 as f64), ("users@15", 19.0), ("users@20", 2.0)]
        {
            metrics.entry(name.to_owned()).and_modify(|count| *count = users);
        }
    });
    let sweep = store.sweep("few").expect("read").expect("recorded");
    let slides = Path::new(env!("CARGO_MANIFEST_DIR")).join("papers/drr.toml");
    let layout = TableLayout { pivot: Some(("tau".to_owned(), "actor_lr".to_owned())), ..TableLayout::default() };
    let papers = vec![Paper::read(&slides, Path::new("/nowhere")).expect("the file reads")];
    let written = write(&store, &sweep, out, TEXT, &ReportOptions { papers, layout, ..ReportOptions::default() })
        .expect("written");
    (written, summary(&sweep))
}

#[test]
fn users_stand_beside_every_k_and_a_column_on_few_is_not_ranked() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let (written, said) = few_users(out.path());
    let name = "offline-published-ml-100k-precision";
    let table = read(&written, &format!("{name}.md"));
    let header = "| @5 (90 users) | @10 (20 to 22 users) | @15 (19 users) | @20 (2 users) |";
    assert!(table.contains(header), "{table}");
    assert!(table.contains(
        "on fewer than 20 users, and so neither ranked nor tested: precision@15 (19 users), precision@20 (2 users)."
    ));
    let best = table.lines().find(|line| line.contains("**")).expect("the others are ranked");
    let cells: Vec<&str> = best.split(" | ").collect();
    assert!(cells[3].contains("**") && cells[4].contains("**"), "{best}");
    for line in table.lines().filter(|line| line.starts_with('|')) {
        let thin: Vec<&str> = line.split(" | ").skip(5).take(2).collect();
        assert!(thin.iter().all(|cell| !cell.contains("**") && !cell.contains('≈')), "{line}");
    }
    // No difference of a thin one, and none of its scores in an aggregate or a profile.
    let against = read(&written, &format!("{name}-against.csv"));
    assert!(against.contains("precision@5,90,") && against.contains("precision@10,20 22,"), "{against}");
    assert!(!against.contains("precision@15") && !against.contains("precision@20"), "{against}");
    let aggregate = read(&written, &format!("{name}-aggregate.md"));
    assert!(aggregate.contains("seeds × 2 values of K") && aggregate.contains("Thin, on fewer"), "{aggregate}");
    assert!(aggregate.contains("Over precision@5 (90 users), precision@10 (20 to 22 users)."), "{aggregate}");
    // Pivots, published numbers, the terminal, the page, LaTeX and the files for programs say it too.
    let pivot = read(&written, &format!("{name}-pivot-precision-20.md"));
    assert!(pivot.contains("@20 (2 users) by tau") && !pivot.contains("**") && !pivot.contains("Bold"), "{pivot}");
    let pivot = read(&written, &format!("{name}-pivot.md"));
    assert!(pivot.contains("@5 (90 users) by tau") && pivot.contains("**") && !pivot.contains("Thin"), "{pivot}");
    let published = read(&written, "paper-slides-offline.md");
    let verdict = |metric: &str| {
        published.lines().find(|line| line.contains("trained") && line.contains(metric)).expect("a row").to_owned()
    };
    assert!(verdict("precision@20").contains("| on fewer than 20 users; published on ml-latest |"), "{published}");
    assert!(
        verdict("precision@10").ends_with("| 20 to 22 |") && !verdict("precision@10").contains("fewer"),
        "{published}"
    );
    assert!(
        said.contains("not ranked, on fewer than 20 users: precision@15 (19 users), precision@20 (2 users)"),
        "{said}"
    );
    let page = fs::read_to_string(written.folder.join("index.html")).expect("a page");
    assert!(page.contains("<small class=\"short\">2 users</small>") && page.contains("<small>90 users</small>"));
    assert!(read(&written, &format!("{name}.tex")).contains("@20 (2 users)"));
    let whole: serde_json::Value = serde_json::from_str(&read(&written, &format!("{name}.json"))).expect("JSON");
    assert_eq!(whole["rows"][0]["cells"]["precision@10"]["users"], json!([20, 22]));
    let csv = read(&written, &format!("{name}.csv"));
    assert!(csv.lines().nth(2).expect("a line").contains(",precision@10,20,22,3,3,"), "{csv}");
    let drawn = |name: &str| fs::read_to_string(written.folder.join("figures").join(name)).expect("drawn");
    let figure = drawn("offline-published-ml-100k-precision.svg");
    assert!(figure.contains("@5 on 90 users") && figure.contains("too few for a comparison"), "{figure}");
}

#[test]
fn a_table_of_thin_columns_alone_has_no_best() {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let sweep = MadeTrials::new().sweep("thin", &[0.001], &[0.0005], 3);
    fabricate::fill(&mut store, &sweep, None, |_, metrics| {
        metrics.iter_mut().filter(|(name, _)| name.starts_with("users@")).for_each(|(_, users)| *users = 2.0);
    });
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = report_as(&store, "thin", out.path(), &[Format::Md]);
    let table = read(&written, "offline-published-ml-100k-precision.md");
    assert!(!table.contains("**") && !table.contains('≈') && !table.contains("Bold"), "{table}");
    let names: Vec<String> = written.files.iter().map(|file| file.display().to_string()).collect();
    let made = |end: &str| names.iter().any(|name| name.contains("precision") && name.contains(end));
    assert!(!made("-against") && !made("-aggregate") && !made("-differences") && !made("-profile"), "{names:?}");
}

/// Three sizes of PMF, each with a recommender and baselines on it, measured online and offline.
fn sizes() -> SweepRecord {
    let world = MadeTrials::new();
    let mut trials = Vec::new();
    for seed in 0..3 {
        for k in [8, 16] {
            let model = fabricate::with(&world.pmf(seed), "k", k.into());
            let renamed = BTreeMap::from([(world.pmf(seed).id(), model.id())]);
            let mut drr = world.drr(seed, 0.001, 0.0005, 20_000);
            stand_on(&mut drr, &renamed);
            let mut all = vec![model.clone(), drr.clone()];
            for policy in [("drr", Some(drr.id())), ("pmf", None)] {
                for measure in [world.online(), world.offline()] {
                    let mut eval = world.eval(seed, policy, &measure);
                    stand_on(&mut eval, &renamed);
                    all.push(eval);
                }
            }
            let point = AxisPoint::from([("pmf.k".to_owned(), json!(k))]);
            trials.extend(all.into_iter().map(|spec| Arc::new(Trial::new(spec, point.clone()))));
        }
    }
    let (name, axes) = ("sizes".to_owned(), vec!["pmf.k".to_owned()]);
    SweepRecord { name, source: String::new(), axes, trials, commands: Vec::new() }
}

#[test]
fn rewards_that_different_pmfs_answered_are_in_tables_of_their_own() {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    fabricate::fill(&mut store, &sizes(), None, |_, _| {});
    let sweep = store.sweep("sizes").expect("read").expect("recorded");
    let tables = plain_tables(&sweep);
    let of = |study: &str| tables.iter().filter(|table| table.slug().starts_with(study)).collect::<Vec<_>>();
    for study in ["online", "training"] {
        let own = of(study);
        let titles: Vec<&str> = own.iter().map(|table| table.title.as_str()).collect();
        assert_eq!(own.len(), 2, "{titles:?}");
        assert!(
            titles[0].ends_with("rewards by pmf.k = 8") && titles[1].ends_with("rewards by pmf.k = 16"),
            "{titles:?}"
        );
        assert!(own.iter().all(|table| table.axes.is_empty()), "one simulator, one value");
        let note = "Not set beside it: rewards answered by another model, pmf.k = 16.";
        assert!(own[0].notes.iter().any(|it| it.text == note), "{:?}", own[0].notes);
    }
    assert_eq!(of("online")[0].rows.len(), 2, "the baseline of the same PMF stands beside");
    // The ratings themselves judge an offline evaluation: there the sizes are compared.
    let offline: Vec<_> = tables.iter().filter(|table| table.id.family == "precision").collect();
    assert_eq!(
        (offline.len(), offline[0].axes.as_slice(), offline[0].rows.len()),
        (1, ["pmf.k".to_owned()].as_slice(), 4)
    );
}

#[test]
fn what_tests_and_protocols_cover_is_said_beside_the_tables() {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let fixed = MadeTrials::new().sweep("fixed", &[0.001, 0.01], &[0.0005], 3);
    let mut own = MadeTrials::new().sweep("own", &[0.001, 0.01], &[0.0005], 3);
    let mut renamed = BTreeMap::new();
    for trial in &mut own.trials {
        let old = trial.spec.id();
        let mut spec = trial.spec.clone();
        spec.ratings.as_mut().expect("ratings").split.seed = spec.seed.0;
        stand_on(&mut spec, &renamed);
        *trial = Arc::new(Trial::new(spec, Arc::clone(&trial.point)));
        renamed.insert(old, trial.id);
    }
    fabricate::fill(&mut store, &fixed, None, |_, _| {});
    fabricate::fill(&mut store, &own, None, |_, _| {});
    let out = tempfile::tempdir().expect("a temporary folder");
    for (name, covered) in
        [("fixed", "on this one split of the ratings, not that of another"), ("own", "and splits together")]
    {
        let written = report_as(&store, name, out.path(), &[Format::Md]);
        for table in ["", "-against", "-aggregate"] {
            let table = read(&written, &format!("offline-published-ml-100k-precision{table}.md"));
            assert!(table.contains(&format!(
                "Intervals and p cover {}",
                if name == "own" { "training seeds" } else { "the noise" }
            )));
            assert!(table.contains(covered), "{table}");
        }
        let table = read(&written, "offline-published-ml-100k-precision.md");
        let users = "Users, counted beside K, are those whose ratings the protocol published can start from; another \
                     protocol evaluates other users.";
        assert!(table.contains(users), "{table}");
    }
}

#[test]
fn a_mark_is_explained_where_it_stands_alone() {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    for (name, seeds) in [("two", 2), ("three", 3)] {
        let sweep = MadeTrials::new().sweep(name, &[0.003, 0.0031], &[0.0005], seeds);
        fabricate::fill(&mut store, &sweep, None, |_, _| {});
    }
    let said = |name: &str| summary(&store.sweep(name).expect("read").expect("recorded"));
    assert!(said("two").contains("; * best mean\n") && !said("two").contains('≈'), "{}", said("two"));
    assert!(said("three").contains("; * best mean, ≈ not distinguishable from it"), "{}", said("three"));
}
