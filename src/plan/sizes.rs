//! How large the ratings of a trial are, without reading them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

use drr_core::data::catalogue::Catalogue;
use drr_core::spec::DatasetSpec;
use drr_core::{Digest, TrialSpec};
use drr_kinds::DataSize;

/// The sizes of rating tables, each looked up once.
#[derive(Debug)]
pub struct Sizes {
    catalogue: Option<Catalogue>,
    known: RefCell<HashMap<Digest, Option<DataSize>>>,
}

impl Sizes {
    /// Of made-up worlds, as their recipes say, and of what a folder of datasets describes.
    pub fn new(data: &Path) -> Self {
        Self { catalogue: Some(Catalogue::new(data)), known: RefCell::default() }
    }

    /// Of made-up worlds alone.
    pub fn of_recipes() -> Self {
        Self { catalogue: None, known: RefCell::default() }
    }

    /// The size of a dataset; `None` where the folder does not have it, or has another by its name.
    pub fn of(&self, dataset: &DatasetSpec) -> Option<DataSize> {
        *self.known.borrow_mut().entry(dataset.fingerprint).or_insert_with(|| self.look_up(dataset))
    }

    /// The size of what a trial stands on: nothing at all where it brings its own data.
    pub fn of_trial(&self, spec: &TrialSpec) -> Option<DataSize> {
        spec.dataset().map_or(Some(DataSize::default()), |dataset| self.of(dataset))
    }

    fn look_up(&self, dataset: &DatasetSpec) -> Option<DataSize> {
        if let Some(world) = &dataset.synthetic {
            return Some(DataSize { users: world.users, items: world.items, ratings: world.ratings });
        }
        let found = self.catalogue.as_ref()?.describe(&dataset.name).ok()?;
        let size = DataSize { users: found.users as u64, items: found.items as u64, ratings: found.ratings as u64 };
        (found.fingerprint == dataset.fingerprint).then_some(size)
    }
}
