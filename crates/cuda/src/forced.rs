//! Failures on demand, for `cargo xtask gpu-check`: `DRR_LAB_FORCED` names one, and what is written there happens when a
//! cohort's optimiser is made.

use std::path::Path;

/// The variable.
const NAME: &str = "DRR_LAB_FORCED";

/// Fails as libtorch would: `memory:N` where more than N members are computed together; `device:FILE` once, which FILE then
/// tells.
///
/// # Panics
/// If it was asked to.
pub(crate) fn perhaps(members: usize) {
    let Ok(wish) = std::env::var(NAME) else { return };
    match wish.split_once(':') {
        Some(("memory", most)) if most.parse().is_ok_and(|most: usize| members > most) => {
            panic!("CUDA out of memory. Forced, with {members} members together");
        }
        Some(("device", file)) if !Path::new(file).exists() => {
            let _ = std::fs::write(file, "it failed");
            panic!("CUDA error: forced, with {members} members together");
        }
        _ => {}
    }
}
