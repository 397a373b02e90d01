//! All tables of a report in their order: of metrics, pivoted, differences to the baseline, aggregates, published numbers,
//! speed; and how each is written.

use super::folder::{Format, Options};
use super::grid::{self, Grid};
use super::group::Study;
use super::layout::Layout;
use super::pivot::{Pivot, Which, fits, pivots};
use super::reference::Reference;
use super::table::{Table, tables};
use super::{aggregate, compare, json, latex, text, usage};
use crate::error::{Error, Result};
use crate::store::StoredSweep;

/// The tables of a report.
pub(super) struct Sheets {
    /// As people see them, in their order.
    pub(super) grids: Vec<Grid>,
    /// What each of them was made of.
    sources: Vec<Source>,
    tables: Vec<Table>,
}

/// What a grid shows.
enum Source {
    /// The table of that number.
    Metrics(usize),
    /// Cells of the table of that number.
    Pivot(usize, Pivot),
    /// Numbers derived from tables.
    Derived,
}

impl Sheets {
    /// The tables of `studies`, as `options` asks for them.
    ///
    /// # Errors
    /// A baseline that is no group, a sort key that no table has.
    pub(super) fn new(sweep: &StoredSweep, studies: &[Study<'_>], layout: &Layout, options: &Options) -> Result<Self> {
        let tables = laid_out(sweep, studies, layout)?;
        let mut sheets = Self { grids: Vec::new(), sources: Vec::new(), tables: Vec::new() };
        for (at, table) in tables.iter().enumerate() {
            sheets.put(grid::of_table(table), Source::Metrics(at));
        }
        for (at, table) in tables.iter().enumerate() {
            for (grid, pivot) in pivoted(table, layout) {
                sheets.put(grid, Source::Pivot(at, pivot));
            }
        }
        for grid in derived(sweep, &tables, layout, options)? {
            sheets.put(grid, Source::Derived);
        }
        sheets.tables = tables;
        Ok(sheets)
    }

    fn put(&mut self, grid: Grid, source: Source) {
        self.grids.push(grid.neutral());
        self.sources.push(source);
    }

    /// Those that show what was measured, and those that compare it.
    pub(super) fn parts(&self) -> (&[Grid], &[Grid]) {
        let measured = self.sources.iter().take_while(|source| !matches!(source, Source::Derived)).count();
        self.grids.split_at(measured)
    }

    /// Every table in `format`: its file's name and text; none for a format that holds no tables.
    pub(super) fn written(&self, format: Format) -> impl Iterator<Item = (String, String)> + '_ {
        let one = move |(grid, source): (&Grid, &Source)| {
            let (extension, text) = match (format, source) {
                (Format::Html | Format::Png, _) => return None,
                (Format::Md, _) => ("md", text::markdown(grid)),
                (Format::Tex, _) => ("tex", latex::latex(grid)),
                (Format::Csv, Source::Metrics(at)) => ("csv", text::csv(&self.tables[*at])),
                (Format::Csv, Source::Pivot(at, pivot)) => ("csv", text::pivot_csv(&self.tables[*at], pivot)),
                (Format::Csv, Source::Derived) => ("csv", text::grid_csv(grid)),
                (Format::Json, Source::Metrics(at)) => ("json", json::table(&self.tables[*at])),
                (Format::Json, Source::Pivot(..) | Source::Derived) => ("json", json::grid(grid)),
            };
            Some((format!("{}.{extension}", grid.slug), text))
        };
        self.grids.iter().zip(&self.sources).filter_map(one)
    }
}

/// The tables of metrics, by the axes and in the order that `layout` asks for.
///
/// # Errors
/// A sort key that no table has.
pub(super) fn laid_out(sweep: &StoredSweep, studies: &[Study<'_>], layout: &Layout) -> Result<Vec<Table>> {
    let mut all: Vec<Table> = studies.iter().flat_map(|study| tables(&layout.grouped(study))).collect();
    // Every table is put in order, whether or not another one has what is asked for.
    let sorted = all.iter_mut().map(|table| layout.order(table)).filter(|sorted| *sorted).count();
    match &layout.sort {
        Some(wanted) if sorted == 0 && !all.is_empty() => {
            let mut known: Vec<String> =
                all.iter().flat_map(|table| &table.metrics).map(|it| it.name.clone()).collect();
            known.extend(sweep.axes.iter().cloned());
            known.dedup();
            Err(Error::input(format!("no table of sweep `{}` has `{wanted}` to sort by", sweep.name))
                .hint(format!("there is policy, {}", known.join(", "))))
        }
        _ => Ok(all),
    }
}

/// The pivoted tables that are asked for; for two axes of few values one is made without asking.
pub(super) fn pivoted(table: &Table, layout: &Layout) -> Vec<(Grid, Pivot)> {
    match (&layout.pivot, table.axes.as_slice()) {
        (Some((down, across)), _) => pivots(table, down, across, Which::Each),
        (None, [down, across]) if !table.slug.ends_with("-ndcg") && fits(table, down, across) => {
            pivots(table, down, across, Which::First)
        }
        _ => Vec::new(),
    }
}

fn derived(sweep: &StoredSweep, tables: &[Table], layout: &Layout, options: &Options) -> Result<Vec<Grid>> {
    let untrained = Reference::untrained();
    let baseline = options.baseline.as_ref().unwrap_or(&untrained);
    let mut derived: Vec<Grid> = tables.iter().filter_map(|table| compare::against(table, baseline)).collect();
    if derived.is_empty()
        && let Some(wanted) = &options.baseline
    {
        return Err(Error::input(format!("no group of sweep `{}` is the baseline {wanted}", sweep.name))
            .hint("name a policy, values of axes, or both: pmf, or drr,tau=0.001"));
    }
    derived.extend(tables.iter().filter_map(|table| aggregate::aggregate(table, baseline)));
    derived.extend(options.papers.iter().flat_map(|paper| paper.beside(sweep, layout)));
    derived.extend(usage::speeds(sweep));
    Ok(derived)
}
