//! Which trials may share a table: those of one data set, split, measure, protocol, method and step budget make a study,
//! and what stays apart is told why.

use std::collections::{BTreeSet, HashMap};

use drr_core::spec::{Job, Measure, PmfSpec, SplitKind};
use drr_core::{Digest, TrialId};

use super::axis::{self, AxisValue};
use super::group::{Group, Seeding, Study, Subject, rank, slug, varies};
use crate::stats::MINIMUM_N;
use crate::store::{StoredSweep, TrialRecord};

/// What trials must agree on to share a table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Terms<'a> {
    subject: Subject,
    fingerprint: Digest,
    dataset: &'a str,
    split: String,
    /// What seeds that division.
    seeding: Seeding,
    /// Settings of the measurement that are no axis, in words.
    method: String,
    /// What tells the PMF that answers with rewards from others of the sweep, in words; empty where there is one kind alone.
    simulator: String,
    /// Training steps of the recommenders, where they are no axis; baselines stand beside any.
    budget: Option<u64>,
}

/// The studies of a sweep: evaluations first, what they stand on after.
pub(crate) fn studies(sweep: &StoredSweep) -> Vec<Study<'_>> {
    let seeding = seeding(sweep);
    let budgets = budgets(sweep);
    let simulators = simulators(sweep);
    // Of what is found by its key: the place of a group among many thousands.
    let mut found: Vec<(Terms<'_>, Vec<Group<'_>>, HashMap<String, usize>)> = Vec::new();
    for trial in &sweep.trials {
        let Some((subject, policy)) = subject(trial) else { continue };
        let dataset = &trial.spec.dataset;
        let terms = Terms {
            subject,
            fingerprint: dataset.fingerprint,
            dataset: &dataset.name,
            split: split(trial, seeding),
            seeding: match trial.spec.split.kind {
                SplitKind::Random => seeding,
                SplitKind::Temporal => Seeding::Own,
            },
            method: method(trial, &sweep.axes),
            simulator: simulator(trial, &simulators),
            budget: budgets.get(&trial.trial).copied(),
        };
        let at = found.iter().position(|(known, ..)| *known == terms).unwrap_or_else(|| {
            found.push((terms, Vec::new(), HashMap::new()));
            found.len() - 1
        });
        let (_, groups, places) = &mut found[at];
        let name = format!("{policy} {}", serde_json::to_string(&trial.point).expect("a point is JSON"));
        match places.get(&name) {
            Some(&place) if groups[place].trials.iter().any(|known| known.trial == trial.trial) => {}
            Some(&place) => groups[place].trials.push(trial),
            None => {
                places.insert(name, groups.len());
                groups.push(Group { policy, point: axis::values(&trial.point), trials: vec![trial], settings: 1 });
            }
        }
    }
    let mut found: Vec<(Terms<'_>, Vec<Group<'_>>)> =
        found.into_iter().map(|(terms, groups, _)| (terms, groups)).collect();
    share_baselines(&mut found);
    // Stable: groups stay in the sweep's order within a policy, studies within a subject.
    found.sort_by_key(|(terms, _)| terms.subject);
    let apart: Vec<Vec<String>> = found.iter().map(|(terms, _)| reasons(terms, &found)).collect();
    let mut slugs = BTreeSet::new();
    let mut studies = Vec::with_capacity(found.len());
    for ((terms, mut groups), apart) in found.into_iter().zip(apart) {
        groups.sort_by_key(|group| rank(group.policy));
        groups.iter_mut().for_each(|group| group.trials.sort_by_key(|trial| trial.spec.seed));
        let base = format!("{}-{}", terms.subject.slug(), slug(terms.dataset));
        let slug = (1..)
            .map(|count| if count == 1 { base.clone() } else { format!("{base}-{count}") })
            .find(|slug| slugs.insert(slug.clone()))
            .expect("one of infinitely many names is free");
        let axes = sweep.axes.iter().map(String::as_str).filter(|axis| varies(&groups, axis)).collect();
        let Terms { subject, dataset, split, seeding, simulator, .. } = terms;
        studies.push(Study {
            subject,
            dataset,
            split,
            seeding,
            simulator,
            apart,
            slug,
            axes,
            averaged: Vec::new(),
            least: MINIMUM_N,
            groups,
        });
    }
    studies
}

