//! What a command needs to run that is no part of its trial's identity: where it starts, which files it was planned with,
//! what of the environment it may see.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::artifacts::Artifacts;
use crate::digest::Digest;

/// Where the commands of a sweep run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandPlace {
    /// The folder they start in; the files below are named from there.
    pub folder: PathBuf,
    /// By stage: the code and data that its digest stands for.
    pub files: BTreeMap<String, Artifacts>,
    /// By stage: the variables that are passed on as they are.
    pub passed: BTreeMap<String, Vec<String>>,
}

/// The variables that every command is given, where they are set.
pub const PASSED: [&str; 3] = ["HOME", "LANG", "PATH"];

impl CommandPlace {
    /// The variables of a stage and their values here, of those that are set.
    pub fn environment(&self, stage: &str) -> BTreeMap<String, String> {
        let own = self.passed.get(stage).into_iter().flatten().map(String::as_str);
        let value = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
        PASSED.into_iter().chain(own).filter_map(value).collect()
    }
}

/// What identifies a file's content without reading it.
type Stamp = (u64, u64, u64, i64, i64, i64, i64);

/// Digests of files, read again only where a file may have changed.
#[derive(Debug, Default)]
pub struct FileDigests(HashMap<PathBuf, (Stamp, Digest)>);

impl FileDigests {
    /// The first file that is not as a stage was planned with, in words.
    ///
    /// # Errors
    /// A file that cannot be read for another reason than that it is gone.
    pub fn changed(&mut self, place: &CommandPlace, stage: &str) -> io::Result<Option<String>> {
        for (name, planned) in place.files.get(stage).into_iter().flatten() {
            let path = place.folder.join(name);
            match self.of(&path) {
                Ok(found) if found == *planned => {}
                Ok(_) => return Ok(Some(format!("{} was changed after the sweep was planned", path.display()))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Some(format!("{} is gone since the sweep was planned", path.display())));
                }
                Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
            }
        }
        Ok(None)
    }

    /// The digest of a file's content.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn of(&mut self, path: &Path) -> io::Result<Digest> {
        let it = path.metadata()?;
        let stamp = (it.dev(), it.ino(), it.size(), it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec());
        match self.0.get(path) {
            Some((known, digest)) if *known == stamp => Ok(*digest),
            _ => {
                let digest = Digest::of_file(path)?;
                self.0.insert(path.to_owned(), (stamp, digest));
                Ok(digest)
            }
        }
    }
}

/// The file that a command's first word names: below `folder` where it holds a `/`, else in `path`, a list as in the
/// variable PATH.
pub fn find_program(word: &str, folder: &Path, path: &str) -> Option<PathBuf> {
    let is_program = |file: &PathBuf| file.metadata().is_ok_and(|it| it.is_file() && it.mode() & 0o111 != 0);
    if word.contains('/') {
        return Some(folder.join(word)).filter(is_program);
    }
    std::env::split_paths(path).map(|place| folder.join(place).join(word)).find(is_program)
}
