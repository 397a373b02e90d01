//! Devices that fail. After an error of a GPU nothing that the same process asks of it succeeds, so its worker ends by itself;
//! the trials go elsewhere. A device that fails again before it has finished a trial is left alone.

use std::collections::HashMap;
use std::time::Duration;

use super::super::slots::Slot;
use super::worker::WorkerState;
use super::{Action, Loss, Mode, Reactor};

/// Failures in a row, without a finished trial between them, after which a device is left alone.
const MOST: u32 = 2;

/// Failures of each GPU since it last finished a trial.
#[derive(Debug, Default)]
pub(super) struct Strikes(HashMap<u32, u32>);

impl Strikes {
    /// A slot's GPU finished a trial.
    pub fn forget(&mut self, slot: Slot) {
        if let Slot::Cuda(index) = slot {
            self.0.remove(&index);
        }
    }

    /// A GPU failed; whether that was once too often.
    fn count(&mut self, index: u32) -> bool {
        let strikes = self.0.entry(index).or_default();
        *strikes += 1;
        *strikes >= MOST
    }
}

impl Reactor {
    /// The device failed under a trial, which its worker no longer has; it was given with `given` in all.
    pub(super) fn device_failed(
        &mut self,
        slot: usize,
        job: usize,
        given: usize,
        loss: Loss,
        now: Duration,
        actions: &mut Vec<Action>,
    ) {
        self.attempts[job].alone |= given > 1;
        self.attempts[job].lost += u32::from(given == 1);
        if let Slot::Cuda(index) = self.slots[slot] {
            self.attempts[job].avoids = Some(index);
        }
        self.retry(job, loss, now, actions);
        if !self.workers[slot].is_idle() {
            return;
        }
        // All of the cohort have been told of; the worker ends by itself.
        self.workers[slot].becomes(WorkerState::Leaving, now);
        let Slot::Cuda(index) = self.slots[slot] else { return };
        if self.strikes.count(index) {
            for other in
                (0..self.slots.len()).filter(|&other| self.slots[other] == self.slots[slot]).collect::<Vec<_>>()
            {
                // A worker that shares the GPU and still computes may end what it has.
                if !matches!(self.workers[other].state, WorkerState::Busy { .. } | WorkerState::Gone) {
                    actions.push(Action::StopWorker(other));
                    self.close(other, "its GPU failed again and again", now, actions);
                }
            }
        }
    }

    /// Closes a slot for good. Where it was the last of its kind, what needs one will never run: the sweep is over.
    pub(super) fn close(&mut self, slot: usize, why: &'static str, now: Duration, actions: &mut Vec<Action>) {
        self.workers[slot].becomes(WorkerState::Gone, now);
        actions.push(Action::Lost { slot, why });
        let on = self.slots[slot].serves();
        let is_left = (0..self.slots.len()).any(|other| self.slots[other].serves() == on && !self.is_gone(other));
        let is_open = |job: usize| self.jobs[job].needs == on && !self.statuses[job].is_over();
        if !is_left && self.mode == Mode::Running && (0..self.jobs.len()).any(is_open) {
            actions.push(Action::GiveUp(format!("every device is gone; the last slot is closed, for {why}")));
            self.stop(now, actions);
        }
    }
}
