//! Scores as NumPy has them, of models that were stored, and catalogues that are too large.

use drr_core::Seed;
use drr_core::data::{Ratings, Split};
use drr_core::spec::{RewardRule, Settings};
use serde::Deserialize;
use serde_json::json;

use super::EaseSpec;
use super::ranking::ranking;
use super::train::{MOST_ITEMS, train, weights};
use crate::error::Error;
use crate::goldens::{is_near, read, scores, world};
use crate::matrix::{MatrixValues, RatingMatrix};
use crate::protocol::Protocol;
use crate::ranking::{RankingInput, StaticRanking};
use crate::training::{Silent, Training};
use crate::world::World;

#[derive(Deserialize)]
struct EaseCase {
    values: MatrixValues,
    l2: f64,
    scores: Vec<Vec<f64>>,
    explained: f64,
}

#[test]
fn stored_models_score_as_numpy_has_it() {
    #[derive(Deserialize)]
    struct EaseGolden {
        cases: Vec<EaseCase>,
    }
    let (world, golden): (_, EaseGolden) = (world(), read("ease"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    for EaseCase { values, l2, scores: golden, explained } in golden.cases {
        let settings = Settings::new(json!(EaseSpec { l2, values })).expect("an object");
        let training = Training { world: &world, settings: &settings, seed: Seed(0), model: &path };
        let trained = train(&training, &mut Silent).expect("trained");
        assert!((trained.metrics["explained"] - explained).abs() < 1e-6);
        let input = RankingInput {
            world: &world,
            settings: &Settings::default(),
            model: Some(&path),
            start: (Protocol::Strict, 1),
        };
        let StaticRanking::By(stored) = ranking(&input).expect("a ranking") else { panic!("a preference") };
        assert!(is_near(scores(&world, &|user, item| stored.score(user, item)), &golden), "{values:?}");
        std::fs::write(&path, b"no model").expect("written");
        assert!(ranking(&input).is_err());
    }
}

#[test]
fn what_cannot_be_inverted_is_refused_with_what_helps() {
    let mut x = RatingMatrix::new(&world(), MatrixValues::Ones).expect("a matrix");
    x.items = MOST_ITEMS + 1;
    let refused = |x: &RatingMatrix, l2| match weights(x, l2, &mut |_, _| Ok(())) {
        Err(Error::Deterministic(message)) => message,
        _ => panic!("refused"),
    };
    assert!(refused(&x, 1.0).contains("take pure-svd or ials"));
    x.items = 64;
    assert!(refused(&x, 0.0).contains("raise ease.l2"), "items without a rating have no inverse without a penalty");
    let nothing = Split { train: Vec::new(), test: Vec::new() };
    let empty = World::new(&Ratings::default(), &nothing, RewardRule::STARS);
    assert!(RatingMatrix::new(&empty, MatrixValues::Positive).is_err());
}
