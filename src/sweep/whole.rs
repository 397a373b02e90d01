//! From the texts of a request to a whole sweep file: layers and overrides put together, then judged as a whole.

use std::collections::BTreeMap;
use std::path::Path;

use drr_core::Seed;
use drr_kinds::{Kind, registry};
use serde_json::Value;

use super::axis::{Axis, Setting};
use super::choices::{DatasetChoice, Design};
use super::command::{self, Commands, Parameter};
use super::dataset::Fingerprints;
use super::distribution::Distribution;
use super::draft::{Draft, Wanted};
use super::fields::{FieldKey, Naming};
use super::file::{GivenDivisions, SweepFile};
use super::name::name_fault;
use super::overrides::{self, Request};
use super::problem::{Problem, Problems, Source, TextSpan};
use super::{check, inherit, named_datasets, search};
use crate::error::Result;

/// More trials than this are refused unless the file sets `max_trials`.
const MAX_TRIALS: usize = 10_000;

/// Understands texts in the order in which they speak, the sweep file last, and what was asked for on top of them.
/// `recorded` is the text that its record will hold.
///
/// # Errors
/// All problems of the texts and the overrides at once.
pub(super) fn read(
    sources: &[Source],
    asked: &Request,
    (recorded, folder): (String, &Path),
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
    let mut file = whole(draft, source, suffix, folder, &mut problems);
    for choice in file.datasets.iter().filter(|choice| !choice.is_synthetic() && !choice.name.is_empty()) {
        if let Err(error) = fingerprints.named(choice) {
            problems.absorb(error, &choice.place);
        }
    }
    if !problems.is_empty() {
        return Err(problems.into_error(source.name()));
    }
    file.text = recorded;
    Ok(file)
}

fn whole(
    mut draft: Draft,
    source: &Source,
    suffix: Option<String>,
    folder: &Path,
    problems: &mut Problems,
) -> SweepFile {
    let start = source.start();
    let (commands, asked_for) = match draft.naming {
        Naming::Parameters => command::judge(&draft.commands, &parameters(&draft), folder, problems),
        Naming::Fields => (None, None),
    };
    let stem = Path::new(source.name()).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let given = draft.name.take();
    let mut name = given.map_or_else(|| stem.unwrap_or_default(), |(name, _)| name);
    if let Some(suffix) = suffix {
        // A record of its own: a smoke run must not replace the record of the whole sweep.
        name = format!("{name}-{suffix}");
    }
    if let Some(rule) = name_fault(&name) {
        let problem =
            Problem::new(format!("\"{name}\" cannot name a sweep")).help("give it a name: name = \"my-sweep\"");
        problems.add(problem, &start, rule);
    }
    let is_of_commands = draft.naming == Naming::Parameters;
    let datasets = named_datasets::datasets(&mut draft, is_of_commands, asked_for, &start, problems);
    let is_made_up =
        datasets.is_empty() || datasets.iter().any(|choice| choice.is_synthetic() || choice.name.is_empty());
    let (mut fixed, mut conditions, mut drawn) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut elsewhere = BTreeMap::new();
    let mut axes: Vec<Axis> = draft.groups.into_iter().map(|group| group.axis).collect();
    let mut mentioned = Vec::new();
    for (key, said) in draft.settings {
        mentioned.push((key, said.place.clone()));
        if key.field().section == DatasetChoice::SYNTHETIC && !is_made_up {
            let problem =
                Problem::new(format!("`{}` has no effect: the dataset is \"{}\"", key.name(), datasets[0].name));
            problems.add(problem.help("[synthetic] describes dataset = \"synthetic\""), &said.place, "never used");
        }
        if !said.when.is_empty() {
            conditions.insert(key, said.when);
        }
        elsewhere.extend(said.default.map(|value| (key, value)));
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
    let measures = match is_of_commands {
        true => measures_of_scores(&draft.measures, &commands, &start, problems),
        false => wanted(&draft.measures),
    };
    let mut file = SweepFile {
        name,
        text: String::new(),
        notes,
        datasets,
        folder: folder.to_owned(),
        given: GivenDivisions::new(),
        start,
        seeds: draft.seeds.unwrap_or_else(|| vec![Seed(0), Seed(1), Seed(2)]),
        baselines: draft.baselines.unwrap_or_else(|| {
            // Beside a command's scores stands what needs no training but the measure's own.
            let is_usual = |kind: &&Kind| {
                let policy = kind.policy();
                policy.is_some_and(|policy| policy.by_default && (!is_of_commands || policy.model.is_none()))
            };
            registry::policies().into_iter().filter(is_usual).collect()
        }),
        has_subject: is_of_commands || draft.subject == Wanted::Yes,
        split_seed: draft.split_seed,
        split_fold: draft.split_fold,
        measures,
        fixed,
        places: mentioned.iter().cloned().collect(),
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
        commands,
        elsewhere,
    };
    file.notes.extend(check::uneven_folds(&file));
    check::effects(&file, &mentioned, problems);
    check::splits(&file, &mentioned, problems);
    check::scores(&file, problems);
    check::conditions(&file, problems);
    file
}

/// The measures that are asked for, or that nobody switched off.
/// How the scores of commands are measured: as far as they answer what a measure asks.
fn measures_of_scores(
    said: &BTreeMap<&'static str, Wanted>,
    commands: &Option<Commands>,
    start: &TextSpan,
    problems: &mut Problems,
) -> Vec<&'static str> {
    if !commands.as_ref().is_some_and(Commands::are_scored) {
        return Vec::new();
    }
    let mut measures = wanted(said);
    for name in
        measures.extract_if(.., |name| !registry::measure(name).and_then(Kind::measure).is_some_and(|it| it.by_default))
    {
        let problem =
            Problem::new(format!("scores of candidates cannot be measured by `{name}`, which asks for any item"));
        problems.add(problem.help("leave the section out"), start, "in this sweep");
    }
    measures
}

/// The parameters of a sweep of commands.
fn parameters(draft: &Draft) -> BTreeMap<String, Parameter> {
    let name = |key: &FieldKey| key.is_parameter().then(|| key.field().name.to_owned());
    let alone = draft.settings.iter().filter_map(|(key, said)| {
        let is_real = match &said.setting {
            Setting::Fixed(value) => is_real(value),
            Setting::Varied(values) => values.iter().any(is_real),
            Setting::Drawn(distribution) => !matches!(distribution, Distribution::Int(..)),
        } || said.default.as_ref().is_some_and(is_real);
        let may_lack = !said.when.is_empty() && said.default.is_none();
        Some((name(key)?, Parameter { place: said.place.clone(), is_real, may_lack }))
    });
    let place = draft.commands.place();
    let together = draft.groups.iter().flat_map(|group| {
        group.axis.fields.iter().enumerate().filter_map(|(at, key)| {
            let is_real = group.axis.points.iter().any(|point| is_real(&point[at]));
            Some((name(key)?, Parameter { place: place.clone()?, is_real, may_lack: false }))
        })
    });
    // What is wrong with those is said; that they are there is enough here.
    let misread = draft
        .misread
        .iter()
        .filter_map(|name| Some((name.clone(), Parameter { place: place.clone()?, is_real: false, may_lack: false })));
    misread.chain(alone).chain(together).collect()
}

/// Whether a value is written with a point or an exponent, or holds one that is.
fn is_real(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(list) => list.iter().any(is_real),
        _ => false,
    }
}

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
