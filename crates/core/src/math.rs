//! Functions whose last bits a system's library decides, from one source that is the same everywhere: the `libm` of Rust's
//! own compiler runtime, plain arithmetic on every processor. Whatever computes a trial takes them from here; `f64::ln` and
//! its like, which call the C library of the machine, are forbidden there (`crates/clippy.toml`).

/// The natural logarithm.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// The logarithm to base 2.
pub fn log2(x: f64) -> f64 {
    libm::log2(x)
}

/// e to the power of x.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// x to the power of y.
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// Below it tanh is a polynomial: the difference of two numbers near 1 would have few digits.
const SMALL: f32 = 0.64;

/// tanh(a)/a - 1 over a², fitted for a up to [`SMALL`] to 6e-9.
const SERIES: [f32; 5] = [-0.333_332_7, 0.133_310_91, -0.053_709_65, 0.020_538_796, -0.005_590_991_6];

/// From here on tanh is 1 in single precision.
const LARGE: f32 = 9.02;

/// The hyperbolic tangent, in single precision: at most 3e-7 of its value away. Written without a branch and without a fused
/// operation, so that a loop over it becomes vectors of any width with the same bits.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let a = x.abs().min(LARGE);
    let z = a * a;
    let [c1, c3, c5, c7, c9] = SERIES;
    let small = a + a * (z * (c1 + z * (c3 + z * (c5 + z * (c7 + z * c9)))));
    let large = 1.0 - 2.0 / (exp_of_positive(2.0 * a) + 1.0);
    let size = if a < SMALL { small } else { large };
    // What is not a number stays so.
    if x.is_nan() { x } else { size.copysign(x) }
}

/// e to the power of y, for 0 ≤ y ≤ 2 · [`LARGE`]: 2^n · e^r with the nearest whole n, so that r is small.
#[inline(always)]
fn exp_of_positive(y: f32) -> f32 {
    /// Added and subtracted again it rounds to a whole number, which then stands in its last bits.
    const WHOLE: f32 = 12_582_912.0;
    /// ln 2 in two parts; products with the first are exact.
    const LN_2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
    let shifted = y * std::f32::consts::LOG2_E + WHOLE;
    let n = shifted - WHOLE;
    let r = (y - n * LN_2.0) - n * LN_2.1;
    // The exponential's own series; the term after its last is below 1e-8.
    let series =
        1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0))))));
    let power = f32::from_bits((shifted.to_bits().wrapping_sub(WHOLE.to_bits()).wrapping_add(127)) << 23);
    series * power
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of a function's bits over a sweep of its arguments.
    fn digest(values: impl Iterator<Item = u64>) -> String {
        let bytes: Vec<u8> = values.flat_map(u64::to_le_bytes).collect();
        crate::Digest::of(&bytes).short()
    }

    #[test]
    fn the_bits_are_the_same_on_every_machine() {
        let sweep = |from: f64, to: f64| (0..10_000).map(move |at| from + (to - from) * f64::from(at) / 10_000.0);
        let found = [
            digest(sweep(1e-9, 4.0).map(|x| ln(x).to_bits())),
            digest(sweep(1e-9, 4000.0).map(|x| log2(x).to_bits())),
            digest(sweep(-30.0, 30.0).map(|x| exp(x).to_bits())),
            digest(sweep(1e-6, 10.0).flat_map(|x| [0.6, -0.4, 12.0].map(|y| pow(x, y).to_bits()))),
            digest(sweep(-12.0, 12.0).map(|x| u64::from(tanh(x as f32).to_bits()))),
        ];
        assert_eq!(found, ["da20f48a23c1", "f62bdffdfe73", "00b02163a9e2", "9f43f3708939", "859dcc20f79a"]);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "what they are held against")]
    fn they_are_the_functions_they_are_called() {
        let near = |one: f64, two: f64| assert!((one - two).abs() <= 1e-15 * two.abs().max(1.0), "{one} is not {two}");
        near(ln(10.0), std::f64::consts::LN_10);
        near(log2(8.0), 3.0);
        near(exp(1.0), std::f64::consts::E);
        near(pow(2.0, 0.5), std::f64::consts::SQRT_2);
        assert_eq!((tanh(0.0), tanh(40.0), tanh(-40.0), tanh(f32::INFINITY)), (0.0, 1.0, -1.0, 1.0));
        assert!(tanh(f32::NAN).is_nan() && tanh(-0.0).is_sign_negative());
        let mut worst = 0.0_f64;
        // Every eighth float between 2^-20 and 16.
        for bits in (2.0_f32.powi(-20).to_bits()..16.0_f32.to_bits()).step_by(8) {
            let x = f32::from_bits(bits);
            let right = f64::from(x).tanh();
            worst = worst.max((f64::from(tanh(x)) - right).abs() / right);
            assert_eq!(tanh(-x).to_bits(), (-tanh(x)).to_bits());
        }
        assert!(worst < 3e-7, "{worst:e}");
    }
}
