//! What an offline evaluation can be told.

use drr_core::section;
use drr_core::spec::LARGE;

use crate::protocol::Protocol;

section! {
    /// Offline evaluation (slides, Algorithm 2): the greedy policy ranks what the user rated in the test log.
    pub struct OfflineSpec in "offline" {
        /// What the evaluation may know beforehand.
        protocol: Protocol = Protocol::Published, Choice(&["published", "strict"]);
        /// Episode lengths K; each is an evaluation of its own.
        k ("K"): Vec<u64> = vec![5, 10, 15, 20], Ints { min: 1, max: 10_000, lengths: &[] };
        /// Repeats R, each with its own draw of users.
        repeats ("R"): u64 = 20, Int { min: 1, max: 100_000 };
        /// Eligible users drawn per repeat; all of them where there are fewer.
        users: u64 = 500, Int { min: 1, max: LARGE };
        /// Exploration rate during evaluation.
        epsilon ("ε", "eps_offline"): f64 = 0.0, Float { min: 0.0, max: 1.0 };
    }
}
