//! One file a verb: parses arguments, wires the floors below, decides nothing.

pub mod report;

/// What goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// Text for people.
    Human,
    /// JSON for programs.
    Json,
    /// Nothing but errors.
    Quiet,
}
