//! `drr-lab verify`: is what is stored as it was written, and does it come out the same again?

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use drr_core::finished::Finished;
use drr_core::{Seed, TrialId};
use drr_kinds::KindOf as _;

use super::target::{self, Target};
use super::verify_text::VerifyText;
use super::{Context, OutputFormat, execution, observer};
use crate::audit::{self, ExaminedFolder, IndexFault, ReplayRequest, ReplayVerdict, Scope, Tolerance};
use crate::error::{Error, Exit, Result};
use crate::exec::{self, CoreRequest, Gpus, Rules, RunOptions, Slot, SlotRequest};
use crate::store::{Reading, Store};
use crate::sweep::Sweep;

const EXAMPLES: &str = "\
Examples:
  drr-lab verify quickstart                   check and run again every finished trial of a sweep
  drr-lab verify 3fa9c1                       one trial, by the beginning of its id
  drr-lab verify --sample 5                   five finished trials, drawn at random
  drr-lab verify --integrity-only             check all that is recorded, run nothing
  drr-lab verify --table reports/quickstart/tables/offline-published-ml-100k-precision.csv --cell 1 @10
                                              the trials behind one number of a report, and the number

Verdicts: bitwise, within tolerance, diverged (at which step, in which metric, by how much), cannot be run (why).
Exit codes: 0 all agree · 3 something needed is not there · 5 something was changed or diverged";

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Sweeps, or trials by the beginning of their ids [default: all that is recorded].
    #[arg(value_name = "ID|SWEEP")]
    targets: Vec<String>,
    /// Only so many finished trials, drawn at random.
    #[arg(long, value_name = "N")]
    sample: Option<NonZeroUsize>,
    /// A table that a report wrote, as CSV: verify the trials behind one of its cells.
    #[arg(long, value_name = "FILE", requires = "cell", conflicts_with_all = ["targets", "sample"])]
    table: Option<PathBuf>,
    /// Which cell of the table: the number of its row, from 1, and its column's header or metric.
    #[arg(long, num_args = 2, value_names = ["ROW", "COL"], requires = "table")]
    cell: Option<Vec<String>>,
    /// Check what is stored, and run nothing again.
    #[arg(long)]
    integrity_only: bool,
    /// Accept values this far apart, as a share of the recorded value.
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    relative: f64,
    /// Accept values this far apart.
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    absolute: f64,
    /// Workers at a time [default: the CPU cores this process may use].
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// GPUs for what GPUs computed: `auto`, `all`, `none`, or their places in PCI order [default: auto]. What cores computed
    /// runs on cores again.
    #[arg(long, value_name = "LIST")]
    gpus: Option<Gpus>,
    /// Where the code of commands is, if not where it was; needed for those that came in a bundle.
    #[arg(long, value_name = "DIR")]
    commands_in: Option<PathBuf>,
    /// Keep the folders of the trials that were run again, in DIR.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// The worker's program [default: this one].
    #[arg(long, value_name = "PATH", env = "DRR_LAB_WORKER", hide_env_values = true)]
    worker: Option<PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit> {
    let text = VerifyText::new(context.output);
    let wanted = VerifyRequest::find(args, &context.runs)?;
    let (store, unread) = match Store::read(&context.runs)? {
        Reading::Database(store) => (Some(store), None),
        Reading::Unreadable(why) => (None, Some(why)),
    };
    let examined = audit::examine(&context.runs, &wanted.trials, store.as_ref())?;
    let mut faults = text.integrity(&examined);
    let mut behind: Vec<String> = unread.into_iter().collect();
    let of_trials = examined.iter().filter_map(|it| it.index.clone());
    behind.extend(of_trials.filter_map(|fault| match fault {
        IndexFault::Behind(what) => Some(what),
        // Said with its trial.
        IndexFault::Changed(_) => None,
    }));
    for fault in wanted.index_faults(&context.runs, store.as_ref()) {
        match fault {
            IndexFault::Changed(fault) => {
                text.fault(&fault);
                faults += 1;
            }
            IndexFault::Behind(what) => behind.push(what),
        }
    }
    drop(store);
    text.behind(behind, &context.runs);
    faults += wanted.cell.as_ref().map_or(0, |cell| text.cell(cell, &examined));
    let sound =
        |it: ExaminedFolder| if matches!(it.index, Some(IndexFault::Changed(_))) { None } else { it.found.ok() };
    let mut finished: Vec<Finished> = examined.into_iter().filter_map(sound).collect();
    finished.sort_by_key(|trial| trial.spec.stage());
    if args.integrity_only {
        return Ok(if faults == 0 { Exit::Done } else { Exit::Mismatch });
    }
    for sweep in &wanted.sweeps {
        match audit::changed_meaning(sweep, &context.runs, &context.data) {
            Ok(differences) if differences.is_empty() => {}
            Ok(differences) => {
                text.meaning(&sweep.name, &differences);
                faults += 1;
            }
            Err(error) => {
                text.meaningless(&sweep.name, &error);
                faults += 1;
            }
        }
    }
    let replayed = replay(&finished, &wanted.sweeps, args, context)?;
    text.verdicts(&replayed);
    let bad = |verdict: &ReplayVerdict| {
        matches!(verdict, ReplayVerdict::Artifacts(_) | ReplayVerdict::Diverged(_) | ReplayVerdict::CannotRun(_))
    };
    Ok(match () {
        () if faults > 0 || replayed.iter().any(|it| bad(&it.verdict)) => Exit::Mismatch,
        () if replayed.iter().any(|it| matches!(it.verdict, ReplayVerdict::OtherClass { .. })) => Exit::Inconclusive,
        () => Exit::Done,
    })
}

