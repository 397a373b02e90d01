//! A stored recommender as it answers one user: it draws pictures and lists items; no number of a table comes from it.

use std::path::Path;

use drr_core::spec::Settings;

/// Embeddings, and an action that scores them.
pub trait Recommender {
    /// The length of the history it looks at.
    fn history(&self) -> usize;

    /// Whether a recommendation enters the history.
    fn remembers(&self, is_positive: bool) -> bool;

    /// Factors of an embedding.
    fn k(&self) -> usize;

    /// Number of items.
    fn items(&self) -> usize;

    /// Number of users.
    fn users(&self) -> usize;

    /// All items' embeddings, [items, k].
    fn item_embeddings(&self) -> &[f32];

    /// The action for a user with a history, oldest first.
    fn act(&self, user: u32, history: &[u32]) -> Vec<f32>;

    /// An item's score for an action.
    fn score(&self, item: u32, action: &[f32]) -> f32;
}

/// Reads a stored recommender: the files of the models it stands on, its own, its settings; `None` where one is gone or
/// damaged.
pub type ReadRecommender = fn(below: &[&Path], own: &Path, settings: &Settings) -> Option<Box<dyn Recommender>>;
