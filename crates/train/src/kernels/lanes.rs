//! Vectors of single-precision numbers: as many lanes as the processor has, the same operations on all. The only memory
//! that is reached without a check is reached here, by whoever has checked it.

// The body of an unsafe function is its caller's promise here, line by line.
#![allow(unsafe_op_in_unsafe_fn)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// A vector of [`Lanes::COUNT`] numbers.
///
/// # Safety
/// Implementations load and store exactly the lanes they are asked for. Callers have checked that the processor has the
/// instructions.
pub unsafe trait Lanes: Copy {
    /// Number of lanes.
    const COUNT: usize;
    /// Which of the first lanes a partial load or store touches.
    type Mask: Copy;

    /// The first `count` lanes.
    fn mask(count: usize) -> Self::Mask;
    /// Zero in every lane.
    fn zero() -> Self {
        Self::all(0.0)
    }
    /// One number in every lane.
    fn all(value: f32) -> Self;
    /// factor · x + sum, rounded once.
    fn multiply_add(factor: Self, x: Self, sum: Self) -> Self;
    /// Reads all lanes.
    ///
    /// # Safety
    /// All lanes can be read.
    unsafe fn load(at: *const f32) -> Self;
    /// Reads the lanes of the mask, zero elsewhere.
    ///
    /// # Safety
    /// The lanes of the mask can be read.
    #[inline(always)]
    unsafe fn load_part(at: *const f32, _mask: Self::Mask) -> Self {
        Self::load(at)
    }
    /// Writes all lanes.
    ///
    /// # Safety
    /// All lanes can be written.
    unsafe fn store(at: *mut f32, value: Self);
    /// Writes the lanes of the mask.
    ///
    /// # Safety
    /// The lanes of the mask can be written.
    #[inline(always)]
    unsafe fn store_part(at: *mut f32, _mask: Self::Mask, value: Self) {
        Self::store(at, value);
    }

    /// Fewer than sixteen numbers, and zeros behind them.
    #[inline(always)]
    fn few(numbers: &[f32]) -> [f32; 16] {
        let mut sixteen = [0.0; 16];
        for (few, lanes) in numbers.chunks(Self::COUNT).zip(sixteen.chunks_exact_mut(Self::COUNT)) {
            // SAFETY: the mask has as many lanes as there are numbers, and there is place for all.
            unsafe { Self::store(lanes.as_mut_ptr(), Self::load_part(few.as_ptr(), Self::mask(few.len()))) }
        }
        sixteen
    }

    /// Rows of a block of a product, and vectors in each: as many sums as there are registers for.
    const ROWS: usize;
    /// See [`Lanes::ROWS`].
    const WIDE: usize;

    /// Rows and columns of what [`Lanes::transpose`] exchanges at once.
    const TILE: usize;
    /// Writes the transposed of a square of [`Lanes::TILE`] rows and columns, its rows `stride` apart, to rows `to_stride`
    /// apart.
    ///
    /// # Safety
    /// Both squares are inside their memory.
    #[inline(always)]
    unsafe fn transpose(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
        for (row, column) in (0..Self::TILE).flat_map(|row| (0..Self::TILE).map(move |column| (row, column))) {
            *to.add(column * to_stride + row) = *from.add(row * stride + column);
        }
    }
}

