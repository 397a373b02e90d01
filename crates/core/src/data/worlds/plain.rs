//! Nothing depends on what was shown before: who always takes the best of the moment is optimal.

use super::WorldRules;

/// Four genres: loved, liked, indifferent, disliked.
pub(super) struct PlainWorld;

impl WorldRules for PlainWorld {
    fn roles(&self) -> u8 {
        4
    }

    fn states(&self) -> u8 {
        1
    }

    fn start(&self, _: &[u8]) -> u8 {
        0
    }

    fn reward(&self, _: u8, role: u8) -> f32 {
        [0.8, 0.4, 0.0, -0.5][usize::from(role)]
    }

    fn next(&self, _: u8, _: u8) -> u8 {
        0
    }
}
