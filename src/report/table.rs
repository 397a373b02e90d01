//! Tables as data: which rows, which columns, which numbers, and what must be said with them. Writing them down is
//! `text`'s job.

use drr_kinds::KindOf as _;
pub(super) use drr_kinds::kind::Better;
use drr_kinds::kind::{Column, Columns, Family};
use std::collections::BTreeSet;

use drr_core::TrialId;
use drr_core::TrialSpec;

use super::compare::mark;
use super::group::{Group, Noise, Score, Study, plain, short_axis};
use crate::stats::{Interval, t_interval};

/// One table.
#[derive(Debug)]
pub(super) struct Table {
    /// What its files are called.
    pub(super) slug: String,
    pub(super) title: String,
    /// What no number may be read without.
    pub(super) notes: Vec<String>,
    /// The axes' full names, for machines.
    pub(super) axes: Vec<String>,
    /// The headers of the columns before the numbers.
    pub(super) keys: Vec<String>,
    /// The metrics, one a column.
    pub(super) metrics: Vec<Metric>,
    pub(super) rows: Vec<Row>,
    pub(super) dataset: String,
    pub(super) protocol: Option<&'static str>,
    /// Fewer seeds than this have no interval and are not tested.
    pub(super) least: usize,
}

/// A column of numbers.
#[derive(Debug)]
pub(super) struct Metric {
    /// As recorded.
    pub(super) name: String,
    /// As shown.
    pub(super) header: String,
    pub(super) better: Better,
    /// Decimals to show: the intervals' half width sets them.
    pub(super) decimals: usize,
}

/// One group's line.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) policy: &'static str,
    /// What stands under the table's `keys`.
    pub(super) keys: Vec<String>,
    /// What stands under the table's `axes`; empty where the axis does not concern the group.
    pub(super) point: Vec<String>,
    pub(super) finished: usize,
    pub(super) expected: usize,
    /// Trials that were stopped early. What is left of the row are the better ones: it is shown and compared with nothing.
    pub(super) stopped: usize,
    /// Seeds behind the numbers.
    pub(super) seeds: Vec<u64>,
    /// The trials behind the numbers, by seed.
    pub(super) trials: Vec<TrialId>,
    pub(super) noise: Noise,
    /// `None` where nothing is finished.
    pub(super) cells: Vec<Option<Cell>>,
}

/// One number.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) score: Score,
    /// The scores by seed.
    pub(super) scores: Vec<(u64, f64)>,
    /// The 95 % interval of the mean over seeds, where there are enough.
    pub(super) interval: Option<Interval>,
    pub(super) standing: Standing,
}

/// How a number stands in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The best mean.
    Best,
    /// A test cannot tell it from the best.
    LikeBest,
    /// Neither, or there is nothing to compare.
    Other,
}

impl Row {
    /// `3`, or `2/3` where seeds are missing.
    pub(super) fn count(&self) -> String {
        if self.finished == self.expected {
            self.finished.to_string()
        } else {
            format!("{}/{}", self.finished, self.expected)
        }
    }
}

/// The tables of a study: one a family of metrics. A study nothing of which is finished has none.
pub(super) fn tables(study: &Study<'_>) -> Vec<Table> {
    let families =
        study.subject.study().families.iter().map(|family| (family.name, family.title, columns(study, family)));
    let families = families.filter(|(_, _, metrics)| {
        metrics.iter().any(|metric| study.groups.iter().any(|group| !group.scores(&metric.name).is_empty()))
    });
    families.map(|(family, title, metrics)| table(study, family, title, metrics)).collect()
}

/// The K at which `family` was measured, in order.
pub(super) fn measured_at(study: &Study<'_>, family: &str) -> Vec<u64> {
    let at = |name: &String| name.strip_prefix(family)?.strip_prefix('@')?.parse::<u64>().ok();
    let all = study.groups.iter().flat_map(Group::finished);
    let found: BTreeSet<u64> = all.flat_map(|trial| trial.metrics.keys()).filter_map(at).collect();
    found.into_iter().collect()
}

fn columns(study: &Study<'_>, family: &Family) -> Vec<Metric> {
    let fixed = |column: &Column| Metric {
        name: column.metric.to_owned(),
        header: column.header.to_owned(),
        better: column.better,
        decimals: DECIMALS,
    };
    match family.columns {
        Columns::AtK => at_k(study, family.name),
        Columns::Fixed(columns) => columns.iter().map(fixed).collect(),
    }
}

fn at_k(study: &Study<'_>, family: &str) -> Vec<Metric> {
    let metric = |k| Metric {
        name: format!("{family}@{k}"),
        header: format!("@{k}"),
        better: Better::Higher,
        decimals: DECIMALS,
    };
    measured_at(study, family).into_iter().map(metric).collect()
}

fn table(study: &Study<'_>, family: &str, title: &str, mut metrics: Vec<Metric>) -> Table {
    let policies = study.subject.is_of_policies();
    let mut keys: Vec<String> = Vec::new();
    if policies {
        keys.push("policy".to_owned());
    }
    keys.extend(study.axes.iter().map(|axis| short_axis(axis, &study.axes).to_owned()));
    if keys.is_empty() {
        keys.push("model".to_owned());
    }
    let mut rows: Vec<Row> = study.groups.iter().map(|group| row(study, group, &metrics)).collect();
    let tested = mark(&mut rows, &metrics, study.least);
    let decimals = decimals(&rows);
    metrics.iter_mut().for_each(|metric| metric.decimals = decimals);
    let protocol = study.subject.protocol;
    let title = match protocol {
        Some(protocol) => format!("{title} · {} · protocol {protocol}", study.dataset),
        None => format!("{title} · {}", study.dataset),
    };
    Table {
        slug: if policies { format!("{}-{family}", study.slug) } else { study.slug.clone() },
        title,
        notes: notes(study, &rows, tested),
        axes: study.axes.iter().map(|axis| (*axis).to_owned()).collect(),
        keys,
        metrics,
        rows,
        dataset: study.dataset.to_owned(),
        protocol,
        least: study.least,
    }
}

