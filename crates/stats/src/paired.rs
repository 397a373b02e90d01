//! Two settings measured with the same seeds: what is tested are the differences, seed by seed.

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

use super::bootstrap::{Interval, Resampling};
use super::summary::{MINIMUM_N, Summary, t_interval};

/// Up to this many pairs all assignments of signs are tried (2^16); beyond, some are drawn.
const EXACT_PAIRS: usize = 16;
/// Up to this many pairs Wilcoxon's distribution is counted out; beyond, it is the normal one.
const EXACT_RANKS: usize = 200;

/// Which departure from "no difference" counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// Either.
    Both,
    /// The first setting scores higher.
    Greater,
    /// The first setting scores lower.
    Less,
}

/// A permutation test's answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Permutation {
    /// Probability of a mean difference at least as far from 0 if signs were arbitrary.
    pub p: f64,
    /// The least p that this many pairs can give: with five it is 0.0625 two-sided, so that nothing can be significant.
    pub least: f64,
    /// Whether all assignments of signs were tried.
    pub exact: bool,
}

/// Scores of two settings by seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired {
    /// First minus second, by seed, in the order of the seeds.
    pub differences: Vec<f64>,
    /// Seeds that only one of the two has a finite score for.
    pub unpaired: Vec<u64>,
}

impl Paired {
    /// Pairs `first` with `second`, both as (seed, score).
    pub fn by_seed(first: &[(u64, f64)], second: &[(u64, f64)]) -> Self {
        let mut both: BTreeMap<u64, [Option<f64>; 2]> = BTreeMap::new();
        for (side, scores) in [first, second].into_iter().enumerate() {
            for &(seed, score) in scores {
                both.entry(seed).or_default()[side] = Some(score).filter(|score| score.is_finite());
            }
        }
        let mut paired = Self { differences: Vec::new(), unpaired: Vec::new() };
        for (seed, scores) in both {
            match scores {
                [Some(first), Some(second)] => paired.differences.push(first - second),
                _ => paired.unpaired.push(seed),
            }
        }
        paired
    }

    /// Number of pairs.
    pub fn n(&self) -> usize {
        self.differences.len()
    }

    /// The differences in numbers; `None` without a pair.
    pub fn summary(&self) -> Option<Summary> {
        Summary::of(&self.differences)
    }

