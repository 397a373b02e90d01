//! What Slurm's programs print, read. Pure; the fixtures are real output (`tests/fixtures/slurm`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// How squeue is asked: array, its task indices, state, reason, nodes, name. The name comes last, for it is ours.
pub const QUEUE_FORMAT: &str = "%F|%K|%T|%r|%N|%j";

/// How sacct is asked.
pub const ACCOUNT_FORMAT: &str = "JobID,State,ExitCode,NodeList";

/// Where a job stands, after the states of squeue(1) and sacct(1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It waits: for its turn, for other jobs, or to be started again.
    Pending,
    /// It runs, or a node is being prepared for it or cleared after it.
    Running,
    /// It ended.
    Ended(End),
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With exit code 0.
    Completed,
    /// With another exit code, or by a signal.
    Failed(TaskExit),
    /// At its time limit.
    Timeout,
    /// Out of memory.
    OutOfMemory,
    /// Cancelled by a person, or since what it waited for will not come.
    Cancelled,
    /// Its node failed.
    NodeFail,
    /// Taken down for a more important job.
    Preempted,
}

/// What a failed task left behind. The queue does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskExit {
    /// Nobody said.
    Unknown,
    /// Its exit code.
    Code(u8),
    /// The signal that ended it.
    Signal(u8),
}

impl TaskExit {
    pub(super) fn new(code: u8, signal: u8) -> Self {
        match (code, signal) {
            (0, 0) => Self::Unknown,
            // As a shell passes on that a program was ended by a signal.
            (129..=192, 0) => Self::Signal(code - 128),
            (code, 0) => Self::Code(code),
            (_, signal) => Self::Signal(signal),
        }
    }

    /// `CODE:SIGNAL`, as sacct and scontrol write it.
    fn from_pair(text: &str) -> Self {
        let pair = text.split_once(':').and_then(|(code, signal)| Some((code.parse().ok()?, signal.parse().ok()?)));
        pair.map_or(Self::Unknown, |(code, signal)| Self::new(code, signal))
    }
}

impl End {
    /// What event, for people.
    pub fn words(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Completed => "the task ended without a result",
            Self::Failed(TaskExit::Unknown) => "the task failed",
            Self::Failed(TaskExit::Code(code)) => return format!("the task failed with exit code {code}").into(),
            Self::Failed(TaskExit::Signal(9)) => {
                "the task was ended by signal 9, as the kernel does when memory runs out; `mem` in [slurm] raises it"
            }
            Self::Failed(TaskExit::Signal(signal)) => return format!("the task was ended by signal {signal}").into(),
            Self::Timeout => "the task reached its time limit; `time` in [slurm] raises it",
            Self::OutOfMemory => "the task ran out of memory; `mem` in [slurm] raises it",
            Self::Cancelled => "the task was cancelled",
            Self::NodeFail => "the task's node failed",
            Self::Preempted => "the task was preempted",
        })
    }

    /// Whether it says nothing about the trial, so that no attempt is counted.
    pub fn is_innocent(self) -> bool {
        matches!(self, Self::NodeFail | Self::Preempted)
    }
}

impl JobState {
    /// The state of this name, with what a failed job left behind; what is unknown counts as running, so that nothing is
    /// started twice.
    pub(super) fn new(name: &str, exit: TaskExit) -> Self {
        // sacct says "CANCELLED by 1000", newer releases may add flags after a `+` or a comma.
        let word = name.split([' ', '+', ',']).next().unwrap_or_default();
        match word {
            "PENDING" | "REQUEUED" | "REQUEUE_HOLD" | "REQUEUE_FED" | "SPECIAL_EXIT" | "RESV_DEL_HOLD" => Self::Pending,
            "COMPLETED" => Self::Ended(End::Completed),
            "FAILED" | "REVOKED" | "LAUNCH_FAILED" | "RECONFIG_FAIL" => Self::Ended(End::Failed(exit)),
            "TIMEOUT" | "DEADLINE" => Self::Ended(End::Timeout),
            "OUT_OF_MEMORY" => Self::Ended(End::OutOfMemory),
            "CANCELLED" => Self::Ended(End::Cancelled),
            "NODE_FAIL" | "BOOT_FAIL" => Self::Ended(End::NodeFail),
            "PREEMPTED" => Self::Ended(End::Preempted),
            _ => Self::Running,
        }
    }
}

/// A line of squeue or sacct: one task of an array, or several that wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRow {
    /// The array's job.
    pub array: u64,
    /// The tasks, as ranges of indices.
    pub tasks: Vec<RangeInclusive<u64>>,
    /// Where they stand.
    pub state: JobState,
    /// Why, in Slurm's word; empty from sacct.
    pub reason: String,
    /// The node; empty before one was given.
    pub node: String,
    /// The job's name; empty from sacct.
    pub name: String,
}

