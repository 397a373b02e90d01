//! Random search: the section `[search]` and the draws, each field from a named stream of its own, so that a field more
//! or a sample more shifts no other.

use std::collections::HashSet;

use drr_core::Seed;
use serde_json::Value;

use super::axis::Axis;
use super::distribution::Distribution;
use super::fields::FieldKey;
use super::problem::{Problem, Problems, TextSpan};
use super::sobol;
use super::suggest::did_you_mean;
use super::tree::Entry;

/// How samples are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Independent draws.
    Random,
    /// Sobol's sequence, shifted at random: the same cover of the space with fewer samples.
    Sobol,
}

/// The section `[search]`.
#[derive(Clone, Debug)]
pub(super) struct SearchSection {
    pub samples: Option<u64>,
    pub seed: Seed,
    pub method: Method,
    pub place: TextSpan,
}

/// Most samples of one search.
const MOST: u64 = 1 << 20;

impl SearchSection {
    pub fn new(place: TextSpan) -> Self {
        Self { samples: None, seed: Seed(0), method: Method::Random, place }
    }

    /// Reads one key of `[search]`.
    pub fn set(&mut self, entry: &Entry, problems: &mut Problems) {
        let value = entry.node.to_json();
        let number = value.as_ref().and_then(Value::as_u64);
        let (accepted, expected) = match entry.key.as_str() {
            "samples" => {
                self.samples = number.filter(|n| (1..=MOST).contains(n)).or(Some(1));
                (number.is_some_and(|n| (1..=MOST).contains(&n)), "expected a whole number from 1 to 1048576")
            }
            "seed" => {
                self.seed = Seed(number.unwrap_or(0).min(Seed::MAX));
                (number.is_some_and(|n| n <= Seed::MAX), "expected a whole number, 0 or more")
            }
            "method" => {
                let name = value.as_ref().and_then(Value::as_str);
                self.method = if name == Some("sobol") { Method::Sobol } else { Method::Random };
                (matches!(name, Some("sobol" | "random")), "expected \"random\" or \"sobol\"")
            }
            unknown => {
                let problem = Problem::new(format!("unknown key `{unknown}` in [search]"));
                let help = did_you_mean(unknown, ["samples", "seed", "method"]);
                problems.add(problem.maybe_help(help), &entry.key_place, "not a key of [search]");
                return;
            }
        };
        if !accepted {
            let problem = Problem::new(format!("`search.{}` cannot be {}", entry.key, entry.node.place.text()));
            problems.add(problem, &entry.node.place, expected);
        }
    }
}

/// The samples as one axis, whose fields vary together.
pub(super) fn draw(
    fields: &[(FieldKey, Distribution)],
    search: &SearchSection,
    problems: &mut Problems,
) -> Option<Axis> {
    let samples = search.samples? as usize;
    if search.method == Method::Sobol && fields.len() > sobol::DIMENSIONS {
        let problem =
            Problem::new(format!("Sobol's sequence covers {} fields, not {}", sobol::DIMENSIONS, fields.len()));
        problems.add(problem.help("method = \"random\" covers any number"), &search.place, "here");
        return None;
    }
    let columns: Vec<Vec<Value>> = fields
        .iter()
        .enumerate()
        .map(|(dimension, (key, distribution))| {
            let mut stream = search.seed.stream(&format!("search/{}", key.name()));
            let units: Vec<f64> = match search.method {
                Method::Random => (0..samples).map(|_| stream.unit()).collect(),
                Method::Sobol => {
                    let shift = (stream.bits() >> 32) as u32;
                    (0..samples).map(|index| sobol::unit(index as u32, dimension, shift)).collect()
                }
            };
            units.into_iter().map(|unit| distribution.at(unit)).collect()
        })
        .collect();
    let points = (0..samples).map(|i| columns.iter().map(|column| column[i].clone()).collect()).collect();
    Some(Axis { fields: fields.iter().map(|(key, _)| *key).collect(), points })
}

/// How many samples of a search repeat others, in words, if any do.
pub(super) fn repeated(axis: &Axis) -> Option<String> {
    let mut seen = HashSet::new();
    let distinct = axis.points.iter().filter(|point| seen.insert(format!("{point:?}"))).count();
    let (samples, repeats) = (axis.points.len(), axis.points.len() - distinct);
    (repeats > 0).then(|| format!("{repeats} of {samples} samples repeat others: {distinct} different ones are left"))
}
