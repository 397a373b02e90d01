//! From a study to its tables of metrics: one a family of metrics.

use std::collections::BTreeSet;

use drr_kinds::kind::{Column, Family, TableColumns};

use super::group::{Group, Study};
use super::ids::{MetricId, StudyId, TableId, TablePlace};
use super::marks::mark;
use super::notes::notes;
use super::table::{Better, Cell, Metric, Placing, Row, Table};
use super::users::{Audience, UserCount};
use drr_stats::t_interval;

/// The tables of a study: one a family of metrics. A study nothing of which is finished has none.
pub(super) fn tables(study: &Study<'_>) -> Vec<Table> {
    let families = study.subject.study().families.iter().enumerate();
    let with_metrics = families.map(|(at, family)| (at, family, columns(study, family)));
    let measured = with_metrics.filter(|(.., metrics)| {
        metrics.iter().any(|metric| study.groups.iter().any(|group| !group.scores(&metric.name()).is_empty()))
    });
    measured.map(|(at, family, metrics)| table(study, (at, family), metrics)).collect()
}

/// The K at which `family` was measured, in order.
pub(super) fn measured_at(study: &Study<'_>, family: &str) -> Vec<u64> {
    let at = |name: &String| name.strip_prefix(family)?.strip_prefix('@')?.parse::<u64>().ok();
    let all = study.groups.iter().flat_map(Group::finished);
    let found: BTreeSet<u64> = all.flat_map(|trial| trial.metrics.keys()).filter_map(at).collect();
    found.into_iter().collect()
}

fn columns(study: &Study<'_>, family: &'static Family) -> Vec<Metric> {
    let at = |k| Metric {
        id: MetricId::At(family.name, k),
        header: format!("@{k}"),
        better: Better::Higher,
        users: UserCount::over(study.groups.iter().filter_map(|group| UserCount::of(group, k))),
        decimals: DECIMALS,
    };
    let fixed = |column: &Column| Metric {
        id: MetricId::Named(column.metric),
        header: column.header.to_owned(),
        better: column.better,
        users: None,
        decimals: DECIMALS,
    };
    match family.columns {
        TableColumns::AtK => measured_at(study, family.name).into_iter().map(at).collect(),
        TableColumns::Fixed(columns) => columns.iter().map(fixed).collect(),
    }
}

fn table(study: &Study<'_>, (at, family): (usize, &'static Family), mut metrics: Vec<Metric>) -> Table {
    let policies = study.subject.is_of_policies();
    let mut rows: Vec<Row> = study.groups.iter().map(|group| row(study, group, &metrics)).collect();
    let marked = mark(&mut rows, &metrics, study.least);
    let decimals = decimals(&rows);
    metrics.iter_mut().for_each(|metric| metric.decimals = decimals);
    let protocol = study.subject.protocol;
    let parts = [
        Some(study.in_units(family.title)),
        Some(study.dataset.to_owned()).filter(|dataset| !dataset.is_empty()),
        protocol.map(|protocol| format!("protocol {protocol}")),
        Some(format!("rewards by {}", study.simulator)).filter(|_| !study.simulator.is_empty()),
        Some(study.among.clone()).filter(|words| !words.is_empty()),
    ];
    let place = match (policies, at) {
        (false, _) => TablePlace::Alone,
        (true, 0) => TablePlace::First,
        (true, _) => TablePlace::Later,
    };
    Table {
        id: TableId { study: StudyId::of(study), family: family.name, place },
        title: parts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        notes: notes(study, &rows, &metrics, marked),
        axes: study.axes.iter().map(|axis| (*axis).to_owned()).collect(),
        policy_header: match (policies, study.axes.is_empty()) {
            (true, _) => Some("policy"),
            (false, true) => Some("model"),
            (false, false) => None,
        },
        metrics,
        rows,
        dataset: study.dataset.to_owned(),
        protocol,
        seeding: study.seeding,
        least: study.least,
    }
}

fn row(study: &Study<'_>, group: &Group<'_>, metrics: &[Metric]) -> Row {
    Row {
        policy: group.policy,
        point: study.axes.iter().map(|axis| group.point.get(*axis).cloned()).collect(),
        finished: group.seeds().len(),
        expected: group.expected(),
        stopped: group.stopped(),
        seeds: group.seeds(),
        trials: group.ids(),
        noise: group.noise(),
        cells: metrics.iter().map(|metric| cell(group, metric.id, study.least)).collect(),
    }
}

fn cell(group: &Group<'_>, metric: MetricId, least: usize) -> Option<Cell> {
    let score = group.score(&metric.name())?;
    let scores = group.by_seed(&metric.name());
    let enough = score.summary.n >= least;
    let interval =
        t_interval(&score.summary, 0.95).filter(|_| enough).filter(|(low, high)| low.is_finite() && high.is_finite());
    let audience = Audience::of(group, metric.k());
    Some(Cell { score, users: users(group, metric), audience, scores, interval, standing: Placing::Other })
}

fn users(group: &Group<'_>, metric: MetricId) -> Option<UserCount> {
    UserCount::of(group, metric.k()?)
}

/// Decimals where no interval says better.
const DECIMALS: usize = 3;

/// The last decimal shown is a tenth of the half interval or less that a quarter of the table stays below: finer
/// digits are noise, coarser ones would show a spread of 0.00.
fn decimals(rows: &[Row]) -> usize {
    let cells = rows.iter().flat_map(|row| &row.cells).flatten();
    let mut halves: Vec<f64> = cells
        .filter_map(|cell| cell.interval)
        .map(|(low, high)| (high - low) / 2.0)
        .filter(|half| *half > 0.0)
        .collect();
    halves.sort_by(f64::total_cmp);
    match halves.get(halves.len() / 4) {
        Some(half) if half.is_finite() => (1.0 - half.log10()).ceil().clamp(2.0, 5.0) as usize,
        _ => DECIMALS,
    }
}
