//! The device a job asks for. Nothing in this program refers to libtorch's CUDA half, so the linker leaves it out; a
//! worker that was given a GPU loads it at run time.

#[cfg(feature = "libtorch")]
use std::ffi::CString;
#[cfg(feature = "libtorch")]
use std::path::PathBuf;

use drr_core::protocol::Device;

use crate::kernels::Backend;
use drr_kinds::error::{Error, Result};

/// How to compute on `device`.
///
/// # Errors
/// If a GPU is asked for and libtorch cannot use it.
pub fn backend(device: Device) -> Result<Backend> {
    match device {
        Device::Cpu => Ok(Backend::Slices),
        #[cfg(feature = "libtorch")]
        Device::Cuda(index) if load_cuda() && i64::from(index) < tch::Cuda::device_count() => {
            Ok(Backend::Tensors(tch::Device::Cuda(index as usize)))
        }
        Device::Cuda(index) => Err(Error::Environment(format!(
            "cuda:{index} cannot be used: {}",
            if cfg!(feature = "libtorch") {
                "no such GPU, no driver, or a libtorch without CUDA (`cargo xtask setup --cuda`)"
            } else {
                "this worker is built without libtorch (`cargo xtask setup --cuda` builds the one for GPUs)"
            }
        ))),
    }
}

/// Loads libtorch's CUDA half where it is installed; whether a GPU can be used.
#[cfg(feature = "libtorch")]
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
#[cfg(feature = "libtorch")]
fn folders() -> Vec<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let path = maps
        .lines()
        .find_map(|line| line.find('/').map(|at| &line[at..]).filter(|path| path.ends_with("/libtorch_cpu.so")));
    path.and_then(|path| PathBuf::from(path).parent().map(PathBuf::from)).into_iter().collect()
}
