//! The sweep file as people write it, its axes, and its expansion into trial specs. Only [`Sweep`] leaves this folder;
//! nothing here touches the runs folder or starts anything.

mod axis;
mod check;
mod column;
mod condition;
mod dataset;
mod document;
mod draft;
mod execution;
mod expand;
mod family;
mod fields;
mod file;
mod grid;
mod hidden;
mod identity;
mod inherit;
mod overrides;
mod problem;
mod reference;
mod schema;
mod search;
mod shared;
mod slurm;
mod sobol;
mod spaced;
mod suggest;
#[cfg(test)]
mod tests;
mod tree;

pub use axis::Axis;
pub use condition::Condition;
pub use dataset::{Datasets, Fingerprints};
pub use draft::Exclusion;
pub use execution::{EarlyStop, Execution, Goal, StopRule};
pub use expand::{Sweep, Trial, expand};
pub use fields::FieldKey;
pub use file::{DatasetChoice, Design, Request, SplitSeed, SweepFile, load, parse};
pub use problem::{Place, Source};
pub(crate) use problem::{Problem, Problems};
pub use reference::reference;
pub use schema::schema;
pub use slurm::SlurmSettings;
pub(crate) use suggest::did_you_mean;
pub(crate) use tree::{Entry, Node, Tree, document as read_tree};