    /// Student's interval of the mean difference; `None` below [`MINIMUM_N`] pairs.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        t_interval(&self.summary()?, confidence)
    }

    /// The p of Student's paired test; `None` below [`MINIMUM_N`] pairs.
    pub fn t_test(&self, side: Alternative) -> Option<f64> {
        let summary = self.enough()?;
        let std = summary.std?;
        if std == 0.0 {
            return Some(certain(summary.mean, side));
        }
        let t = summary.mean / (std / (summary.n as f64).sqrt());
        let student = StudentsT::new(0.0, 1.0, (summary.n - 1) as f64).ok()?;
        Some(match side {
            Alternative::Both => 2.0 * student.sf(t.abs()),
            Alternative::Greater => student.sf(t),
            Alternative::Less => student.cdf(t),
        })
    }

    /// The sign-flipping permutation test of the mean difference: exact up to 16 pairs, by draws of `how` beyond.
    /// `None` below [`MINIMUM_N`] pairs.
    pub fn permutation(&self, side: Alternative, how: Resampling) -> Option<Permutation> {
        self.enough()?;
        let n = self.n();
        let observed: f64 = self.differences.iter().sum();
        // Sums that differ by rounding alone are equal: the order of adding must not decide.
        let slack = 1e-12 * self.differences.iter().map(|difference| difference.abs()).sum::<f64>();
        let extreme = |sum: f64| match side {
            Alternative::Both => sum.abs() >= observed.abs() - slack,
            Alternative::Greater => sum >= observed - slack,
            Alternative::Less => sum <= observed + slack,
        };
        let flipped = |signs: &dyn Fn(usize) -> bool| -> f64 {
            self.differences.iter().enumerate().map(|(at, value)| if signs(at) { -value } else { *value }).sum()
        };
        if n <= EXACT_PAIRS {
            let all = 1u32 << n;
            let count = (0..all).filter(|signs| extreme(flipped(&|at| signs >> at & 1 == 1))).count();
            let least = if side == Alternative::Both { 2.0 } else { 1.0 } / f64::from(all);
            return Some(Permutation { p: count as f64 / f64::from(all), least, exact: true });
        }
        let mut stream = how.stream("permutation");
        let mut signs = vec![false; n];
        let count = (0..how.resamples)
            .filter(|_| {
                for block in signs.chunks_mut(64) {
                    let bits = stream.bits();
                    block.iter_mut().enumerate().for_each(|(at, sign)| *sign = bits >> at & 1 == 1);
                }
                extreme(flipped(&|at| signs[at]))
            })
            .count();
        // The observed assignment is one of them (Phipson and Smyth 2010): p is never 0.
        let total = (how.resamples + 1) as f64;
        Some(Permutation { p: (count + 1) as f64 / total, least: 1.0 / total, exact: false })
    }

    /// The p of Wilcoxon's signed-rank test: zeros dropped, ties share their rank, the distribution counted out up to
    /// 200 pairs. `None` below [`MINIMUM_N`] pairs; 1 where all differences are 0.
    pub fn wilcoxon(&self, side: Alternative) -> Option<f64> {
        self.enough()?;
        let mut differences: Vec<f64> = self.differences.iter().copied().filter(|value| *value != 0.0).collect();
        if differences.is_empty() {
            return Some(1.0);
        }
        differences.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        let n = differences.len();
        // Twice the rank: shared ranks are halves, twice of them is whole.
        let mut ranks = vec![0usize; n];
        let mut at = 0;
        while at < n {
            let ties = differences[at..].iter().take_while(|value| value.abs() == differences[at].abs()).count();
            ranks[at..at + ties].fill(2 * at + ties + 1);
            at += ties;
        }
        let positive: usize =
            ranks.iter().zip(&differences).filter(|(_, value)| **value > 0.0).map(|(rank, _)| rank).sum();
        let total = n * (n + 1);
        let (upper, lower) = if n <= EXACT_RANKS {
            counted_tails(&ranks, positive)
        } else {
            let mean = total as f64 / 2.0;
            let spread = ranks.iter().map(|rank| (*rank as f64).powi(2)).sum::<f64>().sqrt() / 2.0;
            let z = (positive as f64 - mean) / spread;
            (Normal::standard().sf(z), Normal::standard().cdf(z))
        };
        Some(match side {
            Alternative::Both => (2.0 * upper.min(lower)).min(1.0),
            Alternative::Greater => upper,
            Alternative::Less => lower,
        })
    }

    /// The mean difference in units of the differences' standard deviation, d_z with Hedges' correction for few pairs.
    /// `None` below [`MINIMUM_N`] pairs and where the differences do not vary.
    pub fn effect_size(&self) -> Option<f64> {
        let summary = self.enough()?;
        let std = summary.std.filter(|std| *std > 0.0)?;
        let freedom = (summary.n - 1) as f64;
        Some(summary.mean / std * (1.0 - 3.0 / (4.0 * freedom - 1.0)))
    }

    fn enough(&self) -> Option<Summary> {
        (self.n() >= MINIMUM_N).then(|| self.summary()).flatten()
    }
}

/// Differences that do not vary leave no doubt.
fn certain(mean: f64, side: Alternative) -> f64 {
    match side {
        Alternative::Both if mean != 0.0 => 0.0,
        Alternative::Greater if mean > 0.0 => 0.0,
        Alternative::Less if mean < 0.0 => 0.0,
        _ => 1.0,
    }
}

