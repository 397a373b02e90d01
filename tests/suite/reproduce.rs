//! `drr-lab reproduce` as people run it: verdicts and exit codes, what is told before anything runs, the search for a protocol, an
//! interruption.

use std::fs;

use crate::common::Place;

const SWEEP: &str = "
name = \"theirs\"
dataset = \"mine\"
seeds = 12
drr = false
baselines = [\"popularity\", \"item-mean\", \"oracle\", \"worst\"]
[pmf]
epochs = 2
[split]
kind = \"random\"
seed = \"trial\"
[offline]
protocol = \"cold\"
users = 0
k = [5]
least_test = 5
[item-mean]
shrinkage = [0.0, 5.0]
";

const PAPER: &str = "
title = \"Made up\"
margin = 0.2
[data.mine]
users = 60
items = 90
have = \"drr-lab data import mine mine.csv\"
[[table]]
name = \"1\"
title = \"Offline\"
data = \"mine\"
sweep = \"theirs.toml\"
measure = \"offline\"
bounds = { best = \"oracle\", worst = \"worst\" }
columns = [{ name = \"P@5\", metric = \"precision@5\" }]
rows = [
    { name = \"best\", policy = \"oracle\", values = [0.81] },
    { name = \"Pop\", policy = \"popularity\", values = [0.36] },
    { name = \"Mean\", policy = \"item-mean\", where = { \"item-mean.shrinkage\" = 5.0 }, values = [\"not known\"] },
]
[[search]]
table = \"1\"
sweep = \"protocols.toml\"
measure = \"protocols\"
best = \"oracle\"
[[search.row]]
name = \"Pop\"
readings = [\"popularity\"]
";

const PROTOCOLS: &str = "
dataset = \"mine\"
seeds = 1
drr = false
offline = false
baselines = [\"popularity\", \"oracle\"]
[pmf]
epochs = 2
[protocols]
k = [5]
";

/// A place with ratings of 60 users, half of them positive.
fn place(paper: &str) -> Place {
    let place = Place::new();
    let rating = |at: u32| format!("{},{},{},{}\n", at % 60, at / 60, 1 + (at * 7 + at / 11) % 5, 900_000 + at);
    let ratings: String = (0..60 * 90).filter(|at| (at + at / 60) % 3 > 0).map(rating).collect();
    place.file("mine.csv", &format!("user,item,rating,timestamp\n{ratings}"));
    for (name, text) in [("theirs.toml", SWEEP), ("protocols.toml", PROTOCOLS), ("paper.toml", paper)] {
        place.file(name, text);
    }
    place
}

fn imported(paper: &str) -> Place {
    let place = place(paper);
    assert!(place.run(&["data", "import", "mine", "mine.csv"]).status.success());
    place
}

/// The exit code, and all that was said.
fn words(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let output = place.run(arguments);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code(), text.concat())
}

#[test]
fn what_is_missing_is_run_once_and_every_cell_gets_a_verdict() {
    let place = imported(PAPER);
    let (code, said) = words(&place, &["reproduce", "paper.toml"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 reproduced, 1 beside the paper"), "{said}");
    let (_, again) = words(&place, &["reproduce", "paper.toml"]);
    assert!(again.contains("nothing to do"), "{again}");
    let page = fs::read_to_string(place.path().join("reports/paper/index.md")).expect("a page");
    assert!(
        page.contains("| Pop | P@5 | **reproduced** | 0.3600 |") && page.contains("<!-- of these sources: "),
        "{page}"
    );
    // From a number to its trials.
    let (code, said) = words(
        &place,
        &["verify", "--table", "reports/paper/tables/paper-1.csv", "--cell", "2", "ours", "--integrity-only"],
    );
    assert!(code == Some(0) && said.contains("12 trials behind it"), "{said}");
    // A number that differs, one that no order has, one that only a fixed draw would exclude.
    place
        .file("off.toml", &PAPER.replace("values = [0.36]", "values = [0.1]").replace("margin = 0.2", "margin = 0.01"));
    let (code, said) = words(&place, &["reproduce", "off.toml", "--recorded", "--output", "json"]);
    assert!(code == Some(1) && said.contains("\"differs\":1"), "{said}");
    place.file("beyond.toml", &PAPER.replace("values = [0.81]", "values = [1.7]"));
    let (code, said) = words(&place, &["reproduce", "beyond.toml", "--recorded"]);
    assert!(code == Some(1) && said.contains("impossible (≤ "), "{said}");
    place.file(
        "theirs.toml",
        &SWEEP.replace("seed = \"trial\"", "seed = 0").replace("name = \"theirs\"", "name = \"one\""),
    );
    let (_, said) = words(&place, &["reproduce", "beyond.toml"]);
    assert!(!said.contains("impossible (") && said.contains("differs"), "one draw bounds no other: {said}");
    let page = fs::read_to_string(place.path().join("reports/beyond/index.md")).expect("a page");
    assert!(page.contains("Seeds of ours share one drawn split"), "{page}");
}

#[test]
fn what_cannot_be_answered_is_told_before_anything_runs() {
    let place = imported(&PAPER.replace("\"item-mean.shrinkage\" = 5.0", "\"item-mean.shrinkage\" = 7.0"));
    let (code, said) = words(&place, &["reproduce", "paper.toml"]);
    assert!(code == Some(2) && said.contains("there is 0.0, 5.0") && said.contains("nothing was started"), "{said}");
    assert!(!place.runs().join("trials").exists(), "{said}");
    for (from, to, says) in [
        ("where = { \"item-mean.shrinkage\" = 5.0 }, ", "", "2 configurations fit"),
        ("\"popularity\", values", "\"popularty\", values", "did you mean `popularity`?"),
        ("measure = \"offline\"", "measure = \"online\"", "nothing in sweep theirs measures `online`"),
        ("name = \"1\"", "name = \"1, 2\"", "holds a comma"),
    ] {
        place.file("paper.toml", &PAPER.replace(from, to));
        let (code, said) = words(&place, &["reproduce", "paper.toml"]);
        assert!(code == Some(2) && said.contains(says), "{says}: {said}");
    }
    place.file("paper.toml", PAPER);
    place.file("theirs.toml", &SWEEP.replace("least_test = 5", "least_test = \"five\""));
    let (code, said) = words(&place, &["reproduce", "paper.toml"]);
    assert!(code == Some(2) && said.contains("least_test") && said.contains("theirs.toml:"), "{said}");
}

#[test]
fn without_its_data_a_cell_says_how_it_is_to_be_had() {
    let place = place(PAPER);
    let (code, said) = words(&place, &["reproduce", "paper.toml"]);
    assert!(code == Some(4) && said.contains("drr-lab data import mine mine.csv"), "{said}");
    assert!(said.contains("2 data not available, 1 not known"), "{said}");
}

#[test]
fn the_protocol_that_made_a_number_is_found() {
    let place = imported(PAPER);
    // What popularity has under one protocol is "published", and looked for among all.
    place.file(
        "one.toml",
        &SWEEP
            .replace("[offline]", "[offline]\ncandidates = \"unseen\"\nties = \"last\"")
            .replace("seeds = 12", "seeds = 1")
            .replace("seed = \"trial\"", "seed = 0")
            .replace("least_test = 5", "least_test = 2")
            .replace("name = \"theirs\"", "name = \"one\""),
    );
    assert_eq!(words(&place, &["sweep", "one.toml"]).0, Some(0));
    let (_, rows) = words(&place, &["export", "one", "--format", "jsonl"]);
    let row = rows.lines().find(|row| row.contains("\"policy\":\"popularity\"")).expect("popularity's evaluation");
    let row: serde_json::Value = serde_json::from_str(row).expect("JSON");
    let value = row["precision@5"].as_f64().expect("a number");
    place.file("paper.toml", &PAPER.replace("values = [0.36]", &format!("values = [{value}]")));
    let (code, said) = words(&place, &["reproduce", "paper.toml", "--search-protocol"]);
    assert_eq!(code, Some(0), "{said}");
    let best = said.lines().find(|line| line.contains("off by")).expect("a fit");
    assert!(best.contains("off by 0.0000"), "{said}");
    for switch in ["candidates = \"unseen\"", "ties = \"last\""] {
        assert!(said.contains(switch), "{switch}: {said}");
    }
    // A column that is not measured is left out, and said; a row that nothing measures is an error.
    place.file("paper.toml", &PAPER.replace("readings = [\"popularity\"]", "readings = [\"item-mean\"]"));
    let (code, said) = words(&place, &["reproduce", "paper.toml", "--search-protocol"]);
    assert!(code == Some(2) && said.contains("no combination of sweep"), "{said}");
}
