//! A command from start to end: started in surroundings of its own, listened to, ended whatever it does, and its metrics
//! and artifacts taken in.

use std::fs;
use std::io::{self, ErrorKind, Read as _, Write as _, stderr};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use drr_core::artifacts;
use drr_core::command::{FileDigests, find_program};
use drr_core::result::TrialResult;
use drr_core::trial_dir::TrialDir;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::SIGTERM;

use crate::metrics::{BATCH, MetricsFile, MetricsRead, take_output};
use crate::processes::{adopt_orphans, end_children, end_earlier};
use crate::surroundings::{Folders, Start, Surroundings};
use drr_kinds::command::{CommandSettings, MetricsFrom};
use drr_kinds::error::{Error, Result};
use drr_kinds::training::Reporter;
use drr_system::child::{Ended, end_with_parent, try_wait};

use crate::{ProgramRun, Ran};

/// How long a command that is asked to stop may take.
const GRACE: Duration = Duration::from_secs(5);

/// Between two looks at a command, at first and at most.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LAST_LOOK: Duration = Duration::from_millis(100);

/// The exit code that says: try again (EX_TEMPFAIL of sysexits.h).
const TRY_AGAIN: i32 = 75;

/// How many threads a command is told to use: a slot is one core.
const THREADS: u32 = 1;

/// Runs a command.
///
/// # Errors
/// A program that is not there, files that are not as they were planned, metrics that are none, an end that is none.
pub fn run(it: &ProgramRun<'_>, reporter: &mut dyn Reporter) -> Result<Ran> {
    let settings = CommandSettings::of(&it.spec.settings).map_err(Error::Deterministic)?;
    let folders = Folders::of(it.folder);
    static DIGESTS: LazyLock<Mutex<FileDigests>> = LazyLock::new(Mutex::default);
    let mut digests = DIGESTS.lock().unwrap_or_else(PoisonError::into_inner);
    let stage = it.spec.kind.as_str();
    // Tried again it would fail again; planned again it would be another trial.
    let unchanged = |digests: &mut FileDigests| match digests.changed(it.place, stage)? {
        Some(changed) => Err(Error::Environment(format!("{changed}; the sweep begun again plans with what is there"))),
        None => Ok(()),
    };
    unchanged(&mut digests)?;
    check_upstream(it, &mut digests)?;
    if it.is_again && end_earlier(&folders.out) > 0 {
        say("ended what an earlier attempt had left running");
    }
    let ended = within(it, &settings, &folders, reporter).and_then(|ran| {
        unchanged(&mut digests)?;
        check_upstream(it, &mut digests)?;
        Ok(ran)
    });
    let cleared = remove(&folders.work);
    if ended.is_err() {
        // What has no result leaves its journal and its log; what it wrote is nobody's, and may fill the disk.
        let _ = remove(&folders.out);
    }
    if let Err(error) = cleared {
        say(&format!("its temporary files could not be removed: {error}"));
    }
    ended
}

/// Runs it in folders made for it.
fn within(
    it: &ProgramRun<'_>,
    settings: &CommandSettings,
    folders: &Folders,
    reporter: &mut dyn Reporter,
) -> Result<Ran> {
    remove(&folders.work)?;
    // What was still writing when the folder was prepared has been ended since.
    remove(&folders.out)?;
    fs::create_dir_all(&folders.temporary)?;
    fs::create_dir_all(&folders.out)?;
    let (spec, place, runs, data, device) = (it.spec, it.place, it.runs, it.data, it.device);
    let start = Start { spec, settings, place, folders, runs, data, device, threads: THREADS };
    let (ended, read) = attend(&start, reporter)?;
    verdict(ended.status)?;
    let metrics = read.last();
    if !folders.out.symlink_metadata().is_ok_and(|it| it.is_dir()) {
        return Err(Error::Deterministic("it removed the folder of its artifacts, DRR_LAB_OUT".to_owned()));
    }
    let artifacts = artifacts::digests(&folders.out).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => Error::Deterministic(error.to_string()),
        _ => Error::Environment(error.to_string()),
    })?;
    if artifacts.is_empty() {
        remove(&folders.out)?;
    }
    Ok(Ran { metrics, artifacts, cpu_s: ended.cpu_s, peak_mib: ended.peak_mib })
}

