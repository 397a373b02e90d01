//! Loops over slices, compiled three times: for AVX-512, for AVX2 and for the baseline. Rust never fuses or reorders
//! floating point, so all give the same bits; sums run over a fixed number of lanes.

use super::dot::dot;

/// The vectors that a processor has.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vectors {
    Avx512,
    /// With fused multiply-add.
    Avx2,
    Plain,
}

#[cfg(target_arch = "x86_64")]
impl Vectors {
    /// Those of the processor that this runs on; cheap, for the standard library remembers the answers.
    #[inline]
    pub(crate) fn of_this_processor() -> Self {
        if std::arch::is_x86_feature_detected!("avx512f") {
            Self::Avx512
        } else if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            Self::Avx2
        } else {
            Self::Plain
        }
    }
}

/// Compiles a function for AVX-512 and AVX2 beside its plain form and picks one at run time. Inside it `Wide` names the
/// vectors for [`dot`].
macro_rules! simd {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$attribute])*
        #[allow(clippy::too_many_arguments)]
        $visibility fn $name($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            #[allow(clippy::too_many_arguments)]
            fn widest($($argument: $type),*) $(-> $result)? {
                #[allow(dead_code)]
                type Wide = crate::kernels::dot::Avx512;
                $body
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            #[allow(clippy::too_many_arguments)]
            fn wide($($argument: $type),*) $(-> $result)? {
                #[allow(dead_code)]
                type Wide = crate::kernels::dot::Avx2;
                $body
            }
            #[allow(clippy::too_many_arguments)]
            fn plain($($argument: $type),*) $(-> $result)? {
                #[allow(dead_code)]
                type Wide = crate::kernels::dot::Plain;
                $body
            }
            #[cfg(target_arch = "x86_64")]
            match crate::kernels::simd::Vectors::of_this_processor() {
                // SAFETY: the processor has AVX-512.
                crate::kernels::simd::Vectors::Avx512 => return unsafe { widest($($argument),*) },
                // SAFETY: the processor has AVX2.
                crate::kernels::simd::Vectors::Avx2 => return unsafe { wide($($argument),*) },
                crate::kernels::simd::Vectors::Plain => {}
            }
            plain($($argument),*)
        }
    };
}
pub(crate) use simd;

/// y += factor · x over equal lengths.
#[inline(always)]
pub fn add_scaled(y: &mut [f32], factor: f32, x: &[f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

simd! {
    /// Σ x², single precision in blocks, double precision across them.
    pub fn sum_of_squares(x: &[f32]) -> f64 {
        let mut total = 0.0_f64;
        for block in x.chunks(4096) {
            total += f64::from(dot::<Wide>(block, block));
        }
        total
    }
}

simd! {
    /// `scores[i]` = q_i · action for all items; q is `[items, k]`.
    pub fn scores(q: &[f32], action: &[f32], out: &mut [f32]) {
        for (score, item) in out.iter_mut().zip(q.chunks_exact(action.len())) {
            *score = dot::<Wide>(item, action);
        }
    }
}
