//! The counts.

use crate::error::Result;
use crate::ranking::{RankingInput, StaticRanking};

/// A ranking by the number of positive train ratings.
pub(super) fn ranking(input: &RankingInput<'_>) -> Result<StaticRanking> {
    let mut counts = vec![0.0_f32; input.world.items];
    for (_, item, reward) in input.world.train.ratings() {
        if input.world.is_positive(reward) {
            counts[item as usize] += 1.0;
        }
    }
    Ok(StaticRanking::By(Box::new(counts)))
}
