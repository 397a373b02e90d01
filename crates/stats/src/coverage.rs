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

/// `runs` runs on four tasks at levels of their own, each 0.02 wide; `together` of the variance is common to the tasks of a run,
/// as it is to precision@5 to @20 of one model. The mean of the middle half of their mixture, which is symmetric, is 0.7.
fn four_tasks(data_set: u64, runs: usize, together: f64) -> ScoreMatrix {
    let mut stream = Seed(data_set).stream("coverage/iqm");
    let mut tasks = vec![Vec::new(); 4];
    for _ in 0..runs {
        let common = together.sqrt() * stream.normal();
        for (task, level) in tasks.iter_mut().zip([0.68, 0.69, 0.71, 0.72]) {
            task.push(level + 0.02 * (common + (1.0 - together).sqrt() * stream.normal()));
        }
    }
    ScoreMatrix::new(tasks).expect("whole and finite")
}

fn iqm_covered(runs: usize, together: f64, name: &str, interval: &dyn Fn(&ScoreMatrix) -> Option<Interval>) -> f64 {
    let hits = (0..DATA_SETS).filter(|data_set| {
        let (low, high) = interval(&four_tasks(*data_set, runs, together)).expect("enough runs");
        (low..=high).contains(&0.7)
    });
    let share = hits.count() as f64 / DATA_SETS as f64;
    println!("coverage of the IQM's {name}, {runs} runs × 4 tasks, {together} in common: {:.1} %", 100.0 * share);
    share
}

#[test]
fn the_iqm_interval_that_reports_show_covers() {
    for together in [0.0, 0.9] {
        for runs in [3, 5, 10, 20] {
            let share = iqm_covered(runs, together, "jackknife", &|matrix| matrix.iqm_jackknife(0.95));
            assert!((0.93..=0.97).contains(&share), "{share}");
        }
    }
}

#[test]
fn the_stratified_bootstrap_covers_with_many_independent_runs_alone() {
    let how = Resampling { resamples: 400, seed: Seed(1) };
    let share = |runs, together| {
        iqm_covered(runs, together, "stratified bootstrap", &|matrix| matrix.iqm_interval(0.95, Draw::EachTask, how))
    };
    let few = share(3, 0.0);
    assert!(few < 0.90, "{few}: no report shows it");
    share(5, 0.0);
    let many = share(BOOTSTRAP_N, 0.0);
    assert!((0.93..=0.97).contains(&many), "{many}");
    let together = share(BOOTSTRAP_N, 0.9);
    assert!(together < 0.80, "{together}: it takes the tasks of a run for independent");
    let whole = iqm_covered(BOOTSTRAP_N, 0.9, "bootstrap of whole runs", &|matrix| {
        matrix.iqm_interval(0.95, Draw::WholeRuns, how)
    });
    assert!((0.93..=0.97).contains(&whole), "{whole}");
}

#[test]
fn bootstraps_that_reports_show_from_20_seeds_on_cover() {
    let how = Resampling { resamples: 400, seed: Seed(1) };
    let mut profile = 0;
    let mut improvement = 0;
    // Four tasks of one level, so that what is estimated is known: half the scores lie above 0.7, and a run 0.5 standard
    // deviations better wins with probability 0.638163.
    let matrix = |data_set: u64, name: &str, level: f64| {
        let mut stream = Seed(data_set).stream(name);
        let mut tasks = vec![Vec::new(); 4];
        for _ in 0..BOOTSTRAP_N {
            let common = 0.9f64.sqrt() * stream.normal();
            tasks.iter_mut().for_each(|task| task.push(level + common + 0.1f64.sqrt() * stream.normal()));
        }
        ScoreMatrix::new(tasks).expect("whole and finite")
    };
    for data_set in 0..DATA_SETS {
        let (x, y) = (matrix(data_set, "coverage/x", 0.5), matrix(data_set, "coverage/y", 0.0));
        let holds = |(low, high): Interval, value: f64| usize::from((low..=high).contains(&value));
        let band = x.profile_interval(&[0.5], 0.95, Draw::WholeRuns, how).expect("enough runs");
        profile += holds(band[0], 0.5);
        let interval = probability_of_improvement_interval(&x, &y, 0.95, Draw::WholeRuns, how).expect("enough runs");
        improvement += holds(interval, 0.638_163);
    }
    for (name, hits) in [("performance profile", profile), ("probability of improvement", improvement)] {
        let share = hits as f64 / DATA_SETS as f64;
        println!("coverage of the {name}'s bootstrap of {BOOTSTRAP_N} whole runs: {:.1} %", 100.0 * share);
        assert!((0.93..=0.97).contains(&share), "{name}: {share}");
    }
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
    let permutation = |paired: &Paired| paired.permutation(Alternative::Both, how).map(|test| test.p);
    for n in [8, 10, 20] {
        let share = rejected(n, "the permutation test", &permutation);
        assert!((share - 0.05).abs() <= 0.015, "{share}");
    }
    for n in [3, 5, 10] {
        let share = rejected(n, "Student's paired test", &|paired| paired.t_test(Alternative::Both));
        assert!((share - 0.05).abs() <= 0.015, "{share}");
    }
    let few = rejected(5, "the permutation test", &permutation);
    assert_eq!(few, 0.0, "five pairs cannot reach p = 0.05");
}