/// Training steps behind each recommender and its evaluations, unless they are an axis; an untrained one has none.
fn budgets(sweep: &StoredSweep) -> HashMap<TrialId, u64> {
    if sweep.axes.iter().any(|axis| axis == "drr.train_steps") {
        return HashMap::new();
    }
    let steps = |trial: &TrialRecord| match &trial.spec.job {
        Job::Drr(job) if job.drr.train_steps > 0 => Some((trial.trial, job.drr.train_steps)),
        Job::Drr(_) | Job::Pmf(_) | Job::Eval(_) => None,
    };
    let mut budgets: HashMap<TrialId, u64> = sweep.trials.iter().filter_map(steps).collect();
    for trial in &sweep.trials {
        if let Job::Eval(job) = &trial.spec.job
            && let Some(steps) = job.policy.trial().and_then(|trial| budgets.get(&trial).copied())
        {
            budgets.insert(trial.trial, steps);
        }
    }
    budgets
}

/// What tells each PMF from the others of the sweep: the settings on which they differ, in words; none where all are alike.
fn simulators(sweep: &StoredSweep) -> HashMap<TrialId, String> {
    let settings = |spec: &PmfSpec| match serde_json::to_value(spec) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let models: Vec<_> = sweep
        .trials
        .iter()
        .filter_map(|trial| match &trial.spec.job {
            Job::Pmf(spec) => Some((trial.trial, settings(spec))),
            Job::Drr(_) | Job::Eval(_) => None,
        })
        .collect();
    let Some((_, first)) = models.first() else { return HashMap::new() };
    let differ = |name: &&String| models.iter().any(|(_, other)| other.get(*name) != first.get(*name));
    let names: Vec<&String> = first.keys().filter(differ).collect();
    let words = |fields: &serde_json::Map<String, serde_json::Value>| {
        let known = names.iter().filter_map(|name| Some(format!("{name} = {}", AxisValue::from(fields.get(*name)?))));
        known.collect::<Vec<_>>().join(", ")
    };
    models.iter().map(|(trial, fields)| (*trial, words(fields))).collect()
}

/// The PMF whose predictions a trial's rewards are, where it has any: an offline evaluation is judged by the ratings themselves.
fn simulator(trial: &TrialRecord, simulators: &HashMap<TrialId, String>) -> String {
    let pmf = match &trial.spec.job {
        Job::Drr(job) => Some(job.pmf),
        Job::Eval(job) => matches!(job.measure, Measure::Online(_)).then_some(job.pmf),
        Job::Pmf(_) => None,
    };
    pmf.and_then(|pmf| simulators.get(&pmf).cloned()).unwrap_or_default()
}

/// Baselines have no budget: they join every study that is else like theirs.
fn share_baselines(found: &mut Vec<(Terms<'_>, Vec<Group<'_>>)>) {
    let shared: Vec<usize> = (0..found.len()).filter(|&at| found[at].0.budget.is_none()).collect();
    let mut joined = Vec::new();
    for at in shared {
        let own = found[at].0.clone();
        let groups = found[at].1.clone();
        for (terms, others) in found.iter_mut().filter(|(terms, _)| terms.budget.is_some()) {
            if (Terms { budget: None, ..terms.clone() }) == own {
                others.extend(groups.iter().cloned());
                joined.push(at);
            }
        }
    }
    let mut at = 0;
    found.retain(|_| {
        at += 1;
        !joined.contains(&(at - 1))
    });
}

