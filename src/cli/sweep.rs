//! `drr-lab sweep`: load → expand → plan → execute → summarise.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use drr_core::trial_dir::TrialDir;
use drr_core::{Status, TrialId};
use drr_kinds::KindOf as _;

use super::catch_up::{IndexState, catch_up};
use super::execution::{Choices, Resolved, inventory};
use super::mirror::{MirrorPlace, Mirrored};
use super::plan_table::{Detail, PlanTable};
use super::probe;
use super::redefined::{self, Asked};
use super::slurm::{self, Executor};
use super::untold;
use super::worker::FrozenWorker;
use super::{Context, OutputFormat, attempt, failures, observer};
use crate::audit;
use crate::error::{Error, Exit, Result};
use crate::exec::slurm::{AfterSubmit, refuse_if_open};
use crate::exec::{self, Inventory, MemoryBudget, Observer, Outcome, RunOptions, Slot};
use crate::neutral::line;
use crate::plan::{FailedBefore, Outlook, Plan, Sizes, examine, note_earlier, write_sweep};
use crate::report;
use crate::rows::TensorboardMirror;
use crate::store::{Reading, RunsLock, Store, SweepRecord};
use crate::sweep::{Datasets, EarlyStop, Request, SlurmSettings, Sweep, SweepFile, SweepRequest, expand};

const EXAMPLES: &str = "\
Examples:
  drr-lab sweep sweeps/quickstart.toml
  drr-lab sweep sweeps/quickstart.toml --set drr.tau=0.001,0.01 --set τ=0.1 --seeds 5
  drr-lab sweep sweeps/tau-gamma.toml --only tau=0.001 --profile smoke
  drr-lab sweep sweeps/quickstart.toml --dry-run
  drr-lab sweep sweeps/quickstart.toml --also tensorboard=events      # and: tensorboard --logdir events
  drr-lab sweep sweeps/quickstart.toml --executor slurm --dry-run

The language of sweep files is in docs/sweep-files.md; `drr-lab schema` prints its JSON Schema.";

/// Arguments of `sweep`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Sweep files, run one after the other.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Set a field, or an axis of several values; wins over the file.
    #[arg(long, value_name = "KEY=VALUE,…")]
    set: Vec<String>,
    /// Keep only the trials that have these values.
    #[arg(long, value_name = "KEY=VALUE,…")]
    only: Vec<String>,
    /// The variant of the file to run, a [profile.NAME] in it.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// How many seeds; wins over the file.
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// Show what would run, and run nothing.
    #[arg(long)]
    dry_run: bool,
    /// Show every trial as resolved, and run nothing.
    #[arg(long)]
    show: bool,
    /// Run finished trials again, beside what is recorded, and compare the digests.
    #[arg(long, conflicts_with_all = ["dry_run", "show"])]
    force: bool,
    /// Where trials run: local, on this machine; or slurm, on a cluster, as [slurm] in the file says.
    #[arg(long, value_enum, default_value = "local", hide_possible_values = true)]
    executor: Executor,
    /// Submit to Slurm and leave at once; `drr-lab runs collect` takes in what is finished.
    #[arg(long, conflicts_with_all = ["dry_run", "show", "force"])]
    detach: bool,
    /// Show it elsewhere too while it runs: tensorboard=DIR, a folder for `tensorboard --logdir DIR`.
    #[arg(long, value_name = "WHERE", conflicts_with_all = ["dry_run", "show", "detach"])]
    also: Vec<MirrorPlace>,
    /// Run trials again that failed in a way that is not expected to go away.
    #[arg(long)]
    retry_failed: bool,
    /// The worker's program [default: this one; on GPUs drr-lab-worker-cuda, beside it or in PATH].
    #[arg(long, value_name = "PATH", env = "DRR_LAB_WORKER", hide_env_values = true)]
    worker: Option<PathBuf>,
    #[command(flatten)]
    choices: Choices,
    /// Whether another verb runs it, and says itself what came out.
    #[arg(skip)]
    is_part: bool,
}

