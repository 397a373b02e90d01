//! Names, numbers and sweeps that break reports.

use super::*;
use crate::report::grid::GridRow;
use crate::report::sheets;
use drr_core::Trial;
use std::sync::Arc;

/// Quotes, HTML, TeX, Markdown, an emoji, a script that runs from right to left, and a line's end.
const NAME: &str = "\"a\" 'b' <b>&amp;</b> </script> \\end{table} 100%_$x^2$ #1 ~ | `c` 🎬 שלום\n% x";

fn open() -> (tempfile::TempDir, Store) {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(runs.path()).expect("a new database");
    (runs, store)
}

fn read(written: &WrittenReport, name: &str) -> String {
    fs::read_to_string(written.folder.join(name)).expect("written")
}

#[test]
fn hard_names_survive_every_format() {
    let (runs, mut store) = open();
    let world = MadeTrials { dataset: "<i>50%_&\"é\" | 🎬 ש", ..MadeTrials::new() };
    let sweep = world.sweep(NAME, &[0.001, 0.01], &[0.0005], 3);
    fabricate::fill(&mut store, &sweep, None, |_, _| {});
    let failed = sweep.trials.iter().map(|trial| &trial.spec).find(|spec| spec.kind == "drr");
    store.mark(failed.expect("a DRR trial").id(), Status::Failed, Some(NAME)).expect("marked");
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = report_as(&store, NAME, out.path(), TEXT);
    let page = read(&written, "index.html");
    let body = page.split_once("</style>").expect("styles").1.split_once("<script>").expect("a script").0;
    for raw in ["<b>", "<i>", "</script>"] {
        assert!(!body.contains(raw), "{raw} is not escaped");
    }
    assert!(body.contains("🎬 שלום"), "letters stay as they are");
    for (path, bytes) in files(&written.folder) {
        let Ok(text) = String::from_utf8(bytes) else { continue };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => well_formed(&text),
            Some("json") => drop(serde_json::from_str::<serde_json::Value>(&text).expect("JSON")),
            Some("csv") => assert!(csv::Reader::from_reader(text.as_bytes()).records().all(|record| record.is_ok())),
            Some("tex") => {
                let lines = text.lines().filter(|line| !line.trim_start().starts_with('%'));
                for line in lines.filter(|line| line.contains("50")) {
                    assert!(line.contains("50\\%\\_\\&") || !line.contains("<i>"), "{line}");
                }
                assert_eq!(text.matches("\\end{table}").count(), 1, "{text}");
            }
            _ => {}
        }
    }
    drop(runs);
}

#[test]
fn hard_titles_are_drawn_and_cut_between_letters() {
    use figure::{Figure, ItemMap, Listed, Plot};
    let long = NAME.repeat(4);
    let listed = |title: &str, at: f64| Listed {
        place: (at, -at),
        title: title.to_owned(),
        rating: "3.5 stars".to_owned(),
        is_liked: true,
    };
    let map = ItemMap {
        all: vec![(0.0, 0.0), (1.0, 1.0)],
        history: vec![listed(NAME, 0.5), listed("", 0.1)],
        recommended: vec![listed(&long, 0.2), listed("👩‍👩‍👧‍👦".repeat(40).as_str(), 0.3)],
        x_label: NAME.to_owned(),
        y_label: String::new(),
    };
    let text = || NAME.to_owned();
    let figure = Figure { slug: "x".into(), title: text(), subtitle: text(), note: text(), plot: Plot::Items(map) };
    let svg = figure::alone(&figure::svg(&figure).expect("drawn"));
    well_formed(&svg);
    assert!(svg.contains("🎬 שלום") && svg.contains('…'));
    assert!(figure::png(&figure).expect("drawn").starts_with(b"\x89PNG"));
}

