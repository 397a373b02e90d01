//! Where workers may run: one worker a slot, a core each, several slots a GPU if they share it.

use std::num::NonZeroUsize;
use std::thread;

use drr_core::protocol::Device;
use serde::Serialize;

use super::inventory::{Gpu, Inventory};
use crate::error::{Error, Result};

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

/// Which GPUs are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gpus {
    /// Those that are there.
    All,
    /// None.
    None,
    /// These, by their place in PCI order; each must be there.
    These(Vec<u32>),
}

impl std::str::FromStr for Gpus {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            "none" => Ok(Self::None),
            list => {
                let places = list.split(',').map(|place| place.trim().parse().ok()).collect::<Option<Vec<u32>>>();
                places.map(Self::These).ok_or_else(|| format!("`{list}` is not `all`, `none`, or a list such as 0,2"))
            }
        }
    }
}

/// What slots are wanted.
#[derive(Clone, Debug)]
pub struct SlotRequest {
    /// Which GPUs.
    pub gpus: Gpus,
    /// The part of a GPU one worker takes, above 0 and up to 1.
    pub gpu_share: f64,
    /// How many workers at a time; all there is place for if it is not said.
    pub jobs: Option<NonZeroUsize>,
}

/// CPU slots: as many as asked for, else one per core this process may use (control groups and affinity respected).
pub fn cpu_slots(jobs: Option<NonZeroUsize>) -> Vec<Slot> {
    let jobs = jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    vec![Slot::Cpu; jobs]
}

/// The slots there are: on the GPUs that are wanted, else on CPU cores.
///
/// # Errors
/// A GPU that is asked for by its place and is not there.
pub fn slots(request: &SlotRequest, inventory: &dyn Inventory) -> Result<Vec<Slot>> {
    let found = if request.gpus == Gpus::None { Vec::new() } else { inventory.gpus() };
    let wanted: Vec<u32> = match &request.gpus {
        Gpus::None => Vec::new(),
        Gpus::All => found.iter().map(|gpu| gpu.index).collect(),
        Gpus::These(places) => {
            if let Some(missing) = places.iter().find(|place| !found.iter().any(|gpu| gpu.index == **place)) {
                return Err(missing_gpu(*missing, &found, inventory));
            }
            let mut places = places.clone();
            places.sort_unstable();
            places.dedup();
            places
        }
    };
    if wanted.is_empty() {
        return Ok(cpu_slots(request.jobs));
    }
    // 0.33 means a third, not 3.03 workers.
    let sharers = ((1.0 / request.gpu_share + 0.05).floor() as usize).max(1);
    // Round by round, so that few jobs are spread over all devices.
    let mut slots: Vec<Slot> = (0..sharers).flat_map(|_| wanted.iter().map(|&index| Slot::Cuda(index))).collect();
    slots.truncate(request.jobs.map_or(usize::MAX, NonZeroUsize::get));
    Ok(slots)
}

fn missing_gpu(place: u32, found: &[Gpu], inventory: &dyn Inventory) -> Error {
    let there: Vec<String> = found.iter().map(|gpu| format!("{} ({})", gpu.index, gpu.name)).collect();
    let error = Error::environment(format!("there is no GPU {place}"));
    if there.is_empty() {
        return error.hint(format!("no GPU was found: {}; `drr-lab doctor` says more", inventory.driver()));
    }
    error.hint(format!("there are {}", there.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::inventory::pretended::Pretended;
    use super::*;

    fn request(gpus: &str, share: f64, jobs: usize) -> SlotRequest {
        SlotRequest { gpus: gpus.parse().expect("GPUs"), gpu_share: share, jobs: NonZeroUsize::new(jobs) }
    }

    #[test]
    fn gpus_are_taken_where_there_are_any() {
        let none = Pretended::new(&[]);
        assert_eq!(slots(&request("all", 1.0, 3), &none).expect("cores"), [Slot::Cpu; 3]);
        let eight = Pretended::new(&[1; 8]);
        assert_eq!(slots(&request("all", 1.0, 0), &eight).expect("GPUs").len(), 8);
        assert_eq!(slots(&request("none", 1.0, 2), &eight).expect("cores"), [Slot::Cpu; 2]);
        assert_eq!(slots(&request("2,0,2", 1.0, 0), &eight).expect("GPUs"), [Slot::Cuda(0), Slot::Cuda(2)]);
    }

    #[test]
    fn sharers_are_spread_over_the_devices() {
        let two = Pretended::new(&[1; 2]);
        let all = slots(&request("all", 0.5, 0), &two).expect("GPUs");
        assert_eq!(all, [0, 1, 0, 1].map(Slot::Cuda));
        assert_eq!(slots(&request("all", 0.33, 0), &two).expect("GPUs").len(), 6);
        assert_eq!(slots(&request("all", 0.5, 3), &two).expect("GPUs"), [0, 1, 0].map(Slot::Cuda));
        assert_eq!(slots(&request("all", 0.25, 0), &Pretended::new(&[1; 64])).expect("GPUs").len(), 256);
    }

    #[test]
    fn a_gpu_that_is_not_there_is_refused() {
        let error = slots(&request("0,7", 1.0, 0), &Pretended::new(&[5])).expect_err("there is one");
        assert_eq!(error.message, "there is no GPU 7");
        assert_eq!(error.hint.as_deref(), Some("there are 0 (GPU of 5 bytes)"));
        assert!("0,x".parse::<Gpus>().is_err());
    }
}
