//! A sweep's page, and its first part: how far it is, what every worker does, what failed. Counted in the database: no
//! spec is read but those of running trials.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use askama::Template;
use drr_core::finished::read_spec;
use drr_core::journal;
use drr_core::trial_dir::TrialDir;
use drr_core::{AxisPoint, Status};
use drr_kinds::KindOf as _;
use serde_json::Value;

use super::answer::{PageAnswer, unknown};
use super::asked::{AskedPath, encoded};
use super::duration;
use super::overview::{at_work, count};
use crate::error::Result;
use crate::neutral;
use crate::store::{StandingCount, StandingTrial, Store};
use crate::study::axis::{AxisValue, short_axis};

#[derive(Template)]
#[template(path = "live-sweep.html")]
struct SweepTemplate {
    name: String,
    address: String,
    filter: String,
    first: String,
    second: String,
    /// What can be typed into the filter.
    example: String,
    source: String,
    now: NowTemplate,
    version: &'static str,
}

#[derive(Template)]
#[template(path = "live-now.html")]
struct NowTemplate {
    running: Option<String>,
    stages: Vec<StageLine>,
    finished: usize,
    trials: usize,
    /// How long it will go on.
    left: Option<String>,
    at_work: Vec<TrialAtWork>,
    failed: usize,
    failures: Vec<FailedTrial>,
}

struct StageLine {
    name: String,
    trials: usize,
    finished: usize,
    failed: usize,
    stopped: usize,
    running: usize,
    mean: String,
}

/// What a worker does.
struct TrialAtWork {
    worker: String,
    id: String,
    short: String,
    what: String,
    done: u64,
    total: u64,
    since: String,
    left: String,
}

struct FailedTrial {
    id: String,
    short: String,
    what: String,
    why: String,
}

/// Trials of workers, and failures, that are listed.
const LISTED: usize = 64;

/// How much of a journal's end is read to know how far it is.
const END: u64 = 64 * 1024;

pub(super) fn page(store: &Store, name: &str, asked: &AskedPath) -> Result<PageAnswer> {
    let (source, axes) = store.asked_of(name)?.ok_or_else(|| unknown(name))?;
    let all: Vec<&str> = axes.iter().map(String::as_str).collect();
    let example =
        all.first().map_or_else(|| "seed=0".to_owned(), |axis| format!("{}=… seed=0", short_axis(axis, &all)));
    PageAnswer::of(&SweepTemplate {
        name: neutral::line(name).into_owned(),
        address: format!("/sweep/{}", encoded(name)),
        filter: neutral::line(asked.value("filter")).into_owned(),
        first: neutral::line(asked.value("first")).into_owned(),
        second: neutral::line(asked.value("second")).into_owned(),
        example: neutral::line(&example).into_owned(),
        source: neutral::lines(&source).into_owned(),
        now: now(store, name, &all)?,
        version: env!("CARGO_PKG_VERSION"),
    })
}

pub(super) fn part(store: &Store, name: &str) -> Result<PageAnswer> {
    let (_, axes) = store.asked_of(name)?.ok_or_else(|| unknown(name))?;
    PageAnswer::of(&now(store, name, &axes.iter().map(String::as_str).collect::<Vec<_>>())?)
}

fn now(store: &Store, name: &str, axes: &[&str]) -> Result<NowTemplate> {
    let running = at_work(store.runs());
    let counts = store.standing_of(name)?;
    let mut names: Vec<&str> = Vec::new();
    for count in &counts {
        if !names.contains(&count.of.as_str()) {
            names.push(&count.of);
        }
    }
    let stages: Vec<(StageLine, Option<f64>)> =
        names.iter().map(|name| stage(name, &counts, running.is_some())).collect();
    let at_work = match running {
        Some(_) => store.first_with(name, Status::Running, LISTED)?,
        None => Vec::new(),
    };
    let mut at_work: Vec<TrialAtWork> = at_work.iter().filter_map(|trial| working(store.runs(), trial, axes)).collect();
    at_work.sort_by(|one, other| one.worker.cmp(&other.worker));
    let failures = store.first_with(name, Status::Failed, LISTED)?;
    let failed = |trial: &StandingTrial| FailedTrial {
        id: trial.id.to_string(),
        short: trial.id.short(),
        what: described(&trial.stage, &trial.point, axes),
        why: neutral::line(trial.failure.as_deref().unwrap_or("no reason recorded")).into_owned(),
    };
    let left = running.as_ref().and_then(|_| left(&stages, workers(&at_work)));
    let stages: Vec<StageLine> = stages.into_iter().map(|(stage, _)| stage).collect();
    Ok(NowTemplate {
        finished: stages.iter().map(|stage| stage.finished).sum(),
        trials: stages.iter().map(|stage| stage.trials).sum(),
        failed: stages.iter().map(|stage| stage.failed).sum(),
        running,
        stages,
        left,
        at_work,
        failures: failures.iter().map(failed).collect(),
    })
}

