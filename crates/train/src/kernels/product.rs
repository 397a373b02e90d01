//! Matrix products: on the CPU by loops of its own, on a device by what computes there.
//!
//! On the CPU every element is one chain of fused multiply-adds in the order of the inner dimension. Its bits then depend on
//! its row and its column alone: not on the width of the processor's vectors, on memory alignment, on the other columns, or
//! on how many members a cohort has; and a product of tiny matrices costs no more than its arithmetic.

use std::cell::{Cell, RefCell};

use super::Backend;
use super::lanes::{self, Lanes};
use super::lines::Lines;
use super::region::{Region, View, ViewMut};
#[cfg(target_arch = "x86_64")]
use super::simd::Vectors;

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

fn products(left: View<'_>, right: View<'_>, out: ViewMut<'_>) {
    let Region { shape: [members, rows, inner], strides: left_strides, offset: left_at } = left.region;
    let Region { shape: [_, _, columns], strides: right_strides, offset: right_at } = right.region;
    let Region { strides: out_strides, offset: out_at, .. } = out.region;
    assert!(out_strides[2] == 1 && (right_strides[2] == 1 || right_strides[1] == 1), "rows or columns are contiguous");
    if members * rows * columns == 0 {
        return;
    }
    let (left, right, out) = (left.array.as_slice(), right.array.as_slice(), out.array.as_mut_slice());
    PACKED.with_borrow_mut(|packed| {
        for member in 0..members {
            let one = Product {
                shape: [rows, inner, columns],
                left: left[(left_at + member * left_strides[0]).min(left.len())..].as_ptr(),
                left_strides: [left_strides[1], left_strides[2]],
                right: right[(right_at + member * right_strides[0]).min(right.len())..].as_ptr(),
                right_strides: [right_strides[1], right_strides[2]],
                out: out[out_at + member * out_strides[0]..].as_mut_ptr(),
                out_stride: out_strides[1],
            };
            // SAFETY: each of the three views was checked to lie inside its array when it was made; `out` is borrowed for
            // this alone.
            unsafe { one.compute(packed) };
        }
    });
}

/// One member's product over raw memory: `left` and `right` may be views of arrays that others hold.
struct Product {
    /// Rows, inner dimension, columns.
    shape: [usize; 3],
    left: *const f32,
    left_strides: [usize; 2],
    right: *const f32,
    right_strides: [usize; 2],
    out: *mut f32,
    out_stride: usize,
}

