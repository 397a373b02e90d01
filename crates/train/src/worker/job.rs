//! One cohort from spec to result: prepares the run folders, trains or evaluates, writes journal, model and, last, the
//! result.

use std::sync::Arc;
use std::time::{Duration, Instant};

use drr_core::artifacts::Artifacts;
use drr_core::journal::{Point, Writer};
use drr_core::protocol::{Assignment, Device, FromWorker};
use drr_core::result::{EnvironmentClass, TrialResult, Usage};
use drr_core::spec::{Section, TrialSpec};
use drr_core::trial_dir::TrialDir;
use drr_core::{Digest, TrialId};
use drr_kinds::KindOf as _;
use drr_kinds::command;
use drr_kinds::drr::DrrSpec;
use drr_kinds::kind::{Chooses, Trainer};
use drr_kinds::offline::{OfflineSpec, Ranked};
use drr_kinds::online::{OnlineSpec, Simulated};
use drr_kinds::protocol::Protocol;
use drr_kinds::protocols::ProtocolsSpec;
use drr_kinds::ranking::{RankingInput, Scores, StaticRanking};
use drr_kinds::training::{Reporter, Training};
use drr_kinds::world::World;

use super::channel::Channel;
use super::commands;
use super::device::WorkerDevices;
use super::loaded::{Loaded, check_model};
use super::usage::Meter;
use crate::actor_critic::{Agent, Shapes};
use crate::answers::{Answers, Known};
use crate::bandit::Bandit;
use crate::beliefs::Beliefs;
use crate::evaluate::Policy;
use crate::evaluate::policy::Predicted;
use crate::kernels::Backend;
use crate::pmf::PmfModel;
use crate::trainer::{Member, train};
use crate::{model, offline, online, pmf, protocols};
use drr_kinds::error::{Error, Result};
use drr_kinds::training::Metrics;

/// Runs a cohort; one outcome a trial, in order. A trial that is `Ok` has its result on disk.
pub fn run(assignment: &Assignment, loaded: &mut Loaded, channel: &mut Channel) -> Vec<Result<()>> {
    match cohort(assignment, loaded, channel) {
        Ok(outcomes) => outcomes,
        Err(error) => assignment.trials.iter().map(|_| Err(error.clone())).collect(),
    }
}

fn cohort(assignment: &Assignment, loaded: &mut Loaded, channel: &mut Channel) -> Result<Vec<Result<()>>> {
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
    let is_command = assignment.trials.iter().any(TrialSpec::is_command);
    let environment = |on: Device| match is_command {
        true => commands::environment(assignment.device),
        false => loaded.devices.environment(on),
    };
    Ok(records.close(outcomes, &environment))
}

/// What a successful trial leaves.
struct Done {
    metrics: Metrics,
    /// Measurements behind each metric.
    repeats: u64,
    /// The digest of its model.
    model: Option<Digest>,
    /// What a program left, and what it used.
    program: Option<(Artifacts, Usage)>,
    /// What computed it: in a GPU's slot too much is computed on a core.
    on: Device,
}

impl Done {
    fn trained(metrics: Metrics, model: Digest, on: Device) -> Self {
        Self { metrics, repeats: 1, model: Some(model), program: None, on }
    }
}

/// One trial of a kind that trains itself, or of a factorisation.
fn train_one(
    assignment: &Assignment,
    spec: &TrialSpec,
    loaded: &mut Loaded,
    records: &mut Records<'_>,
) -> Result<Done> {
    let path = records.folder(0).model();
    match spec.kind().model().map_or(Trainer::Worker, |model| model.train) {
        Trainer::Worker => {
            let world = world(assignment, spec, loaded)?;
            let pmf = settings(spec)?;
            let on = if pmf::is_worth_a_device(&world, &pmf) { assignment.device } else { Device::Cpu };
            let (model, metrics) = pmf::train_on(loaded.devices.backend(on)?, &world, &pmf, spec.seed, records)?;
            Ok(Done::trained(metrics, model::save_pmf(&path, &model)?, on))
        }
        Trainer::Ratings(train) => {
            let world = world(assignment, spec, loaded)?;
            let training = Training { world: &world, settings: &spec.settings, seed: spec.seed, model: &path };
            let trained = train(&training, records)?;
            Ok(Done::trained(trained.metrics, trained.model, Device::Cpu))
        }
        Trainer::Program => {
            let (folder, is_again) = (records.folder(0).clone(), records.is_again);
            let ran = commands::run((assignment, spec), (&folder, is_again), records)?;
            let usage = Usage { cpu_s: ran.cpu_s, peak_mib: ran.peak_mib, ..records.meter.read(1) };
            let program = Some((ran.artifacts, usage));
            Ok(Done { metrics: ran.metrics, repeats: 1, model: None, program, on: assignment.device })
        }
    }
}

