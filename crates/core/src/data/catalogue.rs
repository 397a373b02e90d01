//! Datasets in the data folder, each in a folder of its own. Knows no network: it keeps what it is handed.
//!
//! ```text
//! <data>/<name>/ratings.tsv    exactly `Ratings::canonical_bytes`: its SHA-256 is the fingerprint
//!               users.tsv      a hash of each user's ratings, to say whose changed
//!               items.tsv      id, title, year, genres; for reports only
//!               dataset.json   a `Description`; its presence means complete
//! ```

mod error;
mod install;
mod parts;

use std::path::{Path, PathBuf};
use std::{fs, io, thread};

use serde::{Deserialize, Serialize};

pub use error::CatalogueError;

use super::load::{FileLayout, Item, ratings, read_stored_items};
use super::table::Ratings;
use crate::digest::Digest;
use crate::spec::RewardRule;

/// The version of `dataset.json`; newer ones are refused. Those that name no scale are of the first.
const FORMAT: u32 = 2;

/// The datasets that `drr-lab data fetch` knows.
pub const FETCHABLE: &[&str] = &["ml-100k", "ml-1m", "ml-25m"];

/// Names that mean something else in a sweep file or in the data folder.
const RESERVED: &[&str] = &["synthetic", "splits"];

/// What the data folder says of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Format of this record.
    pub format: u32,
    /// Name of the dataset and of its folder.
    pub name: String,
    /// Where it came from.
    pub source: String,
    /// SHA-256 of the canonical rating table.
    pub fingerprint: Digest,
    /// Number of users.
    pub users: usize,
    /// Number of rated items.
    pub items: usize,
    /// Number of ratings.
    pub ratings: usize,
    /// Lowest and highest rating.
    pub rating_range: [f32; 2],
    /// Ratings of the source left out since the same user rated the same item later.
    pub duplicates: usize,
    /// What may be done with it.
    pub licence: Option<String>,
    /// How its ratings become rewards, where sweeps say nothing else: as stars if it names no scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward: Option<RewardRule>,
}

impl Description {
    /// How its ratings become rewards, where sweeps say nothing else.
    pub fn rule(&self) -> RewardRule {
        self.reward.unwrap_or_default()
    }
}

/// What a table does not know of itself.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Meta {
    /// Where the dataset came from.
    pub source: String,
    /// Ratings left out since the same user rated the same item later.
    pub duplicates: usize,
    /// What may be done with it.
    pub licence: Option<String>,
    /// How its ratings become rewards, where sweeps say nothing else.
    pub reward: RewardRule,
}

/// The datasets below a data folder.
#[derive(Clone, Debug)]
pub struct Catalogue {
    data: PathBuf,
}

