//! One ranking, judged under every sensible protocol at once: each user's list is made once for each choice of what is
//! ranked, and judged by all switches that do not change it.

use drr_core::Seed;
use drr_kinds::error::Result;
use drr_kinds::offline::{Denominator, Gain, Ideal, OfflineSpec, Ranked, Relevant, TieOrder};
use drr_kinds::protocols::{Combination, Positive, ProtocolsSpec, Users};
use drr_kinds::training::{Metrics, Reporter};
use drr_kinds::world::World;

use crate::evaluate::Policy;
use crate::evaluate::field::Field;
use crate::evaluate::judged::{Judge, Judged};
use crate::offline::play;
use crate::pmf::PmfModel;

/// Measures precision@K, recall@K and NDCG@K under all combinations, each by its name behind that of the measure.
///
/// # Errors
/// Deterministic if no user has a test rating; whatever the reporter says.
pub fn run(
    world: &World,
    model: &PmfModel,
    policy: &mut Policy,
    spec: &ProtocolsSpec,
    seed: Seed,
    reporter: &mut dyn Reporter,
) -> Result<Metrics> {
    let mut metrics = Metrics::new();
    let scale = (world.centre, world.rating(world.reward_range.1));
    let most = spec.k.iter().max().copied().unwrap_or(0) as usize;
    for candidates in [Ranked::Rated, Ranked::Unseen] {
        for ties in [TieOrder::First, TieOrder::Last] {
            let first = Combination {
                candidates,
                users: Users::With(1),
                ties,
                positive: Positive::Usual,
                denominator: None,
                gain: None,
            };
            let own = OfflineSpec { k: spec.k.clone(), ..first.settings() };
            let field = Field { world, spec: &own, n: 0, seed };
            let mut stream = seed.stream("eval/protocols");
            let mut lists = Vec::new();
            for users in field.eligible(1)?.chunks(field.together()) {
                lists.extend(play(model, policy, field.start(users), most, 0.0, &mut stream));
                reporter.progress(0, 1)?;
            }
            for users in Users::ALL {
                for combination in Combination::all(candidates, users, ties) {
                    for &k in &spec.k {
                        let name = format!("{}@{k} {}", combination.measure(), combination.name(scale));
                        metrics.extend(mean(world, &lists, &combination, k as usize).map(|mean| (name, mean)));
                    }
                }
            }
        }
    }
    Ok(metrics)
}

/// The mean over those who take part; none where nobody does.
fn mean(world: &World, lists: &[Judged], combination: &Combination, k: usize) -> Option<f64> {
    let judge = judge(world, combination);
    let takes_part = |list: &&Judged| match combination.users {
        Users::WithK => list.best.len() >= k,
        Users::With(count) => list.best.len() as u64 >= count,
        Users::WithRelevant => judge.relevant(list) > 0,
    };
    let (mut sum, mut count) = (0.0, 0.0);
    for list in lists.iter().filter(takes_part) {
        sum += match combination.measure() {
            "ndcg" => judge.ndcg(list, k),
            "recall" => judge.recall(list, k),
            _ => judge.precision(list, k),
        };
        count += 1.0;
    }
    (count > 0.0).then(|| sum / count)
}

fn judge(world: &World, combination: &Combination) -> Judge {
    let (gain, ideal) = combination.gain.unwrap_or((Gain::Reward, Ideal::K));
    let (relevant, least_positive) = match combination.positive {
        Positive::Usual => (Relevant::Positive, world.least_positive),
        Positive::Centre => (Relevant::Positive, 0.0),
        Positive::Best => (Relevant::Positive, world.reward_range.1),
        Positive::Rated => (Relevant::Rated, world.least_positive),
    };
    Judge {
        relevant,
        denominator: combination.denominator.unwrap_or(Denominator::K),
        gain,
        ideal,
        least_positive,
        scale: (world.unit, world.centre),
    }
}
