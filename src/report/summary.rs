//! The tables as aligned text for a terminal, and what is missing from them.

use std::collections::BTreeMap;

use super::contents::SweepReport;
use super::options::Options;
use super::{measured, sheets, text};
use crate::store::{Status, StoredSweep};

/// What a sweep found, for its end.
pub fn summary(sweep: &StoredSweep) -> String {
    let plain = Options::default();
    SweepReport::new(sweep, &plain).expect("a layout that asks for nothing fits every sweep").summary()
}

impl SweepReport<'_> {
    /// The tables as a terminal shows them, and what is missing from them.
    pub fn summary(&self) -> String {
        // A terminal is small: NDCG tells about the same as precision, and the report has it.
        let shown = self.tables.iter().filter(|table| table.id.family.is_headline());
        let grids = shown.flat_map(|table| match &self.layout.pivot {
            None => vec![measured::of_table(table)],
            Some(_) => {
                let pivoted =
                    sheets::pivoted(table, &self.layout).into_iter().map(|(grid, _)| grid).collect::<Vec<_>>();
                if pivoted.is_empty() { vec![measured::of_table(table)] } else { pivoted }
            }
        });
        let mut parts: Vec<String> = grids.map(|grid| text::terminal(&grid)).collect();
        if !parts.is_empty() {
            parts.push("mean ± sample std (ddof 1) over seeds, or over repeats where it says so; * best mean, ≈ not distinguishable from it".to_owned());
        }
        let failed = self.sweep.trials.iter().filter(|trial| trial.status == Status::Failed);
        let failures: BTreeMap<_, _> = failed
            .map(|trial| {
                let why = trial.failure.as_deref().unwrap_or("no reason recorded");
                (trial.trial, format!("failed: {} {} {why}", trial.spec.stage().name(), trial.trial.short()))
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
            parts.push("no trial is finished yet".to_owned());
        }
        parts.join("\n\n") + "\n"
    }
}