impl Catalogue {
    /// The catalogue of a data folder, which need not exist yet.
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_owned() }
    }

    /// All datasets, by name.
    ///
    /// # Errors
    /// If the folder or a description cannot be read.
    pub fn list(&self) -> Result<Vec<Description>, CatalogueError> {
        let entries = match fs::read_dir(&self.data) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(CatalogueError::io("read", &self.data)(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(CatalogueError::io("read", &self.data))?.file_name();
            let Some(name) = name.to_str() else { continue };
            if check_name(name).is_ok() && self.file(name, "dataset.json").is_file() {
                names.push(name.to_owned());
            }
        }
        names.sort();
        names.iter().map(|name| self.describe(name)).collect()
    }

    /// What is known of a dataset, without reading its table.
    ///
    /// # Errors
    /// If there is none of that name or its description cannot be read.
    pub fn describe(&self, name: &str) -> Result<Description, CatalogueError> {
        check_name(name)?;
        let file = self.file(name, "dataset.json");
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(CatalogueError::Missing { name: name.to_owned(), data: self.data.clone() });
            }
            Err(error) => return Err(CatalogueError::io("read", &file)(error)),
        };
        let bad = |why: String| CatalogueError::Description { file: file.clone(), why };
        // The format first: a newer record may hold fields this one does not know.
        let value: serde_json::Value = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        if format.is_some_and(|format| format > u64::from(FORMAT)) {
            return Err(bad("it was written by a newer drr-lab".to_owned()));
        }
        let description: Description = serde_json::from_value(value).map_err(|error| bad(error.to_string()))?;
        if description.name != name {
            return Err(bad(format!("it describes `{}`", description.name)));
        }
        Ok(description)
    }

    /// Loads a dataset's table and checks its fingerprint: against `expected` where given, else against its description.
    ///
    /// # Errors
    /// If it is missing, cannot be read, or is not the table that was expected; the latter names both fingerprints.
    pub fn open(&self, name: &str, expected: Option<Digest>) -> Result<Ratings, CatalogueError> {
        let described = self.describe(name)?.fingerprint;
        let file = self.file(name, "ratings.tsv");
        let bytes = fs::read(&file).map_err(CatalogueError::io("read", &file))?;
        // Hashing and parsing take about the same time, so they share it.
        let (found, loaded) = thread::scope(|scope| {
            let hash = scope.spawn(|| Digest::of(&bytes));
            let loaded = ratings(&file.display().to_string(), &bytes, Some(&FileLayout::UData));
            (hash.join().expect("hashing does not panic"), loaded)
        });
        let expected = expected.unwrap_or(described);
        if found != expected {
            return Err(CatalogueError::Changed { name: name.to_owned(), expected, found });
        }
        Ok(loaded?.ratings)
    }

    /// The fingerprint of a dataset's table as it lies there now.
    ///
    /// # Errors
    /// If it is missing or cannot be read.
    pub fn fingerprint(&self, name: &str) -> Result<Digest, CatalogueError> {
        self.describe(name)?;
        let file = self.file(name, "ratings.tsv");
        fs::read(&file).map(|bytes| Digest::of(&bytes)).map_err(CatalogueError::io("read", &file))
    }

    /// Whose ratings are not as they were installed; `None` for datasets installed before that was kept.
    ///
    /// # Errors
    /// If the dataset is missing or cannot be read.
    pub fn changed_users(&self, name: &str) -> Result<Option<Vec<String>>, CatalogueError> {
        self.describe(name)?;
        let (users, table) = (self.file(name, "users.tsv"), self.file(name, "ratings.tsv"));
        let described = match fs::read_to_string(&users) {
            Ok(described) => described,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CatalogueError::io("read", &users)(error)),
        };
        let bytes = fs::read(&table).map_err(CatalogueError::io("read", &table))?;
        Ok(Some(parts::changed(&described, &bytes)))
    }

    /// Titles, years and genres; empty where none are known.
    ///
    /// # Errors
    /// If the dataset is missing or its list of items cannot be read.
    pub fn items(&self, name: &str) -> Result<Vec<Item>, CatalogueError> {
        self.describe(name)?;
        let file = self.file(name, "items.tsv");
        match fs::read(&file) {
            Ok(bytes) => Ok(read_stored_items(&file.display().to_string(), &bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(CatalogueError::io("read", &file)(error)),
        }
    }

    /// Puts a dataset into the folder, whole or not at all, in the place of an older one of that name.
    ///
    /// # Errors
    /// If the name is none or the folder cannot be written.
    pub fn install(
        &self,
        name: &str,
        table: &Ratings,
        items: &[Item],
        meta: Meta,
    ) -> Result<Description, CatalogueError> {
        check_name(name)?;
        let bytes = table.canonical_bytes();
        let description = Description {
            format: if meta.reward == RewardRule::STARS { 1 } else { FORMAT },
            name: name.to_owned(),
            source: meta.source,
            fingerprint: Digest::of(&bytes),
            users: table.users.len(),
            items: table.items.len(),
            ratings: table.rows.len(),
            rating_range: if table.rows.is_empty() { [0.0, 0.0] } else { table.range() },
            duplicates: meta.duplicates,
            licence: meta.licence,
            reward: Some(meta.reward).filter(|reward| *reward != RewardRule::STARS),
        };
        install::write(&self.data, &description, &bytes, items)?;
        Ok(description)
    }

    fn file(&self, name: &str, file: &str) -> PathBuf {
        self.data.join(name).join(file)
    }
}

/// A name is one plain folder name: it can neither leave the data folder nor hide in it.
///
/// # Errors
/// [`CatalogueError::Name`].
pub fn check_name(name: &str) -> Result<(), CatalogueError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if starts && name.len() <= 64 && name.bytes().all(plain) && !RESERVED.contains(&name) {
        return Ok(());
    }
    Err(CatalogueError::Name { name: name.to_owned() })
}

#[cfg(test)]
mod tests;
