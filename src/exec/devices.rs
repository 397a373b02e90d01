//! The room in each slot, from what devices have free just now.

use std::collections::HashMap;

use super::inventory::Inventory;
use super::memory_budget::MemoryBudget;
use super::memory_fit::{MemoryFit, Space};
use super::slots::Slot;
use crate::plan::DeviceNeeds;

/// What is left free on a device, for others and for what estimates forget: one byte in so many.
const SPARE: u64 = 10;

/// Asks devices, and remembers what the workers in the slots hold.
#[derive(Debug)]
pub(super) struct Devices<'a> {
    slots: &'a [Slot],
    /// Most trials together on a CPU core.
    on_cpu: usize,
    inventory: &'a dyn Inventory,
    /// Memory of each GPU, bytes.
    totals: HashMap<u32, u64>,
    /// What each job takes; nothing where there are no GPUs.
    needs: Vec<DeviceNeeds>,
    /// What the worker in each slot was last given, bytes: libtorch keeps it for the next cohort.
    held: Vec<u64>,
    /// The job that the worker in each slot had last.
    last: Vec<Option<usize>>,
    budget: MemoryBudget,
}

impl<'a> Devices<'a> {
    /// The room for jobs that take `needs` of a GPU, none where there is none. On a CPU core trials run alone unless cohorts were asked for: they gain nothing
    /// there by running together.
    pub fn new(
        needs: Vec<DeviceNeeds>,
        slots: &'a [Slot],
        inventory: &'a dyn Inventory,
        budget: MemoryBudget,
        asked: bool,
    ) -> Self {
        let gpus = if needs.is_empty() { Vec::new() } else { inventory.gpus() };
        Self {
            totals: gpus.into_iter().map(|gpu| (gpu.index, gpu.total)).collect(),
            needs,
            held: vec![0; slots.len()],
            last: vec![None; slots.len()],
            budget,
            on_cpu: if asked { usize::MAX } else { 1 },
            slots,
            inventory,
        }
    }

    /// The worker in a slot was given these jobs.
    pub fn placed(&mut self, slot: usize, jobs: &[usize]) {
        let bytes = jobs.first().and_then(|&job| self.needs.get(job)).map_or(0, |need| need.of(jobs.len()));
        self.held[slot] = self.held[slot].max(bytes);
        self.last[slot] = jobs.first().copied();
    }

    /// The worker in a slot ended.
    pub fn released(&mut self, slot: usize) {
        self.held[slot] = 0;
        self.last[slot] = None;
    }
}

impl Devices<'_> {
    /// The room in a slot on a CPU core: that of the machine, beside the workers in other slots.
    fn on_cores(&self, slot: usize, job: usize, busy: &[usize]) -> Space {
        let others = (0..self.slots.len()).filter(|other| *other != slot);
        let (mut at_work, mut at_rest) = (Vec::new(), Vec::new());
        for other in others {
            let held = if busy.contains(&other) { &mut at_work } else { &mut at_rest };
            held.extend(self.last[other]);
        }
        if self.budget.fits(job, &at_work, &at_rest) { Space::Trials(self.on_cpu) } else { Space::Full }
    }
}

