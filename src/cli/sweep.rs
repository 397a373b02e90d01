//! `drr-lab sweep`: load → expand → plan → execute → summarise.

use std::io::{IsTerminal as _, stderr};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use drr_core::trial_dir::TrialDir;

use super::{Context, Output, plan_table};
use crate::error::{Error, Exit, Result};
use crate::exec::{self, Observer, Options, Outcome, Slot};
use crate::plan::{FailedBefore, Plan, State, write_sweep};
use crate::report;
use crate::store::{Member, RunsLock, Status, Store, SweepRecord};
use crate::sweep::{Datasets, Sweep, expand, load};

const EXAMPLES: &str = "\
Examples:
  drr-lab sweep sweeps/quickstart.toml
  drr-lab sweep sweeps/quickstart.toml --set drr.tau=0.001,0.01 --set τ=0.1 --seeds 5
  drr-lab sweep sweeps/quickstart.toml --dry-run";

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
    /// How many seeds; wins over the file.
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// Show what would run, and run nothing.
    #[arg(long)]
    dry_run: bool,
    /// Workers at a time [default: the CPU cores this process may use].
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Run trials again that failed in a way that is not expected to go away.
    #[arg(long)]
    retry_failed: bool,
    /// The worker's program [default: drr-lab-worker beside this program].
    #[arg(long, value_name = "PATH", env = "DRR_LAB_WORKER", hide_env_values = true)]
    worker: Option<PathBuf>,
}

/// How often a lost attempt (a crash, a full disk) is repeated within one run.
const RETRIES: u32 = 2;

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit> {
    let sweeps = expand_all(args, context)?;
    let slots = exec::cpu_slots(args.jobs);
    let failed_before = if args.retry_failed { FailedBefore::Retry } else { FailedBefore::Skip };
    if args.dry_run {
        let store = if context.runs.join("lab.db").is_file() { Some(Store::open(&context.runs)?) } else { None };
        for sweep in &sweeps {
            let plan = Plan::new(sweep, &context.runs, failed_before);
            plan_table::print(&plan, slots.len(), store.as_ref(), context.output)?;
        }
        return Ok(Exit::Done);
    }
    let _lock = RunsLock::acquire(&context.runs)?;
    let mut store = Store::open(&context.runs)?;
    let mut exit = Exit::Done;
    for sweep in &sweeps {
        let plan = Plan::new(sweep, &context.runs, failed_before);
        record(sweep, &plan, &mut store, context)?;
        let outcome = match plan.to_run() {
            0 => nothing_to_do(&plan, context.output),
            _ => execute(&plan, &slots, &mut store, args, context)?,
        };
        summarise(&plan, &outcome, &store, context)?;
        if outcome.interrupted {
            return Ok(Exit::Interrupted);
        }
        if !outcome.failed.is_empty() || plan.skipped().next().is_some() {
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

/// Every file is read and expanded before anything starts.
fn expand_all(args: &Args, context: &Context) -> Result<Vec<Sweep>> {
    let mut overrides = args.set.clone();
    overrides.extend(args.seeds.map(|seeds| format!("seeds={seeds}")));
    let mut datasets = Datasets::new(&context.data);
    args.files.iter().map(|file| expand(&load(file, &overrides)?, &mut datasets)).collect()
}

/// Records the sweep and what the run folders know of its trials, so that a lost database loses nothing.
fn record(sweep: &Sweep, plan: &Plan, store: &mut Store, context: &Context) -> Result<()> {
    write_sweep(sweep, &context.runs)
        .map_err(|error| Error::environment(format!("cannot write to {}: {error}", context.runs.display())))?;
    store.record_sweep(&SweepRecord {
        name: sweep.name.clone(),
        source: sweep.text.clone(),
        axes: sweep.axes.clone(),
        members: sweep.trials.iter().map(|t| Member { spec: t.spec.clone(), point: t.point.clone() }).collect(),
    })?;
    let stored = store.sweep(&sweep.name)?.map(|stored| stored.trials).unwrap_or_default();
    for (task, known) in plan.tasks.iter().zip(stored) {
        match &task.state {
            State::Found if known.status != Status::Finished => {
                store.ingest(&TrialDir::new(&context.runs, task.trial.id))?;
            }
            State::ToRun if known.status != Status::Pending => store.mark(task.trial.id, Status::Pending, None)?,
            State::Skipped(why) if known.status != Status::Failed => {
                store.mark(task.trial.id, Status::Failed, Some(why))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn execute(plan: &Plan, slots: &[Slot], store: &mut Store, args: &Args, context: &Context) -> Result<Outcome> {
    let absolute = |path: &PathBuf| {
        std::path::absolute(path).map_err(|error| Error::environment(format!("{}: {error}", path.display())))
    };
    let options = Options {
        runs: absolute(&context.runs)?,
        data: absolute(&context.data)?,
        worker: exec::find_worker(args.worker.as_deref())?,
        slots: slots.to_vec(),
        retries: RETRIES,
    };
    let mut observer: Box<dyn Observer> = match context.output {
        Output::Json => Box::new(exec::json_lines()),
        Output::Quiet => Box::new(exec::silent()),
        Output::Human if stderr().is_terminal() => Box::new(exec::bars()),
        Output::Human => Box::new(exec::lines()),
    };
    exec::execute(plan, &options, store, observer.as_mut())
}

fn nothing_to_do(plan: &Plan, output: Output) -> Outcome {
    if output == Output::Human && plan.skipped().next().is_none() {
        eprintln!("{}: all {} trials are finished; nothing to do", plan.sweep, plan.tasks.len());
    }
    Outcome::default()
}

/// Says what needs a person's attention, then what came out.
fn summarise(plan: &Plan, outcome: &Outcome, store: &Store, context: &Context) -> Result<()> {
    if context.output != Output::Human {
        return Ok(());
    }
    let skipped: Vec<_> = plan.skipped().filter(|(_, why)| !why.starts_with("upstream ")).collect();
    for (task, why) in &skipped {
        eprintln!("left out: {} {}, which failed before: {why}", task.stage.name(), task.trial.id.short());
    }
    if !skipped.is_empty() {
        eprintln!("hint: the same bits fail the same way; --retry-failed runs them all the same");
    }
    for (trial, _) in &outcome.failed {
        eprintln!("its log: {}", TrialDir::new(&context.runs, *trial).log().display());
    }
    if let Some(stored) = store.sweep(&plan.sweep)?.filter(|_| !outcome.interrupted) {
        print!("\n{}", report::summary(&stored));
        eprintln!("\nplots and tables: drr-lab report {}", plan.sweep);
    }
    Ok(())
}
