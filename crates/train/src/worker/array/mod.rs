//! One task of a job array: the worker reads its line of the plan, runs the cohorts it finds there, and leaves only the
//! trials' own folders behind. What is finished is skipped, what another task holds is waited for, and whatever ends
//! this process leaves folders that the next attempt can take over.

mod keeper;
mod log;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use drr_core::array::{self, PlanHead};
use drr_core::claim::{Claim, Holder, Taken, Watch};
use drr_core::failure::{FailureRecord, clear_failure, write_failure};
use drr_core::finished;
use drr_core::neutral;
use drr_core::protocol::{Assignment, Hello, VERSION};
use drr_core::provenance::Provenance;
use drr_core::spec::TrialSpec;
use drr_core::trial_dir::{TrialDir, write_whole};

use self::keeper::LeaseKeeper;
use super::channel::Channel;
use super::device::WorkerDevices;
use super::loaded::Loaded;
use super::{kind, outcomes};
use drr_kinds::error::{Error, Result};

/// What the command line asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRequest {
    /// The folder of the plan.
    pub plan: PathBuf,
    /// The task, counted from 0.
    pub task: u64,
    /// Where this node has the datasets, if not where the plan says.
    pub data: Option<PathBuf>,
    /// How many attempts were lost before; after the first, trials run one by one, so that a bad one costs no other.
    pub lost: u32,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskEnd {
    /// What became of every trial is in its folder, or it waits for another trial.
    Settled,
    /// The surroundings failed for one trial at least; trying again could help.
    Unsettled,
    /// It was told to stop.
    Stopped,
}

/// Between two looks at a folder that another process holds.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Runs one task.
///
/// # Errors
/// A plan that cannot be read or was made for other sources; nothing was run then.
pub fn run(request: &TaskRequest, devices: &'static dyn WorkerDevices) -> Result<TaskEnd> {
    let (head, task) =
        array::read_task(&request.plan, request.task).map_err(|error| Error::Environment(error.to_string()))?;
    if head.train_digest != drr_kinds::train_digest() {
        return Err(Error::Environment(format!(
            "the plan was made for training sources {}, this worker has {}",
            head.train_digest.short(),
            drr_kinds::train_digest().short()
        )));
    }
    let lease = Duration::from_secs(head.lease_s);
    let keeper = LeaseKeeper::start(lease);
    drr_command::run::leave_sigterm();
    let job = job();
    let holder = Holder::this(format!("{} task {}", head.submission, request.task));
    let mut runner = Runner {
        data: request.data.clone().unwrap_or_else(|| head.data.clone()),
        provenance: Provenance::new(head.provenance.clone(), job),
        channel: Channel::mute(keeper.told_to_stop(), cores_of_task()),
        loaded: Loaded::new(devices),
        is_broken: false,
        keeper,
        holder,
        lease,
        head,
    };
    let mut ended = TaskEnd::Settled;
    for cohort in task.cohorts {
        let groups: Vec<Vec<TrialSpec>> =
            if request.lost == 0 { vec![cohort] } else { cohort.into_iter().map(|spec| vec![spec]).collect() };
        for group in groups {
            match runner.cohort(group)? {
                TaskEnd::Settled => {}
                TaskEnd::Unsettled => ended = TaskEnd::Unsettled,
                TaskEnd::Stopped => return Ok(TaskEnd::Stopped),
            }
            if runner.is_broken {
                return Ok(TaskEnd::Unsettled);
            }
        }
    }
    Ok(ended)
}

