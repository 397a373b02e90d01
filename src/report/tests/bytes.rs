//! Whole reports to the byte: the digest of every file in every format. A change that is to change nothing leaves this
//! snapshot as it is; with `DRR_LAB_KEEP=DIR` the files themselves are kept there, to see what another digest means.

use drr_core::{AxisPoint, Digest, Trial};
use serde_json::{Value, json};
use std::sync::Arc;

use super::*;
use crate::store::SweepRecord;

/// Three axes, one of numbers that sort otherwise as text, one of words and lists; two protocols; seeds stopped early,
/// failed, and not numbers.
fn many_sided() -> (tempfile::TempDir, Store) {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let mut sweep = MadeTrials::new().sweep("sides", &[0.001, 0.00001, 0.01], &[0.0005], 4);
    sweep.axes.extend(["drr.gamma".to_owned(), "drr.state".to_owned()]);
    let others = [(0.9, json!("plain")), (0.05, json!([64, "wide"]))];
    let trials = std::mem::take(&mut sweep.trials);
    for (gamma, state) in others {
        sweep.trials.extend(with_gamma(&trials, gamma, &state));
    }
    for trial in sweep.trials.clone() {
        if trial.spec.kind == "offline" {
            let spec = fabricate::with(&trial.spec, "protocol", "strict".into());
            sweep.trials.push(Arc::new(Trial::new(spec, Arc::clone(&trial.point))));
        }
    }
    fabricate::fill(&mut store, &sweep, None, |spec, metrics| {
        if fabricate::evaluates(spec, "random") {
            metrics.values_mut().for_each(|value| *value = f64::NAN);
        }
    });
    mark(&mut store, &sweep);
    (runs, store)
}

/// The same trials with another γ, each recommender's evaluation on its own training.
fn with_gamma(trials: &[Arc<Trial>], gamma: f64, state: &Value) -> Vec<Arc<Trial>> {
    let mut renamed = BTreeMap::new();
    let mut all = Vec::new();
    for trial in trials {
        let (mut spec, mut point) = (trial.spec.clone(), AxisPoint::clone(&trial.point));
        let old = spec.id();
        if spec.kind == "drr" && spec.settings.whole("train_steps") != Some(0) {
            spec = fabricate::with(&spec, "gamma", json!(gamma));
        } else if fabricate::evaluates(&spec, "drr") {
            stand_on(&mut spec, &renamed);
        }
        if !point.is_empty() {
            point.insert("drr.gamma".to_owned(), json!(gamma));
            point.insert("drr.state".to_owned(), state.clone());
        }
        renamed.insert(old, spec.id());
        all.push(Arc::new(Trial::new(spec, point)));
    }
    all
}

fn mark(store: &mut Store, sweep: &SweepRecord) {
    let at = |trial: &&Arc<Trial>, tau: f64, seed: u64| {
        trial.point.get("drr.tau").and_then(Value::as_f64) == Some(tau) && trial.spec.seed.0 == seed
    };
    for trial in sweep.trials.iter().filter(|trial| at(trial, 0.01, 1)) {
        store.mark(trial.spec.id(), Status::Stopped, Some("below the median")).expect("marked");
    }
    for trial in sweep.trials.iter().filter(|trial| at(trial, 0.001, 3)) {
        store.mark(trial.spec.id(), Status::Failed, Some("NaN | <at> 7")).expect("marked");
    }
}

/// The digest of every file, and of what the terminal says.
fn digests(store: &Store, name: &str, case: &str, formats: &[Format], options: &ReportOptions) -> String {
    let sweep = store.sweep(name).expect("read").expect("recorded");
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = write(store, &sweep, out.path(), formats, options).expect("written");
    if let Some(keep) = std::env::var_os("DRR_LAB_KEEP") {
        copy(&written.folder, &Path::new(&keep).join(case));
    }
    let said = SweepReport::new(&sweep, options).expect("laid out").summary();
    let all = files(&written.folder).into_iter();
    let all = all.map(|(path, bytes)| {
        let name = path.strip_prefix(&written.folder).expect("below").display().to_string();
        let version = env!("CARGO_PKG_VERSION");
        let text = String::from_utf8(bytes).map(|text| text.replace(&format!("drr-lab {version}"), "drr-lab"));
        (name, text.map_or_else(std::string::FromUtf8Error::into_bytes, String::into_bytes))
    });
    let lines = all.chain([("(terminal)".to_owned(), said.into_bytes())]);
    lines.map(|(name, bytes)| format!("{} {case}/{name}\n", &Digest::of(&bytes).to_string()[..16])).collect()
}

#[test]
fn whole_reports_are_the_same_to_the_byte() {
    let (runs, store) = recorded();
    for spec in store.sweep("quickstart").expect("read").expect("recorded").trials.iter().map(|trial| trial.spec()) {
        let folder = drr_core::trial_dir::TrialDir::new(runs.path(), spec.id());
        if folder.path().is_dir() {
            let started = format!("{{\"started\": \"2026-01-02T03:04:{:02}Z\"}}", spec.seed.0 * 7 + 5);
            fs::write(folder.provenance(), started).expect("written");
        }
    }
    let slides = Path::new(env!("CARGO_MANIFEST_DIR")).join("papers/drr.toml");
    let beside = ReportOptions {
        papers: vec![Paper::read(&slides, Path::new("/nowhere")).expect("the file reads")],
        ..ReportOptions::default()
    };
    let mut all = digests(&store, "quickstart", "quickstart", ALL, &beside);

    let (_runs, store) = many_sided();
    all += &digests(&store, "sides", "sides", TEXT, &ReportOptions::default());
    let layout = TableLayout {
        by: Some(vec!["tau".to_owned(), "drr.state".to_owned()]),
        pivot: Some(("tau".to_owned(), "state".to_owned())),
        sort: Some("tau".to_owned()),
        least_n: Some(4),
    };
    let baseline = Some("pmf".parse().expect("a baseline"));
    all += &digests(&store, "sides", "laid-out", TEXT, &ReportOptions { layout, baseline, ..beside });

    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    fabricate::fill(&mut store, &MadeTrials::new().sweep("single", &[0.001], &[0.0005], 1), None, |_, _| {});
    all += &digests(&store, "single", "single", TEXT, &ReportOptions::default());
    insta::assert_snapshot!("bytes", all);
}
