//! Conditions on fields: `when` of an axis, `[[exclude]]`, `--only`. Each names fields and the values they may have.

use drr_kinds::SECTIONS;
use drr_kinds::command::PARAMS;
use serde_json::Value;

use super::axis::{self, Repeats, Setting};
use super::fields::{FieldKey, Naming, find_field};
use super::problem::{Problem, Problems, TextSpan};
use super::tree::{Entry, Node, Tree};

/// A field and the values it may have.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The field.
    pub field: FieldKey,
    /// The values, any of which will do.
    pub values: Vec<Value>,
    /// Where it is said.
    pub place: TextSpan,
}

/// Combinations that are left out.
#[derive(Clone, Debug)]
pub struct Exclusion {
    /// What all must hold.
    pub conditions: Vec<Condition>,
    /// Where it is said.
    pub place: TextSpan,
}

impl Condition {
    /// Whether a value of the field will do.
    pub fn accepts(&self, value: &Value) -> bool {
        self.values.contains(value)
    }
}

/// The fields a table names, written `drr.tau` in quotes or not, or `tau` where that is plain.
pub(super) fn members<'a>(entries: &'a [Entry], naming: Naming, problems: &mut Problems) -> Vec<(FieldKey, &'a Entry)> {
    let mut members = Vec::new();
    for entry in entries {
        let sections = SECTIONS.iter().map(|(name, _)| *name).chain([PARAMS]);
        match (&entry.node.tree, sections.into_iter().find(|name| *name == entry.key)) {
            (Tree::Table(fields), Some(section)) => {
                let named = fields.iter().map(|field| (format!("{section}.{}", field.key), field));
                members.extend(named.filter_map(|(name, field)| Some((find(&name, field, naming, problems)?, field))));
            }
            _ => members.extend(find(&entry.key, entry, naming, problems).map(|key| (key, entry))),
        }
    }
    members
}

fn find(name: &str, entry: &Entry, naming: Naming, problems: &mut Problems) -> Option<FieldKey> {
    match find_field(name, naming) {
        Ok(key) => Some(key),
        Err((message, help)) => {
            problems.add(Problem::new(message).maybe_help(help), &entry.key_place, "names no field");
            None
        }
    }
}

/// Reads `when = { "drr.state" = "p" }`.
pub(super) fn read(entry: &Entry, naming: Naming, problems: &mut Problems) -> Vec<Condition> {
    match &entry.node.tree {
        Tree::Table(entries) if !entries.is_empty() => {
            let members = members(entries, naming, problems);
            members.into_iter().filter_map(|(key, member)| one(key, member, problems)).collect()
        }
        _ => {
            let problem = Problem::new(format!("`{}` names fields and their values", entry.key));
            let help = "for example { \"pmf.optimizer\" = \"sgd\" }";
            problems.add(problem.help(help), &entry.node.place, entry.node.kind());
            Vec::new()
        }
    }
}

/// When an axis holds: what its table says under `when`.
pub(super) fn when(node: &Node, naming: Naming, problems: &mut Problems) -> Vec<Condition> {
    let Tree::Table(entries) = &node.tree else { return Vec::new() };
    let when = entries.iter().find(|entry| entry.key == "when");
    when.map_or_else(Vec::new, |entry| read(entry, naming, problems))
}

/// Reads one field's values: one, or a list of them.
pub(super) fn one(key: FieldKey, entry: &Entry, problems: &mut Problems) -> Option<Condition> {
    let values = match axis::read(key, &entry.node, Repeats::Refused, problems)? {
        Setting::Fixed(value) => vec![value],
        Setting::Varied(values) => values,
        Setting::Drawn(_) => {
            let problem = Problem::new(format!("`{}` is compared with values, not drawn", key.name()));
            problems.add(problem, &entry.node.place, "expected a value, or a list of values");
            return None;
        }
    };
    Some(Condition { field: key, values, place: entry.key_place.clone() })
}
