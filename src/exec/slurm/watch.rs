//! Follows a submission: one question to Slurm's queue a round for all tasks together, a look into the folders of those
//! that ended, the pure machine's verdicts carried out. It can end at any moment and be taken up again from anywhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::thread;
use std::time::{Duration, Instant};

use drr_core::trial_dir::TrialDir;
use drr_core::{Status, TrialId, finished};
use signal_hook::consts::SIGUSR1;

use super::commands::Scheduler;
use super::environments::Environments;
use super::follow::{Fate, Follow, FollowAction, TaskStart};
use super::parse::{End, JobState, TaskExit};
use super::progress::Progress;
use super::queue_rows::QueueRows;
use super::submission::Submission;
use super::{SlurmOptions, submit};
use crate::error::{Error, Result};
use crate::exec::notice::Notice;
use crate::exec::reactor::{Loss, StatusChange};
use crate::exec::recorder::{Outcome, Recorder};
use crate::exec::signals::{self, Listening};
use crate::plan::{Plan, blocked, read_failure};

/// Running tasks whose progress is shown.
const SHOWN: usize = 16;

/// From one question to Slurm to the next, by how long it has been going on: eager where a person watches short trials,
/// modest afterwards.
fn pause(since: Duration) -> Duration {
    match since.as_secs() {
        _ if cfg!(test) => Duration::from_millis(1),
        0..60 => Duration::from_secs(1),
        60..600 => Duration::from_secs(5),
        _ => Duration::from_secs(20),
    }
}

/// Someone who follows the submissions of a plan.
pub struct SubmissionWatch<'a> {
    recorder: Recorder<'a>,
    plan: &'a Plan,
    options: &'a SlurmOptions,
    positions: HashMap<TrialId, usize>,
    began: Instant,
    signals: Listening,
    stopped: bool,
    progress: Progress,
    /// The display lines of running tasks.
    lines: BTreeMap<usize, usize>,
    environments: Environments,
    /// The last trouble with Slurm, said once.
    trouble: Option<String>,
}

impl<'a> SubmissionWatch<'a> {
    /// Someone who listens for signals from now on.
    ///
    /// # Errors
    /// The system lets nobody listen.
    pub fn new(recorder: Recorder<'a>, plan: &'a Plan, options: &'a SlurmOptions) -> Result<Self> {
        Ok(Self {
            recorder,
            positions: plan.tasks.iter().enumerate().map(|(position, task)| (task.trial.id, position)).collect(),
            plan,
            options,
            began: Instant::now(),
            // It looks by itself, several times a second.
            signals: signals::listen(|| {})?,
            stopped: false,
            progress: Progress::default(),
            lines: BTreeMap::new(),
            environments: Environments::default(),
            trouble: None,
        })
    }

    /// Says that work begins.
    pub fn begin(&mut self) {
        let open = self.plan.tasks.iter().filter(|task| task.is_open());
        let notice = Notice::SweepStarted {
            sweep: self.plan.sweep.clone(),
            found: self.plan.tasks.iter().filter(|task| task.status == Status::Finished).count(),
            to_run: self.plan.to_run(),
            slots: Vec::new(),
            expected_s: open.map(|task| task.cost).sum(),
            ignored: self.options.ignored.clone(),
        };
        self.recorder.tell(&notice);
    }

    /// Tells those who watch.
    pub fn tell(&mut self, notice: &Notice) {
        self.recorder.tell(notice);
    }

    /// Marks the plan's trials that a submission holds.
    pub fn mark(&self, submission: &Submission, covered: &mut [bool]) {
        for trial in submission.tasks.iter().flatten() {
            if let Some(&position) = self.positions.get(trial) {
                covered[position] = true;
            }
        }
    }

    /// Closes the book.
    pub fn end(&mut self) -> Outcome {
        self.recorder.end(self.stopped, self.began.elapsed())
    }

