//! Ratings as trainer and evaluation want them: by user, as rewards, positives in the order of time.

use std::sync::Arc;

use drr_core::data::worlds::Dynamics;
use drr_core::data::{Ratings, Split};
use drr_core::spec::RewardRule;

use crate::protocol::Protocol;

/// One part of the ratings, by user.
#[derive(Clone, Debug, Default)]
pub struct Log {
    starts: Vec<usize>,
    items: Vec<u32>,
    rewards: Vec<f32>,
    positive_starts: Vec<usize>,
    positives: Vec<u32>,
}

impl Log {
    /// The log of the given rows (ascending) of `ratings`.
    pub fn new(ratings: &Ratings, rows: &[u32], rule: RewardRule) -> Self {
        let least_positive = rule.least_positive();
        let mut log = Self { starts: vec![0], positive_starts: vec![0], ..Self::default() };
        let mut rows = rows.iter().map(|&row| ratings.rows[row as usize]).peekable();
        let mut positives = Vec::new();
        for user in 0..ratings.users.len() as u32 {
            positives.clear();
            while let Some(row) = rows.next_if(|row| row.user == user) {
                log.items.push(row.item);
                let reward = rule.reward(row.stars);
                log.rewards.push(reward);
                if reward >= least_positive {
                    positives.push((row.timestamp, row.item));
                }
            }
            positives.sort_unstable();
            log.positives.extend(positives.iter().map(|&(_, item)| item));
            log.starts.push(log.items.len());
            log.positive_starts.push(log.positives.len());
        }
        log
    }

    /// What a user rated: items ascending, and their rewards.
    pub fn of(&self, user: u32) -> (&[u32], &[f32]) {
        let range = self.starts[user as usize]..self.starts[user as usize + 1];
        (&self.items[range.clone()], &self.rewards[range])
    }

    /// The user's reward for an item, if it is in this log.
    pub fn reward(&self, user: u32, item: u32) -> Option<f32> {
        let (items, rewards) = self.of(user);
        items.binary_search(&item).ok().map(|at| rewards[at])
    }

    /// The user's positive items, oldest first.
    pub fn positives(&self, user: u32) -> &[u32] {
        &self.positives[self.positive_starts[user as usize]..self.positive_starts[user as usize + 1]]
    }

    /// Every rating: (user, item, reward).
    pub fn ratings(&self) -> impl Iterator<Item = (u32, u32, f32)> + '_ {
        (0..self.starts.len() as u32 - 1).flat_map(|user| {
            let (items, rewards) = self.of(user);
            items.iter().zip(rewards).map(move |(&item, &reward)| (user, item, reward))
        })
    }
}

/// A dataset, divided.
#[derive(Clone, Debug)]
pub struct World {
    /// Number of users.
    pub users: usize,
    /// Number of items.
    pub items: usize,
    /// Ratings to learn from.
    pub train: Log,
    /// Ratings held out.
    pub test: Log,
    /// Least and greatest reward of the dataset.
    pub reward_range: (f32, f32),
    /// The least reward that counts as positive.
    pub least_positive: f32,
    /// What a unit of reward is on the ratings' own scale.
    pub unit: f64,
    /// The rating whose reward is 0; on a logarithmic scale 1, so that what has the least reward is worth nothing.
    pub centre: f64,
    /// How users answer where that depends on what they were shown; made-up worlds have it.
    pub dynamics: Option<Arc<Dynamics>>,
}

impl World {
    /// The parts of `ratings`, as rewards.
    pub fn new(ratings: &Ratings, parts: &Split, rule: RewardRule) -> Self {
        let [low, high] = ratings.range();
        Self {
            users: ratings.users.len(),
            items: ratings.items.len(),
            train: Log::new(ratings, &parts.train, rule),
            test: Log::new(ratings, &parts.test, rule),
            reward_range: (rule.reward(low), rule.reward(high)),
            least_positive: rule.least_positive(),
            unit: rule.unit(),
            centre: rule.centre(),
            dynamics: None,
        }
    }

    /// The items a user's history starts from, oldest first, if the user has enough of them.
    ///
    /// `published`: the first n positive *test* items, as the slides' numbers were made. `strict`: the n latest positive
    /// *train* items. `cold`: there is none.
    pub fn history(&self, protocol: Protocol, user: u32, n: usize) -> Option<&[u32]> {
        match protocol {
            Protocol::Published => self.test.positives(user).get(..n),
            Protocol::Strict => {
                let positives = self.train.positives(user);
                positives.len().checked_sub(n).map(|start| &positives[start..])
            }
            Protocol::Cold => Some(&[]),
        }
    }

    /// The root mean squared error on the test part, in rewards, of always saying the mean of the train part.
    pub fn mean_error(&self) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0_f64);
        for (_, _, reward) in self.train.ratings() {
            sum += f64::from(reward);
            count += 1.0;
        }
        let mean = sum / count.max(1.0);
        let (mut squares, mut count) = (0.0, 0.0_f64);
        for (_, _, reward) in self.test.ratings() {
            let error = f64::from(reward) - mean;
            squares += error * error;
            count += 1.0;
        }
        (squares / count.max(1.0)).sqrt()
    }

    /// The rating behind a reward, on the ratings' own scale.
    pub fn rating(&self, reward: f32) -> f64 {
        f64::from(reward) * self.unit + self.centre
    }

    /// Whether a reward counts as positive.
    pub fn is_positive(&self, reward: f32) -> bool {
        reward >= self.least_positive
    }

    /// Brings a predicted reward into the dataset's range.
    pub fn clip(&self, reward: f32) -> f32 {
        reward.clamp(self.reward_range.0, self.reward_range.1)
    }
}
