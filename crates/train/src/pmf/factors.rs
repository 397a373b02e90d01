//! The factors while they are learned: one minibatch update, by Adam or by SGD with momentum, that touches the rows of its
//! batch only. Rows are gathered out of thousands; loops over slices do that without a dense update and without a libtorch
//! call per row.

use drr_core::seed::Stream;
use drr_core::{Seed, math};
use drr_kinds::pmf::{Optimizer, PmfSpec};

use super::PmfModel;
use crate::kernels::dot::dot;
use crate::kernels::lines::Lines;
use crate::kernels::simd::simd;
use crate::kernels::slices::ADAM;
use drr_kinds::world::World;

/// A rating on the reward scale: user, item, reward.
pub(super) type Rating = (u32, u32, f32);

/// Users' or items' rows with their optimiser's moments. A row is an embedding, its bias, and zeros up to [`width`].
struct Side {
    rows: Lines,
    m: Lines,
    v: Lines,
    /// Each row's place among this batch's gradients.
    slots: Vec<u32>,
    touched: Vec<u32>,
    /// Ratings of the batch in each touched row.
    counts: Vec<u32>,
    /// One a touched row, in the order in which they were touched; zeros beyond them.
    gradients: Lines,
}

const NO_SLOT: u32 = u32::MAX;

/// Length of a row for k factors: whole vectors, so that no loop has a remainder.
fn width(k: usize) -> usize {
    (k + 1).next_multiple_of(16)
}

impl Side {
    /// Room for `count` rows, of which at most `batch` are touched at once.
    fn new(count: usize, k: usize, batch: usize, stream: &mut Stream) -> Self {
        let width = width(k);
        let zeros = || Lines::zeros(count * width);
        let mut rows = zeros();
        for row in rows.chunks_exact_mut(width) {
            row[..k].iter_mut().for_each(|value| *value = stream.uniform(0.0, 0.1));
            row[k] = stream.uniform(-0.01, 0.01);
        }
        Self {
            m: zeros(),
            v: zeros(),
            slots: vec![NO_SLOT; count],
            touched: Vec::new(),
            counts: Vec::new(),
            gradients: Lines::zeros(batch.min(count) * width),
            rows,
        }
    }

    /// The offset of a row's gradient in this batch.
    #[inline(always)]
    fn slot(&mut self, row: u32, width: usize) -> usize {
        let slot = &mut self.slots[row as usize];
        if *slot == NO_SLOT {
            *slot = self.touched.len() as u32;
            self.touched.push(row);
            self.counts.push(0);
        }
        self.counts[*slot as usize] += 1;
        *slot as usize * width
    }

    fn clear(&mut self, width: usize) {
        for &row in &self.touched {
            self.slots[row as usize] = NO_SLOT;
        }
        let used = self.touched.len() * width;
        self.gradients[..used].fill(0.0);
        self.touched.clear();
        self.counts.clear();
    }
}

/// The factors of all users and items, in training.
pub(super) struct Factors {
    k: usize,
    spec: PmfSpec,
    users: Side,
    items: Side,
    steps: i32,
}

/// Penalties and step sizes of one batch.
#[derive(Clone, Copy)]
struct Step {
    optimizer: Optimizer,
    l2: f32,
    l2_bias: f32,
    /// 2 / N: the mean squared error's derivative at a unit error.
    share: f32,
    lr: f32,
    momentum: f32,
    second_moment_scale: f32,
}

impl Factors {
    /// Embeddings U(0, 0.1), biases U(-0.01, 0.01).
    pub(super) fn new(world: &World, spec: &PmfSpec, seed: Seed) -> Self {
        let k = spec.k as usize;
        let mut stream = seed.stream("pmf/init");
        let batch = spec.batch_size as usize;
        let users = Side::new(world.users, k, batch, &mut stream);
        let items = Side::new(world.items, k, batch, &mut stream);
        Self { k, spec: spec.clone(), users, items, steps: 0 }
    }

