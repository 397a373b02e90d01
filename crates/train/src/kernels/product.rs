//! Matrix products: on the CPU by loops of its own, on a device by what computes there.
//!
//! On the CPU every element is one chain of fused multiply-adds in the order of the inner dimension. Its bits then depend on
//! its row and its column alone: not on the width of the processor's vectors, on memory alignment, on the other columns, or
//! on how many members a cohort has; and a product of tiny matrices costs no more than its arithmetic.

use std::cell::{Cell, RefCell};
use std::mem;
use std::ops::Range;

use super::Backend;
use super::lanes::Lanes;
use super::lines::Lines;
use super::region::{Region, View, ViewMut};
use super::simd::simd;
use crate::threads;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static PACKED: RefCell<Lines> = const { RefCell::new(Lines::EMPTY) };
}

/// How many products this thread has asked for so far. One call serves a whole cohort.
pub fn calls() -> u64 {
    CALLS.get()
}

/// out = left · right for every member. The rows of `out` are contiguous, and so are the rows or the columns of `right`.
///
/// # Panics
/// If the shapes do not fit together, or the matrices are not of one backend.
pub fn product(left: View<'_>, right: View<'_>, out: ViewMut<'_>) {
    CALLS.set(CALLS.get() + 1);
    let ([members, rows, inner], [right_members, right_inner, columns]) = (left.region.shape, right.region.shape);
    let out_shape = [members, rows, columns];
    assert!(right_members == members && right_inner == inner && out.region.shape == out_shape, "shapes fit");
    match out.array.backend() {
        Backend::Slices => products(left, right, out),
        Backend::Device(device) => device.product(left, right, out),
    }
}

/// Multiply-adds that are worth a core of their own: a few microseconds of them.
const LEAST: usize = 1 << 17;

/// Rows that stay together where a member's are divided.
const TOGETHER: usize = 16;

fn products(left: View<'_>, right: View<'_>, out: ViewMut<'_>) {
    let Region { shape: [members, rows, inner], strides: left_strides, offset: left_at } = left.region;
    let Region { shape: [_, _, columns], strides: right_strides, offset: right_at } = right.region;
    let Region { strides: out_strides, offset: out_at, .. } = out.region;
    assert!(out_strides[2] == 1 && (right_strides[2] == 1 || right_strides[1] == 1), "rows or columns are contiguous");
    if members * rows * columns == 0 {
        return;
    }
    let (left, right, out) = (left.array.as_slice(), right.array.as_slice(), out.array.as_mut_slice());
    let part = |member: usize, rows: Range<usize>, out: &mut [f32]| {
        let one = Product {
            shape: [rows.len(), inner, columns],
            left: &left[(left_at + member * left_strides[0] + rows.start * left_strides[1]).min(left.len())..],
            left_strides: [left_strides[1], left_strides[2]],
            right: &right[(right_at + member * right_strides[0]).min(right.len())..],
            right_strides: [right_strides[1], right_strides[2]],
            out_stride: out_strides[1],
        };
        PACKED.with_borrow_mut(|packed| compute(&one, out, packed));
    };
    let parts = threads::parts(members * rows * inner * columns, LEAST);
    if parts == 1 {
        return (0..members).for_each(|member| part(member, 0..rows, &mut out[out_at + member * out_strides[0]..]));
    }
    let blocks = threads::shares(rows.div_ceil(TOGETHER), parts.div_ceil(members));
    let mut pieces = Vec::with_capacity(members * blocks.len());
    let (mut rest, mut at) = (out, 0);
    for member in 0..members {
        for block in &blocks {
            let rows = block.start * TOGETHER..rows.min(block.end * TOGETHER);
            let first = out_at + member * out_strides[0] + rows.start * out_strides[1];
            let end = first + (rows.len() - 1) * out_strides[1] + columns;
            let (own, others) = mem::take(&mut rest)[first - at..].split_at_mut(end - first);
            (rest, at) = (others, end);
            pieces.push((member, rows, own));
        }
    }
    threads::each(pieces, |(member, rows, out)| part(member, rows, out));
}

/// One member's product.
struct Product<'a> {
    /// Rows, inner dimension, columns.
    shape: [usize; 3],
    left: &'a [f32],
    left_strides: [usize; 2],
    right: &'a [f32],
    right_strides: [usize; 2],
    out_stride: usize,
}

/// Columns of the right matrix, as rows.
#[derive(Clone, Copy)]
struct Panel<'a> {
    /// The first column of it.
    first: usize,
    /// How many there are.
    wide: usize,
    rows: &'a [f32],
    /// From one row to the next.
    stride: usize,
}

/// The index of the last of some places that are `stride` apart, plus `more`; the number of places is not 0.
fn last(count: usize, stride: usize, more: usize) -> usize {
    let last = (count - 1).checked_mul(stride).and_then(|last| last.checked_add(more));
    last.expect("an index fits into a word")
}

