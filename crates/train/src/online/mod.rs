//! Online evaluation (slides, Algorithm 1): sessions of K recommendations over all items. The recommender goes on
//! learning inside a session; networks and optimiser go back to the trained ones before the next, replay stays.
//!
//! | file | job |
//! | --- | --- |
//! | `walk` | one repeat as it goes from session to session: users, history, candidates, answers |
//! | `fixed` | a repeat of what learns no networks |
//! | `learning` | repeats of the recommender, as one cohort where they go in step |

mod fixed;
mod learning;
mod walk;

use drr_core::Seed;
use drr_core::journal::Point;
use drr_kinds::online::OnlineSpec;
use drr_kinds::world::World;

use self::walk::{Course, Walked};
use crate::answers::{Answers, Known};
use crate::evaluate::policy::Policy;
use crate::evaluate::summarise;
use crate::pmf::PmfModel;
use drr_kinds::error::{Error, Result};
use drr_kinds::training::Metrics;
use drr_kinds::training::Reporter;

/// Where sessions take place.
pub struct Scene<'a> {
    /// The ratings.
    pub world: &'a World,
    /// The factorisation that policies stand on.
    pub model: &'a PmfModel,
    /// Who answers.
    pub answers: Answers<'a>,
    /// Length of the histories.
    pub n: usize,
}

impl<'a> Scene<'a> {
    /// One in which the policies' own factorisation answers what no log has.
    pub fn own(world: &'a World, model: &'a PmfModel, n: usize) -> Self {
        Self { world, model, answers: Answers::new(world, model, Known::All, 0.0), n }
    }
}

/// Measures the mean reward of sessions of every length K of the spec, and `answers/simulated`: the share of answers that no
/// log had, over all of them.
///
/// # Errors
/// Deterministic if no user is eligible or learning diverges; whatever the reporter says.
pub fn run(
    scene: &Scene<'_>,
    policy: &mut Policy,
    spec: &OnlineSpec,
    seed: Seed,
    reporter: &mut dyn Reporter,
) -> Result<Metrics> {
    let Scene { world, n, .. } = *scene;
    let eligible: Vec<u32> =
        (0..world.users as u32).filter(|&user| world.history(spec.protocol, user, n).is_some()).collect();
    if eligible.is_empty() {
        return Err(Error::Deterministic(format!(
            "no user has {n} positive ratings to start from under this protocol: lower drr.history"
        )));
    }
    let (low, high) = world.reward_range;
    let steps = f64::from(high - low) * world.unit / spec.rounding;
    if spec.rounding > 0.0 && (steps - steps.round()).abs() > 1e-4 {
        return Err(Error::Deterministic(format!(
            "online.rounding = {} does not divide the range of these ratings, {} wide",
            spec.rounding,
            f64::from(high - low) * world.unit
        )));
    }
    let mut metrics = Metrics::new();
    let total = spec.k.len() as u64 * spec.repeats * spec.steps;
    let (mut done, mut simulated) = (0, 0);
    for &k in &spec.k {
        let mut means = Vec::new();
        let course = Course { scene, spec, k, eligible: &eligible };
        let together = match policy {
            Policy::Recommender(agent, _) => learning::together(&course, agent.backend()),
            _ => 1,
        };
        while (means.len() as u64) < spec.repeats {
            let first = means.len() as u64;
            let repeats = first..spec.repeats.min(first + together as u64);
            let name = |repeat| format!("eval/online/{}/{k}/{repeat}", spec.protocol.name());
            let streams = repeats.clone().map(|repeat| seed.stream(&name(repeat))).collect::<Vec<_>>();
            let count = streams.len() as u64;
            let mut progress = |steps: u64| reporter.progress(done + steps * count, total);
            let walked: Vec<Walked> = match &mut *policy {
                Policy::Recommender(agent, drr) => learning::run(&course, (agent, drr), streams, &mut progress)?,
                other => {
                    let run = |stream| fixed::run(&course, other, stream, &mut progress);
                    streams.into_iter().map(run).collect::<Result<_>>()?
                }
            };
            for (repeat, walked) in repeats.zip(walked) {
                simulated += walked.simulated;
                reporter.points(0, vec![Point::new(format!("reward@{k}"), repeat, walked.mean)])?;
                means.push(walked.mean);
                done += spec.steps;
            }
        }
        summarise(&mut metrics, &format!("reward@{k}"), &means);
    }
    metrics.insert("users".to_owned(), eligible.len() as f64);
    metrics.insert("answers/simulated".to_owned(), simulated as f64 / total as f64);
    Ok(metrics)
}
