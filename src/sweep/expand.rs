//! From a whole sweep file to trials: the product of the axes and the seeds, each kind of trial once per value of what
//! concerns it. Pure: the ratings' fingerprints come from the caller.

use std::collections::{BTreeMap, HashSet};

use drr_core::spec::{
    DatasetSpec, DrrJob, DrrSpec, EvalJob, FORMAT, Job, Measure, PmfSpec, Policy, SplitSpec, SyntheticSpec,
};
use drr_core::{Seed, TrialId, TrialSpec, train_digest};
use rayon::prelude::*;
use serde_json::Value;

use super::dataset::Fingerprints;
use super::file::{Baseline, SplitSeed, SweepFile};
use super::grid::{Choice, Grid, Measured, Scope};
use crate::error::{Error, Result};

/// An expanded sweep.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Its name.
    pub name: String,
    /// The file it came from, with overrides as comments.
    pub text: String,
    /// The names of what varies, for example `drr.tau`.
    pub axes: Vec<String>,
    /// Its trials, upstream first, each once.
    pub trials: Vec<Trial>,
}

/// One trial of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Its identity.
    pub id: TrialId,
    /// What it does.
    pub spec: TrialSpec,
    /// Where it stands on the axes that concern it.
    pub point: BTreeMap<String, Value>,
}

/// Expands a sweep.
///
/// # Errors
/// A dataset that is not there, more trials than allowed, or a made-up world that cannot exist.
pub fn expand(file: &SweepFile, fingerprints: &mut dyn Fingerprints) -> Result<Sweep> {
    let grid = Grid::new(file);
    let count = count(file, &grid);
    if count > file.max_trials {
        return Err(Error::input(format!("the sweep {} has {count} trials, more than {}", file.name, file.max_trials))
            .hint(format!("if that is meant, set max_trials = {count} at the top of the file")));
    }
    let datasets: Vec<DatasetSpec> = (0..grid.size(Scope::Pmf))
        .map(|rank| dataset(file, &grid, &grid.choice(Scope::Pmf, rank), fingerprints))
        .collect::<Result<_>>()?;
    let expansion = Expansion { file, grid, datasets, train_digest: train_digest() };
    let pmfs = expansion.stage(Scope::Pmf, |seed, choice| Expansion::pmf(&expansion, seed, choice));
    let pmf = |seed: usize, choice: &Choice| pmfs[expansion.number(Scope::Pmf, seed, choice)].id;
    let drrs = expansion.stage(Scope::Drr, |seed, choice| expansion.drr(seed, choice, pmf(seed, choice), None));
    let drr = |seed: usize, choice: &Choice| drrs[expansion.number(Scope::Drr, seed, choice)].id;
    let untrained = if file.baselines.contains(&Baseline::DrrUntrained) && (file.offline || file.online) {
        expansion.stage(Scope::Untrained, |seed, choice| expansion.drr(seed, choice, pmf(seed, choice), Some(0)))
    } else {
        Vec::new()
    };
    let mut evals = Vec::new();
    for measured in measures(file) {
        for baseline in &file.baselines {
            evals.extend(expansion.stage(Scope::Baseline(measured), |seed, choice| {
                let policy = match baseline {
                    Baseline::Random => Policy::Random,
                    Baseline::Popularity => Policy::Popularity,
                    Baseline::Pmf => Policy::Pmf,
                    Baseline::DrrUntrained => {
                        Policy::DrrUntrained(untrained[expansion.number(Scope::Untrained, seed, choice)].id)
                    }
                };
                expansion.eval(seed, choice, pmf(seed, choice), policy, measured)
            }));
        }
        evals.extend(expansion.stage(Scope::Eval(measured), |seed, choice| {
            expansion.eval(seed, choice, pmf(seed, choice), Policy::Drr(drr(seed, choice)), measured)
        }));
    }
    let mut seen = HashSet::new();
    let all = pmfs.into_iter().chain(untrained).chain(drrs).chain(evals);
    let trials = all.filter(|trial| seen.insert(trial.id)).collect();
    let axes = file.axes.iter().flat_map(|axis| axis.fields.iter().map(|key| key.name())).collect();
    Ok(Sweep { name: file.name.clone(), text: file.text.clone(), axes, trials })
}

