//! Scores as NumPy's decomposition has them, whatever the start.

use drr_core::Seed;
use drr_core::spec::Settings;
use serde::Deserialize;
use serde_json::json;

use super::PureSvdSpec;
use super::ranking::ranking;
use super::train::{singular, train};
use crate::dense::dot;
use crate::goldens::{is_near, read, scores, world};
use crate::matrix::{MatrixValues, RatingMatrix};
use crate::protocol::Protocol;
use crate::ranking::{RankingInput, StaticRanking};
use crate::training::{Silent, Training};

#[derive(Deserialize)]
struct SvdCase {
    values: MatrixValues,
    factors: u64,
    singular: Vec<f64>,
    scores: Vec<Vec<f64>>,
}

#[test]
fn stored_models_score_as_numpy_has_it() {
    #[derive(Deserialize)]
    struct SvdGolden {
        cases: Vec<SvdCase>,
    }
    let (world, golden): (_, SvdGolden) = (world(), read("pure_svd"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    for (seed, SvdCase { values, factors, singular: expected, scores: golden }) in golden.cases.into_iter().enumerate()
    {
        let seed = Seed(seed as u64);
        let x = RatingMatrix::new(&world, values).expect("a matrix");
        // A narrow block is far from the singular vectors at first; one of all items holds them.
        let k = factors as usize;
        let found = singular(&x, (k, k + 1), &mut seed.stream("test"), &mut |_, _| Ok(())).expect("found");
        assert!(is_near(found.values.clone(), &[expected]), "{values:?}");
        let mut projected = vec![0.0; world.users * world.items];
        for ((items, values), projected) in x.rows().zip(projected.chunks_exact_mut(world.items)) {
            for (&item, value) in items.iter().zip(values) {
                let own = &found.vectors[item as usize * k..][..k];
                for (score, other) in projected.iter_mut().zip(found.vectors.chunks_exact(k)) {
                    *score += value * dot(own, other);
                }
            }
        }
        assert!(is_near(projected, &golden), "{values:?}");
        let settings = Settings::new(json!(PureSvdSpec { factors, values })).expect("an object");
        let training = Training { world: &world, settings: &settings, seed, model: &path };
        train(&training, &mut Silent).expect("trained");
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
fn all_factors_give_the_matrix_back_and_more_than_its_rank_are_zero() {
    let world = world();
    let x = RatingMatrix::new(&world, MatrixValues::Stars).expect("a matrix");
    let found = singular(&x, (x.items, x.items), &mut Seed(0).stream("test"), &mut |_, _| Ok(())).expect("found");
    let all: f64 = found.values.iter().map(|value| value * value).sum();
    assert!((all - x.squares()).abs() < 1e-9 * x.squares());
    // One more item, which nobody rated.
    let mut wider = RatingMatrix::new(&world, MatrixValues::Stars).expect("a matrix");
    wider.items += 1;
    let more =
        singular(&wider, (wider.items, wider.items), &mut Seed(0).stream("test"), &mut |_, _| Ok(())).expect("found");
    assert!(more.values[x.items] < 1e-6 && (more.values[0] - found.values[0]).abs() < 1e-9);
}
