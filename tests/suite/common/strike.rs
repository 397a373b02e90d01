//! Kills a program at a chosen call to the system: between any two of its steps on the way to a finished trial.

use std::collections::HashSet;
use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use nix::libc;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// When a program is killed.
#[derive(Clone, Copy, Debug)]
pub struct Strike {
    /// So many results are put in their places before calls are counted.
    pub results: usize,
    /// Before this call, counted from 1: the first is the one that puts the next result in its place.
    pub call: usize,
}

impl Strike {
    /// Writes the order; the next worker that looks takes it.
    pub fn order(self, file: &Path) {
        fs::write(file, format!("{} {}", self.results, self.call)).expect("written");
    }

    /// Takes the order, if there is one.
    pub fn take(file: &Path) -> Option<Self> {
        let text = fs::read_to_string(file).ok()?;
        fs::remove_file(file).ok()?;
        let (results, call) = text.split_once(' ').expect("two numbers");
        Some(Self { results: results.parse().expect("a number"), call: call.parse().expect("a number") })
    }
}

/// Runs a program on this one's pipes and kills it when its time has come, and this one after it. A program that ended
/// before leaves the file `missed`.
#[expect(clippy::zombie_processes, reason = "it is waited for as what it is, a traced process")]
pub fn strike(mut command: Command, strike: Strike, missed: &Path) -> ! {
    let traced = || ptrace::traceme().map_err(std::io::Error::from);
    // SAFETY: one call to the system, which allocates nothing.
    unsafe { command.pre_exec(traced) };
    let child = command.spawn().expect("the program starts");
    let child = Pid::from_raw(child.id().cast_signed());
    waitpid(child, None).expect("it stops at its first step");
    let options = ptrace::Options::PTRACE_O_TRACESYSGOOD
        | ptrace::Options::PTRACE_O_TRACECLONE
        | ptrace::Options::PTRACE_O_EXITKILL;
    ptrace::setoptions(child, options).expect("a child may be traced");
    ptrace::syscall(child, None).expect("it goes on");
    let (mut inside, mut results, mut calls) = (HashSet::new(), 0, 0);
    loop {
        let (thread, signal) = match waitpid(None, Some(WaitPidFlag::__WALL)).expect("it is waited for") {
            WaitStatus::PtraceSyscall(thread) => {
                if !inside.remove(&thread) {
                    inside.insert(thread);
                    let call = Call::of(thread);
                    let is_result = call.as_ref().is_some_and(|call| call.puts_a_result);
                    if call.is_some() && (calls > 0 || is_result && results == strike.results) {
                        calls += 1;
                    }
                    results += usize::from(is_result);
                    if calls == strike.call {
                        kill(child, Signal::SIGKILL).expect("it lives");
                        // Its threads end before it does.
                        while waitpid(None, Some(WaitPidFlag::__WALL)).is_ok() {}
                        kill(Pid::this(), Signal::SIGKILL).expect("this one lives");
                    }
                }
                (thread, None)
            }
            WaitStatus::Exited(pid, code) if pid == child => {
                fs::write(missed, "").expect("written");
                std::process::exit(code);
            }
            WaitStatus::Signaled(pid, signal, _) if pid == child => {
                let _ = kill(Pid::this(), signal);
                std::process::exit(128);
            }
            // A thread begins with a stop that nobody sent.
            WaitStatus::Stopped(thread, Signal::SIGSTOP) => (thread, None),
            WaitStatus::Stopped(thread, signal) => (thread, Some(signal)),
            WaitStatus::PtraceEvent(thread, _, _) => (thread, None),
            _ => continue,
        };
        // It may be gone already.
        let _ = ptrace::syscall(thread, signal);
    }
}

/// A call that changes what others can see.
struct Call {
    /// Whether it gives a result its name.
    puts_a_result: bool,
}

impl Call {
    /// The call that a thread is about to make.
    fn of(thread: Pid) -> Option<Self> {
        let info = ptrace::syscall_info(thread).ok()?;
        // SAFETY: it has just stopped at the beginning of a call, so this is what the kernel filled in.
        let entry = unsafe { info.u.entry };
        let number = i64::try_from(entry.nr).ok()?;
        #[cfg(target_arch = "x86_64")]
        if number == libc::SYS_rename {
            return Some(Self { puts_a_result: names_a_result(thread, entry.args[1]) });
        }
        match number {
            libc::SYS_renameat | libc::SYS_renameat2 => {
                Some(Self { puts_a_result: names_a_result(thread, entry.args[3]) })
            }
            libc::SYS_fsync | libc::SYS_fdatasync | libc::SYS_write | libc::SYS_unlinkat => {
                Some(Self { puts_a_result: false })
            }
            _ => None,
        }
    }
}

/// Whether the text at an address of a stopped program names a result.
fn names_a_result(thread: Pid, address: u64) -> bool {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut memory = fs::File::open(format!("/proc/{thread}/mem"))?;
        memory.seek(SeekFrom::Start(address))?;
        let mut text = [0; 1024];
        let count = memory.read(&mut text)?;
        Ok(text[..count].split(|byte| *byte == 0).next().unwrap_or_default().to_vec())
    };
    read().is_ok_and(|path| path.ends_with(b"/result.json"))
}
