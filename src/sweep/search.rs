//! Random search: distributions to draw a field from, and the draws, each field from a named stream of its own, so that
//! a field more or a sample more shifts no other.

use drr_core::Seed;
use drr_core::spec::Kind;
use serde_json::Value;

use super::axis::{Axis, checked};
use super::fields::FieldKey;
use super::problem::{Place, Problem, Problems};
use super::sobol;
use super::spaced::{ends, tidy};
use super::suggest::did_you_mean;
use super::tree::{Entry, Tree};

/// Where a field is drawn from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Distribution {
    /// Uniform between two numbers.
    Uniform(f64, f64),
    /// Uniform in the logarithm; rounded where the field takes whole numbers.
    LogUniform { low: f64, high: f64, whole: bool },
    /// A whole number, both ends included.
    Int(u64, u64),
}

/// The names of distributions in a sweep file.
pub(super) const DISTRIBUTIONS: [&str; 3] = ["uniform", "log_uniform", "int"];

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
pub(super) struct Search {
    pub samples: Option<u64>,
    pub seed: Seed,
    pub method: Method,
    pub place: Place,
}

/// Most samples of one search.
const MOST: u64 = 1 << 20;

impl Search {
    pub fn new(place: Place) -> Self {
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

/// Reads `{ uniform = [low, high] }` and its like.
pub(super) fn distribution(key: FieldKey, entry: &Entry, problems: &mut Problems) -> Option<Distribution> {
    let name = entry.key.as_str();
    let refuse = |problems: &mut Problems, why: &str, help: &str| {
        let problem = Problem::new(format!("`{}` {why}", key.name())).help(help);
        problems.add(problem, &entry.node.place, format!("expected {}", key.field().kind.expected()));
        None
    };
    let (real, whole) = (matches!(key.field().kind, Kind::Float { .. }), matches!(key.field().kind, Kind::Int { .. }));
    match name {
        _ if !real && !whole => return refuse(problems, "is not a number to draw", "write { choice = [ … ] }"),
        "uniform" if whole => return refuse(problems, "takes whole numbers", "write { int = [low, high] }"),
        "int" if real => return refuse(problems, "takes any number", "write { uniform = [low, high] }"),
        _ => {}
    }
    let Some([low, high]) = ends(entry) else {
        return refuse(problems, "needs two numbers to draw between", "for example { log_uniform = [0.0001, 0.1] }");
    };
    if low >= high || (name == "log_uniform" && low <= 0.0) {
        let positive = if name == "log_uniform" { " and above 0" } else { "" };
        return refuse(problems, &format!("needs its low end below its high end{positive}"), "[low, high]");
    }
    let Tree::Array(nodes) = &entry.node.tree else { return None };
    let before = problems.len();
    for node in nodes {
        checked(key, node, problems);
    }
    (problems.len() == before).then_some(match name {
        "uniform" => Distribution::Uniform(low, high),
        "int" => Distribution::Int(low as u64, high as u64),
        _ => Distribution::LogUniform { low, high, whole },
    })
}

impl Distribution {
    fn at(self, unit: f64) -> Value {
        match self {
            Self::Uniform(low, high) => tidy(low + (high - low) * unit).clamp(low, high).into(),
            Self::LogUniform { low, high, whole } => {
                let number = (low.ln() + (high.ln() - low.ln()) * unit).exp().clamp(low, high);
                if whole { (number.round() as u64).into() } else { tidy(number).clamp(low, high).into() }
            }
            Self::Int(low, high) => {
                let count = (high - low + 1) as f64;
                (low + ((unit * count) as u64).min(high - low)).into()
            }
        }
    }
}

/// The samples as one axis, whose fields vary together.
pub(super) fn draw(fields: &[(FieldKey, Distribution)], search: &Search, problems: &mut Problems) -> Option<Axis> {
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