/// Reads what `squeue --noheader --format=…` printed.
///
/// # Errors
/// The line that does not fit.
pub fn queue(text: &str) -> Result<Vec<QueueRow>, String> {
    rows(text, |line| {
        let mut parts = line.splitn(6, '|');
        let mut next = || parts.next().map(str::trim);
        let (array, tasks, state) = (next()?, next()?, next()?);
        let (reason, node, name) = (next()?.to_owned(), next()?.to_owned(), next()?.to_owned());
        // Jobs that are no arrays have nothing to do with us.
        let tasks = if tasks == "N/A" { Vec::new() } else { task_list(tasks)? };
        Some(QueueRow {
            array: array.parse().ok()?,
            tasks,
            state: JobState::new(state, TaskExit::Unknown),
            reason,
            node,
            name,
        })
    })
}

/// Reads what `sacct --noheader --parsable2 --allocations --format=…` printed.
///
/// # Errors
/// The line that does not fit.
pub fn account(text: &str) -> Result<Vec<QueueRow>, String> {
    rows(text, |line| {
        let mut parts = line.split('|');
        let (job, state, exit, node) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (array, tasks) = match job.split_once('_') {
            Some((array, tasks)) => (array, task_list(tasks.trim_start_matches('[').trim_end_matches(']'))?),
            None => (job, Vec::new()),
        };
        let node = if node.starts_with("None") { "" } else { node };
        Some(QueueRow {
            array: array.parse().ok()?,
            tasks,
            state: JobState::new(state, TaskExit::from_pair(exit)),
            reason: String::new(),
            node: node.to_owned(),
            name: String::new(),
        })
    })
}

fn rows(text: &str, read: impl Fn(&str) -> Option<QueueRow>) -> Result<Vec<QueueRow>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| read(line).ok_or_else(|| format!("this line is not understood: {line}"))).collect()
}

/// `0-3,7%2` as ranges; a step as in `0-6:2` is written out.
pub(super) fn task_list(text: &str) -> Option<Vec<RangeInclusive<u64>>> {
    let text = text.trim_start_matches('[').trim_end_matches(']');
    let text = text.split_once('%').map_or(text, |(tasks, _)| tasks);
    let mut ranges = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once(':') {
            Some((range, step)) => (range, step.parse::<usize>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let range = first.parse().ok()?..=last.parse().ok()?;
        match step {
            1 => ranges.push(range),
            step => ranges.extend(range.step_by(step).map(|task| task..=task)),
        }
    }
    Some(ranges)
}

/// Reads what `scontrol show job` printed, where it does not speak JSON: fields as `NAME=VALUE`, a blank line between jobs.
pub fn details(text: &str) -> Vec<QueueRow> {
    let one = |job: &str| {
        let fields: BTreeMap<&str, &str> = job.split_whitespace().filter_map(|field| field.split_once('=')).collect();
        let get = |name: &str| fields.get(name).copied();
        let node = get("NodeList").filter(|node| *node != "(null)").unwrap_or_default();
        Some(QueueRow {
            array: get("ArrayJobId")?.parse().ok()?,
            tasks: task_list(get("ArrayTaskId")?)?,
            state: JobState::new(get("JobState")?, get("ExitCode").map_or(TaskExit::Unknown, TaskExit::from_pair)),
            reason: get("Reason").unwrap_or_default().to_owned(),
            node: node.to_owned(),
            name: get("JobName").unwrap_or_default().to_owned(),
        })
    };
    text.split("\n\n").filter_map(one).collect()
}

/// Reads what `sbatch --parsable` printed: the job, and on some sites the cluster.
pub fn submitted(text: &str) -> Option<u64> {
    // A site's own greetings may come before.
    text.lines().rev().find_map(|line| line.trim().split(';').next()?.parse().ok())
}

/// Reads what `scontrol show config` printed.
pub fn configuration(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.trim(), value.trim())).collect()
}

/// A partition as sinfo shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name.
    pub name: String,
    /// Whether it takes jobs.
    pub is_up: bool,
    /// Its time limit, as Slurm writes it.
    pub time_limit: String,
    /// How many nodes it has.
    pub nodes: u64,
}

/// How sinfo is asked.
pub const PARTITION_FORMAT: &str = "%R|%a|%l|%D";

/// Reads what `sinfo --noheader --summarize --format=…` printed.
///
/// # Errors
/// The line that does not fit.
pub fn partitions(text: &str) -> Result<Vec<Partition>, String> {
    let read = |line: &str| {
        let mut parts = line.split('|').map(str::trim);
        let (name, state, limit, nodes) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let nodes = nodes.parse().ok()?;
        Some(Partition { name: name.to_owned(), is_up: state == "up", time_limit: limit.to_owned(), nodes })
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| read(line).ok_or_else(|| format!("this line is not understood: {line}"))).collect()
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
