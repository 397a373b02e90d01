//! Where workers may run: one worker per slot.

use std::num::NonZeroUsize;
use std::thread;

use drr_core::protocol::Device;
use serde::Serialize;

/// A place for one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slot {
    /// One CPU core; the system decides which.
    Cpu,
    /// The GPU with this index in PCI order.
    Cuda(u32),
}

impl Slot {
    /// Where a worker in this slot computes, as the worker sees it: it is shown its own GPU only.
    pub fn device(self) -> Device {
        match self {
            Self::Cpu => Device::Cpu,
            Self::Cuda(_) => Device::Cuda(0),
        }
    }
}

/// CPU slots: as many as asked for, else one per core this process may use (control groups and affinity respected).
pub fn cpu_slots(jobs: Option<NonZeroUsize>) -> Vec<Slot> {
    let jobs = jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    vec![Slot::Cpu; jobs]
}
