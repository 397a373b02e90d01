//! Tables, plots and pages from what is stored; never trains. Stored models are read for recommended items alone. The same database
//! gives the same bytes: nothing here asks for the time, the host or the place of a folder.
//!
//! | file | job |
//! | --- | --- |
//! | `options`, `layout`, `reference` | what a person asks for |
//! | `contents` | what a report is of: studies and tables, found and made here alone |
//! | `ids` | what tables are of, and how others are made of them |
//! | `table`; `tabulate`, `marks`, `notes` | tables of metrics; how they are made, what is best in them, what must be said |
//! | `grid`, `value`; `measured`, `pivot` | any table as its writers get it; tables of metrics as they are, and an axis across |
//! | `compare`, `forest`, `aggregate` | differences to a reference, to all baselines; over seeds and K |
//! | `judged`, `protocols`, `paper` | a paper's cells with ours and their verdicts; which protocols fit its numbers |
//! | `usage`, `spans` | speed, throughput and utilisation of the sweep itself |
//! | `sheets` | all tables of a report |
//! | `written`; `text`, `latex`, `json`, `page`, `summary` | values as text; the writers |
//! | `audiences` | which rows of a table are of the same users, and what is said where not all are |
//! | `asked`; `finding`, `view`; `opening` | the top of the page: what was asked, what was found, with what it begins |
//! | `parts`, `downloads` | the rest of the page by measure, and the files beside it |
//! | `provenance` | where the numbers come from |
//! | `fragments` | tables and curves for a page that follows a sweep |
//! | `items` | recommended items of three users and Top-N lists, from stored models |
//! | `figure` | plots |
//! | `folder`, `files` | the files of a report, and how they get on disk |

mod aggregate;
mod asked;
mod audiences;
mod compare;
mod contents;
mod downloads;
mod figure;
mod files;
mod finding;
mod folder;
mod forest;
mod fragments;
mod grid;
mod ids;
mod items;
mod json;
mod judged;
mod latex;
mod layout;
mod marks;
mod measured;
mod notes;
mod opening;
mod options;
mod page;
mod paper;
mod parts;
mod pivot;
mod protocols;
mod provenance;
mod reference;
mod sheets;
mod spans;
mod summary;
mod table;
mod tabulate;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod usage;
mod value;
mod view;
mod written;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use contents::SweepReport;
pub use figure::CurveSource;
pub use files::WrittenReport;
pub use fragments::{GroupChoice, trial_curves_html};
pub use items::{Alike, TopList, model_of as evaluated_recommender, top};
pub use layout::TableLayout;
pub use options::{Format, ReportOptions};
pub use paper::PaperPage;
pub use reference::Reference;
pub use summary::summary;

use crate::error::{Error, Result};
use crate::store::{StoredSweep, TrialRecord};
// Which trials belong together: the vocabulary of everything here.
use crate::study::{axis, group, studies, users};

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
            let mut compared = (*trial.trial).clone();
            Arc::make_mut(&mut compared.point).insert("sweep".to_owned(), sweep.name.as_str().into());
            trials.push(TrialRecord { trial: Arc::new(compared), ..trial.clone() });
        }
    }
    let source = sweeps.iter().map(|sweep| format!("# {}\n{}", sweep.name, sweep.source.trim_end()));
    let source = source.collect::<Vec<_>>().join("\n\n") + "\n";
    let commands = sweeps.iter().flat_map(|sweep| sweep.commands.iter().cloned()).collect();
    Ok(StoredSweep { name: names.join("-vs-"), source, axes, commands, trials })
}
