//! The sources of this repository, for the tests that read them.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"))
}

/// Every Rust file below some folders of the root: its name from there, and its text.
pub fn rust_files(folders: &[&str]) -> Vec<(String, String)> {
    let (root, mut files) = (root(), Vec::new());
    folders.iter().for_each(|folder| collect(&root.join(folder), &mut files));
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&root).expect("it lies below").display().to_string();
        (name, fs::read_to_string(&path).expect("a source is readable"))
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
