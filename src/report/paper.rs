//! Published numbers from a file, ours beside them, and a verdict a cell: *reproduced* where the interval of the
//! difference lies within the stated margin, *not reproduced* where it lies outside, else *inconclusive*.

use std::collections::BTreeMap;
use std::path::Path;

use drr_core::{TrialId, neutral};
use drr_kinds::kind_settings;
use drr_kinds::protocol::Protocol;
use serde::Deserialize;
use serde_json::Value;

use super::axis::{AxisValue, short_axis};
use super::grid::{Grid, GridCell, GridHeader, GridRow, Look};
use super::group::{Group, Seeding, Study, Subject, slug};
use super::marks::LEVEL;
use super::notes::covered;
use super::published_data::{DataKnown, Likeness, PublishedData};
use super::users::{LEAST, UserCount};
use super::value::{CellValue, Gap};
use crate::error::{Error, Result};
use crate::stats::{Equivalence, Summary, equivalence};
use crate::store::{StoredSweep, TrialRecord};

/// A file of published numbers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// What the numbers are from.
    title: String,
    /// What the ratings are that the numbers were published on, by name.
    #[serde(default)]
    data: BTreeMap<String, PublishedData>,
    /// The tables.
    table: Vec<Published>,
}

/// One published table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    title: String,
    /// Where it stands.
    source: String,
    /// The measure, by its name in sweep files.
    measure: String,
    protocol: Protocol,
    policy: String,
    /// Datasets on which a verdict means something.
    datasets: Vec<String>,
    /// A difference of this much or less does not matter.
    margin: f64,
    /// Settings ours must have, by full name, for example `drr.tau`.
    #[serde(default)]
    settings: BTreeMap<String, Value>,
    cells: Vec<PublishedCell>,
    /// What tells whether ours are the same ratings.
    #[serde(skip)]
    known: DataKnown,
}

/// One published number.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishedCell {
    metric: String,
    mean: f64,
    /// Standard deviation, where it is published.
    std: Option<f64>,
    /// Number of runs behind it, where it is published.
    n: Option<usize>,
}

impl Paper {
    /// Reads a file of published numbers. Whether ours stand on the same ratings is told by their content, as far as the
    /// file describes it; counts are looked up in the folder `data`.
    ///
    /// # Errors
    /// A file that is not there or not such a file.
    pub fn read(path: &Path, data: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::input(format!("cannot read {}: {error}", path.display())))?;
        let mut paper: Self = toml::from_str(&text).map_err(|error| {
            Error::input(format!("{} is no file of published numbers: {error}", path.display()))
                .hint("sweeps/slides.paper.toml is one")
        })?;
        let record: Value = toml::from_str(&text).unwrap_or_default();
        neutral::check_value(&record).map_err(|hidden| Error::input(format!("{}: {hidden}", path.display())))?;
        let known = DataKnown::new(paper.data.clone(), data);
        paper.table.iter_mut().for_each(|table| table.known = known.clone());
        match paper.table.iter().find(|table| !(table.margin > 0.0 && table.margin.is_finite())) {
            Some(table) => {
                Err(Error::input(format!("{}: the margin of `{}` is not positive", path.display(), table.title)))
            }
            None => Ok(paper),
        }
    }

    /// Every published table with ours beside it, where the sweep measured anything of the kind.
    pub(super) fn beside(&self, sweep: &StoredSweep, studies: &[&Study<'_>]) -> Vec<Grid> {
        let specs: BTreeMap<TrialId, &TrialRecord> = sweep.trials.iter().map(|trial| (trial.id(), trial)).collect();
        self.table.iter().filter_map(|table| table.beside(&self.title, studies, &specs)).collect()
    }
}

