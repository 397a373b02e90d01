//! Carries out what the reactor decides: starts and ends workers, hands out trials, records what becomes of them. All
//! state lives in this one thread; reader threads feed it through a bounded channel, so a worker that floods its
//! output is slowed, not buffered.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use drr_core::TrialId;
use drr_core::journal;
use drr_core::protocol::{FailureKind, FromWorker, Hello, ToWorker, VERSION};
use drr_core::trial_dir::TrialDir;
use drr_kinds::Stage;
use drr_kinds::train_digest;
use nix::sys::signal::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use super::devices::Devices;
use super::dispatch::Dispatch;
use super::early_stop::Watch;
use super::inventory::Inventory;
use super::jobs::jobs;
use super::notice::{Label, Notice, Observer, SlotState};
use super::process::{Worker, WorkerOutput};
use super::reactor::{Action, Event, Force, Loss, Reactor};
use super::recorder::{Outcome, Recorder};
use super::rules::Rules;
use super::slots::Slot;
use crate::error::{Error, Result};
use crate::plan::{Plan, State};
use crate::store::Store;
use crate::sweep::EarlyStop;

/// Messages on their way from all workers together.
const QUEUE: usize = 256;

/// Where and how a plan runs.
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
    /// What devices have free.
    pub inventory: Arc<dyn Inventory>,
    /// Trials to train together; as many as fit and keep every slot busy if it is not said.
    pub cohort: Option<usize>,
    /// What is done about trials and workers that go wrong.
    pub rules: Rules,
    /// Which trials are given up, if any are.
    pub early_stop: Option<EarlyStop>,
}

enum Input {
    Worker(usize, WorkerOutput),
    Signal(i32),
}

