//! Sweep files as people write them.

use std::fs;

use serde_json::Value;

use super::{Answer, ask, bring};
use crate::common::Place;

/// The values of a sweep's axis in the order of its trials, as JSON has them.
fn values(place: &Place, file: &str, axis: &str) -> Vec<String> {
    let answer = ask(place, &["sweep", file, "--show", "--output", "json"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let values = answer.out.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["stage"] == "drr").then(|| line["point"][axis].to_string()).filter(|value| value != "null")
    });
    let mut once: Vec<String> = Vec::new();
    values.for_each(|value| {
        if !once.contains(&value) {
            once.push(value)
        }
    });
    once
}

fn floors(place: &Place, range: &str) -> Vec<String> {
    let text = format!(
        "name = \"grid\"\ndataset = \"synthetic\"\nseeds = 1\nbaselines = []\n[drr]\ntrain_steps = 0\nreward_floor = {range}\n"
    );
    let file = place.file("grid.toml", &text);
    values(place, &file, "drr.reward_floor")
}

#[test]
fn grid_through_zero_by_steps() {
    let place = Place::new();
    let file = bring(&place, "grid-through-zero", "sweep.toml");
    let expected =
        ["-0.7", "-0.6", "-0.5", "-0.4", "-0.3", "-0.2", "-0.1", "0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"];
    let found: Vec<String> =
        values(&place, &file, "drr.reward_floor").iter().map(|it| it.trim_end_matches(".0").to_owned()).collect();
    assert_eq!(found, expected);
}

#[test]
fn grid_through_zero_by_other_steps() {
    let place = Place::new();
    for (range, expected) in [
        ("{ range = [-0.3, 0.3], step = 0.1 }", "-0.3 -0.2 -0.1 0 0.1 0.2 0.3"),
        ("{ range = [-0.9, 0.9], step = 0.3 }", "-0.9 -0.6 -0.3 0 0.3 0.6 0.9"),
        ("{ range = [-0.6, 0.6], step = 0.2 }", "-0.6 -0.4 -0.2 0 0.2 0.4 0.6"),
    ] {
        let found: Vec<String> = floors(&place, range).iter().map(|it| it.trim_end_matches(".0").to_owned()).collect();
        assert_eq!(found.join(" "), expected, "{range}");
    }
}

#[test]
fn grid_through_zero_by_number_of_points() {
    let place = Place::new();
    for (range, expected) in [
        ("{ range = [-0.3, 0.6], n = 10 }", "-0.3 -0.2 -0.1 0 0.1 0.2 0.3 0.4 0.5 0.6"),
        ("{ range = [-0.6, 0.3], n = 4 }", "-0.6 -0.3 0 0.3"),
    ] {
        let found: Vec<String> = floors(&place, range).iter().map(|it| it.trim_end_matches(".0").to_owned()).collect();
        assert_eq!(found.join(" "), expected, "{range}");
    }
}

#[test]
fn grid_through_zero_two_signs_of_zero_are_one_value() {
    let place = Place::new();
    for list in ["[-0.0, 0.0]", "[0, -0.0]"] {
        let text = format!("name = \"grid\"\ndataset = \"synthetic\"\nseeds = 1\n[drr]\nreward_floor = {list}\n");
        let answer = ask(&place, &["sweep", &place.file("grid.toml", &text), "--dry-run"]);
        assert!(answer.code == 2 && answer.says(&["twice"]), "{list}: {answer:?}");
    }
}

fn planned(case: &str) -> Answer {
    let place = Place::new();
    let file = bring(&place, "number-spellings", case);
    ask(&place, &["sweep", &file, "--dry-run"])
}

fn written(text: &str) -> Answer {
    let place = Place::new();
    let file = place.file("x.toml", &format!("name = \"x\"\ndataset = \"synthetic\"\n{text}"));
    ask(&place, &["sweep", &file, "--dry-run"])
}

/// One mistake, one problem.
fn one_problem(answer: &Answer) {
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(answer.err.contains(": 1 problem; nothing was started"), "{answer:?}");
}

#[test]
fn number_spellings_a_point_first_or_last() {
    for answer in [planned("a.toml"), written("[drr]\ngamma = 1.\n"), written("[drr]\ngamma = +.5\n")] {
        one_problem(&answer);
        assert!(!answer.says(&["infinite"]), "{answer:?}");
    }
}

