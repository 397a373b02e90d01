//! Changes planted in a copy of the sources: one that can change what a kind computes gives that kind and those that
//! stand on the same code another digest, and no other; one that cannot gives none.

#[path = "../build/imports.rs"]
mod imports;
#[path = "../build/sources.rs"]
mod sources;

use std::collections::{BTreeMap, BTreeSet};
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
        for part in ["core/src", "kinds/src", "train/src"] {
            copy(&crates.join(part), &folder.path().join("crates").join(part));
        }
        copy(&crates.join("../Cargo.lock"), &folder.path().join("Cargo.lock"));
        Self { folder }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("crates").join(file)
    }

    fn hash(&self) -> sources::Sources {
        sources::hash(&self.folder.path().join("crates"))
    }

    /// The kinds whose digest is another than in the program, after replacing `from` by `to` in `file`; and the files
    /// that are said to differ.
    fn planted(&self, file: &str, from: &str, to: &str) -> (BTreeSet<String>, BTreeSet<String>) {
        let path = self.path(file);
        let text = fs::read_to_string(&path).expect("a source");
        assert!(text.contains(from), "{file} has no `{from}` any more");
        fs::write(&path, text.replacen(from, to, 1)).expect("written");
        let now = self.hash();
        fs::write(&path, text).expect("written");
        let then: BTreeMap<&str, &str> = drr_kinds::train_sources().collect();
        let differs = now.single.iter().filter(|(name, digest)| then.get(name.as_str()) != Some(&digest.as_str()));
        let kinds = now.kinds.iter().filter(|(folder, digest)| **digest != digest_now(folder));
        (kinds.map(|(folder, _)| folder.clone()).collect(), differs.map(|(name, _)| name.clone()).collect())
    }
}

