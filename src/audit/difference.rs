//! Two records side by side: which of their entries differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use drr_core::trial_dir::TrialDir;
use serde_json::Value;

/// An entry in which two records differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Where it stands, for example `code.train_sources.core/src/seed.rs`.
    pub entry: String,
    /// In the one record; `None` if it is not there.
    pub one: Option<String>,
    /// In the other.
    pub other: Option<String>,
}

/// Entries of a provenance that differ between any two runs and explain nothing.
const INCIDENTAL: &[&str] = &["started", "command", "worker.pid"];

/// The entries in which two records differ, sorted.
pub fn differences(one: &Value, other: &Value) -> Vec<Difference> {
    let (one, other) = (flat(one), flat(other));
    let entries: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    entries
        .into_iter()
        .filter(|entry| one.get(*entry) != other.get(*entry))
        .map(|entry| Difference {
            entry: entry.clone(),
            one: one.get(entry).cloned(),
            other: other.get(entry).cloned(),
        })
        .collect()
}

/// In what the provenances of two runs differ, but for what explains nothing.
pub fn environments(one: &TrialDir, other: &TrialDir) -> Vec<Difference> {
    let read = |folder: &TrialDir| -> Value {
        fs::read(folder.provenance()).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    };
    let incidental = |entry: &str| INCIDENTAL.iter().any(|it| entry.strip_prefix(it).is_some_and(starts_anew));
    let mut found = differences(&read(one), &read(other));
    found.retain(|difference| !incidental(&difference.entry));
    found
}

fn starts_anew(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('.')
}

fn flat(record: &Value) -> BTreeMap<String, String> {
    let mut entries = BTreeMap::new();
    flatten(record, String::new(), &mut entries);
    entries
}

fn flatten(value: &Value, path: String, entries: &mut BTreeMap<String, String>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| flatten(value, below(name), entries)),
        Value::Null => {}
        Value::String(text) => {
            entries.insert(path, text.clone());
        }
        other => {
            entries.insert(path, other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_named_and_where() {
        let one = json!({"a": {"b": 1, "c": "x"}, "d": [1, 2]});
        let other = json!({"a": {"b": 1, "c": "y"}, "e": null, "d": [1, 3]});
        let found = differences(&one, &other);
        let names: Vec<&str> = found.iter().map(|it| it.entry.as_str()).collect();
        assert_eq!(names, ["a.c", "d"]);
        assert_eq!((found[0].one.as_deref(), found[0].other.as_deref()), (Some("x"), Some("y")));
    }
}
