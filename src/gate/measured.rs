//! What a sweep has measured, group by group and seed by seed, in the form that gates read and baselines store. Values
//! come from the trials' folders, each checked against its seal; the database only says what belongs together.

use std::collections::BTreeMap;

use drr_core::finished::{self, Finished};
use drr_core::journal::Point;
use drr_core::replayed::ReplayRecord;
use drr_core::result::{EnvironmentClass, OF_A_COMMAND, Usage, measured};
use drr_core::trial_dir::TrialDir;
use drr_core::{Status, TrialId, TrialSpec, canonical};
use drr_kinds::KindOf as _;

use super::settings;
use crate::error::{Error, Result};
use crate::store::{Store, StoredSweep, TrialRecord};
use crate::study::key::GroupKey;
use crate::study::studies::studies;

/// One seed of a group.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SeedValues {
    /// The beginnings of ids and digests, 16 hexadecimal digits.
    pub trial: String,
    pub metrics_digest: String,
    /// Empty for what leaves no model.
    pub model_digest: String,
    pub values: BTreeMap<String, f64>,
}

/// One group.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MeasuredGroup {
    pub key: GroupKey,
    /// Hyperparameters that are no axis, as JSON, by full name.
    pub settings: BTreeMap<String, String>,
    /// Finished seeds.
    pub seeds: BTreeMap<u64, SeedValues>,
    /// Seeds whose trial was run again, and what came of it. No baseline holds it.
    pub replayed: BTreeMap<u64, ReplayRecord>,
    /// Seeds that failed, and why.
    pub failed: BTreeMap<u64, String>,
    /// Seeds that are not run to their end.
    pub pending: Vec<u64>,
}

/// A whole sweep.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measured {
    pub sweep: String,
    /// The digests of the sources behind the finished trials, by kind; under [`EVERY_KIND`] where one digest stood for
    /// all.
    pub sources: BTreeMap<String, String>,
    /// Where the trials ran; one class, else they are not one measurement.
    pub environments: Vec<EnvironmentClass>,
    pub groups: Vec<MeasuredGroup>,
}

/// Training steps in the CPU time of one calibration.
pub(super) const STEP_RATE: &str = "step_rate";
/// Greatest memory over the worker's memory before its first trial.
pub(super) const PEAK_MEMORY: &str = "peak_memory";

/// Digits of ids and digests that are kept: 64 bits tell any two apart.
const DIGITS: usize = 16;

impl Measured {
    /// Reads a recorded sweep.
    ///
    /// # Errors
    /// A finished trial's folder that is not as it was written.
    pub fn read(store: &Store, sweep: &StoredSweep) -> Result<Self> {
        let by_id: BTreeMap<TrialId, &TrialRecord> = sweep.trials.iter().map(|trial| (trial.id(), trial)).collect();
        let mut measured =
            Self { sweep: sweep.name.clone(), sources: BTreeMap::new(), environments: Vec::new(), groups: Vec::new() };
        for study in studies(sweep) {
            for group in &study.groups {
                let Some(first) = group.trials.first() else { continue };
                let key = GroupKey::of(&study, group, first);
                if measured.groups.iter().any(|known| known.key == key) {
                    continue; // A baseline stands beside every budget; once is enough.
                }
                let settings = settings::of(first, &by_id);
                let mut read = MeasuredGroup {
                    key,
                    settings,
                    seeds: BTreeMap::new(),
                    replayed: BTreeMap::new(),
                    failed: BTreeMap::new(),
                    pending: Vec::new(),
                };
                for trial in &group.trials {
                    measured.add(&mut read, store, trial)?;
                }
                measured.groups.push(read);
            }
        }
        // Beside trials that are computed here, the class is theirs: what a command computes with is its own affair.
        let is_own = |class: &EnvironmentClass| class.numerics != OF_A_COMMAND;
        if measured.environments.iter().any(is_own) {
            measured.environments.retain(is_own);
        }
        measured.groups.sort_by_cached_key(|group| group.key.as_written());
        Ok(measured)
    }

    fn add(&mut self, group: &mut MeasuredGroup, store: &Store, trial: &TrialRecord) -> Result<()> {
        let seed = trial.spec().seed.0;
        match trial.status {
            Status::Finished => {}
            Status::Failed => {
                let why = trial.failure.clone().unwrap_or_else(|| "no reason recorded".to_owned());
                group.failed.insert(seed, why);
                return Ok(());
            }
            Status::Pending | Status::Queued | Status::Running | Status::Stopped => {
                group.pending.push(seed);
                return Ok(());
            }
        }
        let finished = finished::read(&TrialDir::new(store.runs(), trial.id())).map_err(|fault| {
            Error::environment(format!("trial {} cannot be judged: {fault}", trial.id().short()))
                .hint("`drr-lab verify --integrity-only` checks all that is recorded")
        })?;
        self.sources.extend(sources(&finished.spec));
        if !self.environments.contains(&finished.result.environment) {
            self.environments.push(finished.result.environment.clone());
        }
        let folder = TrialDir::new(store.runs(), trial.id());
        group.replayed.extend(ReplayRecord::read(&folder).map(|record| (seed, record)));
        group.seeds.insert(seed, values(&finished));
        Ok(())
    }
}

