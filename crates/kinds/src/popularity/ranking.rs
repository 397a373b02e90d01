//! The counts.

use super::{CountedRatings, PopularitySpec};
use crate::error::{Error, Result};
use crate::ranking::{RankingInput, StaticRanking};

/// A ranking by the number of train ratings that count.
///
/// # Errors
/// Settings that are none.
pub(super) fn ranking(input: &RankingInput<'_>) -> Result<StaticRanking> {
    let settings = input.settings.section::<PopularitySpec>();
    let PopularitySpec { counts: counted } =
        settings.map_err(|error| Error::Deterministic(format!("the settings of popularity: {error}")))?;
    let mut counts = vec![0.0_f32; input.world.items];
    for (_, item, reward) in input.world.train.ratings() {
        if counted == CountedRatings::All || input.world.is_positive(reward) {
            counts[item as usize] += 1.0;
        }
    }
    Ok(StaticRanking::By(Box::new(counts)))
}
