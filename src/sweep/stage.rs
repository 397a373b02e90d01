//! The trials of one kind, made in parallel. What many trials share, a section and its canonical JSON, is made once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use drr_core::spec::{
    DatasetSpec, DrrJob, DrrSpec, EvalJob, FORMAT, Job, Measure, OfflineSpec, OnlineSpec, PmfSpec, Policy, SplitSpec,
    SyntheticSpec,
};
use drr_core::{Digest, TrialId, TrialSpec, canonical, train_digest};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::dataset::Fingerprints;
use super::expand::Trial;
use super::fields::FieldKey;
use super::file::{SplitSeed, SweepFile};
use super::grid::{Choice, Grid, Measured, View};
use super::identity;
use super::problem::{Problem, Problems};
use crate::error::Result;

/// A value and its canonical JSON.
type Part<T> = (T, Vec<u8>);

/// One part per choice of a view, equal ones made once.
struct Parts<T> {
    parts: Vec<Part<T>>,
    of: Vec<usize>,
}

impl<T> Parts<T> {
    fn get(&self, choice: usize) -> &Part<T> {
        &self.parts[self.of[choice]]
    }
}

/// Where a trial stands: its choice and its seed, by number.
#[derive(Clone, Copy)]
pub(super) struct Position {
    choice: usize,
    seed: usize,
}

/// For each choice of a view, the place of the choice it builds on in another.
pub(super) struct UpstreamIndex {
    places: Vec<usize>,
    size: usize,
}

impl Position {
    /// The place of the trial this one builds on among the trials of its stage.
    pub fn above(self, above: &UpstreamIndex) -> usize {
        self.seed * above.size + above.places[self.choice]
    }
}

/// Makes the trials of a sweep, stage by stage.
pub(super) struct Stages<'a> {
    file: &'a SweepFile,
    grid: &'a Grid<'a>,
    datasets: HashMap<Vec<u32>, Part<DatasetSpec>>,
    train_digest: Digest,
    pmf: Value,
    drr: Value,
    split: Value,
}

impl<'a> Stages<'a> {
    /// Learns what the sweep's ratings are.
    ///
    /// # Errors
    /// A dataset that is not there, or a made-up world that cannot exist.
    pub fn new(
        file: &'a SweepFile,
        grid: &'a Grid<'a>,
        pmfs: &View,
        fingerprints: &mut dyn Fingerprints,
    ) -> Result<Self> {
        let mut datasets = HashMap::new();
        for choice in &pmfs.choices {
            let part = grid.part("synthetic", choice);
            if let Entry::Vacant(place) = datasets.entry(part) {
                let dataset = dataset(file, grid, choice, fingerprints)?;
                let text = canonical::to_bytes(&dataset);
                place.insert((dataset, text));
            }
        }
        let (pmf, drr) = (grid.base::<PmfSpec>("pmf"), grid.base::<DrrSpec>("drr"));
        let split = grid.base::<SplitSpec>("split");
        Ok(Self { file, grid, datasets, train_digest: train_digest(), pmf, drr, split })
    }

    /// Every factorisation.
    pub fn pmf(&self, view: &View) -> Vec<Arc<Trial>> {
        let sections = self.parts(view, &["pmf"], |choice| self.grid.section::<PmfSpec>(&self.pmf, "pmf", choice));
        self.stage(view, |at| {
            let (section, text) = sections.get(at.choice);
            (Job::Pmf(section.clone()), identity::pmf(text))
        })
    }

    /// Every recommender; `train_steps` overrides its own.
    pub fn drr(&self, view: &View, pmf_view: &View, pmfs: &[Arc<Trial>], train_steps: Option<u64>) -> Vec<Arc<Trial>> {
        let factors = FieldKey::find("pmf", "k").expect("a factorisation has factors");
        let sections = self.parts(view, &["drr", "pmf"], |choice| {
            let mut drr: DrrSpec = self.grid.section(&self.drr, "drr", choice);
            let k = self.grid.value(factors, choice);
            drr.resolve(k.as_u64().expect("a number of factors is a whole number"));
            drr.train_steps = train_steps.unwrap_or(drr.train_steps);
            drr
        });
        let above = self.above(view, pmf_view);
        self.stage(view, |at| {
            let (section, text) = sections.get(at.choice);
            let pmf = pmfs[at.above(&above)].id;
            (Job::Drr(DrrJob { pmf, drr: section.clone() }), identity::drr(text, pmf))
        })
    }

