//! Pure functions on scores: no clock, no files, no randomness. A plot or a table is handed the finished numbers.

mod curve;
mod summary;

pub use curve::{Band, band, moving_average};
pub use summary::{Summary, t_interval};