fn say(what: &str) {
    let _ = writeln!(stderr(), "drr-lab: {what}");
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::Environment(format!("{}: {error}", folder.display())))
        }
        _ => Ok(()),
    }
}

/// What it stands on must be as it was signed: a command has the power to change it.
fn check_upstream(it: &ProgramRun<'_>, digests: &mut FileDigests) -> Result<()> {
    for below in it.spec.upstream() {
        let folder = TrialDir::new(it.runs, below);
        let result = TrialResult::read(&folder.result()).map_err(|error| Error::Environment(error.to_string()))?;
        let result = result.ok_or_else(|| Error::Environment(format!("trial {} has no result", below.short())))?;
        let found = artifacts::names(&folder.artifacts()).map_err(|error| Error::Environment(error.to_string()))?;
        if let Some(more) = found.iter().find(|name| !result.artifacts.contains_key(*name)) {
            let path = folder.artifacts().join(more);
            return Err(Error::Environment(format!("{} was added after its trial", path.display())));
        }
        for (name, signed) in &result.artifacts {
            let path = folder.artifacts().join(name);
            let found =
                digests.of(&path).map_err(|error| Error::Environment(format!("{}: {error}", path.display())))?;
            if found != *signed {
                return Err(Error::Environment(format!("{} was changed after its trial", path.display())));
            }
        }
    }
    Ok(())
}

/// What an end means.
fn verdict(status: ExitStatus) -> Result<()> {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(TRY_AGAIN), _) => {
            Err(Error::Environment(format!("the command ended with exit code {TRY_AGAIN}, which asks to try again")))
        }
        (Some(code), _) => Err(Error::Deterministic(format!("the command ended with exit code {code}"))),
        (None, Some(number)) => {
            let name = Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |it| it.to_string());
            let core = if status.core_dumped() { " and dumped its memory" } else { "" };
            let perhaps = if number == libc::SIGKILL { ", as the kernel does when it is out of memory" } else { "" };
            Err(Error::Environment(format!("the command was ended by {name}{core}{perhaps}")))
        }
        (None, None) => Err(Error::Environment("the command ended in no known way".to_owned())),
    }
}

/// Set while a command runs and this process was asked to end: the command was asked with it, and may take its time.
static ASKED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
/// Whether SIGTERM does what it does to any process.
static USUAL: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));

/// Whether somebody else in this process answers SIGTERM between commands.
static HANDLED: AtomicBool = AtomicBool::new(false);

/// Says that SIGTERM is answered elsewhere, so that it is not given back its usual effect.
pub fn leave_sigterm() {
    HANDLED.store(true, Ordering::SeqCst);
}

/// Whether this process was asked to end while a command ran: it must, even if the command ended by itself.
pub fn was_asked_to_end() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// While this lives, SIGTERM is noted instead of obeyed.
struct Deferred;

impl Deferred {
    fn new() -> io::Result<Self> {
        static REGISTERED: Mutex<bool> = Mutex::new(false);
        let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
        if !*registered {
            if !HANDLED.load(Ordering::SeqCst) {
                signal_hook::flag::register_conditional_default(SIGTERM, Arc::clone(&USUAL))?;
            }
            signal_hook::flag::register(SIGTERM, Arc::clone(&ASKED))?;
            *registered = true;
        }
        USUAL.store(false, Ordering::SeqCst);
        Ok(Self)
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        USUAL.store(true, Ordering::SeqCst);
    }
}