simd! {
    fn compute(one: &Product<'_>, out: &mut [f32], packed: &mut Lines) {
        one.panels::<Wide, { <Wide as Lanes>::ROWS }>(out, packed);
    }
}

impl Product<'_> {
    /// Panels of `V::WIDE` vectors' columns, blocks of `ROWS` rows inside: as many sums as there are registers, but for the
    /// panel's vectors and one for the left matrix.
    #[inline(always)]
    fn panels<V: Lanes, const ROWS: usize>(&self, out: &mut [f32], packed: &mut Lines) {
        let [rows, inner, columns] = self.shape;
        if inner == 0 {
            return (0..rows).for_each(|row| out[row * self.out_stride..][..columns].fill(0.0));
        }
        let width = V::WIDE * V::COUNT;
        for first in (0..columns).step_by(width) {
            let wide = width.min(columns - first);
            let panel = if self.right_strides[1] == 1 {
                Panel { first, wide, rows: &self.right[first.min(self.right.len())..], stride: self.right_strides[0] }
            } else {
                if packed.len() < inner * width {
                    *packed = Lines::zeros(inner * width);
                }
                self.pack::<V>(first, wide, width, packed);
                Panel { first, wide, rows: packed, stride: width }
            };
            // Masks only where a vector is not whole: some processors take their time over them.
            match (wide.div_ceil(V::COUNT), wide.is_multiple_of(V::COUNT)) {
                (3, true) => self.rows::<V, ROWS, 3, false>(panel, out),
                (2, true) => self.rows::<V, ROWS, 2, false>(panel, out),
                (1, true) => self.rows::<V, ROWS, 1, false>(panel, out),
                (3, false) => self.rows::<V, ROWS, 3, true>(panel, out),
                (2, false) => self.rows::<V, ROWS, 2, true>(panel, out),
                _ => self.rows::<V, ROWS, 1, true>(panel, out),
            }
        }
    }

    /// Columns of a matrix whose columns are contiguous, brought into rows `width` wide.
    #[inline(always)]
    fn pack<V: Lanes>(&self, first: usize, wide: usize, width: usize, packed: &mut [f32]) {
        let (inner, stride) = (self.shape[1], self.right_strides[1]);
        let whole = |count: usize| count - count % V::TILE;
        let from = &self.right[(first * stride).min(self.right.len())..];
        for column in (0..whole(wide)).step_by(V::TILE) {
            for k in (0..whole(inner)).step_by(V::TILE) {
                transpose::<V>(&from[column * stride + k..], stride, &mut packed[k * width + column..], width);
            }
        }
        for column in 0..wide {
            let rest = if column < whole(wide) { whole(inner) } else { 0 };
            for k in rest..inner {
                packed[k * width + column] = from[column * stride + k];
            }
        }
    }

    /// All rows of one panel.
    ///
    /// # Panics
    /// If the rows or the panel reach beyond their matrices.
    #[inline(always)]
    fn rows<V: Lanes, const ROWS: usize, const VECTORS: usize, const TAIL: bool>(
        &self,
        panel: Panel<'_>,
        out: &mut [f32],
    ) {
        let ([rows, inner, _], [down, across], wide) = (self.shape, self.left_strides, panel.wide);
        let out = &mut out[panel.first..];
        // The last number that is read or written of each.
        assert!((VECTORS - 1) * V::COUNT < wide && wide <= VECTORS * V::COUNT && (TAIL || wide == VECTORS * V::COUNT));
        assert!(last(rows, self.out_stride, wide - 1) < out.len());
        assert!(last(inner, panel.stride, wide - 1) < panel.rows.len());
        assert!(last(rows, down, last(inner, across, 0)) < self.left.len());
        let mut row = 0;
        // SAFETY: that the last numbers of all rows are inside was asserted above.
        unsafe {
            while row + ROWS <= rows {
                self.block::<V, ROWS, VECTORS, TAIL>(row, panel, out);
                row += ROWS;
            }
            if ROWS > 4 && row + 4 <= rows {
                self.block::<V, 4, VECTORS, TAIL>(row, panel, out);
                row += 4;
            }
            while row < rows {
                self.block::<V, 1, VECTORS, TAIL>(row, panel, out);
                row += 1;
            }
        }
    }

    /// `ROWS` rows of one panel from `row` on: a register for every vector of sums.
    ///
    /// # Safety
    /// They are rows of the left matrix and of `out`, and the panel has `wide` numbers in each of its rows.
    #[inline(always)]
    unsafe fn block<V: Lanes, const ROWS: usize, const VECTORS: usize, const TAIL: bool>(
        &self,
        row: usize,
        panel: Panel<'_>,
        out: &mut [f32],
    ) {
        let ([down, across], inner) = (self.left_strides, self.shape[1]);
        let Panel { wide, rows, stride, .. } = panel;
        let mask = V::mask(wide - (VECTORS - 1) * V::COUNT);
        let mut sums = [[V::zero(); VECTORS]; ROWS];
        // SAFETY: the caller's promise; whole vectors and the masked last one end at `wide`.
        unsafe {
            let left = self.left.as_ptr().add(row * down);
            for k in 0..inner {
                let at = rows.as_ptr().add(k * stride);
                let mut right = [V::zero(); VECTORS];
                for (vector, right) in right.iter_mut().enumerate() {
                    let at = at.add(vector * V::COUNT);
                    *right = if TAIL && vector + 1 == VECTORS { V::load_part(at, mask) } else { V::load(at) };
                }
                for (row, sums) in sums.iter_mut().enumerate() {
                    let factor = V::all(*left.add(row * down + k * across));
                    for (sum, right) in sums.iter_mut().zip(right) {
                        *sum = V::multiply_add(factor, right, *sum);
                    }
                }
            }
            for (block_row, sums) in sums.iter().enumerate() {
                let out = out.as_mut_ptr().add((row + block_row) * self.out_stride);
                for (vector, &sum) in sums.iter().enumerate() {
                    let at = out.add(vector * V::COUNT);
                    if TAIL && vector + 1 == VECTORS {
                        V::store_part(at, mask, sum)
                    } else {
                        V::store(at, sum)
                    };
                }
            }
        }
    }
}

