//! What a sweep asks, in words made from its record: on which data, what varies and over which values, beside what, how it is measured,
//! with how many seeds and trials.

use std::collections::BTreeSet;

use drr_core::Status;

use super::axis::{AxisValue, ordered, short_axis};
use super::contents::SweepReport;
use super::group::{Study, is_subject};
use crate::store::StoredSweep;

/// Values of an axis that are written out.
const VALUES: usize = 8;

/// The question of `report`, a name and its words a line.
pub(super) fn asked(report: &SweepReport<'_>) -> Vec<(&'static str, String)> {
    let sweep = report.sweep;
    let studies: Vec<&Study<'_>> = report.studies.iter().map(|(study, _)| study).collect();
    let lines = [
        ("data", data(&studies)),
        ("varied", varied(sweep)),
        ("compared", compared(&studies)),
        ("measured", measured(&studies)),
        ("seeds, trials", seeds_and_trials(sweep)),
    ];
    lines.into_iter().filter(|(_, words)| !words.is_empty()).collect()
}

/// Words once each, in their order.
fn once(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    words.filter(|words| !words.is_empty() && seen.insert(words.clone())).collect()
}

fn data(studies: &[&Study<'_>]) -> String {
    let of = |study: &&Study<'_>| match (study.dataset.is_empty(), study.split.is_empty()) {
        (true, _) => String::new(),
        (false, true) => study.dataset.to_owned(),
        (false, false) => format!("{}, {}", study.dataset, study.split),
    };
    once(studies.iter().map(of)).join("; ")
}

fn varied(sweep: &StoredSweep) -> String {
    let all: Vec<&str> = sweep.axes.iter().map(String::as_str).collect();
    // An axis of one value varies nothing.
    let axis = |axis: &&str| {
        let values: Vec<AxisValue> =
            once_each(sweep.trials.iter().filter_map(|trial| trial.point().get(*axis)).map(AxisValue::from));
        let values = ordered(values.iter());
        if values.len() < 2 {
            return None;
        }
        let written = match (values.first(), values.last()) {
            (Some(first), Some(last)) if values.len() > VALUES => {
                format!("{} values from {first} to {last}", values.len())
            }
            _ => values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        Some(format!("{} ({written})", short_axis(axis, &all)))
    };
    let axes: Vec<String> = all.iter().filter_map(axis).collect();
    if axes.is_empty() { "nothing but the seed".to_owned() } else { axes.join(" × ") }
}

/// Values once each: of a sweep of ten thousand trials an axis has a few.
fn once_each(values: impl Iterator<Item = AxisValue>) -> Vec<AxisValue> {
    values.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What is evaluated: configurations, and what stands beside them.
fn compared(studies: &[&Study<'_>]) -> String {
    let Some(study) = studies.iter().find(|study| study.subject.is_of_policies()).or(studies.first()) else {
        return String::new();
    };
    let count = |policy: &str| study.groups.iter().filter(|group| group.policy == policy).count();
    let name = |policy: String| match count(&policy) {
        1 => policy,
        settings => format!("{policy} in {settings} settings"),
    };
    let of = |wanted: bool| {
        let groups = study.groups.iter().filter(move |group| is_subject(group.policy) == wanted);
        once(groups.map(|group| group.policy.to_owned())).into_iter().map(name).collect::<Vec<_>>().join(", ")
    };
    match (of(true), of(false)) {
        (subjects, others) if others.is_empty() => subjects,
        (subjects, others) if subjects.is_empty() => others,
        (subjects, others) => format!("{subjects}, beside {others}"),
    }
}

fn measured(studies: &[&Study<'_>]) -> String {
    let of = |study: &&Study<'_>| {
        let protocol = study.subject.protocol.map(|protocol| format!(" (protocol {protocol})"));
        let facts = study.subject.study();
        let own = facts.families.first().filter(|_| !study.subject.is_of_policies());
        // A measure has its name; what models tell while they train is called as their tables are.
        format!("{}{}", own.map_or(facts.name, |family| family.title), protocol.unwrap_or_default())
    };
    once(studies.iter().map(of)).join(", ")
}

fn seeds_and_trials(sweep: &StoredSweep) -> String {
    let seeds: BTreeSet<u64> = sweep.trials.iter().map(|trial| trial.spec().seed.0).collect();
    let which = match (seeds.first(), seeds.last()) {
        (Some(first), Some(last)) if first == last => format!("1 seed ({first})"),
        (Some(first), Some(last)) if last - first + 1 == seeds.len() as u64 => {
            format!("{} seeds ({first} to {last})", seeds.len())
        }
        _ if seeds.len() <= VALUES => {
            let all: Vec<String> = seeds.iter().map(ToString::to_string).collect();
            format!("{} seeds ({})", seeds.len(), all.join(", "))
        }
        _ => format!("{} seeds", seeds.len()),
    };
    let (all, done) =
        (sweep.trials.len(), sweep.trials.iter().filter(|trial| trial.status == Status::Finished).count());
    let trials = if all == 1 { "1 trial".to_owned() } else { format!("{all} trials") };
    let state = if done == all { "all finished".to_owned() } else { format!("{done} of them finished") };
    format!("{which}, {trials}, {state}")
}
