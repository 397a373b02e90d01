//! Reports of sweeps whose every name is an attack: nothing of it gets out in any format.

use std::sync::Arc;

use super::*;
use crate::neutral::hostile::{TEXTS, assert_harmless};
use crate::neutral::unguarded;
use drr_core::Status;

/// A sweep whose name, dataset, axes, values and failures are `text`, as an index from elsewhere may hold it.
fn recorded_as(text: &str) -> (tempfile::TempDir, Store) {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
    let mut sweep = MadeTrials { dataset: text, ..MadeTrials::new() }.sweep(text, &[0.001, 0.01], &[0.0005], 3);
    sweep.axes.push(text.to_owned());
    for (at, trial) in sweep.trials.iter_mut().filter(|trial| !trial.point.is_empty()).enumerate() {
        let trial = Arc::make_mut(trial);
        Arc::make_mut(&mut trial.point).insert(text.to_owned(), format!("{text}{}", at % 2).into());
    }
    fabricate::fill(&mut store, &sweep, None, |_, _| {});
    let mut drr = sweep.trials.iter().map(|trial| &trial.spec).filter(|spec| spec.kind == "drr");
    let failed = drr.next().expect("a DRR trial").id();
    store.mark(failed, Status::Failed, Some(text)).expect("marked");
    let folder = drr_core::trial_dir::TrialDir::new(runs.path(), failed);
    fs::create_dir_all(folder.path()).expect("a folder");
    fs::write(folder.log(), format!("{text}\n")).expect("written");
    let finished = drr.next().expect("another").id();
    let folder = drr_core::trial_dir::TrialDir::new(runs.path(), finished);
    fs::create_dir_all(folder.path()).expect("a folder");
    let provenance = serde_json::json!({
        "started": text, "dataset": {"source": text}, "code": {"version": text, "rustc": text},
        "machine": {"cpu": text, "gpus": [text]},
    });
    fs::write(folder.provenance(), provenance.to_string()).expect("written");
    (runs, store)
}

/// Every text that an XML document shows, and that it is one.
fn well_formed_xml(svg: &str) {
    well_formed(svg);
    let valid = |letter: char| matches!(letter, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
    assert!(svg.chars().all(valid), "no letter that XML does not have");
    for part in svg.split('&').skip(1) {
        let entity = part.split_once(';').map(|(entity, _)| entity);
        assert!(entity.is_some_and(|it| matches!(it, "amp" | "lt" | "gt" | "quot" | "apos") || it.starts_with('#')));
    }
}

#[test]
fn nothing_of_a_hostile_sweep_gets_out_in_any_format() {
    for text in TEXTS {
        let (_runs, store) = recorded_as(text);
        let out = tempfile::tempdir().expect("a temporary folder");
        let written = report_as(&store, text, out.path(), TEXT);
        let mut kinds = BTreeSet::new();
        for (path, bytes) in files(&written.folder) {
            let short = path.strip_prefix(out.path()).expect("below it").display().to_string();
            assert!(short.bytes().all(|byte| matches!(byte, b'!'..=b'~')), "a file is called {short}");
            let content = String::from_utf8(bytes).expect("text");
            let extension = path.extension().expect("an extension").to_string_lossy().into_owned();
            // What a browser does with a page is another matter: its script begins lines as it likes.
            let shown = match extension.as_str() {
                "html" => content.split_once("<script>").expect("a script").0.split_once("</style>").expect("styles").1,
                _ => content.as_str(),
            };
            assert_harmless(&short, shown);
            match extension.as_str() {
                "svg" => well_formed_xml(&content),
                "json" => drop(serde_json::from_str::<serde_json::Value>(&content).expect("JSON")),
                "csv" => {
                    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(content.as_bytes());
                    for cell in reader
                        .records()
                        .flat_map(|record| record.expect("a record").iter().map(str::to_owned).collect::<Vec<_>>())
                    {
                        let number = cell.parse::<f64>().is_ok() || cell.trim_start_matches('@').parse::<u64>().is_ok();
                        assert!(number || !cell.starts_with(['=', '+', '-', '@']), "{short}: {cell}");
                    }
                }
                "md" => {
                    assert!(!content.contains('<') && !content.contains("**b**"), "{short}: {content}");
                    let titles = content.lines().filter(|line| line.starts_with('#')).count();
                    assert_eq!(titles, 1, "{short}: {content}");
                }
                _ => {}
            }
            kinds.insert(extension);
        }
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["csv", "html", "json", "md", "svg", "tex"]);
        let sweep = store.sweep(text).expect("read").expect("recorded");
        let summary = summary(&sweep);
        assert_harmless("the terminal", &summary);
        assert!(text != TEXTS[0] || summary.contains(r"\u001b[2J"), "what is wrong with a name is shown: {summary}");
    }
}

#[test]
fn a_program_reads_the_names_that_were_written() {
    let text = TEXTS[9];
    let (_runs, store) = recorded_as(text);
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = report_as(&store, text, out.path(), &[Format::Csv, Format::Json]);
    let mut seen = 0;
    for (path, bytes) in files(&written.folder.join("tables")) {
        if path.extension().is_some_and(|extension| extension == "csv") {
            let mut reader = csv::Reader::from_reader(bytes.as_slice());
            let headers = reader.headers().expect("headers").clone();
            seen += headers.iter().filter(|header| unguarded(header) == text).count();
        } else if let Some(axes) = serde_json::from_slice::<serde_json::Value>(&bytes).expect("JSON")["axes"].as_array()
        {
            seen += axes.iter().filter(|axis| axis.as_str() == Some(text)).count();
        }
    }
    assert!(seen > 2, "the axis is there under its name");
}

#[test]
fn published_numbers_with_hidden_characters_are_refused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("papers/drr.toml");
    let text = fs::read_to_string(&path).expect("readable");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let hard = folder.path().join("hard.paper.toml");
    fs::write(&hard, text.replacen("title = \"", "title = \"\\u202e", 1)).expect("written");
    let error = Paper::read(&hard, hard.parent().expect("a folder")).expect_err("hidden");
    assert!(error.message.contains("`title` holds the mark of writing direction U+202E"), "{}", error.message);
}
