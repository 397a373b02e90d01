//! The HTML page: self-contained, readable on a telephone, light or dark. Text is escaped by its template.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use askama::Template;
use drr_core::trial_dir::TrialDir;
use drr_core::{Status, TrialId};
use drr_kinds::{KindOf as _, Stage};

use super::axis::{AxisValue, short_axis};
use super::contents::SweepReport;
use super::downloads::FilesBeside;
use super::figure::Figure;
use super::grid::{Align, GridCell, GridHeader, Look};
use super::ids::ReportPart;
use super::opening::Opening;
use super::options::Format;
use super::parts::{FoldedPart, Picture, parts};
use super::provenance::Fact;
use super::sheets::Sheets;
use crate::error::{Error, Result};
use crate::neutral;
use crate::store::{Store, StoredSweep, TrialRecord};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    name: Cow<'a, str>,
    opening: Opening,
    /// The figure at the top.
    picture: Option<Picture<'a>>,
    facts: Vec<(String, String)>,
    missing: Option<String>,
    parts: Vec<FoldedPart<'a>>,
    provenance: Vec<Fact>,
    failures: Vec<FailureView>,
    source: Cow<'a, str>,
    trials: Vec<TrialView>,
    files: FilesBeside,
    version: &'static str,
}

/// What a page shows beside what its report says.
pub(super) struct PageContent<'r> {
    pub(super) sheets: &'r Sheets<'r>,
    /// Figures, with what they are of, and drawn.
    pub(super) pictures: &'r [(ReportPart, &'r Figure, &'r str)],
    /// Which of them stands at the top.
    pub(super) top: Option<usize>,
    pub(super) provenance: Vec<Fact>,
}

struct FailureView {
    short: String,
    what: String,
    why: String,
    /// The last lines of the worker's log.
    log: String,
}

struct TrialView {
    short: String,
    id: String,
    stage: &'static str,
    policy: String,
    seed: u64,
    point: String,
    status: &'static str,
    seconds: String,
    digest: String,
    failure: String,
}

/// The page of `report`, which leads to its files in `formats`.
///
/// # Errors
/// The template refuses, which is a bug.
pub(super) fn html(
    store: &Store,
    report: &SweepReport<'_>,
    content: &PageContent<'_>,
    formats: &[Format],
) -> Result<String> {
    let sweep = report.sweep;
    let line = |text: &String| neutral::line(text).into_owned();
    let told = |(what, values): &Fact| (*what, values.iter().map(|(value, count)| (line(value), *count)).collect());
    let picture = content.top.map(|at| &content.pictures[at]).map(|(_, figure, svg)| Picture {
        slug: &figure.slug,
        title: neutral::line(&figure.title).into_owned(),
        drawing: svg,
    });
    let page = Page {
        name: neutral::line(&sweep.name),
        opening: Opening::new(report),
        picture,
        facts: facts(sweep),
        missing: missing(sweep),
        parts: parts(report, content.sheets, content.pictures, content.top),
        provenance: content.provenance.iter().map(told).collect(),
        failures: failures(store, sweep),
        source: neutral::lines(&sweep.source),
        trials: trials(sweep),
        files: FilesBeside::new(formats),
        version: env!("CARGO_PKG_VERSION"),
    };
    page.render().map_err(|error| Error::environment(format!("cannot write the page: {error}")))
}

/// Rows of a table that are shown until the script of the page, which knows the same number, is asked for more: a browser
/// that lays out all of ten thousand first takes seconds.
pub(super) const FIRST: usize = 300;
/// Lines of a log that are shown.
const LOG_LINES: usize = 15;
/// Failures that are shown with their logs.
const FAILURES: usize = 50;

fn failures(store: &Store, sweep: &StoredSweep) -> Vec<FailureView> {
    let mut seen = BTreeSet::new();
    let failed = sweep.trials.iter().filter(|trial| trial.status == Status::Failed && seen.insert(trial.id()));
    let view = |trial: &TrialRecord| FailureView {
        short: trial.id().short(),
        what: format!("{} seed {}", trial.spec().stage().name(), trial.spec().seed.0),
        why: neutral::line(trial.failure.as_deref().unwrap_or("no reason recorded")).into_owned(),
        log: tail(&TrialDir::new(store.runs(), trial.id()).log()),
    };
    failed.take(FAILURES).map(view).collect()
}

