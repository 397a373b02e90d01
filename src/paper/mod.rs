//! A paper's tables, cell by cell: what was published, which of our trials answer it, and a verdict. Nothing here runs a trial
//! or writes a file.
//!
//! | file | job |
//! | --- | --- |
//! | `file`, `check` | a file of published tables: read, and found whole |
//! | `data` | whether ours are the ratings that numbers were published on |
//! | `found` | which trials of a sweep answer a row, and their scores |
//! | `verdict` | what becomes of a cell: pure decisions |
//! | `judged` | all cells of a paper with their verdicts |
//! | `search` | which protocol fits what was published |

mod check;
mod data;
mod file;
mod found;
mod judged;
mod search;
#[cfg(test)]
mod simulation;
mod verdict;

pub use file::{Paper, SweepPath};
pub use judged::{JudgedCell, JudgedPaper, JudgedTable, judge, unanswered};
pub use search::{Fit, FittedRow, Searched, protocols};
pub use verdict::CellVerdict;
