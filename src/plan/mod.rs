//! What a sweep still needs: which trials are found finished, which are to run, in which order they depend on each
//! other, and what they are expected to cost. Reads the run folders; starts nothing and never asks the database.

mod cohort;
mod cost;
mod device;
mod earlier;
mod eligible;
mod estimate;
mod host;
mod kept;
#[cfg(test)]
pub(crate) mod made_up;
mod record;
mod record_lines;
mod record_seal;
mod sizes;
mod stop;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use drr_core::command::CommandPlace;
use drr_core::spec::Settings;
use drr_core::trial_dir::TrialDir;
use drr_core::{Status, Trial, TrialId, TrialSpec};
use drr_kinds::{KindOf as _, Stage};

use crate::sweep::Sweep;
pub use cohort::{CohortKey, cohort, cohorts};
pub use cost::{USUAL, seconds};
pub use device::{CONTEXT, DeviceNeeds, Needs, device_needs};
pub use drr_core::failure::{FailureRecord, LOG_LINES, clear_failure, read_failure, write_failure};
pub use earlier::{note_earlier, read_earlier};
pub use eligible::{Eligible, Offer, Outlook, examine};
pub use estimate::Timings;
pub use host::{HostBytes, host_needs, reading_bytes};
pub use kept::{Kept, is_part};
pub use record::{parse_sweep, read_sweep, recorded_sweeps, write_sweep};
pub use record_seal::{RecordFault, RecordSeal, seal_record};
pub use sizes::Sizes;
pub use stop::{StopRecord, clear_stop, read_stop, write_stop};

/// The trials of a sweep and what is known of them.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The sweep's name.
    pub sweep: String,
    /// Its trials, upstream before downstream.
    pub tasks: Vec<Task>,
    /// Where its commands run, if it has some.
    pub commands: Option<CommandPlace>,
}

/// One trial and what is known of it.
#[derive(Clone, Debug)]
pub struct Task {
    /// The trial.
    pub trial: Arc<Trial>,
    /// Its stage.
    pub stage: Stage,
    /// Positions in [`Plan::tasks`] of the trials that must be finished before it starts.
    pub upstream: Vec<usize>,
    /// What of the models it stands on shapes it.
    pub shaped_by: Option<u64>,
    /// Expected seconds on one core, but for a factor that is the machine's.
    pub cost: f64,
    /// How far it is: finished, by this sweep or another; pending where it is to run; failed before in a way that running
    /// it again would repeat; stopped, given up as hopeless before. Failed and stopped also where what it stands on is.
    pub status: Status,
    /// Why it is not run, of one that failed or was stopped.
    pub reason: Option<String>,
}

/// What to do with trials that failed deterministically in an earlier run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedBefore {
    /// Leave them: the same bits would fail the same way.
    Skip,
    /// Run them again.
    Retry,
}

/// How a stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageCount {
    /// The stage.
    pub stage: Stage,
    /// Trials found finished.
    pub found: usize,
    /// Trials to run.
    pub to_run: usize,
    /// Trials left alone after a failure.
    pub skipped: usize,
    /// Trials left alone after they were given up as hopeless.
    pub stopped: usize,
}

impl Plan {
    /// Compares a sweep with the runs folder. Costs are of datasets of these sizes.
    ///
    /// # Panics
    /// If the sweep lacks the upstream of one of its trials or lists it later, which expansion never does.
    pub fn new(sweep: &Sweep, runs: &Path, sizes: &Sizes, failed_before: FailedBefore) -> Self {
        let position: HashMap<_, _> = sweep.trials.iter().enumerate().map(|(i, trial)| (trial.id, i)).collect();
        let begun = begun(runs);
        let mut tasks: Vec<Task> = Vec::with_capacity(sweep.trials.len());
        for trial in &sweep.trials {
            let upstream: Vec<usize> =
                trial.spec.upstream().iter().map(|id| *position.get(id).expect("a sweep holds its upstream")).collect();
            let (status, reason) = status(trial, &tasks, &upstream, runs, &begun, failed_before);
            let below: Vec<&TrialSpec> = upstream.iter().map(|&above| &sweep.trials[above].spec).collect();
            let cost = seconds(&trial.spec, &below, sizes.of_trial(&trial.spec).unwrap_or(USUAL));
            let stage = trial.spec.stage();
            let settings: Vec<_> = below.iter().map(|spec| &spec.settings).collect();
            let shaped_by = trial.spec.kind().model().and_then(|model| (model.shaped_by)(&settings));
            tasks.push(Task { trial: Arc::clone(trial), stage, upstream, shaped_by, cost, status, reason });
        }
        Self { sweep: sweep.name.clone(), tasks, commands: sweep.place.clone() }
    }

