//! A policy under evaluation: a recommender with its networks, or a static baseline.

use std::sync::Arc;

use drr_core::spec::DrrSpec;

use crate::actor_critic::Agent;
use crate::pmf::PmfModel;
use crate::world::World;

/// What chooses the items.
pub enum Policy {
    /// The recommender: its networks (one member) and the hyperparameters it learns on with.
    Recommender(Box<Agent>, DrrSpec),
    /// A ranking that never changes.
    Static(Ranker),
}

/// A ranking of items for a user.
pub enum Ranker {
    /// By PMF's predicted reward.
    Pmf(Arc<PmfModel>),
    /// By the number of positive train ratings.
    Popularity(Vec<f32>),
    /// No preference: a uniform draw.
    Random,
}

impl Ranker {
    /// The baseline `popularity`.
    pub fn popularity(world: &World) -> Self {
        let mut counts = vec![0.0; world.items];
        for (_, item, reward) in world.train.ratings() {
            if reward > 0.0 {
                counts[item as usize] += 1.0;
            }
        }
        Self::Popularity(counts)
    }

    /// The score of an item, higher is better; `None` if there is no preference.
    pub fn score(&self, user: u32, item: u32) -> Option<f32> {
        match self {
            Self::Pmf(model) => Some(model.predict(user, item)),
            Self::Popularity(counts) => Some(counts[item as usize]),
            Self::Random => None,
        }
    }
}
