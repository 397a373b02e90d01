//! One worker process: started in a group and an environment of its own, spoken to over pipes, ended. It dies
//! with the supervisor, whatever ends that.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use std::{fs, thread};

use drr_core::protocol::{FromWorker, ToWorker};
use drr_system::child::end_with_parent;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::pipes::{self, Drained, UntilEnded};
use super::reactor::Loss;
use super::worker_log::WorkerLog;
use super::worker_program::VERB;

/// What the worker for GPUs must find before libtorch loads: one thread for what it does on the CPU, no tensor cores for
/// single precision, and for cuBLAS a workspace of its own, so that the same product gives the same bits.
pub(super) const ENVIRONMENT: [(&str, &str); 5] = [
    ("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
    ("MKL_CBWR", "COMPATIBLE"),
    ("MKL_NUM_THREADS", "1"),
    ("NVIDIA_TF32_OVERRIDE", "0"),
    ("OMP_NUM_THREADS", "1"),
];

/// Longest message of a worker; a longer line is no message.
const LONGEST: u64 = 4 << 20;

/// How long a failure waits for what its worker wrote to stderr before it.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// What comes out of a worker.
#[derive(Debug)]
pub(super) enum WorkerOutput {
    Message(FromWorker),
    /// A line that is no message of this protocol.
    Garbage(String),
    /// It ended; the process is still to be reaped.
    Ended,
}

/// A running worker. Dropping it kills the process group.
pub(super) struct WorkerProcess {
    child: Child,
    /// Lines to its stdin; a thread of its own writes them, for a worker that does not read must not hold up the others.
    stdin: Option<SyncSender<Vec<u8>>>,
    log: WorkerLog,
    /// Whether this program killed it.
    was_killed: bool,
}

/// Lines on their way to a worker: an assignment, a farewell, and numbers of cores before the last one was read.
const TO_WORKER: usize = 64;

impl WorkerProcess {
    /// Starts a worker that sees the GPU called `visible`, or none. Call it from a thread that lives as long as the supervisor: the parent-death signal follows
    /// the parent thread.
    pub fn spawn<T: Send + 'static>(
        program: &Path,
        visible: Option<&str>,
        sender: SyncSender<T>,
        wrap: impl Fn(WorkerOutput) -> T + Send + 'static,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg(VERB).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        command.envs(ENVIRONMENT);
        command.env("CUDA_DEVICE_ORDER", "PCI_BUS_ID").env("CUDA_VISIBLE_DEVICES", visible.unwrap_or_default());
        end_with_parent(&mut command);
        let (ended, has_ended) = pipes::end()?;
        let mut child = command.spawn()?;
        let stdin = child.stdin.take().expect("stdin is a pipe");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let stderr = child.stderr.take().expect("stderr is a pipe");
        let pid = Pid::from_raw(child.id().cast_signed());
        let (to_worker, lines) = sync_channel(TO_WORKER);
        thread::spawn(move || write_stdin(stdin, &lines));
        let (stdout, stderr) = (UntilEnded::new(stdout, &ended), UntilEnded::new(stderr, &ended));
        let drained = stderr.drained()?;
        let log = WorkerLog::default();
        let errors = {
            let log = log.clone();
            thread::spawn(move || copy_stderr(stderr, &log))
        };
        let end = thread::spawn(move || {
            // Wait without reaping, so that the process id stays ours until the supervisor lets go of it.
            let _ = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
            // What it started and left behind would hold its pipes open; what has a session of its own is not reached.
            let _ = killpg(pid, Signal::SIGKILL);
            drop(has_ended);
        });
        thread::spawn(move || {
            read_stdout(stdout, &drained, |said| sender.send(wrap(said)).is_ok());
            let _ = errors.join();
            let _ = end.join();
            let _ = sender.send(wrap(WorkerOutput::Ended));
        });
        Ok(Self { child, stdin: Some(to_worker), log, was_killed: false })
    }

    /// Sends a message, without waiting for it to be read.
    pub fn send(&mut self, message: &ToWorker) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        match &mut self.stdin {
            Some(stdin) => stdin.try_send(line).map_err(|_| io::ErrorKind::BrokenPipe.into()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// From now on stderr goes to these files.
    pub fn log_to(&self, files: Vec<PathBuf>) {
        self.log.turn_to(files);
    }

    /// The running trials have ended, or will not go on.
    pub fn end_log(&self) {
        self.log.end();
    }

    /// Writes to the log of the running trials.
    pub fn note(&self, line: &str) {
        self.log.take(format!("{line}\n").as_bytes());
    }

    /// Asks it to leave: says so and closes its stdin.
    pub fn leave(&mut self) {
        let _ = self.send(&ToWorker::Stop);
        self.stdin = None;
    }

    /// Sends a signal to its process group.
    pub fn signal(&mut self, signal: Signal) {
        self.stdin = None;
        self.was_killed |= signal == Signal::SIGKILL;
        let _ = killpg(Pid::from_raw(self.child.id().cast_signed()), signal);
    }

    /// Whether this program killed it.
    pub fn was_killed(&self) -> bool {
        self.was_killed
    }

    /// Whether it is suspended by somebody, or traced.
    pub fn is_suspended(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // The name in parentheses may hold anything.
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    }

    /// Reaps the ended process and says how it ended, with its last words.
    pub fn reap(mut self) -> Loss {
        let (reason, exit) = match self.child.wait() {
            Ok(status) => describe(status),
            Err(error) => (format!("the worker was lost: {error}"), None),
        };
        let last = self.log.last_words(3);
        let reason = if last.is_empty() { reason } else { format!("{reason}; its last words: {last}") };
        Loss { reason, exit, ..Loss::default() }
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

/// How a process ended, in a sentence and as kept in records.
fn describe(status: ExitStatus) -> (String, Option<String>) {
    match (status.code(), status.signal()) {
        (Some(code), _) => (format!("the worker ended with exit code {code}"), Some(format!("exit code {code}"))),
        (None, Some(number)) => {
            let name = Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |it| it.to_string());
            (format!("the worker was ended by {name}"), Some(name))
        }
        (None, None) => ("the worker ended".to_owned(), None),
    }
}

fn write_stdin(mut stdin: ChildStdin, lines: &Receiver<Vec<u8>>) {
    for line in lines {
        if stdin.write_all(&line).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

fn read_stdout(stdout: UntilEnded<ChildStdout>, log: &Drained, mut tell: impl FnMut(WorkerOutput) -> bool) {
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let said = match serde_json::from_slice(&line) {
            Ok(message) => WorkerOutput::Message(message),
            Err(_) => WorkerOutput::Garbage(String::from_utf8_lossy(&line).trim_end().chars().take(2000).collect()),
        };
        // What it said of a failure belongs into the log before anybody looks there for the reason.
        if matches!(said, WorkerOutput::Message(FromWorker::Failed { .. })) {
            log.wait(LAST_WORDS);
        }
        if !tell(said) {
            return;
        }
    }
}

fn copy_stderr(stderr: UntilEnded<ChildStderr>, log: &WorkerLog) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => log.take(&line),
        }
    }
    if reader.get_ref().was_left_open() {
        log.take(b"drr-lab: the worker has ended, but a process that it started still runs\n");
    }
}
