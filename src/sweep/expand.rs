//! From a whole sweep file to trials: the points of the grid and the seeds, each kind of trial once per value of what
//! concerns it. Pure: the ratings' fingerprints come from the caller.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use drr_core::spec::Policy;
use drr_core::{TrialId, TrialSpec};
use serde_json::Value;

use super::dataset::Fingerprints;
use super::file::{ReferencePolicy, SweepFile};
use super::grid::{Grid, Measured, Scope};
use super::problem::{Problem, Problems};
use super::stage::Stages;
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
}

/// One trial of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Its identity.
    pub id: TrialId,
    /// What it does.
    pub spec: TrialSpec,
    /// Where it stands on the axes that concern it.
    pub point: Arc<BTreeMap<String, Value>>,
}

/// Expands a sweep.
///
/// # Errors
/// A dataset that is not there, no trials, more than allowed, or a made-up world that cannot exist.
pub fn expand(file: &SweepFile, fingerprints: &mut dyn Fingerprints) -> Result<Sweep> {
    let grid = Grid::new(file)?;
    let (pmf_view, drr_view) = (grid.view(Scope::Pmf), grid.view(Scope::Drr));
    let measures: Vec<Measured> = measures(file).collect();
    let views = |m: &Measured| [Scope::Eval(*m), Scope::Baseline(*m), Scope::UntrainedEval(*m)].map(|it| grid.view(it));
    let eval_views: Vec<_> = measures.iter().map(views).collect();
    let with_untrained = file.baselines.contains(&ReferencePolicy::DrrUntrained) && !measures.is_empty();
    let untrained_view = grid.view(Scope::Untrained);
    let evals = eval_views.iter().map(|[drr, baseline, untrained]| {
        let of = |policy: &ReferencePolicy| if *policy == ReferencePolicy::DrrUntrained { untrained } else { baseline };
        drr.choices.len() + file.baselines.iter().map(|policy| of(policy).choices.len()).sum::<usize>()
    });
    let untrained_count = if with_untrained { untrained_view.choices.len() } else { 0 };
    let configurations = drr_view.choices.len();
    let each = pmf_view.choices.len() + configurations + untrained_count + evals.sum::<usize>();
    check_count(file, &grid, each.saturating_mul(file.seeds.len()))?;

    let stages = Stages::new(file, &grid, &pmf_view, fingerprints)?;
    let pmfs = stages.pmf(&pmf_view);
    let drrs = stages.drr(&drr_view, &pmf_view, &pmfs, None);
    let untrained = if with_untrained { stages.drr(&untrained_view, &pmf_view, &pmfs, Some(0)) } else { Vec::new() };
    let mut evals = Vec::new();
    for (measured, [drr, baselines, of_untrained]) in measures.iter().zip(&eval_views) {
        for baseline in &file.baselines {
            evals.extend(match baseline {
                ReferencePolicy::Random => stages.eval(baselines, &pmf_view, &pmfs, *measured, |_| Policy::Random),
                ReferencePolicy::Popularity => {
                    stages.eval(baselines, &pmf_view, &pmfs, *measured, |_| Policy::Popularity)
                }
                ReferencePolicy::Pmf => stages.eval(baselines, &pmf_view, &pmfs, *measured, |_| Policy::Pmf),
                ReferencePolicy::DrrUntrained => {
                    let above = stages.above(of_untrained, &untrained_view);
                    stages.eval(of_untrained, &pmf_view, &pmfs, *measured, |at| {
                        Policy::DrrUntrained(untrained[at.above(&above)].id)
                    })
                }
            });
        }
        let above = stages.above(drr, &drr_view);
        evals.extend(stages.eval(drr, &pmf_view, &pmfs, *measured, |at| Policy::Drr(drrs[at.above(&above)].id)));
    }
    let mut seen = HashSet::new();
    let all = pmfs.into_iter().chain(untrained).chain(drrs).chain(evals);
    let trials = all.filter(|trial| seen.insert(trial.id)).collect();
    let axes = file.axes.iter().flat_map(|axis| axis.fields.iter().map(|key| key.name())).collect();
    let (name, text, seeds) = (file.name.clone(), file.text.clone(), file.seeds.len());
    Ok(Sweep { name, text, axes, configurations, seeds, trials })
}

fn measures(file: &SweepFile) -> impl Iterator<Item = Measured> {
    [(Measured::Offline, file.offline), (Measured::Online, file.online)]
        .into_iter()
        .filter_map(|(measured, wanted)| wanted.then_some(measured))
}

fn check_count(file: &SweepFile, grid: &Grid<'_>, count: usize) -> Result<()> {
    if count <= file.max_trials {
        return Ok(());
    }
    let mut problems = Problems::default();
    let problem = Problem::new(format!("the sweep {} has {count} trials, more than {}", file.name, file.max_trials));
    let axes = grid.describe();
    let times = if axes.is_empty() { "" } else { " × " };
    let help = format!(
        "{axes}{times}seeds ({}) make that many; if it is meant, set max_trials = {count} at the top of the file",
        file.seeds.len()
    );
    problems.add(problem.help(help), &file.start, "this file");
    Err(problems.into_error(file.start.source_name()))
}
