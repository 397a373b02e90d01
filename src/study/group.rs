//! What belongs together: in a study, trials that differ in the seed alone make a group. Numbers of two studies never
//! share a table.

use std::collections::BTreeMap;

use drr_core::result::measured;
use drr_core::spec::RewardRule;
use drr_core::{Status, TrialId};
use drr_kinds::{Kind, KindOf as _, registry};

use super::axis::AxisValues;
use crate::store::TrialRecord;
use drr_stats::Summary;

/// What a study measures: the numbers of a kind, under one protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The kind whose numbers they are: a measure, or a model while it trains.
    pub(crate) kind: &'static Kind,
    /// What an evaluation may know beforehand.
    pub(crate) protocol: Option<&'static str>,
}

/// What seeds the split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seeding {
    /// A seed of its own, or none: all trials have one split.
    Own,
    /// Nothing: there are no ratings to divide.
    Nothing,
    /// Each trial's seed, so that seeds measure the split's noise too.
    Trial,
}

/// All groups of one subject on one data set with one split.
#[derive(Clone, Debug)]
pub(crate) struct Study<'a> {
    pub(crate) subject: Subject,
    /// The data set's name.
    pub(crate) dataset: &'a str,
    /// How the ratings are divided, in words.
    pub(crate) split: String,
    /// How ratings become rewards.
    pub(crate) reward: RewardRule,
    /// What seeds that division.
    pub(crate) seeding: Seeding,
    /// Which model answers with the rewards, where the sweep has several, in words; else empty.
    pub(crate) simulator: String,
    /// Why other studies of the sweep do not share its tables, in words.
    pub(crate) apart: Vec<String>,
    /// What tells it from others of the same subject on the same data, in words; empty where there is none.
    pub(crate) among: String,
    /// What files of this study are called; unique in a sweep.
    pub(crate) slug: String,
    /// Axes on which its groups differ, in the sweep's order.
    pub(crate) axes: Vec<&'a str>,
    /// Axes that a seed's score is averaged over; none unless asked for.
    pub(crate) averaged: Vec<&'a str>,
    /// Fewer seeds than this have no interval and are not tested.
    pub(crate) least: usize,
    /// Recommenders in the sweep's order, then the baselines.
    pub(crate) groups: Vec<Group<'a>>,
}

impl Study<'_> {
    /// A text about stars, in the units that this study's ratings are in.
    pub(crate) fn in_units(&self, text: &str) -> String {
        match self.reward {
            RewardRule::STARS => text.to_owned(),
            rule => text.replace("stars", &rule.units()),
        }
    }
}

/// Trials that differ in the seed alone; or, where a table is asked for by fewer axes than the sweep has, in the seed
/// and those axes.
#[derive(Clone, Debug)]
pub(crate) struct Group<'a> {
    /// The policy, or the stage for what is no evaluation.
    pub(crate) policy: &'static str,
    pub(crate) point: AxisValues,
    /// By seed.
    pub(crate) trials: Vec<&'a TrialRecord>,
    /// Trials of each seed: the settings of the axes that are averaged over; else 1.
    pub(crate) settings: usize,
}

impl<'a> Group<'a> {
    /// The trials that have a result, of seeds all of whose trials have one.
    pub(crate) fn finished(&self) -> impl Iterator<Item = &'a TrialRecord> + '_ {
        let whole = |trial: &TrialRecord| {
            self.settings == 1 || {
                let own = |other: &&&TrialRecord| other.spec().seed == trial.spec().seed && is_finished(other);
                self.trials.iter().filter(own).count() >= self.settings
            }
        };
        self.trials.iter().copied().filter(move |trial| is_finished(trial) && whole(trial))
    }

    /// The score of each finished seed: its trial's, or the mean over its settings. A seed whose trials do not all
    /// have the metric has none.
    pub(crate) fn by_seed(&self, metric: &str) -> Vec<(u64, f64)> {
        let mut seeds: BTreeMap<u64, (f64, usize)> = BTreeMap::new();
        for trial in self.finished() {
            if let Some(value) = measured(&trial.metrics, metric) {
                let (sum, count) = seeds.entry(trial.spec().seed.0).or_default();
                *sum += value;
                *count += 1;
            }
        }
        let whole = seeds.into_iter().filter(|(_, (_, count))| *count >= self.settings);
        whole.map(|(seed, (sum, count))| (seed, sum / count as f64)).collect()
    }

    /// The score of each finished seed.
    pub(crate) fn scores(&self, metric: &str) -> Vec<f64> {
        self.by_seed(metric).into_iter().map(|(_, score)| score).collect()
    }

