//! What an online evaluation can be told.

use drr_core::section;
use drr_core::spec::LARGE;

use crate::protocol::Protocol;

section! {
    /// Online evaluation (slides, Algorithm 1): sessions over all items, learning goes on inside a session, and the
    /// trained networks come back before the next.
    pub struct OnlineSpec in "online" {
        /// What the evaluation may know beforehand.
        protocol: Protocol = Protocol::Published, Choice(&["published", "strict"]);
        /// Session lengths K; each is an evaluation of its own.
        k ("K"): Vec<u64> = vec![5, 10, 15, 20], Ints { min: 1, max: 10_000, lengths: &[] };
        /// Repeats R, each with its own order of users and its own exploration.
        repeats ("R"): u64 = 20, Int { min: 1, max: 100_000 };
        /// Recommendations made per repeat.
        steps ("online_steps"): u64 = 20_000, Int { min: 1, max: LARGE };
        /// Exploration rate during evaluation.
        epsilon ("ε", "eps_online"): f64 = 0.1, Float { min: 0.0, max: 1.0 };
        /// Transitions stored in a repeat before its updates begin; at least one minibatch.
        learning_starts: u64 = 64, Int { min: 1, max: LARGE };
    }
}
