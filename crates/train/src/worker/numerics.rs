//! What the CPU's loops compute with, and where their bits are the same.

use drr_core::result::EnvironmentClass;

/// The arithmetic of the CPU: its loops, its QR, its functions, all of this repository. It gives the same bits on every
/// processor and with every C library, so that nothing else tells one class from another. Another number is another
/// arithmetic.
const OWN: &str = "own-1";

/// The class of what the CPU computes.
pub fn cpu() -> EnvironmentClass {
    EnvironmentClass { device: "cpu".to_owned(), numerics: OWN.to_owned(), ..EnvironmentClass::default() }
}
