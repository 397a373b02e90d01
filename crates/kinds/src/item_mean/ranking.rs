//! The means.

use super::ItemMeanSpec;
use crate::error::{Error, Result};
use crate::ranking::{RankingInput, StaticRanking};
use crate::world::World;

/// A ranking by smoothed mean rewards of the train part; an item that nobody rated stands at the mean of all.
///
/// # Errors
/// Settings that are none.
pub(super) fn ranking(input: &RankingInput<'_>) -> Result<StaticRanking> {
    let settings = input.settings.section::<ItemMeanSpec>();
    let ItemMeanSpec { shrinkage } =
        settings.map_err(|error| Error::Deterministic(format!("the settings of item-mean: {error}")))?;
    Ok(StaticRanking::By(Box::new(smoothed_means(input.world, shrinkage))))
}

/// Each item's mean reward in the train part, as if `shrinkage` ratings at the mean of all had come before.
pub fn smoothed_means(world: &World, shrinkage: f64) -> Vec<f32> {
    let (mut sums, mut counts) = (vec![0.0_f64; world.items], vec![0.0_f64; world.items]);
    let (mut sum, mut count) = (0.0_f64, 0.0_f64);
    for (_, item, reward) in world.train.ratings() {
        sums[item as usize] += f64::from(reward);
        counts[item as usize] += 1.0;
        sum += f64::from(reward);
        count += 1.0;
    }
    let mean = sum / count.max(1.0);
    let smoothed = sums.iter().zip(&counts).map(|(sum, count)| match count + shrinkage {
        0.0 => mean as f32,
        weight => ((sum + shrinkage * mean) / weight) as f32,
    });
    smoothed.collect()
}
