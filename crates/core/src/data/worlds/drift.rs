//! Drift: genres lie on a line and the user stands at one of them. What lies beside is hardly liked yet, but the taste moves
//! there; the far end is worth most. Who takes the best of the moment stays where the user is.

use super::WorldRules;

/// Roles are places on the line, and so is the state.
pub(super) struct Drift;

impl WorldRules for Drift {
    fn roles(&self) -> u8 {
        3
    }

    fn states(&self) -> u8 {
        3
    }

    fn start(&self, history: &[u8]) -> u8 {
        history.last().copied().unwrap_or(0)
    }

    fn reward(&self, state: u8, role: u8) -> f32 {
        match state.abs_diff(role) {
            0 => [0.4, 0.3, 1.0][usize::from(state)],
            1 => 0.05,
            _ => -0.75,
        }
    }

    fn next(&self, state: u8, role: u8) -> u8 {
        if state.abs_diff(role) == 1 { role } else { state }
    }
}
