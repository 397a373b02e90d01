//! Which columns there are, and what stands in them (`docs/export.md` says it for people).

use std::collections::{BTreeMap, BTreeSet};

use drr_kinds::{KindOf as _, kind_settings};
use serde_json::Value;

use super::field::RowField;
use super::parquet::ColumnType;
use super::sink::Sink;
use crate::error::Result;
use crate::store::{Store, StoredSweep, TrialRecord};
use crate::study::group::{Group, Score};
use crate::study::studies::studies;
use drr_stats::t_interval;

/// Columns of every trial, before those of axes.
const OF_TRIALS: [&str; 13] = [
    "trial",
    "stage",
    "kind",
    "policy",
    "protocol",
    "dataset",
    "fingerprint",
    "seed",
    "status",
    "failure",
    "seconds",
    "metrics_digest",
    "environment",
];

/// A row a trial.
pub(super) fn trials(sweep: &StoredSweep, constants: bool, sink: &mut Sink<'_>) -> Result<()> {
    let settings: Vec<BTreeMap<String, Value>> = match constants {
        true => sweep.trials.iter().map(|trial| kind_settings(trial.spec()).into_iter().collect()).collect(),
        false => Vec::new(),
    };
    let is_axis = |name: &String| sweep.axes.contains(name);
    let others: BTreeSet<&String> = settings.iter().flat_map(BTreeMap::keys).filter(|name| !is_axis(name)).collect();
    let metrics: BTreeSet<&String> = sweep.trials.iter().flat_map(|trial| trial.metrics.keys()).collect();
    let names = OF_TRIALS.iter().map(|name| (*name).to_owned());
    let parameters = sweep.axes.iter().chain(others.iter().copied()).cloned();
    let headers: Vec<String> = names.chain(parameters).collect();
    let own = metrics.iter().map(|name| metric_header(name, &headers)).collect::<Vec<_>>();
    sink.headers([headers, own].concat())?;
    for (at, trial) in sweep.trials.iter().enumerate() {
        let mut fields = of_trial(trial);
        fields.extend(sweep.axes.iter().map(|axis| value(trial.point().get(axis))));
        fields.extend(others.iter().map(|name| value(settings[at].get(*name))));
        fields.extend(metrics.iter().map(|name| RowField::from(trial.metrics.get(*name).copied())));
        sink.row(&fields)?;
    }
    Ok(())
}

/// A metric's header: its name, told from a column of that name by what it is.
fn metric_header(name: &str, others: &[String]) -> String {
    if others.iter().any(|other| other == name) { format!("metric {name}") } else { name.to_owned() }
}

fn value(value: Option<&Value>) -> RowField {
    value.map_or(RowField::Missing, |value| RowField::Value(value.clone()))
}

fn of_trial(trial: &TrialRecord) -> Vec<RowField> {
    let spec = trial.spec();
    let dataset = spec.dataset();
    vec![
        trial.id().to_string().as_str().into(),
        spec.stage().name().into(),
        spec.kind.as_str().into(),
        spec.policy.as_ref().map(|policy| policy.kind.as_str()).into(),
        spec.kind().measure().map(|measure| (measure.protocol)(&spec.settings)).into(),
        dataset.map(|dataset| dataset.name.as_str()).into(),
        dataset.map(|dataset| dataset.fingerprint.to_string()).as_deref().into(),
        spec.seed.0.into(),
        trial.status.name().into(),
        trial.failure.as_deref().into(),
        trial.wall_s.into(),
        trial.metrics_digest.map(|digest| digest.to_string()).as_deref().into(),
        trial.environment.as_ref().map(ToString::to_string).as_deref().into(),
    ]
}

/// A row a point of a metric, in the order in which they were recorded by each trial.
pub(super) fn metrics(store: &Store, sweep: &StoredSweep, sink: &mut Sink<'_>) -> Result<()> {
    let types = [ColumnType::Text, ColumnType::Text, ColumnType::Whole, ColumnType::Number];
    sink.typed_headers(["trial", "metric", "step", "value"].map(str::to_owned).to_vec(), Some(types.to_vec()))?;
    for trial in &sweep.trials {
        let id = trial.id().to_string();
        for (metric, step, value) in store.all_points(trial.id())? {
            sink.row(&[id.as_str().into(), metric.as_str().into(), step.into(), value.into()])?;
        }
    }
    Ok(())
}

/// A row a number of a report's tables: a group's mean of a final metric, with its spread, n and interval.
pub(super) fn tables(sweep: &StoredSweep, sink: &mut Sink<'_>) -> Result<()> {
    let names = ["study", "policy"].map(str::to_owned).into_iter().chain(sweep.axes.iter().cloned());
    let numbers = ["metric", "mean", "std", "over", "n", "low", "high", "trials"].map(str::to_owned);
    sink.headers(names.chain(numbers).collect())?;
    for study in &studies(sweep) {
        for group in &study.groups {
            let metrics: BTreeSet<&String> = group.finished().flat_map(|trial| trial.metrics.keys()).collect();
            // The spread over an evaluation's repeats is no number of its own.
            for metric in metrics.into_iter().filter(|name| !name.ends_with("/std")) {
                let Some(Score { summary, spread }) = group.score(metric) else { continue };
                let interval = t_interval(&summary, 0.95).filter(|_| summary.n >= study.least);
                let (low, high) = interval.filter(|(low, high)| low.is_finite() && high.is_finite()).unzip();
                let mut fields: Vec<RowField> = vec![study.slug.as_str().into(), group.policy.into()];
                fields.extend(sweep.axes.iter().map(|axis| on_axis(group, axis)));
                let over = spread.map(|_| group.noise().name());
                let trials: Vec<String> = group.ids().iter().map(ToString::to_string).collect();
                fields.extend([metric.as_str().into(), summary.mean.into(), spread.into(), over.as_deref().into()]);
                fields.extend([(summary.n as u64).into(), low.into(), high.into(), trials.join(" ").as_str().into()]);
                sink.row(&fields)?;
            }
        }
    }
    Ok(())
}

/// Where a group stands on an axis.
fn on_axis(group: &Group<'_>, axis: &str) -> RowField {
    group.point.get(axis).map_or(RowField::Missing, |value| RowField::Value(value.json().clone()))
}

/// A row a seed of a group, with the scores that the tables of a report are made from.
pub(super) fn seeds(sweep: &StoredSweep, sink: &mut Sink<'_>) -> Result<()> {
    let studies = studies(sweep);
    let groups = || studies.iter().flat_map(|study| &study.groups);
    let metrics: BTreeSet<&String> =
        groups().flat_map(|group| &group.trials).flat_map(|trial| trial.metrics.keys()).collect();
    let names = ["study", "policy"].map(str::to_owned).into_iter().chain(sweep.axes.iter().cloned());
    let names = names.chain(["seed".to_owned(), "trial".to_owned()]);
    let headers: Vec<String> = names.collect();
    let own = metrics.iter().map(|name| metric_header(name, &headers)).collect::<Vec<_>>();
    sink.headers([headers, own].concat())?;
    for study in &studies {
        for group in &study.groups {
            for trial in group.finished() {
                let mut fields: Vec<RowField> = vec![study.slug.as_str().into(), group.policy.into()];
                fields.extend(sweep.axes.iter().map(|axis| on_axis(group, axis)));
                fields.push(trial.spec().seed.0.into());
                fields.push(trial.id().to_string().as_str().into());
                fields.extend(metrics.iter().map(|name| RowField::from(trial.metrics.get(*name).copied())));
                sink.row(&fields)?;
            }
        }
    }
    Ok(())
}
