//! One trial: how it ended or how far it is, its numbers, its curves, the end of its log, its spec and provenance.

use askama::Template;
use drr_core::failure::read_failure;
use drr_core::finished::{self, read_spec};
use drr_core::journal;
use drr_core::trial_dir::TrialDir;
use drr_core::{TrialId, TrialSpec};
use drr_kinds::KindOf as _;
use serde::Serialize;
use serde_json::Value;

use super::answer::PageAnswer;
use super::asked::encoded;
use super::duration;
use super::overview::at_work;
use crate::error::{Error, Result};
use crate::neutral;
use crate::plan::read_stop;
use crate::report::trial_curves_html;
use crate::store::Store;

#[derive(Template)]
#[template(path = "live-trial.html")]
struct TrialTemplate {
    short: String,
    id: String,
    /// Names and addresses of the sweeps it is in.
    sweeps: Vec<(String, String)>,
    now: StateTemplate,
    settings: Vec<(String, String)>,
    /// What it stands on.
    upstream: Vec<(String, String)>,
    spec: String,
    provenance: String,
    version: &'static str,
}

#[derive(Template)]
#[template(path = "live-trial-now.html")]
struct StateTemplate {
    status: &'static str,
    /// What happened, or how far it is.
    told: String,
    done: Option<(u64, u64)>,
    metrics: Vec<(String, String)>,
    /// Figures, as HTML.
    curves: String,
    log: String,
}

/// Bytes and lines of a log's end that are shown.
const LOG_BYTES: u64 = 64 * 1024;
const LOG_LINES: usize = 200;

pub(super) fn page(store: &Store, id: TrialId) -> Result<PageAnswer> {
    let (folder, spec) = found(store, id)?;
    let provenance: Value =
        std::fs::read(folder.provenance()).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let mut settings = vec![
        ("stage".to_owned(), spec.stage().name().to_owned()),
        ("seed".to_owned(), spec.seed.0.to_string()),
        ("sources".to_owned(), spec.digest.short()),
    ];
    settings.extend(spec.policy_kind().map(|policy| ("policy".to_owned(), policy.name.to_owned())));
    settings.extend(spec.dataset().map(|dataset| ("data".to_owned(), line(&dataset.name))));
    let own = serde_json::to_value(&spec.settings).unwrap_or_default();
    let own = own.as_object().into_iter().flatten();
    settings.extend(own.map(|(name, value)| (line(name), line(&plain(value)))));
    let sweeps = store.sweeps_with(id)?;
    PageAnswer::of(&TrialTemplate {
        short: id.short(),
        id: id.to_string(),
        sweeps: sweeps.iter().map(|name| (line(name), format!("/sweep/{}", encoded(name)))).collect(),
        now: state(store, &folder, &spec)?,
        settings,
        upstream: spec.upstream().into_iter().map(|above| (above.short(), format!("/trial/{above}"))).collect(),
        spec: pretty(&spec),
        provenance: pretty(&provenance),
        version: env!("CARGO_PKG_VERSION"),
    })
}

pub(super) fn part(store: &Store, id: TrialId) -> Result<PageAnswer> {
    let (folder, spec) = found(store, id)?;
    PageAnswer::of(&state(store, &folder, &spec)?)
}

fn found(store: &Store, id: TrialId) -> Result<(TrialDir, TrialSpec)> {
    let folder = TrialDir::new(store.runs(), id);
    let spec =
        read_spec(&folder).map_err(|fault| Error::input(format!("no trial {} is there: {fault}", id.short())))?;
    Ok((folder, spec))
}

fn state(store: &Store, folder: &TrialDir, spec: &TrialSpec) -> Result<StateTemplate> {
    let (points, _) = journal::read_on(&folder.journal(), 0).unwrap_or_default();
    let last = points.last().map_or(0, |point| point.step);
    let curve: Vec<(String, u64, f64)> =
        points.into_iter().map(|point| (point.name, point.step, point.value)).collect();
    let seed = spec.seed.0;
    let curves = trial_curves_html(&curve, &format!("{} {}, seed {seed}", spec.stage().name(), spec.id().short()))?;
    let log = tail(folder);
    let empty = StateTemplate { status: "pending", told: String::new(), done: None, metrics: Vec::new(), curves, log };
    if let Ok(finished) = finished::read(folder) {
        let metrics = finished.result.metrics.iter().map(|(name, value)| (line(name), value.to_string()));
        let told = format!(
            "{}, after {}, in {}; metrics digest {}",
            finished.seal.at,
            duration(finished.result.wall_s),
            finished.result.environment,
            finished.result.metrics_digest.short()
        );
        return Ok(StateTemplate { status: "finished", told: line(&told), metrics: metrics.collect(), ..empty });
    }
    if let Some(failure) = read_failure(folder) {
        let ended = failure.exit.map_or_else(String::new, |exit| format!(" The process ended with {exit}."));
        let told = format!("{} Attempts: {}.{ended}", failure.message, failure.attempts);
        return Ok(StateTemplate { status: "failed", told: neutral::lines(&told).into_owned(), ..empty });
    }
    if let Some(stop) = read_stop(folder) {
        return Ok(StateTemplate { status: "stopped", told: line(&stop.reason), ..empty });
    }
    let is_running = at_work(store.runs()).is_some() && store.running()?.contains(&spec.id());
    if is_running {
        let total = spec.last_step().max(1);
        return Ok(StateTemplate { status: "running", done: Some((last.min(total), total)), ..empty });
    }
    Ok(empty)
}

/// The last lines of its log.
fn tail(folder: &TrialDir) -> String {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut end = Vec::new();
    if let Ok(mut file) = std::fs::File::open(folder.log()) {
        let size = file.metadata().map_or(0, |about| about.len());
        let _ = file.seek(SeekFrom::Start(size.saturating_sub(LOG_BYTES)));
        let _ = file.take(LOG_BYTES).read_to_end(&mut end);
    }
    let text = String::from_utf8_lossy(&end);
    let lines: Vec<&str> = text.lines().collect();
    neutral::lines(&lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")).into_owned()
}

fn line(text: &str) -> String {
    neutral::line(text).into_owned()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn pretty(value: &impl Serialize) -> String {
    neutral::lines(&serde_json::to_string_pretty(value).unwrap_or_default()).into_owned()
}
