//! Training a factorisation: epochs, early stopping, the best epoch kept, and what is recorded.

use std::collections::BTreeMap;

use drr_core::Seed;
use drr_core::journal::Point;
use drr_core::seed::Stream;
use drr_core::spec::{PmfSpec, Select};

use super::PmfModel;
use super::factors::{Factors, Rating};
use crate::error::{Error, Result};
use crate::trainer::Reporter;
use crate::world::World;

/// What training leaves beside the model.
pub type Metrics = BTreeMap<String, f64>;

/// Root mean squared and mean absolute error on the reward scale, predictions clipped to the dataset's range.
pub fn errors(world: &World, model: &PmfModel, ratings: impl Iterator<Item = (u32, u32, f32)>) -> (f64, f64) {
    let (mut squares, mut absolutes, mut count) = (0.0, 0.0, 0.0_f64);
    for (user, item, reward) in ratings {
        let error = f64::from(world.clip(model.predict(user, item)) - reward);
        squares += error * error;
        absolutes += error.abs();
        count += 1.0;
    }
    ((squares / count.max(1.0)).sqrt(), absolutes / count.max(1.0))
}

/// Trains a factorisation on the train part of `world`.
///
/// # Errors
/// Deterministic if there is nothing to train on or the loss is not finite; whatever the reporter says.
pub fn train(world: &World, spec: &PmfSpec, seed: Seed, reporter: &mut dyn Reporter) -> Result<(PmfModel, Metrics)> {
    let mut ratings: Vec<Rating> = world.train.ratings().collect();
    seed.stream("pmf/validation").shuffle(&mut ratings);
    let validation = ratings.split_off(ratings.len() - (ratings.len() as f64 * spec.validation).round() as usize);
    if ratings.is_empty() {
        return Err(Error::Deterministic("the train part holds no rating: lower split.test or pmf.validation".into()));
    }
    let search = search(world, spec, seed, (&mut ratings, &validation), reporter)?;
    let mut metrics = Metrics::from([("best_epoch".to_owned(), search.epoch as f64)]);
    if let Some(rmse) = search.valid_rmse {
        metrics.insert("valid_rmse_stars".to_owned(), 2.0 * rmse);
    }
    let model = match spec.select {
        Select::Refit if !validation.is_empty() => {
            ratings.extend(validation);
            refit(world, spec, seed, (&mut ratings, search.epoch), reporter)?
        }
        Select::Refit | Select::BestEpoch => search.model,
    };
    let (test_rmse, test_mae) = errors(world, &model, world.test.ratings());
    for (name, error) in [("test_rmse", test_rmse), ("test_mae", test_mae)] {
        metrics.insert(name.to_owned(), error);
        metrics.insert(format!("{name}_stars"), 2.0 * error);
    }
    Ok((model, metrics))
}

/// The best epoch by validation RMSE; the last one where there is no validation part.
struct Search {
    model: PmfModel,
    epoch: u64,
    valid_rmse: Option<f64>,
}

fn search(
    world: &World,
    spec: &PmfSpec,
    seed: Seed,
    (ratings, validation): (&mut [Rating], &[Rating]),
    reporter: &mut dyn Reporter,
) -> Result<Search> {
    let mut factors = Factors::new(world, spec, seed);
    let mut batches = seed.stream("pmf/batches");
    let mut best = Search { model: factors.model(), epoch: 0, valid_rmse: None };
    for epoch in 1..=spec.epochs {
        let train_rmse = pass(&mut factors, spec, ratings, &mut batches, epoch)?;
        let mut points = in_both_units("train/rmse", epoch, train_rmse);
        let model = (!validation.is_empty()).then(|| factors.model());
        let rated = model.map(|model| (errors(world, &model, validation.iter().copied()).0, model));
        points.extend(rated.iter().flat_map(|(rmse, _)| in_both_units("valid/rmse", epoch, *rmse)));
        reporter.points(0, points)?;
        reporter.progress(epoch, spec.epochs)?;
        if rated.as_ref().is_some_and(|(rmse, _)| !rmse.is_finite()) {
            return Err(not_finite(epoch));
        }
        match rated {
            None => best.epoch = epoch,
            Some((rmse, model)) if best.valid_rmse.is_none_or(|least| rmse < least) => {
                best = Search { model, epoch, valid_rmse: Some(rmse) };
            }
            Some(_) if epoch - best.epoch >= spec.patience => break,
            Some(_) => {}
        }
    }
    if validation.is_empty() {
        best.model = factors.model();
    }
    Ok(best)
}

/// Trains anew on all ratings for as many epochs as were best: the validation part has told what it was held out for.
fn refit(
    world: &World,
    spec: &PmfSpec,
    seed: Seed,
    (ratings, epochs): (&mut [Rating], u64),
    reporter: &mut dyn Reporter,
) -> Result<PmfModel> {
    let mut factors = Factors::new(world, spec, seed);
    let mut batches = seed.stream("pmf/refit");
    for epoch in 1..=epochs {
        let rmse = pass(&mut factors, spec, ratings, &mut batches, epoch)?;
        reporter.points(0, in_both_units("refit/rmse", epoch, rmse))?;
        reporter.progress(epoch, epochs)?;
    }
    Ok(factors.model())
}

/// One epoch; returns the root mean squared error met on the way.
fn pass(
    factors: &mut Factors,
    spec: &PmfSpec,
    ratings: &mut [Rating],
    batches: &mut Stream,
    epoch: u64,
) -> Result<f64> {
    batches.shuffle(ratings);
    let squares: f64 = ratings.chunks(spec.batch_size as usize).map(|batch| factors.step(batch)).sum();
    let rmse = (squares / ratings.len() as f64).sqrt();
    if rmse.is_finite() { Ok(rmse) } else { Err(not_finite(epoch)) }
}

fn not_finite(epoch: u64) -> Error {
    Error::Deterministic(format!("PMF's loss is not finite in epoch {epoch}: lower pmf.lr"))
}

/// A root mean squared error on the reward scale and in stars.
fn in_both_units(name: &str, epoch: u64, rmse: f64) -> Vec<Point> {
    vec![Point::new(name, epoch, rmse), Point::new(format!("{name}_stars"), epoch, 2.0 * rmse)]
}
