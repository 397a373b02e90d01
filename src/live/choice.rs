//! Trials chosen by what a person types: words that stand in them, `a|b` for either, and values of parameters
//! (`tau=0.001 seed=3 status=failed`), all of which must fit.

use crate::store::TrialRecord;
use crate::study::axis::{AxisValue, short_axis};
use drr_kinds::KindOf as _;

/// What was typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
enum Term {
    /// A parameter and its value.
    Value(String, String),
    /// Any of these stands in the trial.
    Either(Vec<String>),
}

impl Choice {
    /// Reads what was typed.
    pub(super) fn read(text: &str) -> Self {
        let term = |word: &str| match word.split_once('=') {
            Some((axis, value)) if !axis.is_empty() => Term::Value(axis.to_owned(), value.to_owned()),
            _ => Term::Either(word.to_lowercase().split('|').map(str::to_owned).collect()),
        };
        Self { terms: text.split_whitespace().map(term).collect() }
    }

    /// Whether it leaves nothing out.
    pub(super) fn is_all(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a trial of a sweep with these axes is among the chosen.
    pub(super) fn fits(&self, trial: &TrialRecord, axes: &[&str]) -> bool {
        self.terms.iter().all(|term| match term {
            Term::Value(axis, value) => has(trial, axes, axis, value),
            Term::Either(words) => {
                let text = words_of(trial, axes).to_lowercase();
                words.iter().any(|word| text.contains(word))
            }
        })
    }
}

fn has(trial: &TrialRecord, axes: &[&str], axis: &str, value: &str) -> bool {
    match axis {
        "seed" => trial.spec().seed.0.to_string() == value,
        "status" => trial.status.name() == value,
        "stage" => trial.spec().stage().name() == value,
        "policy" => trial.spec().policy_kind().is_some_and(|policy| policy.name == value),
        _ => trial.point().iter().any(|(known, found)| {
            (known == axis || short_axis(known, axes) == axis) && AxisValue::from(found).says(value)
        }),
    }
}

/// What can be searched in a trial.
fn words_of(trial: &TrialRecord, axes: &[&str]) -> String {
    format!(
        "{} {} {} {} seed {} {} {}",
        trial.id(),
        trial.spec().stage().name(),
        evaluated(trial),
        place(trial, axes),
        trial.spec().seed.0,
        trial.status.name(),
        trial.failure.as_deref().unwrap_or_default()
    )
}

/// What it evaluates, or that it is untrained; empty where it is neither.
pub(super) fn evaluated(trial: &TrialRecord) -> String {
    match trial.spec().policy_kind() {
        Some(policy) => format!("{} {}", policy.name, trial.kind.name),
        None if !trial.spec().learns() => "untrained".to_owned(),
        None => String::new(),
    }
}

/// Where it stands on the axes: `tau 0.001, gamma 0.9`.
pub(super) fn place(trial: &TrialRecord, axes: &[&str]) -> String {
    let values = axes.iter().filter_map(|axis| Some((axis, trial.point().get(*axis)?)));
    let values = values.map(|(axis, value)| format!("{} {}", short_axis(axis, axes), AxisValue::from(value)));
    values.collect::<Vec<_>>().join(", ")
}
