//! The order in which trials of a sweep come: models, each after those it stands on, then evaluations.

use std::fmt;

use drr_core::spec::TrialSpec;
use serde::{Serialize, Serializer};

use crate::registry;

/// A step of a sweep: the trainings of one kind of model, or all evaluations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stage(u8);

impl Stage {
    /// The evaluations.
    pub const EVAL: Self = Self(u8::MAX);

    /// The stage of trials of this kind of model.
    pub fn of_model(name: &str) -> Option<Self> {
        registry::models().iter().position(|kind| kind.name == name).map(|at| Self(at as u8))
    }

    /// The stage of this name.
    ///
    /// # Panics
    /// If no model is called so.
    pub fn named(name: &str) -> Self {
        if name == Self::EVAL.name() { Self::EVAL } else { Self::of_model(name).expect("a kind of model") }
    }

    /// The stage a trial belongs to; trials of unknown kinds come last of all models.
    pub fn of(spec: &TrialSpec) -> Self {
        if spec.policy.is_some() {
            return Self::EVAL;
        }
        Self::of_model(spec.kind.as_str()).unwrap_or(Self(u8::MAX - 1))
    }

    /// All stages, in their order.
    pub fn all() -> Vec<Self> {
        let models = 0..registry::models().len() as u8;
        models.map(Self).chain([Self::EVAL]).collect()
    }

    /// Whether it is of models that can be trained from the ratings alone.
    pub fn stands_on_nothing(self) -> bool {
        let models = registry::models();
        let model = models.get(usize::from(self.0)).and_then(|kind| kind.model());
        model.is_some_and(|model| model.stands_on.is_empty())
    }

    /// The name records and tables use.
    pub fn name(self) -> &'static str {
        match self {
            Self::EVAL => "eval",
            Self(at) => registry::models().get(usize::from(at)).map_or("unknown", |kind| kind.name),
        }
    }

    /// Many of its trials, for people.
    pub fn plural(self) -> &'static str {
        let models = registry::models();
        let model = models.get(usize::from(self.0)).and_then(|kind| kind.model());
        match (self, model) {
            (Self::EVAL, _) => "evaluations",
            (_, Some(model)) => model.plural,
            (_, None) => "trials of unknown kinds",
        }
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Stage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
