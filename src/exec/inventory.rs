//! What GPUs there are, found through the driver's own library (NVML), which is loaded at run time: where there is no
//! driver there are no GPUs, and that is no error. An interface, so that the scheduler can be tried on any machine.

use std::fmt::Debug;

use super::host_memory::{self, HostMemory, MemoryKills};
use drr_system::nvml::{GpuUnit, NoNvml, Nvml};

/// A GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Its place in PCI order; of a GPU that is divided (MIG) every slice has a place of its own.
    pub index: u32,
    /// The place of the whole GPU, by which CUDA counts.
    pub card: u32,
    /// What it is called.
    pub name: String,
    /// Its own name, the same whatever the order.
    pub uuid: String,
    /// Its memory, bytes.
    pub total: u64,
    /// What of it is free now, bytes.
    pub free: u64,
}

/// What there is to compute with.
pub trait Inventory: Debug + Send + Sync {
    /// The GPUs, in PCI order.
    fn gpus(&self) -> Vec<Gpu>;

    /// What CUDA knows one by: its own name, which is the same whatever hides others; its place where it has none.
    fn cuda_name(&self, index: u32) -> String {
        let own = self.gpus().into_iter().find(|gpu| gpu.index == index).map(|gpu| gpu.uuid);
        own.filter(|uuid| !uuid.is_empty()).unwrap_or_else(|| index.to_string())
    }

    /// The free memory of one, in bytes; `None` when it is not there, or no longer.
    fn free(&self, index: u32) -> Option<u64>;

    /// The driver in words: its version, or why there is none.
    fn driver(&self) -> String;

    /// What is wrong with a driver that is there and cannot be used; `None` where it can, or where there is none.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// The memory that workers on CPU cores can have; `None` where nobody says.
    fn memory(&self) -> Option<HostMemory>;

    /// What was killed for want of it.
    fn memory_kills(&self) -> MemoryKills;
}

/// The machine's own.
pub fn machine() -> impl Inventory {
    let nvml = Nvml::load();
    let units = nvml.as_ref().ok().map(Nvml::units);
    DeviceInventory { nvml, units: units.unwrap_or_else(|| Ok(Vec::new())) }
}

#[derive(Debug)]
struct DeviceInventory {
    nvml: Result<Nvml, NoNvml>,
    /// As they were found at the beginning: places never move.
    units: Result<Vec<GpuUnit>, String>,
}

impl DeviceInventory {
    fn unit(&self, index: u32) -> Option<(&Nvml, GpuUnit)> {
        Some((self.nvml.as_ref().ok()?, *self.units.as_ref().ok()?.get(index as usize)?))
    }

    fn gpu(&self, index: u32) -> Option<Gpu> {
        let (nvml, unit) = self.unit(index)?;
        let memory = nvml.memory(unit).ok()?;
        let name = nvml.name(unit).unwrap_or_else(|_| "a GPU".to_owned());
        Some(Gpu {
            index,
            card: unit.gpu,
            name,
            uuid: nvml.uuid(unit).unwrap_or_default(),
            total: memory.total,
            free: memory.free,
        })
    }
}

impl Inventory for DeviceInventory {
    fn gpus(&self) -> Vec<Gpu> {
        let count = self.units.as_ref().map_or(0, |units| units.len() as u32);
        let gpus: Vec<Gpu> = (0..count).filter_map(|index| self.gpu(index)).collect();
        visible(gpus, std::env::var("CUDA_VISIBLE_DEVICES").ok().as_deref())
    }

    fn free(&self, index: u32) -> Option<u64> {
        self.gpu(index).map(|gpu| gpu.free)
    }

    fn trouble(&self) -> Option<String> {
        match &self.nvml {
            Ok(_) => self.units.as_ref().err().cloned(),
            Err(NoNvml::Broken(why)) => Some(why.clone()),
            Err(NoNvml::NotThere(_)) => None,
        }
    }

    fn driver(&self) -> String {
        match &self.nvml {
            Ok(nvml) => nvml.driver().map_or_else(|error| error, |it| format!("NVIDIA {it}")),
            Err(NoNvml::NotThere(why)) => format!("no NVIDIA driver ({why})"),
            Err(NoNvml::Broken(why)) => format!("an NVIDIA driver that does not work ({why})"),
        }
    }

    fn memory(&self) -> Option<HostMemory> {
        host_memory::available()
    }

    fn memory_kills(&self) -> MemoryKills {
        host_memory::kills()
    }
}

