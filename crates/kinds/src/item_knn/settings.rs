//! The hyperparameters of item nearest neighbours.

use drr_core::section;

section! {
    /// Item nearest neighbours on ratings less the items' means (Sarwar et al. 2001; shrinkage after Koren 2008).
    pub struct ItemKnnSpec in "item-knn" {
        /// Most similar items kept for each item, at most.
        neighbours: u64 = 60, Int { min: 1, max: 100_000 };
        /// Common raters at which a similarity counts half: it is multiplied by count / (count + shrinkage).
        shrinkage: f64 = 25.0, Float { min: 0.0, max: 1e6 };
        /// Ratings at the mean of all that every item's mean is given beforehand.
        mean_shrinkage: f64 = 5.0, Float { min: 0.0, max: 1e6 };
    }
}
