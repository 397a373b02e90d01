//! Carries out what the reactor decides: starts and ends workers, hands out trials, records what becomes of them. All
//! state lives in this one thread; reader threads feed it through a bounded channel, so a worker that floods its
//! output is slowed, not buffered.

mod cores;
mod listening;
mod words;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use drr_core::protocol::{Hello, ToWorker};
use drr_core::{Status, TrialId};
use nix::sys::signal::Signal;
use signal_hook::consts::SIGUSR1;

pub use self::cores::CoreRequest;
use self::cores::Cores;
use self::words::watch;
use super::devices::Devices;
use super::dispatch::Dispatch;
use super::early_stop::EarlyStopping;
use super::host_memory::MemoryKills;
use super::inventory::Inventory;
use super::jobs::jobs;
use super::memory_budget::MemoryBudget;
use super::notice::{Notice, Observer};
use super::process::{WorkerOutput, WorkerProcess};
use super::reactor::{Action, Event, Force, Reactor};
use super::recorder::{Outcome, Recorder};
use super::rules::Rules;
use super::signals::{self, Listening};
use super::slots::Slot;
use super::turns::Turns;
use super::worker_program::by_hand;
use crate::error::{Error, Result};
use crate::plan::{Plan, device_needs};
use crate::store::Store;
use crate::sweep::EarlyStop;

/// Messages on their way from all workers together.
const QUEUE: usize = 256;

/// Where and how a plan runs.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The runs folder.
    pub runs: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// The worker's program.
    pub worker: PathBuf,
    /// Where workers may run.
    pub slots: Vec<Slot>,
    /// Cores that they compute on.
    pub cores: CoreRequest,
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
    /// Look whether a signal came.
    Wake,
}

/// Runs what a plan has to run and records it.
///
/// # Errors
/// No worker can be had, or the disk or the database fails. Finished trials are safe in any case.
pub fn execute(plan: &Plan, options: &RunOptions, store: &mut Store, observer: &mut dyn Observer) -> Result<Outcome> {
    let (sender, receiver) = sync_channel(QUEUE);
    let to_supervisor = sender.clone();
    let signals = signals::listen(move || {
        // Where the queue is full, the supervisor is about to look anyway.
        let _ = to_supervisor.try_send(Input::Wake);
    })?;
    Supervisor::new(plan, options, store, observer, sender, signals).run(&receiver)
}

struct Supervisor<'a> {
    plan: &'a Plan,
    options: &'a RunOptions,
    recorder: Recorder<'a>,
    sender: SyncSender<Input>,
    reactor: Reactor,
    room: Devices<'a>,
    cores: Cores,
    workers: Vec<Option<WorkerProcess>>,
    hellos: Vec<Option<Hello>>,
    /// A worker has been up on a GPU: what became of another one since is no fault of the installation.
    has_used_gpu: bool,
    /// Lines of each worker that meant nothing, before it introduced itself.
    babble: Vec<usize>,
    /// What the kernel had killed for want of memory when each worker was started.
    kills: Vec<MemoryKills>,
    positions: HashMap<TrialId, usize>,
    dispatch: Dispatch,
    watch: Option<EarlyStopping>,
    signals: Listening,
    began: Instant,
    clock: Turns,
    /// When suspended workers were last looked for.
    looked: Duration,
    /// What was said while this program did not listen, and is heard before patience ends.
    backlog: usize,
    /// Trials whose folders were found finished when they were to be handed out.
    found: VecDeque<Event>,
    give_up: Option<Error>,
}

impl<'a> Supervisor<'a> {
    fn new(
        plan: &'a Plan,
        options: &'a RunOptions,
        store: &'a mut Store,
        observer: &'a mut dyn Observer,
        sender: SyncSender<Input>,
        signals: Listening,
    ) -> Self {
        let (slots, began) = (options.slots.len(), Instant::now());
        let needs = device_needs(plan, &options.data);
        Self {
            reactor: Reactor::new(jobs(plan, &options.slots, &needs), &options.slots, options.rules, options.cohort),
            cores: Cores::new(&needs, slots, options.cores),
            room: Devices::new(
                needs,
                &options.slots,
                options.inventory.as_ref(),
                MemoryBudget::new(plan, &options.data, options.inventory.as_ref()),
                options.cohort.is_some(),
            ),
            workers: (0..slots).map(|_| None).collect(),
            hellos: vec![None; slots],
            has_used_gpu: false,
            babble: vec![0; slots],
            kills: vec![MemoryKills::default(); slots],
            positions: plan.tasks.iter().enumerate().map(|(i, task)| (task.trial.id, i)).collect(),
            dispatch: Dispatch::new(&options.worker, &options.runs, &options.data, plan.commands.clone()),
            watch: options.early_stop.clone().map(|rule| watch(rule, plan, options)),
            signals,
            began,
            clock: Turns::new(began),
            looked: Duration::ZERO,
            backlog: 0,
            found: VecDeque::new(),
            give_up: None,
            plan,
            options,
            recorder: Recorder::new(plan, &options.runs, store, observer),
            sender,
        }
    }

