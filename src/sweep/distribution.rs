//! Where a drawn field is drawn from: `{ uniform = [low, high] }` and its like.

use drr_core::spec::ValueKind;
use serde_json::Value;

use super::fields::FieldKey;
use super::problem::{Problem, Problems};
use super::spaced::{ends, tidy};
use super::tree::{Entry, Tree};
use super::value::checked;

/// Where a field is drawn from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Distribution {
    /// Uniform between two numbers.
    Uniform(f64, f64),
    /// Uniform in the logarithm; rounded where the field takes whole numbers.
    LogUniform { low: f64, high: f64, whole: bool },
    /// A whole number, both ends included.
    Int(i64, i64),
}

/// The names of distributions in a sweep file.
pub(super) const DISTRIBUTIONS: [&str; 3] = ["uniform", "log_uniform", "int"];

/// Reads `{ uniform = [low, high] }` and its like.
pub(super) fn read(key: FieldKey, entry: &Entry, problems: &mut Problems) -> Option<Distribution> {
    let name = entry.key.as_str();
    let refuse = |problems: &mut Problems, why: &str, help: &str| {
        let problem = Problem::new(format!("`{}` {why}", key.name())).help(help);
        problems.add(problem, &entry.node.place, format!("expected {}", key.field().kind.expected()));
        None
    };
    let any = key.field().kind == ValueKind::Any;
    let (real, whole) =
        (matches!(key.field().kind, ValueKind::Float { .. }), matches!(key.field().kind, ValueKind::Int { .. }));
    match name {
        _ if !real && !whole && !any => return refuse(problems, "is not a number to draw", "write { choice = [ … ] }"),
        "uniform" if whole => return refuse(problems, "takes whole numbers", "write { int = [low, high] }"),
        "int" if real => return refuse(problems, "takes any number", "write { uniform = [low, high] }"),
        _ => {}
    }
    let Some([low, high]) = ends(entry) else {
        return refuse(problems, "needs two numbers to draw between", "for example { log_uniform = [0.0001, 0.1] }");
    };
    if low >= high || (name == "log_uniform" && low <= 0.0) {
        let (positive, help) = match name {
            "log_uniform" => (" and above 0", "0 has no logarithm; begin above it, for example at 0.0001"),
            _ => ("", "[low, high]"),
        };
        return refuse(problems, &format!("needs its low end below its high end{positive}"), help);
    }
    if name == "int" && (low.fract() != 0.0 || high.fract() != 0.0) {
        return refuse(problems, "needs whole numbers to draw between", "for example { int = [1, 8] }");
    }
    let Tree::Array(nodes) = &entry.node.tree else { return None };
    let before = problems.len();
    for node in nodes {
        checked(key, node, problems);
    }
    (problems.len() == before).then_some(match name {
        "uniform" => Distribution::Uniform(low, high),
        "int" => Distribution::Int(low as i64, high as i64),
        _ => Distribution::LogUniform { low, high, whole },
    })
}

impl Distribution {
    /// The value at `unit`, from 0 to 1.
    pub fn at(self, unit: f64) -> Value {
        match self {
            Self::Uniform(low, high) => tidy(low + (high - low) * unit).clamp(low, high).into(),
            Self::LogUniform { low, high, whole } => {
                let number = (low.ln() + (high.ln() - low.ln()) * unit).exp().clamp(low, high);
                if whole { (number.round() as u64).into() } else { tidy(number).clamp(low, high).into() }
            }
            Self::Int(low, high) => {
                let count = (high as f64 - low as f64) + 1.0;
                (low + ((unit * count) as i64).min(high - low)).into()
            }
        }
    }
}
