//! The ratings' own hyperparameters: how they are divided, and how a made-up world is made. Those of a kind stand in
//! its folder.

use serde::{Deserialize, Serialize};

use crate::section;

/// The largest whole number a sweep file may hold for a size.
pub const LARGE: u64 = 1 << 40;

/// By what rule ratings are divided into train and test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitKind {
    /// A seeded shuffle of all ratings.
    Random,
    /// A seeded shuffle of each user's ratings.
    ByUser,
    /// Each user's latest ratings are the test part.
    Temporal,
    /// The latest of all ratings are.
    Time,
    /// A number of each user's latest ratings are.
    LeaveLast,
    /// One of equal parts of a seeded shuffle is.
    Folds,
    /// A file says which are.
    Given,
}

/// Which of equally late ratings counts as later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ties {
    /// The one that a seeded shuffle of all ratings puts later.
    Shuffled,
    /// The one of the item that comes later in the table.
    Item,
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
        /// How ratings are divided: `random`, a seeded shuffle of all; `by-user`, one of each user's; `temporal`, each user's
        /// latest as test; `time`, the latest of all; `leave-last`, a number of each user's latest; `folds`, one of equal parts
        /// of a shuffle; `given`, as a file says.
        kind: SplitKind = SplitKind::Random,
            Choice(&["random", "by-user", "temporal", "time", "leave-last", "folds", "given"]);
        /// Share of the ratings held out as test: of all, or of each user's where they are divided user by user.
        test: f64 = 0.2, Float { min: 0.01, max: 0.9 };
        /// Seed of the split, apart from the trial's, so that seeds measure training's noise alone.
        seed: u64 = 0, Int { min: 0, max: crate::Seed::MAX };
        /// What is held out and evaluated on: the test part, or, to tune on, a validation part out of train that is divided
        /// the same way while the test part is never touched.
        held_out: HeldOut = HeldOut::Test, Choice(&["test", "validation"]), since 2, before HeldOut::Test;
        /// Where ratings are divided by time, which of equally late ones is later: as a shuffle by the split's seed has it, or
        /// the one of the later item.
        ties: Ties = Ties::Shuffled, Choice(&["shuffled", "item"]), since 5, before Ties::Item, unless "is_by_item";
        /// How many of each user's latest ratings `leave-last` holds out; who has no more than that keeps all in train.
        last: u64 = 1, Int { min: 1, max: LARGE }, since 5, before 1, unless "is_one";
        /// How many equal parts `folds` makes.
        folds: u64 = 5, Int { min: 2, max: 1000 }, since 5, before 5, unless "is_five";
        /// Which of them is held out, from 0; a list of all is a cross-validation.
        fold: u64 = 0, Int { min: 0, max: 999 }, since 5, before 0, unless "is_zero";
        /// Users with fewer ratings are left out of both parts; with `min_per_item` until all that stay have enough.
        min_per_user: u64 = 0, Int { min: 0, max: LARGE }, since 5, before 0, unless "is_zero";
        /// Items with fewer ratings are left out of both parts.
        min_per_item: u64 = 0, Int { min: 0, max: LARGE }, since 5, before 0, unless "is_zero";
        /// The file that a `given` split comes from, seen from the sweep file: the test part's ratings or (user, item) pairs, or
        /// as `.bits` a bit a rating. In specs it is the SHA-256 of what it says.
        from: String = String::new(), Text, since 5, before String::new(), unless "String::is_empty";
        /// The file of the train part, where it is not all that the test part leaves.
        train: String = String::new(), Text, since 5, before String::new(), unless "String::is_empty";
    }
}

