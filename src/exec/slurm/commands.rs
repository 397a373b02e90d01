//! Slurm's own programs, started one at a time: `sbatch`, `squeue`, `sacct`, `scontrol`, `sinfo`, `scancel`.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use std::{io, thread};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::json;
use super::parse::{self, QueueRow};
use crate::error::{Error, Result};
use crate::exec::signals::is_asked_to_stop;
use crate::neutral::line;

/// How long a program of Slurm's is waited for once this one is asked to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks whether it is.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// One array to submit.
#[derive(Clone, Debug)]
pub struct ArrayRequest<'a> {
    /// The batch script.
    pub script: &'a Path,
    /// The job's name, which no other submission uses.
    pub name: &'a str,
    /// The task indices, as `--array` takes them.
    pub array: &'a str,
    /// What it waits for, as `--dependency` takes it; empty for nothing.
    pub dependency: &'a str,
    /// How many attempts of these tasks were lost.
    pub lost: u32,
}

/// What submits and watches jobs.
pub trait Scheduler {
    /// Submits an array and returns its job.
    ///
    /// # Errors
    /// It was refused, in the scheduler's words.
    fn submit(&mut self, request: &ArrayRequest<'_>) -> Result<u64>;

    /// Everything known of the jobs with these names, in one question.
    ///
    /// # Errors
    /// Nobody answers; asking again later may help.
    fn queue(&mut self, names: &[&str]) -> Result<Vec<QueueRow>>;

    /// All that is known of an array of which a task failed, with what its tasks left behind; nothing once it is forgotten.
    fn details(&mut self, job: u64) -> Vec<QueueRow>;

    /// What the accounts say of jobs that left the queue; nothing where none are kept.
    fn account(&mut self, jobs: &[u64]) -> Vec<QueueRow>;

    /// Most tasks an array may have.
    ///
    /// # Errors
    /// Nobody answers.
    fn array_size(&mut self) -> Result<usize>;

    /// Cancels jobs.
    ///
    /// # Errors
    /// It was refused.
    fn cancel(&mut self, jobs: &[u64]) -> Result<()>;
}

/// A cluster reached by the programs of this machine.
#[derive(Debug, Default)]
pub struct Cluster {
    /// Whether the accounts were found switched off.
    without_accounts: bool,
}

impl Cluster {
    /// The cluster of this machine.
    ///
    /// # Errors
    /// There is no Slurm here.
    pub fn find() -> Result<Self> {
        run("sbatch", ["--version"], &[]).map(|_| Self::default())
    }
}

impl Scheduler for Cluster {
    fn submit(&mut self, request: &ArrayRequest<'_>) -> Result<u64> {
        let ArrayRequest { name, array, lost, .. } = request;
        let mut arguments: Vec<OsString> = vec!["--parsable".into(), format!("--job-name={name}").into()];
        arguments.push(format!("--array={array}").into());
        // A cluster's or a user's own setting must not keep the variable from the tasks.
        arguments.push(format!("--export=ALL,{}={lost}", super::script::LOST).into());
        if !request.dependency.is_empty() {
            arguments.push(format!("--dependency={}", request.dependency).into());
            // A task whose predecessor failed would wait for ever.
            arguments.push("--kill-on-invalid-dep=yes".into());
        }
        arguments.push(request.script.into());
        let said = run("sbatch", arguments, &[]).map_err(|error| self.with_partitions(error))?;
        parse::submitted(&said).ok_or_else(|| Error::environment(format!("sbatch gave no job number: {}", said.trim())))
    }

    fn queue(&mut self, names: &[&str]) -> Result<Vec<QueueRow>> {
        // The server itself leaves out the jobs of others.
        let user = std::fs::metadata("/proc/self").map_or(0, |me| me.uid());
        let arguments = [
            "--noheader".to_owned(),
            "--states=all".to_owned(),
            format!("--user={user}"),
            format!("--name={}", names.join(",")),
            format!("--format={}", parse::QUEUE_FORMAT),
        ];
        // Without this a list of many tasks is cut off in the middle.
        let said = run("squeue", arguments, &[("SLURM_BITSTR_LEN", "0")])?;
        parse::queue(&said).map_err(|why| Error::environment(format!("squeue: {why}")))
    }

    fn details(&mut self, job: u64) -> Vec<QueueRow> {
        let job = job.to_string();
        let ask = |more: &[&str]| run("scontrol", ["show", "job", &job].iter().chain(more), &[]);
        // Not every site has the plugin that writes JSON, and a forgotten job is an error in either form.
        let json = ask(&["--json"]).map(|said| json::jobs(&said));
        match json {
            Ok(Ok(rows)) if !rows.is_empty() => return rows,
            Ok(Ok(_)) => log::debug!("scontrol: no job is understood"),
            Ok(Err(why)) => log::debug!("scontrol: {}", line(&why)),
            Err(error) => log::debug!("{}", line(&error.message)),
        }
        ask(&[]).map(|said| parse::details(&said)).unwrap_or_default()
    }

