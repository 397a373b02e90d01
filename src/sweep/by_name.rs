//! Expansion where there is no data.

use std::path::Path;

use drr_core::spec::{DatasetSpec, RewardRule, SyntheticSpec};
use drr_core::{Digest, canonical};

use super::choices::DatasetChoice;
use super::dataset::Fingerprints;
use crate::error::Result;

/// Fingerprints of what a dataset is called, not of what it holds: tests and benchmarks expand sweeps of data that is not
/// there. The ids that come of it are no run's.
#[doc(hidden)]
pub struct ByName;

impl Fingerprints for ByName {
    fn named(&mut self, choice: &DatasetChoice) -> Result<Digest> {
        Ok(Digest::of(choice.name.as_bytes()))
    }

    fn synthetic(&mut self, world: &SyntheticSpec) -> Result<Digest> {
        Ok(canonical::digest(world))
    }

    fn rule(&mut self, _: &DatasetChoice) -> Result<RewardRule> {
        Ok(RewardRule::STARS)
    }

    fn given(&mut self, _: &DatasetSpec, test: &Path, train: Option<&Path>) -> Result<Digest> {
        Ok(canonical::digest(&(test.to_string_lossy(), train.map(Path::to_string_lossy))))
    }
}
