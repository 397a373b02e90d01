//! What a hyperparameter is to a person: its name, symbol, default, range and source. The macro
//! [`section!`](crate::section) writes the struct and this description from one text, so the two cannot disagree.

use serde_json::Value;

/// One field of a section of a sweep file.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The section it belongs to, for example `drr`.
    pub section: &'static str,
    /// Canonical name, for example `tau`.
    pub name: &'static str,
    /// Other spellings that are accepted when reading, Greek letters foremost.
    pub aliases: &'static [&'static str],
    /// What values it takes.
    pub kind: ValueKind,
    /// The default, as JSON.
    pub default: fn() -> Value,
    /// What it does, one or two sentences.
    pub doc: &'static str,
    /// The format of specs that had it first.
    pub since: u32,
    /// What every trial did before it was a field, as JSON; the default where it always was one.
    pub before: fn() -> Value,
    /// Whether specs leave it out where it is as [`Field::before`].
    pub may_lack: bool,
    /// What it means for trials that are computed together.
    pub varies: Varies,
}

/// What a field means for trials that are computed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Varies {
    /// Each trial may have its own value.
    Freely,
    /// It decides what is computed when, so that all must agree.
    Pace,
    /// It shapes what a model is made of: all must agree, and a model as initialised depends on it.
    Shape,
}

impl Field {
    /// The default, as the field's type has it.
    pub fn default_value(&self) -> Value {
        self.kind.normalise((self.default)())
    }

    /// Whether a spec says this value. A field that may be left out is where a trial does what all did before there was such a
    /// field, so that it keeps its id.
    pub fn is_written(&self, value: &Value) -> bool {
        !self.may_lack || self.kind.normalise(value.clone()) != self.kind.normalise((self.before)())
    }
}

/// A struct that the macro [`section!`](crate::section) made.
pub trait Section: serde::de::DeserializeOwned {
    /// The section's fields, in the order they are documented.
    const FIELDS: &'static [Field];
}

/// A section as specs had it that were written before some of its fields existed.
pub trait LegacyDefault {
    /// Every later field stands at what trials did without it.
    fn legacy_default() -> Self;
}

/// What serde takes fields from that a spec does not name.
pub fn legacy_default<T: LegacyDefault>() -> T {
    T::legacy_default()
}

/// The values a field takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueKind {
    /// A finite number in `min..=max`.
    Float {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// A whole number in `min..=max`.
    Int {
        /// Least value.
        min: u64,
        /// Greatest value.
        max: u64,
    },
    /// A list of whole numbers, each in `min..=max`, with a permitted number of entries.
    Ints {
        /// Least value of an entry.
        min: u64,
        /// Greatest value of an entry.
        max: u64,
        /// Permitted lengths.
        lengths: &'static [usize],
    },
    /// One of some names.
    Choice(&'static [&'static str]),
    /// A text.
    Text,
    /// Whatever a program takes: a number, a text, true or false, or a list of them.
    Any,
}

impl ValueKind {
    /// Says in words what is accepted, for errors and documentation.
    pub fn expected(&self) -> String {
        match self {
            ValueKind::Float { min, max } => format!("a number from {} to {}", plain(*min), plain(*max)),
            ValueKind::Int { min, max } if *max == u64::MAX || *max == crate::Seed::MAX => {
                format!("a whole number, {min} or more")
            }
            ValueKind::Int { min, max } => format!("a whole number from {min} to {max}"),
            ValueKind::Ints { min, lengths, .. } => {
                let lengths: Vec<String> = lengths.iter().map(ToString::to_string).collect();
                let count = if lengths.is_empty() { String::new() } else { format!("{} ", lengths.join(" or ")) };
                format!("a list of {count}whole numbers, each {min} or more")
            }
            ValueKind::Text => "a text".to_owned(),
            ValueKind::Any => "a number (whole ones up to 2^53), a text, true or false, or a list of them".to_owned(),
            ValueKind::Choice(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
                format!("one of {}", names.join(", "))
            }
        }
    }

