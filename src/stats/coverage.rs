//! Do the intervals cover, does the test hold its level? Measured on 2,000 simulated data sets and printed:
//! `cargo test -p drr-lab coverage -- --nocapture`. What fails to cover is asserted too, so that nobody puts a
//! bootstrap over three seeds into a table.

use drr_core::Seed;

use super::*;

const DATA_SETS: u64 = 2000;

fn mean(scores: &[f64]) -> f64 {
    scores.iter().sum::<f64>() / scores.len() as f64
}

/// The share of simulated data sets of `n` normal scores whose interval holds the true mean.
fn covered(n: usize, name: &str, interval: impl Fn(&[f64]) -> Option<Interval>) -> f64 {
    let hits = (0..DATA_SETS).filter(|data_set| {
        let mut stream = Seed(*data_set).stream("coverage");
        let scores: Vec<f64> = (0..n).map(|_| 0.7 + 0.01 * stream.normal()).collect();
        let (low, high) = interval(&scores).expect("enough scores");
        (low..=high).contains(&0.7)
    });
    let share = hits.count() as f64 / DATA_SETS as f64;
    println!("coverage of {name}, n = {n}: {:.1} %", 100.0 * share);
    share
}

#[test]
fn intervals_cover_what_they_say() {
    let student = |scores: &[f64]| t_interval(&Summary::of(scores)?, 0.95);
    for n in [3, 5, 10, 30] {
        let share = covered(n, "Student's interval", student);
        assert!((0.93..=0.97).contains(&share), "{share}");
    }
    let how = Resampling { resamples: 400, seed: Seed(1) };
    for n in [50] {
        for (name, share) in [
            ("the percentile bootstrap", covered(n, "the percentile bootstrap", |x| percentile(x, 0.95, how, mean))),
            ("BCa", covered(n, "the BCa bootstrap", |x| bca(x, 0.95, how, mean))),
        ] {
            assert!((0.93..=0.97).contains(&share), "{name}: {share}");
        }
    }
    let few = covered(3, "the percentile bootstrap", |x| percentile(x, 0.95, how, mean));
    assert!(few < 0.85, "with three scores a bootstrap is too narrow: {few}");
}

#[test]
fn the_iqm_interval_covers_with_many_runs() {
    let how = Resampling { resamples: 400, seed: Seed(1) };
    let share = |runs: usize| {
        let hits = (0..DATA_SETS).filter(|data_set| {
            let mut stream = Seed(*data_set).stream("coverage/iqm");
            // Four tasks at levels of their own; the mean of the middle half of their mixture, which is symmetric, is 0.7.
            let task = |level: f64, stream: &mut drr_core::seed::Stream| -> Vec<f64> {
                (0..runs).map(|_| level + 0.02 * stream.normal()).collect()
            };
            let tasks = [0.68, 0.69, 0.71, 0.72].map(|level| task(level, &mut stream));
            let matrix = ScoreMatrix::new(tasks.to_vec()).expect("whole and finite");
            let (low, high) = matrix.iqm_interval(0.95, how).expect("enough runs");
            (low..=high).contains(&0.7)
        });
        let share = hits.count() as f64 / DATA_SETS as f64;
        println!("coverage of the IQM's stratified bootstrap, {runs} runs × 4 tasks: {:.1} %", 100.0 * share);
        share
    };
    share(3);
    share(5);
    let many = share(20);
    assert!((0.93..=0.97).contains(&many), "{many}");
}

#[test]
fn tests_hold_their_level() {
    let how = Resampling { resamples: 999, seed: Seed(2) };
    let rejected = |n: usize, name: &str, p: &dyn Fn(&Paired) -> Option<f64>| {
        let hits = (0..DATA_SETS).filter(|data_set| {
            let mut stream = Seed(*data_set).stream("coverage/level");
            let paired = Paired { differences: (0..n).map(|_| stream.normal()).collect(), unpaired: vec![] };
            p(&paired).expect("enough pairs") <= 0.05
        });
        let share = hits.count() as f64 / DATA_SETS as f64;
        println!("false positives of {name}, n = {n}: {:.1} %", 100.0 * share);
        share
    };
    let permutation = |paired: &Paired| paired.permutation(Side::Both, how).map(|test| test.p);
    for n in [8, 10, 20] {
        let share = rejected(n, "the permutation test", &permutation);
        assert!((share - 0.05).abs() <= 0.015, "{share}");
    }
    for n in [3, 5, 10] {
        let share = rejected(n, "Student's paired test", &|paired| paired.t_test(Side::Both));
        assert!((share - 0.05).abs() <= 0.015, "{share}");
    }
    let few = rejected(5, "the permutation test", &permutation);
    assert_eq!(few, 0.0, "five pairs cannot reach p = 0.05");
}
