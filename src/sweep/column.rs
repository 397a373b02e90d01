//! The axes seen field by field: each varied field is a column of distinct values, fields that vary together share a
//! dimension.

use std::collections::HashMap;

use serde_json::Value;

use super::condition::Condition;
use super::fields::FieldKey;
use super::file::{Design, SweepFile};
use super::grid::{Choice, INACTIVE};

/// A varied field.
pub(super) struct VariedField {
    pub field: FieldKey,
    /// Its values, each once, in the order of the file.
    pub values: Vec<Value>,
    /// Which value is the least: what stands for the axis where it does not matter.
    pub least: usize,
}

/// The points of one axis: for each of its columns the number of the value.
pub(super) struct Dimension {
    first: usize,
    points: Vec<Vec<u32>>,
}

impl Dimension {
    pub fn len(&self) -> usize {
        self.points.len()
    }
}

/// Whether a field has one of some values, prepared for many choices.
pub(super) enum FieldTest {
    /// It does not vary.
    Fixed(bool),
    /// It varies: by number of the value, and where its own condition does not hold.
    Varied { column: usize, accepted: Vec<bool>, inactive: bool },
}

impl FieldTest {
    pub fn holds(&self, choice: &[u32]) -> bool {
        match self {
            Self::Fixed(holds) => *holds,
            Self::Varied { column, accepted, inactive } => match choice[*column] {
                INACTIVE => *inactive,
                index => accepted[index as usize],
            },
        }
    }
}

/// All varied fields of a sweep.
pub(super) struct VariedFields {
    pub all: Vec<VariedField>,
    pub dimensions: Vec<Dimension>,
    /// Conditions of columns, in an order in which each comes after those it hangs on.
    conditions: Vec<(usize, Vec<FieldTest>)>,
}

impl VariedFields {
    pub fn new(file: &SweepFile) -> Self {
        let mut columns = Self { all: Vec::new(), dimensions: Vec::new(), conditions: Vec::new() };
        for axis in &file.axes {
            let first = columns.all.len();
            let mut points = vec![Vec::with_capacity(axis.fields.len()); axis.points.len()];
            for (position, field) in axis.fields.iter().enumerate() {
                let mut values: Vec<Value> = Vec::new();
                let mut numbers = HashMap::new();
                for (point, whole) in points.iter_mut().zip(&axis.points) {
                    let value = &whole[position];
                    let number = *numbers.entry(value.to_string()).or_insert_with(|| {
                        values.push(value.clone());
                        values.len() - 1
                    });
                    point.push(number as u32);
                }
                let least = (0..values.len()).min_by(|a, b| order(&values[*a], &values[*b])).unwrap_or(0);
                columns.all.push(VariedField { field: *field, values, least });
            }
            columns.dimensions.push(Dimension { first, points });
        }
        let mut open: Vec<FieldKey> = file.conditions.keys().copied().collect();
        while let Some(next) =
            open.iter().position(|key| file.conditions[key].iter().all(|needed| !open.contains(&needed.field)))
        {
            let key = open.swap_remove(next);
            if let Some(column) = columns.all.iter().position(|column| column.field == key) {
                let tests = columns.tests(file, &file.conditions[&key]);
                columns.conditions.push((column, tests));
            }
        }
        columns
    }

    /// Prepares conditions for many choices.
    pub fn tests(&self, file: &SweepFile, conditions: &[Condition]) -> Vec<FieldTest> {
        let test = |condition: &Condition| {
            let key = condition.field;
            let default = || file.default_of(key);
            match self.all.iter().position(|column| column.field == key) {
                Some(column) => {
                    let accepted = self.all[column].values.iter().map(|value| condition.accepts(value)).collect();
                    FieldTest::Varied { column, accepted, inactive: condition.accepts(&default()) }
                }
                None => FieldTest::Fixed(condition.accepts(&file.fixed.get(&key).cloned().unwrap_or_else(default))),
            }
        };
        conditions.iter().map(test).collect()
    }

    /// How many points a design has, repeats included.
    pub fn count(&self, design: Design) -> usize {
        let sizes = self.dimensions.iter().map(Dimension::len);
        match design {
            Design::Grid => sizes.fold(1, usize::saturating_mul),
            Design::OneAtATime => sizes.fold(1, |sum, size| sum.saturating_add(size - 1)),
        }
    }

    /// The point with this number: in a grid the last axis runs fastest. `None` where it repeats another because a whole
    /// axis does not hold.
    pub fn point(&self, design: Design, number: usize) -> Option<Choice> {
        let mut choice: Choice = vec![0; self.all.len()].into();
        let mut firsts = vec![true; self.dimensions.len()];
        let mut rest = number;
        for (dimension, is_first) in self.dimensions.iter().zip(&mut firsts).rev() {
            let point = match design {
                Design::Grid => {
                    let point = rest % dimension.len();
                    rest /= dimension.len();
                    point
                }
                // 0 is the base; what lies beyond this axis is one of the axes before it.
                Design::OneAtATime if rest < dimension.len() => std::mem::take(&mut rest),
                Design::OneAtATime => {
                    rest -= dimension.len() - 1;
                    0
                }
            };
            *is_first = point == 0;
            let width = dimension.points[point].len();
            choice[dimension.first..dimension.first + width].copy_from_slice(&dimension.points[point]);
        }
        for (column, tests) in &self.conditions {
            if !tests.iter().all(|test| test.holds(&choice)) {
                choice[*column] = INACTIVE;
            }
        }
        let repeats = self.dimensions.iter().zip(firsts).any(|(dimension, is_first)| {
            let width = dimension.points[0].len();
            !is_first && choice[dimension.first..dimension.first + width].iter().all(|index| *index == INACTIVE)
        });
        (!repeats).then_some(choice)
    }

    /// The sizes of the axes in words, for example `drr.tau (2) × drr.gamma (3)`.
    pub fn describe(&self) -> String {
        let dimension = |dimension: &Dimension| {
            let width = dimension.points.first().map_or(0, Vec::len);
            let names: Vec<String> =
                self.all[dimension.first..dimension.first + width].iter().map(|column| column.field.name()).collect();
            format!("{} ({})", names.join(" with "), dimension.len())
        };
        self.dimensions.iter().map(dimension).collect::<Vec<_>>().join(" × ")
    }
}

fn order(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.to_string().cmp(&b.to_string()),
    }
}
