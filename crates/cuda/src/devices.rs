//! The GPUs of a worker. Nothing in this program refers to libtorch's CUDA half, so the linker leaves it out; a worker
//! that was given a GPU loads it at run time.

use std::ffi::CString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use drr_core::protocol::Device;
use drr_core::result::EnvironmentClass;
use drr_kinds::error::{Error, Result};
use drr_train::kernels::Backend;
use drr_train::worker::device::{Cpu, WorkerDevices};

use crate::kernels;

/// The release of libtorch that tch is pinned to.
const LIBTORCH: &str = "2.11.0";

/// What libtorch reads when it is loaded: one thread a worker for what it does on the CPU.
const PINNED: &[(&str, &str)] = &[("OMP_NUM_THREADS", "1"), ("MKL_NUM_THREADS", "1")];

/// Starts this program again with what libtorch must find if somebody started it without.
///
/// # Errors
/// If it cannot be started again.
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

/// The CPU, by its own loops, and every GPU that libtorch can use.
pub struct Gpus;

impl WorkerDevices for Gpus {
    fn backend(&self, device: Device) -> Result<Backend> {
        match device {
            Device::Cpu => Cpu.backend(device),
            Device::Cuda(index) if load_cuda() && i64::from(index) < tch::Cuda::device_count() => {
                Ok(kernels::backend(tch::Device::Cuda(index as usize)))
            }
            Device::Cuda(index) => Err(Error::Environment(format!(
                "cuda:{index} cannot be used: no such GPU, no driver, or a libtorch without CUDA (`cargo xtask setup --cuda`)"
            ))),
        }
    }

    fn environment(&self, device: Device) -> EnvironmentClass {
        match device {
            Device::Cpu => Cpu.environment(device),
            Device::Cuda(_) => EnvironmentClass {
                libtorch: LIBTORCH.to_owned(),
                isa: String::new(),
                device: "cuda".to_owned(),
                numerics: "unpinned".to_owned(),
            },
        }
    }
}

/// Loads libtorch's CUDA half where it is installed; whether a GPU can be used.
pub fn load_cuda() -> bool {
    for folder in folders() {
        let library = folder.join("libtorch_cuda.so");
        let Ok(path) = CString::new(library.into_os_string().into_encoded_bytes()) else { continue };
        // SAFETY: the path is a C string; loading libtorch's own library runs its initialisers, as linking would.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
        if !handle.is_null() {
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
