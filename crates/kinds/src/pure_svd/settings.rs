//! PureSVD's hyperparameters.

use drr_core::section;

use crate::matrix::MatrixValues;

section! {
    /// Truncated singular value decomposition of the rating matrix, zeros included (Cremonesi, Koren & Turrin 2010).
    pub struct PureSvdSpec in "pure-svd" {
        /// Singular vectors that are kept, at most: all where users or items are fewer.
        factors ("k"): u64 = 20, Int { min: 1, max: 1024 };
        /// What a train rating counts in X: 1, 1 if it is positive, or the rating.
        values: MatrixValues = MatrixValues::Ones, Choice(&["ones", "positive", "stars"]);
    }
}