fn row(study: &Study<'_>, group: &Group<'_>, metrics: &[Metric]) -> Row {
    let point: Vec<String> =
        study.axes.iter().map(|axis| group.point.get(*axis).map(plain).unwrap_or_default()).collect();
    let mut keys = Vec::new();
    if study.subject.is_of_policies() || study.axes.is_empty() {
        keys.push(group.policy.to_owned());
    }
    keys.extend(point.iter().map(|value| if value.is_empty() { "–".to_owned() } else { value.clone() }));
    Row {
        policy: group.policy,
        keys,
        point,
        finished: group.seeds().len(),
        expected: group.expected(),
        stopped: group.stopped(),
        seeds: group.seeds(),
        trials: group.ids(),
        noise: group.noise(),
        cells: metrics.iter().map(|metric| cell(group, &metric.name, study.least)).collect(),
    }
}

fn cell(group: &Group<'_>, metric: &str, least: usize) -> Option<Cell> {
    let score = group.score(metric)?;
    let scores = group.by_seed(metric);
    let enough = score.summary.n >= least;
    let interval =
        t_interval(&score.summary, 0.95).filter(|_| enough).filter(|(low, high)| low.is_finite() && high.is_finite());
    Some(Cell { score, scores, interval, standing: Standing::Other })
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

fn notes(study: &Study<'_>, rows: &[Row], tested: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let repeats = method(study);
    if rows.iter().any(|row| row.noise == Noise::Seeds) {
        notes.push(format!("Mean ± sample standard deviation (ddof 1) over seeds{repeats}."));
    } else if !repeats.is_empty() {
        notes.push(format!("Mean ± sample standard deviation (ddof 1){repeats}."));
    }
    if !study.averaged.is_empty() {
        let settings: BTreeSet<usize> =
            study.groups.iter().map(|group| group.settings).filter(|settings| *settings > 1).collect();
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        notes.push(format!(
            "A seed's score is the mean over the {} settings of {}; a seed counts where all of them are finished.",
            settings.join(" or "),
            study.averaged.join(", ")
        ));
    }
    if rows.iter().any(|row| matches!(row.noise, Noise::Repeats(_))) {
        notes.push(
            "Where \"± over\" says repeats, one seed is finished: the spread is the evaluation's, not the training's."
                .to_owned(),
        );
    }
    if rows.iter().any(|row| row.noise == Noise::Unknown && row.finished > 0) {
        notes.push("One measurement has no spread; it stands alone.".to_owned());
    }
    if rows.iter().any(|row| row.finished < row.expected) {
        notes.push("n = 2/3: two of three seeds are finished; the others failed, wait, or were stopped.".to_owned());
    }
    let stopped = rows.iter().filter(|row| row.stopped > 0).count();
    if stopped > 0 {
        notes.push(format!(
            "{stopped} of {} rows had trials stopped early. Those are in no number, and as the hopeless ones were stopped what is left is \
             too good: these rows are compared with nothing.",
            rows.len()
        ));
    }
    let few = rows.iter().filter(|row| (1..study.least).contains(&row.finished)).count();
    if few > 0 {
        notes.push(format!("n below {}: no interval and no test; {few} of {} rows.", study.least, rows.len()));
    }
    if rows.len() > 1 {
        let best = "Bold: the best mean of its column";
        notes.push(match tested {
            true => format!(
                "{best}; ≈: not distinguishable from it (Student's test of the differences by seed, 5 % after Holm's \
                 correction within the column)."
            ),
            false => format!("{best}, not a test."),
        });
    }
    notes.extend(study.subject.study().note.map(str::to_owned));
    notes.extend(study.apart.iter().map(|reason| format!("Not set beside it: {reason}.")));
    notes.push(format!(
        "Data: {}, fingerprint {}, {}.",
        study.dataset,
        study.groups[0].trials[0].spec.dataset.fingerprint.short(),
        study.split
    ));
    let finished = study.groups.iter().flat_map(Group::finished);
    let classes: BTreeSet<String> =
        finished.filter_map(|trial| trial.environment.as_ref()).map(ToString::to_string).collect();
    if classes.len() > 1 {
        let classes: Vec<String> = classes.into_iter().collect();
        notes.push(format!("Measured in {} environment classes: {}.", classes.len(), classes.join("; ")));
    }
    notes
}

/// How one seed's score came about, where all trials of the study agree.
fn method(study: &Study<'_>) -> String {
    let words = |spec: &TrialSpec| {
        let words = spec.kind().measure().map(|measure| (measure.repeats)(&spec.settings));
        words.map_or_else(String::new, |words| format!("; a seed's score is the mean of {words}"))
    };
    let all: BTreeSet<String> =
        study.groups.iter().flat_map(|group| &group.trials).map(|trial| words(&trial.spec)).collect();
    let mut all = all.into_iter();
    match (all.next(), all.next()) {
        (Some(only), None) => only,
        _ => String::new(),
    }
}
