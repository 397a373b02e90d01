//! One worker process: found, started in a group and an environment of its own, spoken to over pipes, ended. It dies
//! with the supervisor, whatever ends that.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use drr_core::protocol::{FromWorker, ToWorker};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::slots::Slot;
use crate::error::{Error, Result};

/// Name of the worker's program.
const PROGRAM: &str = "drr-lab-worker";

/// Pinned before libtorch loads: one thread a worker, and products whose bits do not depend on memory alignment.
pub(super) const ENVIRONMENT: [(&str, &str); 4] =
    [("MKL_CBWR", "AVX2,STRICT"), ("ATEN_CPU_CAPABILITY", "avx2"), ("OMP_NUM_THREADS", "1"), ("MKL_NUM_THREADS", "1")];

/// Longest message of a worker; a longer line is no message.
const LONGEST: u64 = 64 << 20;

/// Lines of stderr that are kept for the reason of a crash.
const TAIL: usize = 12;

/// Where the worker's program lies: as given, else beside this program.
///
/// # Errors
/// There is none, with the command that builds it.
pub fn find_worker(given: Option<&Path>) -> Result<PathBuf> {
    let (path, hint) = match given {
        Some(path) => (path.to_owned(), "--worker and DRR_LAB_WORKER name the program drr-lab-worker"),
        None => {
            let here = std::env::current_exe()
                .map_err(|error| Error::environment(format!("cannot tell where this program lies: {error}")))?;
            (here.with_file_name(PROGRAM), "build it with `cargo build --workspace`, or name it with --worker PATH")
        }
    };
    if path.is_file() {
        Ok(path)
    } else {
        Err(Error::environment(format!("there is no worker program at {}", path.display())).hint(hint))
    }
}

/// What comes out of a worker.
#[derive(Debug)]
pub(super) enum Said {
    Message(FromWorker),
    /// A line that is no message of this protocol.
    Garbage(String),
    /// It ended; the process is still to be reaped.
    Ended,
}

/// A running worker. Dropping it kills the process group.
pub(super) struct Worker {
    child: Child,
    stdin: Option<ChildStdin>,
    log: Arc<Mutex<Log>>,
}

/// Where stderr goes: to the log of the trial that runs, and its last lines to the reason of a crash.
#[derive(Default)]
struct Log {
    file: Option<PathBuf>,
    tail: VecDeque<String>,
}

impl Worker {
    /// Starts a worker. Call it from a thread that lives as long as the supervisor: the parent-death signal follows
    /// the parent thread.
    pub fn spawn<T: Send + 'static>(
        program: &Path,
        slot: Slot,
        sender: SyncSender<T>,
        wrap: impl Fn(Said) -> T + Send + 'static,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        command.envs(ENVIRONMENT);
        match slot {
            Slot::Cpu => command.env("CUDA_VISIBLE_DEVICES", ""),
            Slot::Cuda(index) => {
                command.env("CUDA_DEVICE_ORDER", "PCI_BUS_ID").env("CUDA_VISIBLE_DEVICES", index.to_string())
            }
        };
        let parent = nix::unistd::getpid();
        let die_with_parent = move || {
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
            // The supervisor may have gone between fork and here.
            if nix::unistd::getppid() == parent { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
        };
        // SAFETY: prctl and getppid are async-signal-safe, and nothing here allocates.
        unsafe { command.pre_exec(die_with_parent) };
        let mut child = command.spawn()?;
        let log = Arc::new(Mutex::new(Log::default()));
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let stderr = child.stderr.take().expect("stderr is a pipe");
        let pid = Pid::from_raw(child.id().cast_signed());
        let shared = Arc::clone(&log);
        let errors = thread::spawn(move || copy_stderr(stderr, &shared));
        thread::spawn(move || {
            read_stdout(stdout, |said| sender.send(wrap(said)).is_ok());
            // Wait without reaping, so that the process id stays ours until the supervisor lets go of it.
            let _ = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
            let _ = errors.join();
            let _ = sender.send(wrap(Said::Ended));
        });
        Ok(Self { child, stdin, log })
    }

    /// Sends a message.
    pub fn send(&mut self, message: &ToWorker) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        match &mut self.stdin {
            Some(stdin) => stdin.write_all(&line).and_then(|()| stdin.flush()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// From now on stderr goes to `file`.
    pub fn log_to(&self, file: Option<PathBuf>) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).file = file;
    }

    /// Writes to the log of the running trial.
    pub fn note(&self, line: &str) {
        take_line(&self.log, &format!("{line}\n"));
    }

    /// Asks it to leave: says so and closes its stdin.
    pub fn leave(&mut self) {
        let _ = self.send(&ToWorker::Stop);
        self.stdin = None;
    }

    /// Sends a signal to its process group.
    pub fn signal(&mut self, signal: Signal) {
        self.stdin = None;
        let _ = killpg(Pid::from_raw(self.child.id().cast_signed()), signal);
    }

    /// Reaps the ended process and says how it ended, with its last words.
    pub fn reap(mut self) -> String {
        let how = match self.child.wait() {
            Ok(status) => describe(status),
            Err(error) => format!("worker lost: {error}"),
        };
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let words: Vec<&str> = log.tail.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        let last = words[words.len().saturating_sub(3)..].join(" / ");
        if last.is_empty() { how } else { format!("{how}; its last words: {last}") }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("the worker ended with exit code {code}"),
        (None, Some(number)) => match Signal::try_from(number) {
            Ok(signal) => format!("the worker was ended by {signal}"),
            Err(_) => format!("the worker was ended by signal {number}"),
        },
        (None, None) => "the worker ended".to_owned(),
    }
}

fn read_stdout(stdout: ChildStdout, mut tell: impl FnMut(Said) -> bool) {
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let said = match serde_json::from_slice(&line) {
            Ok(message) => Said::Message(message),
            Err(_) => Said::Garbage(String::from_utf8_lossy(&line).trim_end().chars().take(2000).collect()),
        };
        if !tell(said) {
            return;
        }
    }
}

fn copy_stderr(stderr: ChildStderr, log: &Mutex<Log>) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => take_line(log, &String::from_utf8_lossy(&line)),
        }
    }
}

fn take_line(log: &Mutex<Log>, line: &str) {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    log.tail.push_back(line.chars().take(500).collect());
    if log.tail.len() > TAIL {
        log.tail.pop_front();
    }
    if let Some(path) = &log.file {
        // A log that cannot be written must not stop the trial it is about.
        let file = OpenOptions::new().create(true).append(true).open(path);
        let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }
}
