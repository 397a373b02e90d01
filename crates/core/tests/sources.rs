//! Changes planted in a copy of the sources: one that can change a result gives another `train_digest` and points at its
//! file, one that cannot gives none.

#[path = "../build/sources.rs"]
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

/// A copy of the sources in a folder of its own.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of all crates");
        sources::SOURCES.iter().for_each(|source| copy(&crates.join(source), &folder.path().join(source)));
        Self { folder }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// The files whose hash is another than in the program, after replacing `from` by `to` in `file`; and whether the
    /// whole digest is.
    fn planted(&self, file: &str, from: &str, to: &str) -> (Vec<String>, bool) {
        let path = self.path(file);
        let text = fs::read_to_string(&path).expect("a source");
        assert!(text.contains(from), "{file} has no `{from}` any more");
        fs::write(&path, text.replacen(from, to, 1)).expect("written");
        let now = sources::hash(self.folder.path());
        fs::write(&path, text).expect("written");
        let then: Vec<(&str, &str)> = drr_core::train_sources().collect();
        assert_eq!(now.single.len(), then.len());
        let differs = now.single.iter().zip(&then).filter(|((_, now), (_, then))| now != then);
        let names = differs.map(|((name, _), _)| name.clone()).collect();
        (names, now.digest != drr_core::train_digest().to_string())
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("made");
        for entry in fs::read_dir(from).expect("a source folder") {
            let entry = entry.expect("an entry");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        fs::copy(from, to).expect("copied");
    }
}

#[test]
fn one_changed_line_changes_the_digest_and_names_its_file() {
    let copy = Copy::new();
    let lines = [
        ("core/src/spec/sections.rs", "gamma (\"γ\"): f64 = 0.9", "gamma (\"γ\"): f64 = 0.8"),
        ("core/src/seed.rs", "drr-lab stream", "drr-lab streams"),
        ("core/src/data/split.rs", "fn ", "#[inline] fn "),
        ("train/src/trainer.rs", "fn ", "#[inline] fn "),
        ("train/src/actor_critic/update.rs", "fn ", "#[inline] fn "),
    ];
    for (file, from, to) in lines {
        assert_eq!(copy.planted(file, from, to), (vec![file.to_owned()], true), "{file}");
    }
}

#[test]
fn comments_layout_tests_and_what_only_moves_words_change_nothing() {
    let copy = Copy::new();
    let lines = [
        ("train/src/trainer.rs", "fn ", "// A remark.\nfn "),
        ("train/src/trainer.rs", "fn ", "fn\n    "),
        ("core/src/seed.rs", "fn ", "#[cfg(test)]\nmod planted {}\nfn "),
        ("core/src/spec/sections.rs", "Discount factor", "The discount factor"),
        ("train/src/error.rs", "fn ", "#[inline] fn "),
    ];
    for (file, from, to) in lines {
        let (names, whole) = copy.planted(file, from, to);
        assert!(names.is_empty() && !whole, "{file}: `{to}` counts");
    }
}
