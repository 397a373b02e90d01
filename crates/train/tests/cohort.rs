//! On the CPU a member of a cohort is the same to the bit as when it trains alone.

use std::sync::Arc;

use drr_core::Seed;
use drr_core::data::Split;
use drr_core::journal::Point;
use drr_core::spec::{RewardRule, SplitSpec, SyntheticSpec};
use drr_kinds::drr::{ActionNorm, CriticAction, DrrSpec, Exploration, Scoring, StateKind};
use drr_kinds::error::{Error, Result};
use drr_kinds::pmf::PmfSpec;
use drr_kinds::training::Reporter;
use drr_kinds::world::World;
use drr_train::kernels::{Backend, product};
use drr_train::pmf::{self, PmfModel};
use drr_train::trainer::{Member, train};

/// Keeps every member's points.
#[derive(Default)]
struct Points(Vec<Vec<Point>>);

impl Reporter for Points {
    fn points(&mut self, member: usize, points: Vec<Point>) -> Result<()> {
        self.0.resize(self.0.len().max(member + 1), Vec::new());
        self.0[member].extend(points);
        Ok(())
    }

    fn progress(&mut self, _: u64, _: u64) -> Result<()> {
        Ok(())
    }
}

fn world() -> (Arc<World>, Arc<PmfModel>) {
    let ratings = drr_core::data::synthetic::generate(&SyntheticSpec::default()).expect("the default world fits");
    let world = World::new(&ratings, &Split::by_rule(&ratings, &SplitSpec::default()), RewardRule::STARS);
    let spec = PmfSpec { k: 20, epochs: 5, ..PmfSpec::default() };
    let (model, _) = pmf::train(&world, &spec, Seed(0), &mut Points::default()).expect("PMF trains");
    (Arc::new(world), Arc::new(model))
}

/// Members that differ in everything that may differ within a cohort; `common` is what they share.
fn members(count: usize, common: &DrrSpec) -> Vec<Member> {
    let (world, model) = world();
    (0..count)
        .map(|index| {
            let x = index as f64;
            let mut spec = DrrSpec {
                gamma: 0.9 - 0.05 * x,
                tau: 0.001 * (1.0 + x),
                actor_lr: 5e-4 * (1.0 + x),
                critic_lr: 1e-3 / (1.0 + x),
                alpha: 0.1 * x,
                beta: 1.0 - 0.1 * x,
                episode_length: 5 + index as u64,
                eps_steps: 50 + 10 * index as u64,
                grad_clip: if index % 2 == 0 { 1.0 } else { 0.0 },
                ..common.clone()
            };
            spec.resolve(20);
            Member { spec, seed: Seed(index as u64), world: Arc::clone(&world), model: Arc::clone(&model) }
        })
        .collect()
}

fn common() -> DrrSpec {
    DrrSpec { batch_size: 64, learning_starts: 70, train_steps: 160, record_every: 20, ..DrrSpec::published() }
}

/// Points and parameter bits of every member.
fn outcome(members: &[Member]) -> Vec<(Vec<Point>, Vec<u32>)> {
    let mut points = Points::default();
    let (agent, outcomes) = train(members, Backend::Slices, &mut points).expect("the cohort trains");
    outcomes.into_iter().for_each(|outcome| drop(outcome.expect("every member trains")));
    let bits = |values: &[f32], member: usize| -> Vec<u32> {
        let size = values.len() / members.len();
        values[member * size..][..size].iter().map(|value| value.to_bits()).collect()
    };
    points
        .0
        .into_iter()
        .enumerate()
        .map(|(member, points)| {
            let mut parameters = bits(agent.actor.trained.theta.as_slice(), member);
            parameters.extend(bits(agent.critic.trained.target.as_slice(), member));
            (points, parameters)
        })
        .collect()
}

#[test]
fn members_equal_their_solo_runs_to_the_bit() {
    members_equal_their_solo_runs(&common(), &[3, 8]);
}

#[test]
fn members_of_every_variant_equal_their_solo_runs_to_the_bit() {
    let small = DrrSpec { history: 3, batch_size: 16, train_steps: 100, ..common() };
    for state in [StateKind::P, StateKind::U, StateKind::N] {
        members_equal_their_solo_runs(&DrrSpec { state, ..small.clone() }, &[3]);
    }
    let options = DrrSpec {
        scoring: Scoring::DotBias,
        action_norm: ActionNorm::Unit,
        exploration: Exploration::Item,
        critic_action: CriticAction::Item,
        reward_floor: 0.0,
        ..small
    };
    members_equal_their_solo_runs(&options, &[3]);
}

fn members_equal_their_solo_runs(common: &DrrSpec, sizes: &[usize]) {
    let all = members(sizes.iter().max().copied().unwrap_or(1), common);
    let solo: Vec<_> = all.iter().map(|member| outcome(std::slice::from_ref(member)).remove(0)).collect();
    for &size in sizes {
        let together = outcome(&all[..size]);
        for (member, (alone, together)) in solo.iter().zip(&together).enumerate() {
            assert_eq!(alone.0, together.0, "member {member} of {size}: metrics");
            assert!(alone.1 == together.1, "member {member} of {size}: parameters");
        }
    }
    assert!(solo[0].0.iter().any(|point| point.name == "train/critic_loss"), "updates must have happened");
}

#[test]
fn a_cohort_asks_for_no_more_products_than_one_trial() {
    let products = |count: usize| {
        let before = product::calls();
        outcome(&members(count, &common()));
        product::calls() - before
    };
    let alone = products(1);
    // An update multiplies 28 times, acting three times.
    assert!(alone > 28 * 90, "{alone}");
    // A step on which one member at least acts greedily costs the actor's three products, for one as for all.
    let most = alone + 3 * common().train_steps;
    assert!([3, 8].into_iter().all(|count| (alone..=most).contains(&products(count))));
}

#[test]
fn a_diverging_member_fails_alone() {
    let mut cohort = members(3, &common());
    let healthy = outcome(&cohort[..1]);
    cohort[1].spec.critic_lr = 10.0;
    cohort[1].spec.actor_lr = 10.0;
    cohort[1].spec.grad_clip = 0.0;
    // Rewards are bounded, so a large rate alone may stay finite; a not-a-number in its world does not.
    let mut model = PmfModel::clone(&cohort[1].model);
    model.items[0..20].fill(f32::NAN);
    cohort[1].model = Arc::new(model);
    let mut points = Points::default();
    let (_, outcomes) = train(&cohort, Backend::Slices, &mut points).expect("the cohort goes on");
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    let message = match &outcomes[1] {
        Err(Error::Deterministic(message)) => message,
        other => panic!("the member must diverge, not {other:?}"),
    };
    assert!(message.contains("not finite at step"), "{message}");
    assert_eq!(points.0[0], healthy[0].0);
}

#[test]
fn the_plan_counts_in_the_blocks_that_devices_compute_in() {
    assert_eq!(drr_core::protocol::BLOCK, drr_train::kernels::accelerator::BLOCK);
}
