//! A table of metrics as a grid: keys, means and spreads with their marks, n, and what the ± is over.

use super::audiences::pools;
use super::grid::{Grid, GridCell, GridHeader, GridRow, Look};
use super::group::Noise;
use super::table::{Cell, Placing, Row, Table};
use super::value::{Aside, CellValue};
use super::written::number;

/// `table` as a grid.
pub(super) fn of_table(table: &Table) -> Grid {
    let metrics = table.metrics.iter().map(|metric| GridHeader::numbers(&metric.header).on(metric.users));
    let headers = key_headers(table).into_iter().chain(metrics);
    let headers = headers.chain([GridHeader::numbers("n"), GridHeader::words("± over")]).collect();
    // Where rows of a column are of different users, each number says of how many it is.
    let mixed: Vec<bool> = (0..table.metrics.len()).map(|column| pools(&table.rows, column).len() > 1).collect();
    let rows = table.rows.iter().map(|row| {
        let mut cells = keys(table, row);
        for ((metric, cell), is_mixed) in table.metrics.iter().zip(&row.cells).zip(&mixed) {
            let mut shown = mean(row, cell.as_ref(), metric.decimals);
            if let (true, CellValue::Number(number)) = (is_mixed, &mut shown.value) {
                number.aside = cell.as_ref().and_then(|cell| cell.users).map_or(Aside::Nothing, Aside::Users);
            }
            cells.push(shown);
        }
        cells.push(GridCell::count(row.finished, row.expected));
        cells.push(GridCell::words(&row.noise.name()));
        GridRow { cells, trials: row.trials.clone() }
    });
    Grid {
        slug: table.slug(),
        title: table.title.clone(),
        headers,
        rows: rows.collect(),
        notes: table.notes.iter().map(|note| note.text.clone()).collect(),
    }
}

/// The headers of the columns before the numbers.
pub(super) fn key_headers(table: &Table) -> Vec<GridHeader> {
    let policy = table.policy_header.into_iter().map(GridHeader::words);
    policy.chain(table.short_axes().into_iter().map(GridHeader::words)).collect()
}

/// What stands under them.
pub(super) fn keys(table: &Table, row: &Row) -> Vec<GridCell> {
    let policy = table.policy_header.map(|_| GridCell::words(row.policy));
    let point = row.point.iter().map(|value| GridCell::from(CellValue::axis(value.as_ref())));
    policy.into_iter().chain(point).collect()
}

/// A number with its mark and what is to be told of it.
pub(super) fn mean(row: &Row, cell: Option<&Cell>, decimals: usize) -> GridCell {
    GridCell {
        look: match cell.map(|cell| cell.standing) {
            Some(Placing::Best) => Look::Strong,
            Some(Placing::LikeBest) => Look::Like,
            Some(Placing::Other) | None => Look::Plain,
        },
        more: cell.map(|cell| more(cell, row.noise, decimals)),
        ..CellValue::spread(cell.map(|cell| (cell.score.summary.mean, cell.score.spread)), decimals).into()
    }
}

fn more(cell: &Cell, noise: Noise, decimals: usize) -> String {
    if noise != Noise::Seeds {
        return "one seed: no interval over seeds".to_owned();
    }
    let summary = cell.score.summary;
    let shown = |value| number(value, decimals);
    let interval = match cell.interval {
        Some((low, high)) => format!("95 % interval {} to {}", shown(low), shown(high)),
        None => format!("n = {}, no interval", summary.n),
    };
    let seeds: Vec<String> = cell.scores.iter().map(|(seed, score)| format!("{seed}: {}", shown(*score))).collect();
    format!(
        "{interval}; least {}, median {}, greatest {}; by seed {}",
        shown(summary.min),
        shown(summary.median),
        shown(summary.max),
        seeds.join(", ")
    )
}
