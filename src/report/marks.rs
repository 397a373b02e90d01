//! How a number stands in its column: the best mean, what a test cannot tell from it, and neither.

use super::audiences::pools;
use super::group::Noise;
use super::table::{Better, Metric, Placing, Row};
use drr_stats::{Alternative, Paired, holm};

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

/// Marks the best mean of every column that is not thin, and what cannot be told from it: among rows on the same users.
pub(super) fn mark(rows: &mut [Row], metrics: &[Metric], least: usize) -> Marked {
    if rows.len() < 2 || !metrics.iter().any(Metric::is_ranked) {
        return Marked::Nothing;
    }
    let (mut tested, mut marked) = (false, false);
    for (column, metric) in metrics.iter().enumerate().filter(|(_, metric)| metric.is_ranked()) {
        let pools = pools(rows, column);
        for pool in &pools {
            let Some(race) = Race::of(rows, (column, metric), pool, least) else { continue };
            // Alone on its users nobody is best.
            if pools.len() > 1 && race.others().count() == 0 {
                continue;
            }
            marked = true;
            tested |= race.others().any(|(_, p)| !p.is_nan());
            let best = race.means[race.leader];
            for (place, &at) in pool.iter().enumerate() {
                let p = race.adjusted[place];
                let is_best = best.is_some() && race.means[place] == best;
                let Some(cell) = rows[at].cells[column].as_mut() else { continue };
                cell.standing = match (is_best, place == race.leader || p <= LEVEL || p.is_nan()) {
                    (true, _) => Placing::Best,
                    (false, true) => Placing::Other,
                    (false, false) => Placing::LikeBest,
                };
            }
        }
    }
    match (marked, tested) {
        (false, _) => Marked::Nothing,
        (true, true) => Marked::Tested,
        (true, false) => Marked::Best,
    }
}

/// Who leads a column among rows on the same users, and what tests say of the distance to the others.
#[derive(Debug)]
pub(super) struct Race {
    /// The rows of the table that run.
    pub(super) rows: Vec<usize>,
    /// Of each its mean, higher for better; none for what does not compete.
    means: Vec<Option<f64>>,
    /// The place of the best among these rows.
    leader: usize,
    /// The p of each against the leader after Holm's correction over all of them; NaN where nothing is tested.
    adjusted: Vec<f64>,
}

impl Race {
    /// The race of the rows `pool` in a column; `None` where nobody leads: nobody competes, or all are equal.
    pub(super) fn of(rows: &[Row], (column, metric): (usize, &Metric), pool: &[usize], least: usize) -> Option<Self> {
        let sign = sign(metric);
        let mean = |row: &Row| {
            let mean = sign * row.cells[column].as_ref().filter(|_| row.competes())?.score.summary.mean;
            Some(mean).filter(|mean| !mean.is_nan())
        };
        let means: Vec<Option<f64>> = pool.iter().map(|&at| mean(&rows[at])).collect();
        let best = means.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
        let worst = means.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        // Where all are equal nobody is best.
        if best == worst && means.iter().flatten().count() > 1 {
            return None;
        }
        let leader = means.iter().position(|mean| *mean == Some(best))?;
        let paired = |at: usize| {
            let (first, row) = (&rows[pool[leader]], &rows[at]);
            let seeds = |row: &Row| row.noise == Noise::Seeds && row.competes();
            let pairs = (seeds(first) && seeds(row)).then(|| differences(first, row, column)).flatten()?;
            t_test(&pairs, least)
        };
        // The leader is no test against itself.
        let p = |(place, at): (usize, &usize)| if place == leader { None } else { paired(*at) };
        let p: Vec<f64> = pool.iter().enumerate().map(|it| p(it).unwrap_or(f64::NAN)).collect();
        Some(Self { rows: pool.to_vec(), means, leader, adjusted: holm(&p) })
    }

    /// The row that leads.
    pub(super) fn leader(&self) -> usize {
        self.rows[self.leader]
    }

    /// The others that compete, the best first, and the p of each.
    pub(super) fn others(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let mut places: Vec<usize> =
            (0..self.rows.len()).filter(|&it| it != self.leader && self.means[it].is_some()).collect();
        places.sort_by(|a, b| self.means[*b].partial_cmp(&self.means[*a]).unwrap_or(std::cmp::Ordering::Equal));
        places.into_iter().map(|place| (self.rows[place], self.adjusted[place]))
    }
}

/// The differences of two rows in a column, seed by seed.
pub(super) fn differences(first: &Row, second: &Row, column: usize) -> Option<Paired> {
    Some(Paired::by_seed(&first.cells[column].as_ref()?.scores, &second.cells[column].as_ref()?.scores))
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
