//! A sweep file that has been read, overridden and found whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use drr_core::{Seed, neutral};
use drr_kinds::{Kind, registry};
use serde_json::Value;

use super::axis::{Axis, Setting};
use super::condition::Condition;
use super::dataset::Fingerprints;
use super::draft::{Draft, Exclusion, Wanted, is_name};
use super::execution::{EarlyStop, Execution};
use super::fields::FieldKey;
use super::problem::{Place, Problem, Problems, Source};
use super::slurm::SlurmSettings;
use super::{check, inherit, overrides, search};
use crate::error::{Error, Result};

/// More trials than this are refused unless the file sets `max_trials`.
const MAX_TRIALS: usize = 10_000;

/// A whole sweep file: every value checked, every axis known.
#[derive(Clone, Debug)]
pub struct SweepFile {
    /// The sweep's name.
    pub name: String,
    /// The file as written; below it, as comments, what it extends and what was asked for on the command line.
    pub text: String,
    /// The ratings.
    pub dataset: DatasetChoice,
    /// The replicates.
    pub seeds: Vec<Seed>,
    /// Policies to compare with.
    pub baselines: Vec<&'static Kind>,
    /// Where the file begins, for problems of the whole.
    pub start: Place,
    /// Where the split's seed comes from.
    pub split_seed: SplitSeed,
    /// How policies are measured, by the names of the measures.
    pub measures: Vec<&'static str>,
    /// Fields that do not vary and differ from their default.
    pub fixed: BTreeMap<FieldKey, Value>,
    /// What varies, in canonical order: the order of the file changes nothing.
    pub axes: Vec<Axis>,
    /// How the axes make points.
    pub design: Design,
    /// When a field varies at all; elsewhere it has its default.
    pub conditions: BTreeMap<FieldKey, Vec<Condition>>,
    /// Combinations that are left out.
    pub excludes: Vec<Exclusion>,
    /// What trials must have to stay.
    pub only: Vec<Condition>,
    /// Most trials the sweep may have.
    pub max_trials: usize,
    /// Whether it runs only from sources that are as committed.
    pub clean: bool,
    /// How trials are submitted to a cluster.
    pub slurm: SlurmSettings,
    /// How it runs.
    pub execution: Execution,
    /// Which trials are given up, if any are.
    pub early_stop: Option<EarlyStop>,
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

/// How axes make points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// Every combination.
    Grid,
    /// Each axis alone, the others at their first value.
    OneAtATime,
}

impl Design {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Grid, Self::OneAtATime];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::OneAtATime => "one-at-a-time",
        }
    }
}

/// The policies that a sweep compares with where its file does not say.
const BASELINES: [&str; 4] = ["random", "popularity", "pmf", "drr-untrained"];

impl DatasetChoice {
    /// The name of made-up datasets.
    pub const SYNTHETIC: &'static str = "synthetic";

    /// Whether the ratings are made up from the section `[synthetic]`.
    pub fn is_synthetic(&self) -> bool {
        self.name == Self::SYNTHETIC
    }
}

/// What was asked for on the command line.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Overrides, `KEY=VALUE,VALUE`.
    pub set: Vec<String>,
    /// What trials must have to stay, `KEY=VALUE,VALUE`.
    pub only: Vec<String>,
    /// The profile.
    pub profile: Option<String>,
}

/// Reads a sweep file and what was asked for on the command line.
///
/// # Errors
/// A file that cannot be read, or all problems of the file and the overrides at once.
pub fn load(path: &Path, request: &Request, fingerprints: &mut dyn Fingerprints) -> Result<SweepFile> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::input(format!("there is no sweep file {shown}")).hint("the ready-made ones lie in sweeps/")
        }
        _ => Error::input(format!("{shown} cannot be read: {error}")),
    })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    parse(&Source::new(&shown, &text), folder, request, fingerprints)
}

/// Reads the text of a sweep file that lies in `folder`.
///
/// # Errors
/// All problems of the text and the overrides at once.
pub fn parse(
    source: &Source,
    folder: &Path,
    request: &Request,
    fingerprints: &mut dyn Fingerprints,
) -> Result<SweepFile> {
    let mut problems = Problems::default();
    let shown = source.name().to_owned();
    let Some(read) = inherit::read(source, folder, request.profile.as_deref(), &mut problems) else {
        return Err(problems.into_error(&shown));
    };
    let inherit::Read { mut draft, bases, suffix } = read;
    request.set.iter().for_each(|text| overrides::apply(&mut draft, text, &mut problems));
    request.only.iter().for_each(|text| overrides::only(&mut draft, text, &mut problems));
    let mut file = whole(draft, source, suffix, &mut problems);
    if !file.dataset.is_synthetic()
        && !file.dataset.name.is_empty()
        && let Err(error) = fingerprints.named(&file.dataset)
    {
        problems.absorb(error, &file.dataset.place);
    }
    if !problems.is_empty() {
        return Err(problems.into_error(&shown));
    }
    file.text = frozen(source, &bases, request);
    Ok(file)
}