fn is_by_item(ties: &Ties) -> bool {
    *ties == Ties::Item
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn is_one(value: &u64) -> bool {
    *value == 1
}

fn is_five(value: &u64) -> bool {
    *value == 5
}

impl SplitKind {
    /// Every rule.
    pub const ALL: [Self; 7] =
        [Self::Random, Self::ByUser, Self::Temporal, Self::Time, Self::LeaveLast, Self::Folds, Self::Given];

    /// The fields that decide nothing under this rule, beside those that specs always had.
    pub fn idle(self) -> &'static [&'static str] {
        match self {
            Self::Random | Self::ByUser => &["ties", "last", "folds", "fold", "from", "train"],
            Self::Temporal | Self::Time => &["last", "folds", "fold", "from", "train"],
            Self::LeaveLast => &["test", "folds", "fold", "from", "train"],
            Self::Folds => &["test", "ties", "last", "from", "train"],
            Self::Given => &["ties", "last", "folds", "fold"],
        }
    }

    /// Whether the split's seed decides anything but ties.
    pub fn is_drawn(self) -> bool {
        matches!(self, Self::Random | Self::ByUser | Self::Folds)
    }

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::ByUser => "by-user",
            Self::Temporal => "temporal",
            Self::Time => "time",
            Self::LeaveLast => "leave-last",
            Self::Folds => "folds",
            Self::Given => "given",
        }
    }
}

impl SplitSpec {
    /// The same split with what decides nothing under its rule as it always was, so that equal splits are equal specs.
    pub fn settled(self) -> Self {
        let plain = <Self as crate::spec::field::LegacyDefault>::legacy_default();
        let idle = match (self.kind, self.held_out) {
            // What is given is drawn only to take a validation part out of it.
            (SplitKind::Given, HeldOut::Test) => &["test", "seed", "ties", "last", "folds", "fold"],
            (kind, _) => kind.idle(),
        };
        let is_idle = |name| idle.contains(&name);
        // Whoever is there has one rating.
        let least = |count: u64| if count == 1 { 0 } else { count };
        Self {
            min_per_user: least(self.min_per_user),
            min_per_item: least(self.min_per_item),
            test: if is_idle("test") { plain.test } else { self.test },
            seed: if is_idle("seed") { plain.seed } else { self.seed },
            ties: if is_idle("ties") { plain.ties } else { self.ties },
            last: if is_idle("last") { plain.last } else { self.last },
            folds: if is_idle("folds") { plain.folds } else { self.folds },
            fold: if is_idle("fold") { plain.fold } else { self.fold },
            from: if is_idle("from") { plain.from } else { self.from },
            train: if is_idle("train") { plain.train } else { self.train },
            ..self
        }
    }

    /// Whether specs of before there were more rules than two can hold it.
    pub fn is_plain(&self) -> bool {
        let Self { kind, ties, last: _, folds: _, fold: _, min_per_user, min_per_item, from, train, .. } = self;
        matches!(kind, SplitKind::Random | SplitKind::Temporal)
            && (*ties, *min_per_user, *min_per_item) == (Ties::Item, 0, 0)
            && from.is_empty()
            && train.is_empty()
    }
}

section! {
    /// How ratings become rewards. On a scale from low to high a rating r is worth (r - centre) / half-range, from -1 to 1.
    pub struct RewardSpec in "reward" {
        /// The scale of the ratings, such as `1..10`, `-10..10`, or for counts `log 1..1000`; the dataset's own if it is not
        /// said.
        scale: String = String::new(), Text;
        /// The least rating that is positive; what lies above the centre of the scale if neither the dataset nor this says it.
        positive: Option<f64> = None, Float { min: -1e9, max: 1e9 };
    }
}

/// How the users of a made-up world answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorldKind {
    /// By latent factors, whatever they were shown before.
    Factors,
    /// By genre, whatever they were shown before.
    Plain,
    /// The third item of a favourite genre in a row is worth less.
    Satiation,
    /// A disliked genre opens a loved one.
    DelayedTaste,
    /// Tastes move to what they are shown.
    Drift,
}

fn is_factors(world: &WorldKind) -> bool {
    *world == WorldKind::Factors
}

section! {
    /// A made-up world for tests and offline use: latent factors, Zipf popularity, user bias, noise.
    pub struct SyntheticSpec in "synthetic" {
        /// How users answer: by latent `factors`; or, in small worlds whose optimum is known, by genre: `plain`, with `satiation`,
        /// with `delayed-taste`, with `drift`. Those have no factors, popularity or biases.
        world: WorldKind = WorldKind::Factors, Choice(&["factors", "plain", "satiation", "delayed-taste", "drift"]),
            since 5, before WorldKind::Factors, unless "is_factors";
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
