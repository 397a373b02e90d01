//! Means over nothing or over a handful.

use std::fs;

use serde_json::Value;

use super::{Answer, ask, begun, bring, import, metrics, ratings, scatter};
use crate::common::{Place, SMALL};

const TEMPORAL: &[&str] = &["--set", "split.kind=temporal"];

/// A split that holds nothing out is refused before anything trains, or its errors are missing; no model is perfect.
fn nothing_is_held_out(place: &Place, file: &str, more: &[&str]) {
    let name = file.split('.').next().expect("a name");
    bring(place, "empty-test-part", "sweep.toml");
    assert!(import(place, name, file, &[]).1.is_some(), "the file is read");
    let data = format!("dataset={name}");
    let answer = ask(place, &[&["sweep", "sweep.toml", "--set", &data], more].concat());
    assert!(!answer.out.contains("0.000"), "{answer:?}");
    for metrics in metrics(&place.runs()) {
        for error in ["test_rmse_stars", "test_mae_stars"] {
            assert!(metrics.get(error).is_none_or(|it| it.as_f64() != Some(0.0)), "{metrics} {answer:?}");
        }
    }
    if answer.code == 2 {
        assert_eq!(begun(&place.runs()), 0, "{answer:?}");
        assert!(answer.says(&["holds nothing out", "leaves nothing", "none is in the"]), "{answer:?}");
    }
}

#[test]
fn empty_test_part_one_rating_a_user() {
    let place = Place::new();
    bring(&place, "empty-test-part", "n1.csv");
    nothing_is_held_out(&place, "n1.csv", TEMPORAL);
}

#[test]
fn empty_test_part_two_ratings_a_user() {
    let place = Place::new();
    bring(&place, "empty-test-part", "n2.csv");
    nothing_is_held_out(&place, "n2.csv", TEMPORAL);
}

#[test]
fn empty_test_part_one_rating_in_all() {
    for more in [&[][..], TEMPORAL] {
        let place = Place::new();
        place.file("one.csv", "userId,movieId,rating,timestamp\n1,1,4.0,880000000\n");
        nothing_is_held_out(&place, "one.csv", more);
    }
}

#[test]
fn empty_test_part_a_share_too_small() {
    let place = Place::new();
    place.file("few.csv", &ratings(20, 20, |user, item| (user == item).then(|| (1 + user % 5).to_string())));
    nothing_is_held_out(&place, "few.csv", &["--set", "split.test=0.01"]);
}

#[test]
fn empty_test_part_three_ratings_a_user_hold_one_out() {
    let place = Place::new();
    bring(&place, "empty-test-part", "sweep.toml");
    bring(&place, "empty-test-part", "n3.csv");
    import(&place, "n3", "n3.csv", &[]);
    let pmf = ["--set", "offline.k=[1]", "--set", "drr.history=1"];
    let answer = ask(&place, &[&["sweep", "sweep.toml", "--set", "dataset=n3"], TEMPORAL, &pmf].concat());
    let errors: Vec<f64> = metrics(&place.runs()).iter().filter_map(|it| it["test_rmse_stars"].as_f64()).collect();
    assert!(errors.len() == 1 && errors[0] > 0.1, "{errors:?} {answer:?}");
}

/// Evaluates, and reports in every form; what was said, and the table of precision as Markdown and as JSON.
fn reported(place: &Place, sweep: &str, more: &[&str]) -> (Answer, String, Value) {
    let done = ask(place, &[&["sweep", sweep], more].concat());
    assert_eq!(done.code, 0, "{done:?}");
    let report = ask(place, &["report", "fast", "--format", "md,json"]);
    assert_eq!(report.code, 0, "{report:?}");
    let tables = place.path().join("reports/fast/tables");
    let read = |end: &str| {
        let mut files = fs::read_dir(&tables).expect("tables").flatten().map(|it| it.path());
        let file = files.find(|it| it.to_string_lossy().ends_with(end)).expect("a table of precision");
        fs::read_to_string(file).expect("text")
    };
    let json = serde_json::from_str(&read("-precision.json")).expect("JSON");
    (done, read("-precision.md"), json)
}

