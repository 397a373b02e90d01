//! Where workers may run: one worker a slot, on cores or on a GPU, several slots a GPU if they share it; and which trials
//! run where.

use std::num::NonZeroUsize;
use std::thread;

use drr_core::protocol::Device;
use serde::Serialize;

use super::inventory::{Gpu, Inventory};
use crate::error::{Error, Result};
use crate::plan::Needs;

/// A place for one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slot {
    /// CPU cores; the system decides which.
    Cpu,
    /// The GPU, or the slice of one, with this place in PCI order.
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

    /// What runs in it.
    pub(super) fn serves(self) -> Needs {
        match self {
            Self::Cpu => Needs::Core,
            Self::Cuda(_) => Needs::Gpu,
        }
    }
}

/// What a trial that needs `needs` is computed on among these slots. GPUs take networks, cores all else; where slots are of one
/// kind they take everything.
pub(super) fn place(slots: &[Slot], needs: Needs) -> Needs {
    let is_there = |kind: Needs| slots.iter().any(|slot| slot.serves() == kind);
    match (is_there(Needs::Core), is_there(Needs::Gpu)) {
        (true, true) => needs,
        (false, true) => Needs::Gpu,
        (_, false) => Needs::Core,
    }
}

/// Which GPUs are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gpus {
    /// Those that are there; cores where there are none.
    Auto,
    /// All; one at least must be there.
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
            "auto" => Ok(Self::Auto),
            "all" => Ok(Self::All),
            "none" => Ok(Self::None),
            list => {
                let places = list.split(',').map(|place| place.trim().parse().ok()).collect::<Option<Vec<u32>>>();
                places
                    .map(Self::These)
                    .ok_or_else(|| format!("`{list}` is not `auto`, `all`, `none`, or a list such as 0,2"))
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
    /// Cores of each worker, if that is said: where cores are shared out, there are so many fewer of them.
    pub threads: Option<NonZeroUsize>,
}

/// CPU slots: as many as asked for, else one per core this process may use (control groups and affinity respected).
pub fn cpu_slots(jobs: Option<NonZeroUsize>) -> Vec<Slot> {
    let jobs = jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    vec![Slot::Cpu; jobs]
}

/// The slots there are: on the GPUs that are wanted with cores beside them for what networks are not, else on cores.
///
/// # Errors
/// A GPU that is asked for and is not there.
pub fn slots(request: &SlotRequest, inventory: &dyn Inventory) -> Result<Vec<Slot>> {
    let found = if request.gpus == Gpus::None { Vec::new() } else { inventory.gpus() };
    let wanted: Vec<u32> = match &request.gpus {
        Gpus::None => Vec::new(),
        Gpus::All if found.is_empty() => {
            return Err(Error::environment("there is no GPU")
                .hint(format!("{}; --gpus auto takes cores where there are no GPUs", why_none(inventory))));
        }
        Gpus::All | Gpus::Auto => found.iter().map(|gpu| gpu.index).collect(),
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
        let shared = request.threads.map(|_| cores(request.threads)).and_then(NonZeroUsize::new);
        return Ok(cpu_slots(request.jobs.or(shared)));
    }
    // 0.33 means a third, not 3.03 workers.
    let sharers = ((1.0 / request.gpu_share + 0.05).floor() as usize).max(1);
    // Round by round, so that few jobs are spread over all devices.
    let mut slots: Vec<Slot> = (0..sharers).flat_map(|_| wanted.iter().map(|&index| Slot::Cuda(index))).collect();
    let beside = cores(request.threads).saturating_sub(slots.len()).max(1);
    let most = request.jobs.map_or(slots.len() + beside, NonZeroUsize::get);
    slots.resize(most.max(1), Slot::Cpu);
    Ok(slots)
}

/// How many workers of so many cores each the machine's cores are enough for, one at least.
fn cores(each: Option<NonZeroUsize>) -> usize {
    let all = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    (all / each.map_or(1, NonZeroUsize::get)).max(1)
}

/// Why there are no GPUs, and what is wrong with the driver if it is that.
fn why_none(inventory: &dyn Inventory) -> String {
    let hidden = std::env::var("CUDA_VISIBLE_DEVICES").map(|list| format!("CUDA_VISIBLE_DEVICES={list} leaves none"));
    match (inventory.trouble(), hidden) {
        (Some(why), _) => format!("the driver does not work: {why}"),
        (None, Ok(hidden)) => hidden,
        (None, Err(_)) => format!("no GPU was found: {}; `drr-lab doctor` says more", inventory.driver()),
    }
}

