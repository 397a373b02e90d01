//! From numbers to decisions: corrections for many tests, equivalence, non-inferiority, and what a test could have seen.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::bootstrap::Interval;
use super::contrast::Contrast;
use super::paired::Paired;
use super::summary::{MINIMUM_N, Summary, t_quantile};

/// Holm's step-down correction: p-values that may each be held against the level as if there were one test. NaN stays
/// NaN and counts as no test.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|&at| !p[at].is_nan()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![f64::NAN; p.len()];
    let mut least = 0.0f64;
    for (rank, &at) in order.iter().enumerate() {
        least = least.max(p[at] * (order.len() - rank) as f64).min(1.0);
        adjusted[at] = least;
    }
    adjusted
}

/// A published mean, with its standard deviation and the number of runs behind it where they are published too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Published {
    /// The mean.
    pub mean: f64,
    /// Sample standard deviation.
    pub std: Option<f64>,
    /// Number of runs.
    pub n: Option<usize>,
}

impl Published {
    /// A mean that is taken as exact.
    pub fn exact(mean: f64) -> Self {
        Self { mean, std: None, n: None }
    }
}

/// Whether two means are the same for practical purposes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Equivalence {
    /// The interval of the difference lies within the margin.
    Equivalent(Interval),
    /// It lies outside.
    Different(Interval),
    /// It reaches across the margin.
    Inconclusive(Interval),
    /// Fewer than [`MINIMUM_N`] scores.
    TooFew,
}

/// Two one-sided tests (Schuirmann 1987) at level `alpha` of our mean against a published one: the 1 - 2·alpha interval
/// of the difference, by Welch where the published mean has a standard deviation and an n, against a fixed value where
/// it does not.
/// Where only the number of runs is published, each run is taken to vary as ours do.
pub fn equivalence(ours: &Summary, published: Published, margin: f64, alpha: f64) -> Equivalence {
    let Published { mean, std, n } = published;
    if ours.n < MINIMUM_N {
        return Equivalence::TooFew;
    }
    let contrast = match (std, n) {
        (Some(std), Some(n)) if n >= 2 => Contrast::welch(ours, (mean, std, n)),
        (_, Some(n)) if n >= 1 => Contrast::to_runs(ours, mean, n),
        _ => Contrast::to_value(ours, mean),
    };
    match contrast {
        Some(contrast) => equivalence_to(contrast.interval(1.0 - 2.0 * alpha), margin),
        None => Equivalence::Inconclusive((f64::NAN, f64::NAN)),
    }
}

/// How many scores would decide what [`equivalence`] could not, were the mean and the spread as they are: with so many the
/// interval no longer crosses the nearer margin. `None` where more than `most` would be needed, or where the noise of what was
/// published is too large for any number.
pub fn seeds_to_decide(ours: &Summary, published: Published, margin: f64, alpha: f64, most: usize) -> Option<usize> {
    let (std, room) = (ours.std?, ((ours.mean - published.mean).abs() - margin).abs());
    let theirs = match (published.std, published.n) {
        (theirs, Some(n)) if n >= 1 => theirs.filter(|_| n >= 2).unwrap_or(std).powi(2) / n as f64,
        _ => 0.0,
    };
    let error = |n: usize| (std * std / n as f64 + theirs).sqrt();
    let enough = |n: usize| t_quantile(1.0 - alpha, (n - 1) as f64) * error(n) <= room;
    if !enough(most) {
        return None;
    }
    let (mut low, mut high) = (MINIMUM_N, most);
    while low < high {
        let middle = low.midpoint(high);
        if enough(middle) { high = middle } else { low = middle + 1 }
    }
    Some(low)
}

/// The decision for an interval of the difference.
pub fn equivalence_to(interval: Interval, margin: f64) -> Equivalence {
    let (low, high) = interval;
    if low >= -margin && high <= margin {
        Equivalence::Equivalent(interval)
    } else if low > margin || high < -margin {
        Equivalence::Different(interval)
    } else {
        // NaN comes here: it is neither.
        Equivalence::Inconclusive(interval)
    }
}

/// Whether a setting is worse than its reference by more than a margin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NonInferiority {
    /// Not worse by more than the margin; with the one-sided bound of the mean difference that says so.
    NotWorse(f64),
    /// Worse by more than the margin, with the other bound.
    Worse(f64),
    /// The data cannot tell, with the bound.
    Inconclusive(f64),
    /// Fewer than [`MINIMUM_N`] pairs.
    TooFew,
}

/// Tests at level `alpha` whether the first setting of `paired` scores lower than the second by more than `margin`
/// (0 or more; higher scores are better).
pub fn non_inferiority(paired: &Paired, margin: f64, alpha: f64) -> NonInferiority {
    let Some((low, high)) = paired.interval(1.0 - 2.0 * alpha) else { return NonInferiority::TooFew };
    if low >= -margin {
        NonInferiority::NotWorse(low)
    } else if high < -margin {
        NonInferiority::Worse(high)
    } else {
        NonInferiority::Inconclusive(low)
    }
}

/// The least mean difference that a paired one-sided test at level `alpha` sees with probability `power`, for
/// differences of standard deviation `std` over `n` pairs; `None` below [`MINIMUM_N`] pairs.
pub fn minimum_detectable_effect(std: f64, n: usize, alpha: f64, power: f64) -> Option<f64> {
    if n < MINIMUM_N {
        return None;
    }
    let freedom = (n - 1) as f64;
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let (least, wanted) = (t_quantile(1.0 - alpha, freedom), student.inverse_cdf(power));
    Some((least + wanted) * std / (n as f64).sqrt())
}

