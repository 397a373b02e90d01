//! From a whole sweep file to trials, in one pass over the families of trials: each family once per value of what
//! concerns it. Pure: the ratings' fingerprints come from the caller.

use std::collections::HashSet;
use std::sync::Arc;

use drr_core::command::CommandPlace;
use drr_core::spec::{Name, RatingsSpec, RewardRule, Upstream, format_of};
use drr_core::{Trial, TrialId, TrialSpec};
use drr_kinds::command::Declaration;
use rayon::prelude::*;

use super::command::Commands;
use super::contradictions;
use super::dataset::Fingerprints;
use super::family::{TrialFamily, families, subject};
use super::file::{GivenDivisions, SweepFile};
use super::grid::{ParameterGrid, View};
use super::identity::{self, SpecParts};
use super::problem::Problem;
use super::shared::{Ground, Shared, SharedParts};
use crate::error::Result;

/// An expanded sweep.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Its name.
    pub name: String,
    /// The file it came from, with what it extends and what was asked for on the command line as comments.
    pub text: String,
    /// The names of what varies, for example `drr.tau`.
    pub axes: Vec<String>,
    /// How many configurations of the recommender it compares, each with all seeds.
    pub configurations: usize,
    /// How many seeds.
    pub seeds: usize,
    /// Its trials, upstream first, each once.
    pub trials: Vec<Arc<Trial>>,
    /// What it says of the commands it runs that no trial's identity holds.
    pub declarations: Vec<Declaration>,
    /// How many trials of each group are run twice, to see whether they compute the same.
    pub probe: u64,
    /// Where these run; unknown of a sweep that was recorded.
    pub place: Option<CommandPlace>,
    /// What the divisions are called that files gave.
    pub given: GivenDivisions,
}

/// Expands a sweep.
///
/// # Errors
/// A dataset that is not there, no trials, more than allowed, or a made-up world that cannot exist.
pub fn expand(file: &SweepFile, fingerprints: &mut dyn Fingerprints) -> Result<Sweep> {
    let grid = ParameterGrid::new(file)?;
    let families = families(file);
    let views: Vec<View> = families.iter().map(|family| grid.view(|field| family.concerns(field, &families))).collect();
    let each: usize = views.iter().map(|view| view.choices.len()).sum();
    check_count(file, &grid, each.saturating_mul(file.seeds.len()))?;
    let configurations = subject(file, &families).map_or(0, |at| views[at].choices.len());

    let ground = Ground::new(file, &grid, fingerprints)?;
    let mut made: Vec<Made> = Vec::with_capacity(families.len());
    for (family, view) in families.iter().zip(&views) {
        let next = make(file, &grid, &ground, family, view, (&families, &views, &made));
        made.push(next);
    }
    let mut seen = HashSet::new();
    let all = made.into_iter().flat_map(|made| made.trials);
    let trials: Vec<Arc<Trial>> = all.filter(|trial| seen.insert(trial.id)).collect();
    contradictions::refuse(file, &trials)?;
    let axes = file.axes.iter().flat_map(|axis| axis.fields.iter().map(|key| key.name())).collect();
    let (name, text, seeds) = (file.name.clone(), file.text.clone(), file.seeds.len());
    let declarations = file.commands.as_ref().map_or_else(Vec::new, Commands::declarations);
    let probe = file.commands.as_ref().map_or(0, |commands| commands.probe);
    let place = file.commands.as_ref().map(Commands::place);
    Ok(Sweep { name, text, axes, configurations, seeds, trials, declarations, probe, place, given: ground.names })
}

/// The trials of a family, seed by seed and in a seed choice by choice, and the settings of each choice.
struct Made {
    trials: Vec<Arc<Trial>>,
    settings: SharedParts<drr_core::spec::Settings>,
}

/// A family that others stand on: its kind's name, how many choices it has, its trials, and for each choice of those
/// above the one they stand on.
struct Below<'a> {
    slot: Name,
    size: usize,
    trials: &'a [Arc<Trial>],
    places: Vec<usize>,
}