/// A stage's line, and the mean seconds of its finished trials.
fn stage(name: &str, counts: &[StandingCount], is_running: bool) -> (StageLine, Option<f64>) {
    let own: Vec<&StandingCount> = counts.iter().filter(|count| count.of == name).collect();
    let (seconds, timed) = own.iter().fold((0.0, 0), |sum, count| (sum.0 + count.took.0, sum.1 + count.took.1));
    let mean = (timed > 0).then(|| seconds / timed as f64);
    let line = StageLine {
        name: neutral::line(name).into_owned(),
        trials: own.iter().map(|count| count.trials).sum(),
        finished: count(&own, Status::Finished),
        failed: count(&own, Status::Failed),
        stopped: count(&own, Status::Stopped),
        running: if is_running { count(&own, Status::Running) } else { 0 },
        mean: mean.map(duration).unwrap_or_default(),
    };
    (line, mean)
}

/// How long the rest takes, by the mean of what is finished of each stage; `None` while a stage has none finished.
fn left(stages: &[(StageLine, Option<f64>)], workers: usize) -> Option<String> {
    let mut seconds = 0.0;
    for (stage, mean) in stages {
        let open = stage.trials - stage.finished - stage.failed - stage.stopped;
        if open > 0 {
            seconds += (*mean)? * open as f64;
        }
    }
    Some(duration(seconds / workers.max(1) as f64))
}

fn workers(at_work: &[TrialAtWork]) -> usize {
    at_work.iter().map(|trial| trial.worker.as_str()).collect::<std::collections::BTreeSet<_>>().len()
}

/// What a worker does with a trial; `None` if its folder cannot be read now.
fn working(runs: &Path, trial: &StandingTrial, axes: &[&str]) -> Option<TrialAtWork> {
    let folder = TrialDir::new(runs, trial.id);
    let spec = read_spec(&folder).ok()?;
    let size = std::fs::metadata(folder.journal()).map_or(0, |about| about.len());
    let (points, _) = journal::read_on(&folder.journal(), size.saturating_sub(END)).unwrap_or_default();
    let total = spec.last_step().max(1);
    let done = points.last().map_or(0, |point| point.step.min(total));
    let provenance: BTreeMap<String, Value> =
        std::fs::read(folder.provenance()).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let worker = provenance.get("worker").and_then(|worker| worker["pid"].as_u64());
    // Written when the trial was handed over.
    let begun = std::fs::metadata(folder.provenance()).and_then(|about| about.modified()).ok();
    let since = begun.and_then(|begun| SystemTime::now().duration_since(begun).ok()).map_or(0.0, |it| it.as_secs_f64());
    let left = (done > 0).then(|| since * (total - done) as f64 / done as f64);
    let mut what = described(&trial.stage, &trial.point, axes);
    what += &format!(", seed {}", spec.seed.0);
    if let Some(policy) = spec.policy_kind() {
        what = format!("{} {}: {what}", policy.name, spec.kind().name);
    }
    Some(TrialAtWork {
        worker: worker.map_or_else(String::new, |pid| format!("process {pid}")),
        id: trial.id.to_string(),
        short: trial.id.short(),
        what: neutral::line(&what).into_owned(),
        done,
        total,
        since: duration(since),
        left: left.map(duration).unwrap_or_default(),
    })
}

/// `drr, tau 0.001`.
fn described(stage: &str, point: &AxisPoint, axes: &[&str]) -> String {
    let values = axes.iter().filter_map(|axis| Some((axis, point.get(*axis)?)));
    let values = values.map(|(axis, value)| format!("{} {}", short_axis(axis, axes), AxisValue::from(value)));
    let parts: Vec<String> = std::iter::once(stage.to_owned()).chain(values).collect();
    neutral::line(&parts.join(", ")).into_owned()
}