    /// Every evaluation of a policy.
    pub fn eval(
        &self,
        view: &View,
        pmf_view: &View,
        pmfs: &[Arc<Trial>],
        measured: Measured,
        policy: impl Fn(Position) -> Policy + Sync,
    ) -> Vec<Arc<Trial>> {
        let measures = match measured {
            Measured::Offline => {
                let base = self.grid.base::<OfflineSpec>("offline");
                self.parts(view, &["offline"], |c| Measure::Offline(self.grid.section(&base, "offline", c)))
            }
            Measured::Online => {
                let base = self.grid.base::<OnlineSpec>("online");
                self.parts(view, &["online"], |c| Measure::Online(self.grid.section(&base, "online", c)))
            }
        };
        let history_key = FieldKey::find("drr", "history").expect("a recommender has a history");
        let above = self.above(view, pmf_view);
        self.stage(view, |at| {
            let (measure, text) = measures.get(at.choice);
            let pmf = pmfs[at.above(&above)].id;
            let history = self.grid.value(history_key, &view.choices[at.choice]);
            let history = history.as_u64().expect("a history is a whole number");
            let policy = policy(at);
            let job = identity::eval(history, text, pmf, &policy);
            (Job::Eval(EvalJob { pmf, history, policy, measure: measure.clone() }), job)
        })
    }

    /// What each choice of `view` builds on in `other`.
    pub fn above(&self, view: &View, other: &View) -> UpstreamIndex {
        let places = view.choices.par_iter().map(|choice| other.place(choice)).collect();
        UpstreamIndex { places, size: other.choices.len() }
    }

    /// All trials of one kind. Seeds are the outer loop, so that an unfinished sweep compares like with like.
    fn stage(&self, view: &View, job: impl Fn(Position) -> (Job, Vec<u8>) + Sync) -> Vec<Arc<Trial>> {
        let splits = self.parts(view, &["split"], |c| self.grid.section::<SplitSpec>(&self.split, "split", c));
        let points: Vec<_> = view.choices.par_iter().map(|choice| self.grid.point(choice)).collect();
        let size = view.choices.len();
        (0..size * self.file.seeds.len())
            .into_par_iter()
            .map(|number| {
                let at = Position { choice: number % size, seed: number / size };
                let seed = self.file.seeds[at.seed];
                let (job, job_text) = job(at);
                let (split, split_text) = splits.get(at.choice);
                let (mut split, dataset) = (split.clone(), self.dataset_at(&view.choices[at.choice]));
                let id: TrialId = match self.file.split_seed {
                    SplitSeed::Fixed => identity::id(&dataset.1, split_text, &job_text, seed, self.train_digest),
                    SplitSeed::Trial => {
                        split.seed = seed.0;
                        identity::id(&dataset.1, &canonical::to_bytes(&split), &job_text, seed, self.train_digest)
                    }
                };
                let (dataset, train_digest) = (dataset.0.clone(), self.train_digest);
                let spec = TrialSpec { format: FORMAT, train_digest, dataset, split, seed, job };
                Arc::new(Trial { id, spec, point: Arc::clone(&points[at.choice]) })
            })
            .collect()
    }

    fn dataset_at(&self, choice: &Choice) -> &Part<DatasetSpec> {
        &self.datasets[&self.grid.part("synthetic", choice)]
    }

    fn parts<T: Serialize + Send>(
        &self,
        view: &View,
        sections: &[&str],
        make: impl Fn(&Choice) -> T + Sync,
    ) -> Parts<T> {
        let (mut known, mut first) = (HashMap::new(), Vec::new());
        let of = view.choices.iter().map(|choice| {
            let key: Vec<u32> = sections.iter().flat_map(|section| self.grid.part(section, choice)).collect();
            *known.entry(key).or_insert_with(|| {
                first.push(choice);
                first.len() - 1
            })
        });
        let of = of.collect();
        let part = |choice: &&Choice| {
            let value = make(choice);
            let text = canonical::to_bytes(&value);
            (value, text)
        };
        Parts { parts: first.par_iter().map(part).collect(), of }
    }
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
    let world: SyntheticSpec = grid.section(&grid.base::<SyntheticSpec>("synthetic"), "synthetic", choice);
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