/// Makes a family's trials. Seeds are the outer loop, so that an unfinished sweep compares like with like.
fn make(
    file: &SweepFile,
    grid: &ParameterGrid<'_>,
    ground: &Ground<'_>,
    family: &TrialFamily,
    view: &View,
    (families, views, made): (&[TrialFamily], &[View], &[Made]),
) -> Made {
    let below: Vec<Below<'_>> = family
        .upstream
        .iter()
        .map(|&at| Below {
            slot: families[at].kind.name.into(),
            size: views[at].choices.len(),
            trials: &made[at].trials,
            places: view.choices.par_iter().map(|choice| views[at].place(choice)).collect(),
        })
        .collect();
    let Shared { settings, policies, splits } = Shared::new(grid, family, families, view, |number| {
        let of = |(at, below): (&usize, &Below<'_>)| &made[*at].settings.get(below.places[number]).0;
        family.upstream.iter().zip(&below).map(of).collect()
    });
    let points: Vec<_> = view.choices.par_iter().map(|choice| grid.point(choice)).collect();
    let (digest, kind, size) = (family.digest(), Name::from(family.kind.name), view.choices.len());
    let trial = |number: usize| {
        let (choice, nth_seed) = (number % size, number / size);
        let seed = file.seeds[nth_seed];
        let upstream = below.iter().map(|below| {
            let trial = &below.trials[nth_seed * below.size + below.places[choice]];
            (below.slot.clone(), trial.id)
        });
        let upstream = Upstream::new(upstream);
        let ratings = family.is_on_ratings().then(|| {
            let choice_of_view = &view.choices[choice];
            let (split, split_text) = ground.split(splits.get(choice), choice_of_view, seed);
            (ground.dataset(choice_of_view), (split, split_text), ground.reward(choice_of_view))
        });
        let parts = ratings.as_ref();
        let (settings, settings_text) = settings.get(choice);
        let policy = policies.as_ref().map(|policies| policies.get(choice));
        let format = format_of(parts.map(|(_, (split, _), (reward, _))| (split, reward)));
        let id: TrialId = identity::id(&SpecParts {
            dataset: parts.map(|((_, text), ..)| text.as_slice()),
            digest,
            format,
            kind: family.kind.name,
            policy: policy.map(|(_, text)| text.as_slice()),
            reward: parts.and_then(|(.., (reward, text))| (*reward != RewardRule::STARS).then_some(text.as_slice())),
            seed,
            settings: settings_text,
            split: parts.map(|(_, (_, text), _)| text.as_ref()),
            upstream: &upstream,
        });
        let ratings = ratings.map(|((dataset, _), (split, _), (reward, _))| RatingsSpec {
            dataset: dataset.clone(),
            split,
            reward: *reward,
        });
        let spec = TrialSpec {
            format,
            kind: kind.clone(),
            digest,
            settings: settings.clone(),
            policy: policy.map(|(policy, _)| policy.clone()),
            upstream,
            ratings,
            seed,
        };
        Arc::new(Trial { id, spec, point: Arc::clone(&points[choice]) })
    };
    let trials = (0..size * file.seeds.len()).into_par_iter().map(trial).collect();
    Made { trials, settings }
}

fn check_count(file: &SweepFile, grid: &ParameterGrid<'_>, count: usize) -> Result<()> {
    if count <= file.max_trials {
        return Ok(());
    }
    let problem = Problem::new(format!("the sweep {} has {count} trials, more than {}", file.name, file.max_trials));
    let axes = grid.describe();
    let times = if axes.is_empty() { "" } else { " × " };
    let help = format!(
        "{axes}{times}seeds ({}) make that many; if it is meant, set max_trials = {count} at the top of the file",
        file.seeds.len()
    );
    Err(problem.help(help).alone(&file.start, "this file"))
}
