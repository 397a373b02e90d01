//! How each group differs from a reference, paired by seed.

use drr_core::TrialId;

use super::grid::{Grid, GridCell, GridHeader, GridRow, Look};
use super::marks::{LEVEL, sign, t_test};
use super::measured::{key_headers, keys};
use super::notes::{covered, thin};
use super::reference::Reference;
use super::table::{Cell, Metric, Row, Table};
use super::value::{Aside, CellValue, Numeral};
use crate::stats::{Alternative, Paired, Resampling, holm};

/// Every row of `table` against the one that `baseline` names; `None` where the table has no such row, or no other.
pub(super) fn against(table: &Table, baseline: &Reference) -> Option<Grid> {
    against_row(table, table.rows.iter().position(|row| baseline.names(table, row))?)
}

/// Every row of `table` against its row number `base`; `None` where there is no other.
pub(super) fn against_row(table: &Table, base: usize) -> Option<Grid> {
    let (mut rows, mut cut) = (Vec::new(), false);
    for (column, metric) in table.compared() {
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
            order.into_iter().map(|at| line(table, compared[at].0, metric, &compared[at].2, adjusted[at], reference)),
        );
    }
    if rows.is_empty() {
        return None;
    }
    let words = key_headers(table).into_iter().chain([GridHeader::words("metric")]);
    let users = table.metrics.iter().any(|metric| metric.users.is_some()).then(|| GridHeader::numbers("users"));
    let numbers =
        ["difference", "95 % interval", "p (t)", "p (Holm)", "p (permutation)", "p (Wilcoxon)", "effect", "pairs"];
    let mut notes = notes(table);
    if cut {
        notes.push(format!("The best {MOST} groups of each metric are shown; Holm's correction is over all."));
    }
    Some(Grid {
        slug: format!("{}-against", table.slug()),
        title: format!("{} · against {}", table.title, table.name(&table.rows[base])),
        headers: words.chain(users).chain(numbers.map(GridHeader::numbers)).collect(),
        rows,
        notes,
    })
}

fn notes(table: &Table) -> Vec<String> {
    let mut notes = vec![
            "Differences of scores with the same seed, first minus reference; interval and p (t) by Student, p two-sided; \
             p (Holm) is corrected within a metric, and bold where it is at most 0.05."
                .to_owned(),
            "p (permutation) flips signs, all of them up to 16 pairs; p (Wilcoxon) is counted out. In brackets: the least p \
             that so many pairs can give. Effect: mean over standard deviation of the differences, Hedges' correction."
                .to_owned(),
            format!("Resamples {}, seed {}. Below {} pairs nothing is tested.", HOW.resamples, HOW.seed.0, table.least),
            covered(table.seeding).to_owned(),
        ];
    notes.extend(thin(&table.metrics));
    notes
}

/// Rows of a metric that are shown: permutations cost time.
const MOST: usize = 100;

/// How permutations are drawn where they are too many to try.
pub(super) const HOW: Resampling = Resampling { resamples: 9999, seed: drr_core::Seed(0) };

fn line(table: &Table, row: &Row, metric: &Metric, paired: &Paired, adjusted: f64, reference: &[TrialId]) -> GridRow {
    let mut cells = keys(table, row);
    cells.push(GridCell::words(&metric.name()));
    if table.metrics.iter().any(|metric| metric.users.is_some()) {
        cells.push(CellValue::users(metric.users).into());
    }
    let finer = metric.decimals + 1;
    let enough = paired.n() >= table.least;
    cells.push(CellValue::number(paired.summary().map(|summary| summary.mean), finer).into());
    cells.push(CellValue::interval(paired.interval(0.95).filter(|_| enough), paired.n(), finer).into());
    let known = |p: Option<f64>| p.filter(|p| !p.is_nan());
    let p = |value: Option<f64>| GridCell::from(CellValue::number(known(value), 4));
    cells.push(p(t_test(paired, table.least)));
    let found = if adjusted <= LEVEL { Look::Strong } else { Look::Plain };
    cells.push(p(Some(adjusted)).looking(found));
    let permutation = paired.permutation(Alternative::Both, HOW).filter(|_| enough);
    cells.push(match permutation.and_then(|test| Some((known(Some(test.p))?, test.least))) {
        Some((value, least)) => {
            CellValue::Number(Numeral { value, decimals: 4, spread: None, aside: Aside::Least(least) }).into()
        }
        None => p(None),
    });
    cells.push(p(paired.wilcoxon(Alternative::Both).filter(|_| enough)));
    cells.push(CellValue::number(paired.effect_size(), 2).into());
    let mut pairs = GridCell::from(CellValue::whole(paired.n()));
    if !paired.unpaired.is_empty() {
        let seeds: Vec<String> = paired.unpaired.iter().map(ToString::to_string).collect();
        pairs.more = Some(format!("without a partner: seed {}", seeds.join(", ")));
        pairs.look = Look::Short;
    }
    cells.push(pairs);
    // A difference stands on both.
    GridRow { cells, trials: [&row.trials, reference].concat() }
}