    /// The trials that are found finished, to be run once more elsewhere, with all they stand on.
    pub fn again(&self) -> Self {
        let mut wanted = vec![false; self.tasks.len()];
        for (position, task) in self.tasks.iter().enumerate().rev() {
            if wanted[position] || task.status == Status::Finished {
                wanted[position] = true;
                task.upstream.iter().for_each(|&above| wanted[above] = true);
            }
        }
        let mut places = vec![0; self.tasks.len()];
        let mut tasks: Vec<Task> = Vec::new();
        for (position, task) in self.tasks.iter().enumerate().filter(|(position, _)| wanted[*position]) {
            places[position] = tasks.len();
            let upstream = task.upstream.iter().map(|&above| places[above]).collect();
            tasks.push(Task { upstream, status: Status::Pending, reason: None, ..task.clone() });
        }
        Self { sweep: self.sweep.clone(), tasks, commands: self.commands.clone() }
    }

    /// Runs what was given up before as well: the sweep no longer gives trials up.
    pub fn with_stopped(mut self) -> Self {
        for task in self.tasks.iter_mut().filter(|task| task.status == Status::Stopped) {
            (task.status, task.reason) = (Status::Pending, None);
        }
        self
    }

    /// How each stage stands, in the order they run.
    pub fn stages(&self) -> Vec<StageCount> {
        Stage::in_order(self.tasks.iter().map(|task| task.stage))
            .into_iter()
            .map(|stage| {
                let count =
                    |status| self.tasks.iter().filter(|task| task.stage == stage && task.status == status).count();
                StageCount {
                    stage,
                    found: count(Status::Finished),
                    to_run: count(Status::Pending),
                    skipped: count(Status::Failed),
                    stopped: count(Status::Stopped),
                }
            })
            .filter(|count| count.found + count.to_run + count.skipped + count.stopped > 0)
            .collect()
    }

    /// The trials of a stage that are to run.
    pub fn to_run_of(&self, stage: Stage) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| task.stage == stage && task.is_open())
    }

    /// The settings of what a trial stands on.
    pub fn settings_below(&self, task: &Task) -> Vec<&Settings> {
        task.upstream.iter().map(|&above| &self.tasks[above].trial.spec.settings).collect()
    }

    /// How many trials are to run.
    pub fn to_run(&self) -> usize {
        self.tasks.iter().filter(|task| task.is_open()).count()
    }

    /// Trials left alone after a failure, and why.
    pub fn skipped(&self) -> impl Iterator<Item = (&Task, &str)> {
        let failed = self.tasks.iter().filter(|task| task.status == Status::Failed);
        failed.map(|task| (task, task.reason.as_deref().unwrap_or_default()))
    }
}

impl Task {
    /// Whether it is to run.
    pub fn is_open(&self) -> bool {
        !self.status.is_over()
    }

    /// What a plan does about it, in a word.
    pub fn word(&self) -> &'static str {
        match self.status {
            Status::Pending | Status::Queued | Status::Running => "to-run",
            Status::Finished => "found",
            Status::Failed => "skipped",
            Status::Stopped => "stopped",
        }
    }
}

