//! A table, divided: how much each part holds, and of each user what decides who can be trained and evaluated on.

use drr_core::data::{Ratings, Split};
use drr_core::spec::RewardRule;
use drr_kinds::protocol::Protocol;

/// The parts of a division, counted.
pub(super) struct Division {
    /// Ratings to learn from.
    pub(super) train: usize,
    /// Ratings held out.
    pub(super) test: usize,
    users: Vec<Counts>,
}

/// What a user has.
#[derive(Clone, Copy, Default)]
struct Counts {
    test: u32,
    positive_test: u32,
    positive_train: u32,
}

impl Counts {
    /// Positive ratings that a history can start from; no end of them where there is no history.
    fn positives(self, protocol: Protocol) -> u64 {
        match protocol {
            Protocol::Published => self.positive_test.into(),
            Protocol::Strict => self.positive_train.into(),
            Protocol::Cold => u64::MAX,
        }
    }
}

impl Division {
    /// Counts the parts.
    pub(super) fn new(ratings: &Ratings, parts: &Split, rule: RewardRule) -> Self {
        let least = rule.least_positive();
        let mut users = vec![Counts::default(); ratings.users.len()];
        for &row in &parts.train {
            let row = ratings.rows[row as usize];
            users[row.user as usize].positive_train += u32::from(rule.reward(row.stars) >= least);
        }
        for &row in &parts.test {
            let row = ratings.rows[row as usize];
            let counts = &mut users[row.user as usize];
            counts.test += 1;
            counts.positive_test += u32::from(rule.reward(row.stars) >= least);
        }
        Self { train: parts.train.len(), test: parts.test.len(), users }
    }

    /// Users with `history` positives to start from and at least `k` test ratings.
    pub(super) fn eligible(&self, protocol: Protocol, history: u64, k: u64) -> usize {
        self.able(protocol, history).filter(|counts| u64::from(counts.test) >= k).count()
    }

    /// Of those the ones with more test ratings than `k`: for the others every order of their candidates is the same.
    pub(super) fn ordered(&self, protocol: Protocol, history: u64, k: u64) -> usize {
        self.able(protocol, history).filter(|counts| u64::from(counts.test) > k).count()
    }

    /// The most positives of a user.
    pub(super) fn most_positives(&self, protocol: Protocol) -> u64 {
        self.users.iter().map(|counts| counts.positives(protocol)).max().unwrap_or(0)
    }

    /// The most test ratings of a user with `history` positives to start from.
    pub(super) fn most_candidates(&self, protocol: Protocol, history: u64) -> u32 {
        self.able(protocol, history).map(|counts| counts.test).max().unwrap_or(0)
    }

    fn able(&self, protocol: Protocol, history: u64) -> impl Iterator<Item = &Counts> {
        self.users.iter().filter(move |counts| counts.positives(protocol) >= history)
    }
}
