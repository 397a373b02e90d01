//! The sweep file as people write it, its axes, and its expansion into trial specs. Only [`Sweep`] leaves this folder;
//! nothing here touches the runs folder or starts anything.

mod axis;
mod dataset;
mod document;
mod draft;
mod expand;
mod fields;
mod file;
mod grid;
mod overrides;
mod problem;
mod suggest;
#[cfg(test)]
mod tests;
mod tree;

pub use axis::Axis;
pub use dataset::{Datasets, Fingerprints};
pub use expand::{Sweep, Trial, expand};
pub use fields::FieldKey;
pub use file::{Baseline, DatasetChoice, SplitSeed, SweepFile, load, parse};
pub use problem::{Place, Source};
