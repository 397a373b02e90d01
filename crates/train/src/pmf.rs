//! Probabilistic matrix factorisation (Mnih & Salakhutdinov 2007) with biases, r̂(u,i) = p_u · q_i + b_u + b_i on the
//! reward scale: minibatch Adam or SGD that touches only the rows of a batch, early stopping, the best epoch kept.
//!
//! A batch gathers a few hundred rows out of many thousands; loops over slices do that without a dense update and
//! without a libtorch call per row.

use std::collections::BTreeMap;

use drr_core::Seed;
use drr_core::journal::Point;
use drr_core::spec::{Optimizer, PmfSpec};

use crate::error::{Error, Result};
use crate::kernels::simd::{add_scaled, dot, simd};
use crate::kernels::slices::ADAM;
use crate::trainer::Reporter;
use crate::world::World;

/// A trained factorisation.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct PmfModel {
    /// Factors.
    pub k: usize,
    /// User embeddings p, `[users, k]`.
    pub users: Vec<f32>,
    /// Item embeddings q, `[items, k]`.
    pub items: Vec<f32>,
    /// User biases, `[users]`.
    pub user_bias: Vec<f32>,
    /// Item biases, `[items]`.
    pub item_bias: Vec<f32>,
}

simd! {
    /// p · q.
    pub fn product(p: &[f32], q: &[f32]) -> f32 {
        dot(p, q)
    }
}

impl PmfModel {
    /// A user's embedding.
    pub fn user(&self, user: u32) -> &[f32] {
        &self.users[user as usize * self.k..][..self.k]
    }

    /// An item's embedding.
    pub fn item(&self, item: u32) -> &[f32] {
        &self.items[item as usize * self.k..][..self.k]
    }

    /// r̂ on the reward scale, not clipped.
    pub fn predict(&self, user: u32, item: u32) -> f32 {
        product(self.user(user), self.item(item)) + self.user_bias[user as usize] + self.item_bias[item as usize]
    }
}

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
    let mut train: Vec<_> = world.train.ratings().collect();
    seed.stream("pmf/validation").shuffle(&mut train);
    let validation = train.split_off(train.len() - (train.len() as f64 * spec.validation).round() as usize);
    if train.is_empty() {
        return Err(Error::Deterministic("the train part holds no rating: lower split.test or pmf.validation".into()));
    }
    // Without a validation part, early stopping watches the train part.
    let watched = if validation.is_empty() { train.clone() } else { validation };

    let mut factors = Factorisation::new(world, spec, seed);
    let mut batches = seed.stream("pmf/batches");
    let mut best = (f64::INFINITY, 0, factors.model());
    for epoch in 1..=spec.epochs {
        batches.shuffle(&mut train);
        let mut squares = 0.0;
        for batch in train.chunks(spec.batch_size as usize) {
            squares += factors.step(batch);
        }
        let train_rmse = (squares / train.len() as f64).sqrt();
        let model = factors.model();
        let (valid_rmse, _) = errors(world, &model, watched.iter().copied());
        if !train_rmse.is_finite() || !valid_rmse.is_finite() {
            return Err(Error::Deterministic(format!("PMF's loss is not finite in epoch {epoch}: lower pmf.lr")));
        }
        reporter.points(
            0,
            vec![
                Point::new("train/rmse", epoch, train_rmse),
                Point::new("train/rmse_stars", epoch, 2.0 * train_rmse),
                Point::new("valid/rmse", epoch, valid_rmse),
                Point::new("valid/rmse_stars", epoch, 2.0 * valid_rmse),
            ],
        )?;
        reporter.progress(epoch, spec.epochs)?;
        if valid_rmse < best.0 {
            best = (valid_rmse, epoch, model);
        } else if epoch - best.1 >= spec.patience {
            break;
        }
    }
    let (valid_rmse, best_epoch, model) = best;
    let (test_rmse, test_mae) = errors(world, &model, world.test.ratings());
    let mut metrics = Metrics::from([
        ("best_epoch".to_owned(), best_epoch as f64),
        ("test_rmse".to_owned(), test_rmse),
        ("test_rmse_stars".to_owned(), 2.0 * test_rmse),
        ("test_mae".to_owned(), test_mae),
        ("test_mae_stars".to_owned(), 2.0 * test_mae),
    ]);
    if valid_rmse.is_finite() {
        metrics.insert("valid_rmse_stars".to_owned(), 2.0 * valid_rmse);
    }
    Ok((model, metrics))
}

