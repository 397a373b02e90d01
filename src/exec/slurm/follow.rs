//! What becomes of submitted tasks: which trials are finished, which are tried again, which fail, which wait. Pure: what
//! Slurm and the folders say goes in, verdicts and further submissions come out.

use drr_core::Status;
use drr_core::protocol::FailureKind;

use super::parse::{End, JobState};

/// How often a task that fell with its node, or to a more important job, is submitted again.
const INNOCENT: u32 = 20;

/// Polls in which Slurm must not know a task before it counts as gone.
const ABSENCES: u32 = 2;

/// A task as the machine sees it.
#[derive(Clone, Debug, Default)]
pub struct TaskStart {
    /// Its open trials.
    pub trials: Vec<usize>,
    /// Attempts that were lost before.
    pub lost: u32,
    /// Whether Slurm was given it.
    pub submitted: bool,
}

/// What a trial's folder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// There is a result.
    Finished,
    /// There is a record of a failure.
    Failed(FailureKind, String),
    /// There is neither.
    Open,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowAction {
    /// A task runs on a node.
    Started {
        /// The task.
        task: usize,
        /// The node.
        node: String,
    },
    /// A task no longer runs: look into its trials' folders and say so by [`Follow::on_ended`].
    Inspect {
        /// The task.
        task: usize,
        /// How it ended; `None` if Slurm no longer knows.
        end: Option<End>,
    },
    /// A trial is finished.
    Finished(usize),
    /// A trial will be tried again.
    Retry {
        /// The trial.
        trial: usize,
        /// Why.
        reason: String,
        /// Attempts lost.
        attempt: u32,
    },
    /// A trial failed for good.
    Failed {
        /// The trial.
        trial: usize,
        /// Whether trying again could help.
        kind: FailureKind,
        /// Why.
        reason: String,
        /// Attempts made.
        attempts: u32,
    },
    /// A trial cannot run: what it stands on failed.
    Blocked {
        /// The trial.
        trial: usize,
        /// The failed one.
        above: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// To be submitted once all it stands on is finished.
    Waiting,
    /// With Slurm, not yet running.
    Queued,
    Running,
    /// It ended; its folders are being looked at.
    Ended,
    /// Nothing is left to do.
    Settled,
}

#[derive(Clone, Debug)]
struct FollowedTask {
    trials: Vec<usize>,
    phase: Phase,
    lost: u32,
    innocent: u32,
    absences: u32,
}

/// The state of a submission.
#[derive(Clone, Debug)]
pub struct Follow {
    tasks: Vec<FollowedTask>,
    trials: Vec<Status>,
    upstream: Vec<Vec<usize>>,
    retries: u32,
}

impl Follow {
    /// Follows tasks over trials given by what each stands on and whether it is finished; a lost attempt is repeated up
    /// to `retries` times.
    pub fn new(nodes: Vec<TaskStart>, upstream: Vec<Vec<usize>>, finished: &[bool], retries: u32) -> Self {
        let trials =
            finished.iter().map(|&finished| if finished { Status::Finished } else { Status::Pending }).collect();
        let tasks = nodes
            .into_iter()
            .map(|node| FollowedTask {
                phase: match (node.trials.is_empty(), node.submitted) {
                    (true, _) => Phase::Settled,
                    (_, true) => Phase::Queued,
                    _ => Phase::Waiting,
                },
                trials: node.trials,
                lost: node.lost,
                innocent: 0,
                absences: 0,
            })
            .collect();
        Self { tasks, trials, upstream, retries }
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.tasks.iter().all(|task| task.phase == Phase::Settled)
    }

    /// Tasks that run, and tasks with Slurm in all.
    pub fn with_slurm(&self) -> (usize, usize) {
        let of = |phase: Phase| self.tasks.iter().filter(|task| task.phase == phase).count();
        (of(Phase::Running), of(Phase::Running) + of(Phase::Queued))
    }

    /// Whether Slurm has the task.
    #[cfg(test)]
    pub fn is_active(&self, task: usize) -> bool {
        matches!(self.tasks[task].phase, Phase::Queued | Phase::Running)
    }

    /// The trials of a task that are open.
    pub fn open(&self, task: usize) -> &[usize] {
        &self.tasks[task].trials
    }

    /// How many attempts of a task were lost.
    pub fn lost(&self, task: usize) -> u32 {
        self.tasks[task].lost
    }

    /// Takes in what Slurm says of a task: its state and node, or nothing.
    pub fn on_seen(&mut self, task: usize, seen: Option<(JobState, &str)>) -> Option<FollowAction> {
        let it = &mut self.tasks[task];
        if !matches!(it.phase, Phase::Queued | Phase::Running) {
            return None;
        }
        let absences = std::mem::take(&mut it.absences);
        match seen {
            Some((JobState::Pending, _)) => {
                // Requeued, perhaps: it will be said to start once more.
                it.phase = Phase::Queued;
                None
            }
            Some((JobState::Running, node)) => {
                let began = it.phase == Phase::Queued;
                it.phase = Phase::Running;
                began.then(|| FollowAction::Started { task, node: node.to_owned() })
            }
            Some((JobState::Ended(end), _)) => {
                it.phase = Phase::Ended;
                Some(FollowAction::Inspect { task, end: Some(end) })
            }
            None => {
                it.absences = absences + 1;
                (it.absences >= ABSENCES).then(|| {
                    it.phase = Phase::Ended;
                    FollowAction::Inspect { task, end: None }
                })
            }
        }
    }

    /// Takes in what the folders of an ended task's open trials say, in the order of [`Follow::open`].
    pub fn on_ended(&mut self, task: usize, end: Option<End>, fates: &[Fate]) -> Vec<FollowAction> {
        let mut actions = Vec::new();
        let (mut open, mut lost) = (Vec::new(), Vec::new());
        for (trial, fate) in std::mem::take(&mut self.tasks[task].trials).into_iter().zip(fates) {
            match fate {
                Fate::Finished => {
                    self.trials[trial] = Status::Finished;
                    actions.push(FollowAction::Finished(trial));
                }
                Fate::Failed(FailureKind::Deterministic, reason) => {
                    let (kind, attempts) = (FailureKind::Deterministic, self.tasks[task].lost + 1);
                    lost_for_good(&mut self.trials, &mut actions, trial, kind, reason, attempts);
                }
                Fate::Failed(_, reason) => lost.push((trial, reason.clone())),
                Fate::Open if self.stands(trial) => {
                    let gone = "the task is gone, and Slurm does not know how it ended";
                    lost.push((trial, end.map_or(gone.into(), End::words).into_owned()));
                }
                // It never began: what it stands on had no result.
                Fate::Open => open.push(trial),
            }
        }
        let it = &mut self.tasks[task];
        if !lost.is_empty() {
            if end.is_some_and(End::is_innocent) && it.innocent < INNOCENT {
                it.innocent += 1;
            } else {
                it.lost += 1;
            }
        }
        let attempt = it.lost;
        for (trial, reason) in lost {
            if attempt > self.retries {
                let kind = FailureKind::Environment;
                lost_for_good(&mut self.trials, &mut actions, trial, kind, &reason, attempt);
            } else {
                open.push(trial);
                actions.push(FollowAction::Retry { trial, reason, attempt });
            }
        }
        open.sort_unstable();
        let it = &mut self.tasks[task];
        it.phase = if open.is_empty() { Phase::Settled } else { Phase::Waiting };
        it.trials = open;
        self.block(&mut actions);
        actions
    }

    /// The tasks to submit now: those that wait for nothing any more. They count as submitted.
    pub fn next_round(&mut self) -> Vec<usize> {
        let ready: Vec<usize> = (0..self.tasks.len())
            .filter(|&task| {
                let it = &self.tasks[task];
                it.phase == Phase::Waiting && it.trials.iter().all(|&trial| self.stands(trial))
            })
            .collect();
        ready.iter().for_each(|&task| self.tasks[task].phase = Phase::Queued);
        ready
    }

    /// Takes tasks back that could not be submitted.
    pub fn not_submitted(&mut self, tasks: &[usize]) {
        tasks.iter().for_each(|&task| self.tasks[task].phase = Phase::Waiting);
    }

    fn stands(&self, trial: usize) -> bool {
        self.upstream[trial].iter().all(|&above| self.trials[above] == Status::Finished)
    }

    /// Gives up what stands on failed trials, in tasks that wait; one that Slurm has notices by itself.
    fn block(&mut self, actions: &mut Vec<FollowAction>) {
        loop {
            let before = actions.len();
            for it in self.tasks.iter_mut().filter(|task| task.phase == Phase::Waiting) {
                let (trials, upstream) = (&mut self.trials, &self.upstream);
                it.trials.retain(|&trial| {
                    let failed = upstream[trial].iter().copied().find(|&above| trials[above] == Status::Failed);
                    if let Some(above) = failed {
                        trials[trial] = Status::Failed;
                        actions.push(FollowAction::Blocked { trial, above });
                    }
                    failed.is_none()
                });
                if it.trials.is_empty() {
                    it.phase = Phase::Settled;
                }
            }
            if actions.len() == before {
                return;
            }
        }
    }
}

fn lost_for_good(
    trials: &mut [Status],
    actions: &mut Vec<FollowAction>,
    trial: usize,
    kind: FailureKind,
    reason: &str,
    attempts: u32,
) {
    trials[trial] = Status::Failed;
    actions.push(FollowAction::Failed { trial, kind, reason: reason.to_owned(), attempts });
}

#[cfg(test)]
#[path = "follow_tests.rs"]
mod tests;
