//! What belongs together: trials of one data set, measure and protocol make a study; in it, trials that differ in the
//! seed alone make a group. Numbers of two studies never share a table.

use std::collections::BTreeSet;

use drr_core::Digest;
use drr_core::spec::{Job, Measure, Protocol, SplitKind};
use serde_json::Value;

use crate::stats::Summary;
use crate::store::{AxisPoint, Status, StoredSweep, TrialRecord};

/// What a study measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// Ranking of the test log by finished policies.
    Offline(Protocol),
    /// Sessions over all items.
    Online(Protocol),
    /// Recommenders while they train.
    Training,
    /// Matrix factorisation.
    Pmf,
}

/// All groups of one subject on one data set with one split.
#[derive(Debug)]
pub(super) struct Study<'a> {
    pub(super) subject: Subject,
    /// The data set's name.
    pub(super) dataset: &'a str,
    /// How the ratings are divided, in words.
    pub(super) split: String,
    /// What files of this study are called; unique in a sweep.
    pub(super) slug: String,
    /// Axes on which its groups differ, in the sweep's order.
    pub(super) axes: Vec<&'a str>,
    /// Recommenders in the sweep's order, then the baselines.
    pub(super) groups: Vec<Group<'a>>,
}

/// Trials that differ in the seed alone.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// The policy, or the stage for what is no evaluation.
    pub(super) policy: &'static str,
    pub(super) point: AxisPoint,
    /// One a seed, by seed.
    pub(super) trials: Vec<&'a TrialRecord>,
}

impl<'a> Group<'a> {
    /// The trials that have a result.
    pub(super) fn finished(&self) -> impl Iterator<Item = &'a TrialRecord> + '_ {
        self.trials.iter().copied().filter(|trial| trial.status == Status::Finished)
    }

    /// The score of each finished seed.
    pub(super) fn scores(&self, metric: &str) -> Vec<f64> {
        self.finished().filter_map(|trial| trial.metrics.get(metric).copied()).collect()
    }

    /// Mean and spread: over seeds, or over the repeats of the only seed.
    pub(super) fn score(&self, metric: &str) -> Option<Score> {
        let summary = Summary::of(&self.scores(metric))?;
        let of_repeats = || self.finished().find_map(|trial| trial.metrics.get(&format!("{metric}/std")).copied());
        Some(Score { spread: summary.std.or_else(of_repeats), summary })
    }

    /// Which noise the spread of this group's scores shows.
    pub(super) fn noise(&self) -> Noise {
        let mut finished = self.finished();
        match (finished.next(), finished.next()) {
            (Some(_), Some(_)) => Noise::Seeds,
            (Some(trial), None) if trial.repeats > 1 => Noise::Repeats(trial.repeats),
            _ => Noise::Unknown,
        }
    }

    /// `2/3`: finished seeds of all.
    pub(super) fn count(&self) -> String {
        format!("{}/{}", self.finished().count(), self.trials.len())
    }
}

/// A group's number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Score {
    pub(super) summary: Summary,
    /// Standard deviation over what [`Group::noise`] says.
    pub(super) spread: Option<f64>,
}

/// Where a ± comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noise {
    /// Training: several seeds.
    Seeds,
    /// Evaluation: this many repeats for the only seed.
    Repeats(u64),
    /// One measurement, no spread.
    Unknown,
}

impl Noise {
    /// In a word or two, for a table.
    pub(super) fn name(self) -> String {
        match self {
            Noise::Seeds => "seeds".to_owned(),
            Noise::Repeats(count) => format!("{count} repeats"),
            Noise::Unknown => "–".to_owned(),
        }
    }
}

