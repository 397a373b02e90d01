//! What is known of one gate before all are known: an answer where none is needed from statistics, or none possible; else
//! the contrast and its p-values.

use drr_core::replayed::{ReplayRecord, Sameness};

use super::file::{Direction, GateTest, Margin};
use super::measured::{MeasuredGroup, PEAK_MEMORY, STEP_RATE};
use super::resolve::{Case, Compared};
use super::verdict::Verdict;
use super::words;
use drr_stats::{Alternative, Contrast, MINIMUM_N, Paired, Resampling, Summary};

/// How permutations are drawn where they are too many to try.
const HOW: Resampling = Resampling { resamples: 9999, seed: drr_core::Seed(0) };

/// Whether bits can be compared: current and baseline are of one environment class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bits {
    Comparable,
    OtherClass,
}

/// What is known of a gate before all are known.
pub(super) enum Evidence {
    /// No statistics are needed, or possible.
    Settled(Verdict, String),
    Statistical(Box<Statistics>),
}

/// The numbers that a decision takes.
pub(super) struct Statistics {
    pub current: Summary,
    pub baseline: Option<Summary>,
    pub contrast: Contrast,
    pub direction: Direction,
    pub margin: f64,
    pub paired: bool,
    pub permutation: Option<(f64, f64)>,
    pub p_worse: f64,
    pub p_better: f64,
}

/// A group that is not whole has its answer already.
fn unfinished(group: &MeasuredGroup) -> Option<(Verdict, String)> {
    let all = group.seeds.len() + group.failed.len() + group.pending.len();
    if let Some((seed, why)) = group.failed.first_key_value() {
        let count = group.failed.len();
        return Some((Verdict::Regressed, format!("{count} of {all} trials failed; seed {seed}: {why}")));
    }
    if !group.pending.is_empty() {
        let count = group.pending.len();
        return Some((Verdict::Inconclusive, format!("{count} of {all} trials are not finished")));
    }
    (all == 0).then(|| (Verdict::Inconclusive, "the group has no trials".to_owned()))
}

/// Bits against bits; `judged_otherwise` counts the groups that gates on metrics judge as well.
pub(super) fn digests(case: &Case<'_>, bits: Bits, judged_otherwise: usize) -> Evidence {
    if let Some((verdict, reason)) = case.groups.iter().find_map(|it| unfinished(it.current)) {
        return Evidence::Settled(verdict, reason);
    }
    if bits == Bits::OtherClass {
        let all = case.groups.len();
        let (verdict, more) = match judged_otherwise {
            0 => (Verdict::Inconclusive, "no other gate judges them".to_owned()),
            some => (Verdict::NotCompared, format!("metrics of {some} of {all} groups are judged by other gates")),
        };
        let why = "the baseline is of another environment class, whose bits are others";
        return Evidence::Settled(verdict, format!("{why}; {more}"));
    }
    let (mut compared, mut differing, mut alone) = (0, Vec::new(), Vec::new());
    for Compared { current, baseline, .. } in &case.groups {
        let Some(baseline) = baseline else { continue };
        for (seed, ours) in &current.seeds {
            match baseline.seeds.get(seed) {
                None => alone.push(format!("{} seed {seed}", current.key.words())),
                Some(theirs) => {
                    compared += 1;
                    let metrics = ours.metrics_digest == theirs.metrics_digest;
                    let model = ours.model_digest == theirs.model_digest;
                    if !(metrics && model) {
                        let what = match (metrics, model) {
                            (true, false) => "model",
                            (false, true) => "metrics",
                            _ => "metrics and model",
                        };
                        differing.push(format!("{} seed {seed} ({what})", current.key.words()));
                    }
                }
            }
        }
    }
    match (differing.as_slice(), alone.as_slice()) {
        ([], []) if compared > 0 => {
            Evidence::Settled(Verdict::Pass, format!("{compared} trials are the baseline's to the bit"))
        }
        ([], []) => Evidence::Settled(Verdict::Inconclusive, "there is nothing to compare".to_owned()),
        ([], [first, ..]) => {
            let count = alone.len();
            Evidence::Settled(
                Verdict::Inconclusive,
                format!("{count} trials have no counterpart in the baseline: {first}"),
            )
        }
        ([first, ..], _) => {
            let count = differing.len();
            Evidence::Settled(
                Verdict::Regressed,
                format!("{count} of {compared} trials have other bits; the first: {first}"),
            )
        }
    }
}

