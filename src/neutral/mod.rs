//! Text that others wrote, dataset names, workers' messages, logs, file names, in a form that does nothing but be read
//! where it is shown. Each kind of output has one function, and no other place escapes.
//!
//! | output | function |
//! | --- | --- |
//! | one line for people: a row, a field, a sentence | [`line()`] |
//! | a whole text for people; JSON | [`lines`] |
//! | Markdown | [`markdown`] |
//! | CSV that a spreadsheet may open | [`guarded`], read back by [`unguarded`] |
//!
//! `println!` and its like are this module's own in the whole crate, so nothing reaches stdout or stderr raw.

#[cfg(test)]
pub(crate) mod hostile;
mod markdown;
pub mod printing;
mod sheet;
#[macro_use]
mod terminal;

pub use drr_core::neutral::{line, lines};
pub use markdown::markdown;
pub use sheet::{guarded, unguarded};
pub(crate) use terminal::{to_stderr, to_stdout};
