//! What several trials of one worker share: rating tables, their divisions and trained factorisations, loaded once.

use std::path::Path;
use std::sync::Arc;

use drr_core::data::{Ratings, Split, catalogue::Catalogue, synthetic, worlds::Dynamics};
use drr_core::result::TrialResult;
use drr_core::spec::{DatasetSpec, RatingsSpec, RewardRule, SplitSpec};
use drr_core::trial_dir::TrialDir;
use drr_core::{Digest, TrialId};

use super::device::WorkerDevices;
use crate::model;
use crate::pmf::PmfModel;
use drr_kinds::error::{Error, Result};
use drr_kinds::item_knn;
use drr_kinds::ranking::Scores;
use drr_kinds::world::World;

/// Entries kept of each kind; the oldest leaves.
const KEPT: usize = 8;

/// A small cache in the order of use.
struct Cache<K, V>(Vec<(K, Arc<V>)>);

impl<K: PartialEq, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq, V> Cache<K, V> {
    fn get(&mut self, key: K, load: impl FnOnce() -> Result<V>) -> Result<Arc<V>> {
        let entry = match self.0.iter().position(|(known, _)| *known == key) {
            Some(at) => self.0.remove(at),
            None => (key, Arc::new(load()?)),
        };
        let value = Arc::clone(&entry.1);
        self.0.push(entry);
        if self.0.len() > KEPT {
            self.0.remove(0);
        }
        Ok(value)
    }
}

/// Everything loaded so far. A parsed table is not kept: once it is divided nothing asks for it but another division, and
/// it is as large as what was made of it.
pub struct Loaded {
    /// What this worker computes on.
    pub devices: &'static dyn WorkerDevices,
    worlds: Cache<(Digest, SplitSpec, RewardRule), World>,
    models: Cache<TrialId, PmfModel>,
    held_out: Cache<(Digest, SplitSpec, RewardRule), Box<dyn Scores>>,
}

impl Loaded {
    /// Nothing yet.
    pub fn new(devices: &'static dyn WorkerDevices) -> Self {
        Self { devices, worlds: Cache::default(), models: Cache::default(), held_out: Cache::default() }
    }

    /// A dataset, divided.
    ///
    /// # Errors
    /// If the data is missing or is not what the spec names.
    pub fn world(&mut self, data: &Path, ratings: &RatingsSpec) -> Result<Arc<World>> {
        let of = (ratings.dataset.fingerprint, ratings.split.clone(), ratings.reward);
        self.worlds.get(of, || {
            let (table, split) = divided(data, ratings)?;
            let world = World::new(&table, &split, ratings.reward);
            let recipe = ratings.dataset.synthetic.as_ref();
            let dynamics = recipe.and_then(|recipe| Dynamics::of(recipe.world, &table)).map(Arc::new);
            Ok(World { dynamics, ..world })
        })
    }

    /// What answers for a held-out simulator: item neighbours on all ratings that the division has. Where a validation part is
    /// held out those are of the train part, and the test part is never touched.
    ///
    /// # Errors
    /// If the data is missing or is not what the spec names.
    pub fn held_out(&mut self, data: &Path, ratings: &RatingsSpec) -> Result<Arc<Box<dyn Scores>>> {
        let of = (ratings.dataset.fingerprint, ratings.split.clone(), ratings.reward);
        self.held_out.get(of, || {
            let (table, split) = divided(data, ratings)?;
            item_knn::predictions(&table, &split, ratings.reward)
        })
    }

    /// A finished factorisation.
    ///
    /// # Errors
    /// If it is not complete or its file is not the one its result names.
    pub fn pmf(&mut self, runs: &Path, trial: TrialId) -> Result<Arc<PmfModel>> {
        self.models.get(trial, || {
            check_model(runs, trial)?;
            model::load_pmf(&TrialDir::new(runs, trial).model())
        })
    }
}

/// Checks that a trial is complete and its model is the one its result names.
///
/// # Errors
/// What is missing or differs.
pub fn check_model(runs: &Path, trial: TrialId) -> Result<()> {
    let folder = TrialDir::new(runs, trial);
    let result = TrialResult::read(&folder.result())
        .map_err(|error| Error::Environment(error.to_string()))?
        .ok_or_else(|| Error::Environment(format!("trial {} is not finished", trial.short())))?;
    let bytes = std::fs::read(folder.model())
        .map_err(|error| Error::Environment(format!("{}: {error}", folder.model().display())))?;
    let digest = Digest::of(&bytes);
    if result.model_digest == Some(digest) {
        Ok(())
    } else {
        Err(Error::Environment(format!(
            "{}: the model's digest {} is not the one its result names; remove {} to train it again",
            folder.model().display(),
            digest.short(),
            folder.path().display()
        )))
    }
}

/// The ratings that a trial stands on, and their division.
///
/// # Errors
/// If the data is missing or is not what the spec names.
pub fn divided(data: &Path, ratings: &RatingsSpec) -> Result<(Ratings, Split)> {
    let table = load(data, &ratings.dataset)?;
    let split = Split::of(&table, &ratings.split, data).map_err(|error| Error::Environment(error.to_string()))?;
    Ok((table, split))
}

/// The rating table of a dataset.
///
/// # Errors
/// If the data is missing or is not what the spec names.
fn load(data: &Path, dataset: &DatasetSpec) -> Result<Ratings> {
    let Some(recipe) = &dataset.synthetic else {
        return Catalogue::new(data)
            .open(&dataset.name, Some(dataset.fingerprint))
            .map_err(|error| Error::Environment(error.to_string()));
    };
    let ratings = synthetic::generate(recipe).map_err(|error| Error::Deterministic(error.to_string()))?;
    let fingerprint = ratings.fingerprint();
    if fingerprint == dataset.fingerprint {
        Ok(ratings)
    } else {
        Err(Error::Deterministic(format!(
            "the synthetic dataset has fingerprint {}, the spec names {}",
            fingerprint.short(),
            dataset.fingerprint.short()
        )))
    }
}
