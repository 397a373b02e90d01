//! Tables as text: Markdown for people, CSV for programs, aligned columns for the terminal.

use drr_core::TrialId;
use unicode_width::UnicodeWidthStr as _;

use super::grid::{Align, Grid, GridHeader, Look};
use super::group::Noise;
use super::pivot::Pivot;
use super::table::{Cell, Row, Table};
use super::users::UserCount;
use super::value::CellValue;
use crate::neutral::{guarded, markdown as escape};

/// The table with title and notes as Markdown.
pub(super) fn markdown(grid: &Grid) -> String {
    let mut lines = vec![format!("### {}", escape(&grid.title)), String::new()];
    let headers: Vec<String> = grid.headers.iter().map(|header| escape(&header.shown())).collect();
    lines.push(format!("| {} |", headers.join(" | ")));
    let aligns = grid.headers.iter().map(|header| match header.align {
        Align::Right => "---:",
        Align::Left => "---",
    });
    lines.push(format!("| {} |", aligns.collect::<Vec<_>>().join(" | ")));
    for row in &grid.rows {
        let cells = row.cells.iter().map(|cell| match cell.look {
            Look::Strong => format!("**{}**", escape(&cell.value.shown())),
            Look::Like => format!("{} ≈", escape(&cell.value.shown())),
            Look::Plain | Look::Short => escape(&cell.value.shown()),
        });
        lines.push(format!("| {} |", cells.collect::<Vec<_>>().join(" | ")));
    }
    lines.push(String::new());
    lines.extend(grid.notes.iter().map(|note| format!("* {}", escape(note))));
    lines.push(String::new());
    lines.join("\n")
}

/// What is shown, row by row, in full precision, with the row's number before it and its trials' full ids after it.
pub(super) fn grid_csv(grid: &Grid) -> String {
    let headers = grid.headers.iter().map(|header| header.text.clone());
    let headers = std::iter::once("row".to_owned()).chain(headers).chain(["trials".to_owned()]).collect();
    let rows = grid.rows.iter().enumerate().map(|(at, row)| {
        let cells = row.cells.iter().map(|cell| cell.value.field());
        std::iter::once((at + 1).to_string()).chain(cells).chain([ids(&row.trials)]).collect()
    });
    written(std::iter::once(headers).chain(rows))
}

/// One line a cell, in full precision, with the trials behind it: what other programs read. `row` and `column` say where
/// the cell stands in the table as shown.
pub(super) fn csv(table: &Table) -> String {
    let mut records = vec![csv_headers(table)];
    for (at, row) in table.rows.iter().enumerate() {
        for (metric, cell) in table.metrics.iter().zip(&row.cells) {
            let mut record = vec![(at + 1).to_string(), metric.header.clone()];
            record.extend(record_of(table, row, &metric.name(), cell.as_ref()));
            records.push(record);
        }
    }
    written(records.into_iter())
}

/// The cells of a pivoted table, as those of the table it was made of, at their places in it.
pub(super) fn pivot_csv(table: &Table, pivot: &Pivot) -> String {
    let metric = &table.metrics[pivot.metric];
    let lines = pivot.cells.iter().map(|place| {
        let row = &table.rows[place.from];
        let record = record_of(table, row, &metric.name(), row.cells[pivot.metric].as_ref());
        [place.row.to_string(), place.column.clone()].into_iter().chain(record).collect()
    });
    written(std::iter::once(csv_headers(table)).chain(lines))
}

fn csv_headers(table: &Table) -> Vec<String> {
    let fixed = ["row", "column", "dataset", "protocol", "policy"];
    let numbers = [
        "metric",
        "users_least",
        "users_most",
        "n",
        "expected",
        "mean",
        "std",
        "std_over",
        "min",
        "median",
        "max",
        "t95_low",
        "t95_high",
        "seeds",
        "trials",
    ];
    fixed.into_iter().chain(table.axes.iter().map(String::as_str)).chain(numbers).map(str::to_owned).collect()
}

