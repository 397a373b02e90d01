//! Who may write to a trial's folder where many machines share it: `claim.<n>` in the folder.
//!
//! Claims are numbered, and the highest number holds. A number is made by exclusive creation, which every shared file
//! system has; a lock of the kernel does not cross machines on all of them. Whoever finds the holder dead takes over by
//! making the next number, which one process alone can do; nothing is taken away from a holder that may be alive. The
//! holder is dead if it ran on this machine and its process is gone, or if its claim has not changed for a lease's time
//! by the watcher's own clock: clocks of two machines are never compared.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::machine;
use crate::trial_dir::TrialDir;

/// A process that holds claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// What it is doing, for people, for example the job and its task.
    pub what: String,
    /// Its machine.
    pub host: String,
    /// The machine's boot: process ids mean nothing across two.
    boot: String,
    /// The namespace of its process id.
    namespace: String,
    /// Its process.
    pub pid: u32,
    /// When its process started, in the kernel's ticks.
    started: u64,
    /// Told apart from every other holder.
    nonce: String,
}

impl Holder {
    /// This process.
    pub fn this(what: impl Into<String>) -> Self {
        let pid = std::process::id();
        Self {
            what: what.into(),
            host: machine::host(),
            boot: line("/proc/sys/kernel/random/boot_id"),
            namespace: namespace(),
            pid,
            started: state(pid).map_or(0, |(_, started)| started),
            nonce: line("/proc/sys/kernel/random/uuid"),
        }
    }

    /// Whether it is known to have ended; `false` for a process this one cannot see.
    fn has_ended(&self) -> bool {
        let visible = self.boot == line("/proc/sys/kernel/random/boot_id") && self.namespace == namespace();
        visible && state(self.pid).is_none_or(|(state, started)| started != self.started || matches!(state, 'Z' | 'X'))
    }
}

/// A held claim. Dropping it releases nothing: what was not released is found dead by others.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    number: u32,
    text: String,
    file: File,
    beats: u64,
}

/// What became of a wish for a claim.
#[derive(Debug)]
pub enum Taken {
    /// It is ours.
    Held(Claim),
    /// Somebody who may be alive holds it; ask again.
    Busy(String),
}

/// Someone who wants the claim of one folder, and remembers what was seen of its holder.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Option<(u32, Vec<u8>, Instant)>,
}

impl Watch {
    /// Takes the claim if nobody alive holds it.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn try_take(&mut self, folder: &TrialDir, holder: &Holder, lease: Duration) -> io::Result<Taken> {
        let folder = folder.path();
        fs::create_dir_all(folder)?;
        let Some(highest) = highest(folder)? else { return create(folder, 1, holder) };
        let content = match fs::read(path(folder, highest)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Taken::Busy("it was released just now".to_owned()));
            }
            content => content?,
        };
        let known = first_line(&content).and_then(|line| serde_json::from_str::<Holder>(line).ok());
        if known.as_ref().is_some_and(Holder::has_ended) {
            return create(folder, highest + 1, holder);
        }
        match &self.seen {
            Some((number, before, since)) if *number == highest && *before == content => {
                if since.elapsed() >= lease {
                    return create(folder, highest + 1, holder);
                }
            }
            _ => self.seen = Some((highest, content, Instant::now())),
        }
        let who = known.map_or_else(|| "a claim in the making".to_owned(), |it| format!("{} on {}", it.what, it.host));
        Ok(Taken::Busy(who))
    }
}

impl Claim {
    /// Shows that the holder lives; `false` if somebody took the claim over, and the folder must not be touched again.
    pub fn beat(&mut self) -> bool {
        if !self.is_held() {
            return false;
        }
        self.beats += 1;
        let written = self
            .file
            .seek(SeekFrom::Start(self.text.len() as u64))
            .and_then(|_| write!(self.file, "beat {:012}\n", self.beats))
            .and_then(|()| self.file.sync_data());
        // A full disk or a server that is away for a while is no loss of the claim.
        written.is_ok() || self.is_held()
    }

    /// Whether nobody took it over.
    pub fn is_held(&self) -> bool {
        let mut found = vec![0; self.text.len()];
        let ours = File::open(path(&self.folder, self.number)).and_then(|mut file| file.read_exact(&mut found)).is_ok()
            && found == self.text.as_bytes();
        ours && highest(&self.folder).is_ok_and(|highest| highest == Some(self.number))
    }

    /// Gives it up, and clears away those it was taken over from, the own one last.
    pub fn release(self) {
        if self.is_held() {
            for number in 1..=self.number {
                let _ = fs::remove_file(path(&self.folder, number));
            }
        }
    }
}

