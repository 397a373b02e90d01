//! The model as Surprise has it from the same start in the same order, and a stored one that predicts as it did.

use drr_core::Seed;
use drr_core::spec::Settings;
use serde::Deserialize;
use serde_json::json;

use super::SvdppSpec;
use super::ranking::ranking;
use super::train::{Descent, train};
use crate::goldens::{is_near, read, scores, world};
use crate::protocol::Protocol;
use crate::ranking::{RankingInput, StaticRanking};
use crate::training::{Silent, Training};

#[derive(Deserialize)]
struct DescentGolden {
    settings: SvdppSpec,
    start: DescentStart,
    user_bias: Vec<f64>,
    item_bias: Vec<f64>,
    p: Vec<Vec<f64>>,
    q: Vec<Vec<f64>>,
    y: Vec<Vec<f64>>,
    predictions: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct DescentStart {
    p: Vec<Vec<f64>>,
    q: Vec<Vec<f64>>,
    y: Vec<Vec<f64>>,
}

#[test]
fn steps_are_surprises() {
    let (world, golden): (_, DescentGolden) = (world(), read("svdpp"));
    let stars: Vec<(u32, u32, f64)> =
        world.train.ratings().map(|(user, item, reward)| (user, item, world.unit * f64::from(reward) + 3.0)).collect();
    let mean = stars.iter().map(|(_, _, stars)| stars).sum::<f64>() / stars.len() as f64;
    let ratings: Vec<(u32, u32, f64)> = stars.iter().map(|&(user, item, stars)| (user, item, stars - mean)).collect();
    let spec = &golden.settings;
    let mut model = Descent::new(world.users, world.items, spec, &mut Seed(0).stream("test"));
    (model.p, model.q, model.y) = (golden.start.p.concat(), golden.start.q.concat(), golden.start.y.concat());
    for _ in 0..spec.epochs {
        model.pass(&world.train, &ratings, spec);
    }
    let (mut vector, mut predicted) = (vec![0.0; model.k], Vec::new());
    for user in 0..world.users {
        model.user_into(world.train.of(user as u32).0, user, &mut vector);
        predicted.extend((0..world.items).map(|item| mean + model.predicted(user, item, &vector)));
    }
    assert!(is_near(predicted, &golden.predictions));
    assert!(is_near(model.user_bias, &[golden.user_bias]) && is_near(model.item_bias, &[golden.item_bias]));
    assert!(is_near(model.p, &golden.p) && is_near(model.q, &golden.q) && is_near(model.y, &golden.y));
}

#[test]
fn a_stored_model_predicts_rewards_and_one_without_epochs_the_mean_and_its_start() {
    let world = world();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    let settings_of = |spec: SvdppSpec| Settings::new(json!(spec)).expect("an object");
    let settings = settings_of(SvdppSpec { epochs: 200, ..SvdppSpec::default() });
    let trained = train(&Training { world: &world, settings: &settings, seed: Seed(0), model: &path }, &mut Silent);
    let trained = trained.expect("trained");
    let input = RankingInput {
        world: &world,
        settings: &Settings::default(),
        model: Some(&path),
        start: (Protocol::Strict, 1),
    };
    let StaticRanking::By(stored) = ranking(&input).expect("a ranking") else { panic!("a preference") };
    let (mut squares, mut count) = (0.0, 0.0);
    for (user, item, reward) in world.train.ratings() {
        squares += f64::from(world.clip(stored.score(user, item)) - reward).powi(2);
        count += 1.0;
    }
    assert_eq!(trained.metrics["train_rmse_stars"], 2.0 * (squares / count).sqrt());
    assert!(trained.metrics["train_rmse_stars"] < 0.5, "{:?}", trained.metrics);
    let settings = settings_of(SvdppSpec { epochs: 0, init_std: 0.0, ..SvdppSpec::default() });
    train(&Training { world: &world, settings: &settings, seed: Seed(0), model: &path }, &mut Silent).expect("stored");
    let StaticRanking::By(stored) = ranking(&input).expect("a ranking") else { panic!("a preference") };
    let all: Vec<f64> = scores(&world, &|user, item| stored.score(user, item)).collect();
    assert!(all.iter().all(|score| *score == all[0]) && all[0].abs() < 1.0);
    let settings = settings_of(SvdppSpec { lr: 10.0, ..SvdppSpec::default() });
    let diverges = train(&Training { world: &world, settings: &settings, seed: Seed(0), model: &path }, &mut Silent);
    assert!(diverges.is_err());
}
