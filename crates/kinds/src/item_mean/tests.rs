//! Means worked out by hand.

use drr_core::data::{Rating, Ratings, Split};
use drr_core::spec::{RewardRule, Settings, SplitKind, SplitSpec};
use serde_json::json;

use super::ranking::ranking;
use crate::protocol::Protocol;
use crate::ranking::{RankingInput, Scores, StaticRanking};
use crate::world::World;

/// The latest fifth of each user is test: with five ratings a user, the last one.
fn world(stars: &[[f32; 5]]) -> World {
    let rows = stars.iter().enumerate().flat_map(|(user, stars)| {
        let row = move |(item, stars): (usize, &f32)| Rating {
            user: user as u32,
            item: item as u32,
            stars: *stars,
            timestamp: item as i64,
        };
        stars.iter().enumerate().map(row).collect::<Vec<_>>()
    });
    let names = |count: usize| (0..count).map(|at| at.to_string()).collect::<Vec<_>>();
    let ratings = Ratings { users: names(stars.len()), items: names(5), rows: rows.collect() };
    World::new(
        &ratings,
        &Split::by_rule(&ratings, &SplitSpec { kind: SplitKind::Temporal, test: 0.2, ..SplitSpec::default() }),
        RewardRule::STARS,
    )
}

fn scores(shrinkage: f64) -> Box<dyn Scores> {
    // Rewards R* = (r - 3) / 2 of the first four items: 1, 0, -1, 0.5 and 1, 1, -1, -0.5; their mean is 0.125.
    let world = world(&[[5.0, 3.0, 1.0, 4.0, 3.0], [5.0, 5.0, 1.0, 2.0, 3.0]]);
    let settings = Settings::new(json!({"shrinkage": shrinkage})).expect("an object");
    match ranking(&RankingInput { world: &world, settings: &settings, model: None, start: (Protocol::Strict, 1) })
        .expect("a ranking")
    {
        StaticRanking::By(scores) => scores,
        StaticRanking::Uniform => panic!("means are a preference"),
    }
}

#[test]
fn without_shrinkage_items_stand_at_their_means_and_the_unrated_at_the_mean_of_all() {
    let scores = scores(0.0);
    let found: Vec<f32> = (0..5).map(|item| scores.score(0, item)).collect();
    assert_eq!(found, [1.0, 0.5, -1.0, 0.0, 0.125]);
    assert_eq!(scores.score(1, 1), 0.5, "the same for every user");
}

#[test]
fn shrinkage_draws_towards_the_mean_of_all() {
    let scores = scores(2.0);
    // (sum + 2 · 0.125) / (2 + 2)
    let found: Vec<f32> = (0..5).map(|item| scores.score(0, item)).collect();
    assert_eq!(found, [0.5625, 0.3125, -0.4375, 0.0625, 0.125]);
}
