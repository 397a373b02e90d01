//! The points of a sweep: one choice of value per varied field, less what conditions and exclusions leave out, and what
//! of it concerns which kind of trial.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use drr_core::spec::Field;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
use serde_json::Value;

use super::column::{Column, Columns};
use super::fields::FieldKey;
use super::file::SweepFile;
use super::problem::{Problem, Problems};
use crate::error::Result;

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
    /// Networks as initialised: what shapes them.
    Untrained,
    /// A recommender's evaluation.
    Eval(Measured),
    /// The evaluation of networks as initialised.
    UntrainedEval(Measured),
    /// The evaluation of a policy without networks: of the recommender's fields, the history decides who is eligible.
    Baseline(Measured),
}

/// The recommender's fields that shape its networks and what they see and say.
const SHAPING: [&str; 6] = ["state", "history", "actor_hidden", "critic_hidden", "scoring", "action_norm"];

impl Scope {
    /// Whether trials of this kind depend on `field`.
    pub fn concerns(self, field: &Field) -> bool {
        match self {
            Self::Pmf => matches!(field.section, "synthetic" | "split" | "pmf"),
            Self::Drr => Self::Pmf.concerns(field) || field.section == "drr",
            Self::Untrained => Self::Pmf.concerns(field) || (field.section == "drr" && SHAPING.contains(&field.name)),
            Self::Eval(measured) => Self::Drr.concerns(field) || measured.concerns(field),
            Self::UntrainedEval(measured) => Self::Untrained.concerns(field) || measured.concerns(field),
            Self::Baseline(measured) => {
                let decides = field.section == "drr" && field.name == "history";
                Self::Pmf.concerns(field) || decides || measured.concerns(field)
            }
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

/// One value per column: its number, or one of the two below.
pub(super) type Choice = Box<[u32]>;

/// The field does not vary here: its condition does not hold, and it has its default.
pub(super) const INACTIVE: u32 = u32::MAX;

/// The field does not concern this kind of trial.
const ABSENT: u32 = u32::MAX - 1;

/// More points than this are not looked at, whatever would be left of them.
const MOST: usize = 2_000_000;

/// The points of a sweep.
pub(super) struct Grid<'a> {
    file: &'a SweepFile,
    columns: Columns,
    points: Vec<Choice>,
}

/// The points as one kind of trial sees them: each once, in their order.
pub(super) struct View {
    pub choices: Vec<Choice>,
    places: HashMap<Choice, usize>,
    concerned: Vec<bool>,
}

impl<'a> Grid<'a> {
    /// Every point that is left.
    ///
    /// # Errors
    /// Too many points, none at all, or an exclusion that excludes nothing.
    pub fn new(file: &'a SweepFile) -> Result<Self> {
        let mut problems = Problems::default();
        let columns = Columns::new(file);
        let raw = columns.count(file.design);
        if raw > MOST {
            let problem = Problem::new(format!("the axes have {raw} points, more than {MOST}"));
            problems.add(problem.help(format!("they are {}", columns.describe())), &file.start, "this file");
            return Err(problems.into_error(file.start.source_name()));
        }
        let excludes: Vec<_> = file.excludes.iter().map(|e| columns.tests(file, &e.conditions)).collect();
        let only = columns.tests(file, &file.only);
        let mut excluded = vec![0_usize; excludes.len()];
        let (mut points, mut seen, mut before) = (Vec::new(), HashSet::new(), 0);
        for number in 0..raw {
            let Some(choice) = columns.point(file.design, number) else { continue };
            if !file.conditions.is_empty() && !seen.insert(choice.clone()) {
                continue;
            }
            before += 1;
            let mut out = false;
            for (tests, count) in excludes.iter().zip(&mut excluded) {
                if tests.iter().all(|test| test.holds(&choice)) {
                    (out, *count) = (true, *count + 1);
                }
            }
            if !out && only.iter().all(|test| test.holds(&choice)) {
                points.push(choice);
            }
        }
        for (exclusion, _) in file.excludes.iter().zip(&excluded).filter(|(_, count)| **count == 0) {
            let problem =
                Problem::new("this exclusion excludes nothing").help("no combination of the axes has all of it");
            problems.add(problem, &exclusion.place, "never");
        }
        if points.is_empty() {
            let problem = Problem::new(format!("the sweep has no trials: none of {before} combinations is left"));
            let place = file.excludes.first().map(|e| &e.place).or(file.only.first().map(|c| &c.place));
            let help = "loosen [[exclude]] or --only";
            problems.add(problem.help(help), place.unwrap_or(&file.start), "leaves nothing");
        }
        if problems.is_empty() {
            Ok(Self { file, columns, points })
        } else {
            Err(problems.into_error(file.start.source_name()))
        }
    }

    /// The points as trials of one kind see them.
    pub fn view(&self, scope: Scope) -> View {
        let concerned: Vec<bool> = self.columns.all.iter().map(|column| scope.concerns(column.field.field())).collect();
        let mut view = View { choices: Vec::new(), places: HashMap::new(), concerned };
        for point in &self.points {
            let choice = view.mask(point);
            if !view.places.contains_key(&choice) {
                view.places.insert(choice.clone(), view.choices.len());
                view.choices.push(choice);
            }
        }
        view
    }

    /// The varied values of a choice, by field name.
    pub fn point(&self, choice: &Choice) -> Arc<BTreeMap<String, Value>> {
        let columns = self.columns.all.iter().zip(choice);
        let values = columns.filter(|(_, index)| **index < ABSENT);
        Arc::new(values.map(|(column, index)| (column.field.name(), column.values[*index as usize].clone())).collect())
    }

    /// A section of the file without what varies, its defaults filled in.
    pub fn base<T: Default + Serialize>(&self, name: &str) -> Value {
        let mut section = serde_json::to_value(T::default()).expect("a section is JSON");
        for (key, value) in self.file.fixed.iter().filter(|(key, _)| key.field().section == name) {
            section[key.field().name] = value.clone();
        }
        section
    }

    /// A section at `choice`, made from its base.
    pub fn section<T: DeserializeOwned>(&self, base: &Value, name: &str, choice: &Choice) -> T {
        let columns = self.columns.all.iter().zip(choice).filter(|(column, _)| column.field.field().section == name);
        let varied: Vec<(&str, &Value)> =
            columns.filter_map(|(column, index)| Some((column.field.field().name, value(column, *index)?))).collect();
        // Without a copy of the base: this is done for every combination.
        let fields = base.as_object().expect("a section is an object").iter().map(|(field, fixed)| {
            let value = varied.iter().find(|(name, _)| name == field).map_or(fixed, |(_, value)| *value);
            (field.as_str(), value)
        });
        T::deserialize(MapDeserializer::<_, serde_json::Error>::new(fields))
            .expect("each value was checked against its field when it was read")
    }

    /// The value of one field.
    pub fn value(&self, key: FieldKey, choice: &Choice) -> Value {
        let column = self.columns.all.iter().zip(choice).find(|(column, _)| column.field == key);
        match column {
            Some((column, index)) => value(column, *index).cloned(),
            None => self.file.fixed.get(&key).cloned(),
        }
        .unwrap_or_else(|| key.field().kind.normalise((key.field().default)()))
    }

    /// The columns of a section, as one word per choice: equal words, equal sections.
    pub fn part(&self, name: &str, choice: &Choice) -> Vec<u32> {
        let columns = self.columns.all.iter().zip(choice);
        columns.filter(|(column, _)| column.field.field().section == name).map(|(_, index)| *index).collect()
    }

    /// The sizes of the axes in words.
    pub fn describe(&self) -> String {
        self.columns.describe()
    }
}

/// The value of a column; an axis that does not concern the trial stands at its least value, whatever its order.
fn value(column: &Column, index: u32) -> Option<&Value> {
    match index {
        INACTIVE => None,
        ABSENT => column.values.get(column.least),
        index => column.values.get(index as usize),
    }
}

impl View {
    fn mask(&self, choice: &Choice) -> Choice {
        choice.iter().zip(&self.concerned).map(|(index, mine)| if *mine { *index } else { ABSENT }).collect()
    }

    /// Where the choice of a trial that builds on this kind stands among its choices.
    ///
    /// # Panics
    /// If `choice` belongs to another sweep.
    pub fn place(&self, choice: &Choice) -> usize {
        *self.places.get(&self.mask(choice)).expect("what builds on a trial shares its point")
    }
}
