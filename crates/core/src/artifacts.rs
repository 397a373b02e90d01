//! What a trial leaves beside its metrics: the plain files below a folder, by their names from there, each with its digest.

use std::collections::BTreeMap;
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::neutral::HiddenCharacter;

/// The folder of a trial's artifacts, in the trial's own.
pub const FOLDER: &str = "out";

/// What a seal calls an artifact.
pub fn sealed_name(artifact: &str) -> String {
    format!("{FOLDER}/{artifact}")
}

/// Files by their names below a folder, with `/` between parts.
pub type Artifacts = BTreeMap<String, Digest>;

/// The names of a folder's files, sorted, wherever below it they lie; none where there is no folder.
///
/// # Errors
/// A folder that cannot be read; something that is neither a file nor a folder; a name that cannot be recorded.
pub fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    match gather(folder, "", &mut names) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => {}
        gathered => gathered?,
    }
    names.sort_unstable();
    Ok(names)
}

/// The digests of a folder's files.
///
/// # Errors
/// As [`names`], and a file that cannot be read.
pub fn digests(folder: &Path) -> io::Result<Artifacts> {
    let digest = |name: String| {
        let digest = Digest::of_file(&folder.join(&name)).map_err(|error| named(&folder.join(&name), &error))?;
        Ok((name, digest))
    };
    names(folder)?.into_iter().map(digest).collect()
}

fn gather(folder: &Path, prefix: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name().into_string().map_err(|_| refused(&path, "its name is no text in UTF-8"))?;
        if name.contains('\\') {
            return Err(refused(&path, "its name holds a backslash, which other systems read as a folder"));
        }
        if let Some(hidden) = HiddenCharacter::first_in(&name) {
            return Err(refused(&path, &format!("its name holds {hidden}")));
        }
        let name = format!("{prefix}{name}");
        match entry.file_type()? {
            it if it.is_dir() => gather(&path, &format!("{name}/"), names)?,
            it if it.is_file() => names.push(name),
            other => return Err(refused(&path, &format!("it is {}, and only plain files are kept", what(other)))),
        }
    }
    Ok(())
}

fn what(file: FileType) -> &'static str {
    if file.is_symlink() { "a symbolic link" } else { "neither a file nor a folder" }
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The folders that hold these files, `folder` among them: what must be durable for the names to be.
pub fn folders<'a>(folder: &Path, names: impl Iterator<Item = &'a String>) -> Vec<PathBuf> {
    let above = |name: &'a String| {
        let ends: Vec<usize> = name.match_indices('/').map(|(at, _)| at).collect();
        [folder.to_owned()].into_iter().chain(ends.into_iter().map(|at| folder.join(&name[..at])))
    };
    let mut folders: Vec<PathBuf> = names.flat_map(above).collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_are_found_wherever_they_lie_and_nothing_else_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(names(&folder.path().join("none")).expect("no folder, no files").is_empty());
        fs::create_dir_all(folder.path().join("a/b")).expect("made");
        fs::write(folder.path().join("z.txt"), "z").expect("written");
        fs::write(folder.path().join("a/b/deep"), "").expect("written");
        let found = digests(folder.path()).expect("readable");
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a/b/deep", "z.txt"]);
        assert_eq!(found["z.txt"], Digest::of(b"z"));
        symlink("z.txt", folder.path().join("latest")).expect("linked");
        let error = names(folder.path()).expect_err("a link is no file").to_string();
        assert!(error.contains("latest: it is a symbolic link, and only plain files are kept"), "{error}");
    }
}