/// What a user, or a batch system, left visible: places of whole GPUs, of which one that is divided stands for its first slice, or
/// the beginnings of names, separated by commas; all if nothing is said. As CUDA reads it, the list ends before the first entry that means nothing, such as -1.
fn visible(gpus: Vec<Gpu>, allowed: Option<&str>) -> Vec<Gpu> {
    let Some(allowed) = allowed else { return gpus };
    let of = |name: &str| {
        let is_name = name.starts_with("GPU-") || name.starts_with("MIG-");
        gpus.iter().position(|gpu| name.parse() == Ok(gpu.card) || is_name && gpu.uuid.starts_with(name))
    };
    let mut meant: Vec<usize> = allowed.split(',').map_while(|name| of(name.trim())).collect();
    meant.sort_unstable();
    meant.dedup();
    meant.into_iter().map(|at| gpus[at].clone()).collect()
}

#[cfg(test)]
pub(super) mod pretended {
    use std::sync::Mutex;

    use super::super::host_memory::MemoryLimit;
    use super::*;

    /// GPUs that are not there.
    #[derive(Debug)]
    pub struct Pretended {
        gpus: Mutex<Vec<Option<Gpu>>>,
        memory: Option<HostMemory>,
    }

    impl Pretended {
        /// One GPU a size, in bytes, all of it free.
        pub fn new(sizes: &[u64]) -> Self {
            let gpu = |(index, &size): (usize, &u64)| {
                let (index, name) = (index as u32, format!("GPU of {size} bytes"));
                Some(Gpu { uuid: format!("GPU-{index}"), index, card: index, name, total: size, free: size })
            };
            Self { gpus: Mutex::new(sizes.iter().enumerate().map(gpu).collect()), memory: None }
        }

        /// No GPU, and so much memory, in bytes.
        pub fn host(available: u64) -> Self {
            Self { memory: Some(HostMemory { available, limit: MemoryLimit::Machine }), ..Self::new(&[]) }
        }

        /// Others leave so much of one free.
        pub fn leave_free(&self, index: u32, free: u64) {
            if let Some(gpu) = &mut self.gpus.lock().expect("nobody panicked")[index as usize] {
                gpu.free = free;
            }
        }

        /// One falls off the bus.
        pub fn vanish(&self, index: u32) {
            self.gpus.lock().expect("nobody panicked")[index as usize] = None;
        }
    }

    impl Inventory for Pretended {
        fn gpus(&self) -> Vec<Gpu> {
            self.gpus.lock().expect("nobody panicked").iter().flatten().cloned().collect()
        }

        fn free(&self, index: u32) -> Option<u64> {
            self.gpus.lock().expect("nobody panicked").get(index as usize)?.as_ref().map(|gpu| gpu.free)
        }

        fn driver(&self) -> String {
            "pretended".to_owned()
        }

        fn memory(&self) -> Option<HostMemory> {
            self.memory
        }

        fn memory_kills(&self) -> MemoryKills {
            MemoryKills::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pretended::Pretended;
    use super::*;

    #[test]
    fn only_what_is_visible_counts() {
        let gpus = || Pretended::new(&[1, 1, 1]).gpus();
        let indices = |allowed| visible(gpus(), allowed).iter().map(|gpu| gpu.index).collect::<Vec<_>>();
        assert_eq!(indices(None), [0, 1, 2]);
        assert_eq!(indices(Some("")), [0; 0]);
        assert_eq!(indices(Some("2, 0")), [0, 2]);
        assert_eq!(indices(Some("GPU-1")), [1]);
        assert_eq!(indices(Some("1,-1,2")), [1], "the list ends where it means nothing");
        assert_eq!(indices(Some("NoDevFiles")), [0; 0]);
        let slice = Gpu { uuid: "MIG-7a".to_owned(), ..gpus()[1].clone() };
        assert_eq!(visible(vec![slice], Some("MIG-7a")).len(), 1);
        // One GPU in two slices, and a whole one behind it: CUDA counts the whole ones.
        let cards = [(0, 0), (1, 0), (2, 1)].map(|(index, card)| Gpu { index, card, ..gpus()[0].clone() });
        let of = |list| visible(cards.to_vec(), Some(list)).iter().map(|gpu| gpu.index).collect::<Vec<_>>();
        assert_eq!((of("1"), of("0")), (vec![2], vec![0]));
    }

    #[test]
    fn a_machine_without_a_driver_has_no_gpus_and_says_why() {
        let machine = machine();
        if machine.gpus().is_empty() {
            assert_eq!(machine.free(0), None);
        }
        assert!(!machine.driver().is_empty());
    }
}