    fn account(&mut self, jobs: &[u64]) -> Vec<QueueRow> {
        if self.without_accounts {
            return Vec::new();
        }
        let jobs: Vec<String> = jobs.iter().map(u64::to_string).collect();
        let arguments = [
            "--noheader".to_owned(),
            "--parsable2".to_owned(),
            "--allocations".to_owned(),
            format!("--jobs={}", jobs.join(",")),
            format!("--format={}", parse::ACCOUNT_FORMAT),
        ];
        match run("sacct", arguments, &[("SLURM_BITSTR_LEN", "0")]).map(|said| parse::account(&said)) {
            Ok(Ok(rows)) => rows,
            Ok(Err(why)) => {
                log::warn!("sacct: {}", line(&why));
                Vec::new()
            }
            Err(error) => {
                // Many sites keep no accounts; the folders say what matters.
                log::debug!("{}", line(&error.message));
                self.without_accounts = error.message.contains("accounting storage is disabled");
                Vec::new()
            }
        }
    }

    fn array_size(&mut self) -> Result<usize> {
        let said = run("scontrol", ["show", "config"], &[])?;
        let size = parse::configuration(&said).get("MaxArraySize").and_then(|size| size.parse().ok());
        match size {
            Some(size) if size > 0 => Ok(size),
            _ => Err(Error::environment("this cluster takes no job arrays: its MaxArraySize is 0 or not told")),
        }
    }

    fn cancel(&mut self, jobs: &[u64]) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        // Those that ended long ago are unknown by now, which is as good as cancelled.
        run("scancel", std::iter::once("--quiet".to_owned()).chain(jobs.iter().map(u64::to_string)), &[]).map(|_| ())
    }
}

impl Cluster {
    /// Adds the partitions there are to what sbatch said about one there is not.
    fn with_partitions(&self, error: Error) -> Error {
        if !error.message.contains("partition") {
            return error;
        }
        let arguments = ["--noheader", "--summarize", &format!("--format={}", parse::PARTITION_FORMAT)];
        let known =
            run("sinfo", arguments, &[]).ok().and_then(|said| parse::partitions(&said).ok()).unwrap_or_default();
        let shown = known.iter().map(|it| {
            let down = if it.is_up { "" } else { ", down" };
            format!("{} (up to {}, {} nodes{down})", it.name, it.time_limit, it.nodes)
        });
        match shown.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => error,
            shown => error.hint(format!("partitions here: {shown}")),
        }
    }
}

/// Runs a program to its end and returns what it printed.
fn run<A: Into<OsString>>(
    program: &str,
    arguments: impl IntoIterator<Item = A>,
    environment: &[(&str, &str)],
) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments.into_iter().map(Into::into)).envs(environment.iter().copied()).stdin(Stdio::null());
    log::debug!("{command:?}");
    let output = answer(command, PATIENCE, is_asked_to_stop).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => Error::environment(format!("{program} does not answer")),
        io::ErrorKind::NotFound => Error::environment(format!("there is no Slurm here: `{program}` is not found"))
            .hint("run this on a machine of the cluster from which jobs are submitted; docs/slurm.md says more"),
        _ => Error::environment(format!("cannot start {program}: {error}")),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(Error::environment(format!("{program}: {}", if said.is_empty() { output.status.to_string() } else { said })))
}

/// What a program prints until its end. Where Slurm does not answer that may be never: once this program is asked to stop,
/// it is waited for as long as `patience` says.
fn answer(mut command: Command, patience: Duration, is_asked_to_stop: impl Fn() -> bool) -> io::Result<Output> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let (sender, ended) = channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let mut asked = None;
    loop {
        match ended.recv_timeout(LOOK_AGAIN) {
            Ok(output) => return output,
            Err(_) if !is_asked_to_stop() => {}
            Err(_) if asked.get_or_insert_with(Instant::now).elapsed() < patience => {}
            Err(_) => {
                // Its process id is its own as long as nobody has waited for it, and that has just not happened.
                let _ = kill(pid, Signal::SIGKILL);
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_answer_is_not_waited_for_once_all_is_to_stop() {
        let mut sleep = Command::new("sleep");
        sleep.arg("30");
        let start = Instant::now();
        let error = answer(sleep, Duration::from_millis(50), || true).expect_err("it sleeps");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(20));
        let mut slow = Command::new("sh");
        slow.args(["-c", "sleep 0.3; echo there"]);
        let output = answer(slow, Duration::ZERO, || false).expect("it is waited for");
        assert_eq!(output.stdout, b"there\n");
    }
}
