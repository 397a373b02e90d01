//! What tables are of, by which all others of a report are found: never by what a file is called.

use super::group::Study;

/// A study of a report: its name among them, which is that of its files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StudyId(String);

/// What a table's metrics measure, at one K or at several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    Precision,
    Ndcg,
    /// Of sessions over all items.
    Reward,
    /// Of recommenders while they train.
    TrainingReward,
    /// Of matrix factorisation.
    StarError,
}

/// A table of metrics.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TableId {
    pub(super) study: StudyId,
    pub(super) family: Family,
}

/// A column of numbers: one metric of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MetricId {
    /// Measured for this many recommendations.
    At(Family, u64),
    /// The only one of its name.
    Named(&'static str),
}

/// How a table was made of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DerivedKind {
    /// One of its metrics, an axis across.
    Pivot,
    /// Differences to a reference.
    Against,
    /// Over all K.
    Aggregate,
    /// Published numbers.
    Paper,
    /// Of no table: how fast the sweep was.
    Speed,
}

impl StudyId {
    pub(super) fn of(study: &Study<'_>) -> Self {
        Self(study.slug.clone())
    }
}

impl Family {
    /// Whether it is worth a terminal's and a picture's room: NDCG tells about the same as precision.
    pub(super) fn is_headline(self) -> bool {
        self != Family::Ndcg
    }

    /// Whether it is measured at several K.
    pub(super) fn is_at_k(self) -> bool {
        match self {
            Family::Precision | Family::Ndcg | Family::Reward => true,
            Family::TrainingReward | Family::StarError => false,
        }
    }

    /// What its metrics at K are recorded as, before the K.
    pub(super) fn stem(self) -> &'static str {
        match self {
            Family::Precision => "precision",
            Family::Ndcg => "ndcg",
            Family::Reward => "reward",
            Family::TrainingReward => "train/reward",
            Family::StarError => "test",
        }
    }
}

impl TableId {
    /// What files of the table are called; a study with one table calls it as itself.
    pub(super) fn slug(&self) -> String {
        match self.family {
            Family::TrainingReward | Family::StarError => self.study.0.clone(),
            family => format!("{}-{}", self.study.0, family.stem()),
        }
    }
}

impl MetricId {
    /// As trials record it.
    pub(super) fn name(self) -> String {
        match self {
            MetricId::At(family, k) => format!("{}@{k}", family.stem()),
            MetricId::Named(name) => name.to_owned(),
        }
    }
}

impl DerivedKind {
    /// As files say it.
    pub(super) fn name(self) -> &'static str {
        match self {
            DerivedKind::Pivot => "pivot",
            DerivedKind::Against => "against",
            DerivedKind::Aggregate => "aggregate",
            DerivedKind::Paper => "paper",
            DerivedKind::Speed => "speed",
        }
    }
}
