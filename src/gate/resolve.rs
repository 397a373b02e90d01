//! What the names in a gate file stand for: the group of the sweep, its counterpart in the baseline, the metric. What
//! cannot be compared is refused here, in its line: nothing is left out in silence.

use super::baseline::Baseline;
use super::file::{Gate, GateFile, Rule};
use super::measured::{Measured, MeasuredGroup, STEP_RATE};
use crate::study::axis::AxisValue;
use crate::study::key::GroupKey;
use crate::sweep::{Problem, Problems, TextSpan, did_you_mean};

/// A gate and what it is about.
pub(super) struct Case<'a> {
    pub gate: &'a Gate,
    /// One group for a metric; all that the gate names for digests.
    pub groups: Vec<Compared<'a>>,
}

/// A group and its counterpart.
pub(super) struct Compared<'a> {
    pub current: &'a MeasuredGroup,
    /// `None` for a gate that needs no baseline.
    pub baseline: Option<&'a MeasuredGroup>,
    /// Settings that the baseline knows nothing of: newer than it.
    pub new_settings: Vec<String>,
}

/// A gate on many groups is not told of each: two show what it is.
const ENOUGH: usize = 2;

/// Resolves every gate; those with problems are left out and their problems added.
pub(super) fn resolve<'a>(
    file: &'a GateFile,
    current: &'a Measured,
    baseline: Option<&'a Baseline>,
    problems: &mut Problems,
) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    for gate in &file.gates {
        let before = problems.len();
        let groups = groups(gate, current, baseline, problems);
        let mut compared = Vec::new();
        for group in groups {
            if problems.len() >= before + ENOUGH {
                break;
            }
            let counterpart = match baseline.filter(|_| gate.rule.needs_baseline()) {
                Some(baseline) => match counterpart(gate, group, &baseline.measured, problems) {
                    Some(found) => Some(found),
                    None => continue,
                },
                None => None,
            };
            compared.push(Compared {
                current: group,
                baseline: counterpart,
                new_settings: counterpart.map(|base| settings(gate, group, base, problems)).unwrap_or_default(),
            });
        }
        if let (Rule::Digest, Some(baseline)) = (&gate.rule, baseline) {
            vanished(gate, current, &baseline.measured, problems);
        }
        if let Rule::Metric { metric: (metric, place), .. } = &gate.rule {
            compared.iter().for_each(|it| known_metric(metric, place, it, problems));
        }
        if problems.len() == before {
            cases.push(Case { gate, groups: compared });
        }
    }
    cases
}

/// The groups of the sweep that a gate names: of those that are called so, the ones that have its metric.
fn groups<'a>(
    gate: &Gate,
    current: &'a Measured,
    baseline: Option<&Baseline>,
    problems: &mut Problems,
) -> Vec<&'a MeasuredGroup> {
    let mut found: Vec<&MeasuredGroup> = current.groups.iter().filter(|group| names(gate, &group.key)).collect();
    let place = gate.group.as_ref().map_or(&gate.place, |(_, place)| place);
    let all: Vec<&MeasuredGroup> = current.groups.iter().collect();
    if let Rule::Metric { metric: (metric, metric_place), .. } = &gate.rule
        && !found.is_empty()
    {
        // A group none of whose trials came to an end has the metrics that it had.
        let before = |group: &MeasuredGroup| {
            let known = baseline.into_iter().flat_map(|baseline| &baseline.measured.groups);
            group.seeds.is_empty()
                && known.into_iter().any(|it| it.key == group.key && it.metrics().contains(&metric.as_str()))
        };
        let has = |group: &&MeasuredGroup| group.metrics().contains(&metric.as_str()) || before(group);
        let having: Vec<&MeasuredGroup> = found.iter().copied().filter(has).collect();
        if having.is_empty() && found.iter().any(|group| !group.seeds.is_empty()) {
            let mut known: Vec<&str> = found.iter().flat_map(|group| group.metrics()).collect();
            known.sort_unstable();
            known.dedup();
            let help = match metric.as_str() {
                STEP_RATE => {
                    "it is measured of trials that computed on one core: run the sweep with --threads 1".to_owned()
                }
                _ => did_you_mean(metric, known.iter().copied())
                    .unwrap_or_else(|| format!("known are {}", known.join(", "))),
            };
            let problem = Problem::new(format!("there is no metric `{metric}`")).help(help);
            problems.add(problem, metric_place, format!("not a metric of {}", listed(&found)));
            return Vec::new();
        }
        if !having.is_empty() {
            found = having;
        }
    }
    match (found.len(), &gate.rule) {
        (0, _) => {
            problems.add(no_group(gate, current, &all), place, "no group of the sweep");
            Vec::new()
        }
        (1, _) | (_, Rule::Digest | Rule::Determinism { .. }) => found,
        (several, Rule::Metric { .. }) => {
            let problem = Problem::new(format!("this names {several} groups")).help(format!(
                "say which with values of axes in `group`, or with `measure`, `protocol`, `dataset`: {}",
                listed(&found)
            ));
            problems.add(problem, place, "one group is held to a metric");
            Vec::new()
        }
    }
}