/// The trials that have a folder. One listing is cheaper than a question for each of many trials.
fn begun(runs: &Path) -> HashSet<TrialId> {
    let entries = std::fs::read_dir(runs.join("trials")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// How far a trial is, and why it is not run.
fn status(
    trial: &Trial,
    tasks: &[Task],
    upstream: &[usize],
    runs: &Path,
    begun: &HashSet<TrialId>,
    failed_before: FailedBefore,
) -> (Status, Option<String>) {
    let folder = TrialDir::new(runs, trial.id);
    let is_begun = begun.contains(&trial.id);
    if is_begun && folder.is_complete() {
        return (Status::Finished, None);
    }
    for &above in upstream {
        let Task { stage, trial, status, reason, .. } = &tasks[above];
        let short = trial.id.short();
        match status {
            Status::Failed => {
                let reason = blocked(*stage, &short, reason.as_deref().unwrap_or_default());
                return (Status::Failed, Some(reason));
            }
            Status::Stopped => return (Status::Stopped, Some(was_stopped(*stage, &short))),
            Status::Pending | Status::Queued | Status::Running | Status::Finished => {}
        }
    }
    if let Some(stop) = is_begun.then(|| read_stop(&folder)).flatten() {
        return (Status::Stopped, Some(stop.reason));
    }
    match is_begun.then(|| read_failure(&folder)).flatten() {
        Some(failure) if failed_before == FailedBefore::Skip && failure.is_deterministic() => {
            (Status::Failed, Some(failure.message))
        }
        _ => (Status::Pending, None),
    }
}

/// Why a trial cannot run: its upstream failed. The first cause is said once, however long the chain.
pub fn blocked(stage: Stage, short: &str, reason: &str) -> String {
    if reason.starts_with("upstream ") {
        reason.to_owned()
    } else {
        format!("upstream {} trial {short} failed: {reason}", stage.name())
    }
}

/// Why a trial is not run: what it stands on was given up as hopeless.
pub fn was_stopped(stage: Stage, short: &str) -> String {
    format!("upstream {} trial {short} was stopped", stage.name())
}

#[cfg(test)]
mod tests {
    use drr_core::protocol::FailureKind;

    use super::made_up::expanded;
    use super::*;

    fn sweep() -> Sweep {
        expanded("dataset = \"ml-100k\"\nseeds = 2\n[drr]\ntau = [0.001, 0.01]", &[])
    }

    fn fail(runs: &Path, spec: &TrialSpec, kind: FailureKind) {
        let folder = TrialDir::new(runs, spec.id());
        write_failure(&folder, &FailureRecord::new(kind, "the loss is not finite", 1)).expect("written");
    }

    #[test]
    fn finished_trials_are_found_and_the_rest_is_to_run() {
        let runs = tempfile::tempdir().expect("a folder");
        let sweep = sweep();
        let plan = Plan::new(&sweep, runs.path(), &Sizes::of_recipes(), FailedBefore::Skip);
        let counts: Vec<_> = plan.stages().iter().map(|stage| (stage.stage.name(), stage.to_run)).collect();
        // Two PMFs; four recommenders and two untrained ones; their evaluations and those of seven more baselines.
        assert_eq!(counts, [("pmf", 2), ("drr", 6), ("eval", 20)]);
        let folder = TrialDir::new(runs.path(), sweep.trials[0].id);
        std::fs::create_dir_all(folder.path()).expect("made");
        std::fs::write(folder.result(), "{}").expect("written");
        assert_eq!(Plan::new(&sweep, runs.path(), &Sizes::of_recipes(), FailedBefore::Skip).to_run(), 27);
    }

    #[test]
    fn a_deterministic_failure_and_all_that_stands_on_it_is_skipped() {
        let runs = tempfile::tempdir().expect("a folder");
        let sweep = sweep();
        fail(runs.path(), &sweep.trials[0].spec, FailureKind::Deterministic);
        let plan = Plan::new(&sweep, runs.path(), &Sizes::of_recipes(), FailedBefore::Skip);
        assert_eq!((plan.to_run(), plan.skipped().count()), (14, 14));
        let (_, last) = plan.skipped().last().expect("some");
        let first = sweep.trials[0].id.short();
        assert_eq!(last, format!("upstream pmf trial {first} failed: the loss is not finite"));
        assert_eq!(Plan::new(&sweep, runs.path(), &Sizes::of_recipes(), FailedBefore::Retry).to_run(), 28);
    }

    #[test]
    fn a_failure_of_the_surroundings_is_tried_again() {
        let runs = tempfile::tempdir().expect("a folder");
        let sweep = sweep();
        fail(runs.path(), &sweep.trials[0].spec, FailureKind::Environment);
        assert_eq!(Plan::new(&sweep, runs.path(), &Sizes::of_recipes(), FailedBefore::Skip).to_run(), 28);
    }
}
