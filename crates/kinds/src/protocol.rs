//! What an evaluation may know beforehand.

use serde::{Deserialize, Serialize};

/// Which knowledge an evaluation starts from; numbers of different protocols never share a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// As the slides' numbers were made: the history starts from test positives, which stay candidates.
    Published,
    /// The history starts from the train log; nothing known beforehand is scored.
    Strict,
    /// There is no history, every user takes part, and nothing known beforehand is scored.
    Cold,
}

impl Protocol {
    /// All.
    pub const ALL: [Self; 3] = [Self::Published, Self::Strict, Self::Cold];

    /// The name in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Strict => "strict",
            Self::Cold => "cold",
        }
    }
}
