//! What offline and online evaluation share: where histories start under two protocols that never share a table, what
//! chooses the items, how repeats are summarised.

pub(crate) mod lists;
pub mod policy;

use drr_kinds::protocol::Protocol;

pub use self::policy::Policy;
use drr_kinds::training::Metrics;
use drr_kinds::world::World;

/// The items a user's history starts from, if the user has enough of them.
///
/// `published`: the first n positive *test* items, as the slides' numbers were made. `strict`: the n latest positive
/// *train* items.
pub fn initial_history(world: &World, protocol: Protocol, user: u32, n: usize) -> Option<&[u32]> {
    match protocol {
        Protocol::Published => world.test.positives(user).get(..n),
        Protocol::Strict => {
            let positives = world.train.positives(user);
            positives.len().checked_sub(n).map(|start| &positives[start..])
        }
    }
}

/// Final metrics of repeated measurements: their mean and sample standard deviation.
pub(crate) fn summarise(metrics: &mut Metrics, name: &str, values: &[f64]) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    metrics.insert(name.to_owned(), mean);
    if values.len() > 1 {
        let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0);
        metrics.insert(format!("{name}/std"), variance.sqrt());
    }
}
