//! Tables, plots and pages from what is stored; never trains. A stored model is read for one picture alone, the recommended items. The same database
//! gives the same bytes: nothing here asks for the time, the host or the place of a folder.
//!
//! | file | job |
//! | --- | --- |
//! | `studies`, `group` | which trials may share a table, which belong together |
//! | `table` | rows, columns, numbers, and what must be said with them |
//! | `compare`, `baseline` | which cannot be told from the best; differences to a reference |
//! | `aggregate` | IQM and probability of improvement over seeds and K |
//! | `paper` | published numbers and verdicts |
//! | `grid` | any table as shown; `text`, `latex`, `json` write it |
//! | `items` | recommended items of three users, from stored models |
//! | `figure` | plots |
//! | `page` | the HTML page |
//! | `folder` | the files of a report |

mod aggregate;
mod baseline;
mod compare;
mod figure;
mod folder;
mod grid;
mod group;
mod items;
mod json;
mod latex;
mod page;
mod paper;
mod studies;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};

pub use baseline::Baseline;
pub use folder::{Format, Options, Written, write};
pub use paper::Paper;

use crate::error::{Error, Result};
use crate::store::{Status, StoredSweep};

/// Several sweeps as one, in which the sweep is an axis. What they may not share a table for stays apart, with the reason.
///
/// # Errors
/// Fewer than two sweeps of different names.
pub fn together(sweeps: &[StoredSweep]) -> Result<StoredSweep> {
    let names: Vec<&str> = sweeps.iter().map(|sweep| sweep.name.as_str()).collect();
    let different: BTreeSet<&str> = names.iter().copied().collect();
    if different.len() < 2 || different.len() < names.len() {
        return Err(Error::input("a comparison needs sweeps of different names"));
    }
    let mut axes = vec!["sweep".to_owned()];
    let mut trials = Vec::new();
    for sweep in sweeps {
        axes.extend(sweep.axes.iter().filter(|axis| !axes.contains(axis)).cloned().collect::<Vec<_>>());
        for trial in &sweep.trials {
            let mut trial = trial.clone();
            trial.point.insert("sweep".to_owned(), sweep.name.as_str().into());
            trials.push(trial);
        }
    }
    let source = sweeps.iter().map(|sweep| format!("# {}\n{}", sweep.name, sweep.source.trim_end()));
    Ok(StoredSweep { name: names.join("-vs-"), source: source.collect::<Vec<_>>().join("\n\n") + "\n", axes, trials })
}

/// The tables of a sweep as aligned text, and what is missing from them; for the end of `drr-lab sweep`.
pub fn summary(sweep: &StoredSweep) -> String {
    let studies = studies::studies(sweep);
    let tables = studies.iter().flat_map(table::tables);
    // A terminal is small: NDCG tells about the same as precision, and the report has it.
    let shown = tables.filter(|table| !table.slug.ends_with("-ndcg"));
    let mut parts: Vec<String> = shown.map(|table| text::terminal(&grid::of_table(&table))).collect();
    if !parts.is_empty() {
        parts.push("mean ± sample std (ddof 1) over seeds, or over repeats where it says so; * best mean, ≈ not distinguishable from it".to_owned());
    }
    let failed = sweep.trials.iter().filter(|trial| trial.status == Status::Failed);
    let failures: BTreeMap<_, _> = failed
        .map(|trial| {
            let why = trial.failure.as_deref().unwrap_or("no reason recorded");
            (trial.trial, format!("failed: {} {} {why}", trial.spec.stage().name(), trial.trial.short()))
        })
        .collect();
    let stopped = sweep.trials.iter().filter(|trial| trial.status == Status::Stopped).count();
    if stopped > 0 {
        parts.push(format!("stopped early, and in no table: {stopped} of {} trials", sweep.trials.len()));
    }
    if !failures.is_empty() {
        parts.push(failures.into_values().collect::<Vec<_>>().join("\n"));
    }
    if parts.is_empty() {
        parts.push("no trial is finished yet".to_owned());
    }
    parts.join("\n\n") + "\n"
}
