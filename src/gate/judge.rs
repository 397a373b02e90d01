//! From resolved gates to verdicts: evidence for each, Holm over all, then the decision. Pure: no files, no clock.
//!
//! A gate *regressed* where the metric is worse than the margin allows, so surely that in a check of an unchanged program
//! all gates together cry wolf with at most the chance `false_alarms`; Holm's correction sees to that. It *passes* where
//! the contrary is as sure as `misses` asks for; passes need no correction, since a check is green only if all gates are.
//! What is neither is *inconclusive*.

use super::file::{Direction, Levels, Margin, Rule, Test};
use super::measured::{Group, PEAK_MEMORY, STEP_RATE};
use super::resolve::{Case, Compared};
use super::verdict::{Finding, Numbers, Verdict};
use super::words;
use crate::stats::{
    Contrast, MINIMUM_N, Paired, Resampling, Side, Summary, deciding_n, holm, minimum_detectable_effect,
};

/// How permutations are drawn where they are too many to try.
const HOW: Resampling = Resampling { resamples: 9999, seed: drr_core::Seed(0) };
/// More seeds than this nobody runs.
const MOST_SEEDS: usize = 10_000;

/// Whether bits can be compared: current and baseline are of one environment class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bits {
    Comparable,
    OtherClass,
}

/// What is known of a gate before all are known.
enum Evidence {
    /// No statistics are needed, or possible.
    Settled(Verdict, String),
    Statistical(Box<Statistics>),
}

struct Statistics {
    current: Summary,
    baseline: Option<Summary>,
    contrast: Contrast,
    direction: Direction,
    margin: f64,
    paired: bool,
    permutation: Option<(f64, f64)>,
    p_worse: f64,
    p_better: f64,
}

/// Judges all gates of a check.
pub(super) fn judge(cases: &[Case<'_>], levels: Levels, bits: Bits) -> Vec<Finding> {
    let judged_otherwise = |case: &Case<'_>| -> Vec<&str> {
        let same = |other: &&Case<'_>| {
            matches!(other.gate.rule, Rule::Metric { .. })
                && other.groups.iter().any(|it| case.groups.iter().any(|own| own.current.key == it.current.key))
        };
        cases.iter().filter(same).map(|other| other.gate.name.as_str()).collect()
    };
    let evidence: Vec<(Evidence, Vec<String>)> = cases
        .iter()
        .map(|case| {
            let mut notes = Vec::new();
            let evidence = match &case.gate.rule {
                Rule::Digest => digests(case, bits, &judged_otherwise(case)),
                Rule::Metric { metric: (metric, _), test } => {
                    metric_evidence(metric, *test, &case.groups[0], &mut notes)
                }
            };
            (evidence, notes)
        })
        .collect();
    let p_of = |which: fn(&Statistics) -> f64| -> Vec<f64> {
        let p = |(evidence, _): &(Evidence, _)| match evidence {
            Evidence::Statistical(it) => which(it),
            Evidence::Settled(..) => f64::NAN,
        };
        holm(&evidence.iter().map(p).collect::<Vec<f64>>())
    };
    let (worse, better) = (p_of(|it| it.p_worse), p_of(|it| it.p_better));
    let corrected = worse.iter().zip(&better);
    cases
        .iter()
        .zip(evidence)
        .zip(corrected)
        .map(|((case, (evidence, mut notes)), (&worse, &better))| {
            let (verdict, reason, numbers) = match evidence {
                Evidence::Settled(verdict, reason) => (verdict, reason, None),
                Evidence::Statistical(it) => {
                    let (verdict, numbers) = decide(&it, worse, better, levels);
                    (verdict, words::reason(verdict, &numbers), Some(numbers))
                }
            };
            notes.extend(new_settings(case));
            Finding {
                gate: case.gate.name.clone(),
                line: case.gate.place.line(),
                group: words::groups(case),
                metric: words::metric(&case.gate.rule),
                rule: words::rule(&case.gate.rule),
                verdict,
                reason,
                numbers,
                notes,
            }
        })
        .collect()
}

fn new_settings(case: &Case<'_>) -> Option<String> {
    let mut new: Vec<&str> = case.groups.iter().flat_map(|it| it.new_settings.iter().map(String::as_str)).collect();
    new.sort_unstable();
    new.dedup();
    (!new.is_empty()).then(|| format!("settings that the baseline knows nothing of: {}", new.join(", ")))
}

