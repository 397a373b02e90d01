//! The policy of a stored model.

use crate::error::{Error, Result};
use crate::matrix::{MatrixValues, RatingMatrix};
use crate::ranking::{RankingInput, Scores, StaticRanking};
use crate::tensors::{TensorFile, Tensors};

/// Weights between items, with what they weigh.
pub(super) struct Shallow {
    x: RatingMatrix,
    /// Bᵀ, `[items, items]`.
    by_item: Vec<f32>,
}

/// The model as named tensors: `item.weights`, Bᵀ of shape `[items, items]`, and `values`, the place of that setting's value
/// among those it can have.
pub(super) fn tensors(by_item: Vec<f32>, items: usize, values: MatrixValues) -> Tensors {
    let place = MatrixValues::ALL.iter().position(|it| *it == values).expect("all are listed");
    vec![("item.weights".to_owned(), vec![items, items], by_item), ("values".to_owned(), vec![1], vec![place as f32])]
}

/// Σ_j x_uj B_ji over the user's train items j.
impl Scores for Shallow {
    fn score(&self, user: u32, item: u32) -> f32 {
        let weights = &self.by_item[item as usize * self.x.items..][..self.x.items];
        let (items, values) = self.x.row(user as usize);
        items.iter().zip(values).map(|(item, value)| value * f64::from(weights[*item as usize])).sum::<f64>() as f32
    }
}

/// The policy of a stored model.
///
/// # Errors
/// A model that is not there, damaged, or of another dataset.
pub(super) fn ranking(input: &RankingInput<'_>) -> Result<StaticRanking> {
    let path = input.model.ok_or_else(|| Error::Deterministic("ease stands on a model".to_owned()))?;
    let mut file = TensorFile::read(path)?;
    let by_item = file.expect("item.weights", input.world.items.pow(2))?;
    let place = file.expect("values", 1)?[0];
    let values =
        MatrixValues::ALL.get(place as usize).ok_or_else(|| file.broken("its ratings count unknown values"))?;
    Ok(StaticRanking::By(Box::new(Shallow { x: RatingMatrix::new(input.world, *values)?, by_item })))
}