/// Writes the transposed of a square of [`Lanes::TILE`] rows and columns at the beginning of `from`, its rows `stride` apart,
/// to the beginning of `to`, its rows `to_stride` apart.
///
/// # Panics
/// If one of them ends before the square does.
#[inline(always)]
fn transpose<V: Lanes>(from: &[f32], stride: usize, to: &mut [f32], to_stride: usize) {
    assert!(last(V::TILE, stride, V::TILE - 1) < from.len() && last(V::TILE, to_stride, V::TILE - 1) < to.len());
    // SAFETY: as just asserted.
    unsafe { V::transpose(from.as_ptr(), stride, to.as_mut_ptr(), to_stride) }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use drr_core::Seed;

    use super::super::simd::forced::with_each;
    use super::*;

    /// The product as its definition says it, element by element.
    fn plainly(shape: [usize; 3], left: impl Fn(usize, usize) -> f32, right: impl Fn(usize, usize) -> f32) -> Vec<u32> {
        let [rows, inner, columns] = shape;
        let element = |row: usize, column: usize| {
            (0..inner).fold(0.0_f32, |sum, k| left(row, k).mul_add(right(k, column), sum)).to_bits()
        };
        (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))).map(|(r, c)| element(r, c)).collect()
    }

    #[test]
    fn every_element_is_one_chain_of_fused_multiply_adds_in_every_form() {
        let mut stream = Seed(5).stream("test");
        // An interpreter takes its time.
        let few = if cfg!(miri) { 2 } else { 8 };
        for [rows, inner, columns] in
            [[3, 5, 2], [9, 4, 49], [8, 7, 48], [1, 1, 1], [17, 33, 75], [2, 3, 101], [20, 16, 24], [2, 0, 3]]
                .into_iter()
                .take(few)
        {
            for flipped in [[false, false], [true, false], [false, true], [true, true]] {
                let mut random = |count: usize| -> Vec<f32> { (0..count).map(|_| stream.uniform(-1.0, 1.0)).collect() };
                let (left, right) = (random(rows * inner), random(inner * columns));
                let one = Product {
                    shape: [rows, inner, columns],
                    left: &left,
                    left_strides: if flipped[0] { [1, rows] } else { [inner, 1] },
                    right: &right,
                    right_strides: if flipped[1] { [1, inner] } else { [columns, 1] },
                    out_stride: columns,
                };
                let ([down, across], [along, over]) = (one.left_strides, one.right_strides);
                let expected =
                    plainly(one.shape, |r, k| left[r * down + k * across], |k, c| right[k * along + c * over]);
                let computed = with_each(|| {
                    let mut out = vec![f32::NAN; rows * columns];
                    compute(&one, &mut out, &mut Lines::zeros(0));
                    out.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
                });
                for (vectors, bits) in computed {
                    assert!(bits == expected, "{vectors:?}: {rows}×{inner}×{columns}, flipped {flipped:?}");
                }
            }
        }
    }

    #[test]
    fn a_matrix_that_ends_too_early_is_refused_in_every_form() {
        let (long, short) = ([0.0; 12], [0.0; 11]);
        let is_refused = |left: &[f32], right: &[f32], out: usize| {
            let one =
                Product { shape: [3, 4, 3], left, left_strides: [4, 1], right, right_strides: [3, 1], out_stride: 3 };
            let compute = || compute(&one, &mut vec![0.0; out], &mut Lines::zeros(0));
            with_each(|| catch_unwind(AssertUnwindSafe(compute)).is_err()).into_iter().all(|(_, refused)| refused)
        };
        assert!(!is_refused(&long, &long, 9));
        assert!(is_refused(&short, &long, 9) && is_refused(&long, &short, 9) && is_refused(&long, &long, 8));
    }
}
