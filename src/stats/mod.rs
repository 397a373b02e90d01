//! Pure functions on scores.