#[test]
fn all_failed_is_a_report_of_failures_with_their_logs() {
    let (runs, mut store) = open();
    let sweep = MadeTrials::new().sweep("doomed", &[0.001], &[0.0005], 2);
    fabricate::run(&mut store, runs.path(), &sweep, |_| Some("out of memory"));
    let log = drr_core::trial_dir::TrialDir::new(runs.path(), sweep.trials[0].spec.id());
    fs::create_dir_all(log.path()).expect("a folder");
    let lines: Vec<String> = (0..40).map(|line| format!("line {line} <of 40>")).collect();
    fs::write(log.log(), lines.join("\n")).expect("written");
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = report_as(&store, "doomed", out.path(), TEXT);
    assert_eq!((written.tables, written.figures), (0, 0));
    let page = read(&written, "index.html");
    assert!(page.contains("line 39 &#60;of 40&#62;") && !page.contains("line 20 "), "the log's end is shown");
    assert!(page.contains("out of memory") && page.contains("It left no log."));
}

#[test]
fn what_was_stopped_early_is_in_no_number_and_its_row_is_compared_with_nothing() {
    let (_runs, mut store) = open();
    let sweep = MadeTrials::new().sweep("stopped", &[0.001, 0.003, 0.01], &[0.0005], 3);
    fabricate::fill(&mut store, &sweep, None, |_, _| {});
    // The best setting: a seed of its training, and what was to be evaluated of it.
    let best = |trial: &&Arc<Trial>| {
        trial.point.get("drr.tau").and_then(serde_json::Value::as_f64) == Some(0.003) && trial.spec.seed.0 == 1
    };
    for trial in sweep.trials.iter().filter(best) {
        store.mark(trial.spec.id(), Status::Stopped, Some("below the median")).expect("marked");
    }
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = report_as(&store, "stopped", out.path(), TEXT);
    let table = read(&written, "tables/training-ml-100k.md");
    let row = table.lines().find(|line| line.starts_with("| 0.003")).expect("a row");
    assert!(row.contains("2/3") && !row.contains("**") && !row.contains('≈'), "{row}");
    assert!(table.contains("1 of 3 rows had trials stopped early."), "{table}");
    assert!(table.lines().any(|line| line.starts_with("| 0.01 |") && line.contains("**")), "{table}");
    for derived in ["against", "aggregate"] {
        let table = read(&written, &format!("tables/offline-published-ml-100k-precision-{derived}.md"));
        assert!(table.contains("| 0.01 |") && !table.contains("| 0.003 |"), "{table}");
    }
    assert!(read(&written, "index.html").contains("3 stopped early of"));
}

#[test]
fn nan_is_shown_and_never_best() {
    let (_runs, mut store) = open();
    let sweep = MadeTrials::new().sweep("nan", &[0.001, 0.01], &[0.0005], 3);
    fabricate::fill(&mut store, &sweep, None, |spec, metrics| {
        if fabricate::evaluates(spec, "pmf") {
            metrics.values_mut().for_each(|value| *value = f64::NAN);
        }
    });
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = report_as(&store, "nan", out.path(), TEXT);
    let table = read(&written, "tables/offline-published-ml-100k-precision.md");
    let row = table.lines().find(|line| line.starts_with("| pmf")).expect("a row");
    assert!(row.contains("NaN") && !row.contains("**"), "{row}");
    let json = read(&written, "tables/offline-published-ml-100k-precision.json");
    assert!(!json.contains("NaN"), "JSON knows none");
}

