//! From evidence to verdicts: Holm over all gates, then the decision. Pure: no files, no clock.
//!
//! A gate *regressed* where the metric is worse than the margin allows, so surely that in a check of an unchanged program
//! all gates together cry wolf with at most the chance `false_alarms`; Holm's correction sees to that. It *passes* where
//! the contrary is as sure as `misses` asks for; passes need no correction, since a check is green only if all gates are.
//! What is neither is *inconclusive*.

use super::evidence::{Bits, Evidence, Statistics, determinism, digests, metric_evidence};
use super::file::{Direction, Levels, Rule};
use super::resolve::{Case, Compared};
use super::verdict::{Finding, GateNumbers, Verdict};
use super::words;
use drr_stats::{Summary, deciding_n, holm, minimum_detectable_effect};

/// More seeds than this nobody runs.
const MOST_SEEDS: usize = 10_000;

/// Judges all gates of a check.
pub(super) fn judge(cases: &[Case<'_>], levels: Levels, bits: Bits) -> Vec<Finding> {
    // How many of a case's groups have a gate on a metric as well.
    let judged_otherwise = |case: &Case<'_>| -> usize {
        let metric = |other: &&Case<'_>| matches!(other.gate.rule, Rule::Metric { .. });
        let judged = |own: &&Compared<'_>| {
            cases.iter().filter(metric).flat_map(|other| &other.groups).any(|it| it.current.key == own.current.key)
        };
        case.groups.iter().filter(judged).count()
    };
    let evidence: Vec<(Evidence, Vec<String>)> = cases
        .iter()
        .map(|case| {
            let mut notes = Vec::new();
            let evidence = match &case.gate.rule {
                Rule::Determinism { tolerance } => determinism(case, *tolerance),
                Rule::Digest => digests(case, bits, judged_otherwise(case)),
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

fn decide(it: &Statistics, p_worse: f64, p_better: f64, levels: Levels) -> (Verdict, GateNumbers) {
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
    let numbers = GateNumbers {
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
