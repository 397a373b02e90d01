//! Stochastic gradient descent on all ratings, epoch after epoch: one step a rating, as Surprise's `SVDpp` takes it.

use drr_core::journal::Point;
use drr_core::seed::Stream;

use super::SvdppSpec;
use super::ranking::Predictor;
use crate::dense::{add_scaled, dot};
use crate::error::{Error, Result};
use crate::factors::FactorModel;
use crate::ranking::Scores as _;
use crate::tensors;
use crate::training::{Metrics, Reporter, Trained, Training};
use crate::world::{Log, World};

/// Ratings between two words to the reporter.
const STEPS: usize = 1 << 16;

/// Descends on the train part; records the errors on both parts after each epoch.
///
/// # Errors
/// Settings that are none, a train part without a rating, numbers that grow without bound, whatever the reporter says, or a
/// model that cannot be written.
pub(super) fn train(training: &Training<'_>, reporter: &mut dyn Reporter) -> Result<Trained> {
    let settings = training.settings.section::<SvdppSpec>();
    let spec = settings.map_err(|error| Error::Deterministic(format!("the settings of svdpp: {error}")))?;
    let (world, unit) = (training.world, training.world.unit);
    let mut ratings: Vec<(u32, u32, f64)> =
        world.train.ratings().map(|(user, item, reward)| (user, item, unit * f64::from(reward))).collect();
    if ratings.is_empty() {
        return Err(Error::Deterministic("the train part holds no rating: lower split.test".to_owned()));
    }
    let mean = ratings.iter().map(|(_, _, rating)| rating).sum::<f64>() / ratings.len() as f64;
    ratings.iter_mut().for_each(|(_, _, rating)| *rating -= mean);
    let mut model = Descent::new(world.users, world.items, &spec, &mut training.seed.stream("svdpp/init"));
    let mut order = training.seed.stream("svdpp/order");
    let mut metrics = Metrics::from([("mean_rmse_stars".to_owned(), unit * world.mean_error())]);
    let mut predictor = predictor(&model, world, mean);
    for epoch in 1..=spec.epochs {
        order.shuffle(&mut ratings);
        for part in ratings.chunks(STEPS) {
            reporter.progress(epoch - 1, spec.epochs)?;
            model.pass(&world.train, part, &spec);
        }
        predictor = self::predictor(&model, world, mean);
        let (train, test) = (errors(world, &world.train, &predictor), errors(world, &world.test, &predictor));
        if !train.0.is_finite() {
            return Err(Error::Deterministic(format!("svdpp diverged in epoch {epoch}: lower svdpp.lr")));
        }
        let points = [("train/rmse_stars", train.0), ("test/rmse_stars", test.0)];
        // Without a test part there is no error on it.
        let known = points.into_iter().filter(|(_, error)| error.is_finite());
        reporter.points(0, known.map(|(name, error)| Point::new(name.to_owned(), epoch, error)).collect())?;
    }
    metrics.insert("train_rmse_stars".to_owned(), errors(world, &world.train, &predictor).0);
    let (rmse, mae) = errors(world, &world.test, &predictor);
    metrics.extend([("test_rmse_stars".to_owned(), rmse), ("test_mae_stars".to_owned(), mae)]);
    let model = tensors::write(training.model, &predictor.tensors())?;
    Ok(Trained { metrics, model })
}

/// What the model predicts: nothing of users and items without a train rating, but for their biases of 0.
fn predictor(model: &Descent, world: &World, mean: f64) -> Predictor {
    let k = model.k;
    let (mut users, mut items) = (vec![0.0; world.users * k], vec![0.0; world.items * k]);
    for (user, vector) in users.chunks_exact_mut(k).enumerate() {
        let (rated, _) = world.train.of(user as u32);
        if rated.is_empty() {
            continue;
        }
        model.user_into(rated, user, vector);
        for &item in rated {
            let own = item as usize * k..(item as usize + 1) * k;
            items[own.clone()].copy_from_slice(&model.q[own]);
        }
    }
    let single = |values: &[f64]| values.iter().map(|value| *value as f32).collect();
    Predictor {
        factors: FactorModel::new(k, &users, &items),
        user_bias: single(&model.user_bias),
        item_bias: single(&model.item_bias),
        mean: mean as f32,
        unit: world.unit,
    }
}

