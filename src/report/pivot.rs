//! A table of one metric with an axis down and an axis across: the same cells in another order, with the same marks.

use super::axis::{AxisValue, ordered, short_axis};
use super::grid::{Grid, GridCell, GridHeader, GridRow, Look};
use super::group::slug;
use super::marks::mark;
use super::measured::mean;
use super::notes;
use super::table::{About, Row, Table};
use super::value::{Aside, CellValue, Gap};

/// Most columns of a pivoted table nobody asked for.
const COLUMNS: usize = 12;
/// Most rows of one.
const ROWS: usize = 60;

/// A pivoted table's cells for programs.
#[derive(Debug)]
pub(super) struct Pivot {
    /// Row and column as shown, and where they stand in the table it was made of.
    pub(super) cells: Vec<PivotKey>,
    /// The metric's place in that table.
    pub(super) metric: usize,
}

/// Where a pivoted cell came from.
#[derive(Debug)]
pub(super) struct PivotKey {
    /// Row of the pivoted table, from 1.
    pub(super) row: usize,
    /// Header of its column.
    pub(super) column: String,
    /// Row of the table it was made of.
    pub(super) from: usize,
}

/// What tells a pivoted row from the others: its policy, and its values on all axes but the one across, the one down first.
#[derive(Debug, PartialEq)]
struct RowKey {
    policy: &'static str,
    point: Vec<Option<AxisValue>>,
}

/// Which metrics are pivoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PivotedMetrics {
    /// The table's first.
    First,
    /// Each, in a table of its own.
    Each,
}

/// `table` with the values of axis `down` in rows and those of `across` in columns; none where it does not have both.
/// Axes beyond the two part rows further; groups that stand on neither, the baselines, are told below.
pub(super) fn pivots(table: &Table, down: &str, across: &str, which: PivotedMetrics) -> Vec<(Grid, Pivot)> {
    let at = |axis: &str| table.axes.iter().position(|known| known == axis);
    let (Some(down), Some(across)) = (at(down), at(across)) else { return Vec::new() };
    let count = match which {
        PivotedMetrics::First => table.metrics.len().min(1),
        PivotedMetrics::Each => table.metrics.len(),
    };
    (0..count).filter_map(|metric| pivot(table, down, across, metric)).collect()
}

/// Whether a table of `down` and `across` is small enough to be shown without asking.
pub(super) fn fits(table: &Table, down: &str, across: &str) -> bool {
    let count = |axis: &str| {
        let at = table.axes.iter().position(|known| known == axis);
        let values = at.map(|at| ordered(table.rows.iter().filter_map(|row| row.point[at].as_ref())));
        values.map_or(0, |values| values.len())
    };
    (2..=ROWS).contains(&count(down)) && (2..=COLUMNS).contains(&count(across))
}

