//! The points of a sweep: one choice of value per varied field, less what conditions and exclusions leave out, and what
//! of it concerns which trials.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use drr_core::spec::Field;
use serde_json::{Map, Value};

use super::column::{VariedField, VariedFields};
use super::fields::FieldKey;
use super::file::SweepFile;
use super::problem::{Problem, Problems};
use crate::error::Result;

/// One value per column: its number, or one of the two below.
pub(super) type Choice = Box<[u32]>;

/// The field does not vary here: its condition does not hold, and it has its default.
pub(super) const INACTIVE: u32 = u32::MAX;

/// The field does not concern this kind of trial.
const ABSENT: u32 = u32::MAX - 1;

/// More points than this are not looked at, whatever would be left of them.
const MOST: usize = 2_000_000;

/// The points of a sweep.
pub(super) struct ParameterGrid<'a> {
    file: &'a SweepFile,
    columns: VariedFields,
    points: Vec<Choice>,
}

/// The points as one kind of trial sees them: each once, in their order.
pub(super) struct View {
    pub choices: Vec<Choice>,
    places: HashMap<Choice, usize>,
    concerned: Vec<bool>,
}

impl<'a> ParameterGrid<'a> {
    /// Every point that is left.
    ///
    /// # Errors
    /// Too many points, none at all, or an exclusion that excludes nothing.
    pub fn new(file: &'a SweepFile) -> Result<Self> {
        let mut problems = Problems::default();
        let columns = VariedFields::new(file);
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

    /// The points as trials see them that depend on these fields alone.
    pub fn view(&self, concerns: impl Fn(&Field) -> bool) -> View {
        let concerned: Vec<bool> = self.columns.all.iter().map(|column| concerns(column.field.field())).collect();
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

    /// The columns of some fields.
    pub fn columns_of(&self, wanted: impl Fn(&Field) -> bool) -> Vec<usize> {
        let columns = self.columns.all.iter().enumerate();
        columns.filter(|(_, column)| wanted(column.field.field())).map(|(at, _)| at).collect()
    }

    /// The values of a section's fields at `choice`, its defaults filled in.
    pub fn section(&self, name: &str, choice: &Choice) -> Map<String, Value> {
        let fields = FieldKey::of_section(name).map(|key| (key.field(), self.value(key, choice)));
        // What is as it always was is not written.
        let written = fields.filter(|(field, value)| field.is_written(value));
        written.map(|(field, value)| (field.name.to_owned(), value)).collect()
    }

    /// The value of one field.
    pub fn value(&self, key: FieldKey, choice: &Choice) -> Value {
        let column = self.columns.all.iter().zip(choice).find(|(column, _)| column.field == key);
        match column {
            Some((column, index)) => value(column, *index).cloned(),
            None => self.file.fixed.get(&key).cloned(),
        }
        .unwrap_or_else(|| self.file.default_of(key))
    }

    /// The sizes of the axes in words.
    pub fn describe(&self) -> String {
        self.columns.describe()
    }
}

/// The value of a column; an axis that does not concern the trial stands at its least value, whatever its order.
fn value(column: &VariedField, index: u32) -> Option<&Value> {
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
