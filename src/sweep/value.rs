//! One value of one field: checked against the field's type and range, and brought into its type.

use drr_core::spec::{Field, ValueKind};
use serde_json::Value;

use super::fields::FieldKey;
use super::problem::{Problem, Problems};
use super::suggest::did_you_mean;
use super::tree::{Node, Tree};

/// One value, checked against the field and brought into its type.
pub(super) fn checked(key: FieldKey, node: &Node, problems: &mut Problems) -> Option<Value> {
    let field = key.field();
    match node.to_json() {
        Some(value) if field.kind.accepts(&value) && !is_pointless(field, &value) => Some(field.kind.normalise(value)),
        value => {
            let what = value.map_or_else(|| node.kind().to_owned(), |value| value.to_string());
            let help = match (&field.kind, &node.tree) {
                (ValueKind::Choice(names), Tree::Scalar(Value::String(text))) => {
                    did_you_mean(text, names.iter().copied())
                }
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
    matches!(field.kind, ValueKind::Ints { lengths: [], .. }) && value.as_array().is_some_and(Vec::is_empty)
}

/// What the field takes, in words.
pub(super) fn expected(field: &Field) -> String {
    match field.kind {
        ValueKind::Ints { lengths: [], min, .. } => format!("a list of whole numbers, each {min} or more"),
        ValueKind::Text if field.section.is_empty() => {
            "the name of a dataset, for example \"ml-100k\", or a list of them".to_owned()
        }
        kind => kind.expected(),
    }
}
