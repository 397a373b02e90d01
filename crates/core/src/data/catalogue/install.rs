//! Writing a dataset: into a temporary folder beside its place, then renamed, so that no reader sees half of one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{CatalogueError, Description, parts};
use crate::data::load::{Item, write_stored_items};

/// A folder that is removed unless it has been renamed away.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn write(
    data: &Path,
    description: &Description,
    ratings: &[u8],
    items: &[Item],
) -> Result<(), CatalogueError> {
    let place = data.join(&description.name);
    let beside = |what: &str| data.join(format!(".{}-{what}-{}", description.name, std::process::id()));
    fs::create_dir_all(data).map_err(CatalogueError::io("create", data))?;
    let new = Temporary(beside("new"));
    let _ = fs::remove_dir_all(&new.0);
    fs::create_dir(&new.0).map_err(CatalogueError::io("create", &new.0))?;
    let save = |file: &str, bytes: &[u8]| {
        let path = new.0.join(file);
        write_through(&path, bytes).map_err(CatalogueError::io("write", &path))
    };
    save("ratings.tsv", ratings)?;
    save("users.tsv", parts::describe(ratings).as_bytes())?;
    if !items.is_empty() {
        save("items.tsv", write_stored_items(items).as_bytes())?;
    }
    let mut text = serde_json::to_string_pretty(description).expect("a description has finite numbers");
    text.push('\n');
    save("dataset.json", text.as_bytes())?;
    // A folder cannot be renamed over one that holds files: the old one steps aside and comes back on failure.
    let old = beside("old");
    let replaces = place.exists();
    if replaces {
        let _ = fs::remove_dir_all(&old);
        fs::rename(&place, &old).map_err(CatalogueError::io("replace", &place))?;
    }
    if let Err(error) = fs::rename(&new.0, &place) {
        if replaces {
            let _ = fs::rename(&old, &place);
        }
        return Err(CatalogueError::io("create", &place)(error));
    }
    if replaces {
        let _ = fs::remove_dir_all(&old);
    }
    Ok(())
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