/// What came of running trials again, against what is asked of it.
pub(super) fn determinism(case: &Case<'_>, tolerance: Option<f64>) -> Evidence {
    if let Some((verdict, reason)) = case.groups.iter().find_map(|it| unfinished(it.current)) {
        return Evidence::Settled(verdict, reason);
    }
    let is_fine = |record: &ReplayRecord| match tolerance {
        None => record.sameness == Sameness::Bits,
        Some(most) => record.largest <= most,
    };
    let (mut count, mut never) = (0, Vec::new());
    for Compared { current, .. } in &case.groups {
        if let Some((seed, record)) = current.replayed.iter().find(|(_, record)| !is_fine(record)) {
            let reason = format!("{} seed {seed}: {}", current.key.words(), record.says);
            return Evidence::Settled(Verdict::Regressed, reason);
        }
        if current.replayed.is_empty() {
            never.push(current.key.words());
        }
        count += current.replayed.len();
    }
    match never.first() {
        None if count > 0 => {
            Evidence::Settled(Verdict::Pass, format!("{count} trials were run again and did the same"))
        }
        None => Evidence::Settled(Verdict::Inconclusive, "there is nothing to compare".to_owned()),
        Some(first) => {
            let more = if never.len() > 1 { format!(" and {} more groups", never.len() - 1) } else { String::new() };
            let reason =
                format!("no trial of {first}{more} was run again: `drr-lab verify`, or `probe = 1` in the sweep");
            Evidence::Settled(Verdict::Inconclusive, reason)
        }
    }
}

/// A metric against what must hold of it. `notes` takes what must be known beside the answer.
pub(super) fn metric_evidence(metric: &str, test: GateTest, it: &Compared<'_>, notes: &mut Vec<String>) -> Evidence {
    if let Some((verdict, reason)) = unfinished(it.current) {
        return Evidence::Settled(verdict, reason);
    }
    let current = it.current.scores(metric);
    let baseline = it.baseline.map(|group| group.scores(metric));
    for (scores, whose) in [(Some(&current), "this sweep's"), (baseline.as_ref(), "the baseline's")] {
        if let Some((seed, value)) = scores.into_iter().flatten().find(|(_, value)| !value.is_finite()) {
            return Evidence::Settled(Verdict::Inconclusive, format!("{whose} value of seed {seed} is {value}"));
        }
    }
    match (test, baseline) {
        (GateTest::Same { tolerance }, Some(baseline)) => same(&current, &baseline, tolerance),
        (GateTest::AtLeast(bound), _) => bounded(&current, bound, Direction::Higher),
        (GateTest::AtMost(bound), _) => bounded(&current, bound, Direction::Lower),
        (GateTest::NotWorse { direction, margin }, Some(baseline)) => {
            // What a trial used of the machine is another draw each time, whatever its seed.
            let pairing = if [STEP_RATE, PEAK_MEMORY].contains(&metric) { Pairing::Never } else { Pairing::BySeed };
            not_worse((&current, &baseline), direction, margin, pairing, notes)
        }
        (GateTest::Same { .. } | GateTest::NotWorse { .. }, None) => {
            Evidence::Settled(Verdict::Inconclusive, "there is no baseline".to_owned())
        }
    }
}

type Scores = [(u64, f64)];

/// Every seed's value, but for a tolerance.
fn same(current: &Scores, baseline: &Scores, tolerance: f64) -> Evidence {
    let paired = Paired::by_seed(current, baseline);
    if !paired.unpaired.is_empty() || paired.n() == 0 {
        let seeds: Vec<String> = paired.unpaired.iter().map(ToString::to_string).collect();
        return Evidence::Settled(Verdict::Inconclusive, format!("without a counterpart: seed {}", seeds.join(", ")));
    }
    let greatest = paired.differences.iter().map(|difference| difference.abs()).fold(0.0, f64::max);
    let beyond = paired.differences.iter().filter(|difference| difference.abs() > tolerance).count();
    let n = paired.n();
    Evidence::Settled(
        if beyond == 0 { Verdict::Pass } else { Verdict::Regressed },
        match beyond {
            0 => format!("all {n} seeds agree; the greatest difference is {}", words::number(greatest)),
            _ => format!("{beyond} of {n} seeds differ by more than {tolerance}, by up to {}", words::number(greatest)),
        },
    )
}

