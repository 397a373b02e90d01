//! The HTML page: self-contained, readable on a telephone, light or dark. Text is escaped by its template.

use askama::Template;
use drr_core::spec::{Job, Measure, Stage};

use super::figure::Figure;
use super::group::{Noise, plain, short_axis};
use super::table::Table;
use super::text;
use crate::error::{Error, Result};
use crate::store::{Status, StoredSweep, TrialRecord};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    name: &'a str,
    facts: Vec<(String, String)>,
    missing: Option<String>,
    tables: Vec<TableView<'a>>,
    pictures: &'a [(&'a Figure, &'a str)],
    source: &'a str,
    trials: Vec<TrialView>,
    version: &'static str,
}

struct TableView<'a> {
    table: &'a Table,
    rows: Vec<RowView<'a>>,
}

struct RowView<'a> {
    keys: &'a [String],
    cells: Vec<CellView>,
    count: String,
    complete: bool,
    over: String,
}

struct CellView {
    text: String,
    /// What a click on the header sorts by; empty sorts last.
    sort: String,
    best: bool,
    /// Extremes, for a pointer that rests on it.
    more: String,
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

/// The page of `sweep`.
///
/// # Errors
/// The template refuses, which is a bug.
pub(super) fn html(sweep: &StoredSweep, tables: &[Table], pictures: &[(&Figure, &str)]) -> Result<String> {
    let page = Page {
        name: &sweep.name,
        facts: facts(sweep),
        missing: missing(sweep),
        tables: tables.iter().map(view).collect(),
        pictures,
        source: &sweep.source,
        trials: trials(sweep),
        version: env!("CARGO_PKG_VERSION"),
    };
    page.render().map_err(|error| Error::environment(format!("cannot write the page: {error}")))
}

fn view(table: &Table) -> TableView<'_> {
    let rows = table.rows.iter().map(|row| RowView {
        keys: &row.keys,
        cells: row
            .cells
            .iter()
            .map(|cell| CellView {
                text: text::cell(cell),
                sort: cell.as_ref().map(|cell| cell.score.summary.mean.to_string()).unwrap_or_default(),
                best: cell.as_ref().is_some_and(|cell| cell.best),
                more: match cell {
                    Some(cell) if row.noise == Noise::Seeds => {
                        let summary = cell.score.summary;
                        format!(
                            "least {}, median {}, greatest {} of {} seeds",
                            text::number(summary.min),
                            text::number(summary.median),
                            text::number(summary.max),
                            summary.n
                        )
                    }
                    _ => String::new(),
                },
            })
            .collect(),
        count: row.count(),
        complete: row.finished == row.expected,
        over: row.noise.name(),
    });
    TableView { table, rows: rows.collect() }
}

fn facts(sweep: &StoredSweep) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    for (stage, name) in [(Stage::Pmf, "PMF models"), (Stage::Drr, "DRR models"), (Stage::Eval, "evaluations")] {
        let all = || sweep.trials.iter().filter(|trial| trial.spec.stage() == stage);
        let done = all().filter(|trial| trial.status == Status::Finished).count();
        let total = all().count();
        if total > 0 {
            facts.push((name.to_owned(), if done == total { total.to_string() } else { format!("{done} of {total}") }));
        }
    }
    let mut seeds: Vec<u64> = sweep.trials.iter().map(|trial| trial.spec.seed.0).collect();
    seeds.sort_unstable();
    seeds.dedup();
    facts.push(("seeds".to_owned(), seeds.len().to_string()));
    let seconds: f64 = sweep.trials.iter().filter_map(|trial| trial.wall_s).sum();
    facts.push(("computing time".to_owned(), duration(seconds)));
    facts
}

fn missing(sweep: &StoredSweep) -> Option<String> {
    let count = |status| sweep.trials.iter().filter(|trial| trial.status == status).count();
    let (failed, running, pending) = (count(Status::Failed), count(Status::Running), count(Status::Pending));
    if failed + running + pending == 0 {
        return None;
    }
    let parts = [(failed, "failed"), (running, "running"), (pending, "pending")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    Some(format!("This sweep is not complete: {} of {} trials.", parts.join(", "), sweep.trials.len()))
}

fn trials(sweep: &StoredSweep) -> Vec<TrialView> {
    let axes: Vec<&str> = sweep.axes.iter().map(String::as_str).collect();
    let view = |trial: &TrialRecord| {
        let varied = axes.iter().filter_map(|axis| Some((axis, trial.point.get(*axis)?)));
        let point: Vec<String> =
            varied.map(|(axis, value)| format!("{} {}", short_axis(axis, &axes), plain(value))).collect();
        let policy = match &trial.spec.job {
            Job::Eval(job) => {
                let measure = match job.measure {
                    Measure::Offline(_) => "offline",
                    Measure::Online(_) => "online",
                };
                format!("{} {measure}", job.policy.name())
            }
            Job::Drr(job) if job.drr.train_steps == 0 => "– (untrained)".to_owned(),
            Job::Pmf(_) | Job::Drr(_) => "–".to_owned(),
        };
        TrialView {
            short: trial.trial.short(),
            id: trial.trial.to_string(),
            stage: trial.spec.stage().name(),
            policy,
            seed: trial.spec.seed.0,
            point: if point.is_empty() { "–".to_owned() } else { point.join(", ") },
            status: trial.status.name(),
            seconds: trial.wall_s.map(|seconds| format!("{seconds:.1}")).unwrap_or_default(),
            digest: trial.metrics_digest.map(|digest| digest.short()).unwrap_or_default(),
            failure: trial.failure.clone().unwrap_or_default(),
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