fn pivot(table: &Table, down: usize, across: usize, metric: usize) -> Option<(Grid, Pivot)> {
    let stands = |row: &&Row| row.point[down].is_some() && row.point[across].is_some();
    let columns = ordered(table.rows.iter().filter(stands).filter_map(|row| row.point[across].as_ref()));
    let measured = &table.metrics[metric];
    // Marked among themselves: the best of the table may be a baseline, which stands on neither axis.
    let alone = |row: &Row| Row { cells: vec![row.cells[metric].clone()], ..row.clone() };
    let (places, mut marked): (Vec<usize>, Vec<Row>) =
        table.rows.iter().enumerate().filter(|(_, row)| stands(row)).map(|(at, row)| (at, alone(row))).unzip();
    let marked_as = mark(&mut marked, &table.metrics[metric..=metric], table.least);
    // The axis across goes; policy, the axis down and any other stay, in that order.
    let keys = |row: &Row| {
        let others = (0..row.point.len()).filter(|at| ![down, across].contains(at));
        RowKey {
            policy: row.policy,
            point: std::iter::once(down).chain(others).map(|at| row.point[at].clone()).collect(),
        }
    };
    let mut names: Vec<RowKey> = Vec::new();
    for row in table.rows.iter().filter(stands) {
        let own = keys(row);
        if !names.contains(&own) {
            names.push(own);
        }
    }
    if names.is_empty() || columns.len() < 2 {
        return None;
    }
    let order: Vec<AxisValue> =
        ordered(names.iter().filter_map(|name| name.point[0].as_ref())).into_iter().cloned().collect();
    names.sort_by_key(|name| order.iter().position(|value| name.point[0].as_ref() == Some(value)));
    let all: Vec<&str> = table.axes.iter().map(String::as_str).collect();
    let axis = |at: usize| short_axis(all[at], &all);
    let others = (0..all.len()).filter(|at| ![down, across].contains(at));
    // A policy that all rows share needs no column.
    let policies = names.iter().any(|name| name.policy != names[0].policy);
    let mut headers = Vec::new();
    if policies {
        headers.push(GridHeader::words("policy"));
    }
    headers.extend(std::iter::once(down).chain(others).map(|at| GridHeader::words(axis(at))));
    let column = |value: &AxisValue| format!("{} {value}", axis(across));
    headers.extend(columns.iter().map(|value| GridHeader::numbers(&column(value))));
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    for name in &names {
        let policy = policies.then(|| GridCell::words(name.policy));
        let point = name.point.iter().map(|value| CellValue::axis(value.as_ref()).into());
        let mut line: Vec<GridCell> = policy.into_iter().chain(point).collect();
        let mut trials = Vec::new();
        for value in &columns {
            let found = marked.iter().position(|row| row.point[across].as_ref() == Some(*value) && keys(row) == *name);
            let Some(found) = found else {
                line.push(CellValue::number(None, 0).into());
                continue;
            };
            let row = &marked[found];
            cells.push(PivotKey { row: rows.len() + 1, column: column(value), from: places[found] });
            trials.extend_from_slice(&row.trials);
            line.push(cell(row, measured.decimals));
        }
        rows.push(GridRow { cells: line, trials });
    }
    let mut notes = vec![format!(
        "{} with {} in columns; n stands in brackets where a seed is missing.",
        measured.on_users(),
        all[across]
    )];
    let outside: Vec<String> = table
        .rows
        .iter()
        .filter(|row| !stands(row))
        .map(|row| {
            let shown = mean(row, row.cells[metric].as_ref(), measured.decimals).value.shown();
            format!("{} {shown}", table.name(row))
        })
        .collect();
    if !outside.is_empty() {
        notes.push(format!("On neither axis: {}.", outside.join("; ")));
    }
    notes.extend(notes::marks("of these", "", marked_as));
    notes.extend(notes::thin(&table.metrics[metric..=metric]));
    notes.extend(table.notes.iter().filter(|note| note.about != About::Marks).map(|note| note.text.clone()));
    let suffix = if metric == 0 { String::new() } else { format!("-{}", slug(&measured.name())) };
    let grid = Grid {
        slug: format!("{}-pivot{suffix}", table.slug()),
        title: format!(
            "{} · {} by {} and {}",
            table.title,
            GridHeader::numbers(&measured.header).on(measured.users).shown(),
            axis(down),
            axis(across)
        ),
        headers,
        rows,
        notes,
    };
    Some((grid, Pivot { cells, metric }))
}

/// The only cell of `row`, with its n where it is not whole.
fn cell(row: &Row, decimals: usize) -> GridCell {
    let mut cell = mean(row, row.cells[0].as_ref(), decimals);
    let (finished, expected) = (row.finished, row.expected);
    if finished < expected {
        match &mut cell.value {
            CellValue::Number(number) => number.aside = Aside::Seeds { finished, expected },
            value => *value = CellValue::Missing(Gap::Unfinished { finished, expected }),
        }
        if cell.look == Look::Plain {
            cell.look = Look::Short;
        }
    }
    cell.trials.clone_from(&row.trials);
    cell
}