/// The digest of a folder's kinds, as the program has it.
fn digest_now(folder: &str) -> String {
    let name = folder.replace('_', "-");
    let kind = drr_kinds::registry::all().find(|kind| kind.name == name).expect("a folder is called as its kind is");
    drr_kinds::digest_of(kind).to_string()
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

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_program_has_the_digests_of_its_sources() {
    let now = Copy::new().hash();
    assert!(now.kinds.iter().all(|(folder, digest)| *digest == digest_now(folder)));
    assert_eq!(now.single.len(), drr_kinds::train_sources().count());
}

#[test]
fn one_token_moves_exactly_the_kinds_that_depend_on_it_and_names_its_file() {
    let copy = Copy::new();
    let every: Vec<String> = copy.hash().kinds.into_keys().collect();
    let every: Vec<&str> = every.iter().map(String::as_str).collect();
    let (token, other) = ("fn ", "#[inline] fn ");
    let lines: [(&str, &str, &str, &[&str]); 22] = [
        ("kinds/src/popularity/ranking.rs", token, other, &["popularity"]),
        ("kinds/src/item_mean/ranking.rs", token, other, &["item_mean", "repeat_history"]),
        // Linear algebra and the train part as a matrix, for those that are made of them.
        ("kinds/src/dense.rs", token, other, &["ease", "ials", "pure_svd", "svdpp"]),
        ("kinds/src/matrix.rs", token, other, &["ease", "ials", "pure_svd"]),
        ("kinds/src/factors.rs", token, other, &["ials", "pure_svd", "svdpp"]),
        ("kinds/src/ease/train.rs", token, other, &["ease"]),
        ("train/src/offline.rs", token, other, &["offline", "protocols"]),
        ("train/src/online/learning.rs", token, other, &["online"]),
        ("kinds/src/online/settings.rs", "steps (", "step (", &["online"]),
        ("train/src/trainer.rs", token, other, &["drr"]),
        ("train/src/returns.rs", token, other, &["drr", "online"]),
        ("train/src/beliefs.rs", token, other, &["offline", "online", "pmf_adaptive", "protocols"]),
        ("train/src/answers.rs", token, other, &["drr", "online"]),
        ("train/src/evaluate/orders.rs", token, other, &["offline", "online", "protocols"]),
        // What answers for a held-out simulator.
        ("kinds/src/item_knn/train.rs", token, other, &["item_knn", "online"]),
        ("train/src/actor_critic/update.rs", token, other, &["drr"]),
        ("kinds/src/drr/settings.rs", "gamma (\"γ\"): f64 = 0.9", "gamma (\"γ\"): f64 = 0.8", &["drr"]),
        // Recommenders read the model's file with the model's own code.
        ("train/src/pmf/factors.rs", token, other, &["drr", "pmf"]),
        ("train/src/evaluate/mod.rs", token, other, &["offline", "online", "protocols"]),
        ("train/src/bandit.rs", token, other, &["linucb", "offline", "online", "protocols"]),
        ("core/src/seed.rs", "drr-lab stream", "drr-lab streams", &every),
        ("core/src/digest.rs", token, other, &every),
    ];
    for (file, from, to, kinds) in lines {
        assert_eq!(copy.planted(file, from, to), (set(kinds), set(&[file])), "{file}");
    }
}

#[test]
fn comments_layout_tests_declarations_and_what_only_moves_words_change_nothing() {
    let copy = Copy::new();
    let lines = [
        ("train/src/trainer.rs", "fn ", "// A remark.\nfn "),
        ("train/src/trainer.rs", "fn ", "fn\n    "),
        ("core/src/seed.rs", "fn ", "#[cfg(test)]\nmod planted {}\nfn "),
        ("kinds/src/drr/settings.rs", "Discount factor", "The discount factor"),
        ("kinds/src/error.rs", "Stopped", "Ended"),
        ("kinds/src/drr/mod.rs", "Learning curves", "The learning curves"),
        ("kinds/src/drr/cost.rs", "2.5e-5", "2.6e-5"),
        ("train/src/worker/channel.rs", "fn ", "#[inline] fn "),
        ("train/src/threads/crew.rs", "fn ", "#[inline] fn "),
    ];
    for (file, from, to) in lines {
        assert_eq!(copy.planted(file, from, to), (set(&[]), set(&[])), "{file}: `{to}` counts");
    }
}

#[test]
fn another_version_of_a_numeric_crate_moves_every_kind() {
    let copy = Copy::new();
    let path = copy.folder.path().join("Cargo.lock");
    let lock = fs::read_to_string(&path).expect("a lock file");
    let (before, after) = lock.split_once("name = \"rand_chacha\"\nversion = \"").expect("the generator is locked");
    fs::write(&path, format!("{before}name = \"rand_chacha\"\nversion = \"9{after}")).expect("written");
    assert!(copy.hash().kinds.iter().all(|(folder, digest)| *digest != digest_now(folder)));
}

#[test]
fn a_package_has_the_digests_of_the_repository() {
    let copy = Copy::new();
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(own.join("build/numeric.lock"), copy.folder.path().join("Cargo.lock")).expect("copied");
    for (folder, digest) in copy.hash().kinds {
        assert_eq!(
            digest,
            digest_now(&folder),
            "{folder}: build/numeric.lock and the lock file of the workspace differ"
        );
    }
}

#[test]
fn every_source_that_computes_belongs_to_a_kind() {
    let copy = Copy::new();
    let counted: BTreeSet<String> = copy.hash().files.into_values().flatten().collect();
    let crates = imports::Crates::new(&copy.folder.path().join("crates"));
    // The worker's side of the protocol, who computes a part, programs, and what reads and writes files.
    let silent = |name: &&str| {
        name.starts_with("train/src/worker/")
            || name.starts_with("train/src/threads/")
            || name.contains("/src/bin/")
            || *name == "train/src/lib.rs"
    };
    let computes = |name: &&str| name.starts_with("train/src/");
    let left: Vec<&str> = crates.files().filter(computes).filter(|name| !silent(name)).collect();
    let left: Vec<&str> = left.into_iter().filter(|name| !counted.contains(*name)).collect();
    assert!(left.is_empty(), "no kind's digest holds {left:?}");
}
