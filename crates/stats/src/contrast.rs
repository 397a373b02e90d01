//! A difference of means with its uncertainty, whatever it comes from: pairs, two independent groups, or one group and a
//! fixed value. What is decided about it, is decided by Student's t.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::bootstrap::Interval;
use super::paired::Paired;
use super::summary::{MINIMUM_N, Summary, t_quantile};

/// A difference of means, first minus second. All numbers are finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// The difference.
    pub difference: f64,
    /// Its standard error.
    pub error: f64,
    /// Degrees of freedom.
    pub freedom: f64,
    /// Pairs, or scores of the smaller group.
    pub n: usize,
}

impl Contrast {
    /// The mean difference of pairs; `None` below [`MINIMUM_N`] of them.
    pub fn of_pairs(paired: &Paired) -> Option<Self> {
        let summary = paired.summary().filter(|summary| summary.n >= MINIMUM_N)?;
        Self { difference: summary.mean, error: error(&summary)?, freedom: freedom(&summary), n: summary.n }.finite()
    }

    /// Two independent groups, after Welch; `None` below [`MINIMUM_N`] scores of either.
    pub fn of_groups(first: &Summary, second: &Summary) -> Option<Self> {
        let n = first.n.min(second.n);
        (n >= MINIMUM_N).then(|| Self::welch(first, (second.mean, second.std?, second.n)))?
    }

    /// A group against a value that is known exactly; `None` below [`MINIMUM_N`] scores.
    pub fn to_value(group: &Summary, value: f64) -> Option<Self> {
        let group = Some(group).filter(|group| group.n >= MINIMUM_N)?;
        Self { difference: group.mean - value, error: error(group)?, freedom: freedom(group), n: group.n }.finite()
    }

    /// A group against the mean of `runs` others that vary as it does.
    pub(super) fn to_runs(group: &Summary, value: f64, runs: usize) -> Option<Self> {
        let alone = Self::to_value(group, value)?;
        let more = (1.0 + group.n as f64 / runs as f64).sqrt();
        Self { error: alone.error * more, ..alone }.finite()
    }

    /// A group against another of which mean, standard deviation and n (2 or more) are known.
    pub(super) fn welch(first: &Summary, (mean, std, n): (f64, f64, usize)) -> Option<Self> {
        let (own, theirs) = (error(first)?.powi(2), std * std / n as f64);
        let variance = own + theirs;
        let parts = own * own / freedom(first) + theirs * theirs / (n - 1) as f64;
        // Without any spread the freedom does not matter: the difference is certain.
        let freedom = if parts > 0.0 { variance * variance / parts } else { freedom(first) };
        Self { difference: first.mean - mean, error: variance.sqrt(), freedom, n: first.n.min(n) }.finite()
    }

    fn finite(self) -> Option<Self> {
        (self.difference.is_finite() && self.error.is_finite() && self.freedom > 0.0).then_some(self)
    }

    /// The two-sided interval of the difference.
    pub fn interval(&self, confidence: f64) -> Interval {
        let half = t_quantile(0.5 + confidence / 2.0, self.freedom) * self.error;
        (self.difference - half, self.difference + half)
    }

    /// The p of "the difference is `bound` or more": small where it lies below.
    pub fn p_below(&self, bound: f64) -> f64 {
        match self.t(bound) {
            Some(t) => self.student().cdf(t),
            None => f64::from(u8::from(self.difference >= bound)),
        }
    }

    /// The p of "the difference is less than `bound`": small where it lies above.
    pub fn p_above(&self, bound: f64) -> f64 {
        match self.t(bound) {
            Some(t) => self.student().sf(t),
            None => f64::from(u8::from(self.difference < bound)),
        }
    }

    /// The spread of one pair's (or one score's) contribution: what n divides.
    pub fn unit_spread(&self) -> f64 {
        self.error * (self.n as f64).sqrt()
    }

    /// `None` where the scores do not vary, which leaves no doubt.
    fn t(&self, bound: f64) -> Option<f64> {
        (self.error > 0.0).then(|| (self.difference - bound) / self.error)
    }

    fn student(&self) -> StudentsT {
        StudentsT::new(0.0, 1.0, self.freedom).expect("degrees of freedom are positive")
    }
}

fn error(summary: &Summary) -> Option<f64> {
    Some(summary.std? / (summary.n as f64).sqrt())
}

fn freedom(summary: &Summary) -> f64 {
    (summary.n - 1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::paired::Alternative;
    use super::*;

    fn summary(scores: &[f64]) -> Summary {
        Summary::of(scores).expect("scores")
    }

    #[test]
    fn welch_is_that_of_the_book() {
        // By the textbook, for [1, 2, 3, 4] and [2.5, 3, 4.5]:
        // t = -0.944911, df = 4.915361, p = 0.194399.
        let contrast =
            Contrast::of_groups(&summary(&[1.0, 2.0, 3.0, 4.0]), &summary(&[2.5, 3.0, 4.5])).expect("enough");
        let t = contrast.difference / contrast.error;
        assert!((t + 0.944_911).abs() < 1e-6, "{t}");
        assert!((contrast.freedom - 4.915_361).abs() < 1e-6, "{}", contrast.freedom);
        assert!((contrast.p_below(0.0) - 0.194_399).abs() < 1e-5, "{}", contrast.p_below(0.0));
    }

    #[test]
    fn pairs_give_the_paired_test() {
        let paired = Paired { differences: vec![0.1, -0.2, 0.4, 0.3], unpaired: Vec::new() };
        let contrast = Contrast::of_pairs(&paired).expect("enough");
        assert!((contrast.p_above(0.0) - paired.t_test(Alternative::Greater).expect("enough")).abs() < 1e-12);
        assert_eq!(Some(contrast.interval(0.95)), paired.interval(0.95));
    }

    #[test]
    fn without_spread_there_is_no_doubt_and_a_bound_itself_is_kept() {
        let same = Contrast::of_pairs(&Paired { differences: vec![0.0; 3], unpaired: Vec::new() }).expect("enough");
        assert_eq!((same.p_below(0.0), same.p_above(0.0), same.p_below(0.1), same.p_above(0.1)), (1.0, 0.0, 0.0, 1.0));
        let groups = Contrast::of_groups(&summary(&[2.0; 3]), &summary(&[1.0; 3])).expect("enough");
        assert_eq!((groups.difference, groups.p_below(0.0)), (1.0, 1.0));
    }

    #[test]
    fn few_scores_and_nan_have_no_contrast() {
        assert_eq!(Contrast::to_value(&summary(&[1.0, 2.0]), 0.0), None);
        assert_eq!(Contrast::to_value(&summary(&[1.0, 2.0, f64::NAN]), 0.0), None);
        assert_eq!(Contrast::of_groups(&summary(&[1.0, 2.0, 3.0]), &summary(&[1.0, 2.0])), None);
    }
}
