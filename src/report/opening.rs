//! The top of the page: what was asked, what was found, the main table in a few columns, and which figure stands beside it.

use super::asked::asked;
use super::audiences::pools;
use super::contents::SweepReport;
use super::figure::Figure;
use super::finding::{Conclusion, conclusion, main_table};
use super::grid::{Grid, GridCell, GridHeader, GridRow};
use super::marks::sign;
use super::measured::mean;
use super::notes::yardsticks;
use super::table::{Row, Table};
use super::value::{Aside, CellValue};
use crate::neutral;

/// What a reader sees first.
#[derive(Debug)]
pub(super) struct Opening {
    /// What was asked, a name and its words a line.
    pub(super) asked: Vec<(&'static str, String)>,
    pub(super) found: Conclusion,
    /// The best rows of the main table by its first ranked column.
    pub(super) table: Option<Grid>,
    /// What the files of the whole table are called.
    pub(super) whole: Option<String>,
}

/// Rows that have room beside a figure.
const ROWS: usize = 10;

impl Opening {
    pub(super) fn new(report: &SweepReport<'_>) -> Self {
        let line = |text: &str| neutral::line(text).into_owned();
        let Conclusion { sentences, bounds } = conclusion(report);
        let main = main_table(report);
        Self {
            asked: asked(report).into_iter().map(|(name, words)| (name, line(&words))).collect(),
            found: Conclusion { sentences: sentences.map(|it| line(&it)), bounds: line(&bounds) },
            table: main.and_then(shown).map(Grid::neutral),
            whole: main.map(Table::slug),
        }
    }

    /// The place of the figure to stand at the top: of the main table, or the first of its study.
    pub(super) fn picture(report: &SweepReport<'_>, figures: &[Figure]) -> Option<usize> {
        let table = main_table(report)?;
        let of_table = figures.iter().position(|figure| figure.slug == table.slug());
        let of_study = || figures.iter().position(|figure| figure.slug == table.id.study.slug());
        of_table.or_else(of_study)
    }
}

/// The best rows of `table`, those on the same users together.
fn shown(table: &Table) -> Option<Grid> {
    let column = table.compared().next().map(|(column, _)| column).or((!table.metrics.is_empty()).then_some(0))?;
    let metric = &table.metrics[column];
    let value = |row: &Row| row.cells[column].as_ref().map(|cell| sign(metric) * cell.score.summary.mean);
    let known = |at: &usize| value(&table.rows[*at]).filter(|mean| !mean.is_nan()).unwrap_or(f64::NEG_INFINITY);
    let mut pools = pools(&table.rows, column);
    pools.iter_mut().for_each(|pool| pool.sort_by(|a, b| known(b).total_cmp(&known(a))));
    let (is_mixed, order) = (pools.len() > 1, pools.concat());
    let rows: Vec<GridRow> = order
        .iter()
        .take(ROWS)
        .map(|&at| {
            let row = &table.rows[at];
            let mut number = mean(row, row.cells[column].as_ref(), metric.decimals);
            if let (true, CellValue::Number(number)) = (is_mixed, &mut number.value) {
                let users = row.cells[column].as_ref().and_then(|cell| cell.users);
                number.aside = users.map_or(Aside::Nothing, Aside::Users);
            }
            let cells = vec![GridCell::words(&table.called(row)), number, GridCell::count(row.finished, row.expected)];
            GridRow { cells, trials: row.trials.clone() }
        })
        .collect();
    let mut notes = Vec::new();
    if rows.len() < table.rows.len() {
        let of = if is_mixed { "rows" } else { "best rows" };
        notes.push(format!("{} {of} of {}.", rows.len(), table.rows.len()));
    }
    notes.push("Mean ± sample std over seeds.".to_owned());
    let ranked = table.compared().next().is_some();
    notes.extend(ranked.then(|| yardsticks(&table.rows)).flatten());
    Some(Grid {
        slug: "main".to_owned(),
        title: table.title.clone(),
        headers: vec![
            GridHeader::words("group"),
            GridHeader::numbers(&if metric.id.k().is_some() { metric.name() } else { metric.header.clone() })
                .on(metric.users),
            GridHeader::numbers("n"),
        ],
        rows,
        notes: vec![notes.join(" ")],
    })
}