/// The text that is kept with the sweep's record.
fn frozen(source: &Source, bases: &[Source], request: &Request) -> String {
    let mut text = source.text().to_owned();
    for base in bases {
        text.push_str(&format!("\n# it extends {}, which said:\n", neutral::line(base.name())));
        base.text().lines().for_each(|line| text.push_str(&format!("#   {line}\n")));
    }
    let given = request.profile.iter().map(|name| format!("--profile {name}"));
    let given = given.chain(request.set.iter().map(|item| format!("--set {item}")));
    for option in given.chain(request.only.iter().map(|item| format!("--only {item}"))) {
        text.push_str(&format!("\n# given on the command line: {}", option.replace('\n', " ")));
    }
    text
}

fn whole(draft: Draft, source: &Source, suffix: Option<String>, problems: &mut Problems) -> SweepFile {
    let start = source.start();
    let stem = Path::new(source.name()).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut name = draft.name.map_or_else(|| stem.unwrap_or_default(), |(name, _)| name);
    if let Some(suffix) = suffix {
        // A record of its own: a smoke run must not replace the record of the whole sweep.
        name = format!("{name}-{suffix}");
    }
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
    let (mut fixed, mut conditions, mut drawn) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut axes: Vec<Axis> = draft.groups.into_iter().map(|group| group.axis).collect();
    let mut mentioned = Vec::new();
    for (key, said) in draft.settings {
        mentioned.push((key, said.place.clone()));
        if key.field().section == DatasetChoice::SYNTHETIC && !dataset.is_synthetic() && !dataset.name.is_empty() {
            let problem = Problem::new(format!("`{}` has no effect: the dataset is \"{}\"", key.name(), dataset.name));
            problems.add(problem.help("[synthetic] describes dataset = \"synthetic\""), &said.place, "never used");
        }
        if !said.when.is_empty() {
            conditions.insert(key, said.when);
        }
        match said.setting {
            Setting::Fixed(value) => {
                fixed.insert(key, value);
            }
            Setting::Varied(values) => {
                axes.push(Axis { fields: vec![key], points: values.into_iter().map(|value| vec![value]).collect() });
            }
            Setting::Drawn(distribution) => drawn.push((key, distribution, said.place)),
        }
    }
    axes.extend(searched(&drawn, draft.search, problems));
    axes.sort_by_key(|axis| axis.fields.iter().min().copied());
    let file = SweepFile {
        name,
        text: String::new(),
        dataset,
        start,
        seeds: draft.seeds.unwrap_or_else(|| vec![Seed(0), Seed(1), Seed(2)]),
        baselines: draft.baselines.unwrap_or_else(|| BASELINES.into_iter().filter_map(registry::policy).collect()),
        split_seed: draft.split_seed,
        measures: wanted(&draft.measures),
        fixed,
        axes,
        design: draft.design.unwrap_or(Design::Grid),
        conditions,
        excludes: draft.excludes,
        only: draft.only,
        max_trials: draft.max_trials.unwrap_or(MAX_TRIALS),
        clean: draft.clean,
        slurm: draft.slurm,
        execution: draft.execution,
        early_stop: draft.early_stop,
    };
    check::effects(&file, &mentioned, problems);
    check::conditions(&file, problems);
    file
}

/// The measures that are asked for, or that nobody switched off.
fn wanted(said: &BTreeMap<&'static str, Wanted>) -> Vec<&'static str> {
    let is_wanted = |kind: &&Kind| match said.get(kind.name) {
        Some(said) => *said == Wanted::Yes,
        None => kind.measure().is_some_and(|measure| measure.by_default),
    };
    registry::measures().filter(is_wanted).map(|kind| kind.name).collect()
}

/// The axis of a random search, if there is one.
fn searched(
    drawn: &[(FieldKey, search::Distribution, Place)],
    section: Option<search::Search>,
    problems: &mut Problems,
) -> Option<Axis> {
    match (drawn, section) {
        ([], Some(section)) => {
            let problem = Problem::new("[search] has no effect: no field is drawn");
            let help = "give a field as { uniform = [low, high] }, { log_uniform = … } or { int = … }";
            problems.add(problem.help(help), &section.place, "never used");
            None
        }
        ([], None) => None,
        (drawn, Some(section)) if section.samples.is_some() => {
            let fields: Vec<_> = drawn.iter().map(|(key, distribution, _)| (*key, *distribution)).collect();
            search::draw(&fields, &section, problems)
        }
        ([(key, _, place), ..], _) => {
            let problem = Problem::new(format!("`{}` is drawn, but not how often", key.name()));
            problems.add(problem.help("[search]\nsamples = 50"), place, "needs `samples` in [search]");
            None
        }
    }
}