/// A sweep and how it runs.
struct Ordered {
    /// What is worth knowing before it runs.
    notes: Vec<String>,
    request: SweepRequest,
    sweep: Sweep,
    file: PathBuf,
    resolved: Resolved,
    early_stop: Option<EarlyStop>,
    slurm: SlurmSettings,
    outlook: Outlook,
    sizes: Sizes,
}

impl Ordered {
    /// What is to be done now.
    fn plan(&self, runs: &Path, failed_before: FailedBefore) -> Plan {
        self.plan_of(&self.sweep, runs, failed_before)
    }

    /// What is to be done of `sweep`. What was given up before stays so as long as the sweep gives trials up.
    fn plan_of(&self, sweep: &Sweep, runs: &Path, failed_before: FailedBefore) -> Plan {
        let plan = Plan { commands: self.sweep.place.clone(), ..Plan::new(sweep, runs, &self.sizes, failed_before) };
        if self.early_stop.is_some() && failed_before == FailedBefore::Skip { plan } else { plan.with_stopped() }
    }
}

impl Args {
    /// A run of these files for another verb.
    pub(super) fn of_files(files: Vec<PathBuf>, seeds: Option<u64>, retry_failed: bool, choices: Choices) -> Self {
        Self {
            files,
            set: Vec::new(),
            only: Vec::new(),
            profile: None,
            seeds,
            dry_run: false,
            show: false,
            force: false,
            executor: Executor::Local,
            detach: false,
            also: Vec::new(),
            retry_failed,
            worker: None,
            choices,
            is_part: true,
        }
    }

    /// What was asked for of every file, but for the number of seeds.
    fn request(&self) -> Request {
        Request { set: self.set.clone(), only: self.only.clone(), profile: self.profile.clone() }
    }

    fn asked<'a>(&self, ordered: &'a Ordered, request: &'a Request) -> Asked<'a> {
        let Ordered { sweep, request: whole_request, file, .. } = ordered;
        Asked { sweep, whole_request, file, request, seeds: self.seeds }
    }
}

