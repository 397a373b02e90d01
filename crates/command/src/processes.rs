//! A command's process and whatever it started: nothing outlives its trial, and nothing of an earlier attempt goes on
//! while the next one runs.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::Pid;

use crate::surroundings::OUT;

/// Makes this process the parent of whatever its children leave behind, so that it can be ended.
pub fn adopt_orphans() {
    // Where the kernel refuses, what has left its group and its parent stays.
    let _ = set_child_subreaper(true);
}

/// How long to wait for killed processes to be gone: the kernel may be writing for them.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// Ends every process below this one; how many there were.
pub fn end_children() -> usize {
    let (mut ended, began) = (BTreeSet::new(), Instant::now());
    loop {
        match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT) {
            Err(Errno::ECHILD) => return ended.len(),
            Err(Errno::EINTR) => continue,
            _ => {}
        }
        for child in children() {
            if kill(child, Signal::SIGKILL).is_ok() {
                ended.insert(child);
            }
        }
        // Reaping gives their own children to this process.
        while let Ok(status) = waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
            if status.pid().is_none() {
                break;
            }
        }
        if began.elapsed() > GONE_WITHIN {
            return ended.len();
        }
        sleep(Duration::from_millis(1));
    }
}

/// The children of this process that still run.
fn children() -> Vec<Pid> {
    let own = std::process::id();
    let is_mine = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name in parentheses may hold anything; then come the state and the parent.
        let mut fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ');
        fields.next() != Some("Z") && fields.next().and_then(|parent| parent.parse().ok()) == Some(own)
    };
    processes().filter(is_mine).map(Pid::from_raw).collect()
}

fn processes() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Ends what an earlier attempt of the trial in this folder left: processes that were told to leave their artifacts
/// there; how many there were.
pub fn end_earlier(out: &Path) -> usize {
    let mut marked = format!("{OUT}=").into_bytes();
    marked.extend_from_slice(out.as_os_str().as_bytes());
    let own = std::process::id() as i32;
    let is_marked = |pid: &i32| {
        *pid != own && environment(*pid).is_ok_and(|all| all.split(|byte| *byte == 0).any(|it| it == marked))
    };
    let mut ended = 0;
    for pid in processes().filter(is_marked) {
        if kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok() {
            ended += 1;
        }
        let began = Instant::now();
        while began.elapsed() < GONE_WITHIN && environment(pid).is_ok_and(|all| !all.is_empty()) {
            sleep(Duration::from_millis(2));
        }
    }
    ended
}

/// The variables that a process was started with.
fn environment(pid: i32) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    fs::File::open(format!("/proc/{pid}/environ"))?.take(4 << 20).read_to_end(&mut all)?;
    Ok(all)
}
