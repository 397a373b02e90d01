//! Training a factorisation: epochs, early stopping, the best epoch kept, and what is recorded.

use drr_core::Seed;
use drr_core::journal::Point;
use drr_core::seed::Stream;
use drr_kinds::pmf::{PmfSpec, Select};

use super::PmfModel;
use super::factors::{Factors, Rating};
use crate::kernels::Backend;
use crate::kernels::accelerator::{DeviceFactors, FactorTables};
use drr_kinds::error::{Error, Result};
use drr_kinds::training::{Metrics, Reporter};
use drr_kinds::world::World;

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

/// Trains a factorisation on the train part of `world`, on this thread.
///
/// # Errors
/// As [`train_on`].
pub fn train(world: &World, spec: &PmfSpec, seed: Seed, reporter: &mut dyn Reporter) -> Result<(PmfModel, Metrics)> {
    train_on(Backend::Slices, world, spec, seed, reporter)
}

/// Ratings, and ratings of a batch, from which on a device is worth its launches.
const WORTH_A_DEVICE: (usize, u64) = (1_000_000, 4096);

/// Whether a factorisation is trained on a device where there is one, rather than by this crate's loops.
pub fn is_worth_a_device(world: &World, spec: &PmfSpec) -> bool {
    world.train.ratings().count() >= WORTH_A_DEVICE.0 && spec.batch_size >= WORTH_A_DEVICE.1
}

/// Trains a factorisation on the train part of `world`. On a device it has other bits, within single precision's error of
/// each step.
///
/// # Errors
/// Deterministic if there is nothing to train on or the loss is not finite; whatever the reporter says.
pub fn train_on(
    backend: Backend,
    world: &World,
    spec: &PmfSpec,
    seed: Seed,
    reporter: &mut dyn Reporter,
) -> Result<(PmfModel, Metrics)> {
    let mut ratings: Vec<Rating> = world.train.ratings().collect();
    seed.stream("pmf/validation").shuffle(&mut ratings);
    let validation = ratings.split_off(ratings.len() - (ratings.len() as f64 * spec.validation).round() as usize);
    if ratings.is_empty() {
        return Err(Error::Deterministic("the train part holds no rating: lower split.test or pmf.validation".into()));
    }
    let mut batches = Batches::new(ratings, spec.batch_size as usize, seed.stream("pmf/batches"));
    let start = |spec: &PmfSpec| Factoring::new(backend, Factors::new(world, spec, seed), spec);
    let search = search(world, spec, start(spec), (&mut batches, &validation), reporter)?;
    let mut metrics = Metrics::from([("best_epoch".to_owned(), search.epoch as f64)]);
    if let Some(rmse) = search.valid_rmse {
        metrics.insert("valid_rmse_stars".to_owned(), world.unit * rmse);
    }
    let model = match spec.select {
        Select::Refit if !validation.is_empty() => {
            let ratings = batches.ratings.into_iter().chain(validation).collect();
            let batches = Batches::new(ratings, spec.batch_size as usize, seed.stream("pmf/refit"));
            refit(world, start(spec), (batches, search.epoch), reporter)?
        }
        Select::Refit | Select::BestEpoch => search.model,
    };
    let (test_rmse, test_mae) = errors(world, &model, world.test.ratings());
    for (name, error) in [("test_rmse", test_rmse), ("test_mae", test_mae)] {
        metrics.insert(name.to_owned(), error);
        metrics.insert(format!("{name}_stars"), world.unit * error);
    }
    metrics.insert("mean_rmse_stars".to_owned(), world.unit * world.mean_error());
    Ok((model, metrics))
}

/// The factors in training, and where.
enum Factoring {
    Slices(Box<Factors>),
    Device(Box<dyn DeviceFactors>),
}

impl Factoring {
    fn new(backend: Backend, start: Factors, spec: &PmfSpec) -> Self {
        let Backend::Device(device) = backend else { return Self::Slices(Box::new(start)) };
        let PmfModel { k, users, items, user_bias, item_bias } = start.model();
        Self::Device(device.factors(&FactorTables { k, users, items, user_bias, item_bias }, spec))
    }

