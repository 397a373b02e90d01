//! One cohort from spec to result: prepares the run folders, trains or evaluates, writes journal, model and, last, the
//! result.

use std::sync::Arc;
use std::time::{Duration, Instant};

use drr_core::journal::{Point, Writer};
use drr_core::protocol::{Assignment, FromWorker};
use drr_core::result::{FORMAT, TrialResult};
use drr_core::spec::{DrrJob, EvalJob, Job, Measure, Policy as PolicySpec, TrialSpec};
use drr_core::trial_dir::TrialDir;
use drr_core::{Digest, TrialId};

use super::channel::Channel;
use super::device::backend;
use super::library::{Library, check_model};
use super::numerics;
use super::usage::Meter;
use crate::actor_critic::{Agent, Shapes};
use crate::error::{Error, Result};
use crate::evaluate::policy::Ranker;
use crate::evaluate::{Policy, offline, online};
use crate::pmf::{Metrics, PmfModel};
use crate::trainer::{Member, Reporter, train};
use crate::{model, pmf};

/// Runs a cohort; one outcome a trial, in order. A trial that is `Ok` has its result on disk.
pub fn run(assignment: &Assignment, library: &mut Library, channel: &mut Channel) -> Vec<Result<()>> {
    match cohort(assignment, library, channel) {
        Ok(outcomes) => outcomes,
        Err(error) => assignment.trials.iter().map(|_| Err(copy(&error))).collect(),
    }
}

/// The same failure for every member.
fn copy(error: &Error) -> Error {
    match error {
        Error::Deterministic(message) => Error::Deterministic(message.clone()),
        Error::Environment(message) => Error::Environment(message.clone()),
        Error::Stopped => Error::Stopped,
    }
}

fn cohort(assignment: &Assignment, library: &mut Library, channel: &mut Channel) -> Result<Vec<Result<()>>> {
    let mut records = Records::open(assignment, channel)?;
    let outcomes = match &assignment.trials[..] {
        [spec] => match &spec.job {
            Job::Pmf(_) => vec![train_pmf(assignment, spec, library, &mut records)],
            Job::Drr(_) => train_drr(assignment, library, &mut records)?,
            Job::Eval(job) => vec![evaluate(assignment, spec, job, library, &mut records)],
        },
        _ => train_drr(assignment, library, &mut records)?,
    };
    Ok(records.close(outcomes))
}

/// What a successful trial leaves: metrics, repeats behind them, the model's digest.
type Done = (Metrics, u64, Option<Digest>);

fn train_pmf(
    assignment: &Assignment,
    spec: &TrialSpec,
    library: &mut Library,
    records: &mut Records<'_>,
) -> Result<Done> {
    let Job::Pmf(job) = &spec.job else { return Err(mixed()) };
    let world = library.world(&assignment.data, &spec.dataset, &spec.split)?;
    let (model, metrics) = pmf::train(&world, job, spec.seed, records)?;
    let digest = model::save_pmf(&records.folder(0).model(), &model)?;
    Ok((metrics, 1, Some(digest)))
}