/// The ratings of a trial that stands on some.
fn world(assignment: &Assignment, spec: &TrialSpec, loaded: &mut Loaded) -> Result<Arc<World>> {
    let none = || Error::Deterministic(format!("{} stands on ratings, and the trial names none", spec.kind));
    loaded.world(&assignment.data, spec.ratings.as_ref().ok_or_else(none)?)
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
                world: world(assignment, spec, loaded)?,
                model: loaded.pmf(&assignment.runs, model_below(spec)?)?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let (agent, outcomes) = train(&members, loaded.devices.backend(assignment.device)?, records)?;
    let networks = model::Networks::of(&agent);
    let saved = outcomes.into_iter().enumerate().map(|(member, outcome)| {
        let metrics = outcome?;
        let digest = networks.save(&records.folder(member).model(), member)?;
        Ok(Done::trained(metrics, digest, assignment.device))
    });
    Ok(saved.collect())
}

fn evaluate(assignment: &Assignment, spec: &TrialSpec, loaded: &mut Loaded, records: &mut Records<'_>) -> Result<Done> {
    let world = world(assignment, spec, loaded)?;
    let model = loaded.pmf(&assignment.runs, model_below(spec)?)?;
    let n = spec.settings.whole("history").unwrap_or_default() as usize;
    let (metrics, repeats) = if spec.kind().name == "offline" {
        let measure: OfflineSpec = settings(spec)?;
        let is_command = spec.policy_kind().is_some_and(|kind| command::is_command(kind.name));
        if is_command && measure.candidates != Ranked::Rated {
            return Err(Error::Deterministic(
                "a command's scores are of test ratings alone: set offline.candidates = \"rated\"".to_owned(),
            ));
        }
        let mut policy = policy((assignment, loaded.devices), spec, &world, &model, (measure.protocol, n))?;
        (offline::run(&world, &model, &mut policy, n, &measure, spec.seed, records)?, measure.repeats_made())
    } else if spec.kind().name == "protocols" {
        let measure: ProtocolsSpec = settings(spec)?;
        let mut policy = policy((assignment, loaded.devices), spec, &world, &model, (Protocol::Cold, 0))?;
        (protocols::run(&world, &model, &mut policy, &measure, spec.seed, records)?, 1)
    } else {
        let measure: OnlineSpec = settings(spec)?;
        let held_out = match (measure.simulator, &spec.ratings) {
            (Simulated::HeldOut, Some(ratings)) => Some(loaded.held_out(&assignment.data, ratings)?),
            _ => None,
        };
        let simulator = held_out.as_ref().map_or(&*model as &dyn Scores, |it| &***it);
        let answers = Answers::new(&world, simulator, Known::All, (measure.rounding / world.unit) as f32);
        let mut policy = policy((assignment, loaded.devices), spec, &world, &model, (measure.protocol, n))?;
        let scene = online::Scene { world: &world, model: &model, answers, n };
        (online::run(&scene, &mut policy, &measure, spec.seed, records)?, measure.repeats)
    };
    let mut metrics = metrics;
    if spec.policy_kind().is_some_and(|kind| command::is_command(kind.name)) {
        // Of a command the scores of candidates are known, and lists are of all items.
        metrics.retain(|name, _| !name.starts_with("lists/") && !name.starts_with("user/"));
    }
    // Rankings and models of one user are loops over memory, wherever the networks are.
    let is_network =
        spec.policy_kind().and_then(|kind| kind.policy()).is_some_and(|own| matches!(own.chooses, Chooses::Networks));
    let on = if is_network { assignment.device } else { Device::Cpu };
    Ok(Done { metrics, repeats, model: None, program: None, on })
}