    /// Whether `value` is accepted.
    pub fn accepts(&self, value: &Value) -> bool {
        match self {
            ValueKind::Float { min, max } => {
                value.as_f64().is_some_and(|x| x.is_finite() && (*min..=*max).contains(&x))
            }
            ValueKind::Int { min, max } => whole(value).is_some_and(|x| (*min..=*max).contains(&x)),
            ValueKind::Ints { min, max, lengths } => value.as_array().is_some_and(|list| {
                (lengths.is_empty() || lengths.contains(&list.len()))
                    && list.iter().all(|entry| whole(entry).is_some_and(|x| (*min..=*max).contains(&x)))
            }),
            ValueKind::Text => value.is_string(),
            ValueKind::Any => match value {
                Value::Array(list) => list.iter().all(|entry| self.accepts(entry)),
                // Whole numbers beyond 2^53 are others in canonical JSON, and so in ids.
                Value::Number(number) => number.is_f64() || number.as_f64().is_some_and(|it| it.abs() <= EXACT),
                Value::String(_) | Value::Bool(_) => true,
                Value::Null | Value::Object(_) => false,
            },
            ValueKind::Choice(names) => value.as_str().is_some_and(|name| names.contains(&name)),
        }
    }

    /// Brings `value` into the type the struct wants: `3.0` becomes `3` where whole numbers are expected.
    pub fn normalise(&self, value: Value) -> Value {
        match (self, &value) {
            (ValueKind::Int { .. }, Value::Number(_)) => whole(&value).map_or(value, Value::from),
            (ValueKind::Float { .. }, Value::Number(number)) => number.as_f64().map_or(value, Value::from),
            (ValueKind::Ints { .. }, Value::Array(list)) => {
                list.iter().map(|entry| whole(entry).map_or(entry.clone(), Value::from)).collect()
            }
            _ => value,
        }
    }

    /// Whether a plain list in a sweep file is one value of this field rather than several.
    pub fn is_list(&self) -> bool {
        matches!(self, ValueKind::Ints { .. })
    }
}

/// Up to here every whole number is a number of JSON.
const EXACT: f64 = 9_007_199_254_740_991.0;

fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && (0.0..9.0e15).contains(&number)).then_some(number as u64)
    })
}

fn plain(number: f64) -> String {
    if number == f64::MAX { "any size".to_owned() } else { number.to_string() }
}

/// Defines a section: a struct with serde and defaults, and `FIELDS`, its description for people. A field that specs of
/// an earlier format did not have ends in `since FORMAT, before VALUE`: what every trial did until then, whatever the
/// default becomes. `unless FUNCTION` leaves it out of specs where the function says so, which must be at that value alone.
/// One on which trials must agree to be computed together ends in `varies Shape` or `varies Pace`.
#[macro_export]
macro_rules! section {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident in $section:literal {
            $(
                $(#[doc = $doc:literal])+
                $field:ident $(($($alias:literal),+))? : $type:ty = $default:expr, $kind:expr
                    $(, since $since:literal, before $before:expr)? $(, unless $unless:literal)? $(, varies $varies:ident)?;
            )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default = "drr_core::spec::field::legacy_default")]
        pub struct $name {
            $( $(#[doc = $doc])+ $(#[serde(skip_serializing_if = $unless)])? pub $field: $type, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        impl $crate::spec::field::LegacyDefault for $name {
            fn legacy_default() -> Self {
                Self { $( $field: $crate::first!($($before,)? $default), )* }
            }
        }

        impl $crate::spec::field::Section for $name {
            const FIELDS: &'static [$crate::spec::Field] = Self::FIELDS;
        }

        impl $name {
            /// The section's fields, in the order they are documented.
            pub const FIELDS: &'static [$crate::spec::Field] = &[
                $(
                    $crate::spec::Field {
                        section: $section,
                        name: stringify!($field),
                        aliases: &[$($($alias),+)?],
                        kind: { use $crate::spec::ValueKind::*; $kind },
                        default: || {
                            let value: $type = $default;
                            serde_json::json!(value)
                        },
                        doc: concat!($($doc),+),
                        since: $crate::first!($($since,)? 1),
                        before: || {
                            let value: $type = $crate::first!($($before,)? $default);
                            serde_json::json!(value)
                        },
                        may_lack: $crate::first!($($crate::said!($unless),)? false),
                        varies: { #[allow(unused_imports)] use $crate::spec::Varies::*; $crate::first!($($varies,)? Freely) },
                    },
                )*
            ];
        }
    };
}

/// That something is said.
#[doc(hidden)]
#[macro_export]
macro_rules! said {
    ($any:tt) => {
        true
    };
}

/// The first of one or two.
#[doc(hidden)]
#[macro_export]
macro_rules! first {
    ($first:expr, $second:expr) => {
        $first
    };
    ($only:expr) => {
        $only
    };
}
