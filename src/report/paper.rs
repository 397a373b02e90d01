//! A paper's tables with ours and the verdicts, as tables of a report, on a page of their own, and for the terminal.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use askama::Template;
use drr_core::TrialId;
use drr_kinds::KindOf as _;

use super::files::{self, WrittenReport};
use super::grid::{Align, Grid, GridCell, GridHeader, GridRow, Look};
use super::group::slug;
use super::ids::DerivedKind;
use super::options::Format;
use super::page::{FIRST, class, counts, linked, those};
use super::protocols::{alone, fits, lines};
use super::value::{CellValue, Gap};
use super::{json, latex, text};
use crate::error::{Error, Result};
use crate::neutral;
use crate::paper::{CellVerdict, JudgedCell, JudgedPaper, JudgedTable, Searched};
use crate::store::StoredSweep;

#[derive(Template)]
#[template(path = "paper.html")]
struct PaperTemplate<'a> {
    name: &'a str,
    source: &'a str,
    facts: Vec<(&'static str, usize)>,
    tables: &'a [Grid],
    searches: &'a [Grid],
    behind: Vec<TrialLine>,
    version: &'static str,
}

/// A judged paper to be shown.
pub struct PaperPage<'a> {
    paper: &'a JudgedPaper,
    tables: Vec<Grid>,
    searches: Vec<Grid>,
    /// The searches as a terminal shows them.
    lines: Vec<String>,
    /// The kinds of trials behind it, with the digests of their sources.
    sources: BTreeMap<String, String>,
}

impl<'a> PaperPage<'a> {
    /// The page of a paper, and of searches for its protocols.
    pub fn new<'s>(
        paper: &'a JudgedPaper,
        searched: &[Searched],
        recorded: impl Iterator<Item = &'s StoredSweep>,
    ) -> Self {
        let tables = paper.tables.iter().flat_map(|table| [overview(table), cells(table)]);
        let searches = searched.iter().flat_map(|it| [fits(it), alone(it)]);
        Self {
            paper,
            tables: tables.map(Grid::neutral).collect(),
            searches: searches.map(Grid::neutral).collect(),
            sources: sources(recorded),
            lines: searched.iter().map(|it| neutral::lines(&lines(it)).into_owned()).collect(),
        }
    }

    /// What a terminal shows: every table's overview, the best protocols, and how many cells there are of each verdict.
    pub fn summary(&self) -> String {
        let overviews = self.tables.iter().step_by(2).zip(&self.paper.tables);
        let shown = overviews.map(|(grid, table)| text::terminal(grid).trim_end().to_owned() + "\n" + &reasons(table));
        let mut parts: Vec<String> = shown.chain(self.lines.iter().cloned()).collect();
        parts.push(self.counted());
        parts.join("\n") + "\n"
    }

    /// All tables as one Markdown page; a comment at its end says of which sources the trials are.
    fn markdown(&self) -> String {
        let mut parts = vec![self.counted() + "\n"];
        parts.extend(self.tables.iter().chain(&self.searches).map(text::markdown));
        let sources: Vec<String> = self.sources.iter().map(|(kind, digest)| format!("{kind} {digest}")).collect();
        parts.push(format!("<!-- of these sources: {} -->\n", sources.join(", ")));
        parts.join("\n")
    }

    /// How many cells there are of each verdict.
    fn counted(&self) -> String {
        let counts = self.paper.counts().into_iter().filter(|(_, count)| *count > 0);
        let counts: Vec<String> = counts.map(|(name, count)| format!("{count} {name}")).collect();
        if counts.is_empty() {
            String::new()
        } else {
            format!("{}: {}", neutral::line(&self.paper.title), counts.join(", "))
        }
    }

    /// Writes the page and its tables into a folder below `out`.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn write(&self, name: &str, out: &Path, formats: &[Format]) -> Result<WrittenReport> {
        let folder = out.join(slug(name));
        files::clear(&folder)?;
        let mut written = Vec::new();
        if formats.contains(&Format::Html) {
            let page = PaperTemplate {
                name: &neutral::line(&self.paper.title),
                source: &neutral::line(&self.paper.source),
                facts: self.paper.counts().into_iter().filter(|(_, count)| *count > 0).collect(),
                tables: &self.tables,
                searches: &self.searches,
                behind: self.behind(),
                version: env!("CARGO_PKG_VERSION"),
            };
            let html = page.render().map_err(|error| Error::environment(format!("cannot write the page: {error}")))?;
            written.push(files::put(&folder, "index.html".as_ref(), html.as_bytes())?);
        }
        if formats.contains(&Format::Md) {
            written.push(files::put(&folder, "index.md".as_ref(), self.markdown().as_bytes())?);
        }
        for grid in self.tables.iter().chain(&self.searches) {
            for format in formats {
                let (extension, text) = match format {
                    Format::Html | Format::Png => continue,
                    Format::Md => ("md", text::markdown(grid)),
                    Format::Tex => ("tex", latex::latex(grid)),
                    Format::Csv => ("csv", text::grid_csv(grid)),
                    Format::Json => ("json", json::grid(grid, DerivedKind::Paper, None)),
                };
                let name = format!("tables/{}.{extension}", grid.slug);
                written.push(files::put(&folder, name.as_ref(), text.as_bytes())?);
            }
        }
        Ok(WrittenReport { folder, files: written, tables: self.tables.len() + self.searches.len(), figures: 0 })
    }

    /// Every trial, with the rows it stands behind.
    fn behind(&self) -> Vec<TrialLine> {
        let mut order: Vec<TrialId> = Vec::new();
        let mut of: HashMap<TrialId, Vec<String>> = HashMap::new();
        for table in &self.paper.tables {
            for row in &table.rows {
                let name = neutral::line(&format!("{} · {}", table.name, row.name)).into_owned();
                for trial in row.cells.iter().flat_map(|cell| &cell.trials) {
                    let names = of.entry(*trial).or_insert_with(|| {
                        order.push(*trial);
                        Vec::new()
                    });
                    if !names.contains(&name) {
                        names.push(name.clone());
                    }
                }
            }
        }
        let line = |id: TrialId| TrialLine { short: id.short(), id: id.to_string(), of: of[&id].join(", ") };
        order.into_iter().map(line).collect()
    }
}

/// A trial and the rows it stands behind.
struct TrialLine {
    short: String,
    id: String,
    of: String,
}

/// The kinds of all trials and of the policies they evaluate, with the digests of their sources.
fn sources<'s>(recorded: impl Iterator<Item = &'s StoredSweep>) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    let specs = recorded.flat_map(|sweep| &sweep.trials).map(|trial| trial.spec());
    // Of a program the digest is that of its files.
    for spec in specs.filter(|spec| !spec.is_command()) {
        sources.insert(spec.kind.to_string(), spec.digest.short());
        if let Some(policy) = &spec.policy {
            sources.insert(policy.kind.to_string(), policy.digest.short());
        }
    }
    sources
}

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
fn reasons(table: &JudgedTable) -> String {
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
fn overview(table: &JudgedTable) -> Grid {
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
fn cells(table: &JudgedTable) -> Grid {
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
