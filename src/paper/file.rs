//! A file of published tables. What it says is checked as a whole before anything runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use drr_core::neutral;
use serde::Deserialize;
use serde_json::Value;

use super::data::{DataKnown, PublishedData};
use crate::error::{Error, Result};

/// A difference of this much or less does not matter, where a file does not say.
const MARGIN: f64 = 0.01;

/// A file of published tables.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// What the numbers are from.
    pub title: String,
    /// Where the paper is to be had.
    #[serde(default)]
    pub source: String,
    /// A difference of this much or less does not matter.
    pub(super) margin: Option<f64>,
    /// The ratings that numbers were published on, by name.
    #[serde(default)]
    pub(super) data: BTreeMap<String, PublishedData>,
    /// The tables.
    #[serde(rename = "table")]
    pub(super) tables: Vec<PublishedTable>,
    /// How a protocol is looked for that a table may have used.
    #[serde(default, rename = "search")]
    pub(super) searches: Vec<ProtocolSearch>,
    /// The folder that sweep files are seen from.
    #[serde(skip)]
    folder: PathBuf,
    #[serde(skip)]
    pub(super) known: DataKnown,
}

/// Where a sweep file lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SweepPath(pub PathBuf);

/// One published table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedTable {
    /// What it is called: short, and unlike the others of the file.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// Where it stands.
    #[serde(default)]
    pub source: String,
    /// The ratings it was published on: a key of `[data]`.
    pub data: String,
    /// The sweep file whose trials answer it, seen from this file.
    pub(super) sweep: Option<PathBuf>,
    /// How ours are measured, by the name of the measure or of the model.
    #[serde(default)]
    pub(super) measure: String,
    /// Settings that ours must have, by full name, for example `drr.tau`.
    #[serde(default, rename = "where")]
    pub(super) settings: BTreeMap<String, Value>,
    /// A difference of this much or less does not matter.
    pub(super) margin: Option<f64>,
    /// Why no cell of it was tried.
    pub(super) not_tried: Option<String>,
    /// What must be known of it.
    #[serde(default)]
    pub(super) notes: Vec<String>,
    /// The policies that no policy scores above and below.
    #[serde(default)]
    pub(super) bounds: BoundPolicies,
    pub(super) columns: Vec<PublishedColumn>,
    pub(super) rows: Vec<PublishedRow>,
}

/// Policies whose scores nobody leaves.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BoundPolicies {
    /// The highest score there can be.
    pub best: Option<String>,
    /// The lowest.
    pub worst: Option<String>,
}

/// A column: a measure's metric.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishedColumn {
    /// Its header in the paper.
    pub name: String,
    /// What it is of ours.
    pub metric: String,
    /// A difference of this much or less does not matter, in the paper's units.
    pub(super) margin: Option<f64>,
    /// What ours is multiplied by to be in the paper's units.
    #[serde(default = "one")]
    pub times: f64,
    /// Whether less is better.
    #[serde(default)]
    pub lower_is_better: bool,
}

fn one() -> f64 {
    1.0
}

/// A row: one method.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishedRow {
    /// Its name in the paper.
    pub name: String,
    /// Which policies of ours are meant: one, or several of which each column takes the best.
    #[serde(default)]
    pub policy: Names,
    /// Settings that ours must have, beside the table's.
    #[serde(default, rename = "where")]
    pub settings: BTreeMap<String, Value>,
    /// A number for each column, or "not known".
    pub values: Vec<PublishedValue>,
    /// Standard deviations, where they are published.
    #[serde(default)]
    pub std: Vec<PublishedValue>,
    /// Number of runs behind each number, where it is published.
    pub n: Option<usize>,
    /// A difference of this much or less does not matter, in the paper's units.
    pub(super) margin: Option<f64>,
    /// The sweep file whose trials answer it, where it is not the table's.
    pub(super) sweep: Option<PathBuf>,
    /// How ours is measured, where it is not as the table says.
    pub measure: Option<String>,
    /// Why it was not tried.
    pub not_tried: Option<String>,
}

/// One name, or several.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Names {
    /// None is named.
    #[default]
    None,
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Names {
    /// As a list.
    pub fn list(&self) -> Vec<&str> {
        match self {
            Self::None => Vec::new(),
            Self::One(name) => vec![name],
            Self::Several(names) => names.iter().map(String::as_str).collect(),
        }
    }
}

/// A published number, or that it is not known.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum PublishedValue {
    /// The number.
    Number(f64),
    /// A word in its place.
    Word(String),
}

impl PublishedValue {
    /// The only word there can be.
    pub(super) const NOT_KNOWN: &'static str = "not known";