/// The least number of pairs with which [`minimum_detectable_effect`] is `effect` or less; `None` where more than `most`
/// would be needed.
pub fn deciding_n(std: f64, effect: f64, alpha: f64, power: f64, most: usize) -> Option<usize> {
    let enough = |n: usize| minimum_detectable_effect(std, n, alpha, power).is_some_and(|least| least <= effect);
    if !enough(most) {
        return None;
    }
    let (mut low, mut high) = (MINIMUM_N, most);
    while low < high {
        let middle = low.midpoint(high);
        if enough(middle) { high = middle } else { low = middle + 1 }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_is_that_of_the_book() {
        // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") = 0.03 0.06 0.06 0.02
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-15);
        assert!(close(&holm(&[0.01, 0.04, 0.03, 0.005]), &[0.03, 0.06, 0.06, 0.02]));
        assert!(close(&holm(&[0.9, 0.8]), &[1.0, 1.0]));
        let with_nan = holm(&[0.01, f64::NAN, 0.03]);
        assert!(close(&[with_nan[0], with_nan[2]], &[0.02, 0.03]) && with_nan[1].is_nan());
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn equivalence_needs_the_whole_interval_inside() {
        let ours = |scores: &[f64]| Summary::of(scores).expect("scores");
        let close = ours(&[0.774, 0.776, 0.775, 0.774]);
        assert!(matches!(equivalence(&close, Published::exact(0.775), 0.02, 0.05), Equivalence::Equivalent(_)));
        assert!(matches!(equivalence(&close, Published::exact(0.70), 0.02, 0.05), Equivalence::Different(_)));
        assert!(matches!(equivalence(&close, Published::exact(0.755), 0.02, 0.05), Equivalence::Inconclusive(_)));
        assert_eq!(equivalence(&ours(&[0.775, 0.775]), Published::exact(0.775), 0.02, 0.05), Equivalence::TooFew);
        let nan = ours(&[0.775, f64::NAN, 0.774]);
        assert!(matches!(equivalence(&nan, Published::exact(0.775), 0.02, 0.05), Equivalence::Inconclusive(_)));
    }

    #[test]
    fn more_seeds_decide_what_lies_near_the_margin() {
        let ours = Summary { n: 4, mean: 0.512, std: Some(0.01), min: 0.5, max: 0.52, median: 0.512 };
        // t(0.95, n - 1) · 0.01 / √n ≤ 0.012 - 0.01: 1.6674 · 0.01 / √70 = 0.001993, and 69 make 0.002008.
        assert_eq!(seeds_to_decide(&ours, Published::exact(0.5), 0.01, 0.05, 10_000), Some(70));
        assert_eq!(seeds_to_decide(&Summary { mean: 0.51, ..ours }, Published::exact(0.5), 0.01, 0.05, 10_000), None);
        // One run of theirs is as far off as one of ours, however many ours are.
        let one_run = Published { n: Some(1), ..Published::exact(0.5) };
        assert_eq!(seeds_to_decide(&ours, one_run, 0.01, 0.05, 10_000), None);
    }

    #[test]
    fn a_published_spread_widens_the_interval() {
        let ours = Summary::of(&[0.77, 0.78, 0.775]).expect("scores");
        let width = |published| match equivalence(&ours, published, 1.0, 0.05) {
            Equivalence::Equivalent((low, high)) => high - low,
            other => panic!("{other:?}"),
        };
        let exact = Published::exact(0.775);
        assert!(width(Published { std: Some(0.02), n: Some(3), ..exact }) > width(exact));
        // One run that varies as ours do: √(1/3 + 1) for √(1/3).
        assert!((width(Published { n: Some(1), ..exact }) / width(exact) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn non_inferiority_says_not_worse_worse_or_that_it_cannot_tell() {
        let paired = |differences: &[f64]| Paired { differences: differences.to_vec(), unpaired: vec![] };
        let test = |differences: &[f64]| non_inferiority(&paired(differences), 0.01, 0.05);
        assert!(matches!(test(&[0.001, -0.001, 0.0, 0.002]), NonInferiority::NotWorse(_)));
        assert!(matches!(test(&[-0.051, -0.049, -0.05, -0.052]), NonInferiority::Worse(_)));
        assert!(matches!(test(&[-0.05, 0.05, 0.03, -0.04]), NonInferiority::Inconclusive(_)));
        assert_eq!(test(&[0.0, 0.0]), NonInferiority::TooFew);
    }

    #[test]
    fn more_pairs_see_less() {
        let least = |n| minimum_detectable_effect(0.01, n, 0.05, 0.8).expect("enough pairs");
        // (t(0.95, 4) + t(0.8, 4)) · 0.01 / √5 = (2.131847 + 0.940965) · 0.00447214
        assert!((least(5) - 0.013_742).abs() < 1e-5, "{}", least(5));
        assert!(least(20) < least(5));
        let deciding = |effect| deciding_n(0.01, effect, 0.05, 0.8, 1000);
        assert_eq!((deciding(least(5) + 1e-9), deciding(1.0), deciding(0.0)), (Some(5), Some(3), None));
        assert_eq!(minimum_detectable_effect(0.01, 2, 0.05, 0.8), None);
    }
}
