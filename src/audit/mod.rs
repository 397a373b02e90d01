//! Can a number be trusted? What is stored is checked against itself, and done again.
//!
//! | file | job |
//! | --- | --- |
//! | `integrity` | folders, sweeps and database as they were written |
//! | `compare` | two runs of one trial, step by step |
//! | `replay` | runs trials again in a scratch folder |
//! | `difference` | two records side by side: environments, specs |
//! | `meaning` | what a recorded request would expand to today |
//! | `cell` | a number in a report's table, led back to its trials |
//! | `doctor` | what a run would find on this machine, and what mends it |
//! | `reindex` | the database, built anew from the folders |

mod cell;
mod commands;
mod compare;
mod difference;
mod doctor;
mod integrity;
mod meaning;
mod reindex;
mod replay;
#[cfg(test)]
mod tests;

pub use cell::{Number, WrittenCell, find_cell, with_upstream};
pub use commands::declared_tolerances;
pub use compare::{Divergence, ReplayVerdict, Tolerance, compare};
pub use difference::{Difference, differences, environments};
pub use doctor::{Diagnosis, DoctorTarget, Health, examine as doctor};
pub use integrity::{ExaminedFolder, IndexFault, Scope, examine, examine_index};
pub use meaning::{changed_meaning, settings_apart};
pub use reindex::{Reindexed, from_folders, read_index, reindex};
pub use replay::{ReplayRequest, Replayed, replay};
