//! All cells of a paper with their verdicts.

use std::collections::BTreeMap;

use drr_core::TrialId;

use super::data::Likeness;
use super::file::{Paper, PublishedColumn, PublishedRow, PublishedTable, SweepPath};
use super::found::{ColumnScores, RowTrials, RowWanted, SweepAnswers};
use super::verdict::{CellEvidence, CellVerdict, Numbers};
use crate::store::StoredSweep;
use crate::study::users::UserCount;
use drr_stats::{Resampling, Summary, kendall_interval};

/// From here on the whole interval of τ says that the ranking of a column comes out.
const ORDER: f64 = 0.6;

/// A ranking of fewer rows than this says nothing.
const LEAST_ROWS: usize = 4;

/// A paper with a verdict a cell.
#[derive(Clone, Debug)]
pub struct JudgedPaper {
    /// What the numbers are from.
    pub title: String,
    /// Where it is to be had.
    pub source: String,
    /// Its tables.
    pub tables: Vec<JudgedTable>,
}

/// A table.
#[derive(Clone, Debug)]
pub struct JudgedTable {
    /// Its short name.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// Where it stands.
    pub source: String,
    /// The ratings it was published on.
    pub data: String,
    /// Headers, and what each is of ours.
    pub columns: Vec<(String, String)>,
    /// Rows in the paper's order.
    pub rows: Vec<JudgedRow>,
    /// What no number may be read without.
    pub notes: Vec<String>,
}

/// A row.
#[derive(Clone, Debug)]
pub struct JudgedRow {
    /// Its name in the paper.
    pub name: String,
    /// A cell for each column.
    pub cells: Vec<JudgedCell>,
}

/// A cell.
#[derive(Clone, Debug)]
pub struct JudgedCell {
    /// The numbers.
    pub numbers: Numbers,
    /// The verdict.
    pub verdict: CellVerdict,
    /// Which policy of ours it is, where there is one.
    pub policy: String,
    /// A difference of this much or less does not matter.
    pub margin: f64,
    /// The users behind ours.
    pub users: Option<UserCount>,
    /// The trials behind ours.
    pub trials: Vec<TrialId>,
}

impl JudgedPaper {
    /// How many cells there are of each verdict, in the order of [`CellVerdict::NAMES`].
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let cells = || self.tables.iter().flat_map(|table| &table.rows).flat_map(|row| &row.cells);
        let count = |name: &'static str| (name, cells().filter(|cell| cell.verdict.name() == name).count());
        CellVerdict::NAMES.into_iter().map(count).collect()
    }
}

/// Every cell of the tables of these names, or of all, with its verdict. `sweeps` gives what is recorded of a sweep file.
pub fn judge<'a>(
    paper: &Paper,
    only: &[String],
    sweeps: &dyn Fn(&SweepPath) -> Option<&'a StoredSweep>,
) -> JudgedPaper {
    let tables = paper.asked(only).map(|table| Tabled { paper, table }.judge(sweeps));
    JudgedPaper { title: paper.title.clone(), source: paper.source.clone(), tables: tables.collect() }
}

/// What of the tables of these names, or of all, no trial of their sweeps will answer, in words: known as soon as the sweeps are
/// expanded.
pub fn unanswered<'a>(
    paper: &Paper,
    only: &[String],
    sweeps: &dyn Fn(&SweepPath) -> Option<&'a StoredSweep>,
) -> Vec<String> {
    let tables = paper.asked(only).map(|table| Tabled { paper, table });
    tables.flat_map(|tabled| tabled.unanswered(sweeps)).collect()
}

struct Tabled<'p> {
    paper: &'p Paper,
    table: &'p PublishedTable,
}

