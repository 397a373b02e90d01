//! A test that did not run is never counted as passed: what `cargo test` leaves out stands in `tests/ignored.txt` with its
//! reason, and no test decides by itself to be over before it has looked at anything.

use std::collections::BTreeSet;
use std::fs;

use crate::common::sources::{root, rust_files};

/// Where tests may be.
const FOLDERS: &[&str] = &["src", "tests", "crates", "xtask/src"];

/// The ignored tests of a file, as lines of the list. One that gives no reason has the reason `?`.
fn ignored(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(rest) = line.strip_prefix("#[ignore") else { continue };
        let reason = rest.split('"').nth(1).unwrap_or("?");
        let name = lines.by_ref().find_map(|line| line.strip_prefix("fn ")?.split('(').next());
        found.push(format!("{reason} | {file} | {}", name.expect("an attribute stands above its function")));
    }
    found
}

#[test]
fn every_ignored_test_stands_in_the_list_with_its_reason() {
    let list = fs::read_to_string(root().join("tests/ignored.txt")).expect("the list");
    let listed: BTreeSet<String> =
        list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect();
    let found: BTreeSet<String> = rust_files(FOLDERS).iter().flat_map(|(file, text)| ignored(file, text)).collect();
    let new: Vec<&String> = found.difference(&listed).collect();
    let gone: Vec<&String> = listed.difference(&found).collect();
    assert!(new.is_empty(), "ignored and not in tests/ignored.txt: {new:#?}");
    assert!(gone.is_empty(), "in tests/ignored.txt and not ignored: {gone:#?}");
    for line in &listed {
        let reason = line.split(" | ").next().expect("a line has a reason");
        let known = ["needs ", "takes ", "measures", "writes ", "waits for ", "it is the worker "]
            .iter()
            .any(|begin| reason.starts_with(begin));
        assert!(known, "what is the reader of `{line}` to do? `needs …`, `takes …`, `measures` …");
    }
}

#[test]
fn an_attribute_is_read_with_the_function_below_it() {
    let text =
        concat!("#[test]\n#[", "ignore = \"needs rain\"]\nfn it_grows() {}\n    #[", "ignore]\n    fn why() {}\n");
    assert_eq!(ignored("a.rs", text), ["needs rain | a.rs | it_grows", "? | a.rs | why"]);
}

/// A test that prints that it was skipped and returns is counted as passed.
#[test]
fn no_test_says_that_it_was_skipped() {
    for (file, text) in rust_files(FOLDERS) {
        for (number, line) in text.lines().enumerate() {
            let skips = line.contains(concat!("print", "ln!(\"skip", "ped"));
            assert!(!skips, "{file}:{}: ignore it with its reason instead: {line}", number + 1);
        }
    }
}
