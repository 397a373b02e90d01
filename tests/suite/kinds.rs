//! Nothing outside of `crates/kinds` names a kind: what is known of one stands in its folder. What still does is listed
//! here, with its reason, and the list may only shrink.

use crate::common::sources::{root, rust_files};
use crate::imports;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use drr_kinds::registry;

/// Where kinds are named, which, and why.
const PERMITTED: &[(&str, &[&str], &str)] = &[
    ("sweep/family.rs", &["drr"], "the policy that a sweep is about"),
    ("report/reference.rs", &["drr-untrained"], "what a report compares with where nobody says"),
    ("report/items/mod.rs", &["offline"], "the measure whose best recommender is drawn"),
    ("gate/power.rs", &["drr", "offline"], "a made-up group, in which the gates' own power is computed"),
    ("sweep/search.rs", &["random"], "a search method, no kind"),
    ("sweep/schema.rs", &["random"], "a search method, no kind"),
];

/// A static ranking has six files or less, and so has a model with its policy.
const FILES: usize = 6;

/// The names of kinds that a file's code has: as a text, or as a module of `drr_kinds`.
fn named(words: &[String]) -> BTreeSet<String> {
    // Commands are no algorithm: what a sweep file declares is spoken of wherever sweep files are.
    let kinds: BTreeSet<&str> =
        registry::all().map(|kind| kind.name).filter(|name| *name != drr_kinds::command::NAME).collect();
    let texts = words.iter().filter_map(|word| word.strip_prefix('"')?.strip_suffix('"'));
    let texts = texts.filter(|text| kinds.contains(text)).map(str::to_owned);
    let modules = words.windows(4).filter(|four| four[0] == "drr_kinds" && four[1] == ":").map(|four| four[3].clone());
    let modules = modules.map(|module| module.replace('_', "-")).filter(|module| kinds.contains(module.as_str()));
    texts.chain(modules).collect()
}

/// Whether a file is compiled for tests alone.
fn is_of_tests(name: &str) -> bool {
    name.contains("/tests/") || ["tests.rs", "fabricate.rs", "made_up.rs"].iter().any(|end| name.ends_with(end))
}

#[test]
fn kinds_are_named_in_their_folders_alone() {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in rust_files(&["src"]) {
        let name = name.trim_start_matches("src/");
        if is_of_tests(name) {
            continue;
        }
        let names = named(&imports::words(name, &text));
        if !names.is_empty() {
            found.insert(name.to_owned(), names);
        }
    }
    let permitted: BTreeMap<String, BTreeSet<String>> = PERMITTED
        .iter()
        .map(|(file, names, _)| ((*file).to_owned(), names.iter().map(|name| (*name).to_owned()).collect()))
        .collect();
    assert_eq!(found, permitted, "ask the kind instead (drr_kinds::KindOf); or say here why not");
}

#[test]
fn the_reader_of_names_reads_them() {
    let words = |text: &str| named(&imports::words("a.rs", text));
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(words("fn a() { b(\"pmf\"); }"), set(&["pmf"]));
    assert_eq!(words("use drr_kinds::item_knn::ItemKnnSpec;"), set(&["item-knn"]));
    assert_eq!(words("// pmf\n#[cfg(test)]\nmod tests { const A: &str = \"drr\"; }"), set(&[]));
}

#[test]
fn a_kind_is_a_small_folder_and_a_line() {
    let folders = root().join("crates/kinds/src");
    let mut kinds = 0;
    for entry in fs::read_dir(&folders).expect("the kinds") {
        let folder = entry.expect("an entry").path();
        if folder.is_dir() {
            let files = fs::read_dir(&folder).expect("a kind").count();
            assert!(files <= FILES, "{} has {files} files", folder.display());
            kinds += 1;
        }
    }
    assert_eq!(kinds, fs::read_to_string(folders.join("lib.rs")).expect("the list").lines().filter(is_listed).count());
}

/// A line of the list of kinds: one name and a comma.
fn is_listed(line: &&str) -> bool {
    let name = line.trim().strip_suffix(',').filter(|_| line.starts_with("    "));
    name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}