/// A group that is not whole has its answer already.
fn unfinished(group: &Group) -> Option<(Verdict, String)> {
    let all = group.seeds.len() + group.failed.len() + group.pending.len();
    if let Some((seed, why)) = group.failed.first_key_value() {
        let count = group.failed.len();
        return Some((Verdict::Regressed, format!("{count} of {all} trials failed; seed {seed}: {why}")));
    }
    if !group.pending.is_empty() {
        let count = group.pending.len();
        return Some((Verdict::Inconclusive, format!("{count} of {all} trials are not run yet")));
    }
    (all == 0).then(|| (Verdict::Inconclusive, "the group has no trials".to_owned()))
}

fn digests(case: &Case<'_>, bits: Bits, otherwise: &[&str]) -> Evidence {
    if let Some((verdict, reason)) = case.groups.iter().find_map(|it| unfinished(it.current)) {
        return Evidence::Settled(verdict, reason);
    }
    if bits == Bits::OtherClass {
        let (verdict, more) = match otherwise {
            [] => (Verdict::Inconclusive, "no other gate judges it".to_owned()),
            names => (Verdict::NotCompared, format!("judged by: {}", names.join(", "))),
        };
        return Evidence::Settled(
            verdict,
            format!("the baseline is of another environment class, whose bits are others; {more}"),
        );
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

fn metric_evidence(metric: &str, test: Test, it: &Compared<'_>, notes: &mut Vec<String>) -> Evidence {
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
        (Test::Same { tolerance }, Some(baseline)) => same(&current, &baseline, tolerance),
        (Test::AtLeast(bound), _) => bounded(&current, bound, Direction::Higher),
        (Test::AtMost(bound), _) => bounded(&current, bound, Direction::Lower),
        (Test::NotWorse { direction, margin }, Some(baseline)) => {
            // What a trial used of the machine is another draw each time, whatever its seed.
            let pairing = if [STEP_RATE, PEAK_MEMORY].contains(&metric) { Pairing::Never } else { Pairing::BySeed };
            not_worse((&current, &baseline), direction, margin, pairing, notes)
        }
        (Test::Same { .. } | Test::NotWorse { .. }, None) => {
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
    statistics((summary, None), contrast, direction, 0.0, None)
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
            Direction::Higher => (margin, Side::Less),
            Direction::Lower => (-margin, Side::Greater),
            Direction::Either => (0.0, Side::Both),
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

fn decide(it: &Statistics, p_worse: f64, p_better: f64, levels: Levels) -> (Verdict, Numbers) {
    let Statistics { contrast, margin, direction, .. } = it;
    // How far the difference is from the margin's edge, on the good side.
    let room = match direction {
        Direction::Higher => contrast.difference + margin,
        Direction::Lower => margin - contrast.difference,
        Direction::Either => margin - contrast.difference.abs(),
    };
    let not_worse = match direction {
        _ if contrast.error == 0.0 => f64::from(u8::from(room < 0.0)),
        Direction::Higher => contrast.p_above(-margin),
        Direction::Lower => contrast.p_below(*margin),
        Direction::Either => contrast.p_above(-margin).max(contrast.p_below(*margin)),
    };
    let verdict = if p_worse <= levels.false_alarms {
        Verdict::Regressed
    } else if p_better <= levels.false_alarms {
        Verdict::Improved
    } else if not_worse <= levels.misses {
        Verdict::Pass
    } else {
        Verdict::Inconclusive
    };
    let spread = contrast.unit_spread();
    let level = if room < 0.0 { levels.false_alarms } else { levels.misses };
    let numbers = |summary: &Summary| (summary.mean, summary.std, summary.n);
    let sides = if *direction == Direction::Either { 2.0 } else { 1.0 };
    let confidence = 1.0 - 2.0 * levels.false_alarms / sides;
    let numbers = Numbers {
        current: numbers(&it.current),
        baseline: it.baseline.as_ref().map(numbers),
        difference: contrast.difference,
        interval: contrast.interval(confidence),
        confidence,
        margin: *margin,
        paired: it.paired,
        n: contrast.n,
        p: it.p_worse,
        p_holm: p_worse,
        permutation: it.permutation,
        detectable: minimum_detectable_effect(spread, contrast.n, levels.false_alarms / sides, levels.power),
        deciding_n: (verdict == Verdict::Inconclusive)
            .then(|| deciding_n(spread, room.abs(), level, levels.power, MOST_SEEDS))
            .flatten(),
    };
    (verdict, numbers)
}