/// Why a gate names no group: the protocol, the data, or the group itself.
fn no_group(gate: &Gate, current: &Measured, all: &[&MeasuredGroup]) -> Problem {
    let sweep = &current.sweep;
    let other = |gate: Gate| current.groups.iter().find(|group| names(&gate, &group.key));
    if let Some((wanted, _)) = &gate.protocol
        && let Some(other) = other(Gate { protocol: None, ..gate.clone() })
    {
        return Problem::new(format!(
            "sweep `{sweep}` measures it by the protocol `{}`, not `{wanted}`",
            other.key.protocol
        ));
    }
    if let Some((wanted, _)) = &gate.dataset
        && let Some(other) = other(Gate { dataset: None, ..gate.clone() })
    {
        return Problem::new(format!("sweep `{sweep}` measures it on `{}`, not on `{wanted}`", other.key.dataset));
    }
    Problem::new(format!("sweep `{sweep}` has no such group")).help(format!("it has: {}", listed(all)))
}

fn names(gate: &Gate, key: &GroupKey) -> bool {
    let says = |said: &Option<(String, TextSpan)>, is: &str| said.as_ref().is_none_or(|(said, _)| said == is);
    let axes: Vec<&str> = key.point.keys().map(String::as_str).collect();
    let point: Vec<Option<&AxisValue>> = key.point.values().map(Some).collect();
    says(&gate.measure, &key.measure)
        && says(&gate.protocol, &key.protocol)
        && says(&gate.dataset, &key.dataset)
        && gate.group.as_ref().is_none_or(|(name, _)| name.fits(&key.policy, &axes, &point))
}

fn listed(groups: &[&MeasuredGroup]) -> String {
    let mut words: Vec<String> = groups.iter().map(|group| group.key.words()).collect();
    words.dedup();
    words.join("; ")
}

/// The baseline's group of the same configuration.
fn counterpart<'a>(
    gate: &Gate,
    group: &MeasuredGroup,
    baseline: &'a Measured,
    problems: &mut Problems,
) -> Option<&'a MeasuredGroup> {
    let key = &group.key;
    if let Some(found) = baseline.groups.iter().find(|other| other.key == *key) {
        return Some(found);
    }
    let place = gate.group.as_ref().map_or(&gate.place, |(_, place)| place);
    let alike = |change: &dyn Fn(&mut GroupKey)| {
        baseline.groups.iter().find(|other| {
            let mut other = other.key.clone();
            change(&mut other);
            other == *key
        })
    };
    let words = key.words();
    let update = "numbers of the two are never compared; `drr-lab baseline update` measures it anew";
    let problem = if let Some(other) = alike(&|other| other.protocol.clone_from(&key.protocol)) {
        let theirs = &other.key.protocol;
        Problem::new(format!("{words}: the baseline's was measured by the protocol `{theirs}`")).help(update)
    } else if let Some(other) = alike(&|other| {
        other.dataset.clone_from(&key.dataset);
        other.fingerprint.clone_from(&key.fingerprint);
    }) {
        let (name, print) = (&other.key.dataset, &other.key.fingerprint);
        let ours = &key.fingerprint;
        let message =
            format!("{words}: the baseline's ratings are others, `{name}` ({print}), not `{}` ({ours})", key.dataset);
        Problem::new(message).help(update)
    } else if let Some(other) = alike(&|other| other.split.clone_from(&key.split)) {
        let theirs = &other.key.split;
        Problem::new(format!("{words}: the baseline's ratings are divided otherwise: {theirs}")).help(update)
    } else {
        let all: Vec<&MeasuredGroup> = baseline.groups.iter().collect();
        Problem::new(format!("the baseline has no group {words}")).help(format!("it has: {}", listed(&all)))
    };
    problems.add(problem, place, "not in the baseline");
    None
}

/// A baseline's group that the gate would compare and the sweep no longer has: a check must not shrink unseen.
fn vanished(gate: &Gate, current: &Measured, baseline: &Measured, problems: &mut Problems) {
    let gone =
        |group: &&MeasuredGroup| names(gate, &group.key) && !current.groups.iter().any(|other| other.key == group.key);
    let gone: Vec<&MeasuredGroup> = baseline.groups.iter().filter(gone).collect();
    // Another protocol or other data has been said already, from the side of the sweep.
    if !gone.is_empty() && problems.is_empty() {
        let problem = Problem::new(format!("the sweep has no longer {}", listed(&gone)))
            .help("if that is meant: `drr-lab baseline update`");
        problems.add(problem, &gate.place, "compares all groups of the baseline");
    }
}

/// Complains of settings with other values; returns those that are new.
fn settings(gate: &Gate, group: &MeasuredGroup, baseline: &MeasuredGroup, problems: &mut Problems) -> Vec<String> {
    let (mut changed, mut new) = (Vec::new(), Vec::new());
    for (name, value) in &group.settings {
        match baseline.settings.get(name) {
            Some(other) if other == value => {}
            Some(other) => changed.push(format!("{name} was {other}, is {value}")),
            None => new.push(name.clone()),
        }
    }
    if !changed.is_empty() {
        let problem =
            Problem::new(format!("{}: the baseline has other settings: {}", group.key.words(), changed.join("; ")))
                .help("if that is meant: `drr-lab baseline update`");
        problems.add(problem, &gate.place, "cannot be compared");
    }
    new
}

/// The sweep's group has the metric; does the baseline's?
fn known_metric(metric: &str, place: &TextSpan, compared: &Compared<'_>, problems: &mut Problems) {
    let Some(baseline) = compared.baseline.filter(|group| !group.metrics().contains(&metric)) else { return };
    let known = baseline.metrics();
    let help = did_you_mean(metric, known.iter().copied()).unwrap_or_else(|| format!("it has {}", known.join(", ")));
    let problem = Problem::new(format!("the baseline's group has no metric `{metric}`")).help(help);
    problems.add(problem, place, format!("not in the baseline of {}", baseline.key.words()));
}
