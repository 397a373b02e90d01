//! Factors as NumPy (and the library `implicit`) have them from the same start, and a loss that only falls.

use drr_core::Seed;
use drr_core::spec::Settings;
use serde::Deserialize;
use serde_json::json;

use super::IalsSpec;
use super::ranking::ranking;
use super::train::{Alternating, train};
use crate::goldens::{is_near, read, world};
use crate::matrix::{MatrixValues, RatingMatrix};
use crate::protocol::Protocol;
use crate::ranking::{RankingInput, StaticRanking};
use crate::training::{Silent, Training};

#[derive(Deserialize)]
struct AlternatingCase {
    values: MatrixValues,
    factors: u64,
    l2: f64,
    alpha: f64,
    epochs: u64,
    start: Vec<Vec<f64>>,
    users: Vec<Vec<f64>>,
    items: Vec<Vec<f64>>,
    loss: f64,
}

#[test]
fn factors_are_numpys_after_as_many_epochs() {
    #[derive(Deserialize)]
    struct AlternatingGolden {
        cases: Vec<AlternatingCase>,
    }
    let (world, golden): (_, AlternatingGolden) = (world(), read("ials"));
    for case in golden.cases {
        let AlternatingCase { values, factors, l2, alpha, epochs, .. } = case;
        let spec = IalsSpec { factors, l2, alpha, epochs, values };
        let x = RatingMatrix::new(&world, values).expect("a matrix");
        let mut model = Alternating::new(&x, &spec, case.start.into_iter().flatten().collect());
        let mut losses = Vec::new();
        for _ in 0..epochs {
            model.epoch(&mut || Ok(())).expect("solved");
            losses.push(model.loss() / x.len() as f64);
        }
        assert!(losses.windows(2).all(|pair| pair[1] < pair[0]), "{losses:?}");
        assert!((losses[losses.len() - 1] - case.loss).abs() < 1e-6);
        assert!(is_near(model.users, &case.users) && is_near(model.items, &case.items), "{values:?}");
    }
}

#[test]
fn a_stored_model_ranks_what_was_rated_above_what_was_not() {
    let world = world();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    let settings = IalsSpec { factors: 8, l2: 0.1, alpha: 10.0, ..IalsSpec::default() };
    let settings = Settings::new(json!(settings)).expect("an object");
    let training = Training { world: &world, settings: &settings, seed: Seed(0), model: &path };
    let first = train(&training, &mut Silent).expect("trained");
    assert_eq!(first.model, train(&training, &mut Silent).expect("trained").model);
    let other = Training { seed: Seed(1), ..training };
    assert_ne!(first.model, train(&other, &mut Silent).expect("trained").model);
    let input = RankingInput {
        world: &world,
        settings: &Settings::default(),
        model: Some(&path),
        start: (Protocol::Strict, 1),
    };
    let StaticRanking::By(stored) = ranking(&input).expect("a ranking") else { panic!("a preference") };
    let mean = |rated: bool| {
        let pairs = (0..world.users as u32).flat_map(|user| (0..world.items as u32).map(move |item| (user, item)));
        let scores: Vec<f32> = pairs
            .filter(|&(user, item)| world.train.reward(user, item).is_some() == rated)
            .map(|(user, item)| stored.score(user, item))
            .collect();
        scores.iter().sum::<f32>() / scores.len() as f32
    };
    assert!(mean(true) > 0.8 && mean(false) < 0.5, "{} and {}", mean(true), mean(false));
    std::fs::write(&path, b"no model").expect("written");
    assert!(ranking(&input).is_err());
}