    /// One update by each batch; the summed squared error, each before its update.
    fn steps<'a>(&mut self, batches: impl Iterator<Item = &'a [Rating]>) -> f64 {
        match self {
            Self::Slices(factors) => batches.map(|batch| factors.step(batch)).sum(),
            Self::Device(device) => {
                batches.for_each(|batch| device.step(batch));
                device.squares()
            }
        }
    }

    fn model(&self) -> PmfModel {
        match self {
            Self::Slices(factors) => factors.model(),
            Self::Device(device) => {
                let FactorTables { k, users, items, user_bias, item_bias } = device.read();
                PmfModel { k, users, items, user_bias, item_bias }
            }
        }
    }
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
    mut factors: Factoring,
    (batches, validation): (&mut Batches, &[Rating]),
    reporter: &mut dyn Reporter,
) -> Result<Search> {
    let mut best = Search { model: factors.model(), epoch: 0, valid_rmse: None };
    for epoch in 1..=spec.epochs {
        let train_rmse = batches.pass(&mut factors, epoch)?;
        let mut points = in_both_units(world, "train/rmse", epoch, train_rmse);
        let model = (!validation.is_empty()).then(|| factors.model());
        let rated = model.map(|model| (errors(world, &model, validation.iter().copied()).0, model));
        points.extend(rated.iter().flat_map(|(rmse, _)| in_both_units(world, "valid/rmse", epoch, *rmse)));
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
    mut factors: Factoring,
    (mut batches, epochs): (Batches, u64),
    reporter: &mut dyn Reporter,
) -> Result<PmfModel> {
    for epoch in 1..=epochs {
        let rmse = batches.pass(&mut factors, epoch)?;
        reporter.points(0, in_both_units(world, "refit/rmse", epoch, rmse))?;
        reporter.progress(epoch, epochs)?;
    }
    Ok(factors.model())
}

/// The minibatches of epoch after epoch: as few as there must be, of one size but for one rating.
///
/// Which batch a rating falls into is drawn; within a batch, where no order is meant, ratings stand user by user, so that
/// a user's row stays in the nearest cache.
struct Batches {
    stream: Stream,
    /// User by user.
    ratings: Vec<Rating>,
    /// The batch of each rating.
    batch: Vec<u32>,
    drawn: Vec<Rating>,
    /// Where each batch begins among the drawn, and where the last ends.
    starts: Vec<usize>,
    /// Where the next rating of each batch goes.
    next: Vec<usize>,
}

impl Batches {
    fn new(mut ratings: Vec<Rating>, size: usize, stream: Stream) -> Self {
        ratings.sort_unstable_by_key(|&(user, item, _)| (user, item));
        let count = ratings.len();
        let batches = count.div_ceil(size);
        let starts = (0..=batches).map(|batch| batch * count / batches).collect::<Vec<_>>();
        let of_batch = |(batch, bounds): (usize, &[usize])| std::iter::repeat_n(batch as u32, bounds[1] - bounds[0]);
        let batch = starts.windows(2).enumerate().flat_map(of_batch).collect();
        Self { stream, drawn: ratings.clone(), next: starts.clone(), ratings, batch, starts }
    }

    fn draw(&mut self) -> impl Iterator<Item = &[Rating]> {
        self.stream.shuffle(&mut self.batch);
        self.next.copy_from_slice(&self.starts);
        for (&rating, &batch) in self.ratings.iter().zip(&self.batch) {
            let next = &mut self.next[batch as usize];
            self.drawn[*next] = rating;
            *next += 1;
        }
        self.starts.windows(2).map(|bounds| &self.drawn[bounds[0]..bounds[1]])
    }

    /// One epoch; returns the root mean squared error met on the way.
    fn pass(&mut self, factors: &mut Factoring, epoch: u64) -> Result<f64> {
        let count = self.ratings.len() as f64;
        let squares = factors.steps(self.draw());
        let rmse = (squares / count).sqrt();
        if rmse.is_finite() { Ok(rmse) } else { Err(not_finite(epoch)) }
    }
}

fn not_finite(epoch: u64) -> Error {
    Error::Deterministic(format!("PMF's loss is not finite in epoch {epoch}: lower pmf.lr"))
}

/// A root mean squared error on the reward scale and on the ratings' own.
fn in_both_units(world: &World, name: &str, epoch: u64, rmse: f64) -> Vec<Point> {
    vec![Point::new(name, epoch, rmse), Point::new(format!("{name}_stars"), epoch, world.unit * rmse)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_and_the_trainer_agree_in_what_is_worth_a_device() {
        assert_eq!((WORTH_A_DEVICE.0 as u64, WORTH_A_DEVICE.1), drr_kinds::pmf::WORTH_A_DEVICE);
    }
}