/// Starts the command and stays with it to its end.
fn attend(start: &Start<'_>, reporter: &mut dyn Reporter) -> Result<(Ended, MetricsRead)> {
    let Surroundings { words, variables } = start.surroundings()?;
    let (folder, path) =
        (&start.place.folder, variables.get("PATH").and_then(|path| path.to_str()).unwrap_or_default());
    let program = find_program(&words[0], folder, path).ok_or_else(|| {
        Error::Environment(format!("there is no program `{}` in {}", words[0], shown_places(&words[0], folder)))
    })?;
    let mut command = Command::new(&program);
    command.args(&words[1..]).current_dir(folder).env_clear().envs(&variables).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    end_with_parent(&mut command);
    adopt_orphans();
    let deferred = Deferred::new()?;
    let mut child = command
        .spawn()
        .map_err(|error| Error::Environment(format!("{} cannot be started: {error}", program.display())))?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let mut outputs = Outputs::new(child.stdout.take(), child.stderr.take(), start.settings.log)?;
    let mut read = MetricsRead::default();
    let mut file = MetricsFile::new(&start.folders.metrics);
    let ended = listen(pid, (&mut outputs, &mut file), &mut read, reporter);
    // Whatever became of it, nothing of it goes on.
    let status = match ended {
        Ok(ended) => Ok(ended),
        Err(error) => {
            end_children();
            Err(error)
        }
    };
    let ended = status?;
    let left = end_children();
    if left > 0 {
        say(&format!("the command has ended; {left} of its processes had not, and were ended"));
    }
    drop(deferred);
    outputs.drain(&mut read)?;
    if ended.status.success() {
        while file.read_on(&mut read).map_err(Error::Deterministic)? {
            tell(&mut read, reporter)?;
        }
        file.finish(&mut read).map_err(Error::Deterministic)?;
    } else {
        // Its end says more than a line that it broke.
        while matches!(file.read_on(&mut read), Ok(true)) {
            tell(&mut read, reporter)?;
        }
        if file.is_cut_off() {
            say("the last line of its metrics is cut off, and is left out");
        }
    }
    tell(&mut read, reporter)?;
    Ok((ended, read))
}

fn shown_places(word: &str, folder: &Path) -> String {
    if word.contains('/') { folder.display().to_string() } else { "PATH".to_owned() }
}

/// Tells points in batches.
fn tell(read: &mut MetricsRead, reporter: &mut dyn Reporter) -> Result<()> {
    let points = std::mem::take(&mut read.points);
    let mut points = points.into_iter();
    loop {
        let batch: Vec<_> = points.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(());
        }
        reporter.points(0, batch)?;
    }
}

/// Listens to a command until it ends, or must.
fn listen(
    pid: Pid,
    (outputs, file): (&mut Outputs, &mut MetricsFile),
    read: &mut MetricsRead,
    reporter: &mut dyn Reporter,
) -> Result<Ended> {
    let (mut patience, mut asked) = (FIRST_LOOK, None);
    loop {
        let mut news = outputs.wait(patience, read)?;
        news |= file.read_on(read).map_err(Error::Deterministic)?;
        if let Some(ended) = try_wait(pid)? {
            // One that was asked to end with this process may be seen to have ended before the signal is.
            if !ended.status.success() && asked.is_none() {
                sleep(FIRST_LOOK);
            }
            let is_asked = asked.is_some() || ASKED.load(Ordering::SeqCst);
            return if is_asked { Err(Error::Stopped) } else { Ok(ended) };
        }
        if !read.points.is_empty() {
            tell(read, reporter)?;
        }
        patience = if news { FIRST_LOOK } else { (patience * 3 / 2).min(LAST_LOOK) };
        let now = Instant::now();
        match asked {
            None if ASKED.load(Ordering::SeqCst) => asked = Some(now),
            None => {
                if let Err(stopped) = if news { reporter.alive() } else { reporter.listening() } {
                    if !matches!(stopped, Error::Stopped) {
                        return Err(stopped);
                    }
                    let _ = kill(pid, Signal::SIGTERM);
                    asked = Some(now);
                }
            }
            // Where somebody asked by a signal, he decides how long to wait.
            Some(since) if now - since > GRACE && !ASKED.load(Ordering::SeqCst) => return Err(Error::Stopped),
            Some(_) => {}
        }
    }
}

