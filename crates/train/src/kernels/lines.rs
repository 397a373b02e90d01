//! Numbers that begin where a cache line does: a vector read from them never lies in two lines.

use std::ops::{Deref, DerefMut};
use std::slice;

/// Numbers of one cache line.
const LINE: usize = 16;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// Single-precision numbers, the first at the beginning of a cache line.
pub struct Lines {
    lines: Vec<Line>,
    length: usize,
}

impl Lines {
    /// None.
    pub const EMPTY: Self = Self { lines: Vec::new(), length: 0 };

    /// As many zeros.
    pub fn zeros(length: usize) -> Self {
        Self { lines: vec![Line([0.0; LINE]); length.div_ceil(LINE)], length }
    }
}

impl Deref for Lines {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: the lines hold at least `length` numbers one after another, without gaps.
        unsafe { slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and borrowed for this alone.
        unsafe { slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}