    /// The model as it stands.
    pub(super) fn model(&self) -> PmfModel {
        let width = width(self.k);
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
    pub(super) fn step(&mut self, batch: &[Rating]) -> f64 {
        self.steps += 1;
        let (beta1, beta2, _) = ADAM;
        let correction = |beta: f32| 1.0 - math::pow(f64::from(beta), f64::from(self.steps));
        let adam = self.spec.optimizer == Optimizer::Adam;
        let step = Step {
            optimizer: self.spec.optimizer,
            l2: self.spec.l2 as f32,
            l2_bias: self.spec.l2_bias as f32,
            share: 2.0 / batch.len() as f32,
            lr: (if adam { self.spec.lr / correction(beta1) } else { self.spec.lr }) as f32,
            momentum: self.spec.momentum as f32,
            second_moment_scale: (1.0 / correction(beta2).sqrt()) as f32,
        };
        let squares = accumulate(step, self.k, batch, &mut self.users, &mut self.items);
        for side in [&mut self.users, &mut self.items] {
            descend(step, self.k, side);
            side.clear(width(self.k));
        }
        squares
    }
}

simd! {
    /// Adds the squared error's gradient of every rating to its user's and its item's; returns the summed squared error.
    fn accumulate(step: Step, k: usize, batch: &[Rating], users: &mut Side, items: &mut Side) -> f64 {
        let width = width(k);
        let mut squares = 0.0;
        for &(user, item, reward) in batch {
            let (at_user, at_item) = (users.slot(user, width), items.slot(item, width));
            let p = &users.rows[user as usize * width..][..width];
            let q = &items.rows[item as usize * width..][..width];
            let error = dot::<Wide>(&p[..k], &q[..k]) + p[k] + q[k] - reward;
            let slope = step.share * error;
            let d_user = &mut users.gradients[at_user..][..width];
            let d_item = &mut items.gradients[at_item..][..width];
            let (d_user_bias, d_item_bias) = (d_user[k] + slope, d_item[k] + slope);
            for i in 0..width {
                d_user[i] += slope * q[i];
                d_item[i] += slope * p[i];
            }
            (d_user[k], d_item[k]) = (d_user_bias, d_item_bias);
            squares += f64::from(error) * f64::from(error);
        }
        squares
    }
}

simd! {
    /// One step of every touched row, the L2 penalty once for each of its ratings.
    fn descend(step: Step, k: usize, side: &mut Side) {
        let width = width(k);
        let (beta1, beta2, epsilon) = ADAM;
        for ((&row, &count), g) in side.touched.iter().zip(&side.counts).zip(side.gradients.chunks_exact_mut(width)) {
            let at = row as usize * width;
            let (row, m, v) = (&mut side.rows[at..][..width], &mut side.m[at..][..width], &mut side.v[at..][..width]);
            let penalty = step.share * count as f32;
            g[k] += penalty * (step.l2_bias - step.l2) * row[k];
            let penalty = penalty * step.l2;
            match step.optimizer {
                Optimizer::Adam => for i in 0..width {
                    let g = g[i] + penalty * row[i];
                    m[i] += (g - m[i]) * (1.0 - beta1);
                    v[i] = v[i] * beta2 + (1.0 - beta2) * g * g;
                    row[i] -= step.lr * m[i] / (v[i].sqrt() * step.second_moment_scale + epsilon);
                },
                Optimizer::Sgd => for i in 0..width {
                    m[i] = step.momentum * m[i] + (g[i] + penalty * row[i]);
                    row[i] -= step.lr * m[i];
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct GoldenFactors {
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
        let row = |(row, &bias): (&[f32], &f32)| {
            let mut padded = row.to_vec();
            padded.push(bias);
            padded.resize(width(k), 0.0);
            padded
        };
        factors.chunks_exact(k).zip(bias).flat_map(row).collect()
    }

    #[test]
    fn adam_steps_agree_with_pytorch() {
        let golden: GoldenFactors =
            serde_json::from_str(include_str!("../../tests/goldens/pmf.json")).expect("the golden file is JSON");
        let side = |factors: usize, bias: usize| {
            let biases = &golden.start[bias];
            let mut side = Side::new(biases.len(), golden.k, biases.len(), &mut Seed(0).stream("test"));
            side.rows.copy_from_slice(&rows(&golden.start[factors], biases, golden.k));
            side
        };
        let spec =
            PmfSpec { k: golden.k as u64, lr: golden.lr, l2: golden.l2, l2_bias: golden.l2_bias, ..PmfSpec::default() };
        let mut factors = Factors { k: golden.k, spec, users: side(0, 2), items: side(1, 3), steps: 0 };
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
