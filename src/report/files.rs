//! Files of a report on disk.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// What was written.
#[derive(Clone, Debug)]
pub struct WrittenReport {
    /// The report's folder.
    pub folder: PathBuf,
    /// All files, the page first.
    pub files: Vec<PathBuf>,
    /// Number of tables.
    pub tables: usize,
    /// Number of figures.
    pub figures: usize,
}

/// Writes one file of a report.
pub(super) fn put(folder: &Path, name: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let path = folder.join(name);
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
    written.map_err(|error| Error::environment(format!("cannot write {}: {error}", path.display())))?;
    Ok(path)
}

/// Removes the files an earlier report may have written, and no other.
pub(super) fn clear(folder: &Path) -> Result<()> {
    let mut old = vec![folder.join("index.html"), folder.join("index.md")];
    for (part, extensions) in [("tables", &["md", "tex", "csv", "json"][..]), ("figures", &["svg", "png"][..])] {
        let Ok(entries) = fs::read_dir(folder.join(part)) else { continue };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let ours = |path: &PathBuf| {
            path.extension().and_then(|extension| extension.to_str()).is_some_and(|it| extensions.contains(&it))
        };
        old.extend(paths.filter(ours));
    }
    for path in old {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::environment(format!("cannot replace {}: {error}", path.display())));
            }
            _ => {}
        }
    }
    Ok(())
}
