//! Policies that never change: a score for every user and item, or no preference.

use std::path::Path;

use drr_core::spec::Settings;

use crate::error::Result;
use crate::protocol::Protocol;
use crate::world::World;

/// A ranking of items for a user.
pub enum StaticRanking {
    /// No preference: a uniform draw.
    Uniform,
    /// By score; the first of equals.
    By(Box<dyn Scores>),
}

/// Scores of items for users, which several threads may ask for.
pub trait Scores: Send + Sync {
    /// The score of an item, higher is better.
    fn score(&self, user: u32, item: u32) -> f32;
}

/// What a ranking is made from.
pub struct RankingInput<'a> {
    /// The ratings it may know.
    pub world: &'a World,
    /// The policy's settings.
    pub settings: &'a Settings,
    /// The file of the model it stands on, if it stands on one.
    pub model: Option<&'a Path>,
    /// What is known beforehand, and the length of the history that a session starts from.
    pub start: (Protocol, usize),
}

/// One score an item, the same for every user.
impl Scores for Vec<f32> {
    fn score(&self, _: u32, item: u32) -> f32 {
        self[item as usize]
    }
}

/// How a ranking is made.
pub type MakeRanking = fn(&RankingInput<'_>) -> Result<StaticRanking>;
