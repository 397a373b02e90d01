//! From the texts of a request to a whole sweep file: layers and overrides put together, then judged as a whole.

use std::collections::BTreeMap;
use std::path::Path;

use drr_core::Seed;
use drr_kinds::{Kind, registry};

use super::axis::{Axis, Setting};
use super::choices::{DatasetChoice, Design};
use super::dataset::Fingerprints;
use super::distribution::Distribution;
use super::draft::{Draft, Wanted};
use super::fields::FieldKey;
use super::file::SweepFile;
use super::name::name_fault;
use super::overrides::{self, Request};
use super::problem::{Problem, Problems, Source, TextSpan};
use super::{check, inherit, search};
use crate::error::Result;

/// More trials than this are refused unless the file sets `max_trials`.
const MAX_TRIALS: usize = 10_000;

/// The policies that a sweep compares with where its file does not say.
const BASELINES: [&str; 4] = ["random", "popularity", "pmf", "drr-untrained"];

/// Understands texts in the order in which they speak, the sweep file last, and what was asked for on top of them.
/// `recorded` is the text that its record will hold.
///
/// # Errors
/// All problems of the texts and the overrides at once.
pub(super) fn read(
    sources: &[Source],
    asked: &Request,
    recorded: String,
    fingerprints: &mut dyn Fingerprints,
) -> Result<SweepFile> {
    let mut problems = Problems::default();
    let source = sources.last().expect("a request holds its sweep file");
    let Some(read) = inherit::read(sources, asked.profile.as_deref(), &mut problems) else {
        return Err(problems.into_error(source.name()));
    };
    let inherit::ReadSource { mut draft, suffix } = read;
    asked.set.iter().for_each(|text| overrides::apply(&mut draft, text, &mut problems));
    asked.only.iter().for_each(|text| overrides::only(&mut draft, text, &mut problems));
    let mut file = whole(draft, source, suffix, &mut problems);
    if !file.dataset.is_synthetic()
        && !file.dataset.name.is_empty()
        && let Err(error) = fingerprints.named(&file.dataset)
    {
        problems.absorb(error, &file.dataset.place);
    }
    if !problems.is_empty() {
        return Err(problems.into_error(source.name()));
    }
    file.text = recorded;
    Ok(file)
}

fn whole(draft: Draft, source: &Source, suffix: Option<String>, problems: &mut Problems) -> SweepFile {
    let start = source.start();
    let stem = Path::new(source.name()).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut name = draft.name.map_or_else(|| stem.unwrap_or_default(), |(name, _)| name);
    if let Some(suffix) = suffix {
        // A record of its own: a smoke run must not replace the record of the whole sweep.
        name = format!("{name}-{suffix}");
    }
    if let Some(rule) = name_fault(&name) {
        let problem =
            Problem::new(format!("\"{name}\" cannot name a sweep")).help("give it a name: name = \"my-sweep\"");
        problems.add(problem, &start, rule);
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
    // Where the field that was to be drawn is wrong, that says it all.
    let section = draft.search.filter(|_| !drawn.is_empty() || !draft.misdrawn);
    let searched = searched(&drawn, section, problems);
    let notes = searched.as_ref().and_then(search::repeated).into_iter().collect();
    axes.extend(searched);
    axes.sort_by_key(|axis| axis.fields.iter().min().copied());
    let file = SweepFile {
        name,
        text: String::new(),
        notes,
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
    drawn: &[(FieldKey, Distribution, TextSpan)],
    section: Option<search::SearchSection>,
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
