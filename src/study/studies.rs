//! Which trials may share a table: those of one data set, split, measure, protocol, method and step budget make a study,
//! and what stays apart is told why.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use drr_core::spec::RewardRule;
use drr_core::{Digest, TrialId};
use drr_kinds::kind::Role;
use drr_kinds::{Kind, KindOf as _, kind_settings};
use serde_json::Value;

use super::axis::{self, AxisValue};
use super::division::{self, DrawnByTrial};
use super::group::{Group, Seeding, Study, Subject, rank, slug, varies};
use crate::store::{StoredSweep, TrialRecord};
use drr_stats::MINIMUM_N;

/// What trials must agree on to share a table.
#[derive(Clone, Debug, PartialEq)]
struct Terms<'a> {
    subject: Subject,
    fingerprint: Option<Digest>,
    dataset: &'a str,
    split: String,
    /// How ratings become rewards.
    reward: RewardRule,
    /// What seeds that division.
    seeding: Seeding,
    /// Settings of the measurement that are no axis, in words.
    method: String,
    /// What tells the model that answers with rewards from others of the sweep, in words; empty where there is one kind alone.
    simulator: String,
    /// Training steps of the recommenders, where they are no axis; baselines stand beside any.
    budget: Option<u64>,
}

/// The studies of a sweep: evaluations first, what they stand on after.
pub(crate) fn studies(sweep: &StoredSweep) -> Vec<Study<'_>> {
    let by_trial = DrawnByTrial::of(sweep);
    let budgets = budgets(sweep);
    let simulators = simulators(sweep);
    // Of what is found by its key: the place of a group among many thousands.
    let mut found: Vec<(Terms<'_>, Vec<Group<'_>>, HashMap<String, usize>)> = Vec::new();
    for trial in &sweep.trials {
        let Some((subject, policy)) = subject(trial) else { continue };
        let ratings = trial.spec().ratings.as_ref();
        let terms = Terms {
            subject,
            fingerprint: ratings.map(|it| it.dataset.fingerprint),
            dataset: ratings.map_or("", |it| it.dataset.label()),
            split: ratings.map_or_else(String::new, |it| division::words(&it.split, by_trial, trial.point())),
            reward: ratings.map_or(RewardRule::STARS, |it| it.reward),
            seeding: match ratings {
                Some(ratings) => by_trial.seeding(&ratings.split),
                None => Seeding::Nothing,
            },
            method: method(trial, &sweep.axes),
            simulator: simulator(trial, &simulators),
            budget: budgets.get(&trial.id()).copied(),
        };
        let at = found.iter().position(|(known, ..)| *known == terms).unwrap_or_else(|| {
            found.push((terms, Vec::new(), HashMap::new()));
            found.len() - 1
        });
        let (_, groups, places) = &mut found[at];
        let name = format!("{policy} {}", serde_json::to_string(trial.point()).expect("a point is JSON"));
        match places.get(&name) {
            Some(&place) if groups[place].trials.iter().any(|known| known.id() == trial.id()) => {}
            Some(&place) => groups[place].trials.push(trial),
            None => {
                places.insert(name, groups.len());
                groups.push(Group { policy, point: axis::values(trial.point()), trials: vec![trial], settings: 1 });
            }
        }
    }
    let mut found: Vec<(Terms<'_>, Vec<Group<'_>>)> =
        found.into_iter().map(|(terms, groups, _)| (terms, groups)).collect();
    share_baselines(&mut found);
    // Stable: groups stay in the sweep's order within a policy, studies within a subject.
    found.sort_by_key(|(terms, _)| terms.subject);
    let apart: Vec<(Vec<String>, String)> =
        found.iter().map(|(terms, _)| (reasons(terms, &found), own_words(terms, &found))).collect();
    let mut slugs = BTreeSet::new();
    let mut studies = Vec::with_capacity(found.len());
    for ((terms, mut groups), (apart, among)) in found.into_iter().zip(apart) {
        groups.sort_by_key(|group| rank(group.policy));
        groups.iter_mut().for_each(|group| group.trials.sort_by_key(|trial| trial.spec().seed));
        let on = if terms.dataset.is_empty() { String::new() } else { format!("-{}", slug(terms.dataset)) };
        let base = format!("{}{on}", terms.subject.slug());
        let slug = (1..)
            .map(|count| if count == 1 { base.clone() } else { format!("{base}-{count}") })
            .find(|slug| slugs.insert(slug.clone()))
            .expect("one of infinitely many names is free");
        let axes = sweep.axes.iter().map(String::as_str).filter(|axis| varies(&groups, axis)).collect();
        let Terms { subject, dataset, split, reward, seeding, simulator, .. } = terms;
        studies.push(Study {
            subject,
            dataset,
            split,
            reward,
            seeding,
            simulator,
            apart,
            among,
            slug,
            axes,
            averaged: Vec::new(),
            least: MINIMUM_N,
            groups,
        });
    }
    studies
}