/// The studies of a sweep: evaluations first, what they stand on after.
pub(super) fn studies(sweep: &StoredSweep) -> Vec<Study<'_>> {
    type Key<'a> = ((Subject, Digest), &'a str, String);
    let seeding = seeding(sweep);
    let mut found: Vec<(Key<'_>, Vec<Group<'_>>)> = Vec::new();
    for trial in &sweep.trials {
        let Some((subject, policy)) = subject(trial) else { continue };
        let dataset = &trial.spec.dataset;
        let key = ((subject, dataset.fingerprint), dataset.name.as_str(), split(trial, seeding));
        let groups = match found.iter().position(|(known, _)| *known == key) {
            Some(at) => &mut found[at].1,
            None => {
                found.push((key, Vec::new()));
                &mut found.last_mut().expect("just pushed").1
            }
        };
        let same = |group: &&mut Group<'_>| group.policy == policy && group.point == trial.point;
        match groups.iter_mut().find(same) {
            Some(group) if group.trials.iter().any(|known| known.trial == trial.trial) => {}
            Some(group) => group.trials.push(trial),
            None => groups.push(Group { policy, point: trial.point.clone(), trials: vec![trial] }),
        }
    }
    // Stable: groups stay in the sweep's order within a policy, studies within a subject.
    found.sort_by_key(|(((subject, _), ..), _)| *subject);
    let mut slugs = BTreeSet::new();
    let mut studies = Vec::with_capacity(found.len());
    for (((subject, _), dataset, split), mut groups) in found {
        groups.sort_by_key(|group| rank(group.policy));
        groups.iter_mut().for_each(|group| group.trials.sort_by_key(|trial| trial.spec.seed));
        let base = format!("{}-{}", subject.slug(), slug(dataset));
        let slug = (1..)
            .map(|count| if count == 1 { base.clone() } else { format!("{base}-{count}") })
            .find(|slug| slugs.insert(slug.clone()))
            .expect("one of infinitely many names is free");
        let axes = sweep.axes.iter().map(String::as_str).filter(|axis| varies(&groups, axis)).collect();
        studies.push(Study { subject, dataset, split, slug, axes, groups });
    }
    studies
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

impl Subject {
    fn slug(self) -> &'static str {
        match self {
            Subject::Offline(Protocol::Published) => "offline-published",
            Subject::Offline(Protocol::Strict) => "offline-strict",
            Subject::Online(Protocol::Published) => "online-published",
            Subject::Online(Protocol::Strict) => "online-strict",
            Subject::Training => "training",
            Subject::Pmf => "pmf",
        }
    }

    /// The protocol in words, where there is one.
    pub(super) fn protocol(self) -> Option<&'static str> {
        match self {
            Subject::Offline(protocol) | Subject::Online(protocol) => Some(match protocol {
                Protocol::Published => "published",
                Protocol::Strict => "strict",
            }),
            Subject::Training | Subject::Pmf => None,
        }
    }
}

/// What seeds the split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seeding {
    /// A seed of its own.
    Own,
    /// Each trial's seed, so that seeds measure the split's noise too.
    Trial,
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

/// Recommenders first, baselines from the strongest idea to the weakest.
fn rank(policy: &str) -> usize {
    ["drr", "drr-untrained", "pmf", "popularity", "random"]
        .iter()
        .position(|known| *known == policy)
        .unwrap_or(usize::MAX)
}

fn varies(groups: &[Group<'_>], axis: &str) -> bool {
    let mut values = groups.iter().filter_map(|group| group.point.get(axis));
    let first = values.next();
    values.any(|value| Some(value) != first)
}

/// A value of an axis as people write it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(plain).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// `drr.tau` is `tau` where no other axis of the study has that last part.
pub(super) fn short_axis<'a>(axis: &'a str, all: &[&str]) -> &'a str {
    let last = |name: &'a str| name.rsplit('.').next().unwrap_or(name);
    let short = last(axis);
    let taken = all.iter().filter(|other| other.rsplit('.').next() == Some(short)).count();
    if taken > 1 { axis } else { short }
}

/// Lower-case letters, digits, dots and dashes only: what a file may be called anywhere.
pub(super) fn slug(text: &str) -> String {
    let plain = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() || letter == '.' || letter == '_' => letter.to_ascii_lowercase(),
        _ => '-',
    };
    let slug: String = text.chars().map(plain).collect();
    let slug = slug.trim_matches(['-', '.']);
    if slug.is_empty() { "unnamed".to_owned() } else { slug.to_owned() }
}