/// Root mean squared and mean absolute error on a part, in stars; not a number where it is empty.
fn errors(world: &World, part: &Log, model: &Predictor) -> (f64, f64) {
    let (mut squares, mut absolutes, mut count) = (0.0, 0.0, 0.0_f64);
    for (user, item, reward) in part.ratings() {
        let error = f64::from(world.clip(model.score(user, item)) - reward);
        squares += error * error;
        absolutes += error.abs();
        count += 1.0;
    }
    (world.unit * (squares / count).sqrt(), world.unit * absolutes / count)
}

/// Biases and factors in double precision, of ratings less the mean of all.
pub(super) struct Descent {
    /// Length of a vector.
    pub k: usize,
    /// `[users]`.
    pub user_bias: Vec<f64>,
    /// `[items]`.
    pub item_bias: Vec<f64>,
    /// `[users, k]`.
    pub p: Vec<f64>,
    /// `[items, k]`.
    pub q: Vec<f64>,
    /// `[items, k]`.
    pub y: Vec<f64>,
}

impl Descent {
    /// Biases of 0, and factors drawn in the order p, q, y.
    pub fn new(users: usize, items: usize, spec: &SvdppSpec, stream: &mut Stream) -> Self {
        let k = spec.factors as usize;
        let mut drawn = |rows: usize| (0..rows * k).map(|_| spec.init_std * stream.normal()).collect::<Vec<f64>>();
        let (p, q, y) = (drawn(users), drawn(items), drawn(items));
        Self { k, user_bias: vec![0.0; users], item_bias: vec![0.0; items], p, q, y }
    }

    /// p_u + |N(u)|^-½ Σ y_j, and |N(u)|^-½, into `vector`.
    pub fn user_into(&self, items: &[u32], user: usize, vector: &mut [f64]) -> f64 {
        let k = self.k;
        vector.fill(0.0);
        for &item in items {
            add_scaled(vector, 1.0, &self.y[item as usize * k..][..k]);
        }
        let scale = 1.0 / (items.len() as f64).max(1.0).sqrt();
        vector.iter_mut().zip(&self.p[user * k..]).for_each(|(sum, p)| *sum = p + scale * *sum);
        scale
    }

    /// What a user's vector says of an item, less the mean of all.
    pub fn predicted(&self, user: usize, item: usize, vector: &[f64]) -> f64 {
        self.user_bias[user] + self.item_bias[item] + dot(&self.q[item * self.k..][..self.k], vector)
    }

    /// A step for every rating, in their order: (user, item, rating less the mean of all).
    pub fn pass(&mut self, train: &Log, ratings: &[(u32, u32, f64)], spec: &SvdppSpec) {
        let (k, lr, l2) = (self.k, spec.lr, spec.l2);
        let (mut vector, mut change) = (vec![0.0; k], vec![0.0; k]);
        for &(user, item, rating) in ratings {
            let (rated, _) = train.of(user);
            let (user, item) = (user as usize, item as usize);
            let scale = self.user_into(rated, user, &mut vector);
            let error = rating - self.predicted(user, item, &vector);
            self.user_bias[user] += lr * (error - l2 * self.user_bias[user]);
            self.item_bias[item] += lr * (error - l2 * self.item_bias[item]);
            let (p, q) = (&mut self.p[user * k..][..k], &mut self.q[item * k..][..k]);
            for (((p, q), vector), change) in p.iter_mut().zip(q).zip(&vector).zip(&mut change) {
                *change = lr * (error * *q * scale);
                *p += lr * (error * *q - l2 * *p);
                *q += lr * (error * vector - l2 * *q);
            }
            let kept = 1.0 - lr * l2;
            for &item in rated {
                let y = &mut self.y[item as usize * k..][..k];
                y.iter_mut().zip(&change).for_each(|(y, change)| *y = kept * *y + change);
            }
        }
    }
}
