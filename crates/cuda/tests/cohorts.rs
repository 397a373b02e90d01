//! What a GPU's operations give a member is the same to the bit alone, among others, and at whatever place among them; here by
//! the same operations on the CPU.
#![cfg(feature = "libtorch")]

#[path = "../../train/tests/points/mod.rs"]
mod points;

use std::sync::Arc;

use drr_core::Seed;
use drr_core::data::Split;
use drr_core::journal::Point;
use drr_core::spec::{RewardRule, SplitSpec, SyntheticSpec};
use drr_cuda::kernels;
use drr_kinds::drr::{ActionNorm, DrrSpec, StateKind};
use drr_kinds::online::OnlineSpec;
use drr_kinds::pmf::{Optimizer, PmfSpec};
use drr_kinds::training::{Metrics, Silent};
use drr_kinds::world::World;
use drr_train::evaluate::Policy;
use drr_train::kernels::Backend;
use drr_train::kernels::accelerator::BLOCK;
use drr_train::online::{self, Scene};
use drr_train::pmf::{self, PmfModel};
use drr_train::trainer::{Member, train};
use points::PointLog;

fn world() -> (Arc<World>, Arc<PmfModel>) {
    let ratings = drr_core::data::synthetic::generate(&SyntheticSpec::default()).expect("the default world fits");
    let world = World::new(&ratings, &Split::by_rule(&ratings, &SplitSpec::default()), RewardRule::STARS);
    let spec = PmfSpec { k: 12, epochs: 3, ..PmfSpec::default() };
    let (model, _) = pmf::train(&world, &spec, Seed(0), &mut Silent).expect("PMF trains");
    (Arc::new(world), Arc::new(model))
}

/// Members that differ in seed and rates.
fn members(count: u64, spec: &DrrSpec) -> Vec<Member> {
    let (world, model) = world();
    let member = |index: u64| {
        let x = index as f64 / 64.0;
        let rates = DrrSpec { actor_lr: 1e-3 * (1.0 + x), tau: 0.01 * (1.0 + x), gamma: 0.9 - 0.5 * x, ..spec.clone() };
        let mut spec = DrrSpec { grad_clip: if index.is_multiple_of(2) { 0.5 } else { 0.0 }, ..rates };
        spec.resolve(12);
        Member { spec, seed: Seed(index), world: Arc::clone(&world), model: Arc::clone(&model) }
    };
    (0..count).map(member).collect()
}

fn device() -> Backend {
    kernels::backend(tch::Device::Cpu)
}

fn short() -> DrrSpec {
    DrrSpec {
        actor_hidden: vec![20, 16],
        critic_hidden: vec![18, 20, 16],
        batch_size: 16,
        learning_starts: 20,
        train_steps: 60,
        record_every: 10,
        ..DrrSpec::published()
    }
}

/// What each member of a training ends with: its points, and the bits of its parameters and moments.
fn outcomes(members: &[Member]) -> Vec<(Vec<Point>, Vec<u32>)> {
    let _no_gradients = tch::no_grad_guard();
    let mut points = PointLog::default();
    let (agent, ends) = train(members, device(), &mut points).expect("the cohort trains");
    ends.into_iter().for_each(|end| drop(end.expect("every member trains")));
    let arrays: Vec<Vec<f32>> = agent
        .networks()
        .iter()
        .flat_map(|(_, it)| [&it.trained.theta, &it.trained.target, &it.trained.v].map(|array| array.to_vec()))
        .collect();
    (0..members.len())
        .map(|member| {
            let own = points.0.iter().filter(|(of, _)| *of == member).map(|(_, point)| point.clone()).collect();
            let part = |array: &Vec<f32>| {
                let size = array.len() / members.len();
                array[member * size..][..size].iter().map(|value| value.to_bits()).collect::<Vec<_>>()
            };
            (own, arrays.iter().flat_map(part).collect())
        })
        .collect()
}

#[test]
fn a_member_has_the_same_bits_alone_and_in_any_cohort_and_place() {
    let smoothed = DrrSpec { critics: 2, smoothing: 0.1, action_norm: ActionNorm::Unit, ..short() };
    for spec in [short(), DrrSpec { state: StateKind::U, history: 3, ..smoothed }] {
        let members = members(64, &spec);
        let all = outcomes(&members);
        for count in [1, 8, 17] {
            assert!(outcomes(&members[..count]) == all[..count], "{count} of 64, state {:?}", spec.state);
        }
        let mut turned = members.clone();
        turned.rotate_left(23);
        let mut again = outcomes(&turned);
        again.rotate_right(23);
        assert!(again == all, "other places, state {:?}", spec.state);
        assert!(outcomes(&members[40..41]) == all[40..41], "another one alone");
    }
}

#[test]
fn repeats_of_an_evaluation_have_the_same_bits_in_any_number() {
    let _no_gradients = tch::no_grad_guard();
    let member = members(1, &short()).remove(0);
    let scene = Scene::own(&member.world, &member.model, 5);
    let measured = |repeats: u64| -> (Metrics, Vec<(usize, Point)>) {
        let (agent, _) = train(std::slice::from_ref(&member), device(), &mut Silent).expect("it trains");
        let mut policy = Policy::Recommender(Box::new(agent), Box::new(member.spec.clone()));
        let spec = OnlineSpec { k: vec![6], steps: 60, repeats, learning_starts: 20, ..OnlineSpec::default() };
        let mut points = PointLog::default();
        let metrics = online::run(&scene, &mut policy, &spec, Seed(1), &mut points).expect("it is measured");
        (metrics, points.0)
    };
    let (_, all) = measured(BLOCK as u64 + 2);
    assert_eq!(all.len(), BLOCK + 2);
    for repeats in [1, 5] {
        assert!(measured(repeats).1 == all[..repeats as usize], "{repeats} repeats");
    }
}

#[test]
fn a_factorisation_is_the_loops_within_single_precision_and_the_same_each_time() {
    let _no_gradients = tch::no_grad_guard();
    let (world, _) = world();
    for optimizer in [Optimizer::Adam, Optimizer::Sgd] {
        let spec = PmfSpec { k: 10, epochs: 4, batch_size: 256, optimizer, ..PmfSpec::default() };
        let on = |backend: Backend| pmf::train_on(backend, &world, &spec, Seed(0), &mut Silent).expect("it trains");
        let ((loops, of_loops), (operations, of_operations)) = (on(Backend::Slices), on(device()));
        let values = |it: &PmfModel| [&it.users[..], &it.items, &it.user_bias, &it.item_bias].concat();
        let pairs = values(&loops).into_iter().zip(values(&operations));
        let apart = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 2e-4, "{optimizer:?}: {apart}");
        let rmse = "test_rmse_stars";
        assert!((of_loops[rmse] - of_operations[rmse]).abs() < 1e-3, "{of_loops:?}, {of_operations:?}");
        let bits = |it: &PmfModel| values(it).into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert!(bits(&on(device()).0) == bits(&operations), "{optimizer:?}");
    }
}
