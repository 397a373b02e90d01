//! One file a verb: parses arguments, wires the floors below, decides nothing.

pub mod data;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// Only what cannot be left out.
    Quiet,
}
