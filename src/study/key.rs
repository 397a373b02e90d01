//! What a group is known by outside of the sweep it was measured in.

use super::axis::{AxisValues, short_axis};
use super::group::{Group, Study};
use crate::store::TrialRecord;

/// Digits of a fingerprint that are kept: 64 bits tell any two apart.
const DIGITS: usize = 16;

/// What tells a group from all others, whatever the code that trained it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupKey {
    /// `offline`, `online`, `training` or `pmf`.
    pub(crate) measure: String,
    /// Empty for what has none.
    pub(crate) protocol: String,
    pub(crate) policy: String,
    pub(crate) point: AxisValues,
    pub(crate) dataset: String,
    /// The beginning of the ratings' fingerprint; this and its neighbours are empty for what brings its own data.
    pub(crate) fingerprint: String,
    /// How the ratings are divided, in words.
    pub(crate) split: String,
}

impl GroupKey {
    /// The key of a group of a study, by one of its trials.
    pub(crate) fn of(study: &Study<'_>, group: &Group<'_>, one: &TrialRecord) -> Self {
        Self {
            measure: study.subject.study().name.to_owned(),
            protocol: study.subject.protocol.unwrap_or("").to_owned(),
            policy: group.policy.to_owned(),
            point: group.point.clone(),
            dataset: study.dataset.to_owned(),
            fingerprint: one
                .spec()
                .dataset()
                .map_or_else(String::new, |it| it.fingerprint.to_string()[..DIGITS].to_owned()),
            split: study.split.clone(),
        }
    }

    /// The order of groups in a file, which is that of its text: a number is not before another for being less.
    pub(crate) fn as_written(&self) -> ([String; 3], Vec<(String, String)>, [String; 3]) {
        let point = self.point.iter().map(|(axis, value)| (axis.clone(), value.to_string())).collect();
        let (before, after) =
            ([&self.measure, &self.protocol, &self.policy], [&self.dataset, &self.fingerprint, &self.split]);
        (before.map(Clone::clone), point, after.map(Clone::clone))
    }

    /// The group as a gate file names it, with its measure: `drr, tau=0.001 · offline, published`.
    pub(crate) fn words(&self) -> String {
        let axes: Vec<&str> = self.point.keys().map(String::as_str).collect();
        let point = self.point.iter().map(|(axis, value)| format!(",{}={value}", short_axis(axis, &axes)));
        let protocol = if self.protocol.is_empty() { String::new() } else { format!(", {}", self.protocol) };
        format!("{}{} · {}{protocol}", self.policy, point.collect::<String>(), self.measure)
    }
}
