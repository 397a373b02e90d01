//! What one field is set to: a value, or an axis of values written as a list, a range or a logarithmic range.

use drr_core::spec::{Field, Kind};
use serde_json::Value;

use super::fields::FieldKey;
use super::problem::{Problem, Problems};
use super::suggest::did_you_mean;
use super::tree::{Entry, Node, Tree};

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
}

/// Reads what `node` says of `field`; problems leave nothing.
pub(super) fn read(key: FieldKey, node: &Node, problems: &mut Problems) -> Option<Setting> {
    let field = key.field();
    match &node.tree {
        Tree::Scalar(_) => checked(key, node, problems).map(Setting::Fixed),
        Tree::Array(nodes) if field.kind.is_list() && !is_list_of_lists(nodes) => {
            checked(key, node, problems).map(Setting::Fixed)
        }
        Tree::Array(nodes) => varied(key, node, nodes, problems).map(Setting::Varied),
        Tree::Table(entries) => from_table(key, node, entries, problems).map(Setting::Varied),
    }
}

fn is_list_of_lists(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| matches!(node.tree, Tree::Array(_)))
}

fn varied(key: FieldKey, whole: &Node, nodes: &[Node], problems: &mut Problems) -> Option<Vec<Value>> {
    if nodes.is_empty() {
        problems.add(Problem::new(format!("the axis `{}` has no values", key.name())), &whole.place, "an empty list");
        return None;
    }
    let mut values = Vec::with_capacity(nodes.len());
    for node in nodes {
        let value = checked(key, node, problems);
        if value.as_ref().is_some_and(|value| values.contains(&Some(value.clone()))) {
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

/// One value, checked against the field and brought into its type.
fn checked(key: FieldKey, node: &Node, problems: &mut Problems) -> Option<Value> {
    let field = key.field();
    match node.to_json() {
        Some(value) if field.kind.accepts(&value) && !is_pointless(field, &value) => Some(field.kind.normalise(value)),
        value => {
            let what = value.map_or_else(|| node.kind().to_owned(), |value| value.to_string());
            let help = match (&field.kind, &node.tree) {
                (Kind::Choice(names), Tree::Scalar(Value::String(text))) => did_you_mean(text, names.iter().copied()),
                _ => None,
            };
            problems.add(
                Problem::new(format!("`{}` cannot be {what}", key.name())).maybe_help(help),
                &node.place,
                format!("expected {}", expected(field)),
            );
            None
        }
    }
}

/// An empty list is fine where it stands for a default, but an evaluation at no K measures nothing.
fn is_pointless(field: &Field, value: &Value) -> bool {
    matches!(field.kind, Kind::Ints { lengths: [], .. }) && value.as_array().is_some_and(Vec::is_empty)
}

fn expected(field: &Field) -> String {
    match field.kind {
        Kind::Ints { lengths: [], min, .. } => format!("a list of whole numbers, each {min} or more"),
        kind => kind.expected(),
    }
}

const FORMS: &str = "an axis is a list, `{ range = [low, high], step = … }` (or `n = …`), `{ log = [low, high], n = … }` \
                     or `{ choice = [ … ] }`";

fn from_table(key: FieldKey, whole: &Node, entries: &[Entry], problems: &mut Problems) -> Option<Vec<Value>> {
    let find = |name: &str| entries.iter().find(|entry| entry.key == name);
    let allowed: &[&str] = match entries.iter().map(|entry| entry.key.as_str()).find(|key| is_form(key)) {
        Some("range") => &["range", "step", "n"],
        Some("log") => &["log", "n"],
        Some("choice") => &["choice"],
        _ => {
            let problem = Problem::new(format!("`{}` is given a table that is no axis", key.name())).help(FORMS);
            problems.add(problem, &whole.place, "needs `range`, `log` or `choice`");
            return None;
        }
    };
    if let Some(stray) = entries.iter().find(|entry| !allowed.contains(&entry.key.as_str())) {
        let problem = Problem::new(format!("`{}` has no place in this axis", stray.key)).help(FORMS);
        problems.add(problem, &stray.key_place, format!("allowed here: {}", allowed.join(", ")));
        return None;
    }
    if let Some(choice) = find("choice") {
        let Tree::Array(nodes) = &choice.node.tree else {
            problems.add(Problem::new("`choice` takes a list"), &choice.node.place, choice.node.kind());
            return None;
        };
        return varied(key, &choice.node, nodes, problems);
    }
    let numbers = match key.field().kind {
        Kind::Float { .. } => Numbers::Real,
        Kind::Int { .. } => Numbers::Whole,
        _ => {
            let problem = Problem::new(format!("`{}` is not a number: it has no range", key.name())).help(FORMS);
            problems.add(problem, &whole.place, format!("expected {}", expected(key.field())));
            return None;
        }
    };
    let values = match spaced(&find) {
        Ok(values) => values,
        Err(why) => {
            problems.add(Problem::new(format!("the axis `{}` {why}", key.name())).help(FORMS), &whole.place, "here");
            return None;
        }
    };
    let nodes: Vec<Node> = values
        .into_iter()
        .map(|value| Node { place: whole.place.clone(), tree: Tree::Scalar(numbers.value(value)) })
        .collect();
    varied(key, whole, &nodes, problems)
}

fn is_form(key: &str) -> bool {
    matches!(key, "range" | "log" | "choice")
}

#[derive(Clone, Copy)]
enum Numbers {
    Real,
    Whole,
}

impl Numbers {
    fn value(self, number: f64) -> Value {
        match self {
            Self::Real => number.into(),
            Self::Whole => number.round().into(),
        }
    }
}

/// Most points of one spaced axis; more is a slip of the pen.
const MOST: u64 = 100_000;

fn spaced<'a>(find: &impl Fn(&str) -> Option<&'a Entry>) -> Result<Vec<f64>, String> {
    let number = |name: &str| find(name).map(|entry| entry.node.to_json().and_then(|value| value.as_f64()));
    let (name, log) = if find("log").is_some() { ("log", true) } else { ("range", false) };
    let ends: Option<Vec<f64>> = find(name)
        .and_then(|entry| entry.node.to_json())
        .and_then(|value| value.as_array().map(|list| list.iter().map(Value::as_f64).collect()))
        .flatten();
    let Some([low, high]) = ends.as_deref().and_then(|ends| <[f64; 2]>::try_from(ends).ok()) else {
        return Err(format!("needs two numbers: `{name} = [low, high]`"));
    };
    if low >= high || (log && low <= 0.0) {
        let positive = if log { " and above 0" } else { "" };
        return Err(format!("needs its low end below its high end{positive}"));
    }
    match (number("step"), number("n")) {
        (Some(Some(step)), None) if step > 0.0 && (high - low) / step < MOST as f64 => {
            let count = ((high - low) / step * (1.0 + 1e-12)).floor() as u64;
            Ok((0..=count).map(|i| tidy(low + step * i as f64)).collect())
        }
        (None, Some(Some(n))) if n.fract() == 0.0 && (2.0..=MOST as f64).contains(&n) => {
            let last = n as u64 - 1;
            let at = |i: u64| match (i, i as f64 / last as f64) {
                (0, _) => low,
                (i, _) if i == last => high,
                (_, share) if log => tidy((low.ln() + (high.ln() - low.ln()) * share).exp()),
                (_, share) => tidy(low + (high - low) * share),
            };
            Ok((0..=last).map(at).collect())
        }
        _ if log => Err("needs `n`, a number of points from 2".to_owned()),
        _ => Err("needs either `step`, above 0, or `n`, a number of points from 2".to_owned()),
    }
}

/// Twelve significant digits: 0.1 + 0.2 is 0.3 to a person, and ids are made of what a person means.
fn tidy(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}