    /// Leaves what was submitted to itself.
    pub fn detach(&mut self) -> Outcome {
        let sweep = &self.plan.sweep;
        let message = format!(
            "submitted; `drr-lab runs collect {sweep}` takes in what is finished, the same command without --detach \
             follows, `drr-lab runs cancel {sweep}` cancels"
        );
        self.recorder.tell(&Notice::Cluster { message });
        Outcome::default()
    }

    /// Follows a submission to its end; `false` if somebody stopped this program or cancelled the submission.
    pub fn follow(&mut self, mut submission: Submission, scheduler: &mut dyn Scheduler) -> Result<bool> {
        while submission.jobs.iter().any(|job| job.job.is_none()) {
            // Somebody ended between sbatch and its answer, or Slurm refused.
            if let Some(rows) = self.answer(scheduler.queue(&submission.names())) {
                submission.adopt(&rows)?;
                break;
            }
            if !self.rest() {
                return Ok(self.leave(0, 0));
            }
        }
        let mut follow = self.machine(&submission);
        self.lines.clear();
        loop {
            if submission.is_closed() {
                self.recorder.tell(&Notice::Cluster { message: "the submission was cancelled".to_owned() });
                self.stopped = true;
                return Ok(false);
            }
            self.round(&mut follow, &submission, scheduler)?;
            let (_, failures) = self.recorder.counts();
            if self.options.rules.is_enough(failures) && !follow.is_done() {
                return self.give_up(failures, &submission, scheduler);
            }
            self.again(&mut follow, &mut submission, scheduler)?;
            if follow.is_done() {
                submission.close("every trial is settled")?;
                return Ok(true);
            }
            if !self.rest() {
                let (running, with_slurm) = follow.with_slurm();
                return Ok(self.leave(running, with_slurm));
            }
        }
    }

    /// Ends a sweep of which so much failed that the rest is not worth its time.
    fn give_up(&mut self, failures: usize, submission: &Submission, scheduler: &mut dyn Scheduler) -> Result<bool> {
        self.recorder.tell(&Notice::TooManyFailures { failures, running: 0 });
        self.recorder.end_early();
        self.stopped = true;
        // Before the jobs, so that nobody takes them for lost.
        submission.close("too many trials failed")?;
        let jobs: Vec<u64> = submission.jobs.iter().filter_map(|job| job.job).collect();
        scheduler.cancel(&jobs)?;
        Ok(false)
    }

    /// Says that nobody follows any more; what was submitted goes on.
    fn leave(&mut self, running: usize, with_slurm: usize) -> bool {
        let sweep = &self.plan.sweep;
        let message = format!(
            "no longer following; {with_slurm} tasks stay with Slurm ({running} running); the same command follows \
             again, `drr-lab runs cancel {sweep}` cancels them"
        );
        self.recorder.tell(&Notice::Cluster { message });
        self.stopped = true;
        false
    }

    /// The machine for what is open of a submission.
    fn machine(&self, submission: &Submission) -> Follow {
        let latest = submission.latest();
        let is_open = |position: &usize| self.plan.tasks[*position].is_open();
        let nodes = submission.tasks.iter().zip(latest).map(|(trials, latest)| TaskStart {
            trials: trials.iter().filter_map(|trial| self.positions.get(trial).copied()).filter(is_open).collect(),
            lost: latest.map_or(0, |entry| submission.jobs[entry].lost),
            submitted: latest.is_some(),
        });
        let upstream = self.plan.tasks.iter().map(|task| task.upstream.clone()).collect();
        let finished: Vec<bool> = self.plan.tasks.iter().map(|task| self.folder(task.trial.id).is_complete()).collect();
        Follow::new(nodes.collect(), upstream, &finished, self.options.rules.retries)
    }

