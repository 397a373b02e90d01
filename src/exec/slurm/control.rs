//! What can be done about submissions from anywhere that sees the runs folder: say where they stand, cancel them, and
//! keep this machine's own workers away from what Slurm has.

use std::collections::HashSet;
use std::path::Path;

use drr_core::TrialId;
use drr_core::trial_dir::TrialDir;

use super::commands::Scheduler;
use super::parse::JobState;
use super::queue_rows::QueueRows;
use super::submission::Submission;
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Where the open submissions of a sweep stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubmissionCounts {
    /// Submissions that are not closed.
    pub submissions: usize,
    /// Tasks that wait with Slurm.
    pub pending: usize,
    /// Tasks that run.
    pub running: usize,
    /// Tasks that Slurm no longer has and that left trials without a result.
    pub unfinished: usize,
}

/// Asks Slurm where the open submissions of a sweep stand, and closes those that have nothing left.
///
/// # Errors
/// Slurm does not answer, or a submission cannot be read.
pub fn standing(runs: &Path, sweep: &str, scheduler: &mut dyn Scheduler) -> Result<SubmissionCounts> {
    let mut standing = SubmissionCounts::default();
    for mut submission in Submission::open(runs, sweep)? {
        let names = submission.names();
        let rows = if names.is_empty() { Vec::new() } else { scheduler.queue(&names)? };
        submission.adopt(&rows)?;
        let (seen, latest) = (QueueRows::new(&rows), submission.latest());
        let before = standing;
        for (task, trials) in submission.tasks.iter().enumerate() {
            if trials.iter().all(|&trial| TrialDir::new(runs, trial).is_complete()) {
                continue;
            }
            let said = latest[task].and_then(|entry| {
                let job = &submission.jobs[entry];
                seen.of(job.job?, task - submission.record.arrays[job.array].first)
            });
            match said {
                Some((JobState::Pending, _)) => standing.pending += 1,
                Some((JobState::Running, _)) => standing.running += 1,
                _ => standing.unfinished += 1,
            }
        }
        if standing == before {
            submission.close("every trial has a result")?;
        } else {
            standing.submissions += 1;
        }
    }
    Ok(standing)
}

/// Cancels the open submissions of a sweep; returns how many there were.
///
/// # Errors
/// Slurm refuses, or a submission cannot be read.
pub fn cancel(runs: &Path, sweep: &str, scheduler: &mut dyn Scheduler) -> Result<usize> {
    let submissions = Submission::open(runs, sweep)?;
    for submission in &submissions {
        // Before the jobs, so that whoever follows does not submit them again.
        submission.close("it was cancelled")?;
        let mut jobs: Vec<u64> = submission.jobs.iter().filter_map(|job| job.job).collect();
        let nameless: Vec<&str> =
            submission.jobs.iter().filter(|job| job.job.is_none()).map(|job| job.name.as_str()).collect();
        if !nameless.is_empty() {
            jobs.extend(scheduler.queue(&nameless)?.iter().map(|row| row.array));
        }
        jobs.sort_unstable();
        jobs.dedup();
        scheduler.cancel(&jobs)?;
    }
    Ok(submissions.len())
}

/// Refuses to run trials here that Slurm has.
///
/// # Errors
/// There are such trials, with what to do about them.
pub fn refuse_if_open(plan: &Plan, runs: &Path) -> Result<()> {
    let sweeps = Submission::open_sweeps(runs);
    if sweeps.is_empty() {
        return Ok(());
    }
    let wanted: HashSet<TrialId> = plan.tasks.iter().filter(|task| task.is_open()).map(|task| task.trial.id).collect();
    for sweep in sweeps {
        let open = Submission::open(runs, &sweep)?;
        let shared =
            open.iter().flat_map(|it| it.tasks.iter().flatten()).filter(|trial| wanted.contains(trial)).count();
        if shared > 0 {
            return Err(Error::environment(format!(
                "{shared} of these trials were given to Slurm as part of the sweep {sweep}"
            ))
            .hint(format!(
                "follow them with --executor slurm, take in what is finished with `drr-lab runs collect {sweep}`, \
                     or cancel them with `drr-lab runs cancel {sweep}`"
            )));
        }
    }
    Ok(())
}
