//! Groups against each other, paired by seed: which cannot be told from the best, and how each differs from a baseline.

use drr_core::TrialId;

use super::grid::{Grid, Header, Line, Look, Shown};
use super::group::Noise;
use super::reference::Reference;
use super::table::{Better, Cell, Metric, Row, Standing, Table};
use crate::stats::{Paired, Resampling, Side, holm};

/// The level of all tests.
pub(super) const LEVEL: f64 = 0.05;

/// Marks the best mean of every column and what cannot be told from it; returns whether anything was tested.
pub(super) fn mark(rows: &mut [Row], metrics: &[Metric], least: usize) -> bool {
    let mut tested = false;
    if rows.len() < 2 {
        return tested;
    }
    for (column, metric) in metrics.iter().enumerate() {
        let sign = sign(metric);
        let mean = |row: &Row| {
            let mean = sign * row.cells[column].as_ref().filter(|_| row.stopped == 0)?.score.summary.mean;
            Some(mean).filter(|mean| !mean.is_nan())
        };
        let best = rows.iter().filter_map(mean).fold(f64::NEG_INFINITY, f64::max);
        let Some(leader) = rows.iter().position(|row| mean(row) == Some(best)) else { continue };
        let paired = |row: &Row| {
            let (best, other) = (rows[leader].cells[column].as_ref()?, row.cells[column].as_ref()?);
            let seeds = |row: &Row| row.noise == Noise::Seeds && row.stopped == 0;
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
                (true, _) => Standing::Best,
                (false, true) => Standing::Other,
                (false, false) => Standing::LikeBest,
            };
        }
    }
    tested
}

/// The p of Student's paired test, where there are pairs enough.
pub(super) fn t_test(paired: &Paired, least: usize) -> Option<f64> {
    paired.t_test(Side::Both).filter(|_| paired.n() >= least)
}

/// 1 where higher is better, -1 where lower is.
pub(super) fn sign(metric: &Metric) -> f64 {
    match metric.better {
        Better::Higher => 1.0,
        Better::Lower => -1.0,
    }
}

/// Every row of `table` against the one that `baseline` names; `None` where the table has no such row, or no other.
pub(super) fn against(table: &Table, baseline: &Reference) -> Option<Grid> {
    let base = table.rows.iter().position(|row| baseline.names(table, row))?;
    let (mut rows, mut cut) = (Vec::new(), false);
    for (column, metric) in table.metrics.iter().enumerate() {
        let Some(reference) = table.rows[base].cells[column].as_ref() else { continue };
        let others = table.rows.iter().enumerate().filter(|(at, row)| *at != base && row.stopped == 0);
        let compared: Vec<(&Row, &Cell, Paired)> = others
            .filter_map(|(_, row)| {
                let cell = row.cells[column].as_ref()?;
                Some((row, cell, Paired::by_seed(&cell.scores, &reference.scores)))
            })
            .collect();
        let p: Vec<f64> = compared.iter().map(|(.., paired)| t_test(paired, table.least).unwrap_or(f64::NAN)).collect();
        let mut order: Vec<usize> = (0..compared.len()).collect();
        let mean = |at: &usize| sign(metric) * compared[*at].1.score.summary.mean;
        order.sort_by(|a, b| mean(b).total_cmp(&mean(a)));
        order.truncate(MOST);
        order.sort_unstable();
        // Corrected for all of them, shown for the best.
        let adjusted = holm(&p);
        cut |= compared.len() > MOST;
        let reference = &table.rows[base].trials;
        rows.extend(
            order
                .into_iter()
                .map(|at| line(compared[at].0, metric, &compared[at].2, adjusted[at], reference, table.least)),
        );
    }
    if rows.is_empty() {
        return None;
    }
    let words = table.keys.iter().map(|key| Header::words(key)).chain([Header::words("metric")]);
    let numbers =
        ["difference", "95 % interval", "p (t)", "p (Holm)", "p (permutation)", "p (Wilcoxon)", "effect", "pairs"];
    let keys = table.rows[base].keys.iter().zip(&table.keys);
    let name: Vec<&str> = keys.filter(|(value, _)| *value != "–").map(|(value, _)| value.as_str()).collect();
    let name = name.join(", ");
    let mut notes = notes(table.least);
    if cut {
        notes.push(format!("The best {MOST} groups of each metric are shown; Holm's correction is over all."));
    }
    Some(Grid {
        slug: format!("{}-against", table.slug),
        title: format!("{} · against {name}", table.title),
        headers: words.chain(numbers.map(Header::numbers)).collect(),
        rows,
        notes,
    })
}

fn notes(least: usize) -> Vec<String> {
    vec![
            "Differences of scores with the same seed, first minus reference; interval and p (t) by Student, p two-sided; \
             p (Holm) is corrected within a metric, and bold where it is at most 0.05."
                .to_owned(),
            "p (permutation) flips signs, all of them up to 16 pairs; p (Wilcoxon) is counted out. In brackets: the least p \
             that so many pairs can give. Effect: mean over standard deviation of the differences, Hedges' correction."
                .to_owned(),
            format!("Resamples {}, seed {}. Below {least} pairs nothing is tested.", HOW.resamples, HOW.seed.0),
        ]
}

/// Rows of a metric that are shown: permutations cost time.
const MOST: usize = 100;

/// How permutations are drawn where they are too many to try.
pub(super) const HOW: Resampling = Resampling { resamples: 9999, seed: drr_core::Seed(0) };

fn line(row: &Row, metric: &Metric, paired: &Paired, adjusted: f64, reference: &[TrialId], least: usize) -> Line {
    let mut cells: Vec<Shown> = row.keys.iter().chain([&metric.name]).map(|key| Shown::words(key)).collect();
    let finer = metric.decimals + 1;
    let enough = paired.n() >= least;
    cells.push(Shown::number(paired.summary().map(|summary| summary.mean), finer));
    let mut interval = Shown::words(&match paired.interval(0.95).filter(|_| enough) {
        Some((low, high)) => {
            format!("{} to {}", super::grid::number(low, finer), super::grid::number(high, finer))
        }
        None => format!("n = {}, no interval", paired.n()),
    });
    interval.value =
        paired.interval(0.95).filter(|_| enough).map(|(low, high)| format!("{low} {high}")).unwrap_or_default();
    cells.push(interval);
    let p = |value: Option<f64>| Shown::number(value.filter(|value| !value.is_nan()), 4);
    cells.push(p(t_test(paired, least)));
    let found = if adjusted <= LEVEL { Look::Strong } else { Look::Plain };
    cells.push(p(Some(adjusted)).looking(found));
    let permutation = paired.permutation(Side::Both, HOW).filter(|_| enough);
    let mut shown = p(permutation.map(|test| test.p));
    if let Some(test) = permutation {
        shown.text = format!("{} [{}]", shown.text, super::grid::number(test.least, 4));
    }
    cells.push(shown);
    cells.push(p(paired.wilcoxon(Side::Both).filter(|_| enough)));
    cells.push(Shown::number(paired.effect_size(), 2));
    let mut pairs = Shown::words(&paired.n().to_string());
    if !paired.unpaired.is_empty() {
        let seeds: Vec<String> = paired.unpaired.iter().map(ToString::to_string).collect();
        pairs.more = format!("without a partner: seed {}", seeds.join(", "));
        pairs.look = Look::Short;
    }
    cells.push(pairs);
    // A difference stands on both.
    Line { cells, trials: [&row.trials, reference].concat() }
}
