//! Carries out what the reactor decides: starts and ends workers, hands out trials, records what becomes of them. All
//! state lives in this one thread; reader threads feed it through a bounded channel, so a worker that floods its
//! output is slowed, not buffered.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use drr_core::protocol::{Assignment, FailureKind, FromWorker, Hello, ToWorker, VERSION};
use drr_core::trial_dir::{TrialDir, write_whole};
use drr_core::{TrialId, train_digest};
use nix::sys::signal::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::event::{Event, Observer};
use super::process::{Said, Worker};
use super::provenance::Provenance;
use super::reactor::{Action, Happened, Job, Reactor, Start};
use super::recorder::{Outcome, Recorder};
use super::slots::Slot;
use crate::error::{Error, Result};
use crate::plan::{Plan, State, clear_failure};
use crate::store::Store;

/// Messages on their way from all workers together.
const QUEUE: usize = 256;

/// From SIGTERM to SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// Where a plan runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The runs folder.
    pub runs: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// The worker's program.
    pub worker: PathBuf,
    /// Where workers may run.
    pub slots: Vec<Slot>,
    /// How often a lost attempt is repeated.
    pub retries: u32,
}

enum Input {
    Worker(usize, Said),
    Signal(i32),
}

/// Runs what a plan has to run and records it.
///
/// # Errors
/// No worker can be had, or the disk or the database fails. Finished trials are safe in any case.
pub fn execute(plan: &Plan, options: &Options, store: &mut Store, observer: &mut dyn Observer) -> Result<Outcome> {
    let (sender, receiver) = sync_channel(QUEUE);
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Error::environment(format!("cannot listen for signals: {error}")))?;
    let handle = signals.handle();
    let to_supervisor = sender.clone();
    let listener = thread::spawn(move || {
        for signal in &mut signals {
            if to_supervisor.send(Input::Signal(signal)).is_err() {
                return;
            }
        }
    });
    let outcome = Supervisor::new(plan, options, store, observer, sender).run(&receiver);
    handle.close();
    drop(receiver);
    let _ = listener.join();
    outcome
}

struct Supervisor<'a> {
    plan: &'a Plan,
    options: &'a Options,
    recorder: Recorder<'a>,
    sender: SyncSender<Input>,
    reactor: Reactor,
    workers: Vec<Option<Worker>>,
    hellos: Vec<Option<Hello>>,
    /// When a worker that was asked to end is killed.
    deadlines: Vec<Option<Instant>>,
    positions: HashMap<TrialId, usize>,
    provenance: Provenance,
    give_up: Option<Error>,
}

impl<'a> Supervisor<'a> {
    fn new(
        plan: &'a Plan,
        options: &'a Options,
        store: &'a mut Store,
        observer: &'a mut dyn Observer,
        sender: SyncSender<Input>,
    ) -> Self {
        let jobs = plan.tasks.iter().map(|task| Job {
            short: task.trial.id.short(),
            stage: task.stage,
            cost: task.cost,
            upstream: task.upstream.clone(),
            start: match task.state {
                State::Found => Start::Finished,
                State::ToRun => Start::ToRun,
                State::Skipped(_) => Start::LeftOut,
            },
        });
        let slots = options.slots.len();
        Self {
            reactor: Reactor::new(jobs.collect(), slots, options.retries),
            workers: (0..slots).map(|_| None).collect(),
            hellos: vec![None; slots],
            deadlines: vec![None; slots],
            positions: plan.tasks.iter().enumerate().map(|(i, task)| (task.trial.id, i)).collect(),
            provenance: Provenance::gather(&options.worker, &options.runs, &options.data),
            give_up: None,
            plan,
            options,
            recorder: Recorder::new(plan, &options.runs, store, observer),
            sender,
        }
    }

