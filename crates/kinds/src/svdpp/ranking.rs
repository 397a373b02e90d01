//! The model on disk, and what it predicts.

use crate::error::{Error, Result};
use crate::factors::FactorModel;
use crate::ranking::{RankingInput, Scores, StaticRanking};
use crate::tensors::{TensorFile, Tensors};
use crate::world::World;

/// Factors and biases, on the scale of ratings.
pub(super) struct Predictor {
    /// p_u + |N(u)|^-½ Σ y_j, and q_i.
    pub factors: FactorModel,
    pub user_bias: Vec<f32>,
    pub item_bias: Vec<f32>,
    /// Mean of the train ratings, counted from the centre of the scale.
    pub mean: f32,
    /// Points of the scale in a unit of reward.
    pub unit: f64,
}

impl Predictor {
    /// The model as named tensors: `user.factors` and `item.factors`, `[users, k]` and `[items, k]`, `user.bias`, `item.bias`
    /// and `mean`, all in points of the scale.
    pub fn tensors(&self) -> Tensors {
        let vector = |name: &str, values: &[f32]| (name.to_owned(), vec![values.len()], values.to_vec());
        let biases = [vector("user.bias", &self.user_bias), vector("item.bias", &self.item_bias)];
        self.factors.tensors().into_iter().chain(biases).chain([vector("mean", &[self.mean])]).collect()
    }

    fn read(file: &mut TensorFile, world: &World) -> Result<Self> {
        Ok(Self {
            factors: FactorModel::read(file, world)?,
            user_bias: file.expect("user.bias", world.users)?,
            item_bias: file.expect("item.bias", world.items)?,
            mean: file.expect("mean", 1)?[0],
            unit: world.unit,
        })
    }
}

/// The predicted reward.
impl Scores for Predictor {
    fn score(&self, user: u32, item: u32) -> f32 {
        let biases = self.user_bias[user as usize] + self.item_bias[item as usize];
        (f64::from(self.mean + biases + self.factors.score(user, item)) / self.unit) as f32
    }
}

/// The policy of a stored model.
///
/// # Errors
/// A model that is not there, damaged, or of another dataset.
pub(super) fn ranking(input: &RankingInput<'_>) -> Result<StaticRanking> {
    let path = input.model.ok_or_else(|| Error::Deterministic("svdpp stands on a model".to_owned()))?;
    Ok(StaticRanking::By(Box::new(Predictor::read(&mut TensorFile::read(path)?, input.world)?)))
}