/// Cores that Slurm gave this task.
fn cores_of_task() -> usize {
    std::env::var("SLURM_CPUS_PER_TASK").ok().and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// What is needed to run cohorts one after another.
struct Runner {
    head: PlanHead,
    data: PathBuf,
    lease: Duration,
    holder: Holder,
    keeper: Arc<LeaseKeeper>,
    provenance: Provenance,
    loaded: Loaded,
    channel: Channel,
    /// Its device failed: nothing more is computed in this process.
    is_broken: bool,
}

impl Runner {
    /// Runs what is open of a cohort, while it holds the claims of all its folders.
    fn cohort(&mut self, mut trials: Vec<TrialSpec>) -> Result<TaskEnd> {
        trials.retain(|spec| self.is_open(spec) && self.stands(spec));
        let mut held = Vec::new();
        for spec in &trials {
            // Without one it was told to stop.
            let Some(claim) = self.claim(spec)? else { break };
            held.push((spec.id(), claim));
        }
        self.keeper.keep(held);
        // Whoever held one of them may have finished it meanwhile, or died with half of it written.
        let mut open = Vec::new();
        for spec in trials {
            if !self.is_finished(&spec)? {
                open.push(spec);
            }
        }
        let trials = open;
        let ended = if self.keeper.is_stopped() {
            Ok(TaskEnd::Stopped)
        } else if trials.is_empty() {
            Ok(TaskEnd::Settled)
        } else {
            self.run(trials)
        };
        self.keeper.release();
        ended
    }

    fn run(&mut self, trials: Vec<TrialSpec>) -> Result<TaskEnd> {
        let hello = Hello {
            protocol: VERSION,
            train_digest: drr_kinds::train_digest(),
            pid: std::process::id(),
            environment: self.loaded.devices.environment(self.head.device),
            gpu: self.loaded.devices.gpu(),
        };
        for spec in &trials {
            let folder = self.folder(spec);
            let record = self.provenance.record(&hello, spec, self.head.commands.as_ref());
            clear_failure(&folder).and_then(|()| write_whole(&folder.provenance(), &record)).map_err(named(&folder))?;
        }
        let log = self.folder(&trials[0]).log();
        let assignment = Assignment {
            trials,
            runs: self.head.runs.clone(),
            data: self.data.clone(),
            device: self.head.device,
            commands: self.head.commands.clone(),
        };
        let outcomes = log::to(&log, || outcomes(&assignment, &mut self.loaded, &mut self.channel));
        let mut ended = TaskEnd::Settled;
        for (spec, outcome) in assignment.trials.iter().zip(outcomes) {
            let error = match outcome {
                Ok(()) => continue,
                Err(Error::Stopped) => return Ok(TaskEnd::Stopped),
                Err(error) => error,
            };
            self.is_broken |= matches!(error, Error::Device(_));
            let why = error.to_string();
            eprintln!("drr-lab-worker: trial {} failed: {}", spec.id().short(), neutral::line(&why));
            if self.is_finished(spec)? {
                eprintln!("drr-lab-worker: its result is whole all the same");
                continue;
            }
            let failure = FailureRecord::new(kind(&error), error.to_string(), 1);
            if !failure.is_deterministic() {
                ended = TaskEnd::Unsettled;
            }
            let folder = self.folder(spec);
            write_failure(&folder, &failure).map_err(named(&folder))?;
        }
        Ok(ended)
    }

    fn folder(&self, spec: &TrialSpec) -> TrialDir {
        TrialDir::new(&self.head.runs, spec.id())
    }

    /// Whether there is something to do; looked at without a claim, so nothing is changed yet.
    fn is_open(&self, spec: &TrialSpec) -> bool {
        let folder = self.folder(spec);
        !folder.is_complete() || finished::read(&folder).is_err()
    }

    /// Whether the trial's folder, which this task holds, is that of a finished one; if not, no result is left in it.
    fn is_finished(&self, spec: &TrialSpec) -> Result<bool> {
        let folder = self.folder(spec);
        // A network file system may remember that a file was not there; listing the folder makes it look again.
        let _ = std::fs::read_dir(folder.path()).map(Iterator::count);
        Ok(finished::settle(&folder).map_err(named(&folder))?.is_some())
    }

    /// Whether all it stands on is finished; what failed above is for the submitting side to tell.
    fn stands(&self, spec: &TrialSpec) -> bool {
        let missing = spec.upstream().into_iter().find(|&above| !TrialDir::new(&self.head.runs, above).is_complete());
        if let Some(above) = missing {
            eprintln!("drr-lab-worker: trial {} waits for {}, which has no result", spec.id().short(), above.short());
        }
        missing.is_none()
    }

    /// Waits until the trial's folder is ours; `None` if it was told to stop meanwhile.
    fn claim(&self, spec: &TrialSpec) -> Result<Option<Claim>> {
        let folder = self.folder(spec);
        let (mut watch, mut told) = (Watch::default(), String::new());
        while !self.keeper.is_stopped() {
            match watch.try_take(&folder, &self.holder, self.lease).map_err(named(&folder))? {
                Taken::Held(claim) => return Ok(Some(claim)),
                Taken::Busy(who) if who != told => {
                    eprintln!("drr-lab-worker: trial {} is held by {}", spec.id().short(), neutral::line(&who));
                    told = who;
                }
                Taken::Busy(_) => {}
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(None)
    }
}

fn named(folder: &TrialDir) -> impl FnOnce(std::io::Error) -> Error {
    let path: &Path = folder.path();
    move |error| Error::Environment(format!("{}: {error}", path.display()))
}

/// Which job this is, from the variables Slurm sets.
fn job() -> BTreeMap<String, String> {
    const VARIABLES: [(&str, &str); 8] = [
        ("cluster", "SLURM_CLUSTER_NAME"),
        ("partition", "SLURM_JOB_PARTITION"),
        ("job", "SLURM_JOB_ID"),
        ("array", "SLURM_ARRAY_JOB_ID"),
        ("task", "SLURM_ARRAY_TASK_ID"),
        ("restart", "SLURM_RESTART_COUNT"),
        ("node", "SLURMD_NODENAME"),
        ("account", "SLURM_JOB_ACCOUNT"),
    ];
    let said = |(name, variable): (&str, &str)| Some((name.to_owned(), std::env::var(variable).ok()?));
    VARIABLES.into_iter().filter_map(said).collect()
}
