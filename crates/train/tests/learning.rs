//! A world small enough to be solved: the agent finds each user's one good item.

use std::sync::Arc;

use drr_core::Seed;
use drr_core::data::{Rating, Ratings, Split};
use drr_core::spec::{RewardRule, SplitKind, SplitSpec};
use drr_kinds::drr::DrrSpec;
use drr_kinds::training::Silent;
use drr_kinds::world::World;
use drr_train::kernels::Backend;
use drr_train::pmf::PmfModel;
use drr_train::trainer::{Member, train};

const ITEMS: u32 = 8;

/// Two users; user u likes item u and none of the others. The last item, disliked by both, is what the split holds out.
fn world() -> World {
    let rating =
        |(user, item)| Rating { user, item, stars: if item == user { 5.0 } else { 1.0 }, timestamp: i64::from(item) };
    let rows = (0..2).flat_map(|user| (0..ITEMS).map(move |item| (user, item))).map(rating).collect();
    let ids = |count: u32| (0..count).map(|id| id.to_string()).collect();
    let ratings = Ratings::canonical(ids(2), ids(ITEMS), rows);
    World::new(
        &ratings,
        &Split::by_rule(&ratings, &SplitSpec { kind: SplitKind::Temporal, test: 0.1, ..SplitSpec::default() }),
        RewardRule::STARS,
    )
}

/// Items at the ends of the axes, so that any of them can be ranked first; users apart from each other.
fn model() -> PmfModel {
    let k = ITEMS as usize;
    let unit = |at: usize| (0..k).map(move |i| f32::from(u8::from(i == at)));
    PmfModel {
        k,
        users: unit(2).chain(unit(5)).collect(),
        items: (0..k).flat_map(unit).collect(),
        user_bias: vec![0.0; 2],
        item_bias: vec![0.0; k],
    }
}

#[test]
fn a_world_with_one_good_item_for_each_user_is_solved() {
    let model = Arc::new(model());
    let mut spec = DrrSpec {
        history: 1,
        episode_length: 1,
        gamma: 0.0,
        tau: 0.05,
        batch_size: 32,
        actor_hidden: vec![32, 32],
        critic_hidden: vec![32, 32, 32],
        actor_lr: 0.002,
        critic_lr: 0.005,
        learning_starts: 64,
        eps_steps: 300,
        train_steps: 600,
        ..DrrSpec::published()
    };
    spec.resolve(model.k as u64);
    let member = Member { spec, seed: Seed(0), world: Arc::new(world()), model: Arc::clone(&model) };
    let (mut agent, mut outcomes) = train(&[member], Backend::Slices, &mut Silent).expect("it trains");
    outcomes.remove(0).expect("it does not diverge");
    for user in 0..2 {
        let action = agent.act(&[user], &[user]);
        let best = (0..ITEMS).max_by(|&a, &b| model.score(a, action).total_cmp(&model.score(b, action)));
        assert_eq!(best, Some(user), "user {user}, action {action:?}");
    }
}
