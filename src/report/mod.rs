//! Tables, plots and pages from what is stored; never trains. Stored models are read for recommended items alone. The same database
//! gives the same bytes: nothing here asks for the time, the host or the place of a folder.
//!
//! | file | job |
//! | --- | --- |
//! | `table` | rows, columns, numbers, and what must be said with them |
//! | `layout`, `pivot` | grouped by fewer axes, sorted, an axis across |
//! | `compare`, `baseline`, `forest` | which cannot be told from the best; differences to a reference, to all baselines |
//! | `aggregate` | IQM and probability of improvement over seeds and K |
//! | `paper`, `published_data` | published numbers and verdicts; whether they stand on the same ratings |
//! | `grid` | any table as shown; `text`, `latex`, `json` write it |
//! | `items` | recommended items of three users and Top-N lists, from stored models |
//! | `provenance` | where the numbers come from |
//! | `usage`, `spans` | throughput and utilisation of the sweep itself |
//! | `figure` | plots |
//! | `sheets` | all tables of a report |
//! | `page` | the HTML page |
//! | `folder` | the files of a report |

mod aggregate;
mod compare;
mod figure;
mod folder;
mod forest;
mod grid;
mod items;
mod json;
mod latex;
mod layout;
mod page;
mod paper;
mod pivot;
mod provenance;
mod published_data;
mod reference;
mod sheets;
mod spans;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod usage;

use drr_kinds::KindOf as _;
use std::collections::{BTreeMap, BTreeSet};

pub use folder::{Format, Options, Written, write};
pub use items::{TopList, best_recommender, model_of as evaluated_recommender, top};
pub use layout::Layout;
pub use paper::Paper;
pub use reference::Reference;

use crate::error::{Error, Result};
use crate::neutral;
use crate::store::{Status, StoredSweep};
// Which trials belong together: the vocabulary of everything here.
use crate::study::{group, studies};

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
    let plain = Layout::default();
    summary_as(sweep, &plain).expect("a layout that asks for nothing fits every sweep")
}

/// The same, laid out.
///
/// # Errors
/// Axes or a sort key that the sweep does not have.
pub fn summary_as(sweep: &StoredSweep, layout: &Layout) -> Result<String> {
    let layout = layout.checked(sweep)?;
    let studies = studies::studies(sweep);
    let tables = sheets::laid_out(sweep, &studies, &layout)?;
    // A terminal is small: NDCG tells about the same as precision, and the report has it.
    let shown = tables.iter().filter(|table| !table.slug.ends_with("-ndcg"));
    let grids = shown.flat_map(|table| match &layout.pivot {
        None => vec![grid::of_table(table)],
        Some(_) => {
            let pivoted = sheets::pivoted(table, &layout).into_iter().map(|(grid, _)| grid).collect::<Vec<_>>();
            if pivoted.is_empty() { vec![grid::of_table(table)] } else { pivoted }
        }
    });
    let mut parts: Vec<String> = grids.map(|grid| text::terminal(&grid.neutral())).collect();
    if !parts.is_empty() {
        parts.push("mean ± sample std (ddof 1) over seeds, or over repeats where it says so; * best mean, ≈ not distinguishable from it".to_owned());
    }
    let failed = sweep.trials.iter().filter(|trial| trial.status == Status::Failed);
    let failures: BTreeMap<_, _> = failed
        .map(|trial| {
            let why = trial.failure.as_deref().unwrap_or("no reason recorded");
            (
                trial.trial,
                format!("failed: {} {} {}", trial.spec.stage().name(), trial.trial.short(), neutral::line(why)),
            )
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
    Ok(parts.join("\n\n") + "\n")
}
