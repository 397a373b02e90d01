//! Tables, plots and pages from what is stored; never trains, never opens a run folder's model. The same database
//! gives the same bytes: nothing here asks for the time, the host or the place of a folder.
//!
//! | file | job |
//! | --- | --- |
//! | `group` | which trials belong together |
//! | `table` | rows, columns, numbers, and what must be said with them |
//! | `text` | tables as Markdown, CSV, terminal columns |
//! | `figure` | plots |
//! | `page` | the HTML page |
//! | `folder` | the files of a report |

mod figure;
mod folder;
mod group;
mod page;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

pub use folder::{Format, Written, write};

use crate::store::{Status, StoredSweep};

/// The tables of a sweep as aligned text, and what is missing from them; for the end of `drr-lab sweep`.
pub fn summary(sweep: &StoredSweep) -> String {
    let studies = group::studies(sweep);
    let tables = studies.iter().flat_map(table::tables);
    // A terminal is small: NDCG tells about the same as precision, and the report has it.
    let shown = tables.filter(|table| !table.slug.ends_with("-ndcg"));
    let mut parts: Vec<String> = shown.map(|table| text::terminal(&table)).collect();
    if !parts.is_empty() {
        parts.push("mean ± sample std (ddof 1) over seeds, or over repeats where it says so; * best mean".to_owned());
    }
    let failed = sweep.trials.iter().filter(|trial| trial.status == Status::Failed);
    let failures: BTreeMap<_, _> = failed
        .map(|trial| {
            let why = trial.failure.as_deref().unwrap_or("no reason recorded");
            (trial.trial, format!("failed: {} {} {why}", trial.spec.stage().name(), trial.trial.short()))
        })
        .collect();
    if !failures.is_empty() {
        parts.push(failures.into_values().collect::<Vec<_>>().join("\n"));
    }
    if parts.is_empty() {
        parts.push("no trial is finished yet".to_owned());
    }
    parts.join("\n\n") + "\n"
}
