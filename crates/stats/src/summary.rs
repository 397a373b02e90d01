//! What a handful of scores say: n, mean, spread, extremes.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// A few independent scores in numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many scores.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (divisor n - 1); one score has none.
    pub std: Option<f64>,
    /// Least score.
    pub min: f64,
    /// Greatest score.
    pub max: f64,
    /// Middle score, or the mean of the two middle ones.
    pub median: f64,
}

impl Summary {
    /// The summary of `scores`; `None` for none. A NaN among them makes every number NaN: it is not hidden.
    pub fn of(scores: &[f64]) -> Option<Self> {
        let n = scores.len();
        if n == 0 {
            return None;
        }
        let mut sorted = scores.to_vec();
        sorted.sort_by(f64::total_cmp);
        // Summed in sorted order, so that the order in which trials were listed cannot change a bit.
        let mean = sorted.iter().sum::<f64>() / n as f64;
        let std = (n > 1).then(|| {
            let squares: f64 = sorted.iter().map(|score| (score - mean).powi(2)).sum();
            (squares / (n - 1) as f64).sqrt()
        });
        if mean.is_nan() {
            return Some(Self { n, mean, std, min: f64::NAN, max: f64::NAN, median: f64::NAN });
        }
        let median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0;
        Some(Self { n, mean, std, min: sorted[0], max: sorted[n - 1], median })
    }
}

/// Fewer scores than this have no interval and are not tested: two say next to nothing of a spread.
pub const MINIMUM_N: usize = 3;

/// Student's quantile at `share` (0 to 1) with `freedom` degrees of freedom.
///
/// # Panics
/// If `freedom` is not positive.
pub fn t_quantile(share: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).expect("degrees of freedom are positive").inverse_cdf(share)
}

/// The two-sided interval of the mean by Student's t at `confidence` (for example 0.95); below [`MINIMUM_N`] scores
/// there is none.
pub fn t_interval(summary: &Summary, confidence: f64) -> Option<(f64, f64)> {
    let std = summary.std.filter(|_| summary.n >= MINIMUM_N)?;
    let t = t_quantile(0.5 + confidence / 2.0, (summary.n - 1) as f64);
    let half = t * std / (summary.n as f64).sqrt();
    Some((summary.mean - half, summary.mean + half))
}

/// The limits within which one more score lies with probability `confidence`, were scores normal: mean ± t · std · √(1 + 1/n).
/// Without any spread both are the mean; below [`MINIMUM_N`] scores there are none.
pub fn prediction_limits(summary: &Summary, confidence: f64) -> Option<(f64, f64)> {
    let std = summary.std.filter(|_| summary.n >= MINIMUM_N)?;
    let t = t_quantile(0.5 + confidence / 2.0, (summary.n - 1) as f64);
    let half = t * std * (1.0 + 1.0 / summary.n as f64).sqrt();
    Some((summary.mean - half, summary.mean + half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_divides_by_n_minus_one() {
        let summary = Summary::of(&[0.1, 0.4, 0.2]).expect("three scores");
        // numpy: std(ddof=1) = 0.15275252316519466; ddof=0 would be 18 % smaller.
        assert!((summary.std.expect("n > 1") - 0.152_752_523_165_194_66).abs() < 1e-15);
        assert!((summary.mean - 0.233_333_333_333_333_33).abs() < 1e-15);
        assert_eq!((summary.n, summary.min, summary.max, summary.median), (3, 0.1, 0.4, 0.2));
    }

    #[test]
    fn the_interval_is_students() {
        let summary = Summary::of(&[1.0, 2.0, 3.0, 4.0]).expect("four scores");
        let (low, high) = t_interval(&summary, 0.95).expect("n > 1");
        // scipy.stats.t.interval(0.95, 3, loc=2.5, scale=std/2): (0.44573974, 4.55426026).
        assert!((low - 0.445_739_743_239_121).abs() < 1e-6, "{low}");
        assert!((high - 4.554_260_256_760_879).abs() < 1e-6, "{high}");
    }

    #[test]
    fn one_more_score_lies_within_its_limits() {
        let summary = Summary::of(&[1.0, 2.0, 3.0, 4.0]).expect("four scores");
        // 2.5 ± t(0.975, 3) · 1.290994 · √1.25 = 2.5 ± 3.182446 · 1.443376.
        let (low, high) = prediction_limits(&summary, 0.95).expect("n > 2");
        assert!((high - 7.093_466).abs() < 1e-5 && (low + 2.093_466).abs() < 1e-5, "{low} {high}");
        assert_eq!(prediction_limits(&Summary::of(&[1.0, 2.0]).expect("two"), 0.95), None);
    }

    #[test]
    fn one_score_has_no_spread_and_none_has_nothing() {
        let one = Summary::of(&[0.5]).expect("one score");
        assert_eq!((one.std, one.median), (None, 0.5));
        assert_eq!(t_interval(&one, 0.95), None);
        assert_eq!(t_interval(&Summary::of(&[0.5, 0.6]).expect("two scores"), 0.95), None);
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn order_does_not_matter_and_nan_shows() {
        assert_eq!(Summary::of(&[0.1, 0.2, 0.3, 1e16]), Summary::of(&[1e16, 0.3, 0.2, 0.1]));
        assert!(Summary::of(&[0.1, f64::NAN]).expect("two scores").max.is_nan());
    }
}