/// The kind whose digest stood for all training sources, before there was one a kind.
pub(super) const EVERY_KIND: &str = "every kind";

/// The digests of the sources behind a trial, by kind.
fn sources(spec: &TrialSpec) -> Vec<(String, String)> {
    if !spec.has_digest_of_kind() {
        return vec![(EVERY_KIND.to_owned(), spec.digest.to_string())];
    }
    let policy = spec.policy.iter().map(|policy| (policy.kind.to_string(), policy.digest.to_string()));
    [(spec.kind.to_string(), spec.digest.to_string())].into_iter().chain(policy).collect()
}

fn short(digest: &impl ToString) -> String {
    digest.to_string()[..DIGITS].to_owned()
}

/// The values of one finished trial: final metrics but spreads of repeats, curves in three numbers, and what it used.
fn values(finished: &Finished) -> SeedValues {
    let Finished { spec, result, points, .. } = finished;
    let names = result.metrics.keys().filter(|name| !name.ends_with("/std"));
    let known = |name: &String| Some((name.clone(), measured(&result.metrics, name)?));
    let mut values: BTreeMap<String, f64> = names.filter_map(known).collect();
    let budget = spec.kind().model().and_then(|model| model.budget);
    if let Some(steps) = budget.and_then(|field| spec.settings.whole(field)) {
        values.extend(windows(points));
        if let Some(usage) =
            result.usage.filter(|usage| usage.cpu_s > 0.0 && usage.cores == 1 && result.environment.device == "cpu")
        {
            let rate = steps as f64 / usage.cpu_s * usage.calibration_s;
            values.insert(STEP_RATE.to_owned(), rounded(rate));
        }
    }
    if spec.kind().model().is_some() {
        values.extend(result.usage.and_then(memory).map(|ratio| (PEAK_MEMORY.to_owned(), rounded(ratio))));
    }
    SeedValues {
        trial: short(&spec.id()),
        metrics_digest: short(&result.metrics_digest),
        model_digest: match result.model_digest {
            Some(digest) => short(&digest),
            // What a command leaves is its model.
            None if !result.artifacts.is_empty() => short(&canonical::digest(&result.artifacts)),
            None => String::new(),
        },
        values,
    }
}

fn memory(usage: Usage) -> Option<f64> {
    (usage.resting_mib > 0.0 && usage.peak_mib > 0.0).then(|| usage.peak_mib / usage.resting_mib)
}

/// Four digits: what is measured anew each time has no more.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// A learning curve in three numbers: its first recorded point (`…/first`), the mean of its points in the first quarter of
/// the training (`…/early`) and in the last (`…/late`). The first point is the same in every environment class but for
/// rounding; the late ones have gone their own ways.
fn windows(points: &[Point]) -> BTreeMap<String, f64> {
    let last = points.iter().map(|point| point.step).max().unwrap_or(0) as f64;
    let mut series: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for point in points {
        series.entry(&point.name).or_default().push((point.step as f64 / last, point.value));
    }
    let mut values = BTreeMap::new();
    for (name, points) in series {
        let mean = |from: f64, to: f64| {
            let inside: Vec<f64> =
                points.iter().filter(|(at, _)| (from..=to).contains(at)).map(|(_, value)| *value).collect();
            (!inside.is_empty()).then(|| inside.iter().sum::<f64>() / inside.len() as f64)
        };
        let parts = [("first", Some(points[0].1)), ("early", mean(0.0, 0.25)), ("late", mean(0.75, 1.0))];
        values.extend(parts.into_iter().filter_map(|(part, value)| Some((format!("{name}/{part}"), value?))));
    }
    values
}

impl MeasuredGroup {
    /// Values of a metric by seed, where they are there.
    pub fn scores(&self, metric: &str) -> Vec<(u64, f64)> {
        self.seeds.iter().filter_map(|(seed, of)| Some((*seed, *of.values.get(metric)?))).collect()
    }

    /// The names of all its metrics, sorted.
    pub fn metrics(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.seeds.values().flat_map(|of| of.values.keys().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_its_beginning_and_its_end() {
        let points: Vec<Point> = (1..=8).map(|step| Point::new("train/q", step * 10, step as f64)).collect();
        let expected = [("train/q/early", 1.5), ("train/q/first", 1.0), ("train/q/late", 7.0)];
        assert_eq!(windows(&points), expected.map(|(name, value)| (name.to_owned(), value)).into());
        assert!(windows(&[]).is_empty());
    }

    #[test]
    fn groups_are_written_in_the_order_of_their_text() {
        let key = |layers: serde_json::Value| GroupKey {
            measure: String::new(),
            protocol: String::new(),
            policy: "drr".to_owned(),
            point: [("drr.layers".to_owned(), (&layers).into())].into(),
            dataset: String::new(),
            fingerprint: String::new(),
            split: String::new(),
        };
        let mut keys = [key(9.into()), key(1e-5.into()), key(10.into())];
        keys.sort_by_cached_key(GroupKey::as_written);
        let words: Vec<String> = keys.iter().map(|key| key.point["drr.layers"].to_string()).collect();
        assert_eq!(words, ["0.00001", "10", "9"]);
    }
}
