//! Ratings as trainer and evaluation want them: by user, as rewards, positives in the order of time.

use drr_core::data::{Ratings, Split, reward};

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
    pub fn new(ratings: &Ratings, rows: &[u32]) -> Self {
        let mut log = Self { starts: vec![0], positive_starts: vec![0], ..Self::default() };
        let mut rows = rows.iter().map(|&row| ratings.rows[row as usize]).peekable();
        let mut positives = Vec::new();
        for user in 0..ratings.users.len() as u32 {
            positives.clear();
            while let Some(row) = rows.next_if(|row| row.user == user) {
                log.items.push(row.item);
                log.rewards.push(reward(row.stars));
                if reward(row.stars) > 0.0 {
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
}

impl World {
    /// The parts of `ratings`.
    pub fn new(ratings: &Ratings, parts: &Split) -> Self {
        Self {
            users: ratings.users.len(),
            items: ratings.items.len(),
            train: Log::new(ratings, &parts.train),
            test: Log::new(ratings, &parts.test),
            reward_range: ratings.reward_range(),
        }
    }

    /// Brings a predicted reward into the dataset's range.
    pub fn clip(&self, reward: f32) -> f32 {
        reward.clamp(self.reward_range.0, self.reward_range.1)
    }
}
