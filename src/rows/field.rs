//! What stands in a column of a row, before anything is written.

use serde_json::Value;

/// What stands in a column of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RowField {
    /// Nothing.
    Missing,
    /// A text.
    Text(String),
    /// A number, or what is none.
    Number(f64),
    /// A value as a sweep file has it: a number, a word, a list.
    Value(Value),
}

impl From<&str> for RowField {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for RowField {
    fn from(number: u64) -> Self {
        Self::Value(number.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for RowField {
    fn from(field: Option<T>) -> Self {
        field.map_or(Self::Missing, Into::into)
    }
}

impl From<f64> for RowField {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}
