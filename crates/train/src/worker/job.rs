//! One cohort from spec to result: prepares the run folders, trains or evaluates, writes journal, model and, last, the
//! result.

use std::sync::Arc;
use std::time::{Duration, Instant};

use drr_core::journal::{Point, Writer};
use drr_core::protocol::{Assignment, FromWorker};
use drr_core::result::{EnvironmentClass, FORMAT, TrialResult};
use drr_core::spec::{Section, TrialSpec};
use drr_core::trial_dir::TrialDir;
use drr_core::{Digest, TrialId};
use drr_kinds::KindOf as _;
use drr_kinds::drr::DrrSpec;
use drr_kinds::offline::OfflineSpec;
use drr_kinds::online::OnlineSpec;
use drr_kinds::ranking::{RankingInput, StaticRanking};
use drr_kinds::training::{Reporter, Training};
use drr_kinds::world::World;

use super::channel::Channel;
use super::device::WorkerDevices;
use super::loaded::{Loaded, check_model};
use super::usage::Meter;
use crate::actor_critic::{Agent, Shapes};
use crate::evaluate::Policy;
use crate::evaluate::policy::Predicted;
use crate::kernels::Backend;
use crate::pmf::PmfModel;
use crate::trainer::{Member, train};
use crate::{model, offline, online, pmf};
use drr_kinds::error::{Error, Result};
use drr_kinds::training::Metrics;

