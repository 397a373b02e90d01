//! What many trials share, a part of their specs and its canonical JSON, made once.

use std::borrow::Cow;
use std::collections::HashMap;

use drr_core::spec::{DatasetSpec, Field, PolicySpec, Settings, SplitSpec, SyntheticSpec};
use drr_core::{Seed, canonical};
use drr_kinds::digest_of;
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};

use super::dataset::Fingerprints;
use super::family::TrialFamily;
use super::file::{DatasetChoice, SplitSeed, SweepFile};
use super::grid::{Choice, ParameterGrid, View};
use super::problem::{Problem, Problems};
use crate::error::Result;

/// A value and its canonical JSON.
pub(super) type Part<T> = (T, Vec<u8>);

/// One part per choice of a view, equal ones made once.
pub(super) struct SharedParts<T> {
    parts: Vec<Part<T>>,
    of: Vec<usize>,
}

impl<T: Serialize + Send> SharedParts<T> {
    /// The parts of all choices; those that agree in `columns` share one, made from the first of them.
    fn new(view: &View, columns: &[usize], make: impl Fn(usize, &Choice) -> T + Sync) -> Self {
        let (mut known, mut first) = (HashMap::new(), Vec::new());
        let of = view.choices.iter().enumerate().map(|(at, choice)| {
            *known.entry(part_key(choice, columns)).or_insert_with(|| {
                first.push((at, choice));
                first.len() - 1
            })
        });
        let of = of.collect();
        let part = |(at, choice): &(usize, &Choice)| {
            let value = make(*at, choice);
            let text = canonical::to_bytes(&value);
            (value, text)
        };
        Self { parts: first.par_iter().map(part).collect(), of }
    }
}

impl<T> SharedParts<T> {
    /// The part of a choice.
    pub fn get(&self, choice: usize) -> &Part<T> {
        &self.parts[self.of[choice]]
    }
}

fn part_key(choice: &Choice, columns: &[usize]) -> Vec<u32> {
    columns.iter().map(|&column| choice[column]).collect()
}

/// The parts of a family's specs.
pub(super) struct Shared {
    pub settings: SharedParts<Settings>,
    /// What is evaluated, where the family is of evaluations.
    pub policies: Option<SharedParts<PolicySpec>>,
    pub splits: SharedParts<SplitSpec>,
}

impl Shared {
    /// The parts; `upstream` are the settings of what the choice of a number stands on.
    pub fn new<'a>(
        grid: &ParameterGrid<'_>,
        family: &TrialFamily,
        families: &[TrialFamily],
        view: &View,
        upstream: impl Fn(usize) -> Vec<&'a Settings> + Sync,
    ) -> Self {
        let columns = grid.columns_of(|field| family.shapes_settings(field, families));
        let settings =
            SharedParts::new(view, &columns, |number, choice| object(family.settings(grid, choice, &upstream(number))));
        let policies = family.policy.map(|kind| {
            let columns = grid.columns_of(|field| !kind.fields.is_empty() && field.section == kind.name);
            SharedParts::new(view, &columns, |_, choice| PolicySpec {
                kind: kind.name.into(),
                digest: digest_of(kind),
                settings: object(if kind.fields.is_empty() { Map::new() } else { grid.section(kind.name, choice) }),
            })
        });
        let columns = grid.columns_of(|field| field.section == SPLIT);
        let splits = SharedParts::new(view, &columns, |_, choice| typed(grid.section(SPLIT, choice)));
        Self { settings, policies, splits }
    }
}

const SPLIT: &str = "split";

fn object(fields: Map<String, Value>) -> Settings {
    Settings::new(Value::Object(fields)).expect("an object is an object")
}

fn typed<T: serde::de::DeserializeOwned>(fields: Map<String, Value>) -> T {
    serde_json::from_value(Value::Object(fields)).expect("each value was checked against its field when it was read")
}

/// The ratings that the trials of a sweep stand on.
pub(super) struct Ground<'a> {
    file: &'a SweepFile,
    columns: Vec<usize>,
    datasets: HashMap<Vec<u32>, Part<DatasetSpec>>,
}

impl<'a> Ground<'a> {
    /// # Errors
    /// A dataset that is not there, or a made-up world that cannot exist.
    pub fn new(file: &'a SweepFile, grid: &ParameterGrid<'_>, fingerprints: &mut dyn Fingerprints) -> Result<Self> {
        if file.commands.is_some() && file.dataset.name.is_empty() {
            return Ok(Self { file, columns: Vec::new(), datasets: HashMap::new() });
        }
        let recipe = |field: &Field| field.section == DatasetChoice::SYNTHETIC;
        let (view, columns) = (grid.view(recipe), grid.columns_of(recipe));
        let mut datasets = HashMap::new();
        for choice in &view.choices {
            let dataset = dataset(file, grid, choice, fingerprints)?;
            let text = canonical::to_bytes(&dataset);
            datasets.insert(part_key(choice, &columns), (dataset, text));
        }
        Ok(Self { file, columns, datasets })
    }

    /// The ratings of a choice.
    pub fn dataset(&self, choice: &Choice) -> &Part<DatasetSpec> {
        &self.datasets[&part_key(choice, &self.columns)]
    }

    /// The split of a trial with this seed.
    pub fn split<'b>(&self, (split, text): &'b Part<SplitSpec>, seed: Seed) -> (SplitSpec, Cow<'b, [u8]>) {
        match self.file.split_seed {
            SplitSeed::Fixed => (split.clone(), Cow::Borrowed(text)),
            SplitSeed::Trial => {
                let own = SplitSpec { seed: seed.0, ..split.clone() };
                let text = canonical::to_bytes(&own);
                (own, Cow::Owned(text))
            }
        }
    }
}

fn dataset(
    file: &SweepFile,
    grid: &ParameterGrid<'_>,
    choice: &Choice,
    fingerprints: &mut dyn Fingerprints,
) -> Result<DatasetSpec> {
    let name = file.dataset.name.clone();
    if !file.dataset.is_synthetic() {
        return Ok(DatasetSpec { fingerprint: fingerprints.named(&file.dataset)?, name, synthetic: None });
    }
    let world: SyntheticSpec = typed(grid.section(DatasetChoice::SYNTHETIC, choice));
    let most = world.users.saturating_mul(world.items);
    if world.ratings > most {
        let mut problems = Problems::default();
        let (users, items, ratings) = (world.users, world.items, world.ratings);
        let problem = Problem::new(format!("[synthetic] asks for {ratings} ratings, more than there can be"));
        let help = format!("{users} users and {items} items allow {most}");
        problems.add(problem.help(help), &file.dataset.place, "the dataset is made up from [synthetic]");
        return Err(problems.into_error(file.dataset.place.source_name()));
    }
    let fingerprint = fingerprints.synthetic(&world).map_err(|error| {
        let mut problems = Problems::default();
        problems.absorb(error, &file.dataset.place);
        problems.into_error(file.dataset.place.source_name())
    })?;
    Ok(DatasetSpec { fingerprint, name, synthetic: Some(world) })
}
