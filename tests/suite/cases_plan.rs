//! Sweeps on ratings that cannot carry them: said when they are planned, before anything trains.

use std::path::Path;

use crate::common::Place;

/// Plans the sweep of a case on one of its files of ratings: exit code, stdout and stderr in one.
fn planned(case: &str, ratings: &str, options: &[&str]) -> (Option<i32>, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases").join(case);
    let place = Place::new();
    let file = |name: &str| folder.join(name).display().to_string();
    let import = place.run(&["--data", "d", "data", "import", "x", &file(ratings), "--assume-stars"]);
    assert!(import.status.success(), "{import:?}");
    let sweep = file("sweep.toml");
    let fixed = ["--data", "d", "sweep", &sweep, "--set", "dataset=x", "--jobs", "1"];
    let output = place.run(&[&fixed[..], options].concat());
    assert!(!place.runs().exists(), "nothing was started");
    // Long messages are wrapped in a frame.
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let words = said.split_whitespace().filter(|word| !matches!(*word, "│" | "×" | "help:"));
    (output.status.code(), words.collect::<Vec<_>>().join(" "))
}

#[track_caller]
fn refused(case: &str, ratings: &str, options: &[&str], lines: &[&str]) {
    // As a plan and as a run.
    for dry in [&["--dry-run"][..], &[]] {
        let (code, said) = planned(case, ratings, &[options, dry].concat());
        assert_eq!(code, Some(2), "{said}");
        for line in lines {
            assert!(said.contains(line), "{line}: {said}");
        }
    }
}

#[test]
fn a_split_that_holds_nothing_out_is_refused_before_anything_trains() {
    let temporal = ["--set", "split.kind=temporal"];
    for ratings in ["n1.csv", "n2.csv"] {
        refused("empty-test-part", ratings, &temporal, &["the split holds nothing out", "none is in the test part"]);
    }
    let small = ["--set", "split.test=0.01", "--set", "split.held_out=validation", "--set", "split.kind=temporal"];
    refused("empty-test-part", "n3.csv", &small, &["none is in the validation part"]);
}

#[test]
fn one_k_that_is_too_large_is_refused_before_the_others_are_trained() {
    let temporal = ["--set", "split.kind=temporal"];
    refused(
        "one-k-too-large",
        "unseen.csv",
        &temporal,
        &["K = 10 cannot be measured offline", "at K = 5", "set offline.k = [5]"],
    );
    refused("few-eligible-users", "s5.csv", &["--set", "offline.k=5,20"], &["K = 20 cannot be measured offline"]);
    refused("few-eligible-users", "s5.csv", &["--set", "drr.history=25"], &["no user of x has 25 positive"]);
}

#[test]
fn a_handful_of_eligible_users_is_said_in_the_plan() {
    let (code, said) = planned("few-eligible-users", "s5.csv", &["--dry-run"]);
    assert_eq!(code, Some(0), "{said}");
    let warning = "few users of x to evaluate on (offline, published, history 5): 16 of 80 at K = 5, 2 of 80 at K = 10";
    assert!(said.contains(warning), "{said}");
    let (_, json) = planned("few-eligible-users", "s5.csv", &["--dry-run", "--output", "json"]);
    assert!(json.contains(r#""eligible":[{"k":5,"users":16},{"k":10,"users":2}]"#), "{json}");
}

#[test]
fn of_a_flood_of_problems_the_first_twenty_are_shown_and_the_others_counted() {
    let place = Place::new();
    let ratings: String = (0..3000).map(|row| format!("{row},7,5.0,996722701\n")).collect();
    let unknown: String = (0..500).map(|key| format!("no_key_{key} = 1\n")).collect();
    for (name, text, problems) in [("ratings.csv", ratings, 3000), ("wrong.toml", unknown, 500)] {
        let file = place.file(name, &text);
        let output = place.run(&["sweep", &file, "--dry-run"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.lines().count() < 250, "{}", said.lines().count());
        let all = said.split_once(" problems, of which the first 20 are shown").map(|(before, _)| before);
        let all: usize =
            all.and_then(|before| before.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("{said}"));
        // One or the other is found once the file has been read.
        assert!((problems..problems + 5).contains(&all), "{all}: {said}");
        assert_eq!(said.matches(" --> ").count(), 20, "{said}");
    }
}