fn too_few(n: usize) -> Evidence {
    Evidence::Settled(Verdict::Inconclusive, format!("n = {n}; a verdict needs {MINIMUM_N} seeds or more"))
}

fn bounded(current: &Scores, bound: f64, direction: Direction) -> Evidence {
    let values: Vec<f64> = current.iter().map(|(_, value)| *value).collect();
    let Some(summary) = Summary::of(&values) else { return too_few(0) };
    let Some(contrast) = Contrast::to_value(&summary, bound) else { return too_few(summary.n) };
    match statistics((summary, None), contrast, direction, 0.0, None) {
        // Above a floor is where it belongs: no news, and no baseline to renew.
        Evidence::Statistical(mut it) => {
            it.p_better = f64::NAN;
            Evidence::Statistical(it)
        }
        settled => settled,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pairing {
    BySeed,
    Never,
}

fn not_worse(
    (current, baseline): (&Scores, &Scores),
    direction: Direction,
    margin: Margin,
    pairing: Pairing,
    notes: &mut Vec<String>,
) -> Evidence {
    let summary = |scores: &Scores| Summary::of(&scores.iter().map(|(_, value)| *value).collect::<Vec<f64>>());
    let (Some(ours), Some(theirs)) = (summary(current), summary(baseline)) else { return too_few(0) };
    let margin = match margin {
        Margin::Absolute(margin) => margin,
        Margin::Share(share) => share * theirs.mean.abs(),
    };
    let pairs = Paired::by_seed(current, baseline);
    if pairing == Pairing::BySeed && pairs.n() >= MINIMUM_N {
        if !pairs.unpaired.is_empty() {
            let seeds: Vec<String> = pairs.unpaired.iter().map(ToString::to_string).collect();
            notes.push(format!("left out, without a counterpart: seed {}", seeds.join(", ")));
        }
        let Some(contrast) = Contrast::of_pairs(&pairs) else { return too_few(pairs.n()) };
        return statistics((ours, Some(theirs)), contrast, direction, margin, Some(&pairs));
    }
    let Some(contrast) = Contrast::of_groups(&ours, &theirs) else { return too_few(ours.n.min(theirs.n)) };
    if pairing == Pairing::BySeed {
        notes.push("the seeds are others than the baseline's: two independent groups".to_owned());
    }
    statistics((ours, Some(theirs)), contrast, direction, margin, None)
}

fn statistics(
    (current, baseline): (Summary, Option<Summary>),
    contrast: Contrast,
    direction: Direction,
    margin: f64,
    pairs: Option<&Paired>,
) -> Evidence {
    let (below, above) = (contrast.p_below(-margin), contrast.p_above(margin));
    // Without a spread "above 0" holds of 0 itself; that is no improvement.
    let gained = |sign: f64| sign * contrast.difference > 0.0;
    let (p_worse, p_better) = match direction {
        Direction::Higher => (below, if gained(1.0) { contrast.p_above(0.0) } else { 1.0 }),
        Direction::Lower if contrast.error == 0.0 => {
            (f64::from(u8::from(contrast.difference <= margin)), f64::from(u8::from(!gained(-1.0))))
        }
        Direction::Lower => (above, if gained(-1.0) { contrast.p_below(0.0) } else { 1.0 }),
        Direction::Either if contrast.error == 0.0 => (f64::from(u8::from(contrast.difference.abs() <= margin)), 1.0),
        Direction::Either => ((2.0 * below.min(above)).min(1.0), 1.0),
    };
    let permutation = pairs.and_then(|pairs| {
        let (shift, side) = match direction {
            Direction::Higher => (margin, Alternative::Less),
            Direction::Lower => (-margin, Alternative::Greater),
            Direction::Either => (0.0, Alternative::Both),
        };
        let differences = pairs.differences.iter().map(|difference| difference + shift).collect();
        let test = Paired { differences, unpaired: Vec::new() }.permutation(side, HOW)?;
        Some((test.p, test.least))
    });
    let paired = pairs.is_some();
    Evidence::Statistical(Box::new(Statistics {
        current,
        baseline,
        contrast,
        direction,
        margin,
        paired,
        permutation,
        p_worse,
        p_better,
    }))
}
