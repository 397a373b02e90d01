//! What a list of recommendations is worth to a user, by the switches of an offline evaluation.

use drr_core::math;
use drr_kinds::offline::{Denominator, Gain, Ideal, OfflineSpec, Relevant};
use drr_kinds::world::World;

/// What a user was recommended, and what there was.
#[derive(Default)]
pub(crate) struct Judged {
    /// What was recommended, in order.
    pub(crate) items: Vec<u32>,
    /// The rewards of what was recommended, in order; NaN for what the user did not rate.
    pub(crate) rewards: Vec<f32>,
    /// All test rewards of the user that were candidates, the best first.
    pub(crate) best: Vec<f32>,
    /// How many candidates there were.
    pub(crate) candidates: usize,
}

/// How lists are judged.
#[derive(Clone, Copy)]
pub(crate) struct Judge {
    pub(crate) relevant: Relevant,
    pub(crate) denominator: Denominator,
    pub(crate) gain: Gain,
    pub(crate) ideal: Ideal,
    /// The least reward that counts as positive.
    pub(crate) least_positive: f32,
    /// A rating is its reward times the first, and the second.
    pub(crate) scale: (f64, f64),
}

impl Judge {
    pub(crate) fn new(world: &World, spec: &OfflineSpec) -> Self {
        Self {
            relevant: spec.relevant,
            denominator: spec.denominator,
            gain: spec.gain,
            ideal: spec.ideal,
            least_positive: world.least_positive,
            scale: (world.unit, world.centre),
        }
    }

    fn is_relevant(&self, reward: f32) -> bool {
        match self.relevant {
            Relevant::Positive => reward >= self.least_positive,
            Relevant::Rated => !reward.is_nan(),
        }
    }

    /// How many of the user's candidates are relevant.
    pub(crate) fn relevant(&self, judged: &Judged) -> usize {
        judged.best.iter().filter(|reward| self.is_relevant(**reward)).count()
    }

    /// Relevant ones among the first `k`.
    pub(crate) fn hits(&self, judged: &Judged, k: usize) -> usize {
        first(&judged.rewards, k).iter().filter(|reward| self.is_relevant(**reward)).count()
    }

    /// Hits over what the denominator says; 0 where that is 0.
    pub(crate) fn precision(&self, judged: &Judged, k: usize) -> f64 {
        let least = match self.denominator {
            Denominator::K => k,
            Denominator::Candidates => k.min(judged.candidates),
            Denominator::Relevant => k.min(self.relevant(judged)),
        };
        share(self.hits(judged, k), least)
    }

    /// The share of the relevant that stand among the first `k`; 0 where none is relevant.
    pub(crate) fn recall(&self, judged: &Judged, k: usize) -> f64 {
        share(self.hits(judged, k), self.relevant(judged))
    }

    /// One over the place of the first relevant one among the first `k`; 0 where there is none.
    pub(crate) fn reciprocal_rank(&self, judged: &Judged, k: usize) -> f64 {
        let place = first(&judged.rewards, k).iter().position(|reward| self.is_relevant(*reward));
        place.map_or(0.0, |place| 1.0 / (place as f64 + 1.0))
    }

    /// Discounted gain over that of the ideal (Järvelin and Kekäläinen 2002); 0 where nothing can be gained.
    pub(crate) fn ndcg(&self, judged: &Judged, k: usize) -> f64 {
        let list = first(&judged.rewards, k);
        let ideal = match self.ideal {
            Ideal::K => self.discounted(first(&judged.best, k)),
            Ideal::All => self.discounted(&judged.best),
            Ideal::List => {
                let mut gains: Vec<f64> = list.iter().map(|reward| self.gain(*reward)).collect();
                gains.sort_unstable_by(|a, b| b.total_cmp(a));
                discounted(gains.into_iter())
            }
        };
        let gained = self.discounted(list);
        if ideal > 0.0 { gained / ideal } else { 0.0 }
    }

    fn discounted(&self, rewards: &[f32]) -> f64 {
        discounted(rewards.iter().map(|reward| self.gain(*reward)))
    }

    fn gain(&self, reward: f32) -> f64 {
        let rating = f64::from(reward) * self.scale.0 + self.scale.1;
        match self.gain {
            _ if reward.is_nan() => 0.0,
            Gain::Reward => f64::from((reward + 1.25).max(0.0)),
            Gain::Binary => f64::from(u8::from(self.is_relevant(reward))),
            Gain::Exponential => math::pow(2.0, rating) - 1.0,
            Gain::Rating => rating.max(0.0),
        }
    }
}

