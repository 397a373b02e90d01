//! The tables as aligned text for a terminal, and what is missing from them.

use drr_core::Status;
use std::collections::BTreeMap;

use drr_kinds::KindOf as _;

use super::contents::SweepReport;
use super::grid::{Grid, Look};
use super::options::ReportOptions;
use super::table::Table;
use super::users::LEAST;
use super::{audiences, measured, notes, sheets, text};
use crate::neutral;
use crate::store::StoredSweep;

/// What a sweep found, for its end.
pub fn summary(sweep: &StoredSweep) -> String {
    let plain = ReportOptions::default();
    SweepReport::new(sweep, &plain).expect("a layout that asks for nothing fits every sweep").summary()
}

impl SweepReport<'_> {
    /// The tables as a terminal shows them, and what is missing from them.
    pub fn summary(&self) -> String {
        // A terminal is small: NDCG tells about the same as precision, and the report has it.
        let shown = self.tables.iter().filter(|table| table.id.is_headline());
        let grids = shown.flat_map(|table| match &self.layout.pivot {
            None => vec![measured::of_table(table)],
            Some(_) => {
                let pivoted =
                    sheets::pivoted(table, &self.layout).into_iter().map(|(grid, _)| grid).collect::<Vec<_>>();
                if pivoted.is_empty() { vec![measured::of_table(table)] } else { pivoted }
            }
        });
        let grids: Vec<Grid> = grids.map(Grid::neutral).collect();
        let mut parts: Vec<String> = grids.iter().map(text::terminal).collect();
        parts.extend(legend(&grids));
        if let Some(thin) = self.tables.iter().filter(|table| table.id.is_headline()).find_map(Table::thin) {
            parts.push(format!("not ranked, on fewer than {LEAST} users: {thin}"));
        }
        let mixed = self.tables.iter().filter(|table| table.id.is_headline());
        let note = |table: &Table| audiences::note(&table.axes, &table.rows, &table.metrics);
        parts.extend(mixed.filter_map(note).take(1).map(|line| neutral::line(&line).into_owned()));
        let idle = self.studies.iter().flat_map(|(study, _)| notes::nothing_learned(study));
        parts.extend(idle.map(|line| neutral::line(&line).into_owned()));
        let failed = self.sweep.trials.iter().filter(|trial| trial.status == Status::Failed);
        let failures: BTreeMap<_, _> = failed
            .map(|trial| {
                let why = trial.failure.as_deref().unwrap_or("no reason recorded");
                (
                    trial.id(),
                    format!("failed: {} {} {}", trial.spec().stage().name(), trial.id().short(), neutral::line(why)),
                )
            })
            .collect();
        let stopped = self.sweep.trials.iter().filter(|trial| trial.status == Status::Stopped).count();
        if stopped > 0 {
            parts.push(format!("stopped early, and in no table: {stopped} of {} trials", self.sweep.trials.len()));
        }
        if !failures.is_empty() {
            parts.push(failures.into_values().collect::<Vec<_>>().join("\n"));
        }
        if parts.is_empty() {
            let finished = self.sweep.trials.iter().filter(|trial| trial.status == Status::Finished).count();
            parts.push(match finished {
                0 => "no trial is finished yet".to_owned(),
                count => format!("{count} trials are finished, and the sweep names no metric to show"),
            });
        }
        parts.join("\n\n") + "\n"
    }
}

/// What the ± and the marks of these tables mean; nothing where there are none.
fn legend(grids: &[Grid]) -> Option<String> {
    let looks =
        |look| grids.iter().flat_map(|grid| &grid.rows).flat_map(|row| &row.cells).any(|cell| cell.look == look);
    let mut legend = "mean ± sample std (ddof 1) over seeds, or over repeats where it says so".to_owned();
    if looks(Look::Strong) {
        legend += "; * best mean";
    }
    if looks(Look::Like) {
        legend += ", ≈ not distinguishable from it";
    }
    (!grids.is_empty()).then_some(legend)
}