/// The budget of each training and of the evaluations of its model, unless it is an axis; what learned nothing has none.
fn budgets(sweep: &StoredSweep) -> HashMap<TrialId, u64> {
    let own = |trial: &TrialRecord| {
        let kind = trial.kind;
        let field = kind.model()?.budget?;
        let varies = sweep.axes.iter().any(|axis| *axis == format!("{}.{field}", kind.name));
        let budget = trial.spec().settings.whole(field).filter(|_| trial.spec().learns() && !varies)?;
        Some((trial.id(), budget))
    };
    let mut budgets: HashMap<TrialId, u64> = sweep.trials.iter().filter_map(own).collect();
    for trial in &sweep.trials {
        let used = trial.spec().policy_kind().and_then(Kind::policy).and_then(|policy| policy.model.as_ref());
        let model = used.and_then(|used| trial.spec().upstream.get(used.kind));
        if let Some(budget) = model.and_then(|model| budgets.get(&model).copied()) {
            budgets.insert(trial.id(), budget);
        }
    }
    budgets
}

/// The model whose predictions a trial's rewards are, where its numbers are such; what the data itself judges has none.
fn answering(trial: &TrialRecord) -> Option<TrialId> {
    trial.spec().upstream.get((trial.kind.study()?.answered_by)(&trial.spec().settings)?)
}

/// What tells each model that answers with rewards from the others of the sweep: the settings on which they differ, in
/// words; nothing where all are alike.
fn simulators(sweep: &StoredSweep) -> HashMap<TrialId, String> {
    let answers: BTreeSet<TrialId> = sweep.trials.iter().filter_map(answering).collect();
    let models: Vec<(TrialId, BTreeMap<String, Value>)> = sweep
        .trials
        .iter()
        .filter(|trial| answers.contains(&trial.id()))
        .map(|trial| (trial.id(), kind_settings(trial.spec()).into_iter().collect()))
        .collect();
    let Some((_, first)) = models.first() else { return HashMap::new() };
    let differ = |name: &&String| models.iter().any(|(_, other)| other.get(*name) != first.get(*name));
    let names: Vec<&String> = first.keys().filter(differ).collect();
    let words = |settings: &BTreeMap<String, Value>| {
        let known = names.iter().filter_map(|name| Some(format!("{name} = {}", AxisValue::from(settings.get(*name)?))));
        known.collect::<Vec<_>>().join(", ")
    };
    models.iter().map(|(trial, settings)| (*trial, words(settings))).collect()
}

/// The same of the model behind a trial.
fn simulator(trial: &TrialRecord, simulators: &HashMap<TrialId, String>) -> String {
    answering(trial).and_then(|model| simulators.get(&model).cloned()).unwrap_or_default()
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
    let alike = |other: &Terms<'_>| other != own && own.subject.kind == other.subject.kind;
    let reason = |other: &Terms<'_>| {
        let mut parts = Vec::new();
        if let (Some(theirs), true) = (other.subject.protocol, other.subject != own.subject) {
            parts.push(format!("protocol {theirs}, which evaluates other users"));
        }
        if other.fingerprint != own.fingerprint {
            let known = other
                .fingerprint
                .map_or_else(|| "its own".to_owned(), |it| format!("{} ({})", other.dataset, it.short()));
            parts.push(format!("data {known}"));
        }
        if other.split != own.split {
            parts.push(other.split.clone());
        }
        if other.reward != own.reward {
            parts.push(other.reward.words());
        }
        if other.method != own.method {
            parts.push(other.method.clone());
        }
        if other.simulator != own.simulator {
            parts.push(format!("rewards answered by another model, {}", other.simulator));
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

/// What tells a study from those that would have its title, in words.
fn own_words(own: &Terms<'_>, all: &[(Terms<'_>, Vec<Group<'_>>)]) -> String {
    let title = |terms: &Terms<'_>| (terms.subject, terms.dataset.to_owned(), terms.simulator.clone());
    let others: Vec<&Terms<'_>> =
        all.iter().map(|(terms, _)| terms).filter(|other| *other != own && title(other) == title(own)).collect();
    let differs = |part: fn(&Terms<'_>) -> String| {
        let words = part(own);
        (!words.is_empty() && others.iter().any(|other| part(other) != words)).then_some(words)
    };
    let parts = [
        differs(|terms| terms.fingerprint.map_or_else(String::new, |it| it.short().to_string())),
        differs(|terms| terms.split.clone()),
        differs(|terms| terms.reward.words()),
        differs(|terms| terms.method.clone()),
        differs(|terms| terms.budget.map_or_else(String::new, |steps| format!("{steps} training steps"))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Settings of an evaluation that change what its numbers mean and are no axis, in words.
fn method(trial: &TrialRecord, axes: &[String]) -> String {
    let Some(measure) = trial.kind.measure() else { return String::new() };
    let is_axis = |name: &str| axes.iter().any(|axis| axis == name);
    let words = (measure.method)(&trial.spec().settings).into_iter().filter(|(name, _)| !is_axis(name));
    let mut words: Vec<String> = words.map(|(_, words)| words).collect();
    for borrowed in measure.borrowed {
        if let Some(value) = trial.spec().settings.get(borrowed.name)
            && !is_axis(&format!("{}.{}", borrowed.section, borrowed.field))
        {
            words.push(format!("{} of {value}", borrowed.name));
        }
    }
    words.join(", ")
}

fn subject(trial: &TrialRecord) -> Option<(Subject, &'static str)> {
    let kind = trial.kind;
    match (kind.role, trial.spec().policy_kind()) {
        (Role::Measure(measure), Some(policy)) => {
            Some((Subject { kind, protocol: Some((measure.protocol)(&trial.spec().settings)) }, policy.name))
        }
        // Where nothing was learned there is nothing to tell.
        (Role::Model(_), _) if trial.spec().learns() => Some((Subject { kind, protocol: None }, kind.name)),
        _ => None,
    }
}
