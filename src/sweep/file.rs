//! A sweep file that has been read, overridden and found whole: what is expanded, and nothing of how it was written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use drr_core::{Digest, Seed};
use drr_kinds::Kind;
use serde_json::Value;

use super::axis::Axis;
pub(super) use super::choices::Design;
pub use super::choices::{DatasetChoice, SplitSeed};
use super::command::Commands;
use super::condition::{Condition, Exclusion};
use super::execution::{EarlyStop, Execution};
use super::fields::FieldKey;
use super::problem::TextSpan;
use super::slurm::SlurmSettings;

/// What given divisions are called in specs, by the content of the ratings and the files that say them.
pub type GivenDivisions = BTreeMap<String, Digest>;

/// A whole sweep file: every value checked, every axis known.
#[derive(Clone, Debug)]
pub struct SweepFile {
    /// The sweep's name.
    pub name: String,
    /// The file as written; below it, as comments, what it extends and what was asked for on the command line.
    pub text: String,
    /// What is worth knowing before it runs, though nothing is wrong.
    pub notes: Vec<String>,
    /// The ratings it stands on: several where they are an axis, none where commands bring their own.
    pub datasets: Vec<DatasetChoice>,
    /// The folder that the paths of files are seen from.
    pub folder: PathBuf,
    /// What given divisions are called that are known beforehand: their files are not read.
    pub given: GivenDivisions,
    /// The replicates.
    pub seeds: Vec<Seed>,
    /// Whether the policy is there that sweeps are about; without it the policies to compare with are compared alone.
    pub has_subject: bool,
    /// Policies to compare with.
    pub baselines: Vec<&'static Kind>,
    /// Where the file begins, for problems of the whole.
    pub start: TextSpan,
    /// Where the split's seed comes from.
    pub split_seed: SplitSeed,
    /// Where the fold comes from that is held out.
    pub split_fold: SplitSeed,
    /// How policies are measured, by the names of the measures.
    pub measures: Vec<&'static str>,
    /// Fields that do not vary and differ from their default.
    pub fixed: BTreeMap<FieldKey, Value>,
    /// What varies, in canonical order: the order of the file changes nothing.
    pub axes: Vec<Axis>,
    /// Where fields are set.
    pub places: BTreeMap<FieldKey, TextSpan>,
    /// How the axes make points.
    pub design: Design,
    /// When a field varies at all; elsewhere it has its default.
    pub conditions: BTreeMap<FieldKey, Vec<Condition>>,
    /// Combinations that are left out.
    pub excludes: Vec<Exclusion>,
    /// What trials must have to stay.
    pub only: Vec<Condition>,
    /// Most trials the sweep may have.
    pub max_trials: usize,
    /// Whether it runs only from sources that are as committed.
    pub clean: bool,
    /// How trials are submitted to a cluster.
    pub slurm: SlurmSettings,
    /// How it runs.
    pub execution: Execution,
    /// Which trials are given up, if any are.
    pub early_stop: Option<EarlyStop>,
    /// The commands it runs, if it is a sweep of such.
    pub commands: Option<Commands>,
    /// What parameters are where their condition does not hold, if it is said.
    pub elsewhere: BTreeMap<FieldKey, Value>,
}

impl SweepFile {
    /// What a field is where nothing is said of it, or its condition does not hold.
    pub(super) fn default_of(&self, key: FieldKey) -> Value {
        self.elsewhere.get(&key).cloned().unwrap_or_else(|| key.field().default_value())
    }

    /// Where a field is set; the file's start where it is not.
    pub fn place_of_field(&self, name: &str) -> &TextSpan {
        self.place_of_fields(&[name])
    }

    /// Where the first of some fields is set that is; the file's start where none is.
    pub fn place_of_fields(&self, names: &[&str]) -> &TextSpan {
        let place = |name: &&str| self.places.iter().find(|(key, _)| key.name() == *name);
        names.iter().find_map(place).map_or(&self.start, |(_, place)| place)
    }

    /// Where a dataset is named; the file's start where none of that name is.
    pub fn place_of(&self, dataset: &str) -> &TextSpan {
        self.datasets.iter().find(|choice| choice.name == dataset).map_or(&self.start, |choice| &choice.place)
    }
}
