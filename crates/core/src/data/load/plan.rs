//! A layout made ready for one file.

use super::records::{Delimiter, FileRecords};

/// A layout made ready for one file: its delimiter and the place of each column.
pub(super) struct ReadingPlan {
    pub(super) delimiter: Delimiter,
    pub(super) header: bool,
    /// Fields of every line.
    pub(super) fields: usize,
    pub(super) user: usize,
    pub(super) item: usize,
    pub(super) rating: usize,
    pub(super) timestamp: Option<usize>,
    /// What was taken for what, in words.
    pub(super) taken: String,
}

/// The first line that is not blank.
pub(super) fn first_line(bytes: &[u8]) -> &[u8] {
    let mut records = FileRecords::new(bytes, Delimiter::Plain(b'\n'));
    let _ = records.next(&mut Vec::new());
    records.text
}
