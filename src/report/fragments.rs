//! Parts of a page for whoever shows a sweep while it runs: the report's own tables and curves, as HTML whose text is
//! escaped. Writes no file.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use drr_core::TrialId;

use super::axis::AxisValue;
use super::contents::SweepReport;
use super::downloads::FilesBeside;
use super::figure::{self, CurveSource, Figure, GroupLooks, Plot, PlottedCurves, Series, Shape, XAxis, XKind};
use super::grid::{Align, Grid, Look};
use super::page::{FIRST, class, counts, linked, those};
use super::reference::Reference;
use super::table::{Row, Table};
use super::{compare, measured};
use crate::error::{Error, Result};
use crate::store::{StoredSweep, TrialRecord};

#[derive(Template)]
#[template(path = "fragments.html")]
struct FragmentTemplate<'a> {
    grids: &'a [Grid],
    /// No files lie beside it.
    files: FilesBeside,
    drawings: Vec<Drawing>,
}

/// A figure as it stands on a page.
struct Drawing {
    slug: String,
    title: String,
    svg: String,
}

/// What stands for a group where one is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupChoice {
    /// As [`Reference`] reads it: `drr,drr.tau=0.001`.
    pub name: String,
    /// The same where nothing may hide in it; what an address and a page hold.
    pub shown: String,
    /// For people: `drr, tau 0.001`.
    pub label: String,
}

fn html(grids: &[Grid], figures: &[Figure]) -> Result<String> {
    let cannot =
        |error: &dyn std::fmt::Display| Error::environment(format!("cannot write a part of the page: {error}"));
    let drawn = |figure: &Figure| {
        let svg = figure::svg(figure).map_err(|error| cannot(&error))?;
        Ok(Drawing { slug: figure.slug.clone(), title: crate::neutral::line(&figure.title).into_owned(), svg })
    };
    let drawings = figures.iter().map(drawn).collect::<Result<_>>()?;
    FragmentTemplate { grids, files: FilesBeside::new(&[]), drawings }.render().map_err(|error| cannot(&error))
}

impl SweepReport<'_> {
    /// The tables of what was measured: groups with mean ± std, as far as trials are finished.
    ///
    /// # Errors
    /// The template refuses, which is a bug.
    pub fn tables_html(&self) -> Result<String> {
        let grids: Vec<Grid> = self.tables.iter().map(|table| measured::of_table(table).neutral()).collect();
        html(&grids, &[])
    }

    /// The learning curves, from `source`.
    ///
    /// # Errors
    /// A failure of the source.
    pub fn curves_html(&self, source: &CurveSource<'_>) -> Result<String> {
        let mut figures = Vec::new();
        let looks = GroupLooks::of(&self.studies);
        for (study, _) in &self.studies {
            for (at, what) in study.subject.study().curves.iter().enumerate() {
                let own = figure::curves(source, study, (&looks, self.options.band), what)?;
                figures.extend(own.map(|figure| Figure { slug: format!("{}-{at}", study.slug), ..figure }));
            }
        }
        html(&[], &figures)
    }

    /// The groups that can be compared, each once, in the order of the tables.
    pub fn groups(&self) -> Vec<GroupChoice> {
        let mut choices: Vec<GroupChoice> = Vec::new();
        for (_, tables) in &self.studies {
            for (table, row) in tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row))) {
                let choice = choice(table, row);
                if !choices.contains(&choice) {
                    choices.push(choice);
                }
            }
        }
        choices
    }

    /// Two groups beside each other: their means, and the differences by seed of the first to the second, wherever both are
    /// measured; nothing where they never are together.
    ///
    /// # Errors
    /// The template refuses, which is a bug.
    pub fn comparison_html(&self, first: &Reference, second: &Reference) -> Result<String> {
        let ids = |name: &Reference| -> BTreeSet<TrialId> {
            let groups =
                self.studies.iter().flat_map(|(study, _)| study.groups.iter().map(move |group| (study, group)));
            let own = groups.filter(|(study, group)| {
                let point: Vec<Option<&AxisValue>> = study.axes.iter().map(|axis| group.point.get(*axis)).collect();
                name.fits(group.policy, &study.axes, &point)
            });
            own.flat_map(|(_, group)| group.trials.iter().map(|trial| trial.id())).collect()
        };
        let (first, second) = (ids(first), ids(second));
        let of_both = |trial: &&TrialRecord| first.contains(&trial.id()) || second.contains(&trial.id());
        let two =
            StoredSweep { trials: self.sweep.trials.iter().filter(of_both).cloned().collect(), ..self.sweep.clone() };
        // A report of these two alone, so that its marks and notes are about them.
        let report = SweepReport::new(&two, self.options)?;
        let mut grids = Vec::new();
        for table in &report.tables {
            let row = |ids: &BTreeSet<TrialId>| {
                table.rows.iter().position(|row| row.trials.first().is_some_and(|trial| ids.contains(trial)))
            };
            if let (Some(one), Some(other)) = (row(&first), row(&second))
                && one != other
            {
                grids.push(measured::of_table(table).neutral());
                grids.extend(compare::against_rows(table, &[other]).map(Grid::neutral));
            }
        }
        html(&grids, &[])
    }
}

