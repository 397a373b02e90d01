//! Counts of positive ratings and of all, and what specs say of them.

use drr_core::spec::Settings;
use serde_json::{Map, json};

use super::ranking::ranking;
use super::{CountedRatings, PopularitySpec};
use crate::goldens::{scores, world};
use crate::protocol::Protocol;
use crate::ranking::{RankingInput, StaticRanking};

fn counts(settings: Settings) -> Vec<f64> {
    let world = world();
    let input = RankingInput { world: &world, settings: &settings, model: None, start: (Protocol::Strict, 1) };
    let StaticRanking::By(counts) = ranking(&input).expect("a ranking") else { panic!("a preference") };
    scores(&world, &|user, item| counts.score(user, item)).take(world.items).collect()
}

#[test]
fn all_ratings_count_or_the_positive_ones() {
    let world = world();
    let expected = |counts: fn(f32) -> bool| {
        let of = |item: u32| world.train.ratings().filter(|rating| rating.1 == item && counts(rating.2)).count() as f64;
        (0..world.items as u32).map(of).collect::<Vec<_>>()
    };
    let all = PopularitySpec { counts: CountedRatings::All };
    assert_eq!(counts(Settings::new(json!(all)).expect("an object")), expected(|_| true));
    // Specs of before there was the field say nothing.
    assert_eq!(counts(Settings::default()), expected(|reward| reward > 0.0));
}

#[test]
fn specs_do_not_say_what_trials_always_did() {
    assert_eq!(json!(PopularitySpec::default()), json!(Map::new()));
    let [field] = PopularitySpec::FIELDS else { panic!("one field") };
    assert!(!field.is_written(&json!("positive")) && field.is_written(&json!("all")));
}
