//! A thousand made papers whose truth is known: how often is a verdict wrong? The numbers are printed:
//! `cargo test -p drr-lab paper::simulation -- --nocapture`.

use drr_core::Seed;
use drr_core::seed::Stream;

use super::verdict::{CellEvidence, CellVerdict};

const TABLES: usize = 1000;
const MARGIN: f64 = 0.01;

/// How often verdicts of cells were given, and how often they were wrong.
#[derive(Debug, Default)]
struct VerdictTally {
    /// Cells that are truly within the margin, and how many were called different.
    within: (f64, f64),
    /// Cells that are truly not, and how many were called reproduced.
    beyond: (f64, f64),
    /// Cells that were called impossible; none of them is.
    impossible: usize,
    /// Cells above what the best order has, and how many were called impossible.
    excluded: (f64, f64),
}

/// One table of eight cells. What was published is the truth of another lab: ours is off by `gap`, whose size is drawn.
fn table(stream: &mut Stream, n: usize, tally: &mut VerdictTally) {
    for _ in 0..8 {
        let spread = 0.002 + 0.01 * stream.unit();
        let truth = 0.5 + 0.3 * stream.unit();
        // A third at the margin itself, on either side, where it is hardest.
        let gap = match stream.below(3) {
            0 => MARGIN * (1.0 + 1e-9),
            1 => MARGIN * (1.0 - 1e-9),
            _ => 0.04 * (stream.unit() - 0.5),
        };
        let gap = if stream.below(2) == 0 { gap } else { -gap };
        // The best order varies from split to split; what was published is what a policy had on a split of its own, which is
        // that split's best order at most.
        let best_spread = if stream.below(2) == 0 { 0.0 } else { 0.006 * stream.unit() };
        let regret = if stream.below(2) == 0 { 0.0 } else { 0.1 * stream.unit() };
        let bounds: Vec<f64> = (0..n).map(|_| truth + regret + best_spread * stream.normal()).collect();
        let published = truth + best_spread * stream.normal();
        let ours: Vec<f64> = (0..n).map(|_| published + gap + spread * stream.normal()).collect();
        let known = Some((published, None, None));
        let evidence =
            CellEvidence { published: known, ours, bounds: (bounds, Vec::new()), hindrance: None, margin: MARGIN };
        let (_, verdict) = evidence.judge();
        let is_within = gap.abs() <= MARGIN;
        let (count, wrong) = if is_within { &mut tally.within } else { &mut tally.beyond };
        *count += 1.0;
        match verdict {
            CellVerdict::Differs if is_within => *wrong += 1.0,
            CellVerdict::Reproduced if !is_within => *wrong += 1.0,
            CellVerdict::Impossible { .. } => tally.impossible += 1,
            _ => {}
        }
        // The same where a number is truly out of reach.
        let above = CellEvidence { published: Some((truth + regret + 0.1, None, None)), ..evidence };
        tally.excluded.0 += 1.0;
        tally.excluded.1 += f64::from(u8::from(matches!(above.judge().1, CellVerdict::Impossible { .. })));
    }
}

#[test]
fn wrong_verdicts_are_as_rare_as_promised() {
    for n in [3, 5, 20] {
        let mut tally = VerdictTally::default();
        for at in 0..TABLES {
            table(&mut Seed(at as u64).stream(&format!("papers/{n}")), n, &mut tally);
        }
        let share = |(count, wrong): (f64, f64)| wrong / count;
        println!(
            "n = {n}: wrong `differs` {:.2} %, wrong `reproduced` {:.2} %, wrong `impossible` {}; of what is out of reach {:.0} % found",
            100.0 * share(tally.within),
            100.0 * share(tally.beyond),
            tally.impossible,
            100.0 * share(tally.excluded)
        );
        assert!(share(tally.within) <= 0.05 && share(tally.beyond) <= 0.05, "n = {n}: {tally:?}");
        assert_eq!(tally.impossible, 0, "n = {n}");
    }
}
