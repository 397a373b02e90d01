//! The devices that a worker's program can compute on.

use drr_core::protocol::{Device, FoundGpu};
use drr_core::result::EnvironmentClass;

use super::numerics;
use crate::kernels::Backend;
use drr_kinds::error::{Error, Result};

/// What differs between the programs that are workers.
pub trait WorkerDevices {
    /// How to compute on `device`.
    ///
    /// # Errors
    /// This program, or this machine, cannot.
    fn backend(&self, device: Device) -> Result<Backend>;

    /// Where the bits of what is computed on `device` are the same.
    fn environment(&self, device: Device) -> EnvironmentClass;

    /// What became of the GPU that this process was given.
    fn gpu(&self) -> FoundGpu {
        FoundGpu::None
    }
}

/// The CPU alone.
pub struct Cpu;

impl WorkerDevices for Cpu {
    fn backend(&self, device: Device) -> Result<Backend> {
        match device {
            Device::Cpu => Ok(Backend::Slices),
            Device::Cuda(index) => Err(Error::Environment(format!(
                "cuda:{index} cannot be used: this worker is for the CPU (`cargo xtask setup --cuda` builds the one for GPUs)"
            ))),
        }
    }

    fn environment(&self, device: Device) -> EnvironmentClass {
        match device {
            Device::Cpu => numerics::cpu(),
            // It takes one for commands alone, which it does not compute.
            Device::Cuda(_) => EnvironmentClass { device: "gpu".to_owned(), ..numerics::cpu() },
        }
    }
}