impl MemoryFit for Devices<'_> {
    fn space(&self, slot: usize, job: usize, busy: &[usize]) -> Space {
        let Slot::Cuda(index) = self.slots[slot] else { return self.on_cores(slot, job, busy) };
        let (Some(free), Some(&total)) = (self.inventory.free(index), self.totals.get(&index)) else {
            return Space::Gone;
        };
        let sharers = self.slots.iter().filter(|other| **other == self.slots[slot]).count() as u64;
        let usable = (total / sharers).min(free + self.held[slot]);
        let fitting = |bytes: u64| self.needs[job].fitting(bytes - bytes / SPARE);
        let trials = fitting(usable).min(self.budget.together(job));
        match usize::try_from(trials).unwrap_or(usize::MAX) {
            // What never fits by the estimate is tried all the same: it may, and if it does not that is said.
            0 if fitting(total / sharers) == 0 => Space::Trials(1),
            0 => Space::Full,
            trials => Space::Trials(trials),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use drr_kinds::Stage;

    use super::super::inventory::pretended::Pretended;
    use super::super::jobs::jobs;
    use super::super::reactor::{Action, Event, Reactor};
    use super::super::rules::Rules;
    use super::super::slots::{Gpus, SlotRequest, slots};
    use super::*;
    use crate::plan::{FailedBefore, Plan, Sizes, device_needs};
    use crate::sweep::{ByName, Request, Source, expand, parse};
    use std::collections::BTreeMap;
    use std::time::Duration;

    /// One PMF, 300 recommenders on it and their evaluations.
    fn plan() -> Plan {
        let taus: Vec<String> = (1..=300).map(|n| format!("{}", f64::from(n) / 1000.0)).collect();
        let text = format!(
            "dataset = \"ml-100k\"\nseeds = 1\nbaselines = []\n[drr]\nactor_hidden = [[]]\n\
                    critic_hidden = [[]]\ntau = [{}]",
            taus.join(", ")
        );
        let source = Source::new("a.toml", &text);
        let file = parse(&source, Path::new("."), &Request::default(), &mut ByName).expect("whole");
        let runs = tempfile::tempdir().expect("a folder");
        Plan::new(&expand(&file, &mut ByName).expect("expands"), runs.path(), &Sizes::of_recipes(), FailedBefore::Skip)
    }

    fn needs(plan: &Plan) -> Vec<DeviceNeeds> {
        device_needs(plan, Path::new("/nonexistent"))
    }

    fn budget(plan: &Plan, inventory: &Pretended) -> MemoryBudget {
        MemoryBudget::new(plan, Path::new("/nonexistent"), inventory)
    }

    /// Runs a plan on pretended GPUs whose workers finish all they are given, turn by turn; the cohorts of recommenders
    /// each GPU got in its first turn. `event` may change the world before a turn.
    fn first_turn(
        plan: &Plan,
        gpus: &Pretended,
        share: f64,
        mut event: impl FnMut(u32),
    ) -> (BTreeMap<u32, Vec<usize>>, usize) {
        let request = SlotRequest { gpus: Gpus::All, gpu_share: share, jobs: None, threads: None };
        let slots = slots(&request, gpus).expect("GPUs");
        let mut room = Devices::new(needs(plan), &slots, gpus, budget(plan, gpus), false);
        let mut reactor = Reactor::new(jobs(plan, &slots, &needs(plan)), &slots, Rules::default(), None);
        let now = Duration::ZERO;
        let (mut turn, mut finished) = (0, 0);
        let mut first: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut actions = reactor.start(now, &room);
        while !reactor.is_done() {
            event(turn);
            turn += 1;
            assert!(turn < 1000, "it comes to an end");
            let mut next = Vec::new();
            for action in actions {
                let events: Vec<Event> = match action {
                    Action::Spawn(slot) => vec![Event::WorkerReady { slot }],
                    Action::StopWorker(slot) => {
                        room.released(slot);
                        vec![Event::WorkerExited { slot, loss: Default::default(), finished: Vec::new() }]
                    }
                    Action::Send { slot, jobs } => {
                        room.placed(slot, &jobs);
                        let is_network = plan.tasks[jobs[0]].stage != Stage::named("pmf");
                        match slots[slot] {
                            Slot::Cuda(index) if plan.tasks[jobs[0]].stage == Stage::named("drr") => {
                                first.entry(index).or_default().push(jobs.len());
                            }
                            place => assert_eq!(is_network, place != Slot::Cpu, "networks alone are on GPUs"),
                        }
                        finished += jobs.len();
                        jobs.into_iter().map(|job| Event::Finished { slot, job }).collect()
                    }
                    _ => Vec::new(),
                };
                for event in events {
                    next.extend(reactor.on(now, event, &room));
                }
            }
            actions = next;
        }
        (first, finished)
    }

    const GIB: u64 = 1 << 30;

    #[test]
    fn one_gpu_takes_all_it_can_hold_and_eight_share_the_work() {
        let plan = plan();
        let (cohorts, finished) = first_turn(&plan, &Pretended::new(&[80 * GIB]), 1.0, |_| {});
        assert_eq!((cohorts[&0].as_slice(), finished), (&[300][..], 601));
        let (cohorts, _) = first_turn(&plan, &Pretended::new(&[80 * GIB; 8]), 1.0, |_| {});
        assert_eq!(cohorts.len(), 8, "every GPU is busy");
        assert!(cohorts.values().all(|sizes| sizes[0] <= 38), "{cohorts:?}");
        let (cohorts, finished) = first_turn(&plan, &Pretended::new(&[80 * GIB; 64]), 1.0, |_| {});
        assert_eq!((cohorts.len(), finished), (64, 601));
    }

    #[test]
    fn a_small_gpu_gets_smaller_cohorts_and_sharers_their_part() {
        let plan = plan();
        let (cohorts, finished) = first_turn(&plan, &Pretended::new(&[2 * GIB, 80 * GIB]), 1.0, |_| {});
        assert_eq!(finished, 601);
        let largest = |index| cohorts[&index].iter().max().copied().unwrap_or(0);
        assert!(largest(0) < 75 && largest(1) > 100, "{cohorts:?}");
        let (cohorts, finished) = first_turn(&plan, &Pretended::new(&[6 * GIB]), 0.5, |_| {});
        assert_eq!(finished, 601);
        let most = needs(&plan)[1].fitting(3 * GIB);
        assert!(cohorts[&0].iter().all(|&size| size as u64 <= most), "{cohorts:?}, at most {most}");
    }

    #[test]
    fn workers_on_cores_share_the_machines_memory() {
        let plan = plan();
        // Of a dataset that is not here the program alone is counted, a quarter of a GiB, and a factorisation's vectors.
        let host = Pretended::host(GIB);
        let budget_of = |inventory: &Pretended| budget(&plan, inventory);
        let mut slots = vec![Slot::Cpu; 16];
        budget_of(&host).keep_fitting(&mut slots);
        assert_eq!(slots.len(), 3, "a tenth is left free");
        let room = |inventory: &Pretended, busy: &[usize]| {
            let four = [Slot::Cpu; 4];
            let mut room = Devices::new(needs(&plan), &four, inventory, budget_of(inventory), false);
            (1..4).for_each(|slot| room.placed(slot, &[0]));
            room.space(0, 0, busy)
        };
        assert_eq!(room(&host, &[1, 2]), Space::Full, "two at work, one at rest");
        assert_eq!(room(&host, &[]), Space::Trials(1), "somebody goes on");
        assert_eq!(room(&Pretended::host(2 * GIB), &[1, 2]), Space::Trials(1));
        assert_eq!(
            room(&Pretended::new(&[]), &[1, 2, 3]),
            Space::Trials(1),
            "where nothing is known nothing is held back"
        );
    }

    #[test]
    fn memory_others_use_is_not_counted_on_and_a_lost_gpu_loses_no_trial() {
        let plan = plan();
        let gpus = Pretended::new(&[80 * GIB, 80 * GIB]);
        gpus.leave_free(0, GIB / 2);
        let slots = [Slot::Cuda(0), Slot::Cuda(1)];
        let mut room = Devices::new(needs(&plan), &slots, &gpus, budget(&plan, &gpus), false);
        assert_eq!(room.space(0, 1, &[]), Space::Full);
        assert!(matches!(room.space(1, 1, &[]), Space::Trials(many) if many > 1000));
        room.placed(0, &[1; 40]);
        assert!(matches!(room.space(0, 1, &[]), Space::Trials(_)), "what its own worker holds can be used again");
        gpus.leave_free(0, 80 * GIB);
        let (cohorts, finished) = first_turn(&plan, &gpus, 1.0, |turn| {
            if turn == 1 {
                gpus.vanish(0);
            }
        });
        assert_eq!((cohorts.len(), finished), (1, 601), "the other one does it all");
    }
}
