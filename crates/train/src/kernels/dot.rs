//! Inner products whose bits do not depend on the processor: sixteen sums side by side, whatever the width of its vectors,
//! added up in one fixed tree. Where `simd!` compiles a caller for wider vectors, the sums lie in those.

use super::lanes::Lanes;

/// Sums side by side.
const LANES: usize = 16;

/// a · b over equal lengths. `simd!` names the vectors.
#[inline(always)]
pub fn dot<V: Lanes>(a: &[f32], b: &[f32]) -> f32 {
    let b = &b[..a.len()];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (x, y) in a.iter().zip(b) {
        add_products(&mut sums, x, y);
    }
    if !a_rest.is_empty() {
        // Zeros add nothing: no sum is ever -0.
        add_products(&mut sums, &V::few(a_rest), &V::few(b_rest));
    }
    total(sums)
}

#[inline(always)]
fn add_products(sums: &mut [f32; LANES], x: &[f32; LANES], y: &[f32; LANES]) {
    for lane in 0..LANES {
        sums[lane] += x[lane] * y[lane];
    }
}

/// The sum of all: halves are added onto each other until one number is left.
#[inline(always)]
fn total(mut sums: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use drr_core::Seed;

    use super::super::simd::forced::with_each;
    use super::super::simd::simd;
    use super::*;

    /// As the definition says it: sixteen sums, one number after another.
    fn plainly(a: &[f32], b: &[f32]) -> f32 {
        let mut sums = [0.0_f32; LANES];
        for (at, (x, y)) in a.iter().zip(b).enumerate() {
            sums[at % LANES] += x * y;
        }
        for width in [8, 4, 2, 1] {
            (0..width).for_each(|lane| sums[lane] += sums[lane + width]);
        }
        sums[0]
    }

    #[test]
    fn it_is_sixteen_sums_in_a_tree_in_every_form() {
        let mut stream = Seed(7).stream("test");
        for length in [0, 1, 4, 15, 16, 17, 31, 100, 112, 401] {
            let mut random = || -> Vec<f32> { (0..length).map(|_| stream.uniform(-1.0, 1.0)).collect() };
            let (a, b) = (random(), random());
            let plain = plainly(&a, &b);
            let exactly: f64 = a.iter().zip(&b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
            assert!((f64::from(plain) - exactly).abs() < 1e-5, "{plain} is not {exactly}");
            for (vectors, it) in with_each(|| in_vectors(&a, &b)) {
                assert_eq!(it.to_bits(), plain.to_bits(), "{vectors:?}, {length}");
            }
        }
    }

    simd! {
        fn in_vectors(a: &[f32], b: &[f32]) -> f32 {
            dot::<Wide>(a, b)
        }
    }
}
