//! Stages: each is run once for what can change it, and what needs it is given its artifacts.

use std::fs;

use super::expect;
use crate::common::Place;

const STAGED: &str = r#"name = "staged"
seeds = 2
[stage.prepare]
run = ["sh", "prepare.sh", "{size}"]
code = ["prepare.sh"]
[stage.features]
run = ["sh", "-c", "cat {stage.prepare}/numbers > $DRR_LAB_OUT/features"]
needs = "prepare"
[command]
run = ["sh", "train.sh", "{stage.features}", "{lr}"]
code = ["train.sh"]
needs = ["features"]
metrics = { loss = "min" }
[params]
size = [3, 5]
lr = [0.1, 0.2, 0.3]
"#;

fn staged() -> Place {
    let place = Place::new();
    place.file("staged.toml", STAGED);
    place.file("prepare.sh", "seq $1 > $DRR_LAB_OUT/numbers; echo '{\"lines\": '$1'}' >> $DRR_LAB_METRICS");
    place.file(
        "train.sh",
        "echo \"{\\\"loss\\\": $(wc -l < $1/features)}\" >> $DRR_LAB_METRICS\n[ \"$1\" = \"$DRR_LAB_STAGE_FEATURES\" ]",
    );
    place
}

#[test]
fn a_stage_runs_once_for_what_can_change_it() {
    let place = staged();
    let (stdout, _) = expect(&place, 0, &["sweep", "staged.toml", "--dry-run"]);
    let counts = |stdout: &str| -> Vec<String> {
        let lines = stdout.lines().filter(|line| line.starts_with("command"));
        lines.map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(" ")).collect()
    };
    assert_eq!(counts(&stdout), ["command.prepare 4 0", "command.features 4 0", "command 12 0"], "{stdout}");
    let (stdout, _) = expect(&place, 0, &["sweep", "staged.toml"]);
    assert!(stdout.contains("3.000") && stdout.contains("5.000"), "{stdout}");
    let (stdout, _) = expect(&place, 0, &["verify", "staged"]);
    assert!(stdout.contains("replay: 20 bitwise"), "{stdout}");
    // Another program of the last stage runs that alone again; another parameter of the first, all.
    place.file("train.sh", "echo \"{\\\"loss\\\": $(wc -l < $1/features)}\" >> $DRR_LAB_METRICS");
    let (stdout, _) = expect(&place, 0, &["sweep", "staged.toml", "--dry-run"]);
    assert_eq!(counts(&stdout), ["command.prepare 0 4", "command.features 0 4", "command 12 0"], "{stdout}");
}

#[test]
fn artifacts_that_a_command_changed_are_not_built_upon() {
    let place = staged();
    let text = STAGED.replace("seeds = 2", "seeds = 1").replace("[3, 5]", "3").replace("[0.1, 0.2, 0.3]", "0.1");
    place.file("staged.toml", &format!("{text}[execution]\nretries = 0\n"));
    place.file("train.sh", "echo more >> $1/features; echo '{\"loss\": 1}' >> $DRR_LAB_METRICS");
    let (_, stderr) = expect(&place, 1, &["sweep", "staged.toml"]);
    assert!(stderr.contains("features was changed after its trial"), "the one that did it: {stderr}");
    let (stdout, _) = expect(&place, 5, &["verify", "--integrity-only"]);
    assert!(stdout.contains("out/features has the digest"), "{stdout}");
    place.file("train.sh", "echo '{\"loss\": 2}' >> $DRR_LAB_METRICS");
    let (_, stderr) = expect(&place, 1, &["sweep", "staged.toml"]);
    assert!(stderr.contains("features was changed after its trial"), "{stderr}");
}

#[test]
fn a_failed_stage_is_the_reason_of_what_stands_on_it() {
    let place = staged();
    place.file("prepare.sh", "[ $1 = 3 ] || exit 4; seq $1 > $DRR_LAB_OUT/numbers");
    let (_, stderr) = expect(&place, 1, &["sweep", "staged.toml"]);
    assert!(stderr.contains("the command ended with exit code 4"), "{stderr}");
    assert!(stderr.contains("8 trials were not run because what they stand on failed"), "{stderr}");
    let finished = fs::read_dir(place.runs().join("trials")).expect("trials").flatten();
    assert_eq!(finished.filter(|entry| entry.path().join("result.json").exists()).count(), 10);
}