    fn run(mut self, receiver: &Receiver<Input>) -> Result<Outcome> {
        let open = self.plan.tasks.iter().filter(|task| task.is_open());
        let expected_s = open.map(|task| task.cost).sum();
        self.recorder.tell(&Notice::SweepStarted {
            sweep: self.plan.sweep.clone(),
            found: self.plan.tasks.iter().filter(|task| task.status == Status::Finished).count(),
            to_run: self.plan.to_run(),
            slots: self.options.slots.clone(),
            expected_s,
            ignored: Vec::new(),
        });
        let first = self.reactor.start(self.clock.now(), &self.room);
        self.carry_out(first)?;
        while !self.reactor.is_done() {
            let input = self.listen(receiver);
            while let Some(signal) = self.signals.next() {
                match signal {
                    SIGUSR1 => self.tell_state(),
                    signal => self.on_signal(signal)?,
                }
            }
            match input {
                Ok(Input::Worker(slot, said)) => self.on_worker(slot, said)?,
                Ok(Input::Wake) => {}
                Err(_) => {
                    self.forgive_suspended();
                    self.react(Event::Tick)?;
                }
            }
        }
        let outcome = self.recorder.end(self.reactor.is_stopping(), self.began.elapsed());
        match self.give_up.take() {
            Some(error) => Err(error),
            None => Ok(outcome),
        }
    }

    fn react(&mut self, event: Event) -> Result<()> {
        let actions = self.reactor.on(self.clock.now(), event, &self.room);
        self.carry_out(actions)?;
        while let Some(event) = self.found.pop_front() {
            let actions = self.reactor.on(self.clock.now(), event, &self.room);
            self.carry_out(actions)?;
        }
        self.share_cores();
        Ok(())
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
                Action::Lost { slot, why } => self.recorder.tell(&Notice::SlotLost { slot, why }),
                Action::Enough { failures } => {
                    self.recorder.end_early();
                    let running = self.reactor.running();
                    self.recorder.tell(&Notice::TooManyFailures { failures, running });
                }
                Action::GiveUp(why) => {
                    let error =
                        Error::environment(why).hint(format!("try it by hand: {}", by_hand(&self.options.worker)));
                    self.give_up.get_or_insert(error);
                }
            }
        }
        Ok(())
    }

    fn spawn(&mut self, slot: usize) -> Result<()> {
        let visible = match self.options.slots[slot] {
            Slot::Cpu => None,
            Slot::Cuda(index) if self.options.inventory.free(index).is_none() => {
                return self.react(Event::DeviceGone { slot });
            }
            Slot::Cuda(index) => Some(self.options.inventory.cuda_name(index)),
        };
        let wrap = move |said| Input::Worker(slot, said);
        match WorkerProcess::spawn(&self.options.worker, visible.as_deref(), self.sender.clone(), wrap) {
            Ok(worker) => {
                log::debug!("worker started in slot {slot}");
                self.babble[slot] = 0;
                self.cores.forget(slot);
                self.kills[slot] = self.options.inventory.memory_kills();
                self.workers[slot] = Some(worker);
                Ok(())
            }
            Err(error) => self.react(Event::SpawnFailed { slot, why: error.to_string() }),
        }
    }

    fn send(&mut self, slot: usize, jobs: &[usize]) -> Result<()> {
        let hello = self.hellos[slot].clone().expect("a trial is handed out after the handshake");
        // Nothing writes to a folder between two attempts, so what is whole now was so when the last one ended; but no
        // attempt may begin without a look.
        let mut open = Vec::new();
        for &job in jobs {
            match words::settle(&self.folder(self.plan.tasks[job].trial.id))? {
                Some(finished) => {
                    self.recorder.keep(job, finished);
                    self.found.push_back(Event::Finished { slot, job });
                }
                None => open.push(job),
            }
        }
        let jobs = &open[..];
        if jobs.is_empty() {
            return Ok(());
        }
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
}
