//! Delayed taste: a genre that is disliked now opens a region that is loved from then on, until it is left; who comes to the
//! region unprepared dislikes it more. Who takes the best of the moment never opens it.

use super::WorldRules;

/// Role 0 is always liked a little, 1 is the key, 2 the region; state 1 is open.
pub(super) struct DelayedTaste;

impl WorldRules for DelayedTaste {
    fn roles(&self) -> u8 {
        3
    }

    fn states(&self) -> u8 {
        2
    }

    fn start(&self, history: &[u8]) -> u8 {
        u8::from(history.last().is_some_and(|role| *role != 0))
    }

    fn reward(&self, state: u8, role: u8) -> f32 {
        match (role, state) {
            (0, _) => 0.3,
            (1, _) => -0.5,
            (_, 0) => -1.0,
            _ => 1.0,
        }
    }

    fn next(&self, _: u8, role: u8) -> u8 {
        u8::from(role != 0)
    }
}
