//! EASE's hyperparameters.

use drr_core::section;

use crate::matrix::MatrixValues;

section! {
    /// Embarrassingly shallow autoencoders (Steck 2019).
    pub struct EaseSpec in "ease" {
        /// L2 penalty of the weights between items: added to the diagonal of XᵀX, it is worth as many ratings of an item, or with
        /// `values = "stars"` as many squares.
        l2 ("λ"): f64 = 500.0, Float { min: 0.0, max: 1e9 };
        /// What a train rating counts in X: 1, 1 if it is positive, or the rating.
        values: MatrixValues = MatrixValues::Ones, Choice(&["ones", "positive", "stars"]);
    }
}