/// Why the others that measure the same thing have tables of their own.
fn reasons(own: &Terms<'_>, all: &[(Terms<'_>, Vec<Group<'_>>)]) -> Vec<String> {
    let alike = |other: &Terms<'_>| {
        other != own
            && match (own.subject, other.subject) {
                (Subject::Offline(_), Subject::Offline(_)) | (Subject::Online(_), Subject::Online(_)) => true,
                (own, other) => own == other,
            }
    };
    let reason = |other: &Terms<'_>| {
        let mut parts = Vec::new();
        if let (Some(theirs), true) = (other.subject.protocol(), other.subject != own.subject) {
            parts.push(format!("protocol {theirs}, which evaluates other users"));
        }
        if other.fingerprint != own.fingerprint {
            parts.push(format!("data {} ({})", other.dataset, other.fingerprint.short()));
        }
        if other.split != own.split {
            parts.push(other.split.clone());
        }
        if other.method != own.method {
            parts.push(other.method.clone());
        }
        if other.simulator != own.simulator {
            parts.push(format!("rewards answered by another PMF, {}", other.simulator));
        }
        if let (Some(theirs), true) = (other.budget, other.budget != own.budget) {
            parts.push(format!("{theirs} training steps"));
        }
        parts.join(", ")
    };
    let others: BTreeSet<String> = all
        .iter()
        .map(|(terms, _)| terms)
        .filter(|other| alike(other))
        .map(reason)
        .filter(|it| !it.is_empty())
        .collect();
    others.into_iter().collect()
}

/// Settings of an evaluation that change what its numbers mean and are no axis, in words.
fn method(trial: &TrialRecord, axes: &[String]) -> String {
    let Job::Eval(job) = &trial.spec.job else { return String::new() };
    let words = match &job.measure {
        Measure::Offline(offline) => [
            ("offline.users", format!("at most {} users", offline.users)),
            ("offline.epsilon", format!("ε = {}", offline.epsilon)),
        ],
        Measure::Online(online) => [
            ("online.steps", format!("{} recommendations", online.steps)),
            ("online.epsilon", format!("ε = {}", online.epsilon)),
        ],
    };
    let fixed = words.into_iter().filter(|(name, _)| !axes.iter().any(|axis| axis == name));
    let mut words: Vec<String> = fixed.map(|(_, words)| words).collect();
    if !axes.iter().any(|axis| axis == "drr.history") {
        words.push(format!("history of {}", job.history));
    }
    words.join(", ")
}

fn subject(trial: &TrialRecord) -> Option<(Subject, &'static str)> {
    match &trial.spec.job {
        Job::Pmf(_) => Some((Subject::Pmf, "pmf")),
        // The networks `drr-untrained` evaluates: nothing was learned, so there is nothing to tell.
        Job::Drr(job) if job.drr.train_steps == 0 => None,
        Job::Drr(_) => Some((Subject::Training, "drr")),
        Job::Eval(job) => Some(match &job.measure {
            Measure::Offline(offline) => (Subject::Offline(offline.protocol), job.policy.name()),
            Measure::Online(online) => (Subject::Online(online.protocol), job.policy.name()),
        }),
    }
}

fn seeding(sweep: &StoredSweep) -> Seeding {
    let specs = || sweep.trials.iter().map(|trial| &trial.spec);
    let seeds: BTreeSet<u64> = specs().map(|spec| spec.seed.0).collect();
    let equal = specs().all(|spec| spec.split.seed == spec.seed.0);
    if equal && seeds.len() > 1 { Seeding::Trial } else { Seeding::Own }
}

/// How a trial's ratings are divided, in words; trials with the same words have the same division or, where the trial
/// seeds it, the same kind of division.
fn split(trial: &TrialRecord, seeding: Seeding) -> String {
    let split = &trial.spec.split;
    let test = (split.test * 1000.0).round() / 10.0;
    match (split.kind, seeding) {
        (SplitKind::Temporal, _) => format!("temporal split, {test} % test"),
        (SplitKind::Random, Seeding::Trial) => format!("random split, {test} % test, seeded by the trial"),
        (SplitKind::Random, Seeding::Own) => format!("random split, {test} % test, split seed {}", split.seed),
    }
}
