//! A sweep as rows for other programs: a trial each, a metric's point each, or a group's seed each. Numbers stay numbers, what is
//! missing stays missing, and the same database gives the same bytes.
//!
//! | file | job |
//! | --- | --- |
//! | `content`, `field` | which columns there are, and what stands in them |
//! | `sink` | CSV and JSON lines |
//! | `parquet`, `thrift` | Parquet |
//! | `tensorboard`, `proto` | event files that TensorBoard shows |
//! | `mlflow` | runs in a tracking server |
//! | `mirror` | the same while a sweep runs |

mod content;
mod field;
mod mirror;
pub mod mlflow;
mod parquet;
mod proto;
mod sink;
pub mod tensorboard;
#[cfg(test)]
mod tests;
mod thrift;

use std::io::Write;

pub use self::mirror::TensorboardMirror;
use self::sink::Sink;
use crate::error::Result;
use crate::store::{Store, StoredSweep};

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RowContent {
    /// A trial: what it is, its settings on the sweep's axes, how it ended, its final metrics.
    Trials,
    /// A point of a metric that a trial recorded while it ran.
    Metrics,
    /// A seed of a group of a report's tables, with its scores.
    Seeds,
    /// A number of a report's tables: a group's mean ± std of a final metric, its n and interval.
    Tables,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// Comma-separated, with a header; a spreadsheet computes no cell of it.
    Csv,
    /// An object a line; a key is there where its column has a value.
    Jsonl,
    /// Columns with types, as data frames and databases read them.
    Parquet,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct RowOptions {
    /// What a row is.
    pub content: RowContent,
    /// How it is written.
    pub format: RowFormat,
    /// Whether settings that no axis varies have columns too.
    pub constants: bool,
}

/// Writes the rows of a sweep; returns how many.
///
/// # Errors
/// A failure of the database, or of what is written to.
pub fn write(store: &Store, sweep: &StoredSweep, options: RowOptions, out: &mut dyn Write) -> Result<u64> {
    let mut sink = Sink::new(options.format, out);
    match options.content {
        RowContent::Trials => content::trials(sweep, options.constants, &mut sink)?,
        RowContent::Metrics => content::metrics(store, sweep, &mut sink)?,
        RowContent::Seeds => content::seeds(sweep, &mut sink)?,
        RowContent::Tables => content::tables(sweep, &mut sink)?,
    }
    sink.finish()
}
