//! Who takes part in an offline evaluation, what is ranked for each, and what all lists are worth together.

use std::collections::BTreeSet;

use drr_core::Seed;
use drr_kinds::error::{Error, Result};
use drr_kinds::offline::{MeasureSet, OfflineSpec, Ranked, Relevant, Remain, TieOrder};
use drr_kinds::world::World;

use super::judged::{Judge, Judged};
use super::served::Session;

/// Users served together, a step at a time; fewer where each has many candidates.
const TOGETHER: usize = 512;

/// Candidates of users that are served together, at most.
const CANDIDATES: usize = 1 << 22;

/// Who takes part, and what is ranked.
pub(crate) struct Field<'a> {
    pub(crate) world: &'a World,
    pub(crate) spec: &'a OfflineSpec,
    pub(crate) n: usize,
    pub(crate) seed: Seed,
}

impl Field<'_> {
    /// Users with enough test ratings for K, and positives to start from.
    pub(crate) fn eligible(&self, k: u64) -> Result<Vec<u32>> {
        let (world, spec, n) = (self.world, self.spec, self.n);
        let least = spec.least_test_at(k);
        let users: Vec<u32> = (0..world.users as u32)
            .filter(|&user| {
                let (items, rewards) = world.test.of(user);
                let Some(history) = world.history(spec.protocol, user, n) else { return false };
                let is_left = |item: u32| spec.history_items == Remain::Stay || !history.contains(&item);
                let is_relevant = |reward: f32| spec.relevant == Relevant::Rated || world.is_positive(reward);
                let left = || items.iter().zip(rewards).filter(|(item, _)| is_left(**item));
                left().count() as u64 >= least
                    && left().filter(|(_, reward)| is_relevant(**reward)).count() as u64 >= spec.least_relevant
            })
            .collect();
        if users.is_empty() {
            return Err(Error::Deterministic(format!(
                "no user has {least} test ratings and {n} positive ones to start from: lower offline.k or drr.history"
            )));
        }
        Ok(users)
    }

    /// Users that are served together.
    pub(crate) fn together(&self) -> usize {
        let each = match self.spec.candidates {
            Ranked::Rated => 1,
            Ranked::Unseen => self.world.items,
            Ranked::Sampled => self.spec.sampled as usize,
        };
        (CANDIDATES / each.max(1)).clamp(1, TOGETHER)
    }

    /// The beginnings of the users' sessions.
    pub(crate) fn start(&self, users: &[u32]) -> Vec<Session> {
        let begin = |&user: &u32| Session::new(self.world, self.spec.protocol, user, self.n, self.candidates(user));
        users.iter().map(begin).collect()
    }

    /// Items and rewards, NaN where there is none, in the order in which equals come.
    fn candidates(&self, user: u32) -> Vec<(u32, f32)> {
        let (world, spec) = (self.world, self.spec);
        let (items, rewards) = world.test.of(user);
        let mut candidates: Vec<(u32, f32)> = items.iter().copied().zip(rewards.iter().copied()).collect();
        if spec.candidates != Ranked::Rated {
            let known = world.train.of(user).0;
            let is_new = |item: &u32| items.binary_search(item).is_err() && known.binary_search(item).is_err();
            let mut others: Vec<u32> = (0..world.items as u32).filter(is_new).collect();
            if spec.candidates == Ranked::Sampled {
                let mut stream = self.seed.stream(&format!("eval/offline/sampled/{user}"));
                stream.shuffle(&mut others);
                others.truncate(spec.sampled as usize);
            }
            candidates.extend(others.into_iter().map(|item| (item, f32::NAN)));
            candidates.sort_unstable_by_key(|(item, _)| *item);
        }
        if spec.history_items == Remain::Leave {
            let history = world.history(spec.protocol, user, self.n).unwrap_or_default();
            candidates.retain(|(item, _)| !history.contains(item));
        }
        match spec.ties {
            TieOrder::First => {}
            TieOrder::Last => candidates.reverse(),
            TieOrder::Drawn => self.seed.stream(&format!("eval/offline/ties/{user}")).shuffle(&mut candidates),
        }
        candidates
    }

    /// The means of the first K recommendations' scores over all lists.
    pub(crate) fn judge<'a>(
        &self,
        judge: &Judge,
        lists: impl Iterator<Item = &'a Judged>,
        k: usize,
    ) -> Vec<(&'static str, f64)> {
        let (mut sums, mut count) = ([0.0; 5], 0.0);
        let is_long = self.spec.measures == MeasureSet::Long;
        let mut recommended: BTreeSet<u32> = BTreeSet::new();
        for list in lists {
            let rest = if is_long {
                recommended.extend(&list.items[..k.min(list.items.len())]);
                let hit = f64::from(u8::from(judge.hits(list, k) > 0));
                [judge.recall(list, k), hit, judge.reciprocal_rank(list, k)]
            } else {
                [0.0; 3]
            };
            let scores = [judge.precision(list, k), judge.ndcg(list, k)].into_iter().chain(rest);
            sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
            count += 1.0;
        }
        let names = ["precision", "ndcg", "recall", "hit", "mrr"];
        let mut scores: Vec<(&str, f64)> = names.into_iter().zip(sums.map(|sum| sum / count)).collect();
        if is_long {
            scores.push(("coverage", recommended.len() as f64 / self.world.items as f64));
        } else {
            scores.truncate(2);
        }
        scores
    }
}