impl Ordered {
    /// How it is submitted to a cluster.
    fn on_slurm(&self, args: &Args, context: &Context) -> Result<exec::slurm::SlurmOptions> {
        slurm::options(&self.slurm, &self.resolved, self.early_stop.as_ref(), args.worker.as_deref(), context)
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit> {
    if args.executor == Executor::Local && args.detach {
        return Err(Error::input("--detach leaves trials to a cluster").hint("add --executor slurm"));
    }
    if args.executor == Executor::Slurm && !args.also.is_empty() {
        return Err(Error::input("--also is of sweeps on this machine")
            .hint("export what is collected: drr-lab export SWEEP --format tensorboard --out DIR"));
    }
    if args.executor == Executor::Slurm && args.force {
        return Err(Error::input("--force runs trials on this machine").hint("leave out --executor slurm"));
    }
    let inventory = inventory();
    let sweeps = expand_all(args, inventory.as_ref(), context)?;
    if context.output != OutputFormat::Quiet {
        for (ordered, note) in sweeps.iter().flat_map(|it| it.notes.iter().map(move |note| (it, note))) {
            eprintln!("{}: note: {note}", ordered.sweep.name);
        }
    }
    let failed_before = if args.retry_failed { FailedBefore::Retry } else { FailedBefore::Skip };
    if args.dry_run || args.show {
        let store = match Store::read(&context.runs)? {
            Reading::Database(store) => Some(store),
            Reading::Unreadable(_) => None,
        };
        let detail = if args.show { Detail::Trials } else { Detail::Stages };
        for ordered in &sweeps {
            let plan = ordered.plan(&context.runs, failed_before);
            let budget = MemoryBudget::new(&plan, &context.data, inventory.as_ref());
            let shown =
                PlanTable::new(&ordered.sweep, &plan, &ordered.resolved, &budget, (store.as_ref(), &ordered.sizes))?
                    .looking_out(&ordered.outlook);
            if args.executor == Executor::Slurm && args.dry_run {
                slurm::print_scripts(&shown, &ordered.on_slurm(args, context)?, context.output);
            } else {
                shown.print(detail, context.output);
            }
        }
        return Ok(Exit::Done);
    }
    let _lock = RunsLock::acquire(&context.runs)?;
    let mut store = Store::open(&context.runs)?.deferring()?;
    let (mut exit, request) = (Exit::Done, args.request());
    for ordered in &sweeps {
        let sweep = &ordered.sweep;
        let plan = ordered.plan(&context.runs, failed_before);
        if args.executor == Executor::Local {
            refuse_if_open(&plan, &context.runs)?;
        }
        match redefined::kept(&args.asked(ordered, &request), context)? {
            None => record(sweep, &ordered.request, &plan, &mut store, context)?,
            Some((kept, of_record)) => {
                redefined::say(&kept, context);
                note_earlier(&kept.record, &kept.left, &context.runs).map_err(|error| unwritable(context, &error))?;
                let plan = ordered.plan_of(&kept.record, &context.runs, failed_before);
                record(&kept.record, &of_record, &plan, &mut store, context)?;
            }
        }
        if context.output == OutputFormat::Human {
            ordered.outlook.warnings.iter().for_each(|line| eprintln!("{}: {line}", sweep.name));
        }
        let outcome = match plan.to_run() {
            0 => {
                // What is finished is shown elsewhere too.
                watched(&args.also, &store, &plan.sweep, context)?;
                nothing_to_do(&plan, context.output)
            }
            _ if args.executor == Executor::Slurm => {
                let options = ordered.on_slurm(args, context)?;
                let then = if args.detach { AfterSubmit::Detach } else { AfterSubmit::Follow };
                let outcome = slurm::execute(&plan, &options, then, &mut store, context)?;
                if args.detach {
                    continue;
                }
                outcome
            }
            _ => {
                let (options, _worker) = local(&plan, ordered, &inventory, args, &context.runs, context)?;
                let mut observer = watched(&args.also, &store, &plan.sweep, context)?;
                exec::execute(&plan, &options, &mut store, observer.as_mut())?
            }
        };
        if sweep.probe > 0 && args.executor == Executor::Local && !outcome.interrupted {
            let (options, _worker) = local(&plan, ordered, &inventory, args, &context.runs, context)?;
            probe::probe(sweep, &plan, &options, observer(context.output).as_mut(), context)?;
        }
        if outcome.interrupted && exec::output_is_stuck() {
            // Nobody reads: what more there is to say would be waited for like the rest.
            return Ok(Exit::Interrupted);
        }
        let index = catch_up(&mut store, context)?;
        summarise(&plan, &outcome, (&store, index), args.is_part, context)?;
        if outcome.interrupted {
            return Ok(Exit::Interrupted);
        }
        if args.force {
            let again = plan.again();
            let place = attempt::AttemptFolder::new(&context.runs)?;
            let outcome = match again.to_run() {
                0 => Outcome::default(),
                _ => {
                    let mut store = Store::open(place.runs())?;
                    store.record_sweep(&SweepRecord::from(sweep))?;
                    let (options, _worker) = local(&again, ordered, &inventory, args, place.runs(), context)?;
                    exec::execute(&again, &options, &mut store, observer(context.output).as_mut())?
                }
            };
            if outcome.interrupted {
                return Ok(Exit::Interrupted);
            }
            if place.compare(&plan, &context.runs, context.output) == attempt::Agreement::Differs {
                return Ok(Exit::Mismatch);
            }
        }
        let untold = store.sweep(&plan.sweep)?.map(|stored| untold::untold(&stored)).unwrap_or_default();
        if !untold.is_empty() {
            exit = Exit::Failed;
            if context.output != OutputFormat::Quiet {
                untold.iter().for_each(|line| eprintln!("{line}"));
            }
        }
        if !outcome.failed.is_empty() || plan.skipped().next().is_some() {
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

/// Every file is read and expanded before anything starts, and the problems of all are said at once.
fn expand_all(args: &Args, inventory: &dyn Inventory, context: &Context) -> Result<Vec<Ordered>> {
    let mut asked = args.request();
    asked.set.extend(args.seeds.map(|seeds| format!("seeds={seeds}")));
    let mut datasets = Datasets::new(&context.data);
    let (mut sweeps, mut failed): (Vec<Ordered>, Option<Error>) = (Vec::new(), None);
    for path in &args.files {
        let ordered = SweepRequest::read(path, &asked).and_then(|request| {
            let file = request.file(&mut datasets)?;
            let resolved = args.choices.resolve(&file.execution, args.worker.as_deref(), inventory)?;
            let sweep = expand_one(&file, &mut datasets, context)?;
            let outlook = examine(&file, &sweep, &context.runs, &mut datasets)?;
            let notes = file.notes.into_iter().chain(resolved.about_gpus(file.commands.is_some())).collect();
            let (early_stop, slurm, sizes) = (file.early_stop, file.slurm, Sizes::new(&context.data));
            Ok(Ordered { notes, request, sweep, file: path.clone(), resolved, early_stop, slurm, outlook, sizes })
        });
        match ordered {
            Ok(ordered) => sweeps.push(ordered),
            Err(error) => {
                failed = Some(match failed {
                    Some(first) => both(first, error),
                    None => error,
                })
            }
        }
    }
    failed.map_or(Ok(sweeps), Err)
}

/// Two errors as one.
fn both(mut first: Error, second: Error) -> Error {
    first.message = format!("{}\n{}", first.message, second.message);
    first.hint = first.hint.or(second.hint);
    first.problems.extend(second.problems);
    first
}

/// Expands a file that may run from the sources as they are.
fn expand_one(file: &SweepFile, datasets: &mut Datasets, context: &Context) -> Result<Sweep> {
    if file.clean {
        let folder = file.commands.as_ref().map(|commands| commands.folder.as_path());
        refuse_uncommitted(&file.name, folder, context)?;
    }
    expand(file, datasets)
}

/// A sweep that demands it is run only from sources that a commit names.
fn refuse_uncommitted(sweep: &str, commands: Option<&Path>, context: &Context) -> Result<()> {
    let demand = "[provenance] clean = true demands sources that are as committed";
    let look = match commands {
        Some(folder) => exec::SourceTree::of(folder, &context.runs),
        None => exec::SourceTree::look(&context.runs),
    };
    match look {
        exec::SourceLook::NoRepository => {
            Err(Error::input(format!("{sweep}: {demand}, but they are in no git repository")))
        }
        exec::SourceLook::Unreadable(why) => {
            Err(Error::input(format!("{sweep}: {demand}, but how they are cannot be told: {why}")))
        }
        exec::SourceLook::Tree(tree) if !tree.changed.is_empty() => {
            let shown: Vec<&str> = tree.changed.iter().take(10).map(String::as_str).collect();
            let more = tree.changed.len() - shown.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            Err(Error::input(format!("{sweep}: {demand}; these are not: {}{more}", shown.join(", ")))
                .hint("commit or put them aside, or take the line out of the sweep file"))
        }
        exec::SourceLook::Tree(_) => Ok(()),
    }
}

fn unwritable(context: &Context, error: &std::io::Error) -> Error {
    Error::disk(format!("cannot write to {}", context.runs.display()), error)
}

/// Records the sweep and what the run folders know of its trials, so that a lost database loses nothing.
pub(super) fn record(
    sweep: &Sweep,
    request: &SweepRequest,
    plan: &Plan,
    store: &mut Store,
    context: &Context,
) -> Result<()> {
    write_sweep(sweep, request, &context.runs).map_err(|error| unwritable(context, &error))?;
    store.record_sweep(&SweepRecord::from(sweep))?;
    let stored = store.sweep(&sweep.name)?.map(|stored| stored.trials).unwrap_or_default();
    let known: HashMap<TrialId, Status> = stored.iter().map(|it| (it.id(), it.status)).collect();
    for task in &plan.tasks {
        let trial = task.trial.id;
        let known = known.get(&trial).copied().unwrap_or(Status::Pending);
        match task.status {
            same if same == known => {}
            Status::Finished => store.ingest(&TrialDir::new(&context.runs, trial))?,
            status => store.mark(trial, status, task.reason.as_deref())?,
        }
    }
    if let (Some(news), OutputFormat::Human) = (store.lock_news(), context.output) {
        eprintln!("{news}");
    }
    Ok(())
}

/// How a plan is run here, and the worker's program, which stays as it is as long as it is held.
fn local(
    plan: &Plan,
    ordered: &Ordered,
    inventory: &Arc<dyn Inventory>,
    args: &Args,
    runs: &Path,
    context: &Context,
) -> Result<(RunOptions, FrozenWorker)> {
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| Error::environment(format!("{}: {error}", path.display())))
    };
    let budget = MemoryBudget::new(plan, &context.data, inventory.as_ref());
    let (slots, wanted) = (ordered.resolved.slots_within(&budget), ordered.resolved.slots.len());
    if slots.len() < wanted
        && context.output == OutputFormat::Human
        && let Some(figures) = budget.figures()
    {
        eprintln!("{}: {} slots instead of {wanted}, for memory: {figures}; --jobs N chooses", plan.sweep, slots.len());
    }
    // Commands bring what computes on a GPU; the worker only starts them where they may.
    let needs_libtorch = plan.tasks.iter().any(|task| !task.trial.spec.is_command());
    let on_gpus = needs_libtorch && slots.iter().any(|slot| matches!(slot, Slot::Cuda(_)));
    let worker = FrozenWorker::new(&exec::find_worker(args.worker.as_deref(), on_gpus)?, &context.runs)?;
    let options = RunOptions {
        runs: absolute(runs)?,
        data: absolute(&context.data)?,
        worker: worker.path().to_owned(),
        slots,
        cores: ordered.resolved.cores,
        inventory: Arc::clone(inventory),
        cohort: ordered.resolved.cohort,
        rules: ordered.resolved.rules,
        early_stop: ordered.early_stop.clone(),
    };
    Ok((options, worker))
}

/// Who watches a run, here and elsewhere.
fn watched(also: &[MirrorPlace], store: &Store, sweep: &str, context: &Context) -> Result<Box<dyn Observer>> {
    let shown = observer(context.output);
    let Some(recorded) = (if also.is_empty() { None } else { store.sweep(sweep)? }) else { return Ok(shown) };
    let mirror = |place: &MirrorPlace| match place {
        MirrorPlace::Tensorboard(folder) => TensorboardMirror::new(store, recorded.clone(), folder),
    };
    Ok(Box::new(Mirrored::new(shown, also.iter().map(mirror).collect::<Result<_>>()?)))
}

fn nothing_to_do(plan: &Plan, output: OutputFormat) -> Outcome {
    if output == OutputFormat::Human && plan.skipped().next().is_none() {
        eprintln!("{}: all {} trials are finished; nothing to do", plan.sweep, plan.tasks.len());
    }
    Outcome::default()
}

/// Says what needs a person's attention, then what came out.
fn summarise(
    plan: &Plan,
    outcome: &Outcome,
    (store, index): (&Store, IndexState),
    is_part: bool,
    context: &Context,
) -> Result<()> {
    if context.output != OutputFormat::Human {
        return Ok(());
    }
    let skipped: Vec<_> = plan.skipped().filter(|(_, why)| !why.starts_with("upstream ")).collect();
    for (task, why) in &skipped {
        eprintln!("left out: {} {}, which failed before: {}", task.stage.name(), task.trial.id.short(), line(why));
    }
    if !skipped.is_empty() {
        eprintln!("hint: the same bits fail the same way; --retry-failed runs them all the same");
    }
    failures::print(plan, outcome, &context.runs);
    if is_part {
        return Ok(());
    }
    let stored = match index {
        IndexState::Written => store.sweep(&plan.sweep)?,
        IndexState::Behind => audit::from_folders(&context.runs)?.sweep(&plan.sweep)?,
    };
    if let Some(stored) = stored.filter(|_| !outcome.interrupted) {
        print!("\n{}", report::summary(&stored));
        eprintln!("\nplots and tables: drr-lab report {}", plan.sweep);
    }
    Ok(())
}
