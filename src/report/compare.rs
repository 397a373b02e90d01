//! How each group differs from a reference, paired by seed.

use drr_core::TrialId;

use super::audiences::{self, are_alike, pools};
use super::grid::{Grid, GridCell, GridHeader, GridRow, Look};
use super::marks::{LEVEL, differences, sign, t_test};
use super::measured::{key_headers, keys};
use super::notes::{covered, thin};
use super::reference::Reference;
use super::table::{Cell, Metric, Row, Table};
use super::users::UserCount;
use super::value::{Aside, CellValue, Numeral};
use drr_stats::{Alternative, Paired, Resampling, holm};

/// Every row of `table` against the one that `baseline` names; `None` where the table has no such row, or no other. Where rows are
/// of different users, each is held against the first so named that is of its own.
pub(super) fn against(table: &Table, baseline: &Reference) -> Option<Grid> {
    let named: Vec<usize> = (0..table.rows.len()).filter(|&at| baseline.names(table, &table.rows[at])).collect();
    against_rows(table, &named)
}

/// Every row of `table` against those whose numbers are `named`, as [`against`] has it.
pub(super) fn against_rows(table: &Table, named: &[usize]) -> Option<Grid> {
    let base = *named.first()?;
    let (mut rows, mut cut, mut without, mut several) = (Vec::new(), false, 0, false);
    for (column, metric) in table.compared() {
        let own = |row: &Row| {
            let alike = |at: &&usize| are_alike(row, &table.rows[**at], std::iter::once(column));
            named.iter().filter(|at| table.rows[**at].cells[column].is_some()).find(alike).copied()
        };
        let is_mixed = pools(&table.rows, column).len() > 1;
        let mut compared: Vec<(&Row, &Cell, Paired, usize)> = Vec::new();
        for (at, row) in table.rows.iter().enumerate().filter(|(_, row)| row.stopped == 0) {
            let Some(cell) = row.cells[column].as_ref() else { continue };
            match own(row) {
                Some(reference) if reference == at => {}
                Some(reference) => {
                    let Some(pairs) = differences(row, &table.rows[reference], column) else { continue };
                    several |= reference != base;
                    compared.push((row, cell, pairs, reference));
                }
                None => without += usize::from(table.rows[base].cells[column].is_some()),
            }
        }
        let p: Vec<f64> =
            compared.iter().map(|(_, _, paired, _)| t_test(paired, table.least).unwrap_or(f64::NAN)).collect();
        let mut order: Vec<usize> = (0..compared.len()).collect();
        let mean = |at: &usize| sign(metric) * compared[*at].1.score.summary.mean;
        order.sort_by(|a, b| mean(b).total_cmp(&mean(a)));
        order.truncate(MOST);
        order.sort_unstable();
        // Corrected for all of them, shown for the best.
        let adjusted = holm(&p);
        cut |= compared.len() > MOST;
        rows.extend(order.into_iter().map(|at| {
            let (row, _, paired, reference) = &compared[at];
            let users = if is_mixed { row.cells[column].as_ref().and_then(|cell| cell.users) } else { metric.users };
            line(table, row, (metric, users), paired, adjusted[at], &table.rows[*reference].trials)
        }));
    }
    if rows.is_empty() {
        return None;
    }
    let words = key_headers(table).into_iter().chain([GridHeader::words("metric")]);
    let users = table.metrics.iter().any(|metric| metric.users.is_some()).then(|| GridHeader::numbers("users"));
    let numbers =
        ["difference", "95 % interval", "p (t)", "p (Holm)", "p (permutation)", "p (Wilcoxon)", "effect", "pairs"];
    let mut notes = notes(table);
    if several || without > 0 {
        let own = if several { "Rows on other users are held against the reference's row on theirs. " } else { "" };
        let none =
            if without > 0 { "Where the reference has no row on a row's users there is no difference." } else { "" };
        notes.push(format!("{own}{none}").trim_end().to_owned());
        notes.extend(audiences::note(&table.axes, &table.rows, &table.metrics));
    }
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

fn line(
    table: &Table,
    row: &Row,
    (metric, users): (&Metric, Option<UserCount>),
    paired: &Paired,
    adjusted: f64,
    reference: &[TrialId],
) -> GridRow {
    let mut cells = keys(table, row);
    cells.push(GridCell::words(&metric.name()));
    if table.metrics.iter().any(|metric| metric.users.is_some()) {
        cells.push(CellValue::users(users).into());
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
