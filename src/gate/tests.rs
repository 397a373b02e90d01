//! Gates on made-up sweeps: every verdict, and what is said where nothing can be decided.

use drr_core::{Status, Trial};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use insta::assert_snapshot;

use super::baseline::Baseline;
use super::measured::Measured;
use super::output::{github_annotations, gitlab_code_quality, json, junit, markdown, text};
use super::{Inconclusive, baseline_of, changes, check, load};
use crate::error::{Error, Exit, Result};
use crate::store::fabricate::{MadeTrials, finish_with, run};
use crate::store::{Store, SweepRecord};

/// A folder with a recorded sweep and its baseline.
struct RecordedFolder {
    folder: tempfile::TempDir,
}

impl RecordedFolder {
    /// Two values of τ, `seeds` seeds.
    fn new(seeds: u64) -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a folder") };
        let mut store = Store::open(&place.runs()).expect("a database");
        run(&mut store, &place.runs(), &MadeTrials::new().sweep("lab", &[0.001, 0.01], &[0.0005], seeds), |_| None);
        place
    }

    fn runs(&self) -> std::path::PathBuf {
        self.folder.path().join("runs")
    }

    fn store(&self) -> Store {
        Store::open(&self.runs()).expect("a database")
    }

    fn save(&self) -> Baseline {
        let baseline = baseline_of(&self.store(), "lab", None, "the first").expect("a baseline");
        self.put(&baseline.text());
        baseline
    }

    fn put(&self, baseline: &str) {
        fs::write(self.folder.path().join("lab.baseline.toml"), baseline).expect("written");
    }

    /// Changes the baseline's text.
    fn edit(&self, from: &str, to: &str) {
        let path = self.folder.path().join("lab.baseline.toml");
        let text = fs::read_to_string(&path).expect("a baseline");
        assert!(text.contains(from), "{from} is not in {text}");
        self.put(&text.replace(from, to));
    }

    /// Runs gates that follow the usual head.
    fn check(&self, gates: &str) -> Result<super::Checked> {
        self.check_whole(&format!("sweep = \"lab\"\nbaseline = \"lab.baseline.toml\"\n\n{gates}"))
    }

    fn check_whole(&self, text: &str) -> Result<super::Checked> {
        let path = self.folder.path().join("gates.toml");
        fs::write(&path, text).expect("written");
        let mut file = load(&path)?;
        file.name = "gates.toml".to_owned();
        check(&file, &self.store())
    }

    /// What a check says, or why it cannot.
    fn said(&self, gates: &str) -> String {
        self.told(self.check(gates))
    }

    fn told(&self, checked: Result<super::Checked>) -> String {
        match checked {
            Ok(checked) => format!("exit {}\n{}", checked.exit(Inconclusive::Own) as u8, text(&checked)),
            Err(error) => self.explained(&error),
        }
    }

    /// An error with its places, as plain text.
    fn explained(&self, error: &Error) -> String {
        let folder = self.folder.path().display().to_string();
        let mut lines = vec![format!("exit {}\n{}", error.exit as u8, error.message)];
        for problem in &error.problems {
            lines.push(format!("{}: {problem}\n   {}", problem.line(), problem.label));
            lines.extend(problem.help.iter().map(|help| format!("   help: {help}")));
        }
        lines.extend(error.hint.iter().map(|hint| format!("hint: {hint}")));
        lines.join("\n").replace(&folder, "…")
    }
}

const PRECISION: &str = "[[gate]]\nname = \"precision\"\nmetric = \"precision@10\"\ngroup = \"drr,tau=0.001\"\n\
                         rule = \"non-inferiority\"\ndirection = \"higher\"\nmargin = 0.01\n";

/// Lowers a metric of a group in the baseline or raises it there: `by` is added to every value.
fn shifted(mut baseline: Baseline, policy: &str, metric: &str, by: f64) -> String {
    for group in baseline.measured.groups.iter_mut().filter(|group| group.key.policy == policy) {
        for (seed, of) in &mut group.seeds {
            // Not by the same for every seed, or there would be no doubt.
            let wobble = 0.002 * (*seed as f64 - 2.0);
            of.values.entry(metric.to_owned()).and_modify(|value| *value += by + wobble);
        }
    }
    baseline.text()
}