/// A vector by its intrinsics: a broadcast, a fused multiply-add, loads and stores.
#[cfg(target_arch = "x86_64")]
macro_rules! vector {
    ($(#[$doc:meta])* $name:ident($vector:ty, $mask:ty) of $count:literal, $rows:literal by $wide:literal: $all:ident, $fused:ident, $load:ident, $store:ident,
     |$few:ident| $make_mask:expr, |$from:ident, $by:ident| $load_part:expr, |$to:ident, $which:ident, $value:ident| $store_part:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name($vector);

        // SAFETY: masked intrinsics touch the lanes of their mask only; for the instructions see the trait, here and in all
        // its functions.
        unsafe impl Lanes for $name {
            const COUNT: usize = $count;
            type Mask = $mask;

            #[inline(always)]
            fn mask($few: usize) -> $mask {
                $make_mask
            }
            #[inline(always)]
            fn all(value: f32) -> Self {
                // SAFETY: as above.
                Self(unsafe { $all(value) })
            }
            #[inline(always)]
            fn multiply_add(factor: Self, x: Self, sum: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $fused(factor.0, x.0, sum.0) })
            }
            #[inline(always)]
            unsafe fn load(at: *const f32) -> Self {
                Self($load(at))
            }
            #[inline(always)]
            unsafe fn load_part($from: *const f32, $by: $mask) -> Self {
                Self($load_part)
            }
            #[inline(always)]
            unsafe fn store(at: *mut f32, value: Self) {
                $store(at, value.0);
            }
            #[inline(always)]
            unsafe fn store_part($to: *mut f32, $which: $mask, $value: Self) {
                $store_part
            }
            const ROWS: usize = $rows;
            const WIDE: usize = $wide;
            const TILE: usize = 8;
            #[inline(always)]
            unsafe fn transpose(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
                transpose_eight(from, stride, to, to_stride);
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
vector! {
    /// Sixteen lanes.
    Avx512(__m512, __mmask16) of 16, 8 by 3: _mm512_set1_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_storeu_ps,
    |count| ((1_u32 << count) - 1) as __mmask16, |at, mask| _mm512_maskz_loadu_ps(mask, at),
    |at, mask, value| _mm512_mask_storeu_ps(at, mask, value.0)
}

#[cfg(target_arch = "x86_64")]
vector! {
    /// Eight lanes.
    Avx2(__m256, (__m256i, usize)) of 8, 6 by 2: _mm256_set1_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_storeu_ps,
    |count| (window(count), count), |at, mask| _mm256_maskload_ps(at, mask.0), |at, mask, value| {
        // Masked stores are slow on many processors, and come rarely.
        let mut lanes = [0.0_f32; 8];
        _mm256_storeu_ps(lanes.as_mut_ptr(), value.0);
        for (lane, number) in lanes.iter().enumerate().take(mask.1) {
            *at.add(lane) = *number;
        }
    }
}

/// All ones in the first `count` of eight lanes.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn window(count: usize) -> __m256i {
    const WINDOW: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    let eight = &WINDOW[8 - count..][..8];
    // SAFETY: eight entries; who asks for a mask has a processor with AVX.
    unsafe { _mm256_loadu_si256(eight.as_ptr().cast()) }
}

/// [`Lanes::transpose`] of eight rows and columns.
///
/// # Safety
/// As there; the processor has AVX.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn transpose_eight(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
    for half in 0..2 {
        // Four columns of all eight rows: rows r and r + 4 in the halves of one vector.
        let pair = |row: usize| {
            let at = from.add(row * stride + 4 * half);
            _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(_mm_loadu_ps(at)), _mm_loadu_ps(at.add(4 * stride)))
        };
        let (a, b, c, d) = (pair(0), pair(1), pair(2), pair(3));
        let (ab_low, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let (cd_low, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        let to = to.add(4 * half * to_stride);
        _mm256_storeu_ps(to, _mm256_shuffle_ps::<0b01_00_01_00>(ab_low, cd_low));
        _mm256_storeu_ps(to.add(to_stride), _mm256_shuffle_ps::<0b11_10_11_10>(ab_low, cd_low));
        _mm256_storeu_ps(to.add(2 * to_stride), _mm256_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high));
        _mm256_storeu_ps(to.add(3 * to_stride), _mm256_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high));
    }
}

/// One lane, for processors without the others: the same bits, slowly.
#[derive(Clone, Copy)]
pub struct Plain(f32);

// SAFETY: one lane is read and written.
unsafe impl Lanes for Plain {
    const COUNT: usize = 1;
    type Mask = ();

    #[inline(always)]
    fn mask(_: usize) {}
    #[inline(always)]
    fn all(value: f32) -> Self {
        Self(value)
    }
    #[inline(always)]
    fn multiply_add(factor: Self, x: Self, sum: Self) -> Self {
        Self(factor.0.mul_add(x.0, sum.0))
    }
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        Self(*at)
    }
    #[inline(always)]
    unsafe fn store(at: *mut f32, value: Self) {
        *at = value.0;
    }
    const ROWS: usize = 4;
    const WIDE: usize = 3;
    const TILE: usize = 1;
}
