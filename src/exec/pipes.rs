//! A worker's pipes, read until the worker has ended. What it started may keep them open for ever, in a session of its
//! own where no signal to the worker's group reaches it: it is not waited for.

use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What is still read of a pipe whose worker has ended, bytes: no pipe holds more, so the rest is from others.
const LEFT_IN_A_PIPE: usize = 1 << 20;

/// Both sides of the news that a worker has ended: dropping the second tells the first.
pub(super) fn end() -> io::Result<(EndOfWorker, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    Ok((EndOfWorker(Arc::new(reader)), writer))
}

/// Knows whether a worker has ended.
#[derive(Clone, Debug)]
pub(super) struct EndOfWorker(Arc<PipeReader>);

/// Reads a pipe to its end, or to what is in it when its worker has ended.
pub(super) struct UntilEnded<R> {
    pipe: R,
    ended: EndOfWorker,
    /// What may still be read, once the worker was found to have ended.
    left: Option<usize>,
    left_open: bool,
    /// Whether all that was read is dealt with, for it waits for more.
    idle: Arc<AtomicBool>,
}

/// Tells when all that is in a pipe has been dealt with by the one who reads it.
pub(super) struct Drained {
    pipe: OwnedFd,
    idle: Arc<AtomicBool>,
}

impl Drained {
    /// Waits until nothing is in the pipe and its reader waits for more, but no longer than `most`.
    pub fn wait(&self, most: Duration) {
        let began = Instant::now();
        // In this order: what is no longer in the pipe may still be in the reader's hands.
        let is_drained = || {
            let left = ready([Some(self.pipe.as_fd()), None], PollTimeout::ZERO).is_ok_and(|[left, _]| left);
            !left && self.idle.load(Ordering::SeqCst)
        };
        while !is_drained() && began.elapsed() < most {
            thread::sleep(Duration::from_micros(200));
        }
    }
}

impl<R: Read + AsFd> UntilEnded<R> {
    pub fn new(pipe: R, ended: &EndOfWorker) -> Self {
        Self { pipe, ended: ended.clone(), left: None, left_open: false, idle: Arc::default() }
    }

    /// Something to wait with until what is in the pipe now has been read and dealt with.
    ///
    /// # Errors
    /// Too many files are open.
    pub fn drained(&self) -> io::Result<Drained> {
        Ok(Drained { pipe: self.pipe.as_fd().try_clone_to_owned()?, idle: Arc::clone(&self.idle) })
    }

    /// Whether somebody else still held the pipe open when its worker had ended.
    pub fn was_left_open(&self) -> bool {
        self.left_open
    }

    /// Waits until there is something to read; `false` if nothing more is to come from the worker.
    fn is_worth_reading(&mut self) -> io::Result<bool> {
        if self.left.is_none() {
            // Whoever reads has dealt with all that was read before.
            self.idle.store(true, Ordering::SeqCst);
            let told = ready([Some(self.pipe.as_fd()), Some(self.ended.0.as_fd())], PollTimeout::NONE);
            self.idle.store(false, Ordering::SeqCst);
            let [readable, ended] = told?;
            if !ended {
                return Ok(readable);
            }
            self.left = Some(LEFT_IN_A_PIPE);
        }
        let [readable, _] = ready([Some(self.pipe.as_fd()), None], PollTimeout::ZERO)?;
        self.left_open = !readable || self.left == Some(0);
        Ok(!self.left_open)
    }
}

impl<R: Read + AsFd> Read for UntilEnded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.is_worth_reading()? {
            return Ok(0);
        }
        let most = self.left.map_or(buffer.len(), |left| left.min(buffer.len()));
        let count = self.pipe.read(&mut buffer[..most])?;
        self.left = self.left.map(|left| left - count);
        Ok(count)
    }
}

/// Which of two has something to tell, be it only that it is closed.
fn ready(ends: [Option<BorrowedFd<'_>>; 2], timeout: PollTimeout) -> io::Result<[bool; 2]> {
    let mut asked: Vec<PollFd<'_>> = ends.iter().flatten().map(|end| PollFd::new(*end, PollFlags::POLLIN)).collect();
    loop {
        match poll(&mut asked, timeout) {
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
            Ok(_) => break,
        }
    }
    let told = |at: usize| asked.get(at).and_then(PollFd::any).unwrap_or(false);
    Ok([told(0), told(1)])
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_is_in_a_pipe_is_read_and_who_holds_it_open_is_not_waited_for() {
        let (reader, mut held_open) = io::pipe().expect("a pipe");
        let (ended, worker) = end().expect("a pipe");
        let mut pipe = UntilEnded::new(reader, &ended);
        held_open.write_all(b"first").expect("written");
        let mut buffer = [0; 16];
        assert_eq!(pipe.read(&mut buffer).expect("readable"), 5);
        held_open.write_all(b"last words").expect("written");
        let (sender, all) = channel();
        thread::spawn(move || {
            let mut rest = Vec::new();
            pipe.read_to_end(&mut rest).expect("readable");
            sender.send((rest, pipe.was_left_open())).expect("it is waited for");
        });
        assert!(all.recv_timeout(Duration::from_millis(100)).is_err(), "the worker may say more");
        drop(worker);
        assert_eq!(all.recv_timeout(Duration::from_secs(10)).expect("it ends"), (b"last words".to_vec(), true));
        drop(held_open);
    }

    #[test]
    fn what_was_written_before_is_dealt_with_when_it_is_drained() {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let (ended, _worker) = end().expect("a pipe");
        let mut pipe = UntilEnded::new(reader, &ended);
        let drained = pipe.drained().expect("a file");
        let dealt_with = Arc::new(AtomicBool::new(false));
        let reads = Arc::clone(&dealt_with);
        thread::spawn(move || {
            let mut byte = [0];
            while pipe.read(&mut byte).is_ok_and(|count| count > 0) {
                thread::sleep(Duration::from_millis(2));
                reads.store(byte[0] == b'.', Ordering::SeqCst);
            }
        });
        for _ in 0..20 {
            writer.write_all(b"word.").expect("written");
            drained.wait(Duration::from_secs(10));
            assert!(dealt_with.swap(false, Ordering::SeqCst));
        }
        let began = Instant::now();
        writer.write_all(&[b'x'; 1000]).expect("written");
        drained.wait(Duration::from_millis(5));
        assert!(began.elapsed() < Duration::from_secs(1), "nobody waits for a reader that takes its time");
    }

    #[test]
    fn a_flood_of_those_left_behind_comes_to_an_end() {
        let (reader, mut flood) = io::pipe().expect("a pipe");
        let (ended, worker) = end().expect("a pipe");
        drop(worker);
        thread::spawn(move || while flood.write_all(&[b'x'; 4096]).is_ok() {});
        let mut pipe = UntilEnded::new(reader, &ended);
        let mut read = 0;
        let mut buffer = [0; 4096];
        loop {
            match pipe.read(&mut buffer).expect("readable") {
                0 => break,
                count => read += count,
            }
            assert!(read <= LEFT_IN_A_PIPE, "it goes on for ever");
        }
    }
}