#[test]
fn a_baseline_reads_as_it_was_written() {
    let place = RecordedFolder::new(3);
    let baseline = place.save();
    let read = Baseline::parse(&baseline.text()).expect("a baseline");
    assert_eq!(read.text(), baseline.text());
    assert!(changes(&baseline, &read).is_empty());
    assert_snapshot!(
        baseline.text().lines().take(24).collect::<Vec<_>>().join("\n").replace(&baseline.changes[0].date, "DATE")
    );
}

#[test]
fn unchanged_results_pass_every_rule() {
    let place = RecordedFolder::new(5);
    place.save();
    let more = "[[gate]]\nname = \"bits\"\nrule = \"digest\"\n\
                [[gate]]\nmetric = \"test_rmse_stars\"\ngroup = \"pmf\"\nrule = \"relative\"\ndirection = \"lower\"\nmargin = 0.02\n\
                [[gate]]\nmetric = \"train/reward/late\"\ngroup = \"tau=0.01\"\nrule = \"same\"\ntolerance = 0\n\
                [[gate]]\nmetric = \"precision@5\"\ngroup = \"pmf\"\nrule = \"bound\"\nat_least = 0.7\n";
    assert_snapshot!(place.said(&format!("{PRECISION}{more}")));
}

#[test]
fn worse_is_regressed_and_better_is_improved() {
    let place = RecordedFolder::new(5);
    let baseline = place.save();
    place.put(&shifted(baseline.clone(), "drr", "precision@10", 0.05));
    assert_snapshot!("regressed", place.said(PRECISION));
    place.put(&shifted(baseline, "drr", "precision@10", -0.05));
    assert_snapshot!("improved", place.said(PRECISION));
}

#[test]
fn what_cannot_be_told_says_how_many_seeds_would_tell() {
    let place = RecordedFolder::new(3);
    let baseline = place.save();
    place.put(&shifted(baseline, "drr", "precision@10", 0.011));
    assert_snapshot!(place.said(PRECISION));
    let checked = place.check(PRECISION).expect("checked");
    let exits = [Inconclusive::Own, Inconclusive::Pass, Inconclusive::Fail].map(|how| checked.exit(how));
    assert_eq!(exits, [Exit::Inconclusive, Exit::Done, Exit::Failed]);
}

#[test]
fn one_seed_decides_nothing() {
    let place = RecordedFolder::new(1);
    place.save();
    assert_snapshot!(place.said(PRECISION));
}

#[test]
fn other_bits_are_named_and_another_class_is_not_compared() {
    let place = RecordedFolder::new(3);
    let baseline = place.save();
    let digest = baseline.measured.groups[0].seeds[&1].metrics_digest.clone();
    place.edit(&digest, "0000000000000000");
    let bits = format!("[[gate]]\nname = \"bits\"\nrule = \"digest\"\n{PRECISION}");
    assert_snapshot!("other_bits", place.said(&bits));
    place.edit("isa = \"avx2\"", "isa = \"avx512\"");
    assert_snapshot!("another_class", place.said(&bits));
    assert_snapshot!("another_class_and_nothing_else", place.said("[[gate]]\nname = \"bits\"\nrule = \"digest\"\n"));
}

#[test]
fn seeds_without_a_counterpart_are_left_out_and_said() {
    let place = RecordedFolder::new(5);
    place.save();
    let mut store = place.store();
    run(&mut store, &place.runs(), &MadeTrials::new().sweep("lab", &[0.001, 0.01], &[0.0005], 6), |_| None);
    let bits = format!("[[gate]]\nname = \"bits\"\nrule = \"digest\"\n{PRECISION}");
    assert_snapshot!(place.said(&bits));
}

#[test]
fn failed_trials_are_a_regression_and_missing_ones_undecided() {
    let place = RecordedFolder::new(3);
    place.save();
    let mut store = place.store();
    let members: Vec<Arc<Trial>> = MadeTrials::new().sweep("lab", &[0.001, 0.01], &[0.0005], 3).trials;
    let evaluation = |member: &&Arc<Trial>| {
        crate::store::fabricate::evaluates(&member.spec, "drr") && member.point["drr.tau"] == 0.001
    };
    let trial = members.iter().find(evaluation).expect("an evaluation").spec.id();
    store.mark(trial, Status::Failed, Some("the loss is not finite at step 812")).expect("marked");
    assert_snapshot!("failed", place.said(PRECISION));
    store.mark(trial, Status::Pending, None).expect("marked");
    assert_snapshot!("pending", place.said(PRECISION));
}

