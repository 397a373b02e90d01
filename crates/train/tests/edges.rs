//! Worlds at the edge: each has a clear outcome, an error that says what to do or a result, never a panic.

use std::sync::Arc;

use drr_core::Seed;
use drr_core::data::{Rating, Ratings, Split};
use drr_core::spec::{RewardRule, SplitKind, SplitSpec};
use drr_kinds::drr::DrrSpec;
use drr_kinds::error::{Error, Result};
use drr_kinds::offline::OfflineSpec;
use drr_kinds::online::OnlineSpec;
use drr_kinds::pmf::PmfSpec;
use drr_kinds::protocol::Protocol;
use drr_kinds::ranking::StaticRanking;
use drr_kinds::training::Silent;
use drr_kinds::world::World;
use drr_train::evaluate::Policy;
use drr_train::kernels::Backend;
use drr_train::online::Scene;
use drr_train::pmf::{self, PmfModel};
use drr_train::trainer::{Member, train};
use drr_train::{offline, online};

/// Every user rates every item, in the order of items, with the stars that `stars` gives; the last fifth is test.
fn world(users: u32, items: u32, stars: impl Fn(u32, u32) -> f32) -> World {
    let rows = (0..users)
        .flat_map(|user| (0..items).map(move |item| (user, item)))
        .map(|(user, item)| Rating { user, item, stars: stars(user, item), timestamp: i64::from(item) })
        .collect();
    let ids = |count: u32| (0..count).map(|id| id.to_string()).collect();
    let ratings = Ratings::canonical(ids(users), ids(items), rows);
    World::new(
        &ratings,
        &Split::by_rule(&ratings, &SplitSpec { kind: SplitKind::Temporal, ..SplitSpec::default() }),
        RewardRule::STARS,
    )
}

fn model(world: &World) -> PmfModel {
    let spec = PmfSpec { k: 4, epochs: 2, ..PmfSpec::default() };
    pmf::train(world, &spec, Seed(0), &mut Silent).expect("PMF trains").0
}

fn drr(world: World, change: impl FnOnce(&mut DrrSpec)) -> Result<f64> {
    let model = Arc::new(model(&world));
    let mut spec =
        DrrSpec { batch_size: 8, learning_starts: 10, train_steps: 60, record_every: 20, ..DrrSpec::published() };
    change(&mut spec);
    spec.resolve(4);
    let member = Member { spec, seed: Seed(0), world: Arc::new(world), model };
    let (_, mut outcomes) = train(&[member], Backend::Slices, &mut Silent)?;
    outcomes.remove(0).map(|metrics| metrics["updates"])
}

fn message<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    match outcome {
        Err(Error::Deterministic(message)) => message,
        other => panic!("a deterministic error was expected, not {other:?}"),
    }
}

#[test]
fn a_history_longer_than_any_users_is_refused() {
    let all_liked = || world(3, 20, |_, _| 5.0);
    let text = message(drr(all_liked(), |spec| spec.history = 17));
    assert!(text.contains("no user has 17 positive train ratings") && text.contains("lower drr.history"), "{text}");
    let world = all_liked();
    let (model, mut policy) = (model(&world), Policy::Static(StaticRanking::Uniform));
    let spec = OfflineSpec { k: vec![2], ..OfflineSpec::default() };
    let text = message(offline::run(&world, &model, &mut policy, 5, &spec, Seed(0), &mut Silent));
    assert!(text.contains("lower offline.k or drr.history"), "{text}");
    let mut policy = Policy::Static(StaticRanking::Uniform);
    let spec = OnlineSpec { k: vec![2], steps: 10, repeats: 1, ..OnlineSpec::default() };
    let text = message(online::run(&Scene::own(&world, &model, 5), &mut policy, &spec, Seed(0), &mut Silent));
    assert!(text.contains("no user has 5 positive ratings"), "{text}");
}

#[test]
fn more_recommendations_than_candidates_are_refused() {
    let world = world(3, 20, |_, _| 5.0);
    let model = model(&world);
    let run = |k: u64| {
        let spec = OfflineSpec { k: vec![k], repeats: 2, users: 10, ..OfflineSpec::default() };
        offline::run(&world, &model, &mut Policy::Static(StaticRanking::Uniform), 2, &spec, Seed(0), &mut Silent)
    };
    let text = message(run(5));
    assert!(text.contains("no user has 5 test ratings"), "{text}");
    let metrics = run(4).expect("as many as there are");
    assert_eq!((metrics["precision@4"], metrics["ndcg@4"], metrics["users@4"]), (1.0, 1.0, 3.0));
}

#[test]
fn users_without_positives_are_passed_over() {
    let half = || world(4, 20, |user, item| if user < 2 { 1.0 } else { 1.0 + (item % 5) as f32 });
    assert_eq!(drr(half(), |spec| spec.history = 3).expect("two users remain"), 51.0);
    let nobody = world(4, 20, |_, _| 2.0);
    let text = message(drr(nobody, |_| ()));
    assert!(text.contains("no user has 5 positive train ratings"), "{text}");
    let world = half();
    let spec = OfflineSpec { k: vec![3], repeats: 1, ..OfflineSpec::default() };
    let outcome = offline::run(
        &world,
        &model(&world),
        &mut Policy::Static(StaticRanking::Uniform),
        1,
        &spec,
        Seed(0),
        &mut Silent,
    );
    assert_eq!(outcome.expect("two users remain")["users@3"], 2.0);
}

#[test]
fn a_session_longer_than_the_catalogue_ends_with_it() {
    // 10 items a session: the eleventh recommendation finds none left, and a step passes without one.
    let updates = drr(world(3, 10, |_, _| 5.0), |spec| spec.episode_length = 50).expect("sessions end early");
    assert_eq!(updates, 51.0);
}

#[test]
fn an_empty_set_of_candidates_is_an_error_online() {
    // Under `strict` nothing of the train log is a candidate: of a dataset that is all train log, nothing.
    let mut world = world(3, 10, |_, _| 5.0);
    let model = model(&world);
    world.items = 8;
    let spec = OnlineSpec { k: vec![2], steps: 10, repeats: 1, protocol: Protocol::Strict, ..OnlineSpec::default() };
    let mut policy = Policy::Static(StaticRanking::Uniform);
    let text = message(online::run(&Scene::own(&world, &model, 2), &mut policy, &spec, Seed(0), &mut Silent));
    assert!(text.contains("no user has a candidate left"), "{text}");
}

#[test]
fn a_loss_that_is_not_a_number_says_which_rate_to_lower() {
    let world = world(20, 30, |user, item| 1.0 + ((user * 7 + item * 3) % 5) as f32);
    let spec =
        PmfSpec { k: 4, lr: 10.0, optimizer: drr_kinds::pmf::Optimizer::Sgd, batch_size: 8, ..PmfSpec::default() };
    let text = message(pmf::train(&world, &spec, Seed(0), &mut Silent).map(|_| ()));
    assert!(text.contains("not finite") && text.contains("lower pmf.lr"), "{text}");
}
