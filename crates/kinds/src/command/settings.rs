//! What a command's trial says: the words it is started with, its parameters, and how its metrics come.

use std::collections::BTreeMap;

use drr_core::spec::Settings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::placeholders::{Piece, pieces};

/// The settings of a command's trial.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandSettings {
    /// The words of the command, with placeholders.
    pub run: Vec<String>,
    /// Its parameters, by name.
    pub params: Map<String, Value>,
    /// The parameters that are real numbers, so that 1.0 is not spelled 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reals: Vec<String>,
    /// Where its metrics are read from.
    #[serde(default, skip_serializing_if = "is_file")]
    pub log: MetricsFrom,
    /// Variables of its environment that it is given with these values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// What it writes for drr-lab to evaluate, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<String>,
}

/// Where a command's metrics are read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetricsFrom {
    /// The file named in `DRR_LAB_METRICS`.
    #[default]
    File,
    /// Lines among others on standard output.
    Stdout,
}

fn is_file(from: &MetricsFrom) -> bool {
    *from == MetricsFrom::File
}

impl CommandSettings {
    /// The settings of a trial.
    ///
    /// # Errors
    /// Settings that no command has.
    pub fn of(settings: &Settings) -> Result<Self, String> {
        let own: Self = serde_json::from_value(settings.to_json()).map_err(|error| error.to_string())?;
        let word = own.run.first().ok_or("a command has one word at least, its program")?;
        for word in &own.run {
            for piece in pieces(word)? {
                if let Piece::Name(name) = piece
                    && !super::placeholders::is_reserved(&name)
                    && !own.params.contains_key(&name)
                {
                    return Err(format!("the command names a parameter `{name}`, and the trial has none"));
                }
            }
        }
        if word.is_empty() { Err("the command's program has no name".to_owned()) } else { Ok(own) }
    }

    /// The same as a spec holds them.
    pub fn to_settings(&self) -> Settings {
        let value = serde_json::to_value(self).expect("settings are JSON");
        Settings::new(value).expect("a struct is an object")
    }

    /// The parameters as JSON, real numbers spelled as such.
    pub fn params_json(&self) -> String {
        let spell = |(name, value): (&String, &Value)| {
            let value = self.real(name, value).map_or_else(|| value.to_string(), |real| plain(&real));
            format!("{}: {value}", Value::String(name.clone()))
        };
        let all: Vec<String> = self.params.iter().map(spell).collect();
        format!("{{{}}}", all.join(", "))
    }

    /// A parameter as a word of a command: texts as they are, `true` and `false`, numbers as Python writes them, lists as
    /// JSON.
    pub fn word(&self, name: &str) -> Option<String> {
        let value = self.params.get(name)?;
        Some(match (self.real(name, value), value) {
            (Some(Value::Number(number)), _) => spelled(number.as_f64().unwrap_or_default()),
            (_, Value::String(text)) => text.clone(),
            (Some(real), _) => plain(&real),
            (None, other) => other.to_string(),
        })
    }

    fn real(&self, name: &str, value: &Value) -> Option<Value> {
        self.reals.iter().any(|real| real == name).then(|| as_real(value))
    }
}

/// A value whose numbers are real.
fn as_real(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or_else(|| value.clone(), Value::from),
        Value::Array(list) => list.iter().map(as_real).collect(),
        other => other.clone(),
    }
}

/// A value as JSON, numbers as [`spelled`].
fn plain(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => spelled(number.as_f64().unwrap_or_default()),
        Value::Array(list) => format!("[{}]", list.iter().map(plain).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// A real number in its shortest digits, as Python and C write it: 1.0, 0.0001, 1e-05, 1e+16.
pub fn spelled(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 || (1e-4..1e16).contains(&size) {
        return format!("{number:?}");
    }
    let text = format!("{number:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |positive| ('-', positive));
    format!("{digits}e{sign}{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_spelled_as_python_does() {
        let cases = [
            (1.0, "1.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (-2.5e-7, "-2.5e-07"),
            (0.1, "0.1"),
            (1e300, "1e+300"),
            (0.0, "0.0"),
        ];
        for (number, text) in cases {
            assert_eq!(spelled(number), text);
        }
    }

    #[test]
    fn whole_numbers_stay_whole_and_real_ones_real() {
        let params = json!({"lr": 1.0, "width": 64, "name": "a b", "on": true, "sizes": [1, 2], "rates": [1.0, 0.5]});
        let Value::Object(params) = params else { panic!("an object") };
        let reals = vec!["lr".to_owned(), "rates".to_owned()];
        let own = CommandSettings { run: vec!["./a".to_owned()], params, reals, ..CommandSettings::default() };
        // As a record holds it, where 1.0 is 1.
        let read = CommandSettings::of(&own.to_settings()).expect("whole");
        let words = ["lr", "width", "name", "on", "sizes", "rates"].map(|name| read.word(name).expect("there"));
        assert_eq!(words, ["1.0", "64", "a b", "true", "[1,2]", "[1.0, 0.5]"]);
        let json = read.params_json();
        assert!(json.contains("\"lr\": 1.0, ") && json.contains("\"width\": 64"), "{json}");
        assert!(serde_json::from_str::<Value>(&json).is_ok());
    }

    #[test]
    fn settings_that_no_command_has_are_refused() {
        for (settings, says) in [
            (json!({"params": {}}), "missing field `run`"),
            (json!({"run": [], "params": {}}), "one word at least"),
            (json!({"run": ["a", "{b}"], "params": {}}), "names a parameter `b`"),
            (json!({"run": ["a"], "params": {}, "log": "pigeon"}), "unknown variant `pigeon`"),
        ] {
            let error = CommandSettings::of(&Settings::new(settings).expect("an object")).expect_err(says);
            assert!(error.contains(says), "{error}");
        }
    }
}