/// The cells of a metric in a table: how each stands among the others.
fn standings<'a>(table: &'a Value, metric: &str) -> Vec<&'a str> {
    let rows = table["rows"].as_array().expect("rows");
    rows.iter().filter_map(|row| row["cells"][metric]["standing"].as_str()).collect()
}

/// Nobody is best in a column that stands on a handful of users, and their number is said.
fn few_users_rank_nobody(place: &Place, sweep: &str, more: &[&str], k: usize, users: u32, of: u32) {
    let (done, markdown, json) = reported(place, sweep, more);
    assert!(!standings(&json, &format!("precision@{k}")).contains(&"best"), "{markdown}");
    let counts = [format!("{users} of {of}"), format!("users@{k}"), format!("{users} users"), format!("{users}/{of}")];
    assert!(counts.iter().any(|count| markdown.contains(count)), "{markdown}");
    assert!(counts.iter().any(|count| done.out.contains(count) || done.err.contains(count)), "{done:?}");
    let column = format!("@{k}");
    let header = done.out.lines().find(|line| line.contains(&column)).expect("the closing table");
    let end = header.find(&column).expect("the column") + column.len();
    for line in done.out.lines().skip_while(|line| *line != header).skip(1).take_while(|line| !line.is_empty()) {
        // The mark stands right behind the number, which ends where the header does.
        assert_ne!(line.chars().nth(end), Some('*'), "{done:?}");
    }
}

#[test]
fn few_eligible_users_two_of_eighty() {
    let place = Place::new();
    let (file, sweep) =
        (bring(&place, "few-eligible-users", "s5.csv"), bring(&place, "few-eligible-users", "sweep.toml"));
    import(&place, "s5", &file, &[]);
    few_users_rank_nobody(&place, &sweep, &["--set", "dataset=s5"], 10, 2, 80);
}

/// Stars from 1 to 5 at random; the first `rich` users rated everything, the others eight items each.
fn rich_and_poor(rich: u32) -> String {
    ratings(80, 40, |user, item| {
        (user < rich || item % 5 == user % 5).then(|| (1 + scatter(1, user, item, 5)).to_string())
    })
}

#[test]
fn few_eligible_users_one() {
    let place = Place::new();
    place.file("made.csv", &rich_and_poor(1));
    let sweep = bring(&place, "few-eligible-users", "sweep.toml");
    import(&place, "made", "made.csv", &[]);
    let more = ["--set", "dataset=made", "--set", "offline.k=[1,6]", "--set", "drr.history=1"];
    few_users_rank_nobody(&place, &sweep, &more, 6, 1, 80);
}

#[test]
fn few_eligible_users_of_three_who_rated_everything() {
    let place = Place::new();
    place.file("made.csv", &rich_and_poor(3));
    let sweep = bring(&place, "few-eligible-users", "sweep.toml");
    import(&place, "made", "made.csv", &[]);
    let more = ["--set", "dataset=made", "--set", "offline.k=[1,6]", "--set", "drr.history=1"];
    few_users_rank_nobody(&place, &sweep, &more, 6, 2, 80);
}

/// The K that can be measured is measured and the other missing with its reason, or the plan says so before training.
fn one_k_is_too_large(place: &Place, sweep: &str, more: &[&str], small: &str, large: &str) {
    let answer = ask(place, &[&["sweep", sweep], more].concat());
    assert!(
        answer.says(&[&format!("@{large}"), &format!("{large} test ratings"), &format!("K = {large}")]),
        "{answer:?}"
    );
    if answer.code == 2 {
        assert_eq!(begun(&place.runs()), 0, "refused before anything trains: {answer:?}");
        return;
    }
    let found = metrics(&place.runs());
    let of = |k: &str| found.iter().filter(|it| it.get(format!("precision@{k}")).is_some_and(Value::is_f64)).count();
    assert_eq!((of(small), of(large)), (5, 0), "{answer:?}");
}