impl Product {
    unsafe fn compute(&self, packed: &mut Lines) {
        // SAFETY: the processor has what each form was compiled for; the memory is the caller's promise.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            match Vectors::of_this_processor() {
                Vectors::Avx512 => return self.avx512(packed),
                Vectors::Avx2 => return self.avx2(packed),
                Vectors::Plain => {}
            }
            self.panels::<lanes::Plain, 4>(packed);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    unsafe fn avx512(&self, packed: &mut Lines) {
        // SAFETY: the caller's promise.
        unsafe { self.panels::<lanes::Avx512, 8>(packed) }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2(&self, packed: &mut Lines) {
        // SAFETY: the caller's promise.
        unsafe { self.panels::<lanes::Avx2, 4>(packed) }
    }

    /// Panels of three vectors' columns, blocks of `ROWS` rows inside: with one vector for the left matrix as many sums as
    /// there are registers.
    #[inline(always)]
    unsafe fn panels<V: Lanes, const ROWS: usize>(&self, packed: &mut Lines) {
        let [_, inner, columns] = self.shape;
        let width = 3 * V::COUNT;
        for first in (0..columns).step_by(width) {
            let wide = width.min(columns - first);
            // SAFETY: columns first..first + wide are inside the matrices.
            unsafe {
                let (panel, stride) = if self.right_strides[1] == 1 {
                    (self.right.add(first), self.right_strides[0])
                } else {
                    if packed.len() < inner * width {
                        *packed = Lines::zeros(inner * width);
                    }
                    self.pack::<V>(first, wide, width, packed);
                    (packed.as_ptr(), width)
                };
                match wide.div_ceil(V::COUNT) {
                    3 if wide == width => self.rows::<V, ROWS, 3, false>(first, wide, panel, stride),
                    3 => self.rows::<V, ROWS, 3, true>(first, wide, panel, stride),
                    2 => self.rows::<V, ROWS, 2, true>(first, wide, panel, stride),
                    _ => self.rows::<V, ROWS, 1, true>(first, wide, panel, stride),
                }
            }
        }
    }

    /// Columns of a matrix whose columns are contiguous, brought into rows `width` wide.
    #[inline(always)]
    unsafe fn pack<V: Lanes>(&self, first: usize, wide: usize, width: usize, packed: &mut [f32]) {
        let (inner, stride) = (self.shape[1], self.right_strides[1]);
        let whole = |count: usize| count - count % V::TILE;
        // SAFETY: inside the right matrix and, `width` being at least `wide`, inside the panel.
        unsafe {
            let (from, to) = (self.right.add(first * stride), packed.as_mut_ptr());
            for column in (0..whole(wide)).step_by(V::TILE) {
                for k in (0..whole(inner)).step_by(V::TILE) {
                    V::transpose(from.add(column * stride + k), stride, to.add(k * width + column), width);
                }
            }
            for column in 0..wide {
                let rest = if column < whole(wide) { whole(inner) } else { 0 };
                for k in rest..inner {
                    *to.add(k * width + column) = *from.add(column * stride + k);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn rows<V: Lanes, const ROWS: usize, const VECTORS: usize, const TAIL: bool>(
        &self,
        first: usize,
        wide: usize,
        panel: *const f32,
        stride: usize,
    ) {
        let rows = self.shape[0];
        let mut row = 0;
        // SAFETY: rows row..row + the block's rows are inside the matrices.
        unsafe {
            while row + ROWS <= rows {
                self.block::<V, ROWS, VECTORS, TAIL>(row, first, wide, panel, stride);
                row += ROWS;
            }
            if ROWS > 4 && row + 4 <= rows {
                self.block::<V, 4, VECTORS, TAIL>(row, first, wide, panel, stride);
                row += 4;
            }
            while row < rows {
                self.block::<V, 1, VECTORS, TAIL>(row, first, wide, panel, stride);
                row += 1;
            }
        }
    }

    /// `ROWS` rows of one panel: a register for every vector of sums.
    #[inline(always)]
    unsafe fn block<V: Lanes, const ROWS: usize, const VECTORS: usize, const TAIL: bool>(
        &self,
        row: usize,
        first: usize,
        wide: usize,
        panel: *const f32,
        stride: usize,
    ) {
        let [down, across] = self.left_strides;
        let mask = V::mask(wide - (VECTORS - 1) * V::COUNT);
        // SAFETY: all places are inside the matrices; the last vector is masked where it would reach beyond the panel.
        unsafe {
            let left = self.left.add(row * down);
            let mut sums = [[V::zero(); VECTORS]; ROWS];
            for k in 0..self.shape[1] {
                let at = panel.add(k * stride);
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
                let out = self.out.add((row + block_row) * self.out_stride + first);
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

#[cfg(test)]
mod tests {
    use drr_core::Seed;

    use super::*;

    /// The product as its definition says it, element by element.
    fn plainly(shape: [usize; 3], left: impl Fn(usize, usize) -> f32, right: impl Fn(usize, usize) -> f32) -> Vec<u32> {
        let [rows, inner, columns] = shape;
        let element = |row: usize, column: usize| {
            (0..inner).fold(0.0_f32, |sum, k| left(row, k).mul_add(right(k, column), sum)).to_bits()
        };
        (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))).map(|(r, c)| element(r, c)).collect()
    }

    /// A form of the product by name.
    type Form<'a> = (&'static str, Box<dyn FnMut() + 'a>);

    #[test]
    fn every_element_is_one_chain_of_fused_multiply_adds_in_every_form() {
        let mut stream = Seed(5).stream("test");
        for [rows, inner, columns] in
            [[1, 1, 1], [3, 5, 2], [8, 7, 48], [9, 4, 49], [17, 33, 75], [2, 3, 101], [20, 16, 24]]
        {
            for flipped in [[false, false], [true, false], [false, true], [true, true]] {
                let mut random = |count: usize| -> Vec<f32> { (0..count).map(|_| stream.uniform(-1.0, 1.0)).collect() };
                let (left, right) = (random(rows * inner), random(inner * columns));
                let mut out = vec![0.0_f32; rows * columns];
                let one = Product {
                    shape: [rows, inner, columns],
                    left: left.as_ptr(),
                    left_strides: if flipped[0] { [1, rows] } else { [inner, 1] },
                    right: right.as_ptr(),
                    right_strides: if flipped[1] { [1, inner] } else { [columns, 1] },
                    out: out.as_mut_ptr(),
                    out_stride: columns,
                };
                let ([down, across], [along, over]) = (one.left_strides, one.right_strides);
                let expected =
                    plainly(one.shape, |r, k| left[r * down + k * across], |k, c| right[k * along + c * over]);
                let mut packed = Lines::EMPTY;
                let mut forms: Vec<Form<'_>> = Vec::new();
                // SAFETY: the vectors hold what the shapes say; a form runs where the processor has it.
                unsafe {
                    let one = &one;
                    let packed = &mut packed as *mut Lines;
                    forms.push(("plain", Box::new(move || one.panels::<lanes::Plain, 4>(&mut *packed))));
                    #[cfg(target_arch = "x86_64")]
                    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
                        forms.push(("avx2", Box::new(move || one.avx2(&mut *packed))));
                    }
                    #[cfg(target_arch = "x86_64")]
                    if std::arch::is_x86_feature_detected!("avx512f") {
                        forms.push(("avx512", Box::new(move || one.avx512(&mut *packed))));
                    }
                }
                for (form, mut compute) in forms {
                    compute();
                    // SAFETY: `out` is still alive and no one else writes it.
                    let bits: Vec<u32> = (0..rows * columns).map(|at| unsafe { *one.out.add(at) }.to_bits()).collect();
                    assert!(bits == expected, "{form}: {rows}×{inner}×{columns}, flipped {flipped:?}");
                }
            }
        }
    }
}
