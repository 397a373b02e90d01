//! What workers say, and how they end: messages into events, after a look at the folders they speak of.

use drr_core::excerpt::excerpt;
use drr_core::finished::{self, Finished};
use drr_core::protocol::{FailureKind, FoundGpu, FromWorker, Hello, VERSION};
use drr_core::trial_dir::TrialDir;
use drr_core::{Status, TrialId, journal};
use drr_kinds::{KindOf as _, Stage, train_digest};

use super::super::early_stop::EarlyStopping;
use super::super::notice::Notice;
use super::super::process::WorkerOutput;
use super::super::reactor::{Event, Loss, LossCause};
use super::super::slots::Slot;
use super::{RunOptions, Supervisor};
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::sweep::EarlyStop;

/// Lines that are no messages, before the worker has introduced itself: a wrapper may greet, no worker goes on like this.
const BABBLE: usize = 1_000;

impl Supervisor<'_> {
    pub(super) fn on_worker(&mut self, slot: usize, said: WorkerOutput) -> Result<()> {
        match said {
            WorkerOutput::Message(message) => self.on_message(slot, message),
            WorkerOutput::Garbage(line) => self.on_garbage(slot, &line),
            WorkerOutput::Ended => self.on_end(slot),
        }
    }

    /// Nothing of this is a sign of life: what computes tells how far it is.
    fn on_garbage(&mut self, slot: usize, line: &str) -> Result<()> {
        if self.hellos[slot].is_none() {
            if line.contains("\"ready\"") {
                // It speaks JSON and introduces itself, but not in this version's words.
                return self.unfit("the worker speaks another version of the protocol".to_owned());
            }
            self.babble[slot] += 1;
            if self.babble[slot] == BABBLE {
                let line: String = line.chars().take(60).collect();
                let error = Error::environment(format!(
                    "the program given as worker is none: it says `{line}`, and goes on, where it should introduce itself"
                ));
                let hint =
                    "--worker and DRR_LAB_WORKER name a program that is a worker; without them drr-lab is its own";
                return self.give_up(error.hint(hint));
            }
        }
        if let Some(worker) = &self.workers[slot] {
            worker.note(line);
        }
        Ok(())
    }

    /// The worker is gone; what it left of its trials is looked at before anything is concluded.
    fn on_end(&mut self, slot: usize) -> Result<()> {
        self.hellos[slot] = None;
        self.room.released(slot);
        let loss = self.lost(slot);
        log::debug!("worker ended in slot {slot}: {loss:?}");
        let mut whole = Vec::new();
        for job in self.reactor.jobs_of(slot).to_vec() {
            if let Some(finished) = settle(&self.folder(self.plan.tasks[job].trial.id))? {
                self.recorder.keep(job, finished);
                whole.push(job);
            }
        }
        self.react(Event::WorkerExited { slot, loss, finished: whole })
    }

    /// How the worker ended, and what it was lost to.
    fn lost(&mut self, slot: usize) -> Loss {
        let Some(worker) = self.workers[slot].take() else { return Loss::default() };
        worker.end_log();
        let was_killed = worker.was_killed();
        let loss = worker.reap();
        let by_kernel = loss.exit.as_deref() == Some("SIGKILL") && !was_killed;
        let kills = || self.options.inventory.memory_kills();
        let why = if by_kernel { self.kills[slot].reason(kills()) } else { None };
        match why {
            Some(why) => {
                let reason = format!("{}; {why}, so it is tried again with no other worker beside it", loss.reason);
                Loss { reason, cause: LossCause::Memory, ..loss }
            }
            // What the allocator says before it gives up.
            None if loss.reason.contains("memory allocation of ") => Loss { cause: LossCause::Memory, ..loss },
            None => loss,
        }
    }

    fn on_message(&mut self, slot: usize, message: FromWorker) -> Result<()> {
        if let (FromWorker::Finished { .. } | FromWorker::Failed { .. }, Some(worker)) = (&message, &self.workers[slot])
        {
            worker.end_log();
        }
        match message {
            FromWorker::Ready(hello) => {
                if hello.protocol != VERSION || hello.train_digest != train_digest() {
                    return self.unfit("the worker was built from other sources than this program".to_owned());
                }
                if let Some(error) = self.useless(slot, &hello) {
                    return if self.has_used_gpu {
                        self.react(Event::DeviceGone { slot })
                    } else {
                        self.give_up(error)
                    };
                }
                self.has_used_gpu |= matches!(hello.gpu, FoundGpu::Usable(_));
                self.reactor.heard(slot, self.clock.now());
                let environment = match &hello.gpu {
                    FoundGpu::Usable(class) => (**class).clone(),
                    FoundGpu::None | FoundGpu::Unusable(_) => hello.environment.clone(),
                };
                self.recorder.tell(&Notice::WorkerReady { slot, pid: hello.pid, environment });
                self.hellos[slot] = Some(hello);
                self.react(Event::WorkerReady { slot })
            }
            FromWorker::Started { trial } => self.about(slot, trial, |slot, job| Event::Started { slot, job }),
            FromWorker::Metrics { trial, points } => {
                self.hear(slot, trial);
                if let (Some(watch), Some(&job)) = (&mut self.watch, self.positions.get(&trial))
                    && let Some(reason) = watch.observe(job, &points)
                {
                    self.react(Event::StopTrial { job, reason })?;
                }
                self.recorder.tell(&Notice::TrialMetrics { trial, slot, points });
                Ok(())
            }
            FromWorker::Progress { trial, done, total } => {
                self.hear(slot, trial);
                self.recorder.tell(&Notice::TrialProgress { trial, slot, done, total });
                Ok(())
            }
            FromWorker::Finished { trial } => match finished::read(&self.folder(trial)) {
                Ok(finished) => {
                    if let Some(&job) = self.positions.get(&trial) {
                        self.recorder.keep(job, finished);
                    }
                    self.about(slot, trial, |slot, job| Event::Finished { slot, job })
                }
                Err(fault) => {
                    let message = format!("the worker says it finished, but {fault}");
                    self.ended(slot, trial, FailureKind::Environment, excerpt(&message))
                }
            },
            FromWorker::Failed { trial, kind, message } => self.ended(slot, trial, kind, excerpt(&message)),
        }
    }

    /// Whatever a worker says of a trial's end, its folder decides: a result that holds is one, even if its writing was
    /// reported as failed, and there is no other.
    fn ended(&mut self, slot: usize, trial: TrialId, kind: FailureKind, message: String) -> Result<()> {
        let held = self.positions.get(&trial).copied().filter(|job| self.reactor.jobs_of(slot).contains(job));
        if let Some(job) = held
            && let Some(finished) = settle(&self.folder(trial))?
        {
            self.recorder.keep(job, finished);
            return self.about(slot, trial, |slot, job| Event::Finished { slot, job });
        }
        self.about(slot, trial, |slot, job| Event::Failed { slot, job, kind, message })
    }

    /// A word about a trial that the worker has is a sign of life.
    fn hear(&mut self, slot: usize, trial: TrialId) {
        if self.positions.get(&trial).is_some_and(|job| self.reactor.jobs_of(slot).contains(job)) {
            self.reactor.heard(slot, self.clock.now());
        }
    }

    fn about(&mut self, slot: usize, trial: TrialId, event: impl FnOnce(usize, usize) -> Event) -> Result<()> {
        self.hear(slot, trial);
        match self.positions.get(&trial) {
            Some(&job) => self.react(event(slot, job)),
            None => self.react(Event::UnknownTrial { slot }),
        }
    }

    /// Why the worker in a GPU's slot cannot compute there, though networks are to be computed on it: that is never made up
    /// for by the CPU, which would take a hundred times as long.
    fn useless(&self, slot: usize, hello: &Hello) -> Option<Error> {
        let Slot::Cuda(index) = self.options.slots[slot] else { return None };
        let is_needed = self.plan.tasks.iter().any(|task| task.is_open() && !task.trial.spec.is_command());
        let why = match &hello.gpu {
            FoundGpu::Usable(_) => return None,
            FoundGpu::None | FoundGpu::Unusable(_) if !is_needed => return None,
            FoundGpu::None => "the worker is for the CPU",
            FoundGpu::Unusable(why) => why,
        };
        let name = self.options.inventory.gpus().into_iter().find(|gpu| gpu.index == index).map(|gpu| gpu.name);
        let name = name.map_or_else(String::new, |name| format!(" ({name})"));
        let hint = "--gpus none computes on the CPU; `drr-lab doctor` looks at driver, worker and libtorch";
        Some(Error::environment(format!("GPU {index}{name} cannot be used: {why}")).hint(hint))
    }

    fn unfit(&mut self, message: String) -> Result<()> {
        self.give_up(Error::environment(message).hint("build both anew with `cargo build --workspace`"))
    }

    fn give_up(&mut self, error: Error) -> Result<()> {
        self.give_up.get_or_insert(error);
        self.react(Event::StopNow)
    }

    pub(super) fn folder(&self, trial: TrialId) -> TrialDir {
        TrialDir::new(&self.options.runs, trial)
    }
}

/// What the last attempt left in a folder that no worker writes to: a finished trial, or nothing of a result.
pub(super) fn settle(folder: &TrialDir) -> Result<Option<Finished>> {
    finished::settle(folder).map_err(|error| {
        Error::disk(format!("cannot tell whether the trial in {} is finished", folder.path().display()), &error)
    })
}

/// A watch that knows what earlier runs recorded.
pub(super) fn watch(rule: EarlyStop, plan: &Plan, options: &RunOptions) -> EarlyStopping {
    let mut watch = EarlyStopping::new(rule, plan);
    for (job, task) in plan.tasks.iter().enumerate() {
        let is_past = matches!(task.status, Status::Finished | Status::Stopped) && task.stage != Stage::EVAL;
        let folder = TrialDir::new(&options.runs, task.trial.id);
        if let Some(journal) = is_past.then(|| journal::read(&folder.journal()).ok()).flatten() {
            watch.observe(job, &journal.points);
        }
    }
    watch
}
