//! The policy of a stored model.

use crate::error::{Error, Result};
use crate::factors::FactorModel;
use crate::ranking::{RankingInput, StaticRanking};
use crate::tensors::TensorFile;

/// A ranking by x_u V · v_i.
///
/// # Errors
/// A model that is not there, damaged, or of another dataset.
pub(super) fn ranking(input: &RankingInput<'_>) -> Result<StaticRanking> {
    let path = input.model.ok_or_else(|| Error::Deterministic("pure-svd stands on a model".to_owned()))?;
    Ok(StaticRanking::By(Box::new(FactorModel::read(&mut TensorFile::read(path)?, input.world)?)))
}
