//! The hyperparameters of linear bandits.

use drr_core::section;

use crate::bandit::BanditSettings;

section! {
    /// A linear bandit with an upper confidence bound (Li et al. 2010), on PMF's item vectors.
    pub struct LinUcbSpec in "linucb" {
        /// How many standard deviations a score stands above its mean.
        alpha: f64 = 0.5, Float { min: 0.0, max: 1e6 };
        /// The ridge that a session's regression starts from.
        l2: f64 = 1.0, Float { min: 1e-6, max: 1e6 };
    }
}

section! {
    /// The same with hidden features of items that all users' answers teach (Wang, Wu and Wang 2016).
    pub struct HiddenLinUcbSpec in "hlinucb" {
        /// How many standard deviations a score stands above its mean, for what is unsure of the user.
        alpha: f64 = 0.5, Float { min: 0.0, max: 1e6 };
        /// The ridge that a session's regression starts from.
        l2: f64 = 1.0, Float { min: 1e-6, max: 1e6 };
        /// Hidden features of an item.
        hidden: u64 = 5, Int { min: 1, max: 1024 };
        /// The same as alpha, for what is unsure of the hidden features.
        alpha_hidden: f64 = 0.5, Float { min: 0.0, max: 1e6 };
        /// The ridge of their regression.
        l2_hidden: f64 = 1.0, Float { min: 1e-6, max: 1e6 };
    }
}

impl From<LinUcbSpec> for BanditSettings {
    fn from(LinUcbSpec { alpha, l2 }: LinUcbSpec) -> Self {
        Self { alpha, l2, hidden: 0, alpha_hidden: 0.0, l2_hidden: 1.0 }
    }
}

impl From<HiddenLinUcbSpec> for BanditSettings {
    fn from(spec: HiddenLinUcbSpec) -> Self {
        let HiddenLinUcbSpec { alpha, l2, hidden, alpha_hidden, l2_hidden } = spec;
        Self { alpha, l2, hidden: hidden as usize, alpha_hidden, l2_hidden }
    }
}
