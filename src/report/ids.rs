//! What tables are of, by which all others of a report are found: never by what a file is called.

use super::group::Study;

/// A study of a report: its name among them, which is that of its files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StudyId(String);

/// A table of metrics: a family of a study.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TableId {
    pub(super) study: StudyId,
    /// The family's name among those of the study.
    pub(super) family: &'static str,
    pub(super) place: TablePlace,
}

/// How a table stands among those of its study.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TablePlace {
    /// It is the study's only one, and is called as the study.
    Alone,
    /// The first of a measure's.
    First,
    /// Another one, which tells about the same.
    Later,
}

/// A column of numbers: one metric of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MetricId {
    /// Of the family, measured for this many recommendations.
    At(&'static str, u64),
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

/// What of a report belongs together on its page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ReportPart {
    /// What was measured in one way.
    Study(StudyId),
    /// Published numbers beside ours.
    Papers,
    /// How fast the sweep was.
    Sweep,
}

impl ReportPart {
    /// What links on the page lead to.
    pub(super) fn id(&self) -> String {
        match self {
            ReportPart::Study(study) => format!("part-{}", study.slug()),
            ReportPart::Papers => "papers".to_owned(),
            ReportPart::Sweep => "run".to_owned(),
        }
    }
}

impl StudyId {
    pub(super) fn of(study: &Study<'_>) -> Self {
        Self(study.slug.clone())
    }

    /// What files of the study are called.
    pub(super) fn slug(&self) -> &str {
        &self.0
    }
}

impl TableId {
    /// What files of the table are called.
    pub(super) fn slug(&self) -> String {
        match self.place {
            TablePlace::Alone => self.study.0.clone(),
            TablePlace::First | TablePlace::Later => format!("{}-{}", self.study.0, self.family),
        }
    }

    /// Whether it is worth a terminal's and a picture's room.
    pub(super) fn is_headline(&self) -> bool {
        self.place != TablePlace::Later
    }
}

impl MetricId {
    /// As trials record it.
    pub(super) fn name(self) -> String {
        match self {
            MetricId::At(family, k) => format!("{family}@{k}"),
            MetricId::Named(name) => name.to_owned(),
        }
    }

    /// For how many recommendations it is measured, where it is.
    pub(super) fn k(self) -> Option<u64> {
        match self {
            MetricId::At(_, k) => Some(k),
            MetricId::Named(_) => None,
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