    fn run(mut self, receiver: &Receiver<Input>) -> Result<Outcome> {
        let began = Instant::now();
        let open = self.plan.tasks.iter().filter(|task| task.state == State::ToRun);
        let expected_s = open.map(|task| task.cost).sum();
        self.recorder.tell(&Event::SweepStarted {
            sweep: self.plan.sweep.clone(),
            found: self.plan.tasks.iter().filter(|task| task.state == State::Found).count(),
            to_run: self.plan.to_run(),
            slots: self.options.slots.clone(),
            expected_s,
        });
        let first = self.reactor.start();
        self.carry_out(first)?;
        while !self.reactor.is_done() {
            let input = match self.deadlines.iter().flatten().min() {
                None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(deadline) => receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())),
            };
            match input {
                Ok(Input::Worker(slot, said)) => self.on_worker(slot, said)?,
                Ok(Input::Signal(signal)) => self.on_signal(signal)?,
                Err(_) => self.kill_overdue(),
            }
        }
        let outcome = self.recorder.end(self.reactor.is_stopping(), began.elapsed());
        match self.give_up.take() {
            Some(error) => Err(error),
            None => Ok(outcome),
        }
    }

    fn on_signal(&mut self, signal: i32) -> Result<()> {
        let happened = if signal == SIGINT { Happened::Interrupt } else { Happened::StopNow };
        let event = if signal == SIGINT && !self.reactor.is_stopping() {
            Event::Draining { running: self.reactor.running() }
        } else {
            Event::Stopping
        };
        self.recorder.tell(&event);
        self.happened(happened)
    }

    fn on_worker(&mut self, slot: usize, said: Said) -> Result<()> {
        match said {
            Said::Message(message) => self.on_message(slot, message),
            Said::Garbage(line) if self.hellos[slot].is_none() && line.contains("\"ready\"") => {
                // It speaks JSON and introduces itself, but not in this version's words.
                self.unfit("the worker speaks another version of the protocol".to_owned())
            }
            Said::Garbage(line) => {
                if let Some(worker) = &self.workers[slot] {
                    worker.note(&line);
                }
                Ok(())
            }
            Said::Ended => {
                self.deadlines[slot] = None;
                self.hellos[slot] = None;
                let how = self.workers[slot].take().map_or_else(String::new, Worker::reap);
                tracing::debug!(slot, how, "worker ended");
                self.happened(Happened::WorkerExited { slot, how })
            }
        }
    }

    fn on_message(&mut self, slot: usize, message: FromWorker) -> Result<()> {
        match message {
            FromWorker::Ready(hello) => {
                if hello.protocol != VERSION || hello.train_digest != train_digest() {
                    return self.unfit("the worker was built from other sources than this program".to_owned());
                }
                let environment = hello.environment.clone();
                self.recorder.tell(&Event::WorkerReady { slot, pid: hello.pid, environment });
                self.hellos[slot] = Some(hello);
                self.happened(Happened::WorkerReady { slot })
            }
            FromWorker::Started { trial } => self.about(slot, trial, |slot, job| Happened::Started { slot, job }),
            FromWorker::Metrics { trial, points } => {
                self.recorder.tell(&Event::TrialMetrics { trial, slot, points });
                Ok(())
            }
            FromWorker::Progress { trial, done, total } => {
                self.recorder.tell(&Event::TrialProgress { trial, slot, done, total });
                Ok(())
            }
            FromWorker::Finished { trial } if !self.folder(trial).is_complete() => {
                let message = "the worker says it finished, but there is no result.json".to_owned();
                let kind = FailureKind::Environment;
                self.about(slot, trial, |slot, job| Happened::Failed { slot, job, kind, message })
            }
            FromWorker::Finished { trial } => self.about(slot, trial, |slot, job| Happened::Finished { slot, job }),
            FromWorker::Failed { trial, kind, message } => {
                self.about(slot, trial, |slot, job| Happened::Failed { slot, job, kind, message })
            }
        }
    }

    fn about(&mut self, slot: usize, trial: TrialId, happened: impl FnOnce(usize, usize) -> Happened) -> Result<()> {
        match self.positions.get(&trial) {
            Some(&job) => self.happened(happened(slot, job)),
            None => {
                self.kill(slot);
                Ok(())
            }
        }
    }

    fn unfit(&mut self, message: String) -> Result<()> {
        let error = Error::environment(message).hint("build both anew with `cargo build --workspace`");
        self.give_up.get_or_insert(error);
        self.happened(Happened::StopNow)
    }

    fn happened(&mut self, happened: Happened) -> Result<()> {
        let actions = self.reactor.on(happened);
        self.carry_out(actions)
    }

    fn carry_out(&mut self, actions: Vec<Action>) -> Result<()> {
        for action in actions {
            match action {
                Action::Spawn(slot) => self.spawn(slot)?,
                Action::Send { slot, jobs } => self.send(slot, &jobs)?,
                Action::StopWorker(slot) => {
                    if let Some(worker) = &mut self.workers[slot] {
                        worker.leave();
                    }
                }
                Action::Kill(slot) => self.kill(slot),
                Action::Record(job, verdict) => self.recorder.take(job, verdict)?,
                Action::GiveUp(why) => {
                    let error = Error::environment(format!("no worker can be started: {why}"))
                        .hint(format!("try it by hand: {}", self.options.worker.display()));
                    self.give_up.get_or_insert(error);
                }
            }
        }
        Ok(())
    }

    fn spawn(&mut self, slot: usize) -> Result<()> {
        let place = self.options.slots[slot];
        let wrap = move |said| Input::Worker(slot, said);
        match Worker::spawn(&self.options.worker, place, self.sender.clone(), wrap) {
            Ok(worker) => {
                tracing::debug!(slot, "worker started");
                self.workers[slot] = Some(worker);
                Ok(())
            }
            Err(error) => self.happened(Happened::SpawnFailed { slot, why: error.to_string() }),
        }
    }

    fn send(&mut self, slot: usize, jobs: &[usize]) -> Result<()> {
        let hello = self.hellos[slot].clone().expect("a trial is handed out after the handshake");
        let mut trials = Vec::with_capacity(jobs.len());
        for &job in jobs {
            let trial = &self.plan.tasks[job].trial;
            let folder = self.folder(trial.id);
            let provenance = self.provenance.record(&hello, &trial.spec);
            std::fs::create_dir_all(folder.path())
                .and_then(|()| clear_failure(&folder))
                .and_then(|()| write_whole(&folder.provenance(), &provenance))
                .map_err(|error| Error::environment(format!("cannot write to {}: {error}", folder.path().display())))?;
            trials.push(trial.spec.clone());
        }
        let log = jobs.first().map(|&job| self.folder(self.plan.tasks[job].trial.id).log());
        let assignment = Assignment {
            trials,
            runs: self.options.runs.clone(),
            data: self.options.data.clone(),
            device: self.options.slots[slot].device(),
        };
        if let Some(worker) = &mut self.workers[slot] {
            worker.log_to(log);
            if worker.send(&ToWorker::Run(assignment)).is_err() {
                // It is gone or going; its end is reported like any other and the trial is tried again.
                worker.signal(Signal::SIGKILL);
            }
        }
        Ok(())
    }

    fn kill(&mut self, slot: usize) {
        if let Some(worker) = &mut self.workers[slot] {
            let overdue = self.deadlines[slot].is_some();
            worker.signal(if overdue { Signal::SIGKILL } else { Signal::SIGTERM });
            self.deadlines[slot].get_or_insert_with(|| Instant::now() + GRACE);
        }
    }

    fn kill_overdue(&mut self) {
        let now = Instant::now();
        for (deadline, worker) in self.deadlines.iter_mut().zip(&mut self.workers) {
            if deadline.is_some_and(|deadline| deadline <= now) {
                if let Some(worker) = worker {
                    worker.signal(Signal::SIGKILL);
                }
                *deadline = None;
            }
        }
    }

    fn folder(&self, trial: TrialId) -> TrialDir {
        TrialDir::new(&self.options.runs, trial)
    }
}
