//! Functions whose last bits a system's library decides, from one source that is the same everywhere: the `libm` of Rust's
//! own compiler runtime, plain arithmetic on every processor. Whatever computes a trial takes them from here; `f64::ln` and
//! its like, which call the C library of the machine, are forbidden there (`clippy.toml`).

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

/// The hyperbolic tangent, in single precision.
pub fn tanh(x: f32) -> f32 {
    libm::tanhf(x)
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
        assert_eq!(found, ["da20f48a23c1", "f62bdffdfe73", "00b02163a9e2", "9f43f3708939", "cc82ffaa5055"]);
    }

    #[test]
    fn they_are_the_functions_they_are_called() {
        let near = |one: f64, two: f64| assert!((one - two).abs() <= 1e-15 * two.abs().max(1.0), "{one} is not {two}");
        near(ln(10.0), std::f64::consts::LN_10);
        near(log2(8.0), 3.0);
        near(exp(1.0), std::f64::consts::E);
        near(pow(2.0, 0.5), std::f64::consts::SQRT_2);
        assert!((f64::from(tanh(0.5)) - 0.462_117_157_260_009_8).abs() < 1e-7);
        assert_eq!((tanh(0.0), tanh(40.0), tanh(-40.0)), (0.0, 1.0, -1.0));
    }
}
