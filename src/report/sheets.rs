//! All tables of a report in their order: of metrics, pivoted, differences to the baseline, aggregates, published numbers,
//! speed; and how each is written.

use super::contents::SweepReport;
use super::grid::Grid;
use super::ids::{DerivedKind, ReportPart, TableId};
use super::layout::TableLayout;
use super::options::Format;
use super::pivot::{Pivot, PivotedMetrics, fits, pivots};
use super::reference::Reference;
use super::table::Table;
use super::{aggregate, compare, json, judged, latex, measured, text, usage};
use crate::error::{Error, Result};
use crate::paper::judge;

/// The tables of a report.
pub(super) struct Sheets<'r> {
    /// As people see them, in their order.
    pub(super) grids: Vec<Grid>,
    /// What each of them was made of.
    sources: Vec<SheetContent<'r>>,
}

/// What a grid shows.
enum SheetContent<'r> {
    /// A table of metrics.
    Metrics(&'r Table),
    /// Cells of one.
    Pivot(&'r Table, Pivot),
    /// Numbers derived from a table, or from the sweep.
    Derived(DerivedKind, Option<TableId>),
}

impl<'r> Sheets<'r> {
    /// The tables of `report`.
    ///
    /// # Errors
    /// A baseline that is no group.
    pub(super) fn new(report: &'r SweepReport<'_>) -> Result<Self> {
        let mut sheets = Self { grids: Vec::new(), sources: Vec::new() };
        for table in &report.tables {
            sheets.put(measured::of_table(table), SheetContent::Metrics(table));
        }
        for table in &report.tables {
            for (grid, pivot) in pivoted(table, &report.layout) {
                sheets.put(grid, SheetContent::Pivot(table, pivot));
            }
        }
        for (grid, kind, of) in derived(report)? {
            sheets.put(grid, SheetContent::Derived(kind, of));
        }
        Ok(sheets)
    }

    fn put(&mut self, grid: Grid, source: SheetContent<'r>) {
        self.grids.push(grid.neutral());
        self.sources.push(source);
    }

    /// Every table with what it belongs to.
    pub(super) fn placed(&self) -> impl Iterator<Item = (ReportPart, &Grid)> {
        let part = |source: &SheetContent<'_>| match source {
            SheetContent::Metrics(table) | SheetContent::Pivot(table, _) => ReportPart::Study(table.id.study.clone()),
            SheetContent::Derived(_, Some(of)) => ReportPart::Study(of.study.clone()),
            SheetContent::Derived(DerivedKind::Paper, None) => ReportPart::Papers,
            SheetContent::Derived(_, None) => ReportPart::Sweep,
        };
        self.sources.iter().map(part).zip(&self.grids)
    }

    /// Every table in `format`: its file's name and text; none for a format that holds no tables.
    pub(super) fn written(&self, format: Format) -> impl Iterator<Item = (String, String)> + '_ {
        let one = move |(grid, source): (&Grid, &SheetContent<'_>)| {
            let (extension, text) = match (format, source) {
                (Format::Html | Format::Png, _) => return None,
                (Format::Md, _) => ("md", text::markdown(grid)),
                (Format::Tex, _) => ("tex", latex::latex(grid)),
                (Format::Csv, SheetContent::Metrics(table)) => ("csv", text::csv(table)),
                (Format::Csv, SheetContent::Pivot(table, pivot)) => ("csv", text::pivot_csv(table, pivot)),
                (Format::Csv, SheetContent::Derived(..)) => ("csv", text::grid_csv(grid)),
                (Format::Json, SheetContent::Metrics(table)) => ("json", json::table(table)),
                (Format::Json, SheetContent::Pivot(table, _)) => {
                    ("json", json::grid(grid, DerivedKind::Pivot, Some(&table.id)))
                }
                (Format::Json, SheetContent::Derived(kind, of)) => ("json", json::grid(grid, *kind, of.as_ref())),
            };
            Some((format!("{}.{extension}", grid.slug), text))
        };
        self.grids.iter().zip(&self.sources).filter_map(one)
    }
}

/// The pivoted tables that are asked for; for two axes of few values one is made without asking.
pub(super) fn pivoted(table: &Table, layout: &TableLayout) -> Vec<(Grid, Pivot)> {
    match (&layout.pivot, table.axes.as_slice()) {
        (Some((down, across)), _) => pivots(table, down, across, PivotedMetrics::Each),
        (None, [down, across]) if table.id.is_headline() && fits(table, down, across) => {
            pivots(table, down, across, PivotedMetrics::First)
        }
        _ => Vec::new(),
    }
}

/// A grid, how it was made, and of which table.
type Made = (Grid, DerivedKind, Option<TableId>);

fn derived(report: &SweepReport<'_>) -> Result<Vec<Made>> {
    let untrained = Reference::untrained();
    let (sweep, tables, options) = (report.sweep, &report.tables, report.options);
    let baseline = options.baseline.as_ref().unwrap_or(&untrained);
    let of_each = |kind, make: &dyn Fn(&Table) -> Option<Grid>| -> Vec<Made> {
        tables.iter().filter_map(|table| Some((make(table)?, kind, Some(table.id.clone())))).collect()
    };
    let mut derived = of_each(DerivedKind::Against, &|table| compare::against(table, baseline));
    if derived.is_empty()
        && let Some(wanted) = &options.baseline
    {
        return Err(Error::input(format!("no group of sweep `{}` is the baseline {wanted}", sweep.name))
            .hint("name a policy, values of axes, or both: pmf, or drr,tau=0.001"));
    }
    derived.extend(of_each(DerivedKind::Aggregate, &|table| aggregate::aggregate(table, baseline)));
    for paper in &options.papers {
        let found = judge(paper, &[], &|_| Some(sweep));
        derived.extend(judged::beside(&found).into_iter().map(|grid| (grid, DerivedKind::Paper, None)));
    }
    derived.extend(usage::speeds(sweep).map(|grid| (grid, DerivedKind::Speed, None)));
    Ok(derived)
}
