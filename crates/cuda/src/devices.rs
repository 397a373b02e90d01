//! The GPU of a worker. Nothing in this program refers to libtorch's CUDA half, so the linker leaves it out; a worker that was
//! given a GPU loads it at run time.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use drr_core::protocol::{Device, FoundGpu};
use drr_core::result::EnvironmentClass;
use drr_kinds::error::{Error, Result};
use drr_system::driver;
use drr_system::library::load_torch_cuda;
use drr_train::kernels::Backend;
use drr_train::worker::device::{Cpu, WorkerDevices};

use crate::kernels;

/// The release of libtorch that tch is pinned to, and the CUDA it is built with.
const LIBTORCH: (&str, &str) = ("2.11.0", "13.0");

/// What libtorch reads when it is loaded: one thread a worker for what it does on the CPU; for the GPU single precision as
/// such, not by tensor cores, and a workspace of cuBLAS that gives the same product the same bits.
pub const PINNED: &[(&str, &str)] = &[
    ("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
    // Products on the CPU, of a GPU that is pretended: the same wherever in memory a member lies.
    ("MKL_CBWR", "COMPATIBLE"),
    ("MKL_NUM_THREADS", "1"),
    ("NVIDIA_TF32_OVERRIDE", "0"),
    ("OMP_NUM_THREADS", "1"),
];

/// The kernels' sources, by their words: what a GPU computes with counts for no trial's id, but for the class of its bits.
const KERNELS: &str = env!("DRR_KERNELS_DIGEST");

/// A GPU that is not there: the operations for one, on the CPU. For checks of all around them on any machine.
pub const PRETENDED: &str = "DRR_LAB_PRETENDED_GPU";

/// Starts this program again with what libtorch must find, if somebody started it without or with anything else.
///
/// # Errors
/// If it cannot be started again.
pub fn pin() -> std::io::Result<()> {
    let differs = |(name, value): &&(&str, &str)| std::env::var(name).as_deref() != Ok(*value);
    let missing: Vec<_> = PINNED.iter().filter(differs).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut again = Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1));
    again.envs(missing.into_iter().map(|(name, value)| (name, value)));
    Err(again.exec())
}

/// The numerics of what a GPU computes here: what this process was really started with.
fn numerics() -> String {
    let of = |name: &str| std::env::var(name).unwrap_or_else(|_| "unset".to_owned());
    let tf32 = if of("NVIDIA_TF32_OVERRIDE") == "0" { "without tf32" } else { "tf32 as it comes" };
    format!("kernels {}, {tf32}, cublas {}", &KERNELS[..8], of("CUBLAS_WORKSPACE_CONFIG"))
}

/// The CPU, by its own loops, and the GPU that this process is shown.
pub struct Gpus;

impl Gpus {
    fn usable(&self) -> std::result::Result<EnvironmentClass, String> {
        let libtorch = LIBTORCH.0.to_owned();
        if let Ok(name) = std::env::var(PRETENDED) {
            let (device, driver) = (format!("pretended {name}"), "pretended".to_owned());
            return Ok(EnvironmentClass { libtorch, isa: String::new(), device, driver, numerics: numerics() });
        }
        let gpu = driver::first()?;
        if !is_there() {
            return Err("this libtorch is without CUDA (`cargo xtask setup --cuda`)".to_owned());
        }
        if !load_cuda() {
            let (needed, driver, cuda) = (LIBTORCH.1, gpu.driver, gpu.cuda);
            return Err(format!(
                "libtorch {libtorch} cannot use {}: it is built for CUDA {needed}, the driver {driver} knows CUDA {cuda}",
                gpu.name
            ));
        }
        Ok(EnvironmentClass {
            libtorch,
            isa: gpu.capability,
            device: gpu.name,
            driver: gpu.driver,
            numerics: numerics(),
        })
    }
}

impl WorkerDevices for Gpus {
    fn backend(&self, device: Device) -> Result<Backend> {
        match device {
            Device::Cpu => Cpu.backend(device),
            Device::Cuda(_) if std::env::var_os(PRETENDED).is_some() => Ok(kernels::backend(tch::Device::Cpu)),
            Device::Cuda(index) if load_cuda() && i64::from(index) < tch::Cuda::device_count() => {
                Ok(kernels::backend(tch::Device::Cuda(index as usize)))
            }
            Device::Cuda(index) => {
                let why = self.usable().err().unwrap_or_else(|| "no such GPU".to_owned());
                Err(Error::Environment(format!("cuda:{index} cannot be used: {why}")))
            }
        }
    }

    fn environment(&self, device: Device) -> EnvironmentClass {
        match device {
            Device::Cpu => Cpu.environment(device),
            Device::Cuda(_) => self.usable().unwrap_or_else(|why| EnvironmentClass {
                device: "cuda".to_owned(),
                numerics: why,
                ..EnvironmentClass::default()
            }),
        }
    }

    fn gpu(&self) -> FoundGpu {
        // The CPU's slots are shown none.
        if std::env::var("CUDA_VISIBLE_DEVICES").is_ok_and(|list| list.is_empty()) {
            return FoundGpu::None;
        }
        self.usable().map_or_else(FoundGpu::Unusable, |class| FoundGpu::Usable(Box::new(class)))
    }
}

/// Whether libtorch's CUDA half is installed.
fn is_there() -> bool {
    folders().iter().any(|folder| folder.join("libtorch_cuda.so").is_file())
}

/// Loads libtorch's CUDA half where it is installed; whether a GPU can be used.
pub fn load_cuda() -> bool {
    for folder in folders() {
        if load_torch_cuda(&folder.join("libtorch_cuda.so")) {
            break;
        }
    }
    tch::Cuda::is_available()
}

/// Where the loaded libtorch_cpu lies, which is where its CUDA half would be.
fn folders() -> Vec<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let path = maps
        .lines()
        .find_map(|line| line.find('/').map(|at| &line[at..]).filter(|path| path.ends_with("/libtorch_cpu.so")));
    path.and_then(|path| PathBuf::from(path).parent().map(PathBuf::from)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pinned_is_what_the_class_says() {
        // Cargo starts tests without the pins: the class then says so.
        let pinned = |name: &str| PINNED.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let said = numerics();
        assert!(said.starts_with(&format!("kernels {}", &KERNELS[..8])), "{said}");
        let workspace = std::env::var("CUBLAS_WORKSPACE_CONFIG").unwrap_or_else(|_| "unset".to_owned());
        assert!(said.ends_with(&format!("cublas {workspace}")), "{said}");
        assert_eq!((pinned("NVIDIA_TF32_OVERRIDE"), pinned("CUBLAS_WORKSPACE_CONFIG")), (Some("0"), Some(":4096:8")));
    }

    #[test]
    fn a_machine_without_a_driver_says_so() {
        if let Err(why) = driver::first() {
            assert!(!why.is_empty());
            assert_eq!(Gpus.usable(), Err(why));
        }
    }
}