impl Published {
    fn beside(&self, paper: &str, studies: &[&Study<'_>], specs: &BTreeMap<TrialId, &TrialRecord>) -> Option<Grid> {
        let (mut rows, mut seeding) = (Vec::new(), Seeding::Own);
        for study in studies.iter().filter(|study| self.is_measured_by(study.subject)) {
            for group in study.groups.iter().filter(|group| group.policy == self.policy && self.fits(group, specs)) {
                seeding = study.seeding;
                rows.extend(self.cells.iter().map(|cell| self.row(study, group, cell)));
            }
        }
        if rows.is_empty() {
            return None;
        }
        let headers = ["group", "data", "metric"].map(GridHeader::words).into_iter();
        let numbers =
            ["users", "published", "their n", "ours", "n", "difference", "90 % interval"].map(GridHeader::numbers);
        let settings: Vec<String> =
            self.settings.iter().map(|(name, value)| format!("{name} = {}", AxisValue::from(value))).collect();
        let mut notes = vec![
            format!("Source: {}.", self.source),
            format!(
                "Reproduced: the 90 % interval of the difference lies within ±{} (two one-sided tests at {} %); not \
                 reproduced: it lies outside; else inconclusive. Where no n is published, the published mean is taken as \
                 exact.",
                self.margin,
                100.0 * LEVEL
            ),
        ];
        notes.push(covered(seeding).to_owned());
        let by_name =
            |study: &&&Study<'_>| self.is_measured_by(study.subject) && self.likeness(study) == Likeness::ByName;
        if let Some(study) = studies.iter().filter(by_name).map(|study| study.dataset).next() {
            notes.push(format!(
                "That ours are the ratings of {study} is told by the name alone: [data.{study}] in the file of published \
                 numbers, with counts or a fingerprint, makes sure."
            ));
        }
        if !settings.is_empty() {
            notes.push(format!("Ours: the groups with {}.", settings.join(", ")));
        }
        Some(Grid {
            slug: format!("paper-{}", slug(&self.title)),
            title: format!("{paper} · {}", self.title),
            headers: headers.chain(numbers).chain([GridHeader::words("verdict")]).collect(),
            rows,
            notes,
        })
    }

    fn is_measured_by(&self, subject: Subject) -> bool {
        subject.study().name == self.measure && subject.protocol == Some(self.protocol.name())
    }

    /// Whether the group's trials have the settings that are asked for.
    fn fits(&self, group: &Group<'_>, specs: &BTreeMap<TrialId, &TrialRecord>) -> bool {
        let Some(trial) = group.trials.first() else { return false };
        let mut settings: BTreeMap<String, Value> = BTreeMap::new();
        let upstream = trial.spec().upstream();
        let upstream = upstream.iter().filter_map(|id| Some(specs.get(id)?.spec()));
        for spec in std::iter::once(trial.spec()).chain(upstream) {
            settings.extend(kind_settings(spec));
        }
        self.settings.iter().all(|(name, wanted)| {
            let found = settings.get(name);
            // 3 and 3.0 are one number.
            found.is_some_and(|found| match (found.as_f64(), wanted.as_f64()) {
                (Some(found), Some(wanted)) => found == wanted,
                _ => found == wanted,
            })
        })
    }

    /// Whether a study's ratings are those that the numbers were published on.
    fn likeness(&self, study: &Study<'_>) -> Likeness {
        let trial = study.groups.first().and_then(|group| group.trials.first());
        match trial.and_then(|trial| trial.spec().dataset()) {
            Some(dataset) => self.known.compare(&self.datasets, (study.dataset, dataset.fingerprint)),
            None => Likeness::Other("nothing is measured".to_owned()),
        }
    }

    fn row(&self, study: &Study<'_>, group: &Group<'_>, cell: &PublishedCell) -> GridRow {
        let ours = Summary::of(&group.scores(&cell.metric));
        let known = cell.std.zip(cell.n);
        let k = cell.metric.split_once('@').and_then(|(_, k)| k.parse().ok());
        let users = k.and_then(|k| UserCount::of(group, k));
        let tested = ours.as_ref().map(|ours| match ours.n {
            n if n < study.least => Equivalence::TooFew,
            _ => equivalence(ours, (cell.mean, known), self.margin, LEVEL),
        });
        let other_data = match self.likeness(study) {
            Likeness::Other(why) => Some(why),
            Likeness::Same | Likeness::ByName => None,
        };
        let (verdict, look, interval) = match tested {
            None => ("inconclusive: not measured".to_owned(), Look::Plain, None),
            Some(_) if group.stopped() > 0 => ("inconclusive: seeds were stopped early".to_owned(), Look::Plain, None),
            Some(_) if users.is_some_and(UserCount::is_thin) => {
                (format!("inconclusive: on fewer than {LEAST} users"), Look::Plain, None)
            }
            Some(Equivalence::TooFew) => {
                (format!("inconclusive: n = {}, no interval", ours.map_or(0, |ours| ours.n)), Look::Plain, None)
            }
            Some(Equivalence::Equivalent(it) | Equivalence::Different(it) | Equivalence::Inconclusive(it))
                if other_data.is_some() =>
            {
                (format!("inconclusive: {}", other_data.unwrap_or_default()), Look::Plain, Some(it))
            }
            Some(Equivalence::Equivalent(it)) => ("reproduced".to_owned(), Look::Strong, Some(it)),
            Some(Equivalence::Different(it)) => ("not reproduced".to_owned(), Look::Short, Some(it)),
            Some(Equivalence::Inconclusive(it)) => {
                ("inconclusive: the interval crosses the margin".to_owned(), Look::Plain, Some(it))
            }
        };
        let point = study
            .axes
            .iter()
            .filter_map(|axis| Some(format!("{} {}", short_axis(axis, &study.axes), group.point.get(*axis)?)));
        let name: Vec<String> = std::iter::once(group.policy.to_owned()).chain(point).collect();
        let mean = |it: Option<(f64, Option<f64>)>| GridCell::from(CellValue::spread(it, 3));
        let cells = vec![
            GridCell::words(&name.join(", ")),
            GridCell::words(study.dataset),
            GridCell::words(&cell.metric),
            CellValue::users(users).into(),
            mean(Some((cell.mean, cell.std))),
            cell.n.map_or(CellValue::Missing(Gap::NotSaid), CellValue::whole).into(),
            mean(ours.map(|ours| (ours.mean, ours.std))),
            CellValue::Count { count: group.seeds().len(), of: group.expected() }.into(),
            CellValue::number(ours.map(|ours| ours.mean - cell.mean), 3).into(),
            match interval {
                Some((low, high)) => CellValue::Interval { low, high, decimals: 3 },
                None => CellValue::number(None, 3),
            }
            .into(),
            GridCell::words(&verdict).looking(look),
        ];
        GridRow { cells, trials: group.ids() }
    }
}