    /// The seeds that have a result, in order.
    pub(crate) fn seeds(&self) -> Vec<u64> {
        let mut seeds: Vec<u64> = self.finished().map(|trial| trial.spec().seed.0).collect();
        seeds.dedup();
        seeds
    }

    /// How many seeds there should be.
    pub(crate) fn expected(&self) -> usize {
        let mut seeds: Vec<u64> = self.trials.iter().map(|trial| trial.spec().seed.0).collect();
        seeds.dedup();
        seeds.len()
    }

    /// How many of its trials were stopped early.
    pub(crate) fn stopped(&self) -> usize {
        self.trials.iter().filter(|trial| trial.status == Status::Stopped).count()
    }

    /// The ids of the trials behind its numbers.
    pub(crate) fn ids(&self) -> Vec<TrialId> {
        self.finished().map(|trial| trial.id()).collect()
    }

    /// Mean and spread: over seeds, or over the repeats of the only seed.
    pub(crate) fn score(&self, metric: &str) -> Option<Score> {
        let scores = self.scores(metric);
        // Of a command that tells it for some seeds alone nobody knows what the others would have told.
        if scores.len() < self.seeds().len() && self.trials.first().is_some_and(|trial| trial.spec().is_command()) {
            return None;
        }
        let summary = Summary::of(&scores)?;
        let of_repeats = || {
            let own = self.finished().find_map(|trial| trial.metrics.get(&format!("{metric}/std")).copied());
            own.filter(|_| self.settings == 1)
        };
        Some(Score { spread: summary.std.or_else(of_repeats), summary })
    }

    /// Which noise the spread of this group's scores shows.
    pub(crate) fn noise(&self) -> Noise {
        let repeats = self.finished().map(|trial| trial.repeats).next();
        match (self.seeds().len(), repeats) {
            (0, _) => Noise::Unknown,
            (1, Some(repeats)) if repeats > 1 && self.settings == 1 => Noise::Repeats(repeats),
            (1, _) => Noise::Unknown,
            _ => Noise::Seeds,
        }
    }
}

fn is_finished(trial: &TrialRecord) -> bool {
    trial.status == Status::Finished
}

/// A group's number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Score {
    pub(crate) summary: Summary,
    /// Standard deviation over what [`Group::noise`] says.
    pub(crate) spread: Option<f64>,
}

/// Where a ± comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noise {
    /// Training: several seeds.
    Seeds,
    /// Evaluation: this many repeats for the only seed.
    Repeats(u64),
    /// One measurement, no spread.
    Unknown,
}

impl Noise {
    /// In a word or two, for a table.
    pub(crate) fn name(self) -> String {
        match self {
            Noise::Seeds => "seeds".to_owned(),
            Noise::Repeats(count) => format!("{count} repeats"),
            Noise::Unknown => "–".to_owned(),
        }
    }
}

impl Subject {
    /// What its numbers are called and mean.
    pub(crate) fn study(self) -> &'static drr_kinds::kind::StudyFacts {
        self.kind.study().expect("models and measures have numbers of their own")
    }

    /// Whether policies are compared, and not models while they train.
    pub(crate) fn is_of_policies(self) -> bool {
        self.kind.measure().is_some()
    }

    /// What its files are called.
    pub(crate) fn slug(self) -> String {
        let name = self.study().name;
        self.protocol.map_or_else(|| name.to_owned(), |protocol| format!("{name}-{protocol}"))
    }
}

impl PartialOrd for Subject {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Subject {
    /// As they stand in a report.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |it: &Self| (it.study().order, it.study().name, it.protocol);
        key(self).cmp(&key(other))
    }
}

/// The place of a policy in tables.
pub(crate) fn rank(policy: &str) -> u32 {
    registry::policy(policy).and_then(Kind::policy).map_or(u32::MAX, |policy| policy.order)
}

/// Whether a policy is one that sweeps are about: its groups are configurations, and take the series' looks.
pub(crate) fn is_subject(policy: &str) -> bool {
    registry::policy(policy).and_then(Kind::policy).is_some_and(|policy| policy.style.is_none())
}

pub(crate) fn varies(groups: &[Group<'_>], axis: &str) -> bool {
    let mut values = groups.iter().filter_map(|group| group.point.get(axis));
    let first = values.next();
    values.any(|value| Some(value) != first)
}

/// Lower-case letters, digits, dots and dashes only: what a file may be called anywhere.
pub(crate) fn slug(text: &str) -> String {
    let plain = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() || letter == '.' || letter == '_' => letter.to_ascii_lowercase(),
        _ => '-',
    };
    let slug: String = text.chars().map(plain).collect();
    let slug = slug.trim_matches(['-', '.']);
    if slug.is_empty() { "unnamed".to_owned() } else { slug.to_owned() }
}
