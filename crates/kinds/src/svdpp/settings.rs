//! The hyperparameters of SVD++.

use drr_core::section;

section! {
    /// SVD++ (Koren 2008); settings and defaults are those of Surprise's `SVDpp`, on the ratings' own scale.
    pub struct SvdppSpec in "svdpp" {
        /// Length of a user's and an item's vector (Surprise: n_factors).
        factors ("k"): u64 = 20, Int { min: 1, max: 1024 };
        /// Passes over the train part (Surprise: n_epochs).
        epochs: u64 = 20, Int { min: 0, max: 10_000 };
        /// Learning rate of biases and factors (Surprise: lr_all).
        lr ("η"): f64 = 0.007, Float { min: 0.0, max: 10.0 };
        /// L2 penalty of biases and factors, per rating (Surprise: reg_all).
        l2 ("λ"): f64 = 0.02, Float { min: 0.0, max: 100.0 };
        /// Standard deviation of the factors' initial values (Surprise: init_std_dev).
        init_std: f64 = 0.1, Float { min: 0.0, max: 10.0 };
    }
}
