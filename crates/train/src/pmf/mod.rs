//! Probabilistic matrix factorisation (Mnih & Salakhutdinov 2007) with biases, r̂(u,i) = p_u · q_i + b_u + b_i on the
//! reward scale: the model. How it is found is in `train`, one update in `factors`.

mod factors;
mod train;

use std::mem;

use drr_kinds::ranking::Scores;

pub use self::train::{errors, is_worth_a_device, train, train_on};
use crate::kernels::dot::dot;
use crate::kernels::simd::{scores, simd};
use crate::threads;

/// Numbers of items' embeddings that are worth a core of their own.
const LEAST: usize = 1 << 17;

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
        dot::<Wide>(p, q)
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

    /// An item's score for an action `[k]`, or `[k + 1]` where the last coordinate weighs the item's bias.
    pub fn score(&self, item: u32, action: &[f32]) -> f32 {
        let score = product(self.item(item), &action[..self.k]);
        action.get(self.k).map_or(score, |weight| score + weight * self.item_bias[item as usize])
    }

    /// All items' scores for an action, as [`PmfModel::score`] gives them.
    pub fn scores_into(&self, action: &[f32], out: &mut [f32]) {
        let parts = threads::shares(out.len(), threads::parts(self.items.len(), LEAST));
        let mut rest = &mut *out;
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            let (own, others) = mem::take(&mut rest).split_at_mut(part.len());
            pieces.push((&self.items[part.start * self.k..part.end * self.k], own));
            rest = others;
        }
        threads::each(pieces, |(items, out)| scores(items, &action[..self.k], out));
        if let Some(&weight) = action.get(self.k) {
            out.iter_mut().zip(&self.item_bias).for_each(|(score, bias)| *score += weight * bias);
        }
    }

    /// r̂ on the reward scale, not clipped.
    pub fn predict(&self, user: u32, item: u32) -> f32 {
        product(self.user(user), self.item(item)) + self.user_bias[user as usize] + self.item_bias[item as usize]
    }
}

impl Scores for PmfModel {
    fn score(&self, user: u32, item: u32) -> f32 {
        self.predict(user, item)
    }
}
