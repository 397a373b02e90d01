//! Pure functions on scores: no clock, no files, and no randomness but named streams of a seed that the caller gives.
//! A plot or a table is handed the finished numbers.
//!
//! | file | job |
//! | --- | --- |
//! | `summary` | n, mean, std, median, extremes; Student's interval |
//! | `bootstrap` | percentile and BCa intervals |
//! | `aggregate` | IQM, performance profile, probability of improvement over a runs × tasks matrix |
//! | `paired` | scores of two settings, paired by seed: permutation test, Wilcoxon, Student's t, effect size |
//! | `contrast` | a difference of means with its uncertainty: paired, independent (Welch), against a value |
//! | `decide` | Holm's correction, equivalence, non-inferiority, minimum detectable effect |
//! | `order` | whether two rankings agree: Kendall's τ |
//! | `curve` | mean and spread of several seeds' curves, smoothing |

mod aggregate;
mod bootstrap;
mod contrast;
#[cfg(test)]
mod coverage;
mod curve;
mod decide;
#[cfg(test)]
mod goldens;
mod order;
mod paired;
mod summary;

pub use aggregate::{BOOTSTRAP_N, Draw, ScoreMatrix, probability_of_improvement, probability_of_improvement_interval};
pub use bootstrap::{Interval, Resampling, bca, percentile, quantile};
pub use contrast::Contrast;
pub use curve::{Band, Spread, band, moving_average};
pub use decide::{
    Equivalence, NonInferiority, Published, deciding_n, equivalence, equivalence_to, holm, minimum_detectable_effect,
    non_inferiority, seeds_to_decide,
};
pub use order::kendall_interval;
pub use paired::{Alternative, Paired, Permutation};
pub use summary::{MINIMUM_N, Summary, prediction_limits, t_interval, t_quantile};
