//! How many workers the machine's memory is enough for. Counted from what was free at the beginning and what each trial is
//! expected to take, so that the answer is the same however quickly a worker comes to its peak.

use std::path::Path;

use serde::Serialize;

use super::host_memory::HostMemory;
use super::inventory::Inventory;
use super::slots::Slot;
use crate::plan::{HostBytes, Plan, host_needs};

/// What is left to others and to what estimates forget: one byte in so many.
const SPARE: u64 = 10;

/// What a plan's trials take, and what there is.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    /// By the plan's tasks.
    needs: Vec<HostBytes>,
    /// The least and the most that a trial to run takes.
    range: Option<(u64, u64)>,
    memory: Option<HostMemory>,
}

/// A budget in numbers, for people and programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MemoryFigures {
    /// What one worker may take, bytes.
    pub worker_bytes: u64,
    /// What there is.
    #[serde(flatten)]
    pub memory: HostMemory,
    /// How many such workers fit; one at least, or nothing would run.
    pub workers: u64,
}

impl MemoryFigures {
    /// What `worker_bytes` each make of the memory there is.
    pub fn new(memory: HostMemory, worker_bytes: u64) -> Self {
        Self { worker_bytes, memory, workers: (usable(memory) / worker_bytes.max(1)).max(1) }
    }
}

impl std::fmt::Display for MemoryFigures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
        let (each, has, free) = (gib(self.worker_bytes), self.memory.limit.words(), gib(self.memory.available));
        let workers = if self.workers == 1 { "1 worker".to_owned() } else { format!("{} workers", self.workers) };
        write!(f, "a worker may take {each:.1} GiB, {has} {free:.1} GiB: enough for {workers} at a time")
    }
}

impl MemoryBudget {
    /// The budget of a plan's trials on this machine.
    pub fn new(plan: &Plan, data: &Path, inventory: &dyn Inventory) -> Self {
        let needs = host_needs(plan, data);
        let open = plan.tasks.iter().zip(&needs).filter(|(task, _)| task.is_open());
        let peaks: Vec<u64> = open.map(|(_, need)| need.peak).collect();
        let range = peaks.iter().min().copied().zip(peaks.iter().max().copied());
        Self { needs, range, memory: inventory.memory() }
    }

    /// What there is beside the largest trial to run; nothing where either is not known.
    pub fn figures(&self) -> Option<MemoryFigures> {
        let (memory, (_, worker_bytes)) = (self.memory?, self.range?);
        Some(MemoryFigures::new(memory, worker_bytes))
    }

    /// As many of the CPU's slots as the smallest trial leaves room for; larger ones wait for each other.
    pub fn keep_fitting(&self, slots: &mut Vec<Slot>) {
        let Some((memory, (least, _))) = self.memory.zip(self.range) else { return };
        let mut left = MemoryFigures::new(memory, least).workers;
        slots.retain(|slot| {
            let stays = *slot != Slot::Cpu || left > 0;
            left = left.saturating_sub(1);
            stays
        });
    }

    /// How many trials like `job` the machine's memory is enough for in one worker; one at least.
    pub(super) fn together(&self, job: usize) -> u64 {
        let Some(memory) = self.memory else { return u64::MAX };
        let HostBytes { peak, own, .. } = self.needs[job];
        1 + usable(memory).saturating_sub(peak) / own.max(1)
    }

    /// Whether a worker may begin with a job while others, busy with theirs or at rest after them, hold what they hold.
    pub(super) fn fits(&self, job: usize, busy: &[usize], resting: &[usize]) -> bool {
        let Some(memory) = self.memory else { return true };
        let held = busy.iter().map(|&other| self.needs[other].peak).sum::<u64>()
            + resting.iter().map(|&other| self.needs[other].rest).sum::<u64>();
        // Somebody has to go on, whatever is estimated.
        busy.is_empty() || held + self.needs[job].peak <= usable(memory)
    }
}

fn usable(memory: HostMemory) -> u64 {
    memory.available - memory.available / SPARE
}