/// Full ids, parted by spaces.
fn ids(trials: &[TrialId]) -> String {
    trials.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn written(records: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer
            .write_record(record.iter().map(|cell| guarded(cell).into_owned()))
            .expect("memory does not fail, and all records are as long as the header");
    }
    let bytes = writer.into_inner().expect("memory does not fail");
    String::from_utf8(bytes).expect("text in, text out")
}

fn record_of(table: &Table, row: &Row, metric: &str, cell: Option<&Cell>) -> Vec<String> {
    let optional = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let users = |of: &dyn Fn(UserCount) -> u64| {
        cell.and_then(|cell| cell.users).map(|users| of(users).to_string()).unwrap_or_default()
    };
    let summary = cell.map(|cell| cell.score.summary);
    let interval = cell.and_then(|cell| cell.interval);
    let over = match row.noise {
        Noise::Seeds => "seeds",
        Noise::Repeats(_) => "repeats",
        Noise::Unknown => "",
    };
    let seeds: Vec<String> = row.seeds.iter().map(ToString::to_string).collect();
    let mut record = vec![table.dataset.clone(), table.protocol.unwrap_or_default().to_owned(), row.policy.to_owned()];
    record.extend(row.point.iter().map(|value| value.as_ref().map(ToString::to_string).unwrap_or_default()));
    record.extend([
        metric.to_owned(),
        users(&|users| users.least),
        users(&|users| users.most),
        row.finished.to_string(),
        row.expected.to_string(),
        optional(summary.map(|summary| summary.mean)),
        optional(cell.and_then(|cell| cell.score.spread)),
        over.to_owned(),
        optional(summary.map(|summary| summary.min)),
        optional(summary.map(|summary| summary.median)),
        optional(summary.map(|summary| summary.max)),
        optional(interval.map(|interval| interval.0)),
        optional(interval.map(|interval| interval.1)),
        seeds.join(" "),
        ids(&row.trials),
    ]);
    record
}

/// The table in aligned columns; the best of a column has a star.
pub(super) fn terminal(grid: &Grid) -> String {
    // The place of a mark is kept free in columns that have one, or numbers would not stand under each other.
    let spread = |value: &CellValue| matches!(value, CellValue::Number(number) if number.spread.is_some());
    let marks = |column: usize| {
        let cells = || grid.rows.iter().map(|row| &row.cells[column]);
        cells().any(|cell| matches!(cell.look, Look::Strong | Look::Like) || spread(&cell.value))
    };
    let marked: Vec<bool> = (0..grid.headers.len()).map(marks).collect();
    let mut lines: Vec<Vec<String>> = vec![grid.headers.iter().map(GridHeader::shown).collect()];
    lines.extend(grid.rows.iter().map(|row| row.cells.iter().map(|cell| cell.value.shown()).collect()));
    for (index, line) in lines.iter_mut().enumerate() {
        for (column, text) in line.iter_mut().enumerate().filter(|(column, _)| marked[*column]) {
            let look = index.checked_sub(1).map(|row| grid.rows[row].cells[column].look);
            text.push_str(match look {
                Some(Look::Strong) => "*",
                Some(Look::Like) => "≈",
                _ => " ",
            });
        }
    }
    let width = |column: usize| lines.iter().map(|line| line[column].width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..grid.headers.len()).map(width).collect();
    let mut shown = vec![grid.title.clone()];
    for line in &lines {
        let mut row = String::from(" ");
        for ((text, header), width) in line.iter().zip(&grid.headers).zip(&widths) {
            let blank = " ".repeat(width - text.width());
            row += &match header.align {
                Align::Right => format!(" {blank}{text} "),
                Align::Left => format!(" {text}{blank} "),
            };
        }
        shown.push(row.trim_end().to_owned());
    }
    shown.join("\n")
}
