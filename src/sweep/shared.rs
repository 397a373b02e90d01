//! What many trials share, a part of their specs and its canonical JSON, made once.

use std::borrow::Cow;
use std::collections::HashMap;

use drr_core::spec::{
    DatasetSpec, Field, PolicySpec, RewardRule, RewardSpec, Settings, SplitKind, SplitSpec, SyntheticSpec,
};
use drr_core::{Digest, Seed, canonical};
use drr_kinds::digest_of;
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};

use super::dataset::Fingerprints;
use super::family::TrialFamily;
use super::fields::FieldKey;
use super::file::{DatasetChoice, GivenDivisions, SplitSeed, SweepFile};
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
        let splits =
            SharedParts::new(view, &columns, |_, choice| typed::<SplitSpec>(grid.section(SPLIT, choice)).settled());
        Self { settings, policies, splits }
    }
}

const SPLIT: &str = "split";
const REWARD: &str = "reward";

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
    /// The same and those of the rewards.
    reward_columns: Vec<usize>,
    rewards: HashMap<Vec<u32>, Part<RewardRule>>,
    /// Those of the ratings and of the split.
    split_columns: Vec<usize>,
    /// What given divisions are called in specs.
    given: HashMap<Vec<u32>, Digest>,
    /// The same by what their files are.
    pub names: GivenDivisions,
}

impl<'a> Ground<'a> {
    /// # Errors
    /// A dataset that is not there, or a made-up world that cannot exist.
    pub fn new(file: &'a SweepFile, grid: &ParameterGrid<'_>, fingerprints: &mut dyn Fingerprints) -> Result<Self> {
        let recipe =
            |field: &Field| field.section == DatasetChoice::SYNTHETIC || FieldKey::dataset().field().name == field.name;
        let whole = |field: &Field| field.section == SPLIT || recipe(field);
        let split_columns = grid.columns_of(whole);
        if file.datasets.is_empty() {
            return Ok(Self {
                file,
                columns: Vec::new(),
                datasets: HashMap::new(),
                reward_columns: Vec::new(),
                rewards: HashMap::new(),
                split_columns,
                given: HashMap::new(),
                names: GivenDivisions::new(),
            });
        }
        let (view, columns) = (grid.view(recipe), grid.columns_of(recipe));
        let mut datasets = HashMap::new();
        for choice in &view.choices {
            let dataset = dataset(file, grid, choice, fingerprints)?;
            let text = canonical::to_bytes(&dataset);
            datasets.insert(part_key(choice, &columns), (dataset, text));
        }
        let worth = |field: &Field| field.section == REWARD || recipe(field);
        let reward_columns = grid.columns_of(worth);
        let mut rewards = HashMap::new();
        for choice in &grid.view(worth).choices {
            let rule = reward_rule(file, grid, choice, fingerprints)?;
            rewards.insert(part_key(choice, &reward_columns), (rule, canonical::to_bytes(&rule)));
        }
        let (mut given, mut names) = (HashMap::new(), GivenDivisions::new());
        for choice in &grid.view(whole).choices {
            let split: SplitSpec = typed(grid.section(SPLIT, choice));
            if split.kind == SplitKind::Given {
                let (dataset, _) = &datasets[&part_key(choice, &columns)];
                let key = serde_json::to_string(&(&dataset.fingerprint, &split.from, &split.train)).unwrap_or_default();
                let train = Some(&split.train).filter(|train| !train.is_empty()).map(|train| file.folder.join(train));
                let found = file
                    .given
                    .get(&key)
                    .copied()
                    .map_or_else(|| fingerprints.given(dataset, &file.folder.join(&split.from), train.as_deref()), Ok);
                let found = found.map_err(|error| {
                    let help =
                        "paths are seen from the sweep file; it needs the ratings of the dataset, or (user, item) pairs of them";
                    Problem::new(error.message).help(help).alone(file.place_of_field("split.from"), "this division")
                })?;
                names.insert(key, found);
                given.insert(part_key(choice, &split_columns), found);
            }
        }
        Ok(Self { file, columns, datasets, reward_columns, rewards, split_columns, given, names })
    }

