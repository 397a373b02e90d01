//! How a number stands in its column: the best mean, what a test cannot tell from it, and neither.

use super::group::Noise;
use super::table::{Better, Metric, Placing, Row};
use crate::stats::{Alternative, Paired, holm};

/// The level of all tests.
pub(super) const LEVEL: f64 = 0.05;

/// What the marks of a table say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marked {
    /// There is nothing to compare.
    Nothing,
    /// Which mean is best.
    Best,
    /// That, and what a test cannot tell from it.
    Tested,
}

/// Marks the best mean of every column that is not thin, and what cannot be told from it.
pub(super) fn mark(rows: &mut [Row], metrics: &[Metric], least: usize) -> Marked {
    if rows.len() < 2 || !metrics.iter().any(Metric::is_ranked) {
        return Marked::Nothing;
    }
    let (mut tested, mut marked) = (false, false);
    for (column, metric) in metrics.iter().enumerate().filter(|(_, metric)| metric.is_ranked()) {
        let sign = sign(metric);
        let mean = |row: &Row| {
            let mean = sign * row.cells[column].as_ref().filter(|_| row.competes())?.score.summary.mean;
            Some(mean).filter(|mean| !mean.is_nan())
        };
        let best = rows.iter().filter_map(mean).fold(f64::NEG_INFINITY, f64::max);
        let worst = rows.iter().filter_map(mean).fold(f64::INFINITY, f64::min);
        // Where all are equal nobody is best.
        if best == worst && rows.iter().filter_map(mean).count() > 1 {
            continue;
        }
        marked = true;
        let Some(leader) = rows.iter().position(|row| mean(row) == Some(best)) else { continue };
        let paired = |row: &Row| {
            let (best, other) = (rows[leader].cells[column].as_ref()?, row.cells[column].as_ref()?);
            let seeds = |row: &Row| row.noise == Noise::Seeds && row.competes();
            (seeds(&rows[leader]) && seeds(row))
                .then(|| t_test(&Paired::by_seed(&best.scores, &other.scores), least))
                .flatten()
        };
        let p: Vec<f64> = rows.iter().map(|row| paired(row).unwrap_or(f64::NAN)).collect();
        // The leader is no test against itself.
        let others: Vec<f64> = p.iter().enumerate().map(|(at, p)| if at == leader { f64::NAN } else { *p }).collect();
        tested |= others.iter().any(|p| !p.is_nan());
        for ((at, row), p) in rows.iter_mut().enumerate().zip(holm(&others)) {
            let is_best = mean(row) == Some(best);
            let Some(cell) = row.cells[column].as_mut() else { continue };
            cell.standing = match (is_best, at == leader || p <= LEVEL || p.is_nan()) {
                (true, _) => Placing::Best,
                (false, true) => Placing::Other,
                (false, false) => Placing::LikeBest,
            };
        }
    }
    match (marked, tested) {
        (false, _) => Marked::Nothing,
        (true, true) => Marked::Tested,
        (true, false) => Marked::Best,
    }
}

/// The p of Student's paired test, where there are pairs enough.
pub(super) fn t_test(paired: &Paired, least: usize) -> Option<f64> {
    paired.t_test(Alternative::Both).filter(|_| paired.n() >= least)
}

/// 1 where higher is better, -1 where lower is, 0 where neither is.
pub(super) fn sign(metric: &Metric) -> f64 {
    match metric.better {
        Better::Higher => 1.0,
        Better::Lower => -1.0,
        Better::Neither => 0.0,
    }
}