impl Tabled<'_> {
    fn judge<'a>(&self, sweeps: &dyn Fn(&SweepPath) -> Option<&'a StoredSweep>) -> JudgedTable {
        let Self { paper, table } = self;
        let mut known: BTreeMap<SweepPath, Option<SweepAnswers<'a>>> = BTreeMap::new();
        let paths = table.rows.iter().filter_map(|row| paper.sweep_of_row(table, row)).chain(paper.sweep_of(table));
        for path in paths {
            known.entry(path).or_insert_with_key(|path| sweeps(path).map(SweepAnswers::new));
        }
        let of = |path: Option<SweepPath>| path.and_then(|path| known.get(&path)?.as_ref());
        let bounds = of(paper.sweep_of(table)).map(|answers| self.bounds(answers));
        let (mut by_name, mut of_one_draw) = (false, false);
        let mut rows = Vec::new();
        let mut scores: Vec<Vec<ColumnScores>> = Vec::new();
        for row in &table.rows {
            let answers = of(paper.sweep_of_row(table, row));
            let found = answers.map_or_else(Vec::new, |answers| self.find(answers, row));
            let likeness = found.iter().find_map(|(_, found)| found.likeness(&paper.known, &table.data));
            by_name |= likeness == Some(Likeness::ByName);
            of_one_draw |= found.iter().any(|(_, found)| found.share_a_draw());
            let (cells, own): (Vec<JudgedCell>, Vec<ColumnScores>) = table
                .columns
                .iter()
                .enumerate()
                .map(|(at, column)| self.cell(row, (at, column), &found, likeness.as_ref(), bounds.as_ref()))
                .unzip();
            rows.push(JudgedRow { name: row.name.clone(), cells });
            scores.push(own);
        }
        for at in 0..table.columns.len() {
            order(&mut rows, &scores, at);
        }
        JudgedTable {
            name: table.name.clone(),
            title: table.title.clone(),
            source: table.source.clone(),
            data: table.data.clone(),
            columns: table.columns.iter().map(|column| (column.name.clone(), column.metric.clone())).collect(),
            rows,
            notes: self.notes(by_name, of_one_draw),
        }
    }

    fn unanswered<'a>(&self, sweeps: &dyn Fn(&SweepPath) -> Option<&'a StoredSweep>) -> Vec<String> {
        let Self { paper, table } = self;
        let mut unanswered = Vec::new();
        for row in &table.rows {
            let Some(sweep) = paper.sweep_of_row(table, row).and_then(|path| sweeps(&path)) else { continue };
            let found = self.find(&SweepAnswers::new(sweep), row);
            let unclear = found.iter().filter_map(|(_, found)| found.unclear());
            unanswered.extend(unclear.map(|why| format!("table `{}`, row `{}`: {why}", table.name, row.name)));
        }
        unanswered
    }

    fn find<'a>(&self, answers: &SweepAnswers<'a>, row: &PublishedRow) -> Vec<(String, RowTrials<'a>)> {
        let measure = row.measure.as_deref().unwrap_or(&self.table.measure);
        let one = |policy: &str| {
            let wanted = RowWanted { measure, ..self.wanted(policy, &row.settings) };
            (policy.to_owned(), answers.find(wanted))
        };
        row.policy.list().into_iter().map(one).collect()
    }

    fn wanted<'w>(&'w self, policy: &'w str, settings: &'w BTreeMap<String, serde_json::Value>) -> RowWanted<'w> {
        RowWanted { measure: &self.table.measure, policy, settings: [&self.table.settings, settings] }
    }

    /// The scores of the bounds, in each column.
    fn bounds(&self, answers: &SweepAnswers<'_>) -> Vec<(Vec<f64>, Vec<f64>)> {
        let none = BTreeMap::new();
        let of = |policy: &Option<String>| policy.as_deref().map(|it| answers.find(self.wanted(it, &none)));
        let (best, worst) = (of(&self.table.bounds.best), of(&self.table.bounds.worst));
        let scores = |found: &Option<RowTrials<'_>>, column: &PublishedColumn| {
            // A bound of one draw is none for others.
            let found = found.as_ref().filter(|found| !found.share_a_draw());
            let scores = found.map(|found| found.scores(&column.metric, column.times)).unwrap_or_default();
            scores.by_seed.into_iter().map(|(_, score)| score).collect()
        };
        let columns = self.table.columns.iter();
        columns.map(|column| (scores(&best, column), scores(&worst, column))).collect()
    }

    fn cell(
        &self,
        row: &PublishedRow,
        (at, column): (usize, &PublishedColumn),
        found: &[(String, RowTrials<'_>)],
        likeness: Option<&Likeness>,
        bounds: Option<&Vec<(Vec<f64>, Vec<f64>)>>,
    ) -> (JudgedCell, ColumnScores) {
        let Self { paper, table } = self;
        let margin = paper.margin_of(table, row, column);
        let value =
            |values: &[super::file::PublishedValue]| values.get(at).and_then(super::file::PublishedValue::number);
        let published = value(&row.values).map(|mean| (mean, value(&row.std), row.n));
        let (policy, scores) = better(found, column);
        let told = |verdict: CellVerdict, numbers: Numbers, scores: ColumnScores| {
            let trials = scores.trials.clone();
            (JudgedCell { numbers, verdict, policy: policy.to_owned(), margin, users: scores.users, trials }, scores)
        };
        let alone = Numbers { published, ..Numbers::default() };
        if published.is_none() && scores.by_seed.is_empty() {
            return told(CellVerdict::NotKnown, alone, ColumnScores::default());
        }
        if let Some(why) = table.not_tried.as_ref().or(row.not_tried.as_ref()) {
            return told(CellVerdict::NotTried { why: why.clone() }, alone, ColumnScores::default());
        }
        if scores.expected == 0 && !paper.is_at_hand(table) {
            let have = paper.where_to_have(table).to_owned();
            return told(CellVerdict::NoData { have }, alone, ColumnScores::default());
        }
        let hindrance = match (likeness, found.is_empty()) {
            (_, true) => Some("its sweep is not recorded".to_owned()),
            (Some(Likeness::Other(other)), _) => {
                let own = scores.hindrance.as_ref().map_or_else(String::new, |own| format!("{own}; "));
                Some(own + other)
            }
            _ => scores.hindrance.clone(),
        };
        let is_other = matches!(likeness, Some(Likeness::Other(_)));
        let evidence = CellEvidence {
            published,
            ours: scores.by_seed.iter().map(|(_, score)| *score).collect(),
            bounds: bounds.filter(|_| !is_other).and_then(|bounds| bounds.get(at).cloned()).unwrap_or_default(),
            hindrance,
            margin,
        };
        let (numbers, verdict) = evidence.judge();
        told(verdict, numbers, scores)
    }

    fn notes(&self, by_name: bool, of_one_draw: bool) -> Vec<String> {
        let table = self.table;
        let mut notes = table.notes.clone();
        let settings: Vec<String> = table.settings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        if !settings.is_empty() {
            notes.push(format!("Ours: {} with {}.", table.measure, settings.join(", ")));
        }
        if of_one_draw {
            notes.push(
                "Seeds of ours share one drawn split: intervals tell the noise of training alone, not that of another split, and no \
                 number is called impossible by it. With split.seed = \"trial\" each seed draws its own."
                    .to_owned(),
            );
        }
        if by_name {
            notes.push(format!(
                "That ours are the ratings of {} is told by the name alone: counts or a fingerprint in [data.{}] make sure.",
                table.data, table.data
            ));
        }
        notes
    }
}

/// Of several policies the one that does better in a column; none of them where any is hindered, for it might be the better.
fn better<'f>(found: &'f [(String, RowTrials<'_>)], column: &PublishedColumn) -> (&'f str, ColumnScores) {
    let mut best: Option<(&str, ColumnScores, f64)> = None;
    for (policy, found) in found {
        let scores = found.scores(&column.metric, column.times);
        let mean = Summary::of(&scores.by_seed.iter().map(|(_, score)| *score).collect::<Vec<_>>());
        let worth = mean.map_or(f64::NEG_INFINITY, |it| if column.lower_is_better { -it.mean } else { it.mean });
        let is_better = best.as_ref().is_none_or(|(_, known, other)| {
            known.hindrance.is_none() && (scores.hindrance.is_some() || worth > *other)
        });
        if is_better {
            best = Some((policy, scores, worth));
        }
    }
    best.map_or(("", ColumnScores::default()), |(policy, scores, _)| (policy, scores))
}

/// Where the ranking of a column's rows comes out, what differs differs in its level alone.
fn order(rows: &mut [JudgedRow], scores: &[Vec<ColumnScores>], at: usize) {
    let usable = |row: &JudgedRow| {
        matches!(row.cells[at].verdict, CellVerdict::Reproduced | CellVerdict::Differs | CellVerdict::Impossible { .. })
            || matches!(row.cells[at].verdict, CellVerdict::Inconclusive { seeds: Some(_), .. })
    };
    let (mut published, mut ours) = (Vec::new(), Vec::new());
    for (row, scores) in rows.iter().zip(scores).filter(|(row, _)| usable(row)) {
        if let Some((mean, ..)) = row.cells[at].numbers.published.filter(|_| !scores[at].by_seed.is_empty()) {
            published.push(mean);
            ours.push(scores[at].by_seed.clone());
        }
    }
    if published.len() < LEAST_ROWS {
        return;
    }
    let Some(tau) = kendall_interval(&published, &ours, 0.95, Resampling::default()) else { return };
    if tau.1.0 < ORDER {
        return;
    }
    for cell in rows.iter_mut().map(|row| &mut row.cells[at]).filter(|cell| cell.verdict == CellVerdict::Differs) {
        cell.verdict = CellVerdict::OrderOnly { tau };
    }
}
