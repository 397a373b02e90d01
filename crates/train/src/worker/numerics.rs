//! What a process computes with, and where its bits are the same.

#[cfg(feature = "libtorch")]
use std::os::unix::process::CommandExt as _;
#[cfg(feature = "libtorch")]
use std::process::Command;

use drr_core::protocol::Device;
use drr_core::result::EnvironmentClass;

/// The arithmetic of the CPU: its loops, its QR, its functions, all of this repository. It gives the same bits on every
/// processor and with every C library, so that nothing else tells one class from another. Another number is another
/// arithmetic.
const OWN: &str = "own-1";

/// The release of libtorch that tch is pinned to.
#[cfg(feature = "libtorch")]
const LIBTORCH: &str = "2.11.0";

/// What libtorch reads when it is loaded: one thread a worker for what it does on the CPU.
#[cfg(feature = "libtorch")]
const PINNED: &[(&str, &str)] = &[("OMP_NUM_THREADS", "1"), ("MKL_NUM_THREADS", "1")];

/// Starts this program again with what libtorch must find if somebody started it without.
///
/// # Errors
/// If it cannot be started again.
#[cfg(feature = "libtorch")]
pub fn pin() -> std::io::Result<()> {
    let missing: Vec<_> = PINNED.iter().filter(|(name, _)| std::env::var_os(name).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut again = Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1));
    again.envs(missing.into_iter().map(|(name, value)| (name, value)));
    Err(again.exec())
}

/// What this process computes with.
pub fn environment(device: Device) -> EnvironmentClass {
    match device {
        Device::Cpu => EnvironmentClass {
            libtorch: String::new(),
            isa: String::new(),
            device: "cpu".to_owned(),
            numerics: OWN.to_owned(),
        },
        #[cfg(feature = "libtorch")]
        Device::Cuda(_) => EnvironmentClass {
            libtorch: LIBTORCH.to_owned(),
            isa: String::new(),
            device: "cuda".to_owned(),
            numerics: "unpinned".to_owned(),
        },
        #[cfg(not(feature = "libtorch"))]
        Device::Cuda(_) => unreachable!("a worker without libtorch takes no GPU"),
    }
}
