//! What one field is set to: a value, an axis of values written as a list, a range or a logarithmic range, or a
//! distribution to draw from; and when an axis holds.

use std::collections::HashSet;

use drr_core::spec::ValueKind;
use serde_json::Value;

use super::distribution::{self, DISTRIBUTIONS, Distribution};
use super::fields::FieldKey;
use super::problem::{Problem, Problems};
use super::spaced;
use super::tree::{Entry, Node, Tree};
use super::value::{checked, expected};

/// Fields that vary together, and the values they take at each point. A plain axis varies one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The fields.
    pub fields: Vec<FieldKey>,
    /// The points: one value per field.
    pub points: Vec<Vec<Value>>,
}

/// What a file says of one field.
#[derive(Clone, Debug)]
pub(super) enum Setting {
    Fixed(Value),
    Varied(Vec<Value>),
    Drawn(Distribution),
}

/// Whether a list may hold a value twice: an axis of its own may not, one that varies together with others may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeats {
    Refused,
    Allowed,
}

/// Reads what `node` says of `field`; problems leave nothing.
pub(super) fn read(key: FieldKey, node: &Node, repeats: Repeats, problems: &mut Problems) -> Option<Setting> {
    let field = key.field();
    match &node.tree {
        Tree::Scalar(_) => checked(key, node, problems).map(Setting::Fixed),
        Tree::Array(nodes) if field.kind.is_list() && !is_list_of_lists(nodes) => {
            checked(key, node, problems).map(Setting::Fixed)
        }
        Tree::Array(nodes) => varied(key, node, nodes, repeats, problems).map(Setting::Varied),
        Tree::Table(entries) => from_table(key, node, entries, repeats, problems),
    }
}

fn is_list_of_lists(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| matches!(node.tree, Tree::Array(_)))
}

fn varied(
    key: FieldKey,
    whole: &Node,
    nodes: &[Node],
    repeats: Repeats,
    problems: &mut Problems,
) -> Option<Vec<Value>> {
    if nodes.is_empty() {
        problems.add(Problem::new(format!("the axis `{}` has no values", key.name())), &whole.place, "an empty list");
        return None;
    }
    let mut values = Vec::with_capacity(nodes.len());
    let mut seen = HashSet::new();
    for node in nodes {
        let value = checked(key, node, problems);
        // 1 and 1.0 are one number.
        let plain =
            |value: &Value| if let Some(number) = value.as_f64() { number.to_string() } else { value.to_string() };
        let new = value.as_ref().is_none_or(|value| seen.insert(plain(value)));
        if !new && repeats == Repeats::Refused {
            problems.add(
                Problem::new(format!("the axis `{}` holds {} twice", key.name(), node.place.text())),
                &node.place,
                "given before",
            );
            return None;
        }
        values.push(value);
    }
    values.into_iter().collect()
}

const FORMS: &str = "an axis is a list, `{ range = [low, high], step = … }` (or `n = …`), `{ log = [low, high], n = … }`, \
                     `{ choice = [ … ] }`, or `{ uniform | log_uniform | int = [low, high] }` with [search]";

fn from_table(
    key: FieldKey,
    whole: &Node,
    entries: &[Entry],
    repeats: Repeats,
    problems: &mut Problems,
) -> Option<Setting> {
    let form = entries.iter().find(|entry| is_form(&entry.key));
    let allowed: &[&str] = match form.map(|entry| entry.key.as_str()) {
        Some("range") => &["range", "step", "n", "points", "when", "default"],
        Some("log") => &["log", "n", "points", "when", "default"],
        Some("choice") => &["choice", "when", "default"],
        Some("uniform") => &["uniform", "when", "default"],
        Some("log_uniform") => &["log_uniform", "when", "default"],
        Some("int") => &["int", "when", "default"],
        _ => {
            let problem = Problem::new(format!("`{}` is given a table that is no axis", key.name())).help(FORMS);
            problems.add(problem, &whole.place, "needs `range`, `log`, `choice`, `uniform`, `log_uniform` or `int`");
            return None;
        }
    };
    let form = form?;
    if let Some(stray) = entries.iter().find(|entry| !allowed.contains(&entry.key.as_str())) {
        let problem = Problem::new(format!("`{}` has no place in this axis", stray.key)).help(FORMS);
        problems.add(problem, &stray.key_place, format!("allowed here: {}", allowed.join(", ")));
        return None;
    }
    if DISTRIBUTIONS.contains(&form.key.as_str()) {
        return distribution::read(key, form, problems).map(Setting::Drawn);
    }
    if form.key == "choice" {
        let Tree::Array(nodes) = &form.node.tree else {
            problems.add(Problem::new("`choice` takes a list"), &form.node.place, form.node.kind());
            return None;
        };
        return varied(key, &form.node, nodes, repeats, problems).map(Setting::Varied);
    }
    let numbers = match key.field().kind {
        ValueKind::Float { .. } => RangeNumbers::Real,
        ValueKind::Int { .. } => RangeNumbers::Whole,
        // Whole ends and a whole step make whole numbers.
        ValueKind::Any if form.key == "range" && is_whole(entries) => RangeNumbers::Whole,
        ValueKind::Any => RangeNumbers::Real,
        _ => {
            let problem = Problem::new(format!("`{}` is not a number: it has no range", key.name())).help(FORMS);
            problems.add(problem, &whole.place, format!("expected {}", expected(key.field())));
            return None;
        }
    };
    let values = match spaced::points(entries) {
        Ok(values) => values,
        Err(why) => {
            problems.add(Problem::new(format!("the axis `{}` {why}", key.name())).help(FORMS), &whole.place, "here");
            return None;
        }
    };
    spread(key, whole, values.into_iter().map(|value| numbers.value(value)), repeats, problems).map(Setting::Varied)
}

