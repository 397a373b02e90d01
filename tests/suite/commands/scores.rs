//! Ratings and their evaluation as a service: a command gets the very split that built-in trials use, and what it scores
//! stands in the same table.

use super::expect;
use crate::common::Place;

/// A made-up world, and the mean of each item's ratings, smoothed, as a program of its own would write it.
const SCORED: &str = r#"name = "scored"
seeds = 2
baselines = ["item-mean", "popularity"]
[command]
run = ["sh", "mean.sh", "{data}", "{shrinkage}"]
code = ["mean.sh"]
data = { dataset = "synthetic" }
scores = "scores.csv"
metrics = { train = "none" }
[params]
shrinkage = 5
[item-mean]
shrinkage = 5
[synthetic]
users = 60
items = 80
ratings = 2_400
[pmf]
k = 4
epochs = 3
[offline]
k = [5]
repeats = 2
users = 20
"#;

/// Rewards are (stars - 3) / 2: drawn to the mean as the built-in ranking draws them, the order is the same.
const MEAN: &str = r#"
awk -F, -v m=$2 '
  FILENAME ~ /train/ && FNR > 1 { sum[$2] += ($3 - 3) / 2; count[$2]++; all += ($3 - 3) / 2; lines++ }
  FILENAME ~ /candidates/ && FNR == 1 { print "user,item,score"; mean = all / lines }
  FILENAME ~ /candidates/ && FNR > 1 { printf "%s,%s,%.9g\n", $1, $2, (sum[$2] + m * mean) / (count[$2] + m) }
' "$1/train.csv" "$1/candidates.csv" > "$DRR_LAB_OUT/scores.csv"
echo "{\"train\": $(wc -l < "$1/train.csv")}" >> "$DRR_LAB_METRICS"
"#;

fn world() -> Place {
    let place = Place::new();
    place.file("scored.toml", SCORED);
    place.file("mean.sh", MEAN);
    place
}

#[test]
fn a_commands_scores_stand_beside_the_built_in_ranking_that_computes_the_same() {
    let place = world();
    let (stdout, _) = expect(&place, 0, &["sweep", "scored.toml"]);
    let row = |policy: &str| {
        let line =
            stdout.lines().find(|line| line.trim_start().starts_with(policy)).unwrap_or_else(|| panic!("{stdout}"));
        line.trim_start().trim_start_matches(policy).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("command"), row("item-mean"), "{stdout}");
    assert_ne!(row("command"), row("popularity"), "{stdout}");
    assert!(stdout.contains("1921"), "lines of train.csv, its header among them: {stdout}");
    let (stdout, _) = expect(&place, 0, &["verify", "scored"]);
    assert!(stdout.contains("bitwise") && !stdout.contains("diverged"), "{stdout}");
    expect(&place, 0, &["report", "scored"]);
}

#[test]
fn scores_that_are_not_whole_fail_the_trial_that_wrote_them() {
    for (change, says) in [
        (("user,item,score", "user;item;score"), "line 1 of scores.csv: the header is `user,item,score`"),
        (("%.9g\\n\", $1", "%.9g\\n\", $1 \"x\""), "are no line of candidates.csv"),
        (("FNR > 1 { printf", "FNR > 2 { printf"), "scores.csv has no score for 1 candidates, for example user"),
        (("scores.csv\"", "other.csv\""), "it did not write scores.csv"),
    ] {
        let place = world();
        place.file("mean.sh", &MEAN.replacen(change.0, change.1, 1));
        let (_, stderr) = expect(&place, 1, &["sweep", "scored.toml", "--seeds", "1"]);
        assert!(stderr.contains(says), "{says}\n{stderr}");
    }
}

#[test]
fn scores_of_test_ratings_rank_nothing_else() {
    let place = Place::new();
    place.file("mean.sh", MEAN);
    place.file("unseen.toml", &SCORED.replace("[offline]\n", "[offline]\ncandidates = \"unseen\"\n"));
    let output = place.run(&["sweep", "unseen.toml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && said.contains("scores of a command are of test ratings alone"),
        "{said}"
    );
    assert!(said.contains("--> unseen.toml:") && !place.runs().join("trials").exists(), "{said}");
}
