//! The history first.

use crate::error::Result;
use crate::item_mean::smoothed_means;
use crate::protocol::Protocol;
use crate::ranking::{RankingInput, Scores, StaticRanking};
use crate::world::World;

/// Ratings at the mean of all that an item is given beforehand.
const SHRINKAGE: f64 = 5.0;

struct HistoryFirst {
    world: World,
    start: (Protocol, usize),
    means: Vec<f32>,
}

/// More than any two means lie apart.
const ABOVE_ALL: f32 = 8.0;

impl Scores for HistoryFirst {
    fn score(&self, user: u32, item: u32) -> f32 {
        let (protocol, n) = self.start;
        let is_known = self.world.history(protocol, user, n).is_some_and(|history| history.contains(&item));
        self.means[item as usize] + if is_known { ABOVE_ALL } else { 0.0 }
    }
}

/// A ranking of the history that a session starts from, then of the others by their smoothed mean.
pub(super) fn ranking(input: &RankingInput<'_>) -> Result<StaticRanking> {
    let means = smoothed_means(input.world, SHRINKAGE);
    Ok(StaticRanking::By(Box::new(HistoryFirst { world: input.world.clone(), start: input.start, means })))
}
