//! The trials of a sweep, a page of them at a time.

use askama::Template;

use super::answer::PageAnswer;
use super::asked::{AskedPath, encoded};
use super::choice::{evaluated, place};
use crate::error::Result;
use crate::neutral;
use crate::store::{StoredSweep, TrialRecord};
use drr_kinds::KindOf as _;

#[derive(Template)]
#[template(path = "live-trials.html")]
struct TrialsTemplate {
    rows: Vec<ListedTrial>,
    chosen: usize,
    /// Addresses of the pages before and after this one.
    before: Option<String>,
    after: Option<String>,
    from: usize,
}

struct ListedTrial {
    id: String,
    short: String,
    stage: &'static str,
    evaluates: String,
    place: String,
    seed: u64,
    seconds: String,
    digest: String,
    status: &'static str,
    failure: String,
}

/// Trials on a page.
const ON_A_PAGE: usize = 100;

pub(super) fn part(chosen: &StoredSweep, asked: &AskedPath) -> Result<PageAnswer> {
    let axes: Vec<&str> = chosen.axes.iter().map(String::as_str).collect();
    let last = chosen.trials.len().saturating_sub(1) / ON_A_PAGE;
    let page = asked.value("page").parse::<usize>().unwrap_or(0).min(last);
    let there = |page: usize| format!("?filter={}&page={page}", encoded(asked.value("filter")));
    let rows = chosen.trials.iter().skip(page * ON_A_PAGE).take(ON_A_PAGE);
    PageAnswer::of(&TrialsTemplate {
        rows: rows.map(|trial| line(trial, &axes)).collect(),
        chosen: chosen.trials.len(),
        before: page.checked_sub(1).map(there),
        after: (page < last).then(|| there(page + 1)),
        from: page * ON_A_PAGE + 1,
    })
}

fn line(trial: &TrialRecord, axes: &[&str]) -> ListedTrial {
    ListedTrial {
        id: trial.id().to_string(),
        short: trial.id().short(),
        stage: trial.spec().stage().name(),
        evaluates: neutral::line(&evaluated(trial)).into_owned(),
        place: neutral::line(&place(trial, axes)).into_owned(),
        seed: trial.spec().seed.0,
        seconds: trial.wall_s.map(|seconds| format!("{seconds:.1}")).unwrap_or_default(),
        digest: trial.metrics_digest.map(|digest| digest.short()).unwrap_or_default(),
        status: trial.status.name(),
        failure: neutral::line(trial.failure.as_deref().unwrap_or_default()).into_owned(),
    }
}
