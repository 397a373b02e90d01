//! Loops over slices, compiled three times: for AVX-512, for AVX2 and for the baseline. Rust never fuses or reorders
//! floating point, so all give the same bits; sums run over a fixed number of lanes.

use std::sync::atomic::{AtomicU8, Ordering};

use super::dot::dot;

/// The vectors that a processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Vectors {
    /// Sixteen lanes.
    Avx512 = 1,
    /// Eight lanes, with fused multiply-add.
    Avx2,
    /// What every processor of the architecture has.
    Plain,
}

/// Those that are used; 0 before anybody asked.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// Names the widest vectors that may be used, `avx512`, `avx2` or `plain`: all give the same bits, and this is how one sees it.
const CEILING: &str = "DRR_LAB_VECTORS";

impl Vectors {
    /// Those that this processor has, the widest first.
    pub fn here() -> Vec<Self> {
        let mut here = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f") {
                here.push(Self::Avx512);
            }
            if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
                here.push(Self::Avx2);
            }
        }
        here.push(Self::Plain);
        here
    }

    /// Those that loops are to use.
    #[inline]
    pub(crate) fn chosen() -> Self {
        #[cfg(test)]
        if let Some(forced) = forced::FORCED.get() {
            return forced;
        }
        match CHOSEN.load(Ordering::Relaxed) {
            1 => Self::Avx512,
            2 => Self::Avx2,
            3 => Self::Plain,
            _ => Self::choose(),
        }
    }

    #[cold]
    fn choose() -> Self {
        let ceiling = match std::env::var(CEILING).as_deref() {
            Ok("plain") => Self::Plain,
            Ok("avx2") => Self::Avx2,
            _ => Self::Avx512,
        };
        let chosen = Self::here().into_iter().find(|it| *it as u8 >= ceiling as u8).unwrap_or(Self::Plain);
        CHOSEN.store(chosen as u8, Ordering::Relaxed);
        chosen
    }
}

/// For tests: what a thread computes with.
#[cfg(test)]
pub(crate) mod forced {
    use std::cell::Cell;

    use super::Vectors;

    thread_local! {
        pub(super) static FORCED: Cell<Option<Vectors>> = const { Cell::new(None) };
    }

    /// What a calculation gives with each of the vectors that there are here.
    pub fn with_each<R>(mut calculation: impl FnMut() -> R) -> Vec<(Vectors, R)> {
        let with = |vectors| {
            FORCED.set(Some(vectors));
            let result = calculation();
            FORCED.set(None);
            (vectors, result)
        };
        Vectors::here().into_iter().map(with).collect()
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
                type Wide = crate::kernels::lanes::Avx512;
                $body
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            #[allow(clippy::too_many_arguments)]
            fn wide($($argument: $type),*) $(-> $result)? {
                #[allow(dead_code)]
                type Wide = crate::kernels::lanes::Avx2;
                $body
            }
            #[allow(clippy::too_many_arguments)]
            fn plain($($argument: $type),*) $(-> $result)? {
                #[allow(dead_code)]
                type Wide = crate::kernels::lanes::Plain;
                $body
            }
            #[cfg(target_arch = "x86_64")]
            match crate::kernels::simd::Vectors::chosen() {
                // SAFETY: the processor has AVX-512.
                crate::kernels::simd::Vectors::Avx512 => return unsafe { widest($($argument),*) },
                // SAFETY: the processor has AVX2 and FMA.
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
