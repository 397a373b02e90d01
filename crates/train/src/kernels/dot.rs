//! Inner products whose bits do not depend on the processor: sixteen sums side by side, whatever the width of its vectors,
//! added up in one fixed tree.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// Sums side by side.
const LANES: usize = 16;

/// Sixteen numbers, in as many vectors as they need.
///
/// # Safety
/// Implementations read exactly the numbers they are asked for. Whoever names one has checked that the processor has its
/// instructions, as `simd!` does.
pub unsafe trait Sixteen: Copy {
    /// Zeros.
    fn zeros() -> Self;
    /// x + y.
    fn plus(x: Self, y: Self) -> Self;
    /// x · y, each by each.
    fn times(x: Self, y: Self) -> Self;
    /// The sum of all: halves are added onto each other until one number is left.
    fn sum(x: Self) -> f32;
    /// Sixteen numbers.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load(at: *const f32) -> Self;
    /// The first `count` of sixteen numbers, zeros in place of the others.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load_part(at: *const f32, count: usize) -> Self;
}

/// a · b over equal lengths.
#[inline(always)]
pub fn dot<V: Sixteen>(a: &[f32], b: &[f32]) -> f32 {
    let b = &b[..a.len()];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = V::zeros();
    for (x, y) in a.iter().zip(b) {
        // SAFETY: chunks of sixteen.
        let (x, y) = unsafe { (V::load(x.as_ptr()), V::load(y.as_ptr())) };
        sums = V::plus(sums, V::times(x, y));
    }
    if !a_rest.is_empty() {
        // Zeros add nothing: no sum is ever -0.
        // SAFETY: both have as many numbers.
        let (x, y) =
            unsafe { (V::load_part(a_rest.as_ptr(), a_rest.len()), V::load_part(b_rest.as_ptr(), a_rest.len())) };
        sums = V::plus(sums, V::times(x, y));
    }
    V::sum(sums)
}

/// One vector of sixteen.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct Avx512(__m512);

// SAFETY: a load reads sixteen numbers; for the instructions see the trait, here and below.
#[cfg(target_arch = "x86_64")]
unsafe impl Sixteen for Avx512 {
    #[inline(always)]
    fn zeros() -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_setzero_ps()) }
    }
    #[inline(always)]
    fn plus(x: Self, y: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_add_ps(x.0, y.0)) }
    }
    #[inline(always)]
    fn times(x: Self, y: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_mul_ps(x.0, y.0)) }
    }
    #[inline(always)]
    fn sum(x: Self) -> f32 {
        // SAFETY: as above.
        unsafe {
            let high = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(x.0)));
            sum_eight(_mm256_add_ps(_mm512_castps512_ps256(x.0), high))
        }
    }
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self(_mm512_loadu_ps(at)) }
    }
    #[inline(always)]
    unsafe fn load_part(at: *const f32, count: usize) -> Self {
        // SAFETY: as above; what the mask leaves out is not read.
        unsafe { Self(_mm512_maskz_loadu_ps(((1_u32 << count) - 1) as __mmask16, at)) }
    }
}

/// Two vectors of eight.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct Avx2(__m256, __m256);

// SAFETY: a load reads sixteen numbers.
#[cfg(target_arch = "x86_64")]
unsafe impl Sixteen for Avx2 {
    #[inline(always)]
    fn zeros() -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm256_setzero_ps(), _mm256_setzero_ps()) }
    }
    #[inline(always)]
    fn plus(x: Self, y: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm256_add_ps(x.0, y.0), _mm256_add_ps(x.1, y.1)) }
    }
    #[inline(always)]
    fn times(x: Self, y: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm256_mul_ps(x.0, y.0), _mm256_mul_ps(x.1, y.1)) }
    }
    #[inline(always)]
    fn sum(x: Self) -> f32 {
        // SAFETY: as above.
        unsafe { sum_eight(_mm256_add_ps(x.0, x.1)) }
    }
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self(_mm256_loadu_ps(at), _mm256_loadu_ps(at.add(8))) }
    }
    #[inline(always)]
    unsafe fn load_part(at: *const f32, count: usize) -> Self {
        const WINDOW: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
        let part = |at: *const f32, count: usize| {
            // SAFETY: eight entries from 8 - count on are inside the window; what they leave out is not read.
            unsafe { _mm256_maskload_ps(at, _mm256_loadu_si256(WINDOW.as_ptr().add(8 - count).cast())) }
        };
        Self(part(at, count.min(8)), part(at.wrapping_add(8), count.saturating_sub(8)))
    }
}

#[inline(always)]
#[cfg(target_arch = "x86_64")]
unsafe fn sum_eight(x: __m256) -> f32 {
    // SAFETY: the processor has AVX, by the callers' promise.
    unsafe {
        let four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
    }
}

/// No vectors, for processors without the others: the same bits, slowly.
#[derive(Clone, Copy)]
pub struct Plain([f32; LANES]);

// SAFETY: a load reads sixteen numbers.
unsafe impl Sixteen for Plain {
    #[inline(always)]
    fn zeros() -> Self {
        Self([0.0; LANES])
    }
    #[inline(always)]
    fn plus(x: Self, y: Self) -> Self {
        Self(std::array::from_fn(|lane| x.0[lane] + y.0[lane]))
    }
    #[inline(always)]
    fn times(x: Self, y: Self) -> Self {
        Self(std::array::from_fn(|lane| x.0[lane] * y.0[lane]))
    }
    #[inline(always)]
    fn sum(x: Self) -> f32 {
        let Self(mut lanes) = x;
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                lanes[lane] += lanes[lane + width];
            }
            width /= 2;
        }
        lanes[0]
    }
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self(at.cast::<[f32; LANES]>().read()) }
    }
    #[inline(always)]
    unsafe fn load_part(at: *const f32, count: usize) -> Self {
        // SAFETY: the caller's promise.
        Self(std::array::from_fn(|lane| if lane < count { unsafe { *at.add(lane) } } else { 0.0 }))
    }
}

#[cfg(test)]
mod tests {
    use drr_core::Seed;

    use super::*;

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn by_avx512(a: &[f32], b: &[f32]) -> f32 {
        dot::<Avx512>(a, b)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn by_avx2(a: &[f32], b: &[f32]) -> f32 {
        dot::<Avx2>(a, b)
    }

    #[test]
    fn every_form_gives_the_same_bits() {
        let mut stream = Seed(7).stream("test");
        for length in [0, 1, 4, 15, 16, 17, 31, 100, 112, 401] {
            let mut random = || -> Vec<f32> { (0..length).map(|_| stream.uniform(-1.0, 1.0)).collect() };
            let (a, b) = (random(), random());
            let plain = dot::<Plain>(&a, &b);
            let exactly: f64 = a.iter().zip(&b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
            assert!((f64::from(plain) - exactly).abs() < 1e-5, "{plain} is not {exactly}");
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has AVX2.
                assert_eq!(unsafe { by_avx2(&a, &b) }.to_bits(), plain.to_bits(), "{length}");
            }
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor has AVX-512.
                assert_eq!(unsafe { by_avx512(&a, &b) }.to_bits(), plain.to_bits(), "{length}");
            }
        }
    }
}
