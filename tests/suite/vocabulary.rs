//! One word, one type: hardly any name of a type is used twice, and what a trial is stands in one type alone.

use crate::common::sources::rust_files;
use crate::imports;
use std::collections::BTreeMap;

/// Names that are a convention of the field, in each place where one stands.
const CONVENTIONS: [&str; 3] = ["Args", "Verb", "Error"];

/// How many of a hundred types may share their name with another, conventions among them.
const SHARED_PERCENT: usize = 5;

/// A structure's named fields, each with its words.
type Fields = Vec<(String, Vec<String>)>;

/// A type of `src/` or `crates/`, of tests too: the file, the name, the fields.
type Definition = (String, String, Fields);

fn definitions() -> Vec<Definition> {
    let mut found = Vec::new();
    for (name, text) in rust_files(&["src", "crates"]) {
        // What is compiled for tests alone counts as well: a name is read by people.
        let text = text.replace("#[cfg(test)]", "");
        let types = types(&imports::words(&name, &text));
        found.extend(types.into_iter().map(|(type_name, fields)| (name.clone(), type_name, fields)));
    }
    found
}

/// The types that some words define.
fn types(words: &[String]) -> Vec<(String, Fields)> {
    let mut found = Vec::new();
    for (at, pair) in words.windows(2).enumerate() {
        let defines = ["struct", "enum", "trait", "union"].contains(&pair[0].as_str());
        if defines && pair[1].starts_with(|first: char| first.is_ascii_uppercase()) {
            let fields = if pair[0] == "struct" { fields(&words[at + 2..]) } else { Vec::new() };
            found.push((pair[1].clone(), fields));
        }
    }
    found
}

/// The named fields of a structure whose name was just read.
fn fields(words: &[String]) -> Fields {
    let Some(begin) = words.iter().position(|word| ["{", ";", "("].contains(&word.as_str())) else { return Vec::new() };
    if words[begin] != "{" {
        return Vec::new();
    }
    let (mut found, mut depth, mut name) = (Fields::new(), 0usize, None);
    for pair in words[begin + 1..].windows(2) {
        match pair[0].as_str() {
            "{" | "(" | "[" | "<" => depth += 1,
            "}" if depth == 0 => break,
            "}" | ")" | "]" | ">" => depth = depth.saturating_sub(1),
            "," if depth == 0 => name = None,
            word if depth == 0 && name.is_none() && pair[1] == ":" => {
                found.push((word.to_owned(), Vec::new()));
                name = Some(());
            }
            _ => {}
        }
        if name.is_some() {
            found.last_mut().expect("a field was begun").1.push(pair[0].clone());
        }
    }
    found
}

#[test]
fn hardly_any_name_of_a_type_is_used_twice() {
    let all = definitions();
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (file, name, _) in &all {
        by_name.entry(name).or_default().push(file);
    }
    let shared: Vec<(&str, Vec<&str>)> = by_name.into_iter().filter(|(_, files)| files.len() > 1).collect();
    let count: usize = shared.iter().map(|(_, files)| files.len()).sum();
    assert!(all.len() > 500, "{} types: the reader reads no more", all.len());
    assert!(
        count * 100 <= all.len() * SHARED_PERCENT,
        "{count} of {} types share their name with another: {shared:#?}",
        all.len()
    );
    for (name, files) in shared {
        assert!(files.len() == 2 || CONVENTIONS.contains(&name), "{name} is {} types: {files:?}", files.len());
    }
}

#[test]
fn what_a_trial_is_stands_in_one_type() {
    let is_trial = |fields: &[(String, Vec<String>)]| {
        let of = |word: &str| fields.iter().any(|(_, words)| words.iter().any(|it| it == word));
        let called = |names: &[&str]| fields.iter().any(|(name, _)| names.contains(&name.as_str()));
        let more = [
            of("TrialSpec"),
            of("AxisPoint") || called(&["point"]),
            of("Status") || called(&["status", "state"]),
            called(&["upstream"]),
        ];
        of("TrialId") && more.into_iter().filter(|has| *has).count() >= 2
    };
    let all = definitions();
    let holders: Vec<(&str, &str)> = all
        .iter()
        .filter(|(_, _, fields)| is_trial(fields))
        .map(|(file, name, _)| (file.as_str(), name.as_str()))
        .collect();
    assert_eq!(holders, [("crates/core/src/trial.rs", "Trial")], "take a `Trial` instead");
}

#[test]
fn the_reader_of_types_reads_them() {
    let words = imports::words(
        "a.rs",
        "pub struct A<'a> { /// b\n pub b: TrialId, pub(crate) c: Vec<(u8, Option<&'a str>)>, d: [u8; 3] }\n\
         struct B(TrialId); struct C; enum D { E { f: u8 } } impl A<'_> { fn g(h: u8) {} }",
    );
    let read = types(&words);
    let names: Vec<&str> = read.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["A", "B", "C", "D"]);
    let fields: Vec<&str> = read[0].1.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(fields, ["b", "c", "d"]);
    assert!(read[0].1[0].1.contains(&"TrialId".to_owned()));
}
