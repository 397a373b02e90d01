//! Satiation: the third item of the favourite genre in a row is worth less, and each further one, yet never less than the
//! pause that would restore it. Who takes the best of the moment never pauses.

use super::WorldRules;

/// Role 0 is the favourite, 1 the pause, 2 is disliked; the state counts the favourites in a row, up to two.
pub(super) struct Satiation;

impl WorldRules for Satiation {
    fn roles(&self) -> u8 {
        3
    }

    fn states(&self) -> u8 {
        3
    }

    fn start(&self, history: &[u8]) -> u8 {
        history.iter().rev().take(2).take_while(|role| **role == 0).count() as u8
    }

    fn reward(&self, state: u8, role: u8) -> f32 {
        match (role, state) {
            (0, 2) => 0.3,
            (0, _) => 1.0,
            (1, _) => 0.25,
            _ => -0.5,
        }
    }

    fn next(&self, state: u8, role: u8) -> u8 {
        if role == 0 { (state + 1).min(2) } else { 0 }
    }
}