/// Where trials run again: beside the recorded ones, or where files of programs go if those lie in an archive that cannot
/// be written.
fn scratch_place(runs: &Path) -> PathBuf {
    let name = format!("verify-{}", std::process::id());
    match nix::unistd::access(runs, nix::unistd::AccessFlags::W_OK) {
        Ok(()) => runs.join(name),
        Err(_) => std::env::temp_dir().join(format!("drr-lab-{name}")),
    }
}

fn replay(finished: &[Finished], sweeps: &[Sweep], args: &Args, context: &Context) -> Result<Vec<audit::Replayed>> {
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| Error::environment(format!("{}: {error}", path.display())))
    };
    let scratch = match &args.keep {
        Some(folder) => absolute(folder)?,
        None => scratch_place(&absolute(&context.runs)?),
    };
    if scratch.join("lab.db").exists() || scratch.join("trials").exists() {
        return Err(Error::input(format!("{} is a runs folder", scratch.display())).hint("name an empty folder"));
    }
    let (inventory, slots) = (execution::inventory(), exec::cpu_slots(args.jobs));
    // What a GPU computed comes out the same on such a GPU alone.
    let of_gpus = finished.iter().any(|trial| trial.result.environment.is_of_gpu());
    let gpus = if of_gpus { args.gpus.clone().unwrap_or(Gpus::Auto) } else { Gpus::None };
    let on_gpus: Vec<Slot> =
        exec::slots(&SlotRequest { gpus, gpu_share: 1.0, jobs: None, threads: None }, inventory.as_ref())?;
    let on_gpus: Vec<Slot> = on_gpus.into_iter().filter(|slot| *slot != Slot::Cpu).collect();
    let gpu_worker = args.worker.clone().or_else(exec::gpu_worker).filter(|_| !on_gpus.is_empty());
    let replay = ReplayRequest {
        on_gpus: gpu_worker.map(|worker| (worker, on_gpus)),
        options: RunOptions {
            runs: absolute(&context.runs)?,
            data: absolute(&context.data)?,
            worker: exec::find_worker(args.worker.as_deref(), false)?,
            cores: CoreRequest { all: slots.len(), each: None },
            slots,
            inventory: Arc::clone(&inventory),
            cohort: None,
            rules: Rules::default(),
            early_stop: None,
        },
        scratch: scratch.clone(),
        tolerance: Tolerance { absolute: args.absolute, relative: args.relative },
        by_kind: audit::declared_tolerances(sweeps),
        commands_in: args.commands_in.as_deref().map(absolute).transpose()?,
    };
    // On stdout the verdicts alone.
    let output = if context.output == OutputFormat::Json { OutputFormat::Quiet } else { context.output };
    let replayed = audit::replay(finished, &replay, observer(output).as_mut());
    if args.keep.is_none() {
        let _ = std::fs::remove_dir_all(&scratch);
    }
    replayed
}

/// What is to be verified.
struct VerifyRequest {
    trials: Vec<TrialId>,
    sweeps: Vec<Sweep>,
    /// The number whose trials they are.
    cell: Option<audit::WrittenCell>,
    /// Whether nothing was named, which means everything.
    whole: bool,
}

impl VerifyRequest {
    fn find(args: &Args, runs: &Path) -> Result<Self> {
        if let (Some(table), Some([row, column])) = (&args.table, args.cell.as_deref()) {
            let cell = audit::find_cell(table, row, column)?;
            let trials = audit::with_upstream(runs, &cell.trials).into_iter().collect();
            return Ok(Self { trials, sweeps: Vec::new(), cell: Some(cell), whole: false });
        }
        let mut trials = BTreeSet::new();
        let mut sweeps = Vec::new();
        for name in &args.targets {
            match target::find(runs, name)? {
                Target::Trial(trial) => {
                    trials.insert(trial);
                }
                Target::Sweep(sweep) => {
                    trials.extend(sweep.trials.iter().map(|trial| trial.id));
                    sweeps.push(*sweep);
                }
            }
        }
        let whole = args.targets.is_empty();
        if whole {
            trials.extend(target::trials(runs)?);
            if trials.is_empty() {
                return Err(Error::input(format!("nothing is recorded in {}", runs.display())));
            }
        }
        let mut trials: Vec<TrialId> = trials.into_iter().collect();
        if let Some(sample) = args.sample {
            trials.retain(|&trial| drr_core::trial_dir::TrialDir::new(runs, trial).is_complete());
            draw(&mut trials, sample.get());
        }
        Ok(Self { trials, sweeps, cell: None, whole: whole && args.sample.is_none() })
    }

    fn index_faults(&self, runs: &Path, store: Option<&Store>) -> Vec<IndexFault> {
        if self.whole {
            return audit::examine_index(runs, store, Scope::Whole);
        }
        let of = |sweep: &Sweep| audit::examine_index(runs, store, Scope::Sweep(&sweep.name));
        self.sweeps.iter().flat_map(of).collect()
    }
}

/// Leaves `count` of them, another choice each time.
fn draw(trials: &mut Vec<TrialId>, count: usize) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    let mut stream = Seed(u64::from(now)).stream("verify/sample");
    for at in 0..count.min(trials.len()) {
        let other = at + stream.below(trials.len() - at);
        trials.swap(at, other);
    }
    trials.truncate(count);
}
