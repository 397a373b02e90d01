//! n-step returns: a step waits until n - 1 more have followed, or the session is over, and enters the replay with the discounted
//! sum of their rewards. With n = 1 it enters as it is.

use std::collections::VecDeque;

use crate::history::History;
use crate::replay::{Replay, Transition};

/// Steps of a session that wait for those after them.
#[derive(Clone, Debug)]
pub struct Returns {
    steps: usize,
    gamma: f32,
    waiting: VecDeque<Waiting>,
}

#[derive(Clone, Debug)]
struct Waiting {
    user: u32,
    before: Vec<u32>,
    action: Vec<f32>,
    sum: f32,
    /// γ to the number of rewards in the sum.
    discount: f32,
    rewards: usize,
}

impl Returns {
    /// Sums of up to `steps` rewards.
    pub fn new(steps: u64, gamma: f64) -> Self {
        Self { steps: steps as usize, gamma: gamma as f32, waiting: VecDeque::new() }
    }

    /// A step of the session; whatever is complete with it enters the replay.
    pub fn push(
        &mut self,
        user: u32,
        before: &History,
        action: &[f32],
        reward: f32,
        after: &History,
        replay: &mut Replay,
    ) {
        if self.steps == 1 {
            let (before, after) = (before.items(), after.items());
            replay.push(Transition { user, before, after, action, reward, discount: self.gamma });
            return;
        }
        let (before, action) = (before.items().to_vec(), action.to_vec());
        self.waiting.push_back(Waiting { user, before, action, sum: 0.0, discount: 1.0, rewards: 0 });
        for step in &mut self.waiting {
            step.sum += step.discount * reward;
            step.discount *= self.gamma;
            step.rewards += 1;
        }
        if self.waiting.front().is_some_and(|step| step.rewards == self.steps) {
            self.release(1, after, replay);
        }
    }

    /// The session is over: what waits enters with what there is. Sessions end by truncation, so the state after is the last.
    pub fn end(&mut self, after: &History, replay: &mut Replay) {
        self.release(self.waiting.len(), after, replay);
    }

    fn release(&mut self, count: usize, after: &History, replay: &mut Replay) {
        for step in self.waiting.drain(..count) {
            replay.push(Transition {
                user: step.user,
                before: &step.before,
                after: after.items(),
                action: &step.action,
                reward: step.sum,
                discount: step.discount,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use drr_core::Seed;

    use super::*;
    use crate::actor_critic::Batch;

    /// What enters the replay of a session with these rewards: rewards and discounts, by the action that tells the step.
    fn entered(steps: u64, rewards: &[f32]) -> Vec<(f32, f32, f32, u32)> {
        let (mut returns, mut replay) = (Returns::new(steps, 0.5), Replay::new(16, 1, 1, 0.0));
        let mut history = History::new(&[100]);
        for (at, &reward) in rewards.iter().enumerate() {
            let before = history.clone();
            history.observe(at as u32, true);
            returns.push(7, &before, &[at as f32], reward, &history, &mut replay);
        }
        returns.end(&history, &mut replay);
        let mut batch = Batch::default();
        replay.draw(64, 0.0, &mut Seed(0).stream("test"), &mut batch);
        let mut found: Vec<_> =
            (0..64).map(|at| (batch.actions[at], batch.rewards[at], batch.discounts[at], batch.after[at])).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.dedup();
        found
    }

    #[test]
    fn a_step_holds_the_rewards_that_follow_it() {
        // Two steps: 1 + 0.5 · 2, 2 + 0.5 · 4, and at the end 4 alone.
        assert_eq!(entered(2, &[1.0, 2.0, 4.0]), [(0.0, 2.0, 0.25, 1), (1.0, 4.0, 0.25, 2), (2.0, 4.0, 0.5, 2)]);
        assert_eq!(entered(1, &[1.0, 2.0]), [(0.0, 1.0, 0.5, 0), (1.0, 2.0, 0.5, 1)]);
        // A session shorter than the sums.
        assert_eq!(entered(5, &[1.0, 2.0]), [(0.0, 2.0, 0.25, 1), (1.0, 2.0, 0.5, 1)]);
    }
}