fn missing_gpu(place: u32, found: &[Gpu], inventory: &dyn Inventory) -> Error {
    let there: Vec<String> = found.iter().map(|gpu| format!("{} ({})", gpu.index, gpu.name)).collect();
    let error = Error::environment(format!("there is no GPU {place}"));
    if there.is_empty() {
        return error.hint(why_none(inventory));
    }
    error.hint(format!("there are {}", there.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::inventory::pretended::Pretended;
    use super::*;

    fn request(gpus: &str, share: f64, jobs: usize) -> SlotRequest {
        SlotRequest {
            gpus: gpus.parse().expect("GPUs"),
            gpu_share: share,
            jobs: NonZeroUsize::new(jobs),
            threads: None,
        }
    }

    /// Those on GPUs.
    fn on_gpus(slots: Vec<Slot>) -> Vec<Slot> {
        slots.into_iter().filter(|slot| *slot != Slot::Cpu).collect()
    }

    #[test]
    fn gpus_are_taken_where_there_are_any_with_cores_beside() {
        let none = Pretended::new(&[]);
        assert_eq!(slots(&request("auto", 1.0, 3), &none).expect("cores"), [Slot::Cpu; 3]);
        let eight = Pretended::new(&[1; 8]);
        let taken = slots(&request("auto", 1.0, 0), &eight).expect("GPUs");
        assert!(taken.len() > 8 && taken.contains(&Slot::Cpu) && on_gpus(taken).len() == 8);
        let ten = slots(&request("auto", 1.0, 10), &eight).expect("GPUs");
        assert_eq!((ten.len(), on_gpus(ten).len()), (10, 8), "so many workers at a time, GPUs first");
        assert_eq!(slots(&request("none", 1.0, 2), &eight).expect("cores"), [Slot::Cpu; 2]);
        let wide = SlotRequest { threads: NonZeroUsize::new(1 << 20), ..request("auto", 1.0, 0) };
        let wide = slots(&wide, &eight).expect("GPUs");
        assert_eq!((wide.len(), on_gpus(wide).len()), (9, 8), "wide workers take no GPU away");
        let these = slots(&request("2,0,2", 1.0, 0), &eight).expect("GPUs");
        assert_eq!(on_gpus(these), [Slot::Cuda(0), Slot::Cuda(2)]);
    }

    #[test]
    fn sharers_are_spread_over_the_devices() {
        let two = Pretended::new(&[1; 2]);
        let all = |share, jobs, on: &Pretended| on_gpus(slots(&request("all", share, jobs), on).expect("GPUs"));
        assert_eq!(all(0.5, 0, &two), [0, 1, 0, 1].map(Slot::Cuda));
        assert_eq!(all(0.33, 0, &two).len(), 6);
        assert_eq!(all(0.5, 3, &two), [0, 1, 0].map(Slot::Cuda));
        assert_eq!(all(0.25, 0, &Pretended::new(&[1; 64])).len(), 256);
    }

    #[test]
    fn networks_go_to_gpus_and_all_else_to_cores() {
        let of = |slots: &[Slot]| [Needs::Core, Needs::Gpu].map(|needs| place(slots, needs));
        assert_eq!(of(&[Slot::Cuda(0), Slot::Cpu]), [Needs::Core, Needs::Gpu]);
        assert_eq!(of(&[Slot::Cuda(0)]), [Needs::Gpu; 2]);
        assert_eq!(of(&[Slot::Cpu; 2]), [Needs::Core; 2]);
    }

    #[test]
    fn all_gpus_are_one_at_least() {
        let error = slots(&request("all", 1.0, 0), &Pretended::new(&[])).expect_err("there is none");
        assert_eq!(error.message, "there is no GPU");
        assert!(error.hint.is_some_and(|hint| hint.ends_with("--gpus auto takes cores where there are no GPUs")));
    }

    #[test]
    fn a_gpu_that_is_not_there_is_refused() {
        let error = slots(&request("0,7", 1.0, 0), &Pretended::new(&[5])).expect_err("there is one");
        assert_eq!(error.message, "there is no GPU 7");
        assert_eq!(error.hint.as_deref(), Some("there are 0 (GPU of 5 bytes)"));
        assert!("0,x".parse::<Gpus>().is_err());
    }
}