#[test]
fn one_k_too_large_of_two() {
    let place = Place::new();
    bring(&place, "one-k-too-large", "unseen.csv");
    let sweep = bring(&place, "one-k-too-large", "sweep.toml");
    import(&place, "unseen", "unseen.csv", &[]);
    one_k_is_too_large(&place, &sweep, &[&["--set", "dataset=unseen"], TEMPORAL].concat(), "5", "10");
}

#[test]
fn one_k_too_large_by_far() {
    let place = Place::new();
    bring(&place, "one-k-too-large", "unseen.csv");
    let sweep = bring(&place, "one-k-too-large", "sweep.toml");
    import(&place, "unseen", "unseen.csv", &[]);
    let more = [&["--set", "dataset=unseen", "--set", "offline.k=[3,1000]"], TEMPORAL].concat();
    one_k_is_too_large(&place, &sweep, &more, "3", "1000");
}

#[test]
fn one_k_too_large_of_a_made_up_world() {
    let place = Place::new();
    place.file("made.csv", &rich_and_poor(0));
    let sweep = bring(&place, "one-k-too-large", "sweep.toml");
    import(&place, "made", "made.csv", &[]);
    let more = ["--set", "dataset=made", "--set", "offline.k=[1,9]", "--set", "drr.history=1"];
    one_k_is_too_large(&place, &sweep, &more, "1", "9");
}

/// What is recommended to whom is measured beside the precision, for every policy.
#[test]
fn same_list_for_all_is_told_by_the_report() {
    let place = Place::new();
    let sweep =
        place.file("fast.toml", &SMALL.replace("baselines = [\"random\", \"pmf\"]", "baselines = [\"popularity\"]"));
    let done = ask(&place, &["sweep", &sweep]);
    assert_eq!(done.code, 0, "{done:?}");
    let report = ask(&place, &["report", "fast", "--format", "md,html"]);
    assert_eq!(report.code, 0, "{report:?}");
    let tables = fs::read_dir(place.path().join("reports/fast/tables")).expect("tables").flatten();
    let told: Vec<String> = tables
        .filter(|it| it.path().extension().is_some_and(|end| end == "md"))
        .map(|it| fs::read_to_string(it.path()).expect("text").to_lowercase())
        .filter(|text| text.contains("coverage") || text.contains("distinct items"))
        .collect();
    assert!(told.iter().any(|text| text.contains("popularity") && text.contains("drr")), "no table tells of coverage");
}

/// A static ranking gives everybody the same list but for what they have seen; the list itself says so.
#[test]
fn same_list_for_all_is_told_by_the_list() {
    let place = Place::new();
    // No step of training and one hidden unit: what is recommended depends on the user hardly or not at all.
    let sweep = place.file("fast.toml", &SMALL.replace("train_steps = 60", "train_steps = 0"));
    let done = ask(&place, &["sweep", &sweep, "--seeds", "1", "--only", "tau=0.001"]);
    assert_eq!(done.code, 0, "{done:?}");
    let lists = ask(&place, &["runs", "list", "fast", "--output", "json"]);
    let trial = lists.out.lines().find_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["stage"] == "drr").then(|| line["trial"].as_str().map(str::to_owned))?
    });
    let trial = trial.expect("a recommender");
    let top = ask(&place, &["runs", "top", &trial, "--user", "1", "--seen"]);
    assert_eq!(top.code, 0, "{top:?}");
    assert!(top.says(&["of 60 users", "same list", "the same ten", "distinct"]), "{top:?}");
}

/// Rewards answered by different factorisations are on different scales: they share no column of ranks.
#[test]
fn same_list_for_all_rewards_of_two_simulators_are_not_ranked() {
    let place = Place::new();
    let sweep = place.file("fast.toml", &SMALL.replace("epochs = 3", "epochs = [1, 3]"));
    let done = ask(&place, &["sweep", &sweep, "--only", "tau=0.001"]);
    assert_eq!(done.code, 0, "{done:?}");
    let table = done.out.split("\n\n").find(|part| part.contains("Training reward")).expect("a table of rewards");
    assert!(!table.contains('*') && !table.contains('≈'), "{table}");
}