fn create(folder: &Path, number: u32, holder: &Holder) -> io::Result<Taken> {
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path(folder, number)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Ok(Taken::Busy("somebody who was faster".to_owned()));
        }
        file => file?,
    };
    let text = format!("{}\n", serde_json::to_string(holder)?);
    file.write_all(text.as_bytes())?;
    write!(file, "beat {:012}\n", 0)?;
    file.sync_all()?;
    let claim = Claim { folder: folder.to_owned(), number, text, file, beats: 0 };
    // A list read before others came and went may have shown a number that is free again.
    if claim.is_held() {
        return Ok(Taken::Held(claim));
    }
    let _ = fs::remove_file(path(folder, number));
    Ok(Taken::Busy("somebody who was faster".to_owned()))
}

fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("claim.{number}"))
}

fn highest(folder: &Path) -> io::Result<Option<u32>> {
    let mut highest = None;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("claim.")?.parse().ok());
        highest = highest.max(number);
    }
    Ok(highest)
}

fn first_line(content: &[u8]) -> Option<&str> {
    let end = content.iter().position(|byte| *byte == b'\n')?;
    std::str::from_utf8(&content[..end]).ok()
}

fn line(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn namespace() -> String {
    fs::read_link("/proc/self/ns/pid").map(|it| it.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A process's state and when it started, after proc(5); `None` if there is none.
fn state(pid: u32) -> Option<(char, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let mut rest = text.rsplit_once(") ")?.1.split(' ');
    Some((rest.next()?.chars().next()?, rest.nth(18)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Digest, TrialId};

    const LONG: Duration = Duration::from_secs(3600);

    fn folder() -> (tempfile::TempDir, TrialDir) {
        let runs = tempfile::tempdir().expect("a folder");
        let trial = TrialDir::new(runs.path(), TrialId(Digest::of(b"trial")));
        (runs, trial)
    }

    fn take(folder: &TrialDir, holder: &Holder, lease: Duration) -> Option<Claim> {
        match Watch::default().try_take(folder, holder, lease).expect("writable") {
            Taken::Held(claim) => Some(claim),
            Taken::Busy(_) => None,
        }
    }

    #[test]
    fn of_many_at_once_one_holds() {
        let (_runs, folder) = folder();
        let start = std::sync::Barrier::new(16);
        let held: usize = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..16)
                .map(|_| {
                    scope.spawn(|| {
                        let holder = Holder::this("a test");
                        start.wait();
                        usize::from(take(&folder, &holder, LONG).is_some())
                    })
                })
                .collect();
            tries.into_iter().map(|it| it.join().expect("no panic")).sum()
        });
        assert_eq!(held, 1);
    }

    #[test]
    fn a_released_claim_is_free_and_a_held_one_is_not() {
        let (_runs, folder) = folder();
        let (one, other) = (Holder::this("one"), Holder::this("other"));
        let claim = take(&folder, &one, LONG).expect("free");
        match Watch::default().try_take(&folder, &other, LONG).expect("readable") {
            Taken::Busy(who) => assert_eq!(who, format!("one on {}", machine::host())),
            Taken::Held(_) => panic!("it was held"),
        }
        claim.release();
        assert!(take(&folder, &other, LONG).is_some());
    }

    #[test]
    fn a_process_of_this_machine_that_is_gone_holds_nothing() {
        let (_runs, folder) = folder();
        let mut child = std::process::Command::new("true").spawn().expect("it starts");
        let gone = Holder { pid: child.id(), started: 1, ..Holder::this("gone") };
        child.wait().expect("it ends");
        drop(take(&folder, &gone, LONG).expect("free"));
        let claim = take(&folder, &Holder::this("next"), LONG).expect("its holder is gone");
        assert_eq!(claim.number, 2);
        claim.release();
        assert_eq!(highest(folder.path()).expect("readable"), None, "nothing is left behind");
    }

    #[test]
    fn a_silent_holder_elsewhere_is_taken_over_after_its_lease_and_notices() {
        let (_runs, folder) = folder();
        let far = Holder { boot: "another machine".to_owned(), ..Holder::this("far") };
        let mut old = take(&folder, &far, LONG).expect("free");
        let (next, lease) = (Holder::this("next"), Duration::from_millis(60));
        let mut watch = Watch::default();
        let mut ask = || watch.try_take(&folder, &next, lease).expect("readable");
        assert!(matches!(ask(), Taken::Busy(_)), "nobody knows yet how long it is silent");
        std::thread::sleep(lease / 2);
        assert!(old.beat());
        std::thread::sleep(lease / 2);
        assert!(matches!(ask(), Taken::Busy(_)), "it gave a sign");
        std::thread::sleep(lease);
        let Taken::Held(new) = ask() else { panic!("it is silent for a lease's time") };
        assert!(!old.beat() && new.is_held());
        old.release();
        assert!(new.is_held(), "who lost a claim cannot release that of another");
    }
}