    /// One round: what Slurm says, what ended.
    fn round(&mut self, follow: &mut Follow, submission: &Submission, scheduler: &mut dyn Scheduler) -> Result<()> {
        // Without an answer nothing is known, and nothing is concluded.
        let Some(rows) = self.answer(scheduler.queue(&submission.names())) else { return Ok(()) };
        let seen = QueueRows::new(&rows);
        let latest = submission.latest();
        let mut ended: Vec<(usize, Option<End>)> = Vec::new();
        for (task, entry) in latest.iter().enumerate() {
            let Some(entry) = *entry else { continue };
            let job = &submission.jobs[entry];
            let index = task - submission.record.arrays[job.array].first;
            match follow.on_seen(task, job.job.and_then(|job| seen.of(job, index))) {
                Some(FollowAction::Started { task, node }) => self.started(follow, task, &node)?,
                Some(FollowAction::Inspect { task, end }) => ended.push((task, end)),
                _ => {}
            }
        }
        self.ask_more(&mut ended, submission, &latest, scheduler);
        for (task, end) in ended {
            self.ended(follow, task, end)?;
        }
        self.show_progress(follow);
        Ok(())
    }

    fn started(&mut self, follow: &Follow, task: usize, node: &str) -> Result<()> {
        log::debug!("task {task} runs on {node}");
        let line = (0..).find(|line| !self.lines.values().any(|taken| taken == line)).unwrap_or(usize::MAX);
        self.lines.insert(task, line);
        for &trial in follow.open(task) {
            self.recorder.take(trial, StatusChange::Running { slot: line })?;
        }
        Ok(())
    }

    /// Asks for what the queue does not tell: what failed tasks left behind, and the ends of tasks it no longer knows.
    fn ask_more(
        &self,
        ended: &mut [(usize, Option<End>)],
        submission: &Submission,
        latest: &[Option<usize>],
        scheduler: &mut dyn Scheduler,
    ) {
        const FAILED: Option<End> = Some(End::Failed(TaskExit::Unknown));
        let job = |task: usize| latest[task].and_then(|entry| submission.jobs[entry].job);
        let jobs = |ended: &[(usize, Option<End>)], which: Option<End>| -> BTreeSet<u64> {
            ended.iter().filter(|it| it.1 == which).filter_map(|it| job(it.0)).collect()
        };
        let failed = jobs(ended, FAILED).into_iter().flat_map(|job| scheduler.details(job)).collect::<Vec<_>>();
        let gone: Vec<u64> = jobs(ended, None).into_iter().collect();
        let gone = if gone.is_empty() { Vec::new() } else { scheduler.account(&gone) };
        for (which, rows) in [(FAILED, failed), (None, gone)] {
            let seen = QueueRows::new(&rows);
            for (task, end) in ended.iter_mut().filter(|it| it.1 == which) {
                let Some(entry) = latest[*task] else { continue };
                let index = *task - submission.record.arrays[submission.jobs[entry].array].first;
                if let Some((JobState::Ended(known), _)) = job(*task).and_then(|job| seen.of(job, index)) {
                    *end = Some(known);
                }
            }
        }
    }

    fn ended(&mut self, follow: &mut Follow, task: usize, end: Option<End>) -> Result<()> {
        let line = self.lines.remove(&task).unwrap_or_default();
        let open = follow.open(task).to_vec();
        let fates: Vec<Fate> = open.iter().map(|&trial| self.fate(trial)).collect();
        open.iter().for_each(|&trial| self.progress.forget(self.plan.tasks[trial].trial.id));
        for action in follow.on_ended(task, end, &fates) {
            match action {
                FollowAction::Finished(trial) => {
                    self.recorder.take(trial, StatusChange::Finished { slot: line })?;
                    self.compare_environment(trial);
                }
                FollowAction::Retry { trial, reason, attempt } => {
                    self.recorder.take(trial, StatusChange::Retry { reason, attempt, rest: Duration::ZERO })?;
                }
                FollowAction::Failed { trial, kind, reason, attempts } => {
                    self.recorder.take(trial, StatusChange::Failed { kind, loss: Loss::told(reason), attempts })?;
                }
                FollowAction::Blocked { trial, above } => {
                    let above = &self.plan.tasks[above];
                    let failure = read_failure(&self.folder(above.trial.id)).map(|it| it.message).unwrap_or_default();
                    let reason = blocked(above.stage, &above.trial.id.short(), &failure);
                    self.recorder.take(trial, StatusChange::Blocked { reason })?;
                }
                FollowAction::Started { .. } | FollowAction::Inspect { .. } => {}
            }
        }
        Ok(())
    }

