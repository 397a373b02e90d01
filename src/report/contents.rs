//! What a report is of: the one place that finds a sweep's studies and makes their tables. Everything that is shown, written or
//! drawn is made from it.

use super::group::Study;
use super::layout::TableLayout;
use super::options::ReportOptions;
use super::studies::studies;
use super::table::{Metric, Table};
use super::tabulate::tables;
use crate::error::{Error, Result};
use crate::store::StoredSweep;

/// A sweep's studies and their tables.
pub struct SweepReport<'a> {
    pub(super) sweep: &'a StoredSweep,
    pub(super) options: &'a ReportOptions,
    /// The layout with full names.
    pub(super) layout: TableLayout,
    /// Every study with all of its groups, and its tables, a row for each group in its order.
    pub(super) studies: Vec<(Study<'a>, Vec<Table>)>,
    /// The tables as they are asked for.
    pub(super) tables: Vec<Table>,
}

impl<'a> SweepReport<'a> {
    /// The report of `sweep`, as `options` asks for it.
    ///
    /// # Errors
    /// Axes or a sort key that the sweep does not have.
    pub fn new(sweep: &'a StoredSweep, options: &'a ReportOptions) -> Result<Self> {
        let layout = options.layout.checked(sweep)?;
        let every_group = TableLayout { least_n: layout.least_n, ..TableLayout::default() };
        let whole = studies(sweep).into_iter().map(|study| every_group.grouped(&study));
        let studies: Vec<(Study<'a>, Vec<Table>)> = whole.map(|study| (study.clone(), tables(&study))).collect();
        let tables = match layout.by {
            None => studies.iter().flat_map(|(_, tables)| tables).cloned().collect(),
            Some(_) => studies.iter().flat_map(|(study, _)| tables(&layout.grouped(study))).collect(),
        };
        let tables = in_order(tables, sweep, &layout)?;
        Ok(Self { sweep, options, layout, studies, tables })
    }
}

/// The tables, each in the order that `layout` asks for.
fn in_order(mut tables: Vec<Table>, sweep: &StoredSweep, layout: &TableLayout) -> Result<Vec<Table>> {
    // Every table is put in order, whether or not another one has what is asked for.
    let sorted = tables.iter_mut().map(|table| layout.order(table)).filter(|sorted| *sorted).count();
    match &layout.sort {
        Some(wanted) if sorted == 0 && !tables.is_empty() => {
            let mut known: Vec<String> = tables.iter().flat_map(|table| &table.metrics).map(Metric::name).collect();
            known.extend(sweep.axes.iter().cloned());
            known.dedup();
            Err(Error::input(format!("no table of sweep `{}` has `{wanted}` to sort by", sweep.name))
                .hint(format!("there is policy, {}", known.join(", "))))
        }
        _ => Ok(tables),
    }
}
