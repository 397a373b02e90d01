//! Bootstrap intervals. Draws come from a stream named for the purpose, so that the same scores give the same interval
//! on every machine and adding an interval shifts no other.
//!
//! With a handful of seeds a bootstrap is too narrow whatever its flavour (`coverage` prints by how much); tables
//! therefore show Student's interval, and these serve aggregates over many scores.

use drr_core::seed::Stream;
use drr_core::{Seed, math};
use statrs::distribution::{ContinuousCDF as _, Normal};

use super::summary::MINIMUM_N;

/// A two-sided interval, (low, high).
pub type Interval = (f64, f64);

/// How often to draw, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    /// Number of draws.
    pub resamples: usize,
    /// Seed of the streams.
    pub seed: Seed,
}

impl Default for Resampling {
    fn default() -> Self {
        Self { resamples: 2000, seed: Seed(0) }
    }
}

impl Resampling {
    /// The stream for one purpose.
    pub(super) fn stream(self, purpose: &str) -> Stream {
        self.seed.stream(&format!("stats/{purpose}"))
    }
}

/// The percentile interval of `statistic`: quantiles of its values on resampled scores. `None` below [`MINIMUM_N`]
/// scores and where one is not finite.
pub fn percentile(
    scores: &[f64],
    confidence: f64,
    how: Resampling,
    statistic: impl Fn(&[f64]) -> f64,
) -> Option<Interval> {
    let drawn = draws(scores, how, &statistic)?;
    let tail = (1.0 - confidence) / 2.0;
    Some((quantile(&drawn, tail), quantile(&drawn, 1.0 - tail)))
}

/// The bias-corrected and accelerated interval of `statistic` (Efron 1987), its acceleration from the jackknife. `None`
/// as for [`percentile`]. Equal scores have the interval of no width at their value.
pub fn bca(scores: &[f64], confidence: f64, how: Resampling, statistic: impl Fn(&[f64]) -> f64) -> Option<Interval> {
    let drawn = draws(scores, how, &statistic)?;
    let observed = statistic(scores);
    let normal = Normal::standard();
    // Ties count half: a statistic of few scores often meets its own value.
    let below = drawn.iter().map(|&value| if value < observed { 1.0 } else { 0.5 * f64::from(value == observed) });
    let share = below.sum::<f64>() / drawn.len() as f64;
    if share <= 0.0 || share >= 1.0 {
        return Some((quantile(&drawn, 0.0), quantile(&drawn, 1.0)));
    }
    let bias = normal.inverse_cdf(share);
    let acceleration = acceleration(scores, &statistic);
    let adjusted = |tail: f64| {
        let z = bias + normal.inverse_cdf(tail);
        normal.cdf(bias + z / (1.0 - acceleration * z))
    };
    let tail = (1.0 - confidence) / 2.0;
    Some((quantile(&drawn, adjusted(tail)), quantile(&drawn, adjusted(1.0 - tail))))
}

/// The statistic of every resample, sorted.
fn draws(scores: &[f64], how: Resampling, statistic: &impl Fn(&[f64]) -> f64) -> Option<Vec<f64>> {
    if scores.len() < MINIMUM_N || how.resamples == 0 || scores.iter().any(|score| !score.is_finite()) {
        return None;
    }
    let mut stream = how.stream("bootstrap");
    let mut sample = scores.to_vec();
    let mut drawn: Vec<f64> = (0..how.resamples)
        .map(|_| {
            sample.iter_mut().for_each(|slot| *slot = scores[stream.below(scores.len())]);
            statistic(&sample)
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    Some(drawn)
}

/// How the statistic's standard error changes with its value: the skewness of the jackknife's values over six.
fn acceleration(scores: &[f64], statistic: &impl Fn(&[f64]) -> f64) -> f64 {
    let without = |left_out: usize| {
        let rest: Vec<f64> = (0..scores.len()).filter(|&at| at != left_out).map(|at| scores[at]).collect();
        statistic(&rest)
    };
    let values: Vec<f64> = (0..scores.len()).map(without).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let moment = |power: i32| values.iter().map(|value| (mean - value).powi(power)).sum::<f64>();
    let spread = math::pow(moment(2), 1.5);
    if spread > 0.0 { moment(3) / (6.0 * spread) } else { 0.0 }
}

/// The quantile at `share` of sorted values, linear between neighbours (numpy's default).
///
/// # Panics
/// If there are no values.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(scores: &[f64]) -> f64 {
        scores.iter().sum::<f64>() / scores.len() as f64
    }

    #[test]
    fn few_scores_and_nan_have_no_interval() {
        let how = Resampling::default();
        assert_eq!(percentile(&[1.0, 2.0], 0.95, how, mean), None);
        assert_eq!(bca(&[1.0, f64::NAN, 2.0], 0.95, how, mean), None);
        assert_eq!(bca(&[2.0; 5], 0.95, how, mean), Some((2.0, 2.0)));
    }

    #[test]
    fn the_same_seed_gives_the_same_bits_and_another_seed_does_not() {
        let scores = [0.71, 0.75, 0.78, 0.69, 0.74];
        let how = |seed| Resampling { seed: Seed(seed), ..Resampling::default() };
        assert_eq!(bca(&scores, 0.95, how(0), mean), bca(&scores, 0.95, how(0), mean));
        assert_ne!(bca(&scores, 0.95, how(0), mean), bca(&scores, 0.95, how(1), mean));
    }

    #[test]
    fn quantiles_are_numpys() {
        // numpy.quantile([1, 2, 4, 8], [0.1, 0.5, 0.9]) = [1.3, 3.0, 6.8]
        let at = |share| (quantile(&[1.0, 2.0, 4.0, 8.0], share) * 1e9).round() / 1e9;
        assert_eq!([0.1, 0.5, 0.9].map(at), [1.3, 3.0, 6.8]);
    }
}
