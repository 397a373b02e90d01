//! The order in which trials of a sweep come: models, each after those it stands on, then evaluations.

use std::collections::BTreeSet;
use std::fmt;

use drr_core::spec::TrialSpec;
use serde::{Serialize, Serializer};

use crate::command;
use crate::kind::{Kind, Model};
use crate::registry;

/// A step of a sweep: the trainings of one kind of model, or all evaluations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stage {
    place: u8,
    name: &'static str,
}

/// The place of commands, behind all models that are built in; stages of commands come before what needs them.
const COMMANDS: u8 = 64;

/// The place of trials of kinds that this program does not have: last of all models.
const UNKNOWN: u8 = u8::MAX - 1;

impl Stage {
    /// The evaluations.
    pub const EVAL: Self = Self { place: u8::MAX, name: "eval" };

    /// The stage of trials of this kind of model.
    pub fn of_model(name: &str) -> Option<Self> {
        let models = registry::models();
        let place = models.iter().position(|kind| kind.name == name)?;
        Some(Self { place: place as u8, name: models[place].name })
    }

    /// The stage of this name.
    ///
    /// # Panics
    /// If no model is called so.
    pub fn named(name: &str) -> Self {
        if name == Self::EVAL.name() { Self::EVAL } else { Self::of_model(name).expect("a kind of model") }
    }

    /// The stage a trial belongs to.
    pub fn of(spec: &TrialSpec) -> Self {
        if spec.policy.is_some() {
            return Self::EVAL;
        }
        if let Some(kind) = command::kind_of(spec) {
            // What a sweep is about comes behind its stages, which come as they were met.
            let place = if kind.name == command::NAME { COMMANDS + 1 } else { COMMANDS };
            return Self { place, name: kind.name };
        }
        Self::of_model(spec.kind.as_str()).unwrap_or(Self { place: UNKNOWN, name: "unknown" })
    }

    /// Stages in their order, each once; those of commands as they are first met, so that upstream comes first where it
    /// does so among trials.
    pub fn in_order(stages: impl Iterator<Item = Self>) -> Vec<Self> {
        let mut seen = BTreeSet::new();
        let mut order: Vec<Self> = stages.filter(|stage| seen.insert(*stage)).collect();
        order.sort_by_key(|stage| stage.place);
        order
    }

    /// Whether it is of models that can be trained from the ratings alone.
    pub fn stands_on_nothing(self) -> bool {
        self.model().is_some_and(|model| model.stands_on.is_empty())
    }

    /// Its number among the models, and whether it is of what stands on most: what sweeps are about.
    pub fn rank(self) -> (usize, bool) {
        let is_subject = match self.place {
            COMMANDS.. => self.name == command::NAME,
            place => usize::from(place) + 1 == registry::models().len(),
        };
        (usize::from(self.place), is_subject)
    }

    /// The name records and tables use.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Many of its trials, for people.
    pub fn plural(self) -> &'static str {
        match (self, self.model()) {
            (Self::EVAL, _) => "evaluations",
            (_, Some(model)) => model.plural,
            (Self { place: UNKNOWN, .. }, None) => "trials of unknown kinds",
            (_, None) => "commands",
        }
    }

    fn model(self) -> Option<&'static Model> {
        registry::model(self.name).and_then(Kind::model)
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
