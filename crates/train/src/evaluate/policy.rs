//! A policy under evaluation: a recommender with its networks, a static ranking, or what knows more than it may.

use std::sync::Arc;

use drr_kinds::drr::DrrSpec;
use drr_kinds::kind::Extreme;
use drr_kinds::ranking::{Scores, StaticRanking};

use crate::actor_critic::Agent;
use crate::bandit::Bandit;
use crate::beliefs::Beliefs;
use crate::pmf::PmfModel;

/// What chooses the items.
pub enum Policy {
    /// The recommender: its networks (one member) and the hyperparameters it learns on with.
    Recommender(Box<Agent>, Box<DrrSpec>),
    /// A ranking that never changes.
    Static(StaticRanking),
    /// A linear model whose picture of the user follows each answer.
    Beliefs(Box<Beliefs>),
    /// A linear bandit.
    Bandit(Box<Bandit>),
    /// The best, or the worst, of the answers as they will be.
    Oracle(Extreme),
    /// The optimal plan of a world that has one.
    Plan,
}

/// The ranking by a model's predicted reward.
pub struct Predicted(pub Arc<PmfModel>);

impl Scores for Predicted {
    fn score(&self, user: u32, item: u32) -> f32 {
        self.0.predict(user, item)
    }
}