    fn fate(&mut self, trial: usize) -> Fate {
        let folder = self.folder(self.plan.tasks[trial].trial.id);
        // A network file system may remember that a file was not there; listing the folder makes it look again.
        let _ = std::fs::read_dir(folder.path()).map(Iterator::count);
        if folder.is_complete() {
            // Half a finished trial is tried again: the task that holds the folder clears it away.
            let Ok(finished) = finished::read(&folder) else { return Fate::Open };
            self.recorder.keep(trial, finished);
            return Fate::Finished;
        }
        read_failure(&folder).map_or(Fate::Open, |failure| Fate::Failed(failure.kind, failure.message))
    }

    /// Says when a result comes from a node that computes otherwise than the first.
    fn compare_environment(&mut self, trial: usize) {
        if let Some(message) = self.environments.look(&self.folder(self.plan.tasks[trial].trial.id)) {
            self.recorder.tell(&Notice::Cluster { message });
        }
    }

    fn show_progress(&mut self, follow: &Follow) {
        for (&task, &line) in self.lines.iter().take(SHOWN) {
            for &trial in follow.open(task) {
                let it = &self.plan.tasks[trial].trial;
                let Some(gain) = self.progress.look(&self.options.runs, &it.spec) else { continue };
                let (done, total) = gain.done;
                self.recorder.tell(&Notice::TrialProgress { trial: it.id, slot: line, done, total });
                self.recorder.tell(&Notice::TrialMetrics { trial: it.id, slot: line, points: gain.points });
            }
        }
    }

    /// Submits what is to be tried again or was never submitted, one `sbatch` for all tasks of an array with as many
    /// lost attempts.
    fn again(&mut self, follow: &mut Follow, submission: &mut Submission, scheduler: &mut dyn Scheduler) -> Result<()> {
        let mut groups: BTreeMap<(usize, u32), Vec<usize>> = BTreeMap::new();
        for task in follow.next_round() {
            let arrays = &submission.record.arrays;
            let array = arrays.iter().position(|it| (it.first..it.first + it.count).contains(&task));
            let array = array.expect("every task is in an array");
            groups.entry((array, follow.lost(task))).or_default().push(task);
        }
        for ((array, lost), tasks) in groups {
            let recorder = &mut self.recorder;
            let mut tell = |notice: &Notice| recorder.tell(notice);
            let given = submit::give(submission, array, tasks.clone(), lost, "", scheduler, &mut tell);
            if self.answer(given).is_none() {
                follow.not_submitted(&tasks);
            }
        }
        Ok(())
    }

    /// What Slurm answered; what it refused is said once, for it may be back in the next round.
    fn answer<T>(&mut self, answer: Result<T>) -> Option<T> {
        match answer {
            Ok(answer) => {
                if self.trouble.take().is_some() {
                    self.recorder.tell(&Notice::Cluster { message: "Slurm answers again".to_owned() });
                }
                Some(answer)
            }
            Err(Error { message, .. }) => {
                if self.trouble.is_none() {
                    self.recorder.tell(&Notice::Cluster { message: format!("{message}; asking again") });
                }
                self.trouble = Some(message);
                None
            }
        }
    }

    /// Sleeps until the next round; `false` if somebody stopped this program.
    fn rest(&self) -> bool {
        let until = Instant::now() + pause(self.began.elapsed());
        while self.signals.next().is_none_or(|signal| signal == SIGUSR1) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(Duration::from_millis(100)));
        }
        false
    }

    fn folder(&self, trial: TrialId) -> TrialDir {
        TrialDir::new(&self.options.runs, trial)
    }
}
