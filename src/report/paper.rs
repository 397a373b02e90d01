//! A paper's tables with ours and the verdicts on a page of their own, in files, and for the terminal.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use askama::Template;
use drr_core::TrialId;
use drr_kinds::KindOf as _;

use super::downloads::FilesBeside;
use super::files::{self, WrittenReport};
use super::grid::{Align, Grid, Look};
use super::group::slug;
use super::ids::DerivedKind;
use super::judged::{cells, overview, reasons};
use super::options::Format;
use super::page::{FIRST, class, counts, linked, those};
use super::protocols::{alone, fits, lines};
use super::{json, latex, text};
use crate::error::{Error, Result};
use crate::neutral;
use crate::paper::{JudgedPaper, Searched};
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
    files: FilesBeside,
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
                files: FilesBeside::new(formats),
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