/// Runs a cohort; one outcome a trial, in order. A trial that is `Ok` has its result on disk.
pub fn run(assignment: &Assignment, loaded: &mut Loaded, channel: &mut Channel) -> Vec<Result<()>> {
    match cohort(assignment, loaded, channel) {
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

fn cohort(assignment: &Assignment, loaded: &mut Loaded, channel: &mut Channel) -> Result<Vec<Result<()>>> {
    let environment = loaded.devices.environment(assignment.device);
    let mut records = Records::open(assignment, channel)?;
    for spec in &assignment.trials {
        spec.check().map_err(Error::Deterministic)?;
    }
    let outcomes = match &assignment.trials[..] {
        [spec] if spec.policy.is_some() => vec![evaluate(assignment, spec, loaded, &mut records)],
        [spec] if spec.kind().model().is_some_and(|model| !model.together) => {
            vec![train_one(assignment, spec, loaded, &mut records)]
        }
        _ => train_together(assignment, loaded, &mut records)?,
    };
    Ok(records.close(outcomes, &environment))
}

/// What a successful trial leaves: metrics, repeats behind them, the model's digest.
type Done = (Metrics, u64, Option<Digest>);

/// One trial of a kind that trains itself, or of a factorisation.
fn train_one(
    assignment: &Assignment,
    spec: &TrialSpec,
    loaded: &mut Loaded,
    records: &mut Records<'_>,
) -> Result<Done> {
    let world = loaded.world(&assignment.data, &spec.dataset, &spec.split)?;
    let path = records.folder(0).model();
    let Some(train) = spec.kind().model().and_then(|model| model.train) else {
        let (model, metrics) = pmf::train(&world, &settings(spec)?, spec.seed, records)?;
        return Ok((metrics, 1, Some(model::save_pmf(&path, &model)?)));
    };
    let training = Training { world: &world, settings: &spec.settings, seed: spec.seed, model: &path };
    let trained = train(&training, records)?;
    Ok((trained.metrics, 1, Some(trained.model)))
}

/// Recommenders in a cohort.
fn train_together(
    assignment: &Assignment,
    loaded: &mut Loaded,
    records: &mut Records<'_>,
) -> Result<Vec<Result<Done>>> {
    let members = assignment
        .trials
        .iter()
        .map(|spec| {
            Ok(Member {
                spec: settings(spec)?,
                seed: spec.seed,
                world: loaded.world(&assignment.data, &spec.dataset, &spec.split)?,
                model: loaded.pmf(&assignment.runs, model_below(spec)?)?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let (agent, outcomes) = train(&members, loaded.devices.backend(assignment.device)?, records)?;
    let saved = outcomes.into_iter().enumerate().map(|(member, outcome)| {
        let metrics = outcome?;
        let path = records.folder(member).model();
        let digest = model::save_agent(&path, &agent, member)?;
        Ok((metrics, 1, Some(digest)))
    });
    Ok(saved.collect())
}

fn evaluate(assignment: &Assignment, spec: &TrialSpec, loaded: &mut Loaded, records: &mut Records<'_>) -> Result<Done> {
    let world = loaded.world(&assignment.data, &spec.dataset, &spec.split)?;
    let model = loaded.pmf(&assignment.runs, model_below(spec)?)?;
    let mut policy = policy((assignment, loaded.devices), spec, &world, &model)?;
    let n = spec.settings.whole("history").unwrap_or_default() as usize;
    let (metrics, repeats) = if spec.kind().name == "offline" {
        let measure: OfflineSpec = settings(spec)?;
        (offline::run(&world, &model, &policy, n, &measure, spec.seed, records)?, measure.repeats)
    } else {
        let measure: OnlineSpec = settings(spec)?;
        (online::run(&world, &model, &mut policy, n, &measure, spec.seed, records)?, measure.repeats)
    };
    Ok((metrics, repeats, None))
}

/// What an evaluation evaluates.
fn policy(
    (assignment, devices): (&Assignment, &dyn WorkerDevices),
    spec: &TrialSpec,
    world: &World,
    model: &Arc<PmfModel>,
) -> Result<Policy> {
    let (kind, own) = spec.policy_kind().and_then(|kind| Some((kind, kind.policy()?))).ok_or_else(mixed)?;
    let below = own.model.as_ref().and_then(|below| spec.upstream.get(below.kind));
    if let Some(trial) = below {
        check_model(&assignment.runs, trial)?;
    }
    let folder = below.map(|trial| TrialDir::new(&assignment.runs, trial));
    match (own.ranking, &folder) {
        (Some(make), folder) => {
            let settings = spec.policy.as_ref().map(|policy| &policy.settings).ok_or_else(mixed)?;
            let path = folder.as_ref().map(TrialDir::model);
            Ok(Policy::Static(make(&RankingInput { world, settings, model: path.as_deref() })?))
        }
        (None, Some(folder)) => recommender(devices.backend(assignment.device)?, folder, model),
        (None, None) if kind.name == "pmf" => {
            Ok(Policy::Static(StaticRanking::By(Box::new(Predicted(Arc::clone(model))))))
        }
        (None, None) => Err(Error::Deterministic(format!("nothing here recommends as {} does", kind.name))),
    }
}

/// The settings of a trial as its kind's type.
fn settings<T: Section>(spec: &TrialSpec) -> Result<T> {
    spec.settings.section().map_err(|error| Error::Deterministic(format!("the settings of {}: {error}", spec.kind)))
}

/// The factorisation that a recommender or an evaluation stands on.
fn model_below(spec: &TrialSpec) -> Result<TrialId> {
    spec.upstream.get("pmf").ok_or_else(|| Error::Deterministic("it stands on no factorisation".to_owned()))
}

/// A trained recommender from its run folder.
fn recommender(backend: Backend, folder: &TrialDir, model: &Arc<PmfModel>) -> Result<Policy> {
    let text = std::fs::read(folder.spec())?;
    let spec: TrialSpec = serde_json::from_slice(&text)
        .map_err(|error| Error::Environment(format!("{}: {error}", folder.spec().display())))?;
    let drr: DrrSpec = settings(&spec)?;
    let shapes = Shapes::new(&drr, model.k);
    let mut agent = Agent::new(&shapes, &[&drr], &[spec.seed], vec![Arc::clone(model)], backend);
    model::load_agent(&folder.model(), &mut agent)?;
    Ok(Policy::Recommender(Box::new(agent), Box::new(drr)))
}

fn mixed() -> Error {
    Error::Deterministic("a cohort holds trials of one kind".to_owned())
}

/// The run folders of a cohort while it runs, and the supervisor's view of them.
struct Records<'a> {
    channel: &'a mut Channel,
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
    fn open(assignment: &Assignment, channel: &'a mut Channel) -> Result<Self> {
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
        Ok(Self { channel, trials, folders, journals, started, meter, last_progress: None })
    }

    fn folder(&self, member: usize) -> &TrialDir {
        &self.folders[member]
    }

    /// Signs what succeeded: the journal made durable, then the result by rename.
    fn close(self, outcomes: Vec<Result<Done>>, environment: &EnvironmentClass) -> Vec<Result<()>> {
        let wall_s = self.started.elapsed().as_secs_f64();
        let usage = self.meter.read(self.trials.len() as u64);
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
