//! What the supervisor waits for, by a clock that stands still while this program does, and what signals are answered.

use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Instant;

use signal_hook::consts::SIGINT;

use super::super::notice::{Label, Notice, SlotState};
use super::super::process::WorkerProcess;
use super::super::reactor::Event;
use super::{Input, QUEUE, Supervisor};
use crate::error::Result;

impl Supervisor<'_> {
    /// The next word, or none if patience ends before; by a clock that stands still while this program does.
    pub(super) fn listen(&mut self, receiver: &Receiver<Input>) -> std::result::Result<Input, RecvTimeoutError> {
        let patience = self.clock.wait(self.reactor.wake());
        let input = if !patience.is_zero() {
            receiver.recv_timeout(patience)
        } else if self.backlog > 0 {
            self.backlog -= 1;
            receiver.try_recv().map_err(|none| match none {
                TryRecvError::Empty => RecvTimeoutError::Timeout,
                TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
            })
        } else {
            Err(RecvTimeoutError::Timeout)
        };
        if !self.clock.look(Instant::now()).is_zero() {
            self.backlog = QUEUE;
        }
        input
    }

    /// Workers that somebody suspended cannot speak and do not work; that time is not held against them.
    pub(super) fn forgive_suspended(&mut self) {
        let since = self.clock.now() - self.looked;
        self.looked = self.clock.now();
        for (slot, worker) in self.workers.iter().enumerate() {
            if worker.as_ref().is_some_and(WorkerProcess::is_suspended) {
                self.reactor.forgive(slot, since);
            }
        }
    }

    pub(super) fn on_signal(&mut self, signal: i32) -> Result<()> {
        let event = if signal == SIGINT { Event::Interrupt } else { Event::StopNow };
        let notice = if signal == SIGINT && !self.reactor.is_stopping() {
            Notice::Draining { running: self.reactor.running() }
        } else {
            Notice::Stopping
        };
        self.recorder.tell(&notice);
        self.react(event)
    }

    pub(super) fn tell_state(&mut self) {
        let census = self.reactor.census(self.clock.now());
        let slots = census.slots.into_iter().enumerate().map(|(slot, it)| SlotState {
            place: self.options.slots[slot],
            pid: self.hellos[slot].as_ref().map(|hello| hello.pid),
            worker: it.worker,
            trials: it.jobs.iter().map(|&job| Label::of(&self.plan.tasks[job])).collect(),
            since_s: it.since.as_secs_f64(),
            silent_s: it.silent.as_secs_f64(),
        });
        let (finished, failed) = self.recorder.counts();
        let notice = Notice::State {
            slots: slots.collect(),
            ready: census.ready,
            resting: census.resting,
            waiting: census.waiting,
            finished,
            failed,
            wall_s: self.began.elapsed().as_secs_f64(),
        };
        self.recorder.tell(&notice);
    }
}