    /// The number, where it is known.
    pub fn number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

/// Rows that need no luck, measured under all protocols.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProtocolSearch {
    /// The table whose numbers are looked for.
    pub table: String,
    /// The sweep file whose trials measure all protocols.
    pub(super) sweep: PathBuf,
    /// The measure of these trials.
    pub measure: String,
    /// A policy that no policy scores above.
    pub best: Option<String>,
    /// What each row may have been.
    #[serde(rename = "row")]
    pub rows: Vec<SearchedRow>,
}

/// What a row may have been.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchedRow {
    /// The row of the table.
    pub name: String,
    /// Policies, each a way to read the row; of several in one list the better.
    pub readings: Vec<Names>,
}

impl Paper {
    /// Reads a file of published tables. Whether ours stand on the same ratings is told by their content, as far as the
    /// file describes it; counts are looked up in the folder `data`.
    ///
    /// # Errors
    /// A file that is not there, is no such file, or contradicts itself.
    pub fn read(path: &Path, data: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::input(format!("cannot read {}: {error}", path.display())))?;
        let mut paper: Self = toml::from_str(&text).map_err(|error| {
            Error::input(format!("{} is no file of published tables: {error}", path.display()))
                .hint("papers/drr.toml is one; docs/papers.md says what it may hold")
        })?;
        let named = |problem: String| Error::input(format!("{}: {problem}", path.display()));
        let record: Value = toml::from_str(&text).unwrap_or_default();
        neutral::check_value(&record).map_err(|hidden| named(hidden.to_string()))?;
        paper.check().map_err(named)?;
        paper.folder = path.parent().unwrap_or(Path::new("")).to_owned();
        paper.known = DataKnown::new(paper.data.clone(), data);
        Ok(paper)
    }

    /// The sweep files that answer the tables of these names, or all: each once.
    pub fn sweeps(&self, only: &[String]) -> BTreeSet<SweepPath> {
        let tables = self.asked(only).filter(|table| self.is_at_hand(table));
        let of_table = |table: &PublishedTable| {
            let rows: Vec<_> = table.rows.iter().filter_map(|row| self.sweep_of_row(table, row)).collect();
            rows.into_iter().chain(self.sweep_of(table)).collect::<Vec<_>>()
        };
        tables.flat_map(of_table).collect()
    }

    /// The sweep files that measure all protocols.
    pub fn search_sweeps(&self) -> BTreeSet<SweepPath> {
        self.searches.iter().map(|search| self.search_sweep(search)).collect()
    }

    pub(super) fn search_sweep(&self, search: &ProtocolSearch) -> SweepPath {
        SweepPath(self.folder.join(&search.sweep))
    }

    /// The tables of these names, or all.
    pub(super) fn asked<'a>(&'a self, only: &'a [String]) -> impl Iterator<Item = &'a PublishedTable> {
        self.tables.iter().filter(move |table| only.is_empty() || only.contains(&table.name))
    }

    /// The first of some names that is no table's, and the names there are.
    pub fn unknown_table<'a>(&self, only: &'a [String]) -> Option<(&'a str, Vec<&str>)> {
        let names: Vec<&str> = self.tables.iter().map(|table| table.name.as_str()).collect();
        only.iter().find(|name| !names.contains(&name.as_str())).map(|name| (name.as_str(), names.clone()))
    }

    /// Where the sweep lies that answers a table.
    pub(super) fn sweep_of(&self, table: &PublishedTable) -> Option<SweepPath> {
        table.not_tried.is_none().then(|| Some(SweepPath(self.folder.join(table.sweep.as_ref()?))))?
    }

    /// Where the sweep lies that answers a row.
    pub(super) fn sweep_of_row(&self, table: &PublishedTable, row: &PublishedRow) -> Option<SweepPath> {
        if table.not_tried.is_some() || row.not_tried.is_some() {
            return None;
        }
        row.sweep.as_ref().map(|path| SweepPath(self.folder.join(path))).or_else(|| self.sweep_of(table))
    }

    /// Whether the data folder holds the ratings a table was published on.
    pub(super) fn is_at_hand(&self, table: &PublishedTable) -> bool {
        self.known.is_at_hand(&table.data)
    }

    /// How the ratings of a table are to be had.
    pub(super) fn where_to_have(&self, table: &PublishedTable) -> &str {
        self.data
            .get(&table.data)
            .and_then(|data| data.have.as_deref())
            .unwrap_or("the file does not say where it is to be had")
    }

    /// What a difference may be in a column, in the paper's units.
    pub(super) fn margin(&self, table: &PublishedTable, column: &PublishedColumn) -> f64 {
        column.margin.or(table.margin).or(self.margin).unwrap_or(MARGIN)
    }

    /// What a difference may be in a cell: the row has the last word.
    pub(super) fn margin_of(&self, table: &PublishedTable, row: &PublishedRow, column: &PublishedColumn) -> f64 {
        row.margin.unwrap_or_else(|| self.margin(table, column))
    }
}