fn train_drr(assignment: &Assignment, library: &mut Library, records: &mut Records<'_>) -> Result<Vec<Result<Done>>> {
    let members = assignment
        .trials
        .iter()
        .map(|spec| {
            let Job::Drr(DrrJob { pmf, drr }) = &spec.job else { return Err(mixed()) };
            Ok(Member {
                spec: drr.clone(),
                seed: spec.seed,
                world: library.world(&assignment.data, &spec.dataset, &spec.split)?,
                model: library.pmf(&assignment.runs, *pmf)?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let (agent, outcomes) = train(&members, backend(assignment.device)?, records)?;
    let saved = outcomes.into_iter().enumerate().map(|(member, outcome)| {
        let metrics = outcome?;
        let path = records.folder(member).model();
        let digest = model::save_agent(&path, &agent, member)?;
        Ok((metrics, 1, Some(digest)))
    });
    Ok(saved.collect())
}

fn evaluate(
    assignment: &Assignment,
    spec: &TrialSpec,
    job: &EvalJob,
    library: &mut Library,
    records: &mut Records<'_>,
) -> Result<Done> {
    let world = library.world(&assignment.data, &spec.dataset, &spec.split)?;
    let model = library.pmf(&assignment.runs, job.pmf)?;
    let mut policy = match &job.policy {
        PolicySpec::Drr(trial) | PolicySpec::DrrUntrained(trial) => recommender(assignment, *trial, &model)?,
        PolicySpec::Pmf => Policy::Static(Ranker::Pmf(Arc::clone(&model))),
        PolicySpec::Popularity => Policy::Static(Ranker::popularity(&world)),
        PolicySpec::Random => Policy::Static(Ranker::Random),
    };
    let n = job.history as usize;
    let (metrics, repeats) = match &job.measure {
        Measure::Offline(measure) => {
            (offline::run(&world, &model, &policy, n, measure, spec.seed, records)?, measure.repeats)
        }
        Measure::Online(measure) => {
            (online::run(&world, &model, &mut policy, n, measure, spec.seed, records)?, measure.repeats)
        }
    };
    Ok((metrics, repeats, None))
}

/// A trained recommender from its run folder.
fn recommender(assignment: &Assignment, trial: TrialId, model: &Arc<PmfModel>) -> Result<Policy> {
    check_model(&assignment.runs, trial)?;
    let folder = TrialDir::new(&assignment.runs, trial);
    let text = std::fs::read(folder.spec())?;
    let spec: TrialSpec = serde_json::from_slice(&text)
        .map_err(|error| Error::Environment(format!("{}: {error}", folder.spec().display())))?;
    let Job::Drr(job) = spec.job else {
        return Err(Error::Deterministic(format!("trial {} is not a recommender", trial.short())));
    };
    let shapes = Shapes::new(&job.drr, model.k);
    let backend = backend(assignment.device)?;
    let mut agent = Agent::new(&shapes, &[&job.drr], &[spec.seed], vec![Arc::clone(model)], backend);
    model::load_agent(&folder.model(), &mut agent)?;
    Ok(Policy::Recommender(Box::new(agent), job.drr))
}

fn mixed() -> Error {
    Error::Deterministic("a cohort holds trials of one kind".to_owned())
}

/// The run folders of a cohort while it runs, and the supervisor's view of them.
struct Records<'a> {
    channel: &'a mut Channel,
    assignment: &'a Assignment,
    trials: Vec<TrialId>,
    folders: Vec<TrialDir>,
    journals: Vec<Writer>,
    started: Instant,
    meter: Meter,
    last_progress: Option<Instant>,
}

/// At most this often does a worker tell how far it is.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

impl<'a> Records<'a> {
    fn open(assignment: &'a Assignment, channel: &'a mut Channel) -> Result<Self> {
        let (meter, started) = (Meter::start(), Instant::now());
        let trials: Vec<TrialId> = assignment.trials.iter().map(TrialSpec::id).collect();
        let folders: Vec<TrialDir> = trials.iter().map(|&trial| TrialDir::new(&assignment.runs, trial)).collect();
        let mut journals = Vec::new();
        for ((&trial, folder), spec) in trials.iter().zip(&folders).zip(&assignment.trials) {
            let named = |error: std::io::Error| Error::Environment(format!("{}: {error}", folder.path().display()));
            folder.prepare(spec).map_err(named)?;
            journals.push(Writer::create(&folder.journal(), trial).map_err(named)?);
            channel.say(&FromWorker::Started { trial })?;
        }
        Ok(Self { channel, assignment, trials, folders, journals, started, meter, last_progress: None })
    }

    fn folder(&self, member: usize) -> &TrialDir {
        &self.folders[member]
    }

    /// Signs what succeeded: the journal made durable, then the result by rename.
    fn close(self, outcomes: Vec<Result<Done>>) -> Vec<Result<()>> {
        let wall_s = self.started.elapsed().as_secs_f64();
        let usage = self.meter.read(self.trials.len() as u64);
        let environment = numerics::environment(self.assignment.device);
        let members = outcomes.into_iter().zip(self.journals).zip(self.trials.iter().zip(&self.folders));
        members
            .map(|((outcome, journal), (&trial, folder))| {
                let (metrics, repeats, model_digest) = outcome?;
                if let Some((name, value)) = metrics.iter().find(|(_, value)| !value.is_finite()) {
                    return Err(Error::Deterministic(format!("the final {name} is {value}")));
                }
                let result = TrialResult {
                    format: FORMAT,
                    trial,
                    metrics,
                    repeats,
                    metrics_digest: journal.finish()?,
                    model_digest,
                    environment: environment.clone(),
                    wall_s: (wall_s * 1e3).round() / 1e3,
                    usage: Some(usage),
                };
                result.write(&folder.result())?;
                Ok(())
            })
            .collect()
    }
}

impl Reporter for Records<'_> {
    fn points(&mut self, member: usize, points: Vec<Point>) -> Result<()> {
        self.channel.say(&FromWorker::Metrics { trial: self.trials[member], points: points.clone() })?;
        let path = self.folders[member].journal();
        self.journals[member].append(points).map_err(|error| Error::Environment(format!("{}: {error}", path.display())))
    }

    fn progress(&mut self, done: u64, total: u64) -> Result<()> {
        if self.channel.is_closed() {
            return Err(Error::Stopped);
        }
        if self.last_progress.is_none_or(|last| last.elapsed() >= PROGRESS_EVERY) {
            self.last_progress = Some(Instant::now());
            for &trial in &self.trials {
                self.channel.say(&FromWorker::Progress { trial, done, total })?;
            }
        }
        Ok(())
    }
}