fn measures(file: &SweepFile) -> impl Iterator<Item = Measured> {
    [(Measured::Offline, file.offline), (Measured::Online, file.online)]
        .into_iter()
        .filter_map(|(measured, wanted)| wanted.then_some(measured))
}

/// How many trials there are before equal ones collapse.
fn count(file: &SweepFile, grid: &Grid<'_>) -> usize {
    let evals = measures(file).fold(0_usize, |sum, measured| {
        let baselines = grid.size(Scope::Baseline(measured)).saturating_mul(file.baselines.len());
        sum.saturating_add(grid.size(Scope::Eval(measured))).saturating_add(baselines)
    });
    let models = grid.size(Scope::Pmf).saturating_add(grid.size(Scope::Drr));
    models.saturating_add(evals).saturating_mul(file.seeds.len())
}

fn dataset(
    file: &SweepFile,
    grid: &Grid<'_>,
    choice: &Choice,
    fingerprints: &mut dyn Fingerprints,
) -> Result<DatasetSpec> {
    let name = file.dataset.name.clone();
    if !file.dataset.is_synthetic() {
        return Ok(DatasetSpec { fingerprint: fingerprints.named(&file.dataset)?, name, synthetic: None });
    }
    let world: SyntheticSpec = grid.section("synthetic", choice);
    let most = world.users.saturating_mul(world.items);
    if world.ratings > most {
        let (users, items) = (world.users, world.items);
        return Err(Error::input(format!(
            "[synthetic] asks for {} ratings, but {users} users and {items} items allow {most}",
            world.ratings
        )));
    }
    Ok(DatasetSpec { fingerprint: fingerprints.synthetic(&world)?, name, synthetic: Some(world) })
}

struct Expansion<'a> {
    file: &'a SweepFile,
    grid: Grid<'a>,
    datasets: Vec<DatasetSpec>,
    train_digest: drr_core::Digest,
}

impl Expansion<'_> {
    /// All trials of one kind. Seeds are the outer loop, so that an unfinished sweep compares like with like.
    fn stage(&self, scope: Scope, job: impl Fn(usize, &Choice) -> Job + Sync) -> Vec<Trial> {
        let size = self.grid.size(scope);
        (0..size * self.file.seeds.len())
            .into_par_iter()
            .map(|number| {
                let (seed, choice) = (number / size, self.grid.choice(scope, number % size));
                let spec = self.spec(seed, &choice, job(seed, &choice));
                Trial { id: spec.id(), spec, point: self.grid.point(scope, &choice) }
            })
            .collect()
    }

    /// Where [`Expansion::stage`] of `scope` put the trial of a choice.
    fn number(&self, scope: Scope, seed: usize, choice: &Choice) -> usize {
        seed * self.grid.size(scope) + self.grid.rank(scope, choice)
    }

    fn spec(&self, seed: usize, choice: &Choice, job: Job) -> TrialSpec {
        let seed: Seed = self.file.seeds[seed];
        let mut split: SplitSpec = self.grid.section("split", choice);
        if self.file.split_seed == SplitSeed::Trial {
            split.seed = seed.0;
        }
        let dataset = self.datasets[self.grid.rank(Scope::Pmf, choice)].clone();
        TrialSpec { format: FORMAT, train_digest: self.train_digest, dataset, split, seed, job }
    }

    fn pmf(&self, _seed: usize, choice: &Choice) -> Job {
        Job::Pmf(self.grid.section::<PmfSpec>("pmf", choice))
    }

    fn drr(&self, _seed: usize, choice: &Choice, pmf: TrialId, train_steps: Option<u64>) -> Job {
        let mut drr: DrrSpec = self.grid.section("drr", choice);
        let k = self.grid.section::<PmfSpec>("pmf", choice).k;
        drr.resolve(k);
        drr.train_steps = train_steps.unwrap_or(drr.train_steps);
        Job::Drr(DrrJob { pmf, drr })
    }

    fn eval(&self, _seed: usize, choice: &Choice, pmf: TrialId, policy: Policy, measured: Measured) -> Job {
        let history = self.grid.section::<DrrSpec>("drr", choice).history;
        let measure = match measured {
            Measured::Offline => Measure::Offline(self.grid.section("offline", choice)),
            Measured::Online => Measure::Online(self.grid.section("online", choice)),
        };
        Job::Eval(EvalJob { pmf, history, policy, measure })
    }
}
