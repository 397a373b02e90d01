//! All sweeps of the runs folder: how far each is, and whether one runs.

use std::path::Path;

use askama::Template;
use drr_core::Status;

use super::answer::PageAnswer;
use super::asked::encoded;
use super::duration;
use crate::audit;
use crate::error::{Exit, Result};
use crate::neutral;
use crate::store::{LockHolder, RunsLock, StandingCount};

#[derive(Template)]
#[template(path = "live-overview.html")]
struct OverviewTemplate {
    rows: SweepsTemplate,
    version: &'static str,
}

#[derive(Template)]
#[template(path = "live-overview-rows.html")]
struct SweepsTemplate {
    /// Who is at work.
    running: Option<String>,
    sweeps: Vec<SweepLine>,
}

struct SweepLine {
    name: String,
    address: String,
    trials: usize,
    finished: usize,
    failed: usize,
    stopped: usize,
    running: usize,
    open: usize,
    took: String,
}

/// Who runs a sweep in this runs folder now, in words.
pub(super) fn at_work(runs: &Path) -> Option<String> {
    match RunsLock::holder(runs) {
        LockHolder::Held(by) => Some(neutral::line(&by).into_owned()),
        _ => None,
    }
}

/// How many trials of each status.
pub(super) fn count(counts: &[&StandingCount], status: Status) -> usize {
    counts.iter().filter(|count| count.status == status).map(|count| count.trials).sum()
}

pub(super) fn page(runs: &Path) -> Result<PageAnswer> {
    PageAnswer::of(&OverviewTemplate { rows: sweeps(runs)?, version: env!("CARGO_PKG_VERSION") })
}

pub(super) fn part(runs: &Path) -> Result<PageAnswer> {
    PageAnswer::of(&sweeps(runs)?)
}

fn sweeps(runs: &Path) -> Result<SweepsTemplate> {
    let running = at_work(runs);
    let counts = match audit::read_index(runs) {
        Ok((store, _)) => store.standing()?,
        // Nothing is recorded yet: the page waits for it.
        Err(error) if error.exit == Exit::BadInput => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut names: Vec<&str> = counts.iter().map(|count| count.of.as_str()).collect();
    names.dedup();
    let line = |name: &&str| {
        let own: Vec<&StandingCount> = counts.iter().filter(|count| count.of == **name).collect();
        let at = |status| count(&own, status);
        let trials = own.iter().map(|count| count.trials).sum();
        let over = [Status::Finished, Status::Failed, Status::Stopped].map(at).iter().sum::<usize>();
        let at_once = if running.is_some() { at(Status::Running) } else { 0 };
        SweepLine {
            name: neutral::line(name).into_owned(),
            address: format!("/sweep/{}", encoded(name)),
            trials,
            finished: at(Status::Finished),
            failed: at(Status::Failed),
            stopped: at(Status::Stopped),
            running: at_once,
            open: trials - over - at_once,
            took: duration(own.iter().map(|count| count.took.0).sum()),
        }
    };
    let sweeps = names.iter().map(line).collect();
    Ok(SweepsTemplate { running, sweeps })
}
