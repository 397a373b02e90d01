//! What a run would find on this machine and in this runs folder, each with the command that mends it. Looks only:
//! nothing is changed but a file of a few bytes, written to see that it can be.
//!
//! | file | job |
//! | --- | --- |
//! | `machine` | slots, GPUs, worker and libtorch, limits |
//! | `records` | disk, database, locks, what earlier runs left behind |

mod machine;
mod records;

use std::path::Path;

use serde::Serialize;

use crate::exec::Inventory;

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// As it should be.
    Good,
    /// A run works, but not as well as it could.
    Poor,
    /// A run would fail.
    Bad,
}

/// What was found of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// The part.
    pub part: &'static str,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What mends it; empty where nothing is to be mended.
    pub mend: String,
}

impl Diagnosis {
    fn good(part: &'static str, found: impl Into<String>) -> Self {
        Self { part, health: Health::Good, found: found.into(), mend: String::new() }
    }

    fn poor(part: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { part, health: Health::Poor, found: found.into(), mend: mend.into() }
    }

    fn bad(part: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { health: Health::Bad, ..Self::poor(part, found, mend) }
    }
}

/// Where to look.
#[derive(Clone, Copy, Debug)]
pub struct DoctorTarget<'a> {
    /// The runs folder.
    pub runs: &'a Path,
    /// The data folder.
    pub data: &'a Path,
    /// The worker's program, if the user named one.
    pub worker: Option<&'a Path>,
    /// The machine's devices.
    pub inventory: &'a dyn Inventory,
}

/// Looks at everything, in the order a run needs it.
pub fn examine(target: &DoctorTarget<'_>) -> Vec<Diagnosis> {
    let mut findings = Vec::new();
    machine::examine(target, &mut findings);
    records::examine(target, &mut findings);
    findings
}
