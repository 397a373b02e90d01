//! Pinned numerics. libtorch reads these variables when it is loaded, so they must be set before the program starts;
//! [`pin`] starts it anew where they are not.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use drr_core::protocol::Device;
use drr_core::result::EnvironmentClass;

/// The release of libtorch that tch is pinned to.
const LIBTORCH: &str = "2.11.0";

/// What makes products the same to the bit wherever their operands lie in memory, at no cost; and one thread a worker.
const PINNED: &[(&str, &str)] =
    &[("MKL_CBWR", "AVX2,STRICT"), ("ATEN_CPU_CAPABILITY", "avx2"), ("OMP_NUM_THREADS", "1"), ("MKL_NUM_THREADS", "1")];

/// Starts this program again with pinned numerics if somebody started it without.
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
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let numerics = match variable("MKL_CBWR").as_str() {
        "AVX2,STRICT" => "strict",
        "COMPATIBLE" => "portable",
        _ => "unpinned",
    };
    EnvironmentClass {
        libtorch: LIBTORCH.to_owned(),
        isa: variable("ATEN_CPU_CAPABILITY"),
        device: match device {
            Device::Cpu => "cpu".to_owned(),
            Device::Cuda(_) => "cuda".to_owned(),
        },
        numerics: numerics.to_owned(),
    }
}