/// Users' or items' rows with their optimiser's moments. A row is an embedding and its bias: k + 1 values.
struct Side {
    rows: Vec<f32>,
    m: Vec<f32>,
    v: Vec<f32>,
    slots: Vec<u32>,
    touched: Vec<u32>,
    gradients: Vec<f32>,
}

const NO_SLOT: u32 = u32::MAX;

impl Side {
    fn new(count: usize, k: usize, seed: &mut drr_core::seed::Stream) -> Self {
        let width = k + 1;
        let mut rows = vec![0.0; count * width];
        for row in rows.chunks_exact_mut(width) {
            row[..k].iter_mut().for_each(|value| *value = seed.uniform(0.0, 0.1));
            row[k] = seed.uniform(-0.01, 0.01);
        }
        Self {
            m: vec![0.0; rows.len()],
            v: vec![0.0; rows.len()],
            slots: vec![NO_SLOT; count],
            touched: Vec::new(),
            gradients: Vec::new(),
            rows,
        }
    }

    /// The place of a row's gradient in this batch.
    fn slot(&mut self, row: u32, width: usize) -> usize {
        let slot = &mut self.slots[row as usize];
        if *slot == NO_SLOT {
            *slot = self.touched.len() as u32;
            self.touched.push(row);
            self.gradients.resize(self.touched.len() * width, 0.0);
        }
        *slot as usize * width
    }

    fn clear(&mut self) {
        for &row in &self.touched {
            self.slots[row as usize] = NO_SLOT;
        }
        self.touched.clear();
        self.gradients.clear();
    }
}

struct Factorisation {
    k: usize,
    spec: PmfSpec,
    users: Side,
    items: Side,
    steps: i32,
}

/// Penalties and step sizes of one batch.
#[derive(Clone, Copy)]
struct Step {
    l2: f32,
    l2_bias: f32,
    share: f32,
    lr: f32,
    momentum: f32,
    second_moment_scale: f32,
}

impl Factorisation {
    fn new(world: &World, spec: &PmfSpec, seed: Seed) -> Self {
        let k = spec.k as usize;
        let mut stream = seed.stream("pmf/init");
        let users = Side::new(world.users, k, &mut stream);
        let items = Side::new(world.items, k, &mut stream);
        Self { k, spec: spec.clone(), users, items, steps: 0 }
    }

    fn model(&self) -> PmfModel {
        let width = self.k + 1;
        let factors = |side: &Side| side.rows.chunks_exact(width).flat_map(|row| &row[..self.k]).copied().collect();
        let bias = |side: &Side| side.rows.chunks_exact(width).map(|row| row[self.k]).collect();
        PmfModel {
            k: self.k,
            users: factors(&self.users),
            items: factors(&self.items),
            user_bias: bias(&self.users),
            item_bias: bias(&self.items),
        }
    }

    /// One update of mean squared error + L2; returns the batch's summed squared error, before the update.
    fn step(&mut self, batch: &[(u32, u32, f32)]) -> f64 {
        self.steps += 1;
        let width = self.k + 1;
        let (beta1, beta2, _) = ADAM;
        let correction = |beta: f32| 1.0 - f64::from(beta).powi(self.steps);
        let adam = self.spec.optimizer == Optimizer::Adam;
        let step = Step {
            l2: self.spec.l2 as f32,
            l2_bias: self.spec.l2_bias as f32,
            share: 2.0 / batch.len() as f32,
            lr: (if adam { self.spec.lr / correction(beta1) } else { self.spec.lr }) as f32,
            momentum: self.spec.momentum as f32,
            second_moment_scale: (1.0 / correction(beta2).sqrt()) as f32,
        };
        let mut squares = 0.0;
        for &(user, item, reward) in batch {
            let (at_user, at_item) = (self.users.slot(user, width), self.items.slot(item, width));
            squares += accumulate(
                step,
                reward,
                &self.users.rows[user as usize * width..][..width],
                &self.items.rows[item as usize * width..][..width],
                &mut self.users.gradients[at_user..][..width],
                &mut self.items.gradients[at_item..][..width],
            );
        }
        for side in [&mut self.users, &mut self.items] {
            for (&row, gradient) in side.touched.iter().zip(side.gradients.chunks_exact(width)) {
                let at = row as usize * width;
                let (row, m, v) =
                    (&mut side.rows[at..][..width], &mut side.m[at..][..width], &mut side.v[at..][..width]);
                match self.spec.optimizer {
                    Optimizer::Adam => adam_row(step, gradient, m, v, row),
                    Optimizer::Sgd => sgd_row(step, gradient, m, row),
                }
            }
            side.clear();
        }
        squares
    }
}

