//! A paper's tables with ours and the verdicts: as the paper prints them, and cell by cell.

use std::collections::BTreeSet;

use drr_core::TrialId;

use super::grid::{Grid, GridCell, GridHeader, GridRow, Look};
use super::group::slug;
use super::value::{CellValue, Gap};
use crate::neutral;
use crate::paper::{CellVerdict, JudgedCell, JudgedPaper, JudgedTable};

/// The tables of a paper beside the report of a sweep: those of which anything was measured.
pub(super) fn beside(paper: &JudgedPaper) -> Vec<Grid> {
    let is_measured =
        |table: &&JudgedTable| table.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.numbers.ours.is_some());
    paper
        .tables
        .iter()
        .filter(is_measured)
        .map(|table| Grid { title: format!("{} · {}", paper.title, table.title), ..cells(table) })
        .collect()
}

/// Why cells have no verdict, each reason once with the rows it is of.
pub(super) fn reasons(table: &JudgedTable) -> String {
    let mut of: Vec<(String, Vec<&str>)> = Vec::new();
    for row in &table.rows {
        for cell in &row.cells {
            let is_told = match &cell.verdict {
                CellVerdict::Inconclusive { seeds, .. } => seeds.is_none(),
                CellVerdict::NoData { .. } | CellVerdict::NotTried { .. } => true,
                _ => false,
            };
            if !is_told {
                continue;
            }
            let why = why(cell);
            match of.iter_mut().find(|(known, _)| *known == why) {
                Some((_, rows)) if rows.contains(&row.name.as_str()) => {}
                Some((_, rows)) => rows.push(&row.name),
                None => of.push((why, vec![&row.name])),
            }
        }
    }
    let line = |(why, rows): &(String, Vec<&str>)| format!("  {}: {why}", rows.join(", "));
    let lines: Vec<String> = of.iter().map(line).map(|line| neutral::line(&line).into_owned() + "\n").collect();
    lines.concat()
}

/// Numbers near 1 are shown with four decimals, as papers print them, totals with one.
fn decimals(cell: &JudgedCell) -> usize {
    if cell.margin >= 1.0 { 1 } else { 4 }
}

/// A verdict in a few words, with how far off it is.
fn short(cell: &JudgedCell) -> String {
    let by = || {
        let shown = |by: f64| format!(" {by:+.*}", decimals(cell));
        // No sign before a zero.
        let is_zero = |text: &str| !text.chars().any(|digit| ('1'..='9').contains(&digit));
        cell.numbers
            .difference
            .map(shown)
            .map_or_else(String::new, |text| if is_zero(&text) { text.replace(['+', '-'], "") } else { text })
    };
    match &cell.verdict {
        CellVerdict::Reproduced | CellVerdict::Differs | CellVerdict::OrderOnly { .. } => {
            format!("{}{}", cell.verdict.name(), by())
        }
        CellVerdict::Impossible { bound, is_best } => {
            format!("impossible ({} {bound:.*})", if *is_best { "≤" } else { "≥" }, decimals(cell))
        }
        CellVerdict::Inconclusive { seeds: Some(seeds), .. } => format!("inconclusive{}, {seeds} seeds", by()),
        CellVerdict::Beside => {
            cell.numbers.ours.map_or_else(String::new, |ours| format!("({:.*})", decimals(cell), ours.mean))
        }
        other => other.name().to_owned(),
    }
}

/// The reason of a verdict.
fn why(cell: &JudgedCell) -> String {
    match &cell.verdict {
        CellVerdict::Reproduced => format!("within ±{}", cell.margin),
        CellVerdict::Differs => format!("beyond ±{}", cell.margin),
        CellVerdict::OrderOnly { tau: (tau, (low, high)) } => {
            format!("the ranking of the column comes out: Kendall's τ {tau:.2}, 95 % {low:.2} to {high:.2}")
        }
        CellVerdict::Inconclusive { why, seeds } => match seeds {
            Some(seeds) => format!("{why}; {seeds} seeds would decide it"),
            None => why.clone(),
        },
        CellVerdict::Impossible { bound, is_best } => {
            let order = if *is_best { "the best order has" } else { "the worst order has" };
            format!("{order} {bound:.*} under this protocol on this data", decimals(cell))
        }
        CellVerdict::NoData { have } => have.clone(),
        CellVerdict::NotTried { why } => why.clone(),
        CellVerdict::NotKnown | CellVerdict::Beside => "no number of the paper's is at hand".to_owned(),
    }
}

