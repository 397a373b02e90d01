//! The content of the ratings a sweep names, as a fingerprint.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use drr_core::data::catalogue::{Catalogue, CatalogueError};
use drr_core::data::synthetic::generate;
use drr_core::spec::SyntheticSpec;
use drr_core::{Digest, canonical};

use super::choices::DatasetChoice;
use super::problem::{Problem, Problems};
use super::suggest::nearest;
use crate::error::{Error, Result};

/// The dataset that is suggested to newcomers.
const FETCHABLE: &str = "ml-100k";

/// Where fingerprints come from; tests make them up.
pub trait Fingerprints {
    /// The fingerprint of a dataset in the data folder.
    ///
    /// # Errors
    /// The dataset is unknown or not there.
    fn named(&mut self, choice: &DatasetChoice) -> Result<Digest>;

    /// The fingerprint of a made-up dataset.
    ///
    /// # Errors
    /// The world cannot be made.
    fn synthetic(&mut self, world: &SyntheticSpec) -> Result<Digest>;
}

/// The data folder and the synthetic generator; each dataset is read once.
pub struct Datasets {
    data: PathBuf,
    known: HashMap<Digest, Digest>,
}

impl Datasets {
    /// The datasets below the folder `data`.
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), known: HashMap::new() }
    }
}

impl Fingerprints for Datasets {
    fn named(&mut self, choice: &DatasetChoice) -> Result<Digest> {
        let key = Digest::of(choice.name.as_bytes());
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let catalogue = Catalogue::new(&self.data);
        let fingerprint = catalogue.fingerprint(&choice.name).map_err(|error| explain(&catalogue, choice, &error))?;
        self.known.insert(key, fingerprint);
        Ok(fingerprint)
    }

    fn synthetic(&mut self, world: &SyntheticSpec) -> Result<Digest> {
        let key = canonical::digest(world);
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let ratings = generate(world).map_err(|error| Error::input(format!("[synthetic]: {error}")))?;
        let fingerprint = ratings.fingerprint();
        self.known.insert(key, fingerprint);
        Ok(fingerprint)
    }
}

/// An error that points at the line naming the dataset.
fn explain(catalogue: &Catalogue, choice: &DatasetChoice, error: &CatalogueError) -> Error {
    let name = &choice.name;
    let (message, help) = match error {
        CatalogueError::Missing { .. } | CatalogueError::Name { .. } => {
            let mut known: Vec<String> = catalogue.list().unwrap_or_default().into_iter().map(|d| d.name).collect();
            known.extend([FETCHABLE.to_owned(), DatasetChoice::SYNTHETIC.to_owned()]);
            let near = nearest(name, known.iter().map(String::as_str).filter(|known| known != name));
            let help = match near {
                Some(near) if name != FETCHABLE => format!("did you mean \"{near}\"?"),
                _ => format!("fetch it first: drr-lab data fetch {name}"),
            };
            (format!("the dataset \"{name}\" is not there"), Some(help))
        }
        _ => (error.to_string(), None),
    };
    let mut problems = Problems::default();
    problems.add(Problem::new(message).maybe_help(help), &choice.place, "named here");
    problems.into_error(choice.place.source_name())
}