fn choice(table: &Table, row: &Row) -> GroupChoice {
    let policy = std::iter::once(row.policy.to_owned());
    let short = table.short_axes();
    let known = |value: &Option<AxisValue>| value.as_ref().map(ToString::to_string);
    let on: Vec<(usize, String)> =
        row.point.iter().enumerate().filter_map(|(at, value)| Some((at, known(value)?))).collect();
    let name = policy.clone().chain(on.iter().map(|(at, value)| format!("{}={value}", table.axes[*at])));
    let label = policy.chain(on.iter().map(|(at, value)| format!("{} {value}", short[*at])));
    let name = name.collect::<Vec<_>>().join(",");
    GroupChoice {
        shown: crate::neutral::line(&name).into_owned(),
        name,
        label: crate::neutral::line(&label.collect::<Vec<_>>().join(", ")).into_owned(),
    }
}

/// A trial's own curves, a figure for each metric that has more than one point; `subtitle` says of what.
///
/// # Errors
/// The figure cannot be drawn, which is a bug.
pub fn trial_curves_html(points: &[(String, u64, f64)], subtitle: &str) -> Result<String> {
    let mut metrics: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for (name, step, value) in points {
        metrics.entry(name).or_default().push((*step as f64, *value));
    }
    let figure = |at: usize, name: &str, curve: Vec<(f64, f64)>| {
        let band = curve.iter().map(|&(step, value)| (step, value, value, value)).collect();
        Figure {
            slug: format!("metric-{at}"),
            title: name.to_owned(),
            subtitle: subtitle.to_owned(),
            note: format!("{} points, as its journal has them.", curve.len()),
            plot: Plot::Lines(PlottedCurves {
                x: XAxis { label: "step".to_owned(), kind: XKind::Continuous },
                y_label: "value".to_owned(),
                series: vec![Series {
                    name: name.to_owned(),
                    detail: String::new(),
                    style: figure::of_recommender(0),
                    shape: Shape::Curve { band, faint: Vec::new() },
                }],
            }),
        }
    };
    let drawn = metrics.into_iter().map(|(name, curve)| (name, thinned(curve)));
    let drawn = drawn.filter(|(_, curve)| curve.iter().filter(|point| point.1.is_finite()).count() > 1);
    let drawn = drawn.take(MOST_METRICS).enumerate();
    let figures: Vec<Figure> = drawn.map(|(at, (name, curve))| figure(at, name, curve)).collect();
    html(&[], &figures)
}

/// Metrics of a trial that are drawn.
const MOST_METRICS: usize = 12;

/// More points than this no screen has columns for.
const MOST_POINTS: usize = 1_000;

/// Every nth point, and the last.
fn thinned(curve: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let every = curve.len().div_ceil(MOST_POINTS).max(1);
    let last = curve.len().saturating_sub(1);
    curve.into_iter().enumerate().filter(|(at, _)| at % every == 0 || *at == last).map(|(_, point)| point).collect()
}
