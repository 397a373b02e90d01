//! Groups as they come: tables of mean ± std, learning curves that grow, two groups beside each other. All of them are the
//! report's.

use std::cell::RefCell;
use std::collections::HashMap;

use askama::Template;
use drr_core::journal::{self, Point};
use drr_core::trial_dir::TrialDir;
use drr_core::{Status, TrialId};

use super::answer::PageAnswer;
use crate::error::{Error, Result};
use crate::report::{CurveSource, GroupChoice, Reference, ReportOptions, SweepReport};
use crate::store::{Store, StoredSweep, TrialRecord};

#[derive(Template)]
#[template(path = "live-compare.html")]
struct CompareTemplate<'a> {
    groups: &'a [GroupChoice],
    first: &'a str,
    second: &'a str,
    /// Tables of the two; empty where there is none.
    tables: String,
    /// Why there are none.
    why: &'a str,
}

pub(super) fn tables(sweep: &StoredSweep) -> Result<PageAnswer> {
    if sweep.trials.is_empty() {
        return Ok(PageAnswer::html("<p class=\"notes\">No trial is chosen.</p>"));
    }
    let options = ReportOptions::default();
    let html = SweepReport::new(sweep, &options)?.tables_html()?;
    let empty = "<p class=\"notes\">Nothing is finished yet.</p>";
    Ok(PageAnswer::html(if html.trim().is_empty() { empty } else { &html }))
}

pub(super) fn curves(store: &Store, sweep: &StoredSweep) -> Result<PageAnswer> {
    let options = ReportOptions::default();
    let journals: RefCell<HashMap<TrialId, Vec<Point>>> = RefCell::default();
    let read = |trial: &TrialRecord, metric: &str| match trial.status {
        Status::Finished => store.points(trial.id(), metric),
        Status::Running => {
            let mut journals = journals.borrow_mut();
            let points = journals.entry(trial.id()).or_insert_with(|| {
                let path = TrialDir::new(store.runs(), trial.id()).journal();
                journal::read_on(&path, 0).map(|(points, _)| points).unwrap_or_default()
            });
            let own = points.iter().filter(|point| point.name == metric);
            let mut curve: Vec<(u64, f64)> = own.map(|point| (point.step, point.value)).collect();
            curve.sort_by_key(|point| point.0);
            Ok(curve)
        }
        _ => Ok(Vec::new()),
    };
    let html = SweepReport::new(sweep, &options)?.curves_html(&CurveSource::Growing(&read))?;
    let empty = "<p class=\"notes\">No curve has two points yet.</p>";
    Ok(PageAnswer::html(if html.trim().is_empty() { empty } else { &html }))
}

pub(super) fn comparison(sweep: &StoredSweep, first: &str, second: &str) -> Result<PageAnswer> {
    let options = ReportOptions::default();
    let report = SweepReport::new(sweep, &options)?;
    let groups = report.groups();
    let (tables, why) = match (first, second) {
        ("", _) | (_, "") => (String::new(), "Choose two groups: their means and the differences by seed stand here."),
        (first, second) if first == second => (String::new(), "These are one group."),
        _ => {
            let read = |shown: &str| {
                let name = groups.iter().find(|group| group.shown == shown).map_or(shown, |group| &group.name);
                name.parse::<Reference>().map_err(Error::input)
            };
            (report.comparison_html(&read(first)?, &read(second)?)?, "No table has both of them.")
        }
    };
    PageAnswer::of(&CompareTemplate { groups: &groups, first, second, tables, why })
}
