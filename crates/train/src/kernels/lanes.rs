//! Vectors of single-precision numbers: as many lanes as the processor has, the same operations on all.

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
    fn zero() -> Self;
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
    unsafe fn load_part(at: *const f32, mask: Self::Mask) -> Self;
    /// Writes all lanes.
    ///
    /// # Safety
    /// All lanes can be written.
    unsafe fn store(at: *mut f32, value: Self);
    /// Writes the lanes of the mask.
    ///
    /// # Safety
    /// The lanes of the mask can be written.
    unsafe fn store_part(at: *mut f32, mask: Self::Mask, value: Self);

    /// Rows and columns of what [`Lanes::transpose`] exchanges at once.
    const TILE: usize;
    /// Writes the transposed of a square of [`Lanes::TILE`] rows and columns, its rows `stride` apart, to rows `to_stride`
    /// apart.
    ///
    /// # Safety
    /// Both squares are inside their memory.
    unsafe fn transpose(from: *const f32, stride: usize, to: *mut f32, to_stride: usize);
}

/// Sixteen lanes.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct Avx512(__m512);

// SAFETY: masked intrinsics touch the lanes of their mask only.
#[cfg(target_arch = "x86_64")]
unsafe impl Lanes for Avx512 {
    const COUNT: usize = 16;
    type Mask = __mmask16;

    #[inline(always)]
    fn mask(count: usize) -> __mmask16 {
        ((1_u32 << count) - 1) as __mmask16
    }
    #[inline(always)]
    fn zero() -> Self {
        // SAFETY: see the trait, as for all below.
        unsafe { Self(_mm512_setzero_ps()) }
    }
    #[inline(always)]
    fn all(value: f32) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_set1_ps(value)) }
    }
    #[inline(always)]
    fn multiply_add(factor: Self, x: Self, sum: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_fmadd_ps(factor.0, x.0, sum.0)) }
    }
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_loadu_ps(at)) }
    }
    #[inline(always)]
    unsafe fn load_part(at: *const f32, mask: __mmask16) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_maskz_loadu_ps(mask, at)) }
    }
    #[inline(always)]
    unsafe fn store(at: *mut f32, value: Self) {
        // SAFETY: as above.
        unsafe { _mm512_storeu_ps(at, value.0) }
    }
    #[inline(always)]
    unsafe fn store_part(at: *mut f32, mask: __mmask16, value: Self) {
        // SAFETY: as above.
        unsafe { _mm512_mask_storeu_ps(at, mask, value.0) }
    }
    const TILE: usize = Avx2::TILE;
    #[inline(always)]
    unsafe fn transpose(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
        // SAFETY: a processor with AVX-512 has AVX2.
        unsafe { Avx2::transpose(from, stride, to, to_stride) }
    }
}

/// Eight lanes.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct Avx2(__m256);

// SAFETY: masked intrinsics touch the lanes of their mask only.
#[cfg(target_arch = "x86_64")]
unsafe impl Lanes for Avx2 {
    const COUNT: usize = 8;
    type Mask = __m256i;

    #[inline(always)]
    fn mask(count: usize) -> __m256i {
        const WINDOW: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
        // SAFETY: eight entries from 8 - count on are inside; for the instructions see the trait.
        unsafe { _mm256_loadu_si256(WINDOW.as_ptr().add(8 - count).cast()) }
    }
    #[inline(always)]
    fn zero() -> Self {
        // SAFETY: see the trait, as for all below.
        unsafe { Self(_mm256_setzero_ps()) }
    }
    #[inline(always)]
    fn all(value: f32) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm256_set1_ps(value)) }
    }
    #[inline(always)]
    fn multiply_add(factor: Self, x: Self, sum: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm256_fmadd_ps(factor.0, x.0, sum.0)) }
    }
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm256_loadu_ps(at)) }
    }
    #[inline(always)]
    unsafe fn load_part(at: *const f32, mask: __m256i) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm256_maskload_ps(at, mask)) }
    }
    #[inline(always)]
    unsafe fn store(at: *mut f32, value: Self) {
        // SAFETY: as above.
        unsafe { _mm256_storeu_ps(at, value.0) }
    }
    #[inline(always)]
    unsafe fn store_part(at: *mut f32, mask: __m256i, value: Self) {
        // SAFETY: as above.
        unsafe { _mm256_maskstore_ps(at, mask, value.0) }
    }
    const TILE: usize = 8;
    #[inline(always)]
    unsafe fn transpose(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
        // SAFETY: as above.
        unsafe {
            for half in 0..2 {
                // Four columns of all eight rows: rows r and r + 4 in the halves of one vector.
                let pair = |row: usize| {
                    let at = from.add(row * stride + 4 * half);
                    _mm256_insertf128_ps::<1>(
                        _mm256_castps128_ps256(_mm_loadu_ps(at)),
                        _mm_loadu_ps(at.add(4 * stride)),
                    )
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
    fn zero() -> Self {
        Self(0.0)
    }
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
        // SAFETY: the caller's promise, as for all below.
        unsafe { Self(*at) }
    }
    #[inline(always)]
    unsafe fn load_part(at: *const f32, (): ()) -> Self {
        // SAFETY: as above.
        unsafe { Self(*at) }
    }
    #[inline(always)]
    unsafe fn store(at: *mut f32, value: Self) {
        // SAFETY: as above.
        unsafe { *at = value.0 }
    }
    #[inline(always)]
    unsafe fn store_part(at: *mut f32, (): (), value: Self) {
        // SAFETY: as above.
        unsafe { *at = value.0 }
    }
    const TILE: usize = 1;
    #[inline(always)]
    unsafe fn transpose(from: *const f32, _: usize, to: *mut f32, _: usize) {
        // SAFETY: as above.
        unsafe { *to = *from }
    }
}