fn first(rewards: &[f32], k: usize) -> &[f32] {
    &rewards[..k.min(rewards.len())]
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn discounted(gains: impl Iterator<Item = f64>) -> f64 {
    gains.enumerate().map(|(rank, gain)| gain / math::log2(rank as f64 + 2.0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: f32 = f32::NAN;

    /// Five test ratings of 5, 4, 3, 2 and 1 stars; recommended were 3 stars, something unrated, 5 stars and 2 stars.
    fn judged() -> Judged {
        Judged {
            rewards: vec![0.0, NONE, 1.0, -0.5],
            best: vec![1.0, 0.5, 0.0, -0.5, -1.0],
            candidates: 40,
            ..Judged::default()
        }
    }

    fn judge() -> Judge {
        Judge {
            relevant: Relevant::Positive,
            denominator: Denominator::K,
            gain: Gain::Reward,
            ideal: Ideal::K,
            least_positive: f32::MIN_POSITIVE,
            scale: (2.0, 3.0),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "what it is held against")]
    fn log2(number: f64) -> f64 {
        number.log2()
    }

    #[test]
    fn hits_are_divided_as_is_said() {
        let (list, judge) = (judged(), judge());
        assert_eq!([2, 3, 10].map(|k| judge.precision(&list, k)), [0.0, 1.0 / 3.0, 0.1]);
        let relevant = Judge { denominator: Denominator::Relevant, ..judge };
        assert_eq!([2, 3, 10].map(|k| relevant.precision(&list, k)), [0.0, 0.5, 0.5]);
        let few = Judged { candidates: 4, ..judged() };
        let candidates = Judge { denominator: Denominator::Candidates, ..judge };
        assert_eq!([3, 10].map(|k| candidates.precision(&few, k)), [1.0 / 3.0, 0.25]);
        let rated = Judge { relevant: Relevant::Rated, ..judge };
        assert_eq!([1, 2, 4].map(|k| rated.precision(&list, k)), [1.0, 0.5, 0.75]);
        assert_eq!([2, 3].map(|k| judge.recall(&list, k)), [0.0, 0.5]);
        assert_eq!(rated.recall(&list, 4), 0.6);
        assert_eq!([2, 3].map(|k| judge.reciprocal_rank(&list, k)), [0.0, 1.0 / 3.0]);
    }

    #[test]
    fn gains_are_those_of_the_switch() {
        let (list, judge) = (judged(), judge());
        let ndcg = |gain: Gain, by: fn(f64) -> f64| {
            // Of stars 3, unrated, 5 against 5, 4, 3.
            let ideal = by(5.0) + by(4.0) / log2(3.0) + by(3.0) / 2.0;
            let expected = (by(3.0) + by(5.0) / 2.0) / ideal;
            let found = Judge { gain, ..judge }.ndcg(&list, 3);
            assert!((found - expected).abs() < 1e-12, "{gain:?}: {found} for {expected}");
        };
        ndcg(Gain::Reward, |stars| (stars - 3.0) / 2.0 + 1.25);
        ndcg(Gain::Binary, |stars| f64::from(u8::from(stars > 3.0)));
        ndcg(Gain::Exponential, |stars| f64::from(1 << stars as u32) - 1.0);
        ndcg(Gain::Rating, |stars| stars);
    }

    #[test]
    fn the_ideal_is_that_of_the_switch() {
        let judge = Judge { gain: Gain::Rating, ..judge() };
        let gained = 3.0 + 5.0 / 2.0;
        let close = |ideal: Ideal, expected: f64| {
            let found = Judge { ideal, ..judge }.ndcg(&judged(), 3);
            assert!((found - gained / expected).abs() < 1e-12, "{ideal:?}: {found}");
        };
        close(Ideal::K, 5.0 + 4.0 / log2(3.0) + 3.0 / 2.0);
        close(Ideal::All, 5.0 + 4.0 / log2(3.0) + 3.0 / 2.0 + 2.0 / log2(5.0) + 1.0 / log2(6.0));
        close(Ideal::List, 5.0 + 3.0 / log2(3.0));
    }

    #[test]
    fn who_has_nothing_to_gain_gains_nothing() {
        let nothing = Judged { rewards: vec![NONE, -1.0], best: vec![-1.0], candidates: 9, ..Judged::default() };
        let judge = Judge { gain: Gain::Binary, denominator: Denominator::Relevant, ..judge() };
        assert_eq!([judge.ndcg(&nothing, 2), judge.precision(&nothing, 2), judge.recall(&nothing, 2)], [0.0; 3]);
    }
}