fn look(verdict: &CellVerdict) -> Look {
    match verdict {
        CellVerdict::Reproduced => Look::Strong,
        CellVerdict::OrderOnly { .. } => Look::Like,
        CellVerdict::Differs | CellVerdict::Impossible { .. } => Look::Short,
        _ => Look::Plain,
    }
}

/// The table as the paper prints it, a verdict in each cell.
pub(super) fn overview(table: &JudgedTable) -> Grid {
    let headers = std::iter::once(GridHeader::words("method"))
        .chain(table.columns.iter().map(|(name, _)| GridHeader::words(name)));
    let rows = table.rows.iter().map(|row| {
        let cells = row.cells.iter().map(|cell| GridCell {
            more: Some(why(cell)),
            trials: cell.trials.clone(),
            ..GridCell::words(&short(cell)).looking(match look(&cell.verdict) {
                // The word says it already.
                Look::Like => Look::Plain,
                look => look,
            })
        });
        let trials: BTreeSet<TrialId> = row.cells.iter().flat_map(|cell| cell.trials.iter().copied()).collect();
        let cells = std::iter::once(GridCell::words(&row.name)).chain(cells).collect();
        GridRow { cells, trials: trials.into_iter().collect() }
    });
    let source = if table.source.is_empty() { String::new() } else { format!("Source: {}.", table.source) };
    let beside = rows_beside(table).then(|| "In brackets: ours where the paper has no number.".to_owned());
    Grid {
        slug: format!("overview-{}", slug(&table.name)),
        title: format!("{} · {}", table.name, table.title),
        headers: headers.collect(),
        rows: rows.collect(),
        notes: [source]
            .into_iter()
            .filter(|note| !note.is_empty())
            .chain(beside)
            .chain(table.notes.iter().cloned())
            .collect(),
    }
}

/// Whether ours are shown where the paper has no number.
fn rows_beside(table: &JudgedTable) -> bool {
    table.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.verdict == CellVerdict::Beside)
}

/// The same with all numbers, a row a cell.
pub(super) fn cells(table: &JudgedTable) -> Grid {
    let words = ["method", "column", "verdict"].map(GridHeader::words).into_iter();
    let numbers = ["published", "ours", "n", "difference", "90 % interval"].map(GridHeader::numbers);
    let mut rows = Vec::new();
    for row in &table.rows {
        for ((name, metric), cell) in table.columns.iter().zip(&row.cells) {
            let decimals = decimals(cell);
            let spread = |it: Option<(f64, Option<f64>)>| GridCell::from(CellValue::spread(it, decimals));
            let published = match cell.numbers.published {
                Some((mean, std, _)) => spread(Some((mean, std))),
                None => CellValue::Missing(Gap::NotSaid).into(),
            };
            let ours = cell.numbers.ours;
            let measured = if cell.policy.is_empty() { String::new() } else { format!("{}, {metric}", cell.policy) };
            let interval = match cell.numbers.interval {
                Some((low, high)) => CellValue::Interval { low, high, decimals },
                None => CellValue::number(None, decimals),
            };
            rows.push(GridRow {
                cells: vec![
                    GridCell::words(&row.name),
                    GridCell::words(name),
                    GridCell::words(cell.verdict.name()).looking(look(&cell.verdict)),
                    published,
                    spread(ours.map(|ours| (ours.mean, ours.std))),
                    ours.map_or(CellValue::Missing(Gap::Unknown), |ours| CellValue::whole(ours.n)).into(),
                    CellValue::number(cell.numbers.difference, decimals).into(),
                    interval.into(),
                    GridCell::words(&why(cell)),
                    GridCell::words(&measured),
                    CellValue::users(cell.users).into(),
                ],
                trials: cell.trials.clone(),
            });
        }
    }
    let notes = vec![
        "Reproduced: the 90 % interval of the difference lies within the margin (two one-sided tests at 5 %, by seeds); differs: \
         it lies outside; where no n is published, the published mean is taken as exact."
            .to_owned(),
    ];
    Grid {
        slug: format!("paper-{}", slug(&table.name)),
        title: format!("{} · {}, cell by cell", table.name, table.title),
        headers: words
            .chain(numbers)
            .chain(["because", "ours is"].map(GridHeader::words))
            .chain([GridHeader::numbers("users")])
            .collect(),
        rows,
        notes,
    }
}
