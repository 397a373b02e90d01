//! Our statistics against rliable's and scipy's on fixed matrices (`goldens/make.py` made the numbers).

use drr_core::Seed;
use serde_json::Value;

use super::*;

fn goldens() -> Value {
    serde_json::from_str(include_str!("goldens/rliable.json")).expect("the file is JSON")
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

fn matrix(value: &Value) -> ScoreMatrix {
    ScoreMatrix::new(value.as_array().expect("tasks").iter().map(list).collect()).expect("whole and finite")
}

fn close(ours: f64, theirs: f64, what: &str) {
    assert!((ours - theirs).abs() <= 1e-12, "{what}: {ours} is not {theirs}");
}

#[test]
fn aggregates_are_rliables_to_1e_12() {
    let goldens = goldens();
    let thresholds = list(&goldens["thresholds"]);
    for case in goldens["cases"].as_array().expect("cases") {
        let (x, y) = (matrix(&case["x"]), matrix(&case["y"]));
        close(x.iqm(), case["iqm"].as_f64().expect("a number"), "IQM");
        for (ours, theirs) in x.profile(&thresholds).into_iter().zip(list(&case["profile"])) {
            close(ours, theirs, "profile");
        }
        let improvement = probability_of_improvement(&x, &y).expect("the same tasks");
        close(improvement, case["improvement"].as_f64().expect("a number"), "probability of improvement");
    }
}

#[test]
fn paired_tests_are_scipys() {
    for row in goldens()["paired"].as_array().expect("rows") {
        let paired = Paired { differences: list(&row["differences"]), unpaired: vec![] };
        for (name, side) in
            [("two-sided", Alternative::Both), ("greater", Alternative::Greater), ("less", Alternative::Less)]
        {
            let theirs = |test: &str| row[test][name].as_f64();
            // statrs' Student distribution is good to about 1e-11.
            let student = paired.t_test(side).expect("enough pairs");
            assert!((student - theirs("t").expect("a number")).abs() < 1e-9, "t, {name}: {student}");
            close(paired.wilcoxon(side).expect("enough pairs"), theirs("wilcoxon").expect("a number"), "Wilcoxon");
            if let Some(theirs) = theirs("permutation") {
                let ours = paired.permutation(side, Resampling::default()).expect("enough pairs");
                close(ours.p, theirs, "permutation");
            }
        }
    }
}

#[test]
fn bootstrap_intervals_are_scipys_within_the_noise_of_drawing() {
    let bootstrap = &goldens()["bootstrap"];
    let scores = list(&bootstrap["scores"]);
    let how = Resampling { resamples: 100_000, seed: Seed(0) };
    let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
    let error = Summary::of(&scores).and_then(|summary| summary.std).expect("a spread") / (scores.len() as f64).sqrt();
    let ours = [("percentile", percentile(&scores, 0.95, how, mean)), ("BCa", bca(&scores, 0.95, how, mean))];
    for (name, interval) in ours {
        let (low, high) = interval.expect("enough scores");
        for (ours, theirs) in [low, high].into_iter().zip(list(&bootstrap[name])) {
            assert!((ours - theirs).abs() < 0.03 * error, "{name}: {ours} is not {theirs}");
        }
    }
}

#[test]
fn the_interval_against_a_published_spread_is_welchs() {
    let golden = &goldens()["equivalence"];
    let ours = Summary::of(&list(&golden["ours"])).expect("scores");
    let theirs = list(&golden["theirs"]);
    let Equivalence::Equivalent((low, high)) =
        equivalence(&ours, Published { mean: theirs[0], std: Some(theirs[1]), n: Some(theirs[2] as usize) }, 1.0, 0.05)
    else {
        panic!("a margin of 1 holds any of these")
    };
    for (ours, theirs) in [low, high].into_iter().zip(list(&golden["welch90"])) {
        assert!((ours - theirs).abs() < 1e-9, "{ours} is not {theirs}");
    }
}
