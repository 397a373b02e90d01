//! What a sweep file chooses by name: its dataset, its design, where splits come from.

use super::problem::TextSpan;

/// The dataset a file names, and where it does.
#[derive(Clone, Debug)]
pub struct DatasetChoice {
    /// Its name; `synthetic` for a made-up one.
    pub name: String,
    /// Where the name stands.
    pub place: TextSpan,
}

/// Where the split's seed, or the fold that is held out, comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitSeed {
    /// One split for all seeds, so that seeds measure training's noise alone.
    Fixed,
    /// Each seed has its own split, or its own fold.
    Trial,
}

/// How axes make points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// Every combination.
    Grid,
    /// Each axis alone, the others at their first value.
    OneAtATime,
}

impl Design {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Grid, Self::OneAtATime];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::OneAtATime => "one-at-a-time",
        }
    }
}

impl DatasetChoice {
    /// The name of made-up datasets.
    pub const SYNTHETIC: &'static str = "synthetic";

    /// Whether the ratings are made up from the section `[synthetic]`.
    pub fn is_synthetic(&self) -> bool {
        self.name == Self::SYNTHETIC
    }
}
