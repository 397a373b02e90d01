//! The hyperparameters of implicit alternating least squares.

use drr_core::section;

use crate::matrix::MatrixValues;

section! {
    /// Alternating least squares on implicit ratings (Hu, Koren & Volinsky 2008).
    pub struct IalsSpec in "ials" {
        /// Length of a user's and an item's vector.
        factors ("k"): u64 = 32, Int { min: 1, max: 1024 };
        /// L2 penalty of the factors.
        l2 ("λ"): f64 = 30.0, Float { min: 1e-6, max: 1e9 };
        /// What a rating adds to the confidence in its preference, 1 + alpha · x; what was not rated has confidence 1
        /// (Hu et al. 2008: 40, of hours watched).
        alpha ("α"): f64 = 3.0, Float { min: 0.0, max: 1e6 };
        /// Times that users and items are solved for.
        epochs: u64 = 15, Int { min: 1, max: 10_000 };
        /// What a train rating counts in X: 1, 1 if it is positive, or the rating.
        values: MatrixValues = MatrixValues::Ones, Choice(&["ones", "positive", "stars"]);
    }
}
