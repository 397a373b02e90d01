//! Neighbours worked out by hand, and a model that predicts the same after it was stored.

use drr_core::Seed;
use drr_core::data::{Rating, Ratings, Split};
use drr_core::spec::{RewardRule, Settings, SplitKind, SplitSpec};
use serde_json::json;

use super::ItemKnnSpec;
use super::ranking::ranking;
use super::train::{neighbours, train};
use crate::protocol::Protocol;
use crate::ranking::{RankingInput, Scores as _, StaticRanking};
use crate::training::{Silent, Training};
use crate::world::World;

/// Rewards of four users for items 0 to 2; item 3, each user's latest, is test. Items 0 and 1 are liked by the same
/// users, item 2 by the others.
fn world() -> World {
    let stars = [[5.0, 5.0, 1.0, 3.0], [5.0, 5.0, 1.0, 3.0], [1.0, 1.0, 5.0, 3.0], [1.0, 1.0, 5.0, 3.0]];
    let row = |user: usize, item: usize| Rating {
        user: user as u32,
        item: item as u32,
        stars: stars[user][item],
        timestamp: item as i64,
    };
    let rows = (0..4).flat_map(|user| (0..4).map(move |item| row(user, item))).collect();
    let names = |count: usize| (0..count).map(|at| at.to_string()).collect::<Vec<_>>();
    let ratings = Ratings { users: names(4), items: names(4), rows };
    World::new(
        &ratings,
        &Split::by_rule(&ratings, &SplitSpec { kind: SplitKind::Temporal, test: 0.25, ..SplitSpec::default() }),
        RewardRule::STARS,
    )
}

#[test]
fn alike_items_are_neighbours_and_similarities_shrink_with_few_raters() {
    let spec = ItemKnnSpec { shrinkage: 4.0, mean_shrinkage: 0.0, ..ItemKnnSpec::default() };
    let model = neighbours(&world(), &spec, &mut |_, _| Ok(())).expect("a model");
    // Means are 0; items 0 and 1 have cosine 1 over four raters, which counts 4 / (4 + 4); item 2 is unlike both.
    assert_eq!(model.similarities, [0.5, 0.5]);
    // User 0 rated the only neighbour of item 1 with reward 1; nobody rated the unknown item 3.
    assert_eq!([model.score(0, 1), model.score(2, 1), model.score(0, 2), model.score(0, 3)], [1.0, -1.0, 0.0, 0.0]);
}

#[test]
fn a_stored_model_predicts_as_it_did_and_a_damaged_one_is_refused() {
    let world = world();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    let settings = Settings::new(json!(ItemKnnSpec::default())).expect("an object");
    let training = Training { world: &world, settings: &settings, seed: Seed(0), model: &path };
    let trained = train(&training, &mut Silent).expect("trained");
    // Every test rating is 3 stars, every prediction the mean of all, 3 stars as well.
    assert_eq!(trained.metrics["test_rmse_stars"], 0.0);
    assert_eq!(trained.metrics["neighbours/mean"], 0.5);
    let direct = neighbours(&world, &ItemKnnSpec::default(), &mut |_, _| Ok(())).expect("a model");
    let input = RankingInput { world: &world, settings: &settings, model: Some(&path), start: (Protocol::Strict, 1) };
    let StaticRanking::By(stored) = ranking(&input).expect("a ranking") else { panic!("a preference") };
    for (user, item) in (0..4).flat_map(|user| (0..4).map(move |item| (user, item))) {
        assert_eq!(stored.score(user, item), direct.score(user, item));
    }
    std::fs::write(&path, b"no model").expect("written");
    assert!(ranking(&input).is_err());
}