#[test]
fn number_spellings_leading_zeros() {
    for answer in [planned("b.toml"), written("seeds = 007\n"), written("[drr]\nhistory = 00\n")] {
        one_problem(&answer);
        assert!(!answer.says(&["of this size"]), "{answer:?}");
    }
}

#[test]
fn number_spellings_a_logarithm_from_zero() {
    let drawn = |field: &str| written(&format!("seeds = 1\n[search]\nsamples = 20\n[drr]\n{field}\n"));
    for answer in [
        planned("c.toml"),
        drawn("critic_lr = { log_uniform = [0, 0.1] }"),
        drawn("tau = { log_uniform = [0.1, 0.01] }"),
    ] {
        one_problem(&answer);
        assert!(answer.says(&["low end"]) && !answer.says(&["has no effect"]), "{answer:?}");
    }
}

#[test]
fn number_spellings_points_that_round_to_one_value() {
    let axis = |field: &str| written(&format!("seeds = 1\n[drr]\n{field}\n"));
    for answer in
        [planned("d.toml"), axis("history = { range = [1, 3], n = 9 }"), axis("batch_size = { log = [8, 10], n = 5 }")]
    {
        one_problem(&answer);
        assert!(answer.says(&["round", "whole number"]), "{answer:?}");
    }
}

#[test]
fn number_spellings_too_many_points() {
    let axis = |field: &str| written(&format!("seeds = 1\n[drr]\n{field}\n"));
    for answer in [
        planned("e.toml"),
        axis("gamma = { range = [0, 0.9], n = 200000 }"),
        axis("actor_lr = { log = [1e-6, 1e-2], n = 1000000 }"),
    ] {
        one_problem(&answer);
        assert!(answer.says(&["points", "values"]) && answer.says(&["100,000", "100000"]), "{answer:?}");
        assert!(!answer.says(&["step`, above 0"]), "{answer:?}");
    }
}

#[test]
fn number_spellings_samples_that_repeat() {
    let drawn =
        |samples: u32, field: &str| written(&format!("seeds = 1\n[search]\nsamples = {samples}\n[drr]\n{field}\n"));
    for (answer, repeat) in [
        (planned("f.toml"), "16 of 20"),
        (drawn(9, "history = { int = [3, 4] }"), "7 of 9"),
        (drawn(12, "prioritized = { choice = [true] }"), "11 of 12"),
    ] {
        if answer.code == 2 && answer.says(&["prioritized", "choice"]) {
            // A field drawn from one value may be refused for that.
            continue;
        }
        assert!(answer.code == 0 && answer.says(&[repeat]), "{repeat}: {answer:?}");
    }
}

#[test]
fn number_spellings_too_small_for_a_number() {
    for text in ["[drr]\nactor_lr = 1e-400\n", "[drr]\ntau = -1e-999\n"] {
        let answer = written(text);
        assert!(answer.code == 2 || answer.says(&["1e-400", "1e-999"]), "{answer:?}");
    }
}

