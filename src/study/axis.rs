//! What stands on a sweep's axes: values as the sweep file has them, numbers as numbers, in the order in which tables and
//! figures show them; and what people call an axis.

use drr_core::AxisPoint;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;

/// A value on an axis: a number, a word, or a list. Two are equal where people would write them alike, so 3 and 3.0, which
/// a sweep file may tell apart, are two. In order, numbers stand by size before all else; [`AxisValue::by_size`] leaves
/// what is no number as it comes.
#[derive(Clone, Debug)]
pub(crate) struct AxisValue(Value);

/// A group's value on each axis that concerns it, by the axis's full name.
pub(crate) type AxisValues = BTreeMap<String, AxisValue>;

/// The values of a trial's place.
pub(crate) fn values(point: &AxisPoint) -> AxisValues {
    point.iter().map(|(axis, value)| (axis.clone(), AxisValue::from(value))).collect()
}

impl AxisValue {
    /// What a file that holds values as people write them says: a number where it reads as one.
    pub(crate) fn written(text: &str) -> Self {
        let number = serde_json::from_str::<serde_json::Number>(text).ok().map(Value::Number);
        // Not where its own text is another: `1e-3` is no value that was written here.
        Self(number.filter(|number| plain(number) == text).unwrap_or_else(|| Value::from(text)))
    }

    /// The number, where it is one.
    pub(crate) fn number(&self) -> Option<f64> {
        self.0.as_f64()
    }

    /// As JSON has it.
    pub(crate) fn json(&self) -> &Value {
        &self.0
    }

    /// Whether people would write it so.
    pub(crate) fn says(&self, text: &str) -> bool {
        let is_number = || text.parse().is_ok_and(|number: f64| self.0.as_f64() == Some(number));
        let is_list = || serde_json::from_str(text).is_ok_and(|value: Value| value.is_array() && value == self.0);
        plain(&self.0) == text || is_number() || is_list()
    }

    /// Numbers by size, then all else, of which none is before another.
    pub(crate) fn by_size(&self, other: &Self) -> Ordering {
        rank(Some(self)).total_cmp(&rank(Some(other)))
    }

    /// The order of values of which some are not there: numbers by size, then none, then all else by its text.
    pub(crate) fn order(one: Option<&Self>, other: Option<&Self>) -> Ordering {
        rank(one).total_cmp(&rank(other)).then_with(|| match (one, other) {
            (Some(one), Some(other)) => one.cmp(other),
            _ => one.is_some().cmp(&other.is_some()),
        })
    }
}

/// Values once each, in order: numbers by size, all else as it comes.
pub(crate) fn ordered<'a>(values: impl Iterator<Item = &'a AxisValue>) -> Vec<&'a AxisValue> {
    let mut all: Vec<&AxisValue> = Vec::new();
    for value in values {
        if !all.contains(&value) {
            all.push(value);
        }
    }
    all.sort_by(|a, b| a.by_size(b));
    all
}

/// What is no number stands behind all that are; a word that reads as a number stands where that number does.
fn rank(value: Option<&AxisValue>) -> f64 {
    let number = value.and_then(|value| match &value.0 {
        Value::String(word) => word.parse().ok(),
        other => other.as_f64(),
    });
    number.unwrap_or(f64::INFINITY)
}

/// A value as people write it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(plain).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// `drr.tau` is `tau` where no other axis has that last part.
pub(crate) fn short_axis<'a>(axis: &'a str, all: &[&str]) -> &'a str {
    let last = |name: &'a str| name.rsplit('.').next().unwrap_or(name);
    let short = last(axis);
    let taken = all.iter().filter(|other| other.rsplit('.').next() == Some(short)).count();
    if taken > 1 { axis } else { short }
}

impl From<&Value> for AxisValue {
    fn from(value: &Value) -> Self {
        Self(value.clone())
    }
}

impl std::fmt::Display for AxisValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&plain(&self.0))
    }
}

impl Ord for AxisValue {
    fn cmp(&self, other: &Self) -> Ordering {
        self.by_size(other).then_with(|| match (&self.0, &other.0) {
            (Value::Number(one), Value::Number(two)) if one.is_f64() && two.is_f64() => Ordering::Equal,
            (one, two) => plain(one).cmp(&plain(two)),
        })
    }
}

impl PartialOrd for AxisValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for AxisValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for AxisValue {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_stand_by_size_and_before_all_else() {
        let all = [
            json!("b"),
            json!(10),
            json!(9.5),
            json!([64, "wide"]),
            json!(1e-5),
            json!("a"),
            json!(true),
            json!(10),
            json!("7"),
        ];
        let all: Vec<AxisValue> = all.iter().map(AxisValue::from).collect();
        let shown = |values: Vec<&AxisValue>| values.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown(ordered(all.iter())), ["0.00001", "7", "9.5", "10", "b", "[64, wide]", "a", "true"]);
        let mut sorted: Vec<&AxisValue> = all.iter().collect();
        sorted.sort();
        assert_eq!(shown(sorted), ["0.00001", "7", "9.5", "10", "10", "[64, wide]", "a", "b", "true"]);
    }

    #[test]
    fn what_is_not_there_stands_between_numbers_and_words() {
        let (number, word) = (AxisValue::from(&json!(5)), AxisValue::from(&json!("a")));
        let mut all = [Some(&word), None, Some(&number), None];
        all.sort_by(|a, b| AxisValue::order(*a, *b));
        assert_eq!(all, [Some(&number), None, None, Some(&word)]);
    }

    #[test]
    fn what_was_written_reads_as_the_same_value() {
        for value in
            [json!(0.001), json!(3), json!(3.0), json!(-0.0), json!("a"), json!("1e-3"), json!("3"), json!([1, "x"])]
        {
            let value = AxisValue::from(&value);
            assert_eq!(AxisValue::written(&value.to_string()), value, "{value}");
        }
        assert_eq!(AxisValue::written("0.001").number(), Some(0.001));
        let unlike = [(json!(3), json!(3.0)), (json!("3.0001"), json!(3.0)), (json!(0.0), json!(-0.0))];
        assert!(unlike.iter().all(|(one, two)| AxisValue::from(one) != AxisValue::from(two)));
    }
}