    /// The ratings of a choice.
    pub fn dataset(&self, choice: &Choice) -> &Part<DatasetSpec> {
        &self.datasets[&part_key(choice, &self.columns)]
    }

    /// How the ratings of a choice become rewards.
    pub fn reward(&self, choice: &Choice) -> &Part<RewardRule> {
        &self.rewards[&part_key(choice, &self.reward_columns)]
    }

    /// The split of a trial with this seed, at a choice.
    pub fn split<'b>(
        &self,
        (split, text): &'b Part<SplitSpec>,
        choice: &Choice,
        seed: Seed,
    ) -> (SplitSpec, Cow<'b, [u8]>) {
        let SweepFile { split_seed, split_fold, .. } = self.file;
        let given = (split.kind == SplitKind::Given).then(|| self.given[&part_key(choice, &self.split_columns)]);
        if (*split_seed, *split_fold, given) == (SplitSeed::Fixed, SplitSeed::Fixed, None) {
            return (split.clone(), Cow::Borrowed(text));
        }
        let mut own = split.clone();
        if *split_seed == SplitSeed::Trial {
            own.seed = seed.0;
        }
        if *split_fold == SplitSeed::Trial {
            own.fold = seed.0 % own.folds;
        }
        if let Some(given) = given {
            (own.from, own.train) = (given.to_string(), String::new());
        }
        let own = own.settled();
        let text = canonical::to_bytes(&own);
        (own, Cow::Owned(text))
    }
}

/// The rule of a choice: what the sweep says of scale and threshold, else what the dataset does.
fn reward_rule(
    file: &SweepFile,
    grid: &ParameterGrid<'_>,
    choice: &Choice,
    fingerprints: &mut dyn Fingerprints,
) -> Result<RewardRule> {
    let asked: RewardSpec = typed(grid.section(REWARD, choice));
    let named = named(file, grid, choice);
    let own = if named.is_synthetic() { RewardRule::STARS } else { fingerprints.rule(&named)? };
    let scale = match asked.scale.as_str() {
        "" => Ok(own.scale),
        text => text.parse().map_err(|expected| {
            let message = format!("reward.scale = \"{text}\" is no scale: expected {expected}");
            Problem::new(message).alone(file.place_of_field("reward.scale"), "here")
        }),
    };
    let rule = RewardRule { scale: scale?, positive: asked.positive.map(|least| least as f32).or(own.positive) };
    let field = if asked.positive.is_some() { "reward.positive" } else { "reward.scale" };
    let wrong = |message| Err(Problem::new(message).alone(file.place_of_field(field), "here"));
    rule.fault().map_or(Ok(rule), wrong)
}

/// The dataset of a choice.
fn named(file: &SweepFile, grid: &ParameterGrid<'_>, choice: &Choice) -> DatasetChoice {
    let name = grid.value(FieldKey::dataset(), choice).as_str().unwrap_or_default().to_owned();
    let place = file.place_of(&name).clone();
    DatasetChoice { name, place }
}

fn dataset(
    file: &SweepFile,
    grid: &ParameterGrid<'_>,
    choice: &Choice,
    fingerprints: &mut dyn Fingerprints,
) -> Result<DatasetSpec> {
    let named = named(file, grid, choice);
    let (name, place) = (named.name.clone(), &named.place);
    if !named.is_synthetic() {
        return Ok(DatasetSpec { fingerprint: fingerprints.named(&named)?, name, synthetic: None });
    }
    let world: SyntheticSpec = typed(grid.section(DatasetChoice::SYNTHETIC, choice));
    let most = world.users.saturating_mul(world.items);
    if world.ratings > most {
        let (users, items, ratings) = (world.users, world.items, world.ratings);
        let problem = Problem::new(format!("[synthetic] asks for {ratings} ratings, more than there can be"));
        let help = format!("{users} users and {items} items allow {most}");
        return Err(problem.help(help).alone(place, "the dataset is made up from [synthetic]"));
    }
    let fingerprint = fingerprints.synthetic(&world).map_err(|error| {
        let mut problems = Problems::default();
        problems.absorb(error, place);
        problems.into_error(place.source_name())
    })?;
    Ok(DatasetSpec { fingerprint, name, synthetic: Some(world) })
}