/// Runs what a plan has to run and records it.
///
/// # Errors
/// No worker can be had, or the disk or the database fails. Finished trials are safe in any case.
pub fn execute(plan: &Plan, options: &Options, store: &mut Store, observer: &mut dyn Observer) -> Result<Outcome> {
    let (sender, receiver) = sync_channel(QUEUE);
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1])
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
    room: Devices<'a>,
    workers: Vec<Option<Worker>>,
    hellos: Vec<Option<Hello>>,
    positions: HashMap<TrialId, usize>,
    dispatch: Dispatch,
    watch: Option<Watch>,
    began: Instant,
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
        let slots = options.slots.len();
        Self {
            reactor: Reactor::new(jobs(plan), slots, options.rules, options.cohort),
            room: Devices::new(plan, &options.slots, options.inventory.as_ref(), options.cohort.is_some()),
            workers: (0..slots).map(|_| None).collect(),
            hellos: vec![None; slots],
            positions: plan.tasks.iter().enumerate().map(|(i, task)| (task.trial.id, i)).collect(),
            dispatch: Dispatch::new(&options.worker, &options.runs, &options.data),
            watch: options.early_stop.clone().map(|rule| watch(rule, plan, options)),
            began: Instant::now(),
            give_up: None,
            plan,
            options,
            recorder: Recorder::new(plan, &options.runs, store, observer),
            sender,
        }
    }

    fn run(mut self, receiver: &Receiver<Input>) -> Result<Outcome> {
        let open = self.plan.tasks.iter().filter(|task| task.state == State::ToRun);
        let expected_s = open.map(|task| task.cost).sum();
        self.recorder.tell(&Notice::SweepStarted {
            sweep: self.plan.sweep.clone(),
            found: self.plan.tasks.iter().filter(|task| task.state == State::Found).count(),
            to_run: self.plan.to_run(),
            slots: self.options.slots.clone(),
            expected_s,
        });
        let first = self.reactor.start(self.now(), &self.room);
        self.carry_out(first)?;
        while !self.reactor.is_done() {
            // Monotonic: a clock that is set changes nothing here.
            let patience = self.reactor.wake().map(|wake| wake.saturating_sub(self.now()));
            let input = match patience {
                None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(Duration::ZERO) => Err(RecvTimeoutError::Timeout),
                Some(patience) => receiver.recv_timeout(patience),
            };
            match input {
                Ok(Input::Worker(slot, said)) => self.on_worker(slot, said)?,
                Ok(Input::Signal(SIGUSR1)) => self.tell_state(),
                Ok(Input::Signal(signal)) => self.on_signal(signal)?,
                Err(_) => self.react(Event::Tick)?,
            }
        }
        let outcome = self.recorder.end(self.reactor.is_stopping(), self.began.elapsed());
        match self.give_up.take() {
            Some(error) => Err(error),
            None => Ok(outcome),
        }
    }

    /// Time since the run began.
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn on_signal(&mut self, signal: i32) -> Result<()> {
        let event = if signal == SIGINT { Event::Interrupt } else { Event::StopNow };
        let notice = if signal == SIGINT && !self.reactor.is_stopping() {
            Notice::Draining { running: self.reactor.running() }
        } else {
            Notice::Stopping
        };
        self.recorder.tell(&notice);
        self.react(event)
    }

    fn tell_state(&mut self) {
        let census = self.reactor.census(self.now());
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

    fn on_worker(&mut self, slot: usize, said: WorkerOutput) -> Result<()> {
        self.reactor.heard(slot, self.now());
        match said {
            WorkerOutput::Message(message) => self.on_message(slot, message),
            WorkerOutput::Garbage(line) if self.hellos[slot].is_none() && line.contains("\"ready\"") => {
                // It speaks JSON and introduces itself, but not in this version's words.
                self.unfit("the worker speaks another version of the protocol".to_owned())
            }
            WorkerOutput::Garbage(line) => {
                if let Some(worker) = &self.workers[slot] {
                    worker.note(&line);
                }
                Ok(())
            }
            WorkerOutput::Ended => {
                self.hellos[slot] = None;
                self.room.released(slot);
                let loss = self.workers[slot].take().map_or_else(Loss::default, Worker::reap);
                tracing::debug!(slot, ?loss, "worker ended");
                self.react(Event::WorkerExited { slot, loss })
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
                self.recorder.tell(&Notice::WorkerReady { slot, pid: hello.pid, environment });
                self.hellos[slot] = Some(hello);
                self.react(Event::WorkerReady { slot })
            }
            FromWorker::Started { trial } => self.about(slot, trial, |slot, job| Event::Started { slot, job }),
            FromWorker::Metrics { trial, points } => {
                if let (Some(watch), Some(&job)) = (&mut self.watch, self.positions.get(&trial))
                    && let Some(reason) = watch.observe(job, &points)
                {
                    self.react(Event::StopTrial { job, reason })?;
                }
                self.recorder.tell(&Notice::TrialMetrics { trial, slot, points });
                Ok(())
            }
            FromWorker::Progress { trial, done, total } => {
                self.recorder.tell(&Notice::TrialProgress { trial, slot, done, total });
                Ok(())
            }
            FromWorker::Finished { trial } if !self.folder(trial).is_complete() => {
                let message = "the worker says it finished, but there is no result.json".to_owned();
                let kind = FailureKind::Environment;
                self.about(slot, trial, |slot, job| Event::Failed { slot, job, kind, message })
            }
            FromWorker::Finished { trial } => self.about(slot, trial, |slot, job| Event::Finished { slot, job }),
            FromWorker::Failed { trial, kind, message } => {
                self.about(slot, trial, |slot, job| Event::Failed { slot, job, kind, message })
            }
        }
    }

    fn about(&mut self, slot: usize, trial: TrialId, event: impl FnOnce(usize, usize) -> Event) -> Result<()> {
        match self.positions.get(&trial) {
            Some(&job) => self.react(event(slot, job)),
            None => self.react(Event::UnknownTrial { slot }),
        }
    }

    fn unfit(&mut self, message: String) -> Result<()> {
        let error = Error::environment(message).hint("build both anew with `cargo build --workspace`");
        self.give_up.get_or_insert(error);
        self.react(Event::StopNow)
    }

    fn react(&mut self, event: Event) -> Result<()> {
        let actions = self.reactor.on(self.now(), event, &self.room);
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
                Action::End { slot, force } => {
                    if let Some(worker) = &mut self.workers[slot] {
                        worker.signal(match force {
                            Force::Ask => Signal::SIGTERM,
                            Force::Kill => Signal::SIGKILL,
                        });
                    }
                }
                Action::Record(job, verdict) => self.recorder.take(job, verdict)?,
                Action::NoRoom { slot } => self.recorder.tell(&Notice::SlotFull { slot }),
                Action::Lost { slot } => self.recorder.tell(&Notice::SlotLost { slot }),
                Action::Enough { failures } => {
                    self.recorder.end_early();
                    let running = self.reactor.running();
                    self.recorder.tell(&Notice::TooManyFailures { failures, running });
                }
                Action::GiveUp(why) => {
                    let error =
                        Error::environment(why).hint(format!("try it by hand: {}", self.options.worker.display()));
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
            Err(error) => self.react(Event::SpawnFailed { slot, why: error.to_string() }),
        }
    }

    fn send(&mut self, slot: usize, jobs: &[usize]) -> Result<()> {
        let hello = self.hellos[slot].clone().expect("a trial is handed out after the handshake");
        self.room.placed(slot, jobs);
        if let Some(watch) = &mut self.watch {
            jobs.iter().for_each(|&job| watch.begin(job));
        }
        let specs = jobs.iter().map(|&job| &self.plan.tasks[job].trial.spec);
        let (assignment, logs) = self.dispatch.prepare(specs, &hello, self.options.slots[slot])?;
        if let Some(worker) = &mut self.workers[slot] {
            worker.log_to(logs);
            if worker.send(&ToWorker::Run(assignment)).is_err() {
                // It is gone or going; its end is reported like any other and the trial is tried again.
                worker.signal(Signal::SIGKILL);
            }
        }
        Ok(())
    }

    fn folder(&self, trial: TrialId) -> TrialDir {
        TrialDir::new(&self.options.runs, trial)
    }
}

/// A watch that knows what earlier runs recorded.
fn watch(rule: EarlyStop, plan: &Plan, options: &Options) -> Watch {
    let mut watch = Watch::new(rule, plan);
    for (job, task) in plan.tasks.iter().enumerate() {
        let is_past = matches!(task.state, State::Found | State::Stopped(_)) && task.stage != Stage::EVAL;
        let folder = TrialDir::new(&options.runs, task.trial.id);
        if let Some(journal) = is_past.then(|| journal::read(&folder.journal()).ok()).flatten() {
            watch.observe(job, &journal.points);
        }
    }
    watch
}
