//! Children of this process: one that ends with its parent, and what one used.

use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitStatus};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpid, getppid};

/// How a process ended, and what it used.
#[derive(Debug)]
pub struct Ended {
    /// Its end.
    pub status: ExitStatus,
    /// The processor's time it took, and its children that it waited for, in seconds.
    pub cpu_s: f64,
    /// The most memory that one of them held, in MiB.
    pub peak_mib: f64,
}

/// Has what `command` starts killed when the thread that starts it is gone, however that came.
pub fn end_with_parent(command: &mut Command) {
    let parent = getpid();
    let before_exec = move || {
        set_pdeathsig(Signal::SIGKILL)?;
        // The parent may have gone between fork and here.
        if getppid() == parent { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    };
    // SAFETY: prctl and getppid are async-signal-safe, and nothing here allocates.
    unsafe { command.pre_exec(before_exec) };
}

/// The end of a child, if it has ended.
///
/// # Errors
/// It is no child of this process.
pub fn try_wait(pid: Pid) -> io::Result<Option<Ended>> {
    let mut status = 0;
    // SAFETY: all zeros are a usage, and both places are there to be written to.
    let (found, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(pid.as_raw(), &raw mut status, libc::WNOHANG, &raw mut usage), usage)
    };
    match found {
        0 => Ok(None),
        -1 => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            error => Err(error),
        },
        _ => {
            let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
            Ok(Some(Ended {
                status: ExitStatus::from_raw(status),
                cpu_s: seconds(usage.ru_utime) + seconds(usage.ru_stime),
                peak_mib: usage.ru_maxrss as f64 / 1024.0,
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    #[expect(clippy::zombie_processes, reason = "`try_wait` is what waits for it")]
    fn an_end_comes_with_what_was_used() {
        let child = shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 7").spawn().expect("a shell");
        let pid = Pid::from_raw(child.id().cast_signed());
        let ended = loop {
            match try_wait(pid).expect("a child") {
                Some(ended) => break ended,
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        assert_eq!(ended.status.code(), Some(7));
        assert!(ended.cpu_s > 0.0 && ended.peak_mib > 0.1, "{ended:?}");
        assert!(try_wait(pid).is_err(), "its end was taken");
    }

    #[test]
    fn a_child_ends_with_the_thread_that_started_it() {
        let mut command = shell("exec sleep 60");
        end_with_parent(&mut command);
        let began = Instant::now();
        let mut child = std::thread::spawn(move || command.spawn().expect("a shell")).join().expect("no panic");
        assert_eq!(child.wait().expect("a child").signal(), Some(Signal::SIGKILL as i32));
        assert!(began.elapsed() < Duration::from_secs(50));
    }
}
