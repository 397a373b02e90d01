//! What papers do differently when they rank what a user rated, one switch each.

use serde::{Deserialize, Serialize};

/// Declares a switch: its positions, of which the first is the usual one, and what they are called.
macro_rules! switch {
    ($(#[$doc:meta])* $name:ident { $($(#[$position_doc:meta])* $position:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$position_doc])* $position,)+ }

        impl $name {
            /// Every position, the usual one first.
            pub const ALL: &'static [Self] = &[$(Self::$position),+];

            /// The name in sweep files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$position => $word,)+ }
            }

            /// Whether it is the usual one.
            pub fn is_usual(&self) -> bool {
                *self == Self::ALL[0]
            }
        }
    };
}

switch! {
    /// What is ranked.
    Ranked {
        /// The user's test ratings.
        Rated = "rated",
        /// All items but those of the user's train part.
        Unseen = "unseen",
        /// The test ratings, and others drawn from the unseen.
        Sampled = "sampled",
    }
}

switch! {
    /// What becomes of the history's items among the candidates.
    Remain {
        /// They are candidates like others.
        Stay = "stay",
        /// They are none.
        Leave = "leave",
    }
}

switch! {
    /// Which test ratings are relevant.
    Relevant {
        /// Those that are positive.
        Positive = "positive",
        /// All.
        Rated = "rated",
    }
}

switch! {
    /// What precision divides hits by.
    Denominator {
        /// K.
        K = "k",
        /// The least of K and the number of candidates.
        Candidates = "candidates",
        /// The least of K and the number of relevant test ratings.
        Relevant = "relevant",
    }
}

switch! {
    /// What NDCG gains from an item.
    Gain {
        /// R* above that of half a star.
        Reward = "reward",
        /// 1 if it is relevant.
        Binary = "binary",
        /// 2^rating - 1.
        Exponential = "exponential",
        /// The rating.
        Rating = "rating",
    }
}

switch! {
    /// What NDCG compares with.
    Ideal {
        /// The best K candidates.
        K = "k",
        /// All candidates in their best order.
        All = "all",
        /// The recommended list in its best order.
        List = "list",
    }
}

switch! {
    /// Which of equally good candidates comes first.
    TieOrder {
        /// The one whose item comes first.
        First = "first",
        /// The one whose item comes last.
        Last = "last",
        /// By a draw for the user.
        Drawn = "drawn",
    }
}

switch! {
    /// What is measured.
    MeasureSet {
        /// Precision and NDCG.
        Short = "short",
        /// Recall, hit rate, reciprocal rank and coverage as well.
        Long = "long",
    }
}
