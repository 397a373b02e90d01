//! What offline and online evaluation share: what chooses the items, how repeats are summarised.

pub(crate) mod field;
pub(crate) mod judged;
pub(crate) mod lists;
pub(crate) mod orders;
pub mod policy;
pub(crate) mod served;

pub use self::policy::Policy;
use drr_kinds::training::Metrics;

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