/// Standard output and standard error of a command: copied to this process's standard error, the log; lines of metrics
/// taken out where they come so.
struct Outputs {
    out: Option<ChildStdout>,
    err: Option<ChildStderr>,
    /// The beginning of a line of output that may be metrics; nothing where metrics come in a file.
    line: Option<Vec<u8>>,
    buffer: Vec<u8>,
}

/// A line of output longer than this is no line of metrics.
const LONGEST: usize = 64 << 10;

impl Outputs {
    fn new(out: Option<ChildStdout>, err: Option<ChildStderr>, log: MetricsFrom) -> Result<Self> {
        for fd in [out.as_ref().map(|it| it.as_fd()), err.as_ref().map(|it| it.as_fd())].into_iter().flatten() {
            set_nonblocking(fd)?;
        }
        let line = (log == MetricsFrom::Stdout).then(Vec::new);
        Ok(Self { out, err, line, buffer: vec![0; 64 << 10] })
    }

    /// Waits for output, but no longer than `patience`, and copies it; whether there was any.
    fn wait(&mut self, patience: Duration, read: &mut MetricsRead) -> Result<bool> {
        let fds = [self.out.as_ref().map(|it| it.as_fd()), self.err.as_ref().map(|it| it.as_fd())];
        let mut fds: Vec<PollFd<'_>> = fds.into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        if fds.is_empty() {
            sleep(patience);
            return Ok(false);
        }
        let timeout = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
        match poll(&mut fds, timeout) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => Ok(false),
            Ok(_) => self.copy(read),
            Err(error) => Err(Error::Environment(format!("the command's output cannot be read: {error}"))),
        }
    }

    /// Copies what there is, some of it if there is much.
    fn copy(&mut self, read: &mut MetricsRead) -> Result<bool> {
        let mut news = false;
        if let Some(out) = &mut self.out {
            match out.read(&mut self.buffer) {
                Ok(0) => self.out = None,
                Ok(count) => {
                    news = true;
                    let _ = stderr().write_all(&self.buffer[..count]);
                    if let Some(line) = &mut self.line {
                        take_lines(line, &self.buffer[..count], read);
                    }
                }
                Err(error) if is_nothing(&error) => {}
                Err(_) => self.out = None,
            }
        }
        if let Some(err) = &mut self.err {
            match err.read(&mut self.buffer) {
                Ok(0) => self.err = None,
                Ok(count) => {
                    news = true;
                    let _ = stderr().write_all(&self.buffer[..count]);
                }
                Err(error) if is_nothing(&error) => {}
                Err(_) => self.err = None,
            }
        }
        Ok(news)
    }

    /// Copies the rest: nobody writes any more.
    fn drain(&mut self, read: &mut MetricsRead) -> Result<()> {
        while self.copy(read)? {}
        if let Some(rest) = self.line.take() {
            take_output(&rest, read);
        }
        Ok(())
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn set_nonblocking(fd: BorrowedFd<'_>) -> Result<()> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    fcntl(fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map(|_| ()).map_err(|error| Error::Environment(error.to_string()))
}

/// Takes whole lines out of `chunk`, behind what `line` holds of the one before.
fn take_lines(line: &mut Vec<u8>, chunk: &[u8], read: &mut MetricsRead) {
    let mut from = 0;
    for end in memchr::memchr_iter(b'\n', chunk) {
        line.extend_from_slice(&chunk[from..end]);
        take_output(line, read);
        line.clear();
        from = end + 1;
    }
    if line.len() < LONGEST {
        line.extend_from_slice(&chunk[from..]);
    }
}