simd! {
    /// Adds one rating's gradient to its user's and item's rows; returns its squared error.
    fn accumulate(step: Step, reward: f32, p: &[f32], q: &[f32], gp: &mut [f32], gq: &mut [f32]) -> f64 {
        let k = p.len() - 1;
        let error = dot(&p[..k], &q[..k]) + p[k] + q[k] - reward;
        add_scaled(&mut gp[..k], step.share * error, &q[..k]);
        add_scaled(&mut gp[..k], step.share * step.l2, &p[..k]);
        add_scaled(&mut gq[..k], step.share * error, &p[..k]);
        add_scaled(&mut gq[..k], step.share * step.l2, &q[..k]);
        gp[k] += step.share * (error + step.l2_bias * p[k]);
        gq[k] += step.share * (error + step.l2_bias * q[k]);
        f64::from(error) * f64::from(error)
    }
}

simd! {
    /// Adam on one touched row.
    fn adam_row(step: Step, g: &[f32], m: &mut [f32], v: &mut [f32], row: &mut [f32]) {
        let (beta1, beta2, epsilon) = ADAM;
        let size = g.len();
        let (m, v, row) = (&mut m[..size], &mut v[..size], &mut row[..size]);
        for i in 0..size {
            m[i] += (g[i] - m[i]) * (1.0 - beta1);
            v[i] = v[i] * beta2 + (1.0 - beta2) * g[i] * g[i];
            row[i] -= step.lr * m[i] / (v[i].sqrt() * step.second_moment_scale + epsilon);
        }
    }
}

simd! {
    /// SGD with momentum on one touched row.
    fn sgd_row(step: Step, g: &[f32], m: &mut [f32], row: &mut [f32]) {
        for ((row, m), g) in row.iter_mut().zip(m).zip(g) {
            *m = step.momentum * *m + g;
            *row -= step.lr * *m;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Golden {
        k: usize,
        lr: f64,
        l2: f64,
        l2_bias: f64,
        start: [Vec<f32>; 4],
        batches: Vec<GoldenBatch>,
    }

    #[derive(Deserialize)]
    struct GoldenBatch {
        users: Vec<u32>,
        items: Vec<u32>,
        rewards: Vec<f32>,
        squared_error: f64,
        after: [Vec<f32>; 4],
    }

    fn rows(factors: &[f32], bias: &[f32], k: usize) -> Vec<f32> {
        factors.chunks_exact(k).zip(bias).flat_map(|(row, bias)| row.iter().chain([bias])).copied().collect()
    }

    #[test]
    fn adam_steps_agree_with_pytorch() {
        let golden: Golden =
            serde_json::from_str(include_str!("../tests/goldens/pmf.json")).expect("the golden file is JSON");
        let side = |factors: usize, bias: usize| {
            let rows = rows(&golden.start[factors], &golden.start[bias], golden.k);
            Side { rows, ..Side::new(golden.start[bias].len(), golden.k, &mut Seed(0).stream("test")) }
        };
        let spec =
            PmfSpec { k: golden.k as u64, lr: golden.lr, l2: golden.l2, l2_bias: golden.l2_bias, ..PmfSpec::default() };
        let mut factors = Factorisation { k: golden.k, spec, users: side(0, 2), items: side(1, 3), steps: 0 };
        for batch in &golden.batches {
            let ratings: Vec<_> =
                (0..batch.users.len()).map(|i| (batch.users[i], batch.items[i], batch.rewards[i])).collect();
            let squares = factors.step(&ratings);
            assert!((squares - batch.squared_error).abs() < 1e-5);
            let model = factors.model();
            let ours = [&model.users, &model.items, &model.user_bias, &model.item_bias];
            for (ours, theirs) in ours.into_iter().zip(&batch.after) {
                for (a, b) in ours.iter().zip(theirs) {
                    assert!((a - b).abs() < 2e-6, "{a} is not {b}");
                }
            }
        }
    }
}
