//! `drr-lab check` and `drr-lab baseline` on trials that the real worker trained: exit codes, files for pipelines, and
//! what a pipeline's variables bring about.

use std::fs;

use crate::common::{Place, SMALL, trainer, transcript};

const GATES: &str = r#"sweep = "small"
baseline = "small.baseline.toml"

[[gate]]
name = "bits"
rule = "digest"

[[gate]]
name = "precision"
metric = "precision@5"
group = "drr,tau=0.01"
rule = "non-inferiority"
direction = "higher"
margin = 0.01

[[gate]]
name = "memory"
metric = "peak_memory"
group = "pmf"
measure = "pmf"
rule = "relative"
direction = "lower"
margin = 1.0
"#;

/// A folder with the small sweep trained on three seeds.
fn trained() -> Place {
    let place = Place::new();
    place.file("small.toml", SMALL);
    place.file("gates.toml", GATES);
    let mut command = place.drr_lab(&["sweep", "small.toml", "--seeds", "3", "--worker"]);
    let output = command.arg(trainer()).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{}", transcript(&output));
    place
}

fn code(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let output = place.run(arguments);
    (output.status.code(), transcript(&output))
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn from_training_to_a_verdict_and_back_to_green() {
    let place = trained();
    let (exit, said) = code(&place, &["check", "gates.toml"]);
    assert_eq!(exit, Some(2), "{said}");
    assert!(said.contains("baseline save"), "a missing baseline says how to come by one: {said}");

    let (exit, said) = code(&place, &["baseline", "save", "small", "small.baseline.toml"]);
    assert_eq!(exit, Some(0), "{said}");
    let first = read(&place, "small.baseline.toml");
    let (exit, said) = code(&place, &["baseline", "save", "small", "small.baseline.toml"]);
    assert_eq!(exit, Some(2), "a baseline is not overwritten by a save: {said}");
    let (exit, said) = code(&place, &["baseline", "diff", "small", "small.baseline.toml"]);
    assert!(exit == Some(0) && said.contains("nothing differs"), "{said}");

    let (exit, said) = code(&place, &["check", "gates.toml"]);
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("small: 3 pass"), "{said}");

    // One digest of the baseline is another: as after a change of the training code.
    let line = first.lines().find(|line| line.starts_with("metrics_digests")).expect("a line of digests");
    let digest = line.split('"').nth(1).expect("a digest");
    place.file("small.baseline.toml", &first.replace(digest, "0123456789abcdef"));
    let arguments =
        ["check", "gates.toml", "--junit", "gates.xml", "--gitlab", "quality.json", "--markdown", "gates.md"];
    let (exit, said) = code(&place, &arguments);
    assert_eq!(exit, Some(1), "{said}");
    let junit = read(&place, "gates.xml");
    assert!(junit.starts_with("<?xml") && junit.matches("<testcase ").count() == 3, "{junit}");
    assert!(junit.contains("tests=\"3\"") && junit.contains("failures=\"1\""), "{junit}");
    let issues: serde_json::Value = serde_json::from_str(&read(&place, "quality.json")).expect("JSON");
    assert_eq!(issues.as_array().map(Vec::len), Some(1));
    assert_eq!((&issues[0]["location"]["path"], &issues[0]["severity"]), (&"gates.toml".into(), &"major".into()));
    assert!(read(&place, "gates.md").contains("❌ regressed | bits"));

    let (exit, said) = code(&place, &["baseline", "update", "small", "small.baseline.toml", "--reason", "other bits"]);
    assert!(exit == Some(0) && said.contains("other bits in 1 of 3 seeds"), "{said}");
    let updated = read(&place, "small.baseline.toml");
    assert!(updated.contains("reason = \"other bits\"") && updated.contains("reason = \"the first measurement\""));
    assert_eq!(code(&place, &["check", "gates.toml", "--output", "quiet"]).0, Some(0));
}

#[test]
fn a_pipeline_is_told_in_its_own_words() {
    let place = trained();
    assert_eq!(code(&place, &["baseline", "save", "small", "small.baseline.toml"]).0, Some(0));
    place.file(
        "gates.toml",
        &format!("{GATES}\n[[gate]]\nmetric = \"precision@5\"\ngroup = \"pmf\"\nrule = \"bound\"\nat_least = 2\n"),
    );
    let mut command = place.drr_lab(&["check", "gates.toml"]);
    let summary = place.path().join("summary.md");
    fs::write(&summary, "before\n").expect("written");
    let output = command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary).output().expect("starts");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("::error file=gates.toml,line=26,title=precision@5 of pmf%3A regressed::"), "{said}");
    let text = fs::read_to_string(&summary).expect("a summary");
    assert!(text.starts_with("before\n") && text.contains("### Gates of small: 1 regressed, 3 pass"), "{text}");

    let output = place.run(&["check", "gates.toml", "--output", "json"]);
    let checked: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(checked["findings"].as_array().map(Vec::len), Some(4));
    assert_eq!(checked["findings"][3]["verdict"], "regressed");
}

#[test]
fn inconclusive_has_an_exit_code_of_its_own() {
    let place = Place::new();
    place.file("small.toml", SMALL);
    // Two seeds are too few for any statistics.
    let output = place.drr_lab(&["sweep", "small.toml", "--worker"]).arg(trainer()).output().expect("starts");
    assert_eq!(output.status.code(), Some(0), "{}", transcript(&output));
    place.file("gates.toml", &GATES.replace("[[gate]]\nname = \"bits\"\nrule = \"digest\"\n", ""));
    assert_eq!(code(&place, &["baseline", "save", "small", "small.baseline.toml"]).0, Some(0));
    let (exit, said) = code(&place, &["check", "gates.toml"]);
    assert!(exit == Some(4) && said.contains("a verdict needs 3 seeds"), "{said}");
    assert_eq!(code(&place, &["check", "gates.toml", "--inconclusive", "pass"]).0, Some(0));
    assert_eq!(code(&place, &["check", "gates.toml", "--inconclusive", "fail"]).0, Some(1));
}
