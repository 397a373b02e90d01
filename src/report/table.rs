//! Tables of metrics as data: rows, columns, numbers, and what must be said with them.

use drr_core::TrialId;
pub(super) use drr_kinds::kind::Better;
use drr_kinds::{Kind, registry};

use super::axis::{AxisValue, short_axis};
use super::group::{Noise, Score, Seeding};
use super::ids::{MetricId, TableId};
use super::users::{Audience, UserCount};
use drr_stats::Interval;

/// One table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) id: TableId,
    pub(super) title: String,
    /// What no number may be read without.
    pub(super) notes: Vec<Note>,
    /// The axes' full names, for machines.
    pub(super) axes: Vec<String>,
    /// The header of the policies' column, where the table has one.
    pub(super) policy_header: Option<&'static str>,
    /// The metrics, one a column.
    pub(super) metrics: Vec<Metric>,
    pub(super) rows: Vec<Row>,
    pub(super) dataset: String,
    pub(super) protocol: Option<&'static str>,
    /// What seeds the split.
    pub(super) seeding: Seeding,
    /// Fewer seeds than this have no interval and are not tested.
    pub(super) least: usize,
}

/// A column of numbers.
#[derive(Clone, Debug)]
pub(super) struct Metric {
    pub(super) id: MetricId,
    /// As shown.
    pub(super) header: String,
    pub(super) better: Better,
    /// Users behind its numbers, over all rows, where that is recorded.
    pub(super) users: Option<UserCount>,
    /// Decimals to show: the intervals' half width sets them.
    pub(super) decimals: usize,
}

/// One group's line.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) policy: &'static str,
    /// What stands under the table's `axes`; none where the axis does not concern the group.
    pub(super) point: Vec<Option<AxisValue>>,
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

impl Row {
    /// Whether it may be called the best; a yardstick may not, nor what hopeless trials were taken out of.
    pub(super) fn competes(&self) -> bool {
        let policy = registry::policy(self.policy).and_then(Kind::policy);
        self.stopped == 0 && policy.is_none_or(|policy| policy.competes)
    }
}

/// One number.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) score: Score,
    /// Users behind it, over its seeds, where that is recorded.
    pub(super) users: Option<UserCount>,
    /// Whom it is of.
    pub(super) audience: Audience,
    /// The scores by seed.
    pub(super) scores: Vec<(u64, f64)>,
    /// The 95 % interval of the mean over seeds, where there are enough.
    pub(super) interval: Option<Interval>,
    pub(super) standing: Placing,
}

/// How a number stands in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placing {
    /// The best mean.
    Best,
    /// A test cannot tell it from the best.
    LikeBest,
    /// Neither, or there is nothing to compare.
    Other,
}

/// What no number may be read without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) about: About,
    pub(super) text: String,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// What bold and ≈ mean: a table of some of the cells has marks of its own.
    Marks,
    Numbers,
}

impl Metric {
    /// As recorded.
    pub(super) fn name(&self) -> String {
        self.id.name()
    }

    /// As shown, with the users behind it: `precision@5 (285 users)`.
    pub(super) fn on_users(&self) -> String {
        match self.users {
            Some(users) => format!("{} ({users})", self.name()),
            None => self.name(),
        }
    }

    /// Whether it stands on too few users to be compared.
    pub(super) fn is_thin(&self) -> bool {
        self.users.is_some_and(UserCount::is_thin)
    }

    /// Whether groups are compared by it.
    pub(super) fn is_ranked(&self) -> bool {
        self.better != Better::Neither && !self.is_thin()
    }
}

impl Table {
    /// What its files are called.
    pub(super) fn slug(&self) -> String {
        self.id.slug()
    }

    /// Whether its metrics are measured at several K.
    pub(super) fn is_at_k(&self) -> bool {
        self.metrics.iter().all(|metric| matches!(metric.id, MetricId::At(..)))
    }

    /// The columns whose numbers are compared, with their places: those that are not thin.
    pub(super) fn compared(&self) -> impl Iterator<Item = (usize, &Metric)> {
        self.metrics.iter().enumerate().filter(|(_, metric)| metric.is_ranked())
    }

    /// The others, in words; nothing where there are none.
    pub(super) fn thin(&self) -> Option<String> {
        thin(&self.metrics)
    }

    /// The axes as people call them.
    pub(super) fn short_axes(&self) -> Vec<&str> {
        let all: Vec<&str> = self.axes.iter().map(String::as_str).collect();
        all.iter().map(|axis| short_axis(axis, &all)).collect()
    }

    /// A row as a sentence calls it: `drr (tau 0.001)`, or what tells it from others of its kind.
    pub(super) fn called(&self, row: &Row) -> String {
        let point = self.short_axes().into_iter().zip(&row.point);
        let point = point.filter_map(|(axis, value)| Some(format!("{axis} {}", value.as_ref()?)));
        match point.collect::<Vec<_>>().join(", ") {
            point if point.is_empty() => row.policy.to_owned(),
            point => format!("{} ({point})", row.policy),
        }
    }

    /// A row in words: `drr, 0.001`.
    pub(super) fn name(&self, row: &Row) -> String {
        let policy = self.policy_header.map(|_| row.policy.to_owned());
        let point = row.point.iter().flatten().map(ToString::to_string);
        policy.into_iter().chain(point).collect::<Vec<_>>().join(", ")
    }
}

/// The thin ones of `metrics`, in words; nothing where there are none.
pub(super) fn thin(metrics: &[Metric]) -> Option<String> {
    let thin: Vec<String> = metrics.iter().filter(|metric| metric.is_thin()).map(Metric::on_users).collect();
    (!thin.is_empty()).then(|| thin.join(", "))
}