fn is_refused_by_name(file_name: &str, text: &str, rule: &[&str]) {
    let place = Place::new();
    let file = place.file(file_name, text);
    let answer = ask(&place, &["sweep", &format!("./{file}")]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(answer.says(rule), "the rule that is broken is said: {answer:?}");
    assert!(!place.runs().join("sweeps").exists() && super::begun(&place.runs()) == 0, "{answer:?}");
}

fn named(name: &str) -> String {
    format!("name = {name}\ndataset = \"synthetic\"\nseeds = 1\nbaselines = []\n[drr]\ntrain_steps = 0\n")
}

const BEGINS: &[&str] = &["begin", "start with", "first character"];

#[test]
fn sweep_names_that_look_like_options() {
    for file in ["name--help.toml", "name-x.toml"] {
        let place = Place::new();
        let file = bring(&place, "sweep-names", file);
        let text = fs::read_to_string(place.path().join(&file)).expect("text");
        is_refused_by_name("x.toml", &text, BEGINS);
    }
    is_refused_by_name("-v.toml", "dataset = \"synthetic\"\nseeds = 1\n", BEGINS);
}

#[test]
fn sweep_names_that_begin_with_a_point() {
    for name in ["\"..\"", "\".hidden\"", "\"_x\"", "\".\""] {
        let place = Place::new();
        let answer = ask(&place, &["sweep", &place.file("x.toml", &named(name)), "--dry-run"]);
        if name == "\"_x\"" && answer.code == 0 {
            continue; // letters, digits or an underscore: both are sound rules
        }
        assert!(answer.code == 2 && answer.says(BEGINS), "{name}: {answer:?}");
    }
}

#[test]
fn sweep_names_that_are_too_long() {
    for length in [121, 4000] {
        let name = format!("\"{}\"", "a".repeat(length));
        is_refused_by_name("x.toml", &named(&name), &["long", "at most", "characters"]);
    }
}

#[test]
fn sweep_names_with_control_characters() {
    for (name, raw) in [("\"a\\nb\"", "a\nb"), ("\"a\\u0000b\"", "a\0b"), ("\"a\\u001b[31mb\"", "\u{1b}[31m")] {
        let place = Place::new();
        let answer = ask(&place, &["sweep", &place.file("x.toml", &named(name)), "--dry-run"]);
        assert!(answer.code == 2 && !answer.err.contains(raw), "{answer:?}");
    }
}

/// What the list of sweeps says of `fast`: its trials.
fn recorded(place: &Place) -> u64 {
    let answer = ask(place, &["runs", "list", "--output", "json"]);
    let lines = answer.out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["sweep"] == "fast").find_map(|line| line["trials"].as_u64()).expect("it is recorded")
}

/// The sweep of the case, finished: 28 trials.
fn fast(place: &Place) -> String {
    let file = bring(place, "sweep-redefined", "fast.toml");
    let answer = ask(place, &["sweep", &file, "--output", "quiet"]);
    assert_eq!((answer.code, recorded(place)), (0, 28), "{answer:?}");
    file
}

/// Running a part of a sweep leaves the record whole.
fn a_part_does_not_narrow(part: &[&str]) {
    let place = Place::new();
    let file = fast(&place);
    let answer = ask(&place, &[&["sweep", &file], part].concat());
    assert_eq!((answer.code, recorded(&place)), (0, 28), "{answer:?}");
    let gc = ask(&place, &["runs", "gc", "--output", "json"]);
    assert!(!gc.out.contains("/trials/"), "no finished trial of it is litter: {gc:?}");
    let report = ask(&place, &["report", "fast", "--format", "md"]);
    assert!(report.out.contains("0.01"), "{report:?}");
}

#[test]
fn sweep_redefined_by_only() {
    a_part_does_not_narrow(&["--only", "tau=0.001"]);
}

#[test]
fn sweep_redefined_by_seeds() {
    a_part_does_not_narrow(&["--seeds", "1"]);
}

#[test]
fn sweep_redefined_by_only_and_seeds() {
    a_part_does_not_narrow(&["--seeds", "1", "--only", "tau=0.01"]);
}

/// Another definition under the same name is refused, or said with what no longer belongs to it; and what was finished
/// is not offered for removal as if it were litter.
fn another_definition_is_said(redefine: impl FnOnce(&Place, &str) -> Answer) {
    let place = Place::new();
    let file = fast(&place);
    let answer = redefine(&place, &file);
    if answer.code == 2 {
        assert!(answer.says(&["name"]) && recorded(&place) == 28, "{answer:?}");
        return;
    }
    assert!(answer.says(&["no longer", "before", "earlier", "belong"]), "{answer:?}");
    let gc = ask(&place, &["runs", "gc"]);
    assert!(!gc.out.contains("/trials/") || gc.says(&["earlier form", "finished"]), "{gc:?}");
}

#[test]
fn sweep_redefined_by_an_edit() {
    another_definition_is_said(|place, file| {
        let text = fs::read_to_string(place.path().join(file)).expect("text");
        place.file(file, &text.replace("tau = [0.001, 0.01]", "tau = [0.001]"));
        ask(place, &["sweep", file])
    });
}

#[test]
fn sweep_redefined_by_set() {
    another_definition_is_said(|place, file| ask(place, &["sweep", file, "--set", "tau=0.1"]));
}
