//! Why an actor ends in the corners of what tanh allows, on a toy of two users, and what keeps it out.
//!
//! An item is ranked by q · a, so that only the action's direction counts and the true value of c · a is that of a for every
//! c > 0. A critic fitted to samples has a slope along the ray all the same, and whatever its sign nothing opposes it: each step
//! adds to the sums before tanh, Adam as much when the slope is small as when it is large, until every coordinate stands at a
//! bound. What is left of a user then is what turns a sign.

use std::sync::Arc;

use drr_core::Seed;
use drr_core::data::{Rating, Ratings, Split};
use drr_core::spec::RewardRule;
use drr_kinds::drr::{ActionBase, ActionNorm, Bounding, CriticAction, DrrSpec, Exploration};
use drr_kinds::training::Silent;
use drr_kinds::world::World;
use drr_train::actor_critic::{ActorPass, Agent, Which};
use drr_train::kernels::{Array, Backend};
use drr_train::pmf::PmfModel;
use drr_train::trainer::{Member, train};

const K: usize = 24;
const ITEMS: u32 = 40;

/// Two users who like every item a little, and each a half of them more.
fn world() -> World {
    let stars = |user: u32, item: u32| if item % 2 == user { 5.0 } else { 4.0 };
    let rows = (0..2).flat_map(|user| (0..ITEMS).map(move |item| (user, item)));
    let rating = |(user, item): (u32, u32)| Rating { user, item, stars: stars(user, item), timestamp: i64::from(item) };
    let ids = |count: u32| (0..count).map(|id| id.to_string()).collect();
    let ratings = Ratings::canonical(ids(2), ids(ITEMS), rows.map(rating).collect());
    let all = Split { train: (0..ratings.rows.len() as u32).collect(), test: Vec::new() };
    World::new(&ratings, &all, RewardRule::STARS)
}

/// In every coordinate what everybody likes is more than what tells the users apart; the rest is noise.
fn model() -> PmfModel {
    let mut stream = Seed(5).stream("toy");
    let mut vectors = |count: usize, side: &dyn Fn(usize) -> f32| -> Vec<f32> {
        let one = |at: usize, stream: &mut drr_core::seed::Stream| {
            let own = |coordinate: usize| if coordinate.is_multiple_of(2) { 0.06 } else { -0.06 } * side(at);
            (0..K).map(|coordinate| 0.3 + own(coordinate) + stream.uniform(-0.1, 0.1)).collect::<Vec<f32>>()
        };
        (0..count).flat_map(|at| one(at, &mut stream)).collect()
    };
    let side = |at: usize| if at.is_multiple_of(2) { 1.0 } else { -1.0 };
    let (users, items) = (vectors(2, &side), vectors(ITEMS as usize, &side));
    PmfModel { k: K, users, items, user_bias: vec![0.0; 2], item_bias: vec![0.0; ITEMS as usize] }
}

/// The share of saturated coordinates over both users, and each user's share of liked items among the best ten.
fn trained(change: impl Fn(&mut DrrSpec)) -> (f64, [f64; 2]) {
    let model = Arc::new(model());
    let mut spec = DrrSpec {
        history: 1,
        actor_hidden: vec![72, 72],
        critic_hidden: vec![72, 96, 96],
        batch_size: 32,
        learning_starts: 500,
        eps_steps: 3_000,
        train_steps: 6_000,
        ..DrrSpec::published()
    };
    change(&mut spec);
    let member = Member { spec, seed: Seed(1), world: Arc::new(world()), model: Arc::clone(&model) };
    let (agent, mut outcomes) = train(&[member], Backend::Slices, &mut Silent).expect("it trains");
    outcomes.remove(0).expect("it does not diverge");
    let (bounded, actions) = actions(&agent);
    let saturated = bounded.iter().filter(|value| value.abs() > 0.99).count() as f64 / bounded.len() as f64;
    let liked = [0, 1].map(|user: usize| {
        let action = &actions[user * K..][..K];
        let mut order: Vec<u32> = (0..ITEMS).collect();
        order.sort_by(|&a, &b| model.score(b, action).total_cmp(&model.score(a, action)));
        order[..10].iter().filter(|&&item| item as usize % 2 == user).count() as f64 / 10.0
    });
    (saturated, liked)
}

/// Both users' bounded outputs and actions, each after an item of the other's half.
fn actions(agent: &Agent) -> (Vec<f32>, Vec<f32>) {
    let mut states = Array::zeros(&[1, 2, agent.shapes.state], Backend::Slices);
    agent.states_into(&[0, 1], &[1, 0], &mut states);
    let mut pass = ActorPass::new(&agent.shapes, 1, 2, Backend::Slices);
    pass.run(&agent.actor, Which::Online, &states);
    (pass.bounded(), pass.action.to_vec())
}

#[test]
fn a_critic_of_actions_drives_the_actor_into_the_corners() {
    let (saturated, _) = trained(|_| {});
    assert!(saturated > 0.9, "{saturated}");
}

#[test]
fn each_repair_keeps_it_out() {
    let penalised = trained(|spec| spec.sum_penalty = 0.02);
    let inverting = trained(|spec| spec.bounding = Bounding::Inverting);
    let based = trained(|spec| {
        spec.action_base = ActionBase::Pmf;
        spec.action_range = 0.2;
        spec.sum_penalty = 0.02;
        spec.exploration = Exploration::Near;
    });
    let of_items = trained(|spec| {
        spec.action_norm = ActionNorm::Unit;
        spec.critic_action = CriticAction::Item;
        spec.exploration = Exploration::Item;
        spec.sum_penalty = 0.02;
    });
    for (name, (saturated, liked)) in
        [("penalised", penalised), ("inverting", inverting), ("based", based), ("of items", of_items)]
    {
        assert!(liked.iter().all(|liked| *liked >= 0.7), "{name}: {liked:?}");
        assert!(saturated < 0.05, "{name}: {saturated}");
    }
}