#[test]
fn one_value_makes_no_axis_and_fifty_make_readable_ones() {
    let (_runs, mut store) = open();
    fabricate::fill(&mut store, &MadeTrials::new().sweep("one", &[0.001], &[0.0005], 3), None, |_, _| {});
    let taus: Vec<f64> = (1..=50).map(|at| f64::from(at) * 0.0005).collect();
    fabricate::fill(&mut store, &MadeTrials::new().sweep("fifty", &taus, &[0.0005, 0.001], 3), None, |_, _| {});
    let out = tempfile::tempdir().expect("a temporary folder");
    let names = |written: &WrittenReport| {
        let figures = written.files.iter().filter(|file| file.extension().is_some_and(|it| it == "svg"));
        figures.map(|file| file.file_stem().expect("a name").to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    let one = report_as(&store, "one", out.path(), TEXT);
    assert!(!names(&one).iter().any(|name| name.contains("-by-") || name.contains("heat")), "{:?}", names(&one));
    let fifty = report_as(&store, "fifty", out.path(), TEXT);
    for wanted in ["precision-by-drr.tau", "precision-heat", "precision-profile"] {
        assert!(names(&fifty).iter().any(|name| name.ends_with(wanted)), "{wanted}: {:?}", names(&fifty));
    }
    let table = read(&fifty, "tables/offline-published-ml-100k-precision.csv");
    assert_eq!(table.lines().count(), 1 + 104 * 4, "no group is dropped");
}

#[test]
fn unlike_step_budgets_stay_apart_and_say_so() {
    let (_runs, mut store) = open();
    let short = MadeTrials::new().sweep("short", &[0.001, 0.01], &[0.0005], 3);
    let mut long = MadeTrials::new().sweep("long", &[0.001, 0.01], &[0.0005], 3);
    let mut renamed = BTreeMap::new();
    for trial in &mut long.trials {
        let old = trial.spec.id();
        let mut spec = trial.spec.clone();
        if spec.kind == "drr" && spec.settings.whole("train_steps") != Some(0) {
            spec = fabricate::with(&spec, "train_steps", 40_000.into());
        } else if fabricate::evaluates(&spec, "drr") {
            stand_on(&mut spec, &renamed);
        }
        *trial = Arc::new(Trial::new(spec, Arc::clone(&trial.point)));
        renamed.insert(old, trial.id);
    }
    fabricate::fill(&mut store, &short, None, |_, _| {});
    fabricate::fill(&mut store, &long, None, |_, _| {});
    let read = |name: &str| store.sweep(name).expect("read").expect("recorded");
    let both = together(&[read("short"), read("long")]).expect("two sweeps");
    assert_eq!(both.name, "short-vs-long");
    let tables = plain_tables(&both);
    let precision: Vec<_> = tables.iter().filter(|table| table.id.family == "precision").collect();
    assert_eq!(precision.len(), 2, "a table each");
    assert!(
        precision[0].notes.iter().any(|note| note.text == "Not set beside it: 40000 training steps."),
        "{:?}",
        precision[0].notes
    );
    assert!(precision.iter().all(|table| table.rows.iter().any(|row| row.policy == "pmf")), "baselines stand in both");
    assert!(together(&[read("short"), read("short")]).is_err());
}

#[test]
fn unlike_splits_protocols_and_methods_stay_apart_and_say_so() {
    let (_runs, mut store) = open();
    let mut sweep = MadeTrials::new().sweep("unlike", &[0.001], &[0.0005], 3);
    for trial in sweep.trials.clone() {
        if trial.spec.kind != "offline" {
            continue;
        }
        let mut divided = trial.spec.clone();
        divided.ratings.as_mut().expect("ratings").split.test = 0.3;
        let others = [
            divided,
            fabricate::with(&trial.spec, "protocol", "strict".into()),
            fabricate::with(&trial.spec, "users", 7.into()),
        ];
        let trial = |spec| Arc::new(Trial::new(spec, trial.point.clone()));
        sweep.trials.extend(others.into_iter().map(trial));
    }
    fabricate::fill(&mut store, &sweep, None, |_, _| {});
    let sweep = store.sweep("unlike").expect("read").expect("recorded");
    let tables = plain_tables(&sweep);
    let precision: Vec<_> = tables.iter().filter(|table| table.id.family == "precision").collect();
    assert_eq!(precision.len(), 4, "a table each");
    let apart: Vec<&str> = precision[0]
        .notes
        .iter()
        .map(|note| note.text.as_str())
        .filter(|note| note.starts_with("Not set beside it: "))
        .collect();
    for reason in ["protocol strict", "random split, 30 % test", "at most 7 users"] {
        assert!(apart.iter().any(|note| note.contains(reason)), "{reason}: {apart:?}");
    }
    assert!(precision.iter().all(|table| table.rows.iter().all(|row| row.finished == 3)), "nothing is pooled");
}

#[test]
fn a_baseline_nobody_has_is_said_with_a_hint() {
    let (_runs, mut store) = open();
    let sweep = MadeTrials::new().sweep("quick", &[0.001, 0.01], &[0.0005], 3);
    fabricate::fill(&mut store, &sweep, None, |_, _| {});
    let sweep = store.sweep("quick").expect("read").expect("recorded");
    let out = tempfile::tempdir().expect("a temporary folder");
    let with =
        |text: &str| ReportOptions { baseline: Some(text.parse().expect("a baseline")), ..ReportOptions::default() };
    let error = write(&store, &sweep, out.path(), &[Format::Md], &with("als")).expect_err("there is none");
    assert!(error.message.contains("als") && error.hint.is_some());
    write(&store, &sweep, out.path(), &[Format::Md], &with("drr,tau=0.01")).expect("there is one");
}

#[test]
fn errors_over_an_empty_test_part_are_missing_rather_than_nothing() {
    let (_runs, mut store) = open();
    let sweep = MadeTrials::new().sweep("quick", &[0.001], &[0.0005], 4);
    fabricate::fill(&mut store, &sweep, None, |spec, metrics| {
        if metrics.contains_key("test_rmse") && spec.seed.0 < 2 {
            for name in ["test_rmse", "test_rmse_stars", "test_mae", "test_mae_stars"] {
                metrics.insert(name.to_owned(), 0.0);
            }
        }
    });
    let sweep = store.sweep("quick").expect("read").expect("recorded");
    let tables = plain_tables(&sweep);
    let errors = tables.iter().find(|table| table.metrics[0].name() == "test_rmse_stars").expect("two seeds have some");
    let cells: Vec<_> = errors.rows[0].cells.iter().flatten().collect();
    assert_eq!(cells.len(), 2);
    assert!(cells.iter().all(|cell| cell.score.summary.n == 2 && cell.score.summary.min > 0.5), "{cells:?}");
}

#[test]
fn published_numbers_get_a_verdict_each() {
    let (_runs, mut store) = open();
    let sweep = MadeTrials::new().sweep("quick", &[0.001], &[0.0005], 4);
    fabricate::fill(&mut store, &sweep, None, |spec, metrics| {
        if fabricate::evaluates(spec, "drr") && metrics.contains_key("precision@5") {
            let noise = spec.seed.0 as f64 * 0.001;
            for (k, mean) in [(5, 0.775), (10, 0.60), (15, 0.752)] {
                metrics.insert(format!("precision@{k}"), mean + noise);
            }
        }
    });
    let sweep = store.sweep("quick").expect("read").expect("recorded");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("paper.toml");
    let text = r#"
title = "Made up"
[data.theirs]
[[table]]
name = "1"
title = "Offline"
data = "theirs"
sweep = "any.toml"
measure = "offline"
margin = 0.02
where = { "offline.protocol" = "published" }
columns = [
    { name = "P@5", metric = "precision@5" },
    { name = "P@10", metric = "precision@10" },
    { name = "P@15", metric = "precision@15" },
]
rows = [
    { name = "DRR", policy = "drr", values = [0.775, 0.752, 0.733], std = [0.004, 0.003, 0.011] },
    { name = "PMF", policy = "pmf", values = ["not known", 0.5, 0.5] },
    { name = "MF", not_tried = "for fun", values = [0.5, 0.5, 0.5] },
]
"#;
    let nowhere = Path::new("/nowhere");
    let verdicts = |text: &str| -> Vec<String> {
        fs::write(&path, text).expect("written");
        let options =
            ReportOptions { papers: vec![Paper::read(&path, nowhere).expect("reads")], ..ReportOptions::default() };
        let report = SweepReport::new(&sweep, &options).expect("nothing else is asked for");
        let grids = sheets::Sheets::new(&report).expect("tables").grids;
        let grid = grids.iter().find(|grid| grid.slug == "paper-1").expect("the paper's table");
        let said = |row: &GridRow| format!("{}: {}", row.cells[2].value.shown(), row.cells[8].value.shown());
        grid.rows.iter().map(said).collect()
    };
    let found = verdicts(text);
    assert!(found[0].starts_with("inconclusive: published on theirs"), "{found:?}");
    let ours = text.replace("theirs", "ml-100k");
    let found = verdicts(&ours);
    assert_eq!(found[..2], ["reproduced: within ±0.02", "differs: beyond ±0.02"]);
    assert!(found[2].starts_with("inconclusive: the interval crosses the margin; "), "{}", found[2]);
    assert_eq!(found[3], "beside the paper: no number of the paper's is at hand");
    assert_eq!(found[6], "not tried: for fun");
    // A name that the file describes is not enough: these ratings are in no data folder to be counted.
    let counted = verdicts(&ours.replace("[data.ml-100k]", "[data.ml-100k]\nusers = 943"));
    let gone = "inconclusive: published on ml-100k, and these ratings are not in the data folder to be counted";
    assert!(counted[..3].iter().all(|verdict| verdict == gone), "{counted:?}");
    for (from, to, says) in [
        ("margin = 0.02", "margin = 0", "a margin is not positive"),
        ("margin", "margins", "is no file of published tables"),
        ("0.752, 0.733]", "0.752]", "table `1`, row `DRR`: 2 values for 3 columns"),
        ("\"not known\"", "\"unknown\"", "`unknown` is no number"),
        ("name = \"PMF\"", "name = \"DRR\"", "row `DRR` is there twice"),
        ("policy = \"pmf\", ", "", "row `PMF` names no policy"),
        ("[data.theirs]", "[data.others]", "no [data.theirs] says what its data is (others)"),
    ] {
        fs::write(&path, text.replace(from, to)).expect("written");
        let error = Paper::read(&path, nowhere).expect_err(says);
        assert!(error.message.contains(says), "{}", error.message);
    }
}

#[test]
fn a_dataset_whose_name_ends_like_a_tables_is_shown() {
    let (_runs, mut store) = open();
    let world = MadeTrials { dataset: "small-ndcg", ..MadeTrials::new() };
    fabricate::fill(&mut store, &world.sweep("ends", &[0.001, 0.01], &[0.0005, 0.001], 3), None, |_, _| {});
    let sweep = store.sweep("ends").expect("read").expect("recorded");
    let said = summary(&sweep);
    for title in ["Training reward · small-ndcg", "PMF test error in stars · small-ndcg", "Offline precision@K"] {
        assert!(said.contains(title), "{title}: {said}");
    }
    assert!(!said.contains("NDCG@K"), "{said}");
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = report_as(&store, "ends", out.path(), &[Format::Md]);
    assert!(written.files.iter().any(|file| file.ends_with("training-small-ndcg-pivot.md")), "{:?}", written.files);
    assert!(written.files.iter().any(|file| file.ends_with("training-small-ndcg-heat.svg")), "{:?}", written.files);
}

#[test]
fn the_greatest_numbers_are_drawn_as_any_others() {
    use figure::{Figure, Plot, PlottedCurves, Series, Shape, XAxis, XKind};
    let huge = [1.7e308, -1.7e308, f64::INFINITY, f64::NAN, -1.7e308, 1.0, f64::NEG_INFINITY, 2.0, 3.0, 1.7e308];
    let at = |step: usize| step as f64 * 250.0;
    let curve = Shape::Curve {
        band: huge.iter().enumerate().map(|(step, y)| (at(step), *y, y - 1e308, y + 1e308)).collect(),
        faint: vec![huge.iter().enumerate().map(|(step, y)| (at(step), *y)).collect()],
    };
    let points = Shape::Points(huge.iter().enumerate().map(|(step, y)| (at(step), *y, Some(1.7e308))).collect());
    let series = [("drr", 0, curve), ("pmf", 5, points)].map(|(name, index, shape)| Series {
        name: name.to_owned(),
        detail: String::new(),
        // The sixth is dashed.
        style: figure::of_recommender(index),
        shape,
    });
    let plot = Plot::Lines(PlottedCurves {
        x: XAxis { label: "steps".to_owned(), kind: XKind::Continuous },
        y_label: "loss".to_owned(),
        series: series.into(),
    });
    let text = |text: &str| text.to_owned();
    let figure = Figure { slug: text("x"), title: text("t"), subtitle: text("s"), note: text("n"), plot };
    let svg = figure::alone(&figure::svg(&figure).expect("drawn"));
    well_formed(&svg);
    assert!(svg.contains("−1e308") && svg.contains("1.7e308") && !svg.contains("00000000000"), "short labels");
    let png = figure::png(&figure).expect("drawn");
    if let Some(keep) = std::env::var_os("DRR_LAB_KEEP") {
        fs::write(Path::new(&keep).join("greatest.png"), &png).expect("kept");
    }
}
