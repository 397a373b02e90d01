//! Who starts where: ready trials to idle workers, in cohorts where there is room for them.

use std::time::Duration;

use drr_core::Status;

use super::super::memory_fit::{MemoryFit, Space};
use super::super::slots::Slot;
use super::worker::{Worker, WorkerState};
use super::{Action, Mode, Reactor};
use crate::plan::Needs;

/// How long until a slot without room is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

impl Reactor {
    pub(super) fn make_ready(&mut self, job: usize) {
        let finished = |above: &usize| self.statuses[*above] == Status::Finished;
        if self.statuses[job] == Status::Pending && self.jobs[job].upstream.iter().all(finished) {
            self.set(job, Status::Queued);
            let it = &self.jobs[job];
            if self.attempts[job].solitary {
                return self.ready.add_solitary(job, it);
            }
            let group = it.group.filter(|_| !self.attempts[job].alone);
            self.ready.add(job, it, group);
        }
    }

    pub(super) fn schedule(&mut self, now: Duration, fit: &dyn MemoryFit, actions: &mut Vec<Action>) {
        let is_occupied = self.is_occupied();
        if self.mode == Mode::Running && !is_occupied {
            for slot in 0..self.workers.len() {
                if self.workers[slot].may_start(now)
                    && let Some(job) = self.next_in(slot).or_else(|| self.alone_in(slot))
                {
                    self.place(slot, job, now, fit, actions);
                }
            }
            for on in [Needs::Core, Needs::Gpu] {
                self.start_workers(on, now, actions);
            }
        }
        // Whoever waits for the machine to be empty waits for those with nothing to do as well.
        let is_waited_for = self.ready.solitary().is_some() || self.is_occupied();
        let more_to_come = (self.waiting > 0 || self.ready.any()) && !is_waited_for;
        for slot in 0..self.workers.len() {
            let stays = self.mode == Mode::Running && (more_to_come || self.alone_in(slot).is_some());
            if self.workers[slot].is_idle() && !stays {
                self.workers[slot].becomes(WorkerState::Leaving, now);
                actions.push(Action::StopWorker(slot));
            }
        }
    }

    /// Starts as many workers as there are trials for them.
    fn start_workers(&mut self, on: Needs, now: Duration, actions: &mut Vec<Action>) {
        let is_there = |slot: usize| self.slots[slot].serves() == on;
        let is_starting = |slot: &usize| self.workers[*slot].state == WorkerState::Starting && is_there(*slot);
        let starting = (0..self.workers.len()).filter(is_starting).count();
        let is_empty = !self.workers.iter().any(Worker::is_alive);
        let alone = self.ready.solitary().filter(|&job| is_empty && self.jobs[job].needs == on);
        let wanted = (self.ready.beside(on) + usize::from(alone.is_some())).saturating_sub(starting);
        let is_free = |slot: &usize| self.workers[*slot].state == WorkerState::None && is_there(*slot);
        for slot in (0..self.workers.len()).filter(is_free).take(wanted).collect::<Vec<_>>() {
            self.workers[slot].becomes(WorkerState::Starting, now);
            actions.push(Action::Spawn(slot));
        }
    }

    /// The trial for a slot: one whose last attempt failed on this GPU waits for another, as long as there is one that
    /// has room.
    fn next_in(&self, slot: usize) -> Option<usize> {
        let Slot::Cuda(device) = self.slots[slot] else { return self.ready.first(Needs::Core, |_| true) };
        let is_other = |other: usize| {
            matches!(self.slots[other], Slot::Cuda(index) if index != device)
                && !self.is_gone(other)
                && !self.workers[other].is_crowded()
        };
        let is_only = !(0..self.slots.len()).any(is_other);
        self.ready.first(Needs::Gpu, |job| is_only || self.attempts[job].avoids != Some(device))
    }

    /// Whether a slot is closed for good.
    pub(super) fn is_gone(&self, slot: usize) -> bool {
        self.workers[slot].state == WorkerState::Gone
    }

    /// Whether a trial runs that is to have the machine for itself.
    fn is_occupied(&self) -> bool {
        self.workers.iter().flat_map(Worker::jobs).any(|&job| self.attempts[job].solitary)
    }

    /// The trial that is to have the machine for itself, if the worker in `slot` is the only one.
    fn alone_in(&self, slot: usize) -> Option<usize> {
        let is_other = |(other, worker): (usize, &Worker)| other != slot && worker.is_alive();
        let is_here = |job: &usize| self.jobs[*job].needs == self.slots[slot].serves();
        self.ready.solitary().filter(is_here).filter(|_| !self.workers.iter().enumerate().any(is_other))
    }

    /// Gives the worker in `slot` the job, and others to train with it where there is room.
    pub(super) fn place(
        &mut self,
        slot: usize,
        job: usize,
        now: Duration,
        fit: &dyn MemoryFit,
        actions: &mut Vec<Action>,
    ) {
        let is_busy = |slot: &usize| matches!(self.workers[*slot].state, WorkerState::Busy { .. });
        let busy: Vec<usize> = (0..self.workers.len()).filter(is_busy).collect();
        match fit.space(slot, job, &busy) {
            Space::Full => {
                if self.workers[slot].is_full(now + LOOK_AGAIN) {
                    actions.push(Action::NoRoom { slot });
                }
            }
            Space::Gone => {
                actions.push(Action::StopWorker(slot));
                self.close(slot, "its GPU is not there any more", now, actions);
            }
            Space::Trials(fit) => {
                let most = self.cohort_size(job).min(fit).max(1);
                let jobs = self.ready.take(job, &self.jobs[job], most);
                jobs.iter().for_each(|&job| self.set(job, Status::Running));
                self.workers[slot].becomes(WorkerState::Busy { given: jobs.len(), jobs: jobs.clone() }, now);
                actions.push(Action::Send { slot, jobs });
            }
        }
    }

    /// How many trials to train together with `job`: as asked for, else its group's share of every slot.
    pub(super) fn cohort_size(&self, job: usize) -> usize {
        let Some(group) = self.jobs[job].group.filter(|_| !self.attempts[job].alone) else { return 1 };
        let is_there = |slot: &usize| !self.is_gone(*slot) && self.slots[*slot].serves() == self.jobs[job].needs;
        let slots = (0..self.slots.len()).filter(is_there).count();
        let share = self.ready.in_group(group).div_ceil(slots.max(1));
        self.cohort.unwrap_or(share).min(self.most[group as usize])
    }
}
