//! What a measurement under all protocols can be told.

use drr_core::section;

section! {
    /// A ranking under every sensible protocol, to find the one that a paper used.
    pub struct ProtocolsSpec in "protocols" {
        /// Lengths of lists K.
        k ("K"): Vec<u64> = vec![5, 10], Ints { min: 1, max: 10_000, lengths: &[] };
    }
}
