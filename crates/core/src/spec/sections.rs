//! The ratings' own hyperparameters: how they are divided, and how a made-up world is made. Those of a kind stand in
//! its folder.

use serde::{Deserialize, Serialize};

use crate::section;

/// The largest whole number a sweep file may hold for a size.
pub const LARGE: u64 = 1 << 40;

/// How ratings are divided into train and test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitKind {
    /// A seeded shuffle of all ratings.
    Random,
    /// Each user's latest ratings are the test part.
    Temporal,
}

/// Which ratings a split holds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldOut {
    /// The test part: the train part is everything else.
    Test,
    /// A validation part of the same share, out of the train part; the test part is left out altogether.
    Validation,
}

section! {
    /// How the ratings are divided; one split serves PMF and DRR, so no test rating is ever seen in training.
    pub struct SplitSpec in "split" {
        /// How ratings are divided: a seeded shuffle, or each user's latest ratings as test.
        kind: SplitKind = SplitKind::Random, Choice(&["random", "temporal"]);
        /// Share of the ratings held out as test.
        test: f64 = 0.2, Float { min: 0.01, max: 0.9 };
        /// Seed of the split, apart from the trial's, so that seeds measure training's noise alone.
        seed: u64 = 0, Int { min: 0, max: crate::Seed::MAX };
        /// What is held out and evaluated on: the test part, or, to tune on, a validation part out of train that is divided
        /// the same way while the test part is never touched.
        held_out: HeldOut = HeldOut::Test, Choice(&["test", "validation"]), since 2, before HeldOut::Test;
    }
}

section! {
    /// A made-up world for tests and offline use: latent factors, Zipf popularity, user bias, noise.
    pub struct SyntheticSpec in "synthetic" {
        /// Number of users.
        users: u64 = 200, Int { min: 1, max: 10_000_000 };
        /// Number of items.
        items: u64 = 300, Int { min: 1, max: 10_000_000 };
        /// Number of ratings; at most users × items.
        ratings: u64 = 12_000, Int { min: 1, max: 1 << 32 };
        /// Latent factors behind the ratings.
        factors: u64 = 8, Int { min: 1, max: 1024 };
        /// Zipf exponent of the items' popularity; 0 is uniform.
        zipf: f64 = 0.8, Float { min: 0.0, max: 5.0 };
        /// Standard deviation of a user's bias, in stars.
        user_bias: f64 = 0.4, Float { min: 0.0, max: 10.0 };
        /// Standard deviation of a rating's noise, in stars.
        noise: f64 = 0.5, Float { min: 0.0, max: 10.0 };
        /// Seed of the world.
        seed: u64 = 0, Int { min: 0, max: crate::Seed::MAX };
    }
}