/// The last lines of a log; nothing where there is none.
fn tail(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    neutral::lines(&lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")).into_owned()
}

/// What the filter of the trials looks for to show those of a row.
pub(super) fn those(trials: &[TrialId]) -> String {
    trials.iter().map(TrialId::short).collect::<Vec<_>>().join("|")
}

/// More trials than this are no answer to a press on a number.
const LINKED: usize = 100;

/// Whether a number leads to these trials.
pub(super) fn linked(trials: &[TrialId]) -> bool {
    (1..=LINKED).contains(&trials.len())
}

/// Whether a column counts the trials or seeds behind its row: its cells are links, for those who use a keyboard.
pub(super) fn counts(header: &GridHeader) -> bool {
    header.align == Align::Right && matches!(header.text.as_str(), "n" | "pairs" | "trials")
}

/// The class of a cell.
pub(super) fn class(header: &GridHeader, cell: &GridCell) -> &'static str {
    match (header.align, cell.look) {
        (Align::Right, Look::Plain) => "number",
        (Align::Right, Look::Strong) => "number best",
        (Align::Right, Look::Like) => "number like",
        (Align::Right, Look::Short) => "number short",
        (Align::Left, Look::Plain | Look::Like) => "",
        (Align::Left, Look::Strong) => "best",
        (Align::Left, Look::Short) => "short",
    }
}

fn facts(sweep: &StoredSweep) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    for (stage, name) in Stage::in_order(sweep.trials.iter().map(|trial| trial.spec().stage()))
        .into_iter()
        .map(|stage| (stage, stage.plural()))
    {
        let all = || sweep.trials.iter().filter(|trial| trial.spec().stage() == stage);
        let done = all().filter(|trial| trial.status == Status::Finished).count();
        let total = all().count();
        if total > 0 {
            facts.push((name.to_owned(), if done == total { total.to_string() } else { format!("{done} of {total}") }));
        }
    }
    let mut seeds: Vec<u64> = sweep.trials.iter().map(|trial| trial.spec().seed.0).collect();
    seeds.sort_unstable();
    seeds.dedup();
    facts.push(("seeds".to_owned(), seeds.len().to_string()));
    let seconds: f64 = sweep.trials.iter().filter_map(|trial| trial.wall_s).sum();
    facts.push(("computing time".to_owned(), duration(seconds)));
    facts
}

fn missing(sweep: &StoredSweep) -> Option<String> {
    let count = |status| sweep.trials.iter().filter(|trial| trial.status == status).count();
    let parts = [
        (count(Status::Failed), "failed"),
        (count(Status::Stopped), "stopped early"),
        (count(Status::Running), "running"),
        (count(Status::Pending), "pending"),
    ];
    if parts.iter().all(|(count, _)| *count == 0) {
        return None;
    }
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    Some(format!("This sweep is not complete: {} of {} trials.", parts.join(", "), sweep.trials.len()))
}

fn trials(sweep: &StoredSweep) -> Vec<TrialView> {
    let axes: Vec<&str> = sweep.axes.iter().map(String::as_str).collect();
    let view = |trial: &TrialRecord| {
        let varied = axes.iter().filter_map(|axis| Some((axis, trial.point().get(*axis)?)));
        let point: Vec<String> =
            varied.map(|(axis, value)| format!("{} {}", short_axis(axis, &axes), AxisValue::from(value))).collect();
        let policy = match trial.spec().policy_kind() {
            Some(policy) => format!("{} {}", policy.name, trial.kind.name),
            None if !trial.spec().learns() => "– (untrained)".to_owned(),
            None => "–".to_owned(),
        };
        TrialView {
            short: trial.id().short(),
            id: trial.id().to_string(),
            stage: trial.spec().stage().name(),
            policy,
            seed: trial.spec().seed.0,
            point: if point.is_empty() { "–".to_owned() } else { neutral::line(&point.join(", ")).into_owned() },
            status: trial.status.name(),
            seconds: trial.wall_s.map(|seconds| format!("{seconds:.1}")).unwrap_or_default(),
            digest: trial.metrics_digest.map(|digest| digest.short()).unwrap_or_default(),
            failure: neutral::line(trial.failure.as_deref().unwrap_or_default()).into_owned(),
        }
    };
    sweep.trials.iter().map(view).collect()
}

/// `45 s`, `12 min`, `3.4 h`.
fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 99.5 => format!("{seconds:.0} s"),
        seconds if seconds < 99.5 * 60.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}