#[test]
fn a_value_that_is_no_number_decides_nothing() {
    let place = RecordedFolder::new(3);
    let mut baseline = place.save();
    for group in baseline.measured.groups.iter_mut().filter(|group| group.key.policy == "drr") {
        if let Some(of) = group.seeds.get_mut(&1) {
            of.values.insert("precision@10".to_owned(), f64::NAN);
        }
    }
    place.put(&baseline.text());
    assert_snapshot!(place.said(PRECISION));
}

#[test]
fn what_is_not_there_is_said_in_its_line() {
    let place = RecordedFolder::new(3);
    assert_snapshot!("no_baseline", place.said(PRECISION));
    place.save();
    place.edit("\"users@10\"", "\"visitors@10\"");
    assert_snapshot!("no_such_metric_in_the_baseline", place.said(&PRECISION.replace("precision@10", "users@10")));
    assert_snapshot!("no_such_metric", place.said(&PRECISION.replace("precision@10", "precison@10")));
    assert_snapshot!("no_such_group", place.said(&PRECISION.replace("drr,tau=0.001", "drr,tau=0.5")));
    assert_snapshot!("several_groups", place.said(&PRECISION.replace("drr,tau=0.001", "drr")));
    assert_snapshot!("another_protocol", place.said(&format!("{PRECISION}protocol = \"strict\"\n")));
    assert_snapshot!("another_dataset", place.said(&format!("{PRECISION}dataset = \"ml-1m\"\n")));
    let head = "sweep = \"lap\"\nbaseline = \"lab.baseline.toml\"\n\n";
    assert_snapshot!("no_such_sweep", place.told(place.check_whole(&format!("{head}{PRECISION}"))));
}

#[test]
fn a_baseline_of_something_else_is_refused() {
    let place = RecordedFolder::new(3);
    place.save();
    place.edit("protocol = \"published\"", "protocol = \"strict\"");
    assert_snapshot!("a_baseline_of_another_protocol", place.said(PRECISION));
    place.save();
    let print = place.save().measured.groups[0].key.fingerprint.clone();
    place.edit(&print, "00000000deadbeef");
    assert_snapshot!("a_baseline_of_other_data", place.said(PRECISION));
    place.save();
    place.edit("\"drr.gamma\" = \"0.9\"", "\"drr.gamma\" = \"0.5\"");
    assert_snapshot!("a_baseline_of_other_settings", place.said(PRECISION));
    place.put("format = 99\nwhatever = 1\n");
    assert_snapshot!("a_baseline_of_a_newer_format", place.said(PRECISION));
    place.put("format = 1\nsweep = \"lab\"\n");
    assert!(place.said(PRECISION).contains("is no baseline"));
}

#[test]
fn a_group_that_is_gone_is_missed() {
    let place = RecordedFolder::new(3);
    place.save();
    let mut store = place.store();
    run(&mut store, &place.runs(), &MadeTrials::new().sweep("lab", &[0.001], &[0.0005], 3), |_| None);
    assert_snapshot!(place.said("[[gate]]\nname = \"bits\"\nrule = \"digest\"\n"));
}

#[test]
fn mistakes_in_a_gate_file_are_found_at_once() {
    let place = RecordedFolder::new(1);
    let text = "sweep = \"lab\"\nbaselin = \"x\"\n\n[levels]\nmisses = 2\n\n\
                [[gate]]\nmetric = \"precision@5\"\ngroup = \"drr\"\nrule = \"noninferiority\"\n\n\
                [[gate]]\nmetric = \"precision@5\"\ngroup = \"a,b\"\nrule = \"bound\"\n\n\
                [[gate]]\nmetric = \"precision@5\"\nrule = \"bound\"\nat_least = 0.5\n\n\
                [[gate]]\nmetric = \"precision@5\"\ngroup = \"drr\"\nrule = \"relative\"\ndirection = \"up\"\nmargin = -1\n\n\
                [[gate]]\ngroup = \"drr\"\nrule = \"digest\"\nmargin = 0.1\nmeasure = \"ofline\"\n";
    assert_snapshot!(place.told(place.check_whole(text)));
    assert_snapshot!("an_empty_gate_file", place.told(place.check_whole("sweep = \"lab\"\n")));
}

