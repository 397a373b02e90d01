//! The points of a sweep: one choice of value per axis, and which axes concern which kind of trial.

use std::collections::BTreeMap;

use drr_core::spec::Field;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::axis::Axis;
use super::fields::FieldKey;
use super::file::SweepFile;

/// How a trial is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measured {
    Offline,
    Online,
}

/// Which fields a kind of trial depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Matrix factorisation: the ratings, the split, PMF's own.
    Pmf,
    /// A recommender.
    Drr,
    /// What all policies of one PMF share, and the history that decides who is eligible.
    Untrained,
    /// A recommender's evaluation.
    Eval(Measured),
    /// A baseline's evaluation.
    Baseline(Measured),
}

impl Scope {
    /// Whether trials of this kind depend on `field`.
    pub fn concerns(self, field: &Field) -> bool {
        match self {
            Self::Pmf => matches!(field.section, "synthetic" | "split" | "pmf"),
            Self::Drr => Self::Pmf.concerns(field) || field.section == "drr",
            Self::Untrained => Self::Pmf.concerns(field) || (field.section == "drr" && field.name == "history"),
            Self::Eval(measured) => Self::Drr.concerns(field) || measured.concerns(field),
            Self::Baseline(measured) => Self::Untrained.concerns(field) || measured.concerns(field),
        }
    }
}

impl Measured {
    fn concerns(self, field: &Field) -> bool {
        match self {
            Self::Offline => field.section == "offline",
            Self::Online => field.section == "online",
        }
    }
}

/// One index per axis; 0 where an axis does not concern the trial.
pub(super) type Choice = Vec<usize>;

/// The product of the axes.
pub(super) struct Grid<'a> {
    file: &'a SweepFile,
}

impl<'a> Grid<'a> {
    pub fn new(file: &'a SweepFile) -> Self {
        Self { file }
    }

    fn concerned(&self, scope: Scope) -> impl DoubleEndedIterator<Item = (usize, &'a Axis)> {
        let concerns = move |axis: &Axis| axis.fields.iter().any(|key| scope.concerns(key.field()));
        self.file.axes.iter().enumerate().filter(move |(_, axis)| concerns(axis))
    }

    /// How many choices concern `scope`; saturating.
    pub fn size(&self, scope: Scope) -> usize {
        self.concerned(scope).fold(1, |size, (_, axis)| size.saturating_mul(axis.points.len()))
    }

    /// The choice with number `rank` among those that concern `scope`; the last axis turns fastest.
    pub fn choice(&self, scope: Scope, mut rank: usize) -> Choice {
        let mut choice = vec![0; self.file.axes.len()];
        for (index, axis) in self.concerned(scope).rev() {
            choice[index] = rank % axis.points.len();
            rank /= axis.points.len();
        }
        choice
    }

    /// The number of `choice` among those that concern `scope`: the inverse of [`Grid::choice`].
    pub fn rank(&self, scope: Scope, choice: &Choice) -> usize {
        self.concerned(scope).fold(0, |rank, (index, axis)| rank * axis.points.len() + choice[index])
    }

    /// The values of `choice` that concern `scope`, by field name.
    pub fn point(&self, scope: Scope, choice: &Choice) -> BTreeMap<String, Value> {
        self.values(choice)
            .filter(|(key, _)| scope.concerns(key.field()))
            .map(|(key, value)| (key.name(), value.clone()))
            .collect()
    }

    /// A section of the file at `choice`, its defaults filled in.
    pub fn section<T: Default + Serialize + DeserializeOwned>(&self, name: &str, choice: &Choice) -> T {
        let mut section = serde_json::to_value(T::default()).expect("a section is JSON");
        let fixed = self.file.fixed.iter().map(|(key, value)| (*key, value));
        for (key, value) in fixed.chain(self.values(choice)) {
            if key.field().section == name {
                section[key.field().name] = value.clone();
            }
        }
        serde_json::from_value(section).expect("each value was checked against its field when it was read")
    }

    fn values(&self, choice: &Choice) -> impl Iterator<Item = (FieldKey, &'a Value)> {
        let points = self.file.axes.iter().zip(choice.clone()).map(|(axis, index)| (axis, &axis.points[index]));
        points.flat_map(|(axis, point)| axis.fields.iter().copied().zip(point))
    }
}
