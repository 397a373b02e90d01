//! Settings as data: a JSON object whose numbers have their one canonical form, shared by all trials that agree in it.

use std::fmt;
use std::sync::Arc;

use serde::de::value::MapDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::Section;
use crate::digest::TrialId;

/// A name that many specs share.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?.into()))
    }
}

/// The settings of a kind, by the names of its fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(Arc<Map<String, Value>>);

impl Settings {
    /// Settings from a JSON object; `None` if it is no object.
    pub fn new(mut value: Value) -> Option<Self> {
        canonical_numbers(&mut value);
        match value {
            Value::Object(map) => Some(Self(Arc::new(map))),
            _ => None,
        }
    }

    /// The value of a field.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    /// A field that is a whole number.
    pub fn whole(&self, field: &str) -> Option<u64> {
        self.get(field)?.as_u64()
    }

    /// The fields and their values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The fields of a section, as its type. Those that are not there have what trials did before there were such
    /// fields; fields of other sections are passed over.
    ///
    /// # Errors
    /// A value that is none of its field's.
    pub fn section<T: Section>(&self) -> Result<T, serde_json::Error> {
        let own = T::FIELDS.iter().filter_map(|field| Some((field.name, self.get(field.name)?)));
        T::deserialize(MapDeserializer::new(own))
    }

    /// A copy as JSON.
    pub fn to_json(&self) -> Value {
        Value::Object((*self.0).clone())
    }
}

/// Brings numbers into the form that canonical JSON reads back as: 3.0 is 3.
fn canonical_numbers(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            // What is written as a whole number and fits into 64 bits is read as one.
            if float.fract() == 0.0 && (0.0..u64::MAX as f64).contains(&float) {
                *value = Value::from(float as u64);
            } else if float.fract() == 0.0 && (i64::MIN as f64..0.0).contains(&float) {
                *value = Value::from(float as i64);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(canonical_numbers),
        Value::Object(map) => map.values_mut().for_each(canonical_numbers),
        _ => {}
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::<String, Value>::deserialize(deserializer)?;
        Ok(Self::new(Value::Object(map)).expect("an object is an object"))
    }
}

/// The trials another stands on: at most one a kind, sorted by the kind's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Upstream(Vec<(Name, TrialId)>);

impl Upstream {
    /// The trials by the kind of each.
    pub fn new(slots: impl IntoIterator<Item = (Name, TrialId)>) -> Self {
        let mut slots: Vec<_> = slots.into_iter().collect();
        slots.sort();
        slots.dedup();
        Self(slots)
    }

    /// The trial of a kind.
    pub fn get(&self, kind: &str) -> Option<TrialId> {
        self.0.iter().find(|(name, _)| *name == kind).map(|(_, trial)| *trial)
    }

    /// Kinds and trials.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, TrialId)> {
        self.0.iter().map(|(name, trial)| (name, *trial))
    }
}

impl Serialize for Upstream {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, trial) in &self.0 {
            map.serialize_entry(name, trial)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Upstream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Slots;
        impl<'de> Visitor<'de> for Slots {
            type Value = Vec<(Name, TrialId)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("trials by kind")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut slots = Vec::new();
                while let Some(slot) = map.next_entry()? {
                    slots.push(slot);
                }
                Ok(slots)
            }
        }
        deserializer.deserialize_map(Slots).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::canonical;

    #[test]
    fn settings_are_equal_to_what_their_text_reads_as() {
        let settings = Settings::new(
            json!({"a": 1.0, "b": [-2.0, 0.5, -0.0], "c": 1e300, "d": 9e15, "e": "x", "f": 1e19, "g": -9e18, "h": 3e20}),
        );
        let settings = settings.expect("an object");
        let again: Settings = serde_json::from_slice(&canonical::to_bytes(&settings)).expect("readable");
        assert_eq!(again, settings);
        assert!(Settings::new(json!([1])).is_none());
    }
}