/// What an evaluation evaluates.
fn policy(
    (assignment, devices): (&Assignment, &dyn WorkerDevices),
    spec: &TrialSpec,
    world: &Arc<World>,
    model: &Arc<PmfModel>,
    start: (Protocol, usize),
) -> Result<Policy> {
    let (kind, own) = spec.policy_kind().and_then(|kind| Some((kind, kind.policy()?))).ok_or_else(mixed)?;
    let below = own.model.as_ref().and_then(|below| spec.upstream.get(below.kind));
    if let (Some(trial), true) = (below, own.model.as_ref().is_some_and(|below| command::is_command(below.kind))) {
        return Ok(Policy::Static(commands::ranking(assignment, spec, trial)?));
    }
    if let Some(trial) = below {
        check_model(&assignment.runs, trial)?;
    }
    let folder = below.map(|trial| TrialDir::new(&assignment.runs, trial));
    match (own.chooses, &folder) {
        (Chooses::Ranking(make), folder) => {
            let settings = spec.policy.as_ref().map(|policy| &policy.settings).ok_or_else(mixed)?;
            let path = folder.as_ref().map(TrialDir::model);
            Ok(Policy::Static(make(&RankingInput { world, settings, model: path.as_deref(), start })?))
        }
        (Chooses::Networks, _) if start.0 == Protocol::Cold => Err(Error::Deterministic(format!(
            "{} looks at a history, and under the protocol cold there is none: use strict",
            kind.name
        ))),
        (Chooses::Networks, Some(folder)) => recommender(devices.backend(assignment.device)?, folder, model),
        (Chooses::Predictions, _) => Ok(Policy::Static(StaticRanking::By(Box::new(Predicted(Arc::clone(model)))))),
        (Chooses::Beliefs, _) => {
            let penalties = settings(&read_spec(&TrialDir::new(&assignment.runs, model_below(spec)?))?)?;
            Ok(Policy::Beliefs(Box::new(Beliefs::new(Arc::clone(model), Arc::clone(world), &penalties))))
        }
        (Chooses::Bandit(of), _) => {
            let settings = spec.policy.as_ref().map(|policy| of(&policy.settings)).ok_or_else(mixed)?;
            Ok(Policy::Bandit(Box::new(Bandit::new(model, settings, spec.seed))))
        }
        (Chooses::Answers(extreme), _) => Ok(Policy::Oracle(extreme)),
        (Chooses::Plan, _) if world.dynamics.is_some() => Ok(Policy::Plan),
        (Chooses::Plan, _) => Err(Error::Deterministic(
            "an optimal plan is known of the small made-up worlds alone: dataset = \"synthetic\" with synthetic.world"
                .to_owned(),
        )),
        (Chooses::Networks | Chooses::Program, _) => {
            Err(Error::Deterministic(format!("nothing here recommends as {} does", kind.name)))
        }
    }
}

/// The spec of a trial, as its folder has it.
fn read_spec(folder: &TrialDir) -> Result<TrialSpec> {
    let text = std::fs::read(folder.spec())?;
    serde_json::from_slice(&text).map_err(|error| Error::Environment(format!("{}: {error}", folder.spec().display())))
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
    let spec = read_spec(folder)?;
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
    /// Whether an earlier attempt came as far as its folder.
    is_again: bool,
}

/// At most this often does a worker tell how far it is.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

impl<'a> Records<'a> {
    fn open(assignment: &Assignment, channel: &'a mut Channel) -> Result<Self> {
        let (meter, started) = (Meter::start(), Instant::now());
        let trials: Vec<TrialId> = assignment.trials.iter().map(TrialSpec::id).collect();
        let folders: Vec<TrialDir> = trials.iter().map(|&trial| TrialDir::new(&assignment.runs, trial)).collect();
        let is_again = folders.iter().any(|folder| folder.spec().exists());
        let mut journals = Vec::new();
        for ((&trial, folder), spec) in trials.iter().zip(&folders).zip(&assignment.trials) {
            let named = |error: std::io::Error| Error::Environment(format!("{}: {error}", folder.path().display()));
            folder.prepare(spec).map_err(named)?;
            journals.push(Writer::create(&folder.journal(), trial).map_err(named)?);
            channel.say(&FromWorker::Started { trial })?;
        }
        Ok(Self { channel, trials, folders, journals, started, meter, last_progress: None, is_again })
    }

    fn folder(&self, member: usize) -> &TrialDir {
        &self.folders[member]
    }

    /// Signs what succeeded: the journal made durable, then the result by rename.
    fn close(self, outcomes: Vec<Result<Done>>, environment: &dyn Fn(Device) -> EnvironmentClass) -> Vec<Result<()>> {
        let wall_s = self.started.elapsed().as_secs_f64();
        let usage = self.meter.read(self.trials.len() as u64);
        let members = outcomes.into_iter().zip(self.journals).zip(self.trials.iter().zip(&self.folders));
        members
            .map(|((outcome, journal), (&trial, folder))| {
                let Done { metrics, repeats, model: model_digest, program, on } = outcome?;
                // What a program says of its end is its own affair; what is computed here must be a number.
                if let Some((name, value)) = metrics.iter().find(|(_, value)| !value.is_finite() && program.is_none()) {
                    return Err(Error::Deterministic(format!("the final {name} is {value}")));
                }
                let (artifacts, usage) = program.unwrap_or((Artifacts::new(), usage));
                let result = TrialResult {
                    format: TrialResult::format_of(&metrics, &artifacts),
                    trial,
                    metrics,
                    repeats,
                    metrics_digest: journal.finish()?,
                    model_digest,
                    artifacts,
                    environment: environment(on),
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

    fn alive(&mut self) -> Result<()> {
        // Of nothing nothing is done: it says that somebody works, and no more.
        self.progress(0, 0)
    }

    fn listening(&mut self) -> Result<()> {
        if self.channel.is_closed() { Err(Error::Stopped) } else { Ok(()) }
    }
}