/// The values of a spaced axis. All stand in the same place of the file, so the first that is wrong speaks for the rest.
fn spread(
    key: FieldKey,
    whole: &Node,
    points: impl ExactSizeIterator<Item = Value>,
    repeats: Repeats,
    problems: &mut Problems,
) -> Option<Vec<Value>> {
    let (count, mut values, mut seen, mut twice) =
        (points.len(), Vec::with_capacity(points.len()), HashSet::new(), None);
    for point in points {
        let node = Node { place: whole.place.clone(), tree: Tree::Scalar(point) };
        let value = checked(key, &node, problems)?;
        if seen.insert(value.to_string()) || repeats == Repeats::Allowed {
            values.push(value);
        } else {
            twice.get_or_insert(value);
        }
    }
    if let Some(twice) = twice {
        let (name, distinct) = (key.name(), values.len());
        let rounded = if matches!(key.field().kind, ValueKind::Int { .. }) { "whole numbers" } else { "12 digits" };
        let problem = Problem::new(format!("of the {count} points of the axis `{name}` {distinct} are different"));
        let help = format!("ask for fewer points, or list the {distinct} values");
        problems.add(problem.help(help), &whole.place, format!("{twice} comes twice: points are rounded to {rounded}"));
        return None;
    }
    Some(values)
}

/// Whether a table asks for draws, be they possible or not.
pub(super) fn is_drawn(node: &Node) -> bool {
    matches!(&node.tree, Tree::Table(entries) if entries.iter().any(|entry| DISTRIBUTIONS.contains(&entry.key.as_str())))
}

fn is_form(key: &str) -> bool {
    matches!(key, "range" | "log" | "choice") || DISTRIBUTIONS.contains(&key)
}

/// Whether a range is written in whole numbers, by steps of a whole number.
fn is_whole(entries: &[Entry]) -> bool {
    let is_whole = |value: &Value| value.is_i64() || value.is_u64();
    let of = |name: &str| entries.iter().find(|entry| entry.key == name).and_then(|entry| entry.node.to_json());
    let ends = of("range").is_some_and(|ends| ends.as_array().is_some_and(|ends| ends.iter().all(is_whole)));
    ends && of("step").is_some_and(|step| is_whole(&step))
}

fn whole(number: f64) -> Value {
    if number < 0.0 { Value::from(number as i64) } else { Value::from(number as u64) }
}

/// What a parameter is where its condition does not hold, if its axis says so.
pub(super) fn elsewhere(key: FieldKey, node: &Node, problems: &mut Problems) -> Option<Value> {
    let Tree::Table(entries) = &node.tree else { return None };
    let entry = entries.iter().find(|entry| entry.key == "default")?;
    if !key.is_parameter() {
        let problem =
            Problem::new(format!("`{}` has its default elsewhere, {}", key.name(), key.field().default_value()));
        problems.add(problem, &entry.key_place, "for parameters of commands alone");
        return None;
    }
    checked(key, &entry.node, problems)
}

#[derive(Clone, Copy)]
enum RangeNumbers {
    Real,
    Whole,
}

impl RangeNumbers {
    fn value(self, number: f64) -> Value {
        match self {
            Self::Real => number.into(),
            Self::Whole => whole(number.round()),
        }
    }
}
