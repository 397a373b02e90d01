//! What a linear bandit can be told, whichever it is.

/// A linear bandit over item vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BanditSettings {
    /// Width of the bound, for the user.
    pub alpha: f64,
    /// Ridge, for the user.
    pub l2: f64,
    /// Hidden features; 0 for none.
    pub hidden: usize,
    /// Width of the bound, for the hidden features.
    pub alpha_hidden: f64,
    /// Ridge, for the hidden features.
    pub l2_hidden: f64,
}
