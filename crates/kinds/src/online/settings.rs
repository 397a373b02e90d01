//! What an online evaluation can be told.

use drr_core::section;
use drr_core::spec::LARGE;
use serde::{Deserialize, Serialize};

use crate::protocol::Protocol;

/// What answers with rewards that no log has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Simulated {
    /// The factorisation that the policy stands on.
    Own,
    /// Item neighbours on all ratings, the same whatever the policy stands on.
    HeldOut,
}

section! {
    /// Online evaluation (slides, Algorithm 1): sessions over all items, learning goes on inside a session, and the
    /// trained networks come back before the next.
    pub struct OnlineSpec in "online" {
        /// What the evaluation may know beforehand: `published`, sessions start from test positives and all items are
        /// candidates; `strict`, from train positives, and what the user rated in the train part is no candidate; `cold`, the same
        /// without a history.
        protocol: Protocol = Protocol::Published, Choice(&["published", "strict", "cold"]);
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
        /// What answers where no log has the rating: the policy's `own` factorisation (slides), of which static PMF is then the
        /// best policy; or `held-out`, item neighbours that were fitted on all ratings, train and test, and are the same for
        /// every trial, so that rewards of different factorisations compare.
        simulator: Simulated = Simulated::Own, Choice(&["own", "held-out"]), since 5, before Simulated::Own;
        /// Such answers are rounded to multiples of this, on the ratings' scale and from its lowest value: 1 for whole stars, 0.5
        /// for half ones, 0 to leave them as predicted.
        rounding: f64 = 0.0, Float { min: 0.0, max: 1e6 }, since 5, before 0.0;
    }
}
