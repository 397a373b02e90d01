//! One number for a group over all K: the interquartile mean over seeds × K, and the probability that a seed of it beats
//! one of the baseline, after Agarwal et al. (2021).

use super::audiences::{self, are_alike, pools};
use super::grid::{Grid, GridCell, GridHeader, GridRow, Look};
use super::marks::sign;
use super::measured::{key_headers, keys};
use super::notes::{covered, thin};
use super::reference::Reference;
use super::table::{Row, Table};
use super::value::CellValue;
use drr_stats::{
    BOOTSTRAP_N, Draw, Resampling, ScoreMatrix, probability_of_improvement, probability_of_improvement_interval,
};

/// Bootstraps cost time: of more groups than this the best are aggregated.
pub(super) const MOST: usize = 24;
/// How intervals are drawn.
pub(super) const HOW: Resampling = Resampling { resamples: 2000, seed: drr_core::Seed(0) };

/// The scores of a row by metric and seed, where every metric has every finished seed; thin metrics are left out.
pub(super) fn matrix(table: &Table, row: &Row) -> Option<ScoreMatrix> {
    let tasks = table.compared().map(|(column, metric)| {
        let cell = row.cells[column].as_ref()?;
        Some(cell.scores.iter().map(|(_, score)| sign(metric) * score).collect())
    });
    ScoreMatrix::new(tasks.collect::<Option<Vec<Vec<f64>>>>()?)
}

/// The aggregates of `table`; `None` for a table that compares one metric or where no group has enough seeds.
pub(super) fn aggregate(table: &Table, baseline: &Reference) -> Option<Grid> {
    if table.compared().count() < 2 || !table.is_at_k() {
        return None;
    }
    let all: Vec<(&Row, ScoreMatrix)> =
        table.rows.iter().filter(|row| row.stopped == 0).filter_map(|row| Some((row, matrix(table, row)?))).collect();
    if !all.iter().any(|(_, matrix)| matrix.runs() >= table.least) {
        return None;
    }
    let mut order: Vec<f64> = all.iter().map(|(_, matrix)| matrix.iqm()).collect();
    order.sort_by(|a, b| b.total_cmp(a));
    let columns = || table.compared().map(|(column, _)| column);
    // Of rows on different users neither is better.
    let alike = |one: &Row, other: &Row| are_alike(one, other, columns());
    let is_mixed = columns().any(|column| pools(&table.rows, column).len() > 1);
    let leads = |row: &Row, iqm: f64| {
        let mut rivals = all.iter().filter(|(other, _)| other.competes() && alike(row, other)).peekable();
        let many = !is_mixed || all.iter().filter(|(other, _)| other.competes() && alike(row, other)).count() > 1;
        row.competes() && many && rivals.all(|(_, other)| iqm >= other.iqm())
    };
    let least = order[order.len().min(MOST) - 1];
    let named: Vec<&(&Row, ScoreMatrix)> = all.iter().filter(|(row, _)| baseline.names(table, row)).collect();
    let base = named.first();
    let lines = all.iter().filter(|(_, matrix)| matrix.iqm() >= least).map(|(row, matrix)| {
        let iqm = matrix.iqm();
        let mut cells = keys(table, row);
        let best = if leads(row, iqm) { Look::Strong } else { Look::Plain };
        cells.push(GridCell::from(CellValue::number(Some(iqm), 4)).looking(best));
        let interval = matrix.iqm_jackknife(0.95).filter(|_| matrix.runs() >= table.least);
        cells.push(CellValue::interval(interval, matrix.runs(), 4).into());
        let own = named.iter().find(|(base, _)| alike(base, row));
        let other = own.filter(|(other, _)| !std::ptr::eq(*other, *row));
        let improvement = other.and_then(|(_, base)| probability_of_improvement(matrix, base));
        cells.push(CellValue::number(improvement, 3).into());
        let theirs = other.map(|(_, base)| {
            let runs = matrix.runs().min(base.runs());
            let drawn = (runs >= table.least.max(BOOTSTRAP_N))
                .then(|| probability_of_improvement_interval(matrix, base, 0.95, Draw::WholeRuns, HOW));
            CellValue::interval(drawn.flatten(), runs, 3)
        });
        cells.push(theirs.unwrap_or_else(|| CellValue::number(None, 3)).into());
        cells.push(GridCell::count(row.finished, row.expected));
        let reference = other.map(|(row, _)| row.trials.as_slice()).unwrap_or_default();
        GridRow { cells, trials: [&row.trials, reference].concat() }
    });
    let lines: Vec<GridRow> = lines.collect();
    let against = base.map(|(row, _)| table.name(row));
    let numbers = ["IQM", "IQM 95 %", "P(improvement)", "P 95 %", "n"].map(GridHeader::numbers);
    let mut notes = vec![format!(
        "IQM: the mean of the middle half of all scores, seeds × {} values of K. Interval: jackknife over seeds, Student's t; \
         from {} seeds on.",
        table.compared().count(),
        table.least
    )];
    if table.metrics.iter().any(|metric| metric.users.is_some()) {
        let over: Vec<String> = table.compared().map(|(_, metric)| metric.on_users()).collect();
        notes.push(format!("Over {}.", over.join(", ")));
    }
    notes.extend(thin(&table.metrics));
    notes.extend(audiences::note(&table.axes, &table.rows, &table.metrics));
    notes.push(covered(table.seeding).to_owned());
    notes.push(match against {
        Some(name) => format!(
            "P(improvement): that a seed of the row beats one of {name} at a K drawn at random; ties count half. Interval: \
             percentile bootstrap of whole seeds, {} resamples, seed {}; below {BOOTSTRAP_N} seeds it would be too narrow and is not shown.",
            HOW.resamples, HOW.seed.0
        ),
        None => "P(improvement) needs a baseline; this table has none.".to_owned(),
    });
    if lines.len() < all.len() {
        notes.push(format!("The best {} of {} groups.", lines.len(), all.len()));
    }
    Some(Grid {
        slug: format!("{}-aggregate", table.slug()),
        title: format!("{} · aggregated over K", table.title),
        headers: key_headers(table).into_iter().chain(numbers).collect(),
        rows: lines,
        notes,
    })
}
