//! The item mean's hyperparameters.

use drr_core::section;

section! {
    /// The smoothed mean rating of an item.
    pub struct ItemMeanSpec in "item-mean" {
        /// Ratings at the mean of all that every item is given beforehand: an item's mean is
        /// (sum + shrinkage · mean of all) / (count + shrinkage).
        shrinkage: f64 = 5.0, Float { min: 0.0, max: 1e6 };
    }
}