#[test]
fn a_baseline_needs_all_trials_of_one_class() {
    let place = RecordedFolder::new(2);
    let mut store = place.store();
    let record: SweepRecord = MadeTrials::new().sweep("lab", &[0.001], &[0.0005], 3);
    store.record_sweep(&record).expect("recorded");
    let error = baseline_of(&store, "lab", None, "why").expect_err("a seed is not run");
    assert_snapshot!(place.explained(&error));
    assert!(baseline_of(&store, "lob", None, "why").is_err_and(|error| error.hint.is_some()));
}

#[test]
fn what_a_trial_used_becomes_a_rate_and_a_ratio() {
    let place = RecordedFolder::new(1);
    let mut store = place.store();
    let spec = MadeTrials::new().drr(0, 0.002, 0.0005, 4_000);
    let record = SweepRecord {
        name: "used".to_owned(),
        source: String::new(),
        axes: Vec::new(),
        trials: vec![Arc::new(Trial::new(spec.clone(), BTreeMap::new()))],
        commands: Vec::new(),
    };
    store.record_sweep(&record).expect("recorded");
    let folder = finish_with(&place.runs(), &spec, Vec::new(), BTreeMap::new(), 1);
    let mut result = drr_core::result::TrialResult::read(&folder.result()).expect("readable").expect("there");
    // On several cores the time of the processors says nothing of the speed of one.
    for (cores, rate) in [(2, None), (1, Some(12.0))] {
        result.usage = Some(drr_core::result::Usage {
            cpu_s: 2.0,
            peak_mib: 150.0,
            resting_mib: 120.0,
            calibration_s: 0.006,
            together: 4,
            cores,
        });
        result.write(&folder.result()).expect("written");
        store.ingest(&folder).expect("taken in");
        let sweep = store.sweep("used").expect("readable").expect("there");
        let measured = Measured::read(&store, &sweep).expect("measured");
        let values = &measured.groups[0].seeds[&0].values;
        assert_eq!((values.get("step_rate").copied(), values["peak_memory"]), (rate, 1.25), "{cores} cores");
    }
}

#[test]
fn a_baseline_with_hidden_characters_is_refused_and_a_reason_may_have_lines() {
    let place = RecordedFolder::new(3);
    place.save();
    place.edit("reason = \"the first\"", "reason = \"one\\n\\ttwo\"");
    Baseline::read(&place.folder.path().join("lab.baseline.toml")).expect("a person's words");
    place.edit("dataset = \"ml-100k\"", "dataset = \"a\\u001b[2J\\n::error::b\"");
    let told = place.said(PRECISION);
    assert!(told.contains("`group.0.dataset` holds the control character U+001B"), "{told}");
}

#[test]
fn every_form_says_the_same() {
    let place = RecordedFolder::new(5);
    let baseline = place.save();
    place.put(&shifted(baseline, "drr", "precision@10", 0.05));
    let gates = format!(
        "{PRECISION}[[gate]]\nname = \"<a> & \\\"b\\\" | c\"\nmetric = \"precision@5\"\ngroup = \"pmf\"\nrule = \"bound\"\nat_most = 0.1\n\
         [[gate]]\nname = \"fine\"\nmetric = \"precision@5\"\ngroup = \"pmf\"\nrule = \"bound\"\nat_least = 0.1\n"
    );
    let checked = place.check(&gates).expect("checked");
    assert_snapshot!("annotations", github_annotations(&checked));
    assert_snapshot!("code_quality", format!("{:#}", gitlab_code_quality(&checked)));
    assert_snapshot!("markdown", markdown(&checked));
    let object = json(&checked);
    assert_eq!(object["findings"].as_array().map(Vec::len), Some(3));
    assert_eq!(object["findings"][0]["verdict"], "regressed");
    let xml = junit(&checked, Inconclusive::Own).expect("XML");
    assert_snapshot!("junit", xml);
    assert_eq!(xml.matches("<testcase ").count(), 3, "one case a gate");
}

#[test]
fn this_projects_own_gates_and_examples_read() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = load(&root.join("gates/ci-smoke.toml")).expect("a gate file");
    let baseline = Baseline::read(file.baseline.as_deref().expect("named")).expect("a baseline");
    assert_eq!((baseline.measured.sweep.as_str(), file.sweep.as_str()), ("ci-smoke", "ci-smoke"));
    assert_eq!(baseline.measured.groups.len(), 20);
    let page = fs::read_to_string(root.join("docs/gates.md")).expect("the page");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    super::file::parse("docs/gates.md", example, root).expect("the example is a gate file");
}