/// P(W ≥ w) and P(W ≤ w) for the sum of those `ranks` whose sign is positive, each with probability one half.
fn counted_tails(ranks: &[usize], observed: usize) -> (f64, f64) {
    let mut probability = vec![0.0; ranks.iter().sum::<usize>() + 1];
    probability[0] = 1.0;
    let mut reached = 0;
    for &rank in ranks {
        reached += rank;
        for sum in (0..=reached).rev() {
            let with = if sum >= rank { probability[sum - rank] } else { 0.0 };
            probability[sum] = (probability[sum] + with) / 2.0;
        }
    }
    let sum = |part: &[f64]| part.iter().sum::<f64>().min(1.0);
    (sum(&probability[observed..]), sum(&probability[..=observed]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired(differences: &[f64]) -> Paired {
        Paired { differences: differences.to_vec(), unpaired: Vec::new() }
    }

    #[test]
    fn seeds_pair_whatever_their_order_and_the_rest_is_named() {
        let paired = Paired::by_seed(&[(2, 0.5), (0, 0.75), (7, 1.0)], &[(0, 0.25), (2, 0.5), (1, 1.0), (7, f64::NAN)]);
        assert_eq!(paired, Paired { differences: vec![0.5, 0.0], unpaired: vec![1, 7] });
    }

    #[test]
    fn below_three_pairs_nothing_is_tested() {
        let two = paired(&[0.1, 0.2]);
        assert_eq!(
            (two.t_test(Alternative::Both), two.wilcoxon(Alternative::Both), two.effect_size()),
            (None, None, None)
        );
        assert_eq!((two.permutation(Alternative::Both, Resampling::default()), two.interval(0.95)), (None, None));
    }

    #[test]
    fn few_pairs_cannot_be_significant_and_it_is_said() {
        let test =
            paired(&[0.1, 0.2, 0.3, 0.4, 0.5]).permutation(Alternative::Both, Resampling::default()).expect("five");
        assert_eq!(test, Permutation { p: 0.0625, least: 0.0625, exact: true });
        let test =
            paired(&[0.1, 0.2, 0.3, 0.4, 0.5]).permutation(Alternative::Greater, Resampling::default()).expect("five");
        assert_eq!(test.p, 1.0 / 32.0);
    }

    #[test]
    fn many_pairs_are_drawn_and_agree_with_students_t() {
        let differences: Vec<f64> = (0..40).map(|at| f64::from(at % 7) - 2.6).collect();
        let drawn = paired(&differences)
            .permutation(Alternative::Both, Resampling { resamples: 20_000, ..Resampling::default() });
        let drawn = drawn.expect("enough pairs");
        let student = paired(&differences).t_test(Alternative::Both).expect("enough pairs");
        assert!(!drawn.exact && (drawn.p - student).abs() < 0.02, "{} {student}", drawn.p);
    }

    #[test]
    fn ranks_that_tie_are_counted_as_by_trying_all_signs() {
        let differences = [0.5, -0.5, 1.0, 1.0, 2.0, -3.0, 0.0];
        let ranks = [1.5, 1.5, 3.5, 3.5, 5.0, 6.0];
        let observed = 1.5 + 3.5 + 3.5 + 5.0;
        let sums = (0..64u32).map(|signs| (0..6).filter(|at| signs >> at & 1 == 1).map(|at| ranks[at]).sum::<f64>());
        let p = sums.filter(|sum| *sum >= observed).count() as f64 / 64.0;
        assert!((paired(&differences).wilcoxon(Alternative::Greater).expect("enough") - p).abs() < 1e-15);
    }

    #[test]
    fn differences_without_spread_are_certain() {
        assert_eq!(paired(&[0.0; 4]).t_test(Alternative::Both), Some(1.0));
        assert_eq!(paired(&[0.5; 4]).t_test(Alternative::Both), Some(0.0));
        assert_eq!(paired(&[0.5; 4]).effect_size(), None);
        assert_eq!(paired(&[0.0; 4]).wilcoxon(Alternative::Both), Some(1.0));
    }
}
