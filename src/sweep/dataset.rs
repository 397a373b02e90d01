//! The content of the ratings a sweep names, as a fingerprint and, for what a plan has to know, as a table.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use drr_core::data::catalogue::{Catalogue, CatalogueError, FETCHABLE};
use drr_core::data::split::{self, GivenError};
use drr_core::data::synthetic::generate;
use drr_core::data::{Ratings, Split};
use drr_core::spec::{DatasetSpec, RewardRule, SplitSpec, SyntheticSpec};
use drr_core::{Digest, canonical};

use super::choices::DatasetChoice;
use super::problem::Problem;
use super::suggest::nearest;
use crate::error::{Error, Result};

/// Where fingerprints come from.
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

    /// How the ratings of a dataset in the data folder become rewards, where a sweep says nothing else.
    ///
    /// # Errors
    /// The dataset is unknown or not there.
    fn rule(&mut self, choice: &DatasetChoice) -> Result<RewardRule>;

    /// The content of a division that files give, of the test part and, where it is not all the rest, of the train part.
    ///
    /// # Errors
    /// A file that cannot be read, or speaks of other ratings.
    fn given(&mut self, dataset: &DatasetSpec, test: &Path, train: Option<&Path>) -> Result<Digest>;
}

/// Tables are kept up to so many ratings in all, about 100 MB; of larger ones only the latest.
const KEPT: usize = 4_000_000;

/// The data folder and the synthetic generator; each dataset is read once.
pub struct Datasets {
    data: PathBuf,
    known: HashMap<Digest, Digest>,
    tables: HashMap<Digest, Arc<Ratings>>,
}

impl Datasets {
    /// The datasets below the folder `data`.
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), known: HashMap::new(), tables: HashMap::new() }
    }

    /// The ratings that a trial names.
    ///
    /// # Errors
    /// They are not there, or not those it names.
    pub fn table(&mut self, dataset: &DatasetSpec) -> Result<Arc<Ratings>> {
        if let Some(table) = self.tables.get(&dataset.fingerprint) {
            return Ok(Arc::clone(table));
        }
        let table = match &dataset.synthetic {
            Some(world) => generate(world).map_err(|error| Error::input(format!("[synthetic]: {error}")))?,
            None => Catalogue::new(&self.data)
                .open(&dataset.name, Some(dataset.fingerprint))
                .map_err(|error| Error::input(error.to_string()))?,
        };
        Ok(self.keep(dataset.fingerprint, table))
    }

    /// How the ratings of a trial become rewards where its sweep says nothing else.
    ///
    /// # Errors
    /// The dataset is not there.
    pub fn rule_of(&self, dataset: &DatasetSpec) -> Result<RewardRule> {
        if dataset.synthetic.is_some() {
            return Ok(RewardRule::STARS);
        }
        let described = Catalogue::new(&self.data).describe(&dataset.name);
        described.map(|described| described.rule()).map_err(|error| Error::input(error.to_string()))
    }

    /// The ratings that a trial names, and their parts.
    ///
    /// # Errors
    /// They are not there, or not those it names.
    pub fn divided(&mut self, dataset: &DatasetSpec, split: &SplitSpec) -> Result<(Arc<Ratings>, Split)> {
        let table = self.table(dataset)?;
        let parts = Split::of(&table, split, &self.data).map_err(|error| Error::input(error.to_string()))?;
        Ok((table, parts))
    }

    /// Takes a table that was opened elsewhere for the ratings of this fingerprint.
    pub fn keep(&mut self, fingerprint: Digest, table: Ratings) -> Arc<Ratings> {
        let kept: usize = self.tables.values().map(|table| table.rows.len()).sum();
        if kept + table.rows.len() > KEPT {
            self.tables.clear();
        }
        let table = Arc::new(table);
        self.tables.insert(fingerprint, Arc::clone(&table));
        table
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
        self.keep(fingerprint, ratings);
        self.known.insert(key, fingerprint);
        Ok(fingerprint)
    }

    fn rule(&mut self, choice: &DatasetChoice) -> Result<RewardRule> {
        let catalogue = Catalogue::new(&self.data);
        let described = catalogue.describe(&choice.name).map_err(|error| explain(&catalogue, choice, &error))?;
        Ok(described.rule())
    }

    fn given(&mut self, dataset: &DatasetSpec, test: &Path, train: Option<&Path>) -> Result<Digest> {
        let table = self.table(dataset)?;
        split::keep(&self.data, &table, test, train).map_err(|error| {
            let is_of_disk = matches!(&error, GivenError::Io { what: "write", .. });
            // Lines of a file are told in one of the message.
            let said = error.to_string().replace("\n  ", "; ");
            if is_of_disk { Error::environment(said) } else { Error::input(said) }
        })
    }
}

/// An error that points at the line naming the dataset.
fn explain(catalogue: &Catalogue, choice: &DatasetChoice, error: &CatalogueError) -> Error {
    let name = &choice.name;
    let (message, help) = match error {
        CatalogueError::Missing { .. } | CatalogueError::Name { .. } => {
            let mut known: Vec<String> = catalogue.list().unwrap_or_default().into_iter().map(|d| d.name).collect();
            known.extend(FETCHABLE.iter().map(|name| (*name).to_owned()));
            known.push(DatasetChoice::SYNTHETIC.to_owned());
            let near = nearest(name, known.iter().map(String::as_str).filter(|known| known != name));
            let help = match near {
                _ if FETCHABLE.contains(&name.as_str()) => format!("fetch it first: drr-lab data fetch {name}"),
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("import it first: drr-lab data import {name} FILE"),
            };
            (format!("the dataset \"{name}\" is not there"), Some(help))
        }
        _ => (error.to_string(), None),
    };
    Problem::new(message).maybe_help(help).alone(&choice.place, "named here")
}
