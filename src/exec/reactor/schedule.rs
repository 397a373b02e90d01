//! Who starts where: ready trials to idle workers, in cohorts where there is room for them.

use std::time::Duration;

use drr_core::Status;

use super::super::memory_fit::{MemoryFit, Space};
use super::worker::{Worker, WorkerState};
use super::{Action, Mode, Reactor};

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
                    && let Some(job) = self.ready.first().or_else(|| self.alone_in(slot))
                {
                    self.place(slot, job, now, fit, actions);
                }
            }
            let starting = self.workers.iter().filter(|worker| worker.state == WorkerState::Starting).count();
            let is_empty = !self.workers.iter().any(Worker::is_alive);
            let alone = usize::from(is_empty && self.ready.solitary().is_some());
            let mut wanted = (self.ready.beside() + alone).saturating_sub(starting);
            for slot in 0..self.workers.len() {
                if wanted > 0 && self.workers[slot].state == WorkerState::None {
                    self.workers[slot].becomes(WorkerState::Starting, now);
                    actions.push(Action::Spawn(slot));
                    wanted -= 1;
                }
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

    /// Whether a trial runs that is to have the machine for itself.
    fn is_occupied(&self) -> bool {
        self.workers.iter().flat_map(Worker::jobs).any(|&job| self.attempts[job].solitary)
    }

    /// The trial that is to have the machine for itself, if the worker in `slot` is the only one.
    fn alone_in(&self, slot: usize) -> Option<usize> {
        let is_other = |(other, worker): (usize, &Worker)| other != slot && worker.is_alive();
        self.ready.solitary().filter(|_| !self.workers.iter().enumerate().any(is_other))
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
                self.workers[slot].becomes(WorkerState::Gone, now);
                actions.extend([Action::StopWorker(slot), Action::Lost { slot }]);
                if self.workers.iter().all(|worker| worker.state == WorkerState::Gone) {
                    actions.push(Action::GiveUp("every device is gone".to_owned()));
                    self.stop(now, actions);
                }
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
        let slots = self.workers.iter().filter(|worker| worker.state != WorkerState::Gone).count();
        let share = self.ready.in_group(group).div_ceil(slots.max(1));
        self.cohort.unwrap_or(share).min(self.most[group as usize])
    }
}
