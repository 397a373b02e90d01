//! Which sources can change what a kind computes, and a hash over them: found by following imports from the kind's own
//! files. Shared by the build script and the tests of this crate.
//!
//! A kind's own files are those of its folder but the declaration, and what the file `sources` in it names. Whatever these
//! import, by whatever path, counts too; of a folder that is a module every file does, for methods are found without a
//! path. Not counted is what only moves bytes or words: mending a message must not orphan a weekend of trials.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::imports::{Crates, words};

/// What computes nothing, relative to `crates/`: declarations, messages, reading and writing of files.
const SILENT: &[&str] = &[
    "kinds/src/lib.rs",
    "kinds/src/kind.rs",
    "kinds/src/kind_of.rs",
    "kinds/src/registry.rs",
    "kinds/src/stage.rs",
    "kinds/src/recommender.rs",
    "kinds/src/error.rs",
    "kinds/src/tensors.rs",
    "kinds/src/drr/recommender.rs",
    "core/src/lib.rs",
    "core/src/data/load/",
    "core/src/data/catalogue.rs",
    "core/src/data/catalogue/",
    "core/src/spec/",
    "core/src/journal.rs",
    "core/src/trial_dir.rs",
    "train/src/lib.rs",
    "train/src/worker/",
    // Who computes a part, never what.
    "train/src/threads/",
];

/// What every kind's computation goes through, whatever its own files import.
const EVERY_KIND: &[&str] =
    &["core/src/seed.rs", "core/src/digest.rs", "train/src/worker/job.rs", "train/src/worker/numerics.rs"];

/// Crates whose code decides bits, by their names in `Cargo.lock`. What GPUs compute with stands in the environment class.
const NUMERIC: &[&str] = &["rand_chacha", "rand_core", "sha2"];

/// The hashes of the sources below a folder `crates`.
pub struct Sources {
    /// SHA-256 of what counts for a kind, by the kind's folder, in hexadecimal digits.
    pub kinds: BTreeMap<String, String>,
    /// The files that count for a kind, by its folder.
    #[allow(dead_code)] // the tests look at them
    pub files: BTreeMap<String, BTreeSet<String>>,
    /// Each file that counts for any, by name, with the first 16 digits of its own hash.
    pub single: BTreeMap<String, String>,
}

/// Hashes the sources below `crates`, with the versions that the lock file beside it names.
///
/// # Panics
/// If a source cannot be read or is no Rust.
pub fn hash(crates: &Path) -> Sources {
    let known = Crates::new(crates);
    let lock = fs::read_to_string(crates.parent().expect("crates/ lies in the repository").join("Cargo.lock"));
    let versions = NUMERIC.iter().map(|name| locked(lock.as_deref().unwrap_or_default(), name)).collect::<String>();
    let (mut kinds, mut files, mut single) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for folder in folders(crates) {
        let counted = closure(&known, crates, &folder);
        let mut whole = Sha256::new();
        whole.update(versions.as_bytes());
        for name in &counted {
            let stream = stream(crates, name);
            whole.update(&stream);
            single.entry(name.clone()).or_insert_with(|| hex(Sha256::digest(&stream).as_slice())[..16].to_owned());
        }
        kinds.insert(folder.clone(), hex(whole.finalize().as_slice()));
        files.insert(folder, counted);
    }
    Sources { kinds, files, single }
}

/// The folders of the kinds.
fn folders(crates: &Path) -> Vec<String> {
    let entries = fs::read_dir(crates.join("kinds/src")).expect("the sources of the kinds can be listed");
    let folders = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir());
    let mut names: Vec<String> =
        folders.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What counts for the kinds of a folder.
fn closure(known: &Crates, crates: &Path, folder: &str) -> BTreeSet<String> {
    let own = format!("kinds/src/{folder}/");
    let list = fs::read_to_string(crates.join(&own).join("sources")).unwrap_or_default();
    let lines = || list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    // What another kind's digest covers wherever this one is used with it.
    let elsewhere: Vec<&str> = lines().filter_map(|line| line.strip_prefix("not ")).collect();
    let mut open: Vec<String> = known.files().filter(|name| name.starts_with(&own)).map(str::to_owned).collect();
    open.extend(EVERY_KIND.iter().map(|name| (*name).to_owned()));
    open.extend(lines().filter(|line| !line.starts_with("not ")).map(str::to_owned));
    let mut counted = BTreeSet::new();
    while let Some(name) = open.pop() {
        let is = |part: &str| name == part || (part.ends_with('/') && name.starts_with(part));
        let is_every = EVERY_KIND.contains(&name.as_str());
        let is_silent = SILENT.iter().any(|part| is(part)) || is_declaration(&name);
        if elsewhere.iter().any(|part| is(part)) || (is_silent && !is_every) || counted.contains(&name) {
            continue;
        }
        // The worker's own files are gone through, but what they dispatch to is the kinds' to name.
        if !is_every {
            open.extend(known.imports(&name));
            open.extend(known.beside(&name));
        }
        counted.insert(name);
    }
    counted
}

/// Whether a file declares a kind or says what it costs: nothing that a trial computes.
fn is_declaration(name: &str) -> bool {
    let of_kind = name.strip_prefix("kinds/src/").and_then(|name| name.split_once('/'));
    of_kind.is_some_and(|(_, file)| matches!(file, "mod.rs" | "cost.rs" | "tests.rs"))
}

/// A file's name and its words: comments, formatting, doc strings and `#[cfg(test)]` modules do not count.
fn stream(crates: &Path, name: &str) -> Vec<u8> {
    let path = crates.join(name);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        // Of a package that was unpacked without those beside it.
        Err(_) if name.starts_with("train/") && !crates.join("train").exists() => String::new(),
        Err(error) => panic!("{name}: {error}"),
    };
    let mut stream = name.as_bytes().to_vec();
    stream.push(0);
    for word in words(name, &text) {
        stream.extend(word.into_bytes());
        stream.push(0);
    }
    stream
}

/// A package's entry of a lock file, as `name version checksum`.
fn locked(lock: &str, name: &str) -> String {
    let wanted = format!("name = \"{name}\"");
    let entries = lock.split("[[package]]").filter(|entry| entry.lines().any(|line| line == wanted));
    let value = |entry: &str, key: &str| {
        let line = entry.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    entries.map(|entry| format!("{name} {} {}\n", value(entry, "version"), value(entry, "checksum"))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
