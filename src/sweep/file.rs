//! A sweep file that has been read, overridden and found whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use drr_core::Seed;
use serde_json::Value;

use super::axis::{Axis, Setting};
use super::draft::{Draft, Wanted, is_name};
use super::fields::FieldKey;
use super::problem::{Place, Problem, Problems, Source};
use super::{document, overrides, tree};
use crate::error::{Error, Result};

/// More trials than this are refused unless the file sets `max_trials`.
const MAX_TRIALS: usize = 10_000;

/// A whole sweep file: every value checked, every axis known.
#[derive(Clone, Debug)]
pub struct SweepFile {
    /// The sweep's name.
    pub name: String,
    /// The file as written, and the overrides as comments below it.
    pub text: String,
    /// The ratings.
    pub dataset: DatasetChoice,
    /// The replicates.
    pub seeds: Vec<Seed>,
    /// Policies to compare with.
    pub baselines: Vec<Baseline>,
    /// Where the split's seed comes from.
    pub split_seed: SplitSeed,
    /// Whether the recommender is evaluated on the test log.
    pub offline: bool,
    /// Whether the recommender is evaluated in online sessions.
    pub online: bool,
    /// Fields that do not vary and differ from their default.
    pub fixed: BTreeMap<FieldKey, Value>,
    /// What varies, in canonical order: the order of the file changes nothing.
    pub axes: Vec<Axis>,
    /// Most trials the sweep may have.
    pub max_trials: usize,
}

/// The dataset a file names, and where it does.
#[derive(Clone, Debug)]
pub struct DatasetChoice {
    /// Its name; `synthetic` for a made-up one.
    pub name: String,
    /// Where the name stands.
    pub place: Place,
}

/// Where the split's seed comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitSeed {
    /// One split for all seeds, so that seeds measure training's noise alone.
    Fixed,
    /// Each seed has its own split.
    Trial,
}

/// A policy to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// Uniform choice.
    Random,
    /// By positive train ratings.
    Popularity,
    /// By predicted rating.
    Pmf,
    /// Networks as initialised.
    DrrUntrained,
}

impl Baseline {
    /// All of them, which is the default.
    pub const ALL: [Self; 4] = [Self::Random, Self::Popularity, Self::Pmf, Self::DrrUntrained];

    /// The name in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Popularity => "popularity",
            Self::Pmf => "pmf",
            Self::DrrUntrained => "drr-untrained",
        }
    }
}

impl DatasetChoice {
    /// The name of made-up datasets.
    pub const SYNTHETIC: &'static str = "synthetic";

    /// Whether the ratings are made up from the section `[synthetic]`.
    pub fn is_synthetic(&self) -> bool {
        self.name == Self::SYNTHETIC
    }
}

/// Reads a sweep file and applies overrides (`KEY=VALUE`) to it.
///
/// # Errors
/// A file that cannot be read, or all problems of the file and the overrides at once.
pub fn load(path: &Path, overrides: &[String]) -> Result<SweepFile> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::input(format!("there is no sweep file {shown}")).hint("the ready-made ones lie in sweeps/")
        }
        _ => Error::input(format!("{shown} cannot be read: {error}")),
    })?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    parse(&shown, &stem, &text, overrides)
}

/// Reads the text of a sweep file shown as `shown` whose name is `stem` unless it says otherwise.
///
/// # Errors
/// All problems of the text and the overrides at once.
pub fn parse(shown: &str, stem: &str, text: &str, overrides: &[String]) -> Result<SweepFile> {
    let mut problems = Problems::default();
    let mut draft = Draft::new();
    let source = Source::new(shown, text);
    let entries = tree::document(&source, &mut problems);
    if !problems.is_empty() {
        // What follows a broken line is guesswork; its problems would mislead.
        return Err(problems.into_error(shown));
    }
    document::read(&mut draft, &entries, &mut problems);
    for item in overrides {
        overrides::apply(&mut draft, item, &mut problems);
    }
    let mut file = whole(draft, &source, stem, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into_error(shown));
    }
    file.text = text.to_owned();
    for item in overrides {
        file.text.push_str(&format!("\n# overridden on the command line: --set {}", item.replace('\n', " ")));
    }
    Ok(file)
}

fn whole(draft: Draft, source: &Source, stem: &str, problems: &mut Problems) -> SweepFile {
    let start = source.place(0..source.text().lines().next().map_or(0, str::len));
    let name = draft.name.map_or_else(|| stem.to_owned(), |(name, _)| name);
    if !is_name(&name) {
        let problem =
            Problem::new(format!("\"{name}\" cannot name a sweep")).help("give it a name: name = \"my-sweep\"");
        problems.add(problem, &start, "names are letters, digits, `-`, `_` and `.`");
    }
    let (name_of_data, place) = draft.dataset.unwrap_or_else(|| {
        let problem = Problem::new("the sweep names no dataset").help("add dataset = \"ml-100k\", or \"synthetic\"");
        problems.add(problem, &start, "before the first section");
        (String::new(), start.clone())
    });
    let dataset = DatasetChoice { name: name_of_data, place };
    let mut fixed = BTreeMap::new();
    let mut axes = draft.groups;
    for (key, (setting, place)) in draft.settings {
        if key.field().section == DatasetChoice::SYNTHETIC && !dataset.is_synthetic() && !dataset.name.is_empty() {
            let problem = Problem::new(format!("`{}` has no effect: the dataset is \"{}\"", key.name(), dataset.name));
            problems.add(problem.help("[synthetic] describes dataset = \"synthetic\""), &place, "never used");
        }
        match setting {
            Setting::Fixed(value) => {
                fixed.insert(key, value);
            }
            Setting::Varied(values) => {
                axes.push(Axis { fields: vec![key], points: values.into_iter().map(|value| vec![value]).collect() });
            }
        }
    }
    axes.sort_by_key(|axis| axis.fields.iter().min().copied());
    SweepFile {
        name,
        text: String::new(),
        dataset,
        seeds: draft.seeds.unwrap_or_else(|| vec![Seed(0), Seed(1), Seed(2)]),
        baselines: draft.baselines.unwrap_or_else(|| Baseline::ALL.to_vec()),
        split_seed: draft.split_seed,
        offline: draft.offline != Wanted::No,
        online: draft.online == Wanted::Yes,
        fixed,
        axes,
        max_trials: draft.max_trials.unwrap_or(MAX_TRIALS),
    }
}
