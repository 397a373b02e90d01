//! The keys of one table of a gate file: known ones taken, the others named with the nearest that is known.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::sweep::{Entry, Node, Problem, Problems, TextSpan, Tree, did_you_mean};

/// A table that is being read. What is never taken is refused at the end, since it would be without effect.
pub(super) struct Fields<'a> {
    what: &'a str,
    place: TextSpan,
    entries: Vec<&'a Entry>,
}

/// The elements of a list, or the one thing that is no list.
pub(super) fn list(node: &Node) -> &[Node] {
    match &node.tree {
        Tree::Array(nodes) => nodes,
        _ => std::slice::from_ref(node),
    }
}

impl<'a> Fields<'a> {
    /// The `entries` of `what`; a key that is not `known` is a problem.
    pub fn new(what: &'a str, known: &[&str], place: &TextSpan, entries: &'a [Entry], problems: &mut Problems) -> Self {
        let mut kept = Vec::new();
        for entry in entries {
            if known.contains(&entry.key.as_str()) {
                kept.push(entry);
                continue;
            }
            let help = did_you_mean(&entry.key, known.iter().copied())
                .unwrap_or_else(|| format!("known keys: {}", known.join(", ")));
            let problem = Problem::new(format!("unknown key `{}` in {what}", entry.key)).help(help);
            problems.add(problem, &entry.key_place, format!("not a key of {what}"));
        }
        Self { what, place: place.clone(), entries: kept }
    }

    /// Where the table begins.
    pub fn place(&self) -> &TextSpan {
        &self.place
    }

    /// The entry of a key, once.
    pub fn take(&mut self, key: &str) -> Option<&'a Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// A text.
    pub fn text(&mut self, key: &str, problems: &mut Problems) -> Option<(String, TextSpan)> {
        let entry = self.take(key)?;
        match &entry.node.tree {
            Tree::Scalar(Value::String(text)) if !text.trim().is_empty() => {
                Some((text.clone(), entry.node.place.clone()))
            }
            _ => {
                let problem = Problem::new(format!("`{key}` cannot be {}", entry.node.place.text()));
                problems.add(problem, &entry.node.place, "expected a text");
                None
            }
        }
    }

    /// One of a few texts.
    pub fn choice(&mut self, key: &str, known: &[&str], problems: &mut Problems) -> Option<(String, TextSpan)> {
        let (text, place) = self.text(key, problems)?;
        if known.contains(&text.as_str()) {
            return Some((text, place));
        }
        let problem = Problem::new(format!("`{key}` cannot be \"{text}\""));
        let problem = problem.maybe_help(did_you_mean(&text, known.iter().copied()));
        problems.add(problem, &place, format!("expected {}", known.join(", ")));
        None
    }

    /// As [`Fields::choice`], and a problem where it is missing.
    pub fn required_choice(
        &mut self,
        key: &str,
        known: &[&str],
        problems: &mut Problems,
    ) -> Option<(String, TextSpan)> {
        if !self.entries.iter().any(|entry| entry.key == key) {
            let problem = Problem::new(format!("`{key}` is missing")).help(format!("one of {}", known.join(", ")));
            problems.add(problem, &self.place, format!("{} has a {key}", self.what));
            return None;
        }
        self.choice(key, known, problems)
    }

    /// A number in a range.
    pub fn number(
        &mut self,
        key: &str,
        range: RangeInclusive<f64>,
        problems: &mut Problems,
    ) -> Option<(f64, TextSpan)> {
        let entry = self.take(key)?;
        let value = entry.node.to_json().and_then(|value| value.as_f64());
        if let Some(value) = value.filter(|value| range.contains(value)) {
            return Some((value, entry.node.place.clone()));
        }
        let expected = match (*range.start(), *range.end()) {
            (f64::MIN, _) => "expected a number".to_owned(),
            (f64::MIN_POSITIVE, f64::MAX) => "expected a number above 0".to_owned(),
            (low, f64::MAX) => format!("expected a number, {low} or more"),
            (f64::MIN_POSITIVE, high) => format!("expected a number above 0, at most {high}"),
            (low, high) => format!("expected a number from {low} to {high}"),
        };
        let problem = Problem::new(format!("`{key}` cannot be {}", entry.node.place.text()));
        problems.add(problem, &entry.node.place, expected);
        None
    }

    /// As [`Fields::number`], and a problem where it is missing.
    pub fn required(&mut self, key: &str, range: RangeInclusive<f64>, problems: &mut Problems) -> Option<f64> {
        if !self.entries.iter().any(|entry| entry.key == key) {
            problems.add(Problem::new(format!("`{key}` is missing")), &self.place, format!("this rule has a {key}"));
            return None;
        }
        self.number(key, range, problems).map(|(value, _)| value)
    }

    /// What nobody took has no effect, which nobody who wrote it expects.
    pub fn refuse_rest(&mut self, problems: &mut Problems) {
        for entry in self.entries.drain(..) {
            let problem = Problem::new(format!("`{}` has no effect under this rule", entry.key));
            problems.add(problem, &entry.key_place, "take it out, or choose another rule");
        }
    }
}
