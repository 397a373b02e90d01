//! The users' side: answers from the log where it has them, from a simulator where it has not, from a world's rules where there
//! are some.

use drr_kinds::ranking::Scores;
use drr_kinds::world::World;

/// Which ratings of a user answer a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The train log: in training, no test rating is ever seen.
    Train,
    /// Both logs: in online evaluation.
    All,
}

/// The users' side of a session: R(s, a) is the user's own rating where the log has it, else what a simulator predicts, clipped to
/// the range of rewards; in a world whose users change with what they are shown, what its rules say.
#[derive(Clone, Copy)]
pub struct Answers<'a> {
    world: &'a World,
    simulator: &'a dyn Scores,
    known: Known,
    /// Predictions are rounded to multiples of this, in rewards; 0 for none.
    step: f32,
    /// The user's hidden state, where there is one.
    state: u8,
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The reward.
    pub reward: f32,
    /// No log had it.
    pub is_simulated: bool,
}

impl<'a> Answers<'a> {
    /// Answers of a world's users; [`Answers::begin`] before use.
    pub fn new(world: &'a World, simulator: &'a dyn Scores, known: Known, step: f32) -> Self {
        Self { world, simulator, known, step, state: 0 }
    }

    /// A session with a user who has a history, oldest first.
    pub fn begin(&mut self, user: u32, history: &[u32]) {
        if let Some(dynamics) = &self.world.dynamics {
            self.state = dynamics.start(user, history);
        }
    }

    /// What recommending `item` would be answered with.
    pub fn peek(&self, user: u32, item: u32) -> Answer {
        let world = self.world;
        if let Some(dynamics) = &world.dynamics {
            return Answer { reward: dynamics.reward(user, self.state, item), is_simulated: true };
        }
        let held_out = || (self.known == Known::All).then(|| world.test.reward(user, item)).flatten();
        if let Some(reward) = world.train.reward(user, item).or_else(held_out) {
            return Answer { reward, is_simulated: false };
        }
        let predicted = world.clip(self.simulator.score(user, item));
        Answer { reward: self.rounded(predicted), is_simulated: true }
    }

    /// Recommends `item`: the answer, after which the user may be another.
    pub fn answer(&mut self, user: u32, item: u32) -> Answer {
        let answer = self.peek(user, item);
        if let Some(dynamics) = &self.world.dynamics {
            self.state = dynamics.next(user, self.state, item);
        }
        answer
    }

    /// The user's hidden state.
    pub fn state(&self) -> u8 {
        self.state
    }

    /// To the nearest step from the lowest reward.
    fn rounded(&self, reward: f32) -> f32 {
        if self.step == 0.0 {
            return reward;
        }
        let low = self.world.reward_range.0;
        low + ((reward - low) / self.step).round() * self.step
    }
}
