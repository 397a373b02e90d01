//! Where a worker's stderr goes: to the logs of the trials that run, up to a size, and its last lines to the reason of
//! a crash.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Lines that are kept for the reason of a crash.
const TAIL: usize = 12;

/// A trial's log is cut off here, bytes: a worker in an endless loop of warnings must not fill the disk.
const LARGEST: u64 = 16 << 20;

/// What is read of a log's end, bytes.
const END: u64 = 8 << 10;

/// The log of one worker, shared between the thread that reads its stderr and the supervisor.
#[derive(Clone, Default)]
pub(super) struct WorkerLog(Arc<Mutex<Inner>>);

/// Lines that are kept where a log is full, and bytes of each.
const REST: usize = 200;
const LONGEST: usize = 4096;

#[derive(Default)]
struct Inner {
    files: Vec<(PathBuf, Option<File>, u64)>,
    tail: VecDeque<String>,
    /// Lines that no log had room for, and the last of them.
    cut: u64,
    rest: VecDeque<Vec<u8>>,
}

impl WorkerLog {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What comes from now on goes to `files`, each made with its first line.
    pub fn turn_to(&self, files: Vec<PathBuf>) {
        self.end();
        self.inner().files = files.into_iter().map(|path| (path, None, 0)).collect();
    }

    /// The trials that it went to have ended: what was said last stands at the end, whatever was left out before.
    pub fn end(&self) {
        let mut inner = self.inner();
        let (cut, rest) = (std::mem::take(&mut inner.cut), std::mem::take(&mut inner.rest));
        if cut == 0 {
            return;
        }
        let left_out = cut - rest.len() as u64;
        for (_, file, _) in &mut inner.files {
            let Some(file) = file else { continue };
            let _ = writeln!(file, "… ({left_out} lines left out here by drr-lab)");
            rest.iter().for_each(|line| drop(file.write_all(line)));
        }
    }

    /// Takes a line. A log that cannot be written must not stop the trial it is about.
    pub fn take(&self, line: &[u8]) {
        let mut inner = self.inner();
        inner.tail.push_back(String::from_utf8_lossy(line).trim().chars().take(500).collect());
        if inner.tail.len() > TAIL {
            inner.tail.pop_front();
        }
        let mut is_full = false;
        for (path, file, written) in &mut inner.files {
            is_full |= append(path, file, written, line).unwrap_or(false);
        }
        if is_full {
            inner.cut += 1;
            inner.rest.push_back(line[..line.len().min(LONGEST)].to_vec());
            if inner.rest.len() > REST {
                inner.rest.pop_front();
            }
        }
    }

    /// The last lines that say something, up to `most`, on one line.
    pub fn last_words(&self, most: usize) -> String {
        let inner = self.inner();
        let words: Vec<&str> = inner.tail.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        words[words.len().saturating_sub(most)..].join(" / ")
    }
}

fn append(path: &Path, file: &mut Option<File>, written: &mut u64, line: &[u8]) -> io::Result<bool> {
    if file.is_none() {
        let opened = OpenOptions::new().create(true).append(true).open(path)?;
        *written = opened.metadata()?.len();
        *file = Some(opened);
    }
    let Some(file) = file else { return Ok(false) };
    if *written + line.len() as u64 > LARGEST {
        *written = LARGEST;
        return Ok(true);
    }
    *written += line.len() as u64;
    file.write_all(line)?;
    Ok(false)
}

/// The last lines of a log, up to `most`; none if there is no log.
pub(super) fn last_lines(path: &Path, most: usize) -> Vec<String> {
    let read = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
        let mut bytes = Vec::new();
        file.take(END).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(most)..];
    last.iter().map(|line| line.chars().take(500).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_its_last_words_and_is_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let log = WorkerLog::default();
        log.take(b"before any trial\n");
        log.turn_to(vec![one.clone(), two.clone()]);
        assert!(!one.exists(), "no file for no line");
        log.take(b"first\n");
        log.take(b"\n");
        log.take(b"second\n");
        assert_eq!(log.last_words(2), "first / second");
        assert_eq!(last_lines(&one, 5), ["first", "second"]);
        assert_eq!(last_lines(&two, 1), ["second"]);
        assert!(last_lines(&folder.path().join("none"), 1).is_empty());
        let line = vec![b'x'; 1 << 20];
        (0..40).for_each(|_| log.take(&line));
        let size = std::fs::metadata(&one).expect("a log").len();
        assert!((LARGEST - (2 << 20)..=LARGEST).contains(&size), "{size}");
        (0..300).for_each(|number| log.take(format!("line {number}\n").as_bytes()));
        log.end();
        let text = std::fs::read(&one).expect("a log");
        let end = String::from_utf8_lossy(&text[text.len() - 3000..]).into_owned();
        assert!(end.contains("lines left out here by drr-lab)\nline 100\n") && end.ends_with("line 299\n"), "{end}");
        assert!(last_lines(&one, 1)[0].len() <= 500);
    }
}
