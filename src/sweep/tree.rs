//! TOML as a plain tree that remembers where each key and value stands. One kind of tree serves files and overrides.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::hidden;
use super::problem::{Problem, Problems, Source, TextSpan};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub place: TextSpan,
    pub tree: Tree,
}

#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Scalar(Value),
    Array(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub key: String,
    pub key_place: TextSpan,
    pub node: Node,
}

impl Node {
    /// The value if it is no table and no table hides in it.
    pub fn to_json(&self) -> Option<Value> {
        match &self.tree {
            Tree::Scalar(value) => Some(value.clone()),
            Tree::Array(nodes) => nodes.iter().map(Self::to_json).collect(),
            Tree::Table(_) => None,
        }
    }

    /// What kind of value it is, in words.
    pub fn kind(&self) -> &'static str {
        match &self.tree {
            Tree::Scalar(Value::String(_)) => "a text",
            Tree::Scalar(Value::Bool(_)) => "true or false",
            Tree::Scalar(Value::Number(_)) => "a number",
            Tree::Scalar(_) => "nothing",
            Tree::Array(_) => "a list",
            Tree::Table(_) => "a table",
        }
    }
}

/// Reads a whole file. One that is not TOML says nothing: what a parser makes of the rest of a broken line would only
/// add to the problems.
pub(crate) fn document(source: &Source, problems: &mut Problems) -> Vec<Entry> {
    let (table, errors) = DeTable::parse_recoverable(source.text());
    if !errors.is_empty() {
        syntax(source, errors, problems);
        return Vec::new();
    }
    hidden::refuse(source, problems);
    entries(source, 0, table.into_inner(), problems)
}

/// Reads one value that stands at byte `offset` of `source`; `None` if it is not TOML.
pub(crate) fn value(source: &Source, offset: usize, text: &str) -> Option<Node> {
    let mut problems = Problems::default();
    let value = DeValue::parse(text).ok()?;
    let node = node(source, offset, value, &mut problems)?;
    problems.is_empty().then_some(node)
}

fn syntax(source: &Source, errors: Vec<toml::de::Error>, problems: &mut Problems) {
    let mut last = None;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        // What a parser finds in the rest of a broken line follows from where it broke.
        let line = source.line(span.start);
        if last.replace(line) == Some(line) {
            continue;
        }
        let place = source.place(span);
        let mut lines = error.message().lines();
        let message = lines.next().unwrap_or("not TOML");
        let label = lines.next().unwrap_or("here");
        let help = match message {
            _ if message.starts_with("invalid mantissa") => Some("a number begins with a digit: 0.5, not .5"),
            _ if message.starts_with("unexpected leading zero") => Some("a number does not begin with 0: 1, not 01"),
            _ => None,
        };
        let problem = Problem::new(format!("not valid TOML: {message}"));
        problems.add(problem.maybe_help(help.map(str::to_owned)), &place, label);
    }
}

fn entries(source: &Source, offset: usize, table: DeTable<'_>, problems: &mut Problems) -> Vec<Entry> {
    let mut entries: Vec<(usize, Entry)> = table
        .into_iter()
        .filter_map(|(key, value)| {
            let span = key.span();
            let node = node(source, offset, value, problems)?;
            let key_place = source.place(span.start + offset..span.end + offset);
            hidden::refuse_key(key.get_ref(), &key_place, problems);
            Some((span.start, Entry { key: key.into_inner().into_owned(), key_place, node }))
        })
        .collect();
    entries.sort_by_key(|(start, _)| *start);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

fn node(source: &Source, offset: usize, value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Node> {
    let span = value.span();
    let place = source.place(span.start + offset..span.end + offset);
    let tree = match value.into_inner() {
        DeValue::String(text) => {
            hidden::refuse_value(&text, &place, problems);
            Tree::Scalar(Value::String(text.into_owned()))
        }
        DeValue::Boolean(bit) => Tree::Scalar(Value::Bool(bit)),
        DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => match (u64::try_from(number), i64::try_from(number)) {
                (Ok(number), _) => Tree::Scalar(number.into()),
                (_, Ok(number)) => Tree::Scalar(number.into()),
                _ => return refuse(problems, &place, "a number of this size"),
            },
            Err(_) => return refuse(problems, &place, "a number of this size"),
        },
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(0.0) if has_digits(number.as_str()) => return refuse(problems, &place, "a number this near to 0"),
            // -0.0 is 0.0 to a person, and to an id.
            Ok(number) if number.is_finite() => Tree::Scalar((number + 0.0).into()),
            _ => return refuse(problems, &place, "an infinite or undefined number"),
        },
        DeValue::Datetime(_) => return refuse(problems, &place, "a date"),
        DeValue::Array(array) => {
            Tree::Array(array.into_iter().filter_map(|value| node(source, offset, value, problems)).collect())
        }
        DeValue::Table(table) => Tree::Table(entries(source, offset, table, problems)),
    };
    Some(Node { place, tree })
}

/// Whether a number as written is another than 0.
fn has_digits(number: &str) -> bool {
    number.chars().take_while(|c| !matches!(c, 'e' | 'E')).any(|c| matches!(c, '1'..='9'))
}

fn refuse(problems: &mut Problems, place: &TextSpan, what: &str) -> Option<Node> {
    problems.add(Problem::new(format!("{what} has no place here")), place, "here");
    None
}
