//! Both ends of the pipe to the supervisor: messages in, messages out, and the news that nobody listens any more. A task
//! of a job array has no supervisor: it says nothing, and is told to stop by other means.

use std::io::{self, BufRead as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use drr_core::neutral;
use drr_core::protocol::{FromWorker, ToWorker};

use crate::threads;
use drr_kinds::error::{Error, Result};

/// stdin and stdout, as messages.
pub struct Channel {
    messages: Receiver<ToWorker>,
    closed: Arc<AtomicBool>,
    /// On how many cores it is to compute.
    cores: Arc<AtomicUsize>,
    voice: Output,
}

/// Where messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Stdout,
    Mute,
}

impl Channel {
    /// Starts to listen on stdin.
    pub fn open() -> Self {
        let closed = Arc::new(AtomicBool::new(false));
        let cores = Arc::new(AtomicUsize::new(1));
        let (sender, messages) = sync_channel(16);
        let (flag, wanted) = (Arc::clone(&closed), Arc::clone(&cores));
        thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { break };
                match serde_json::from_str(&line) {
                    // Whatever runs takes it up with its next word.
                    Ok(ToWorker::Cores(count)) => wanted.store(count as usize, Ordering::Relaxed),
                    Ok(message) => {
                        if sender.send(message).is_err() {
                            break;
                        }
                    }
                    Err(error) => {
                        let why = error.to_string();
                        eprintln!("drr-lab-worker: a message that cannot be read is ignored: {}", neutral::line(&why));
                    }
                }
            }
            // The supervisor is gone, or wants nothing more: what is running is given up.
            flag.store(true, Ordering::Relaxed);
        });
        Self { messages, closed, cores, voice: Output::Stdout }
    }

    /// A channel without a supervisor, closed when `closed` is set; this thread computes on `cores`.
    pub fn mute(closed: Arc<AtomicBool>, cores: usize) -> Self {
        let (_, messages) = sync_channel(1);
        threads::set(cores);
        Self { messages, closed, cores: Arc::new(AtomicUsize::new(cores)), voice: Output::Mute }
    }

    /// The next message; `None` once stdin is closed.
    pub fn receive(&mut self) -> Option<ToWorker> {
        let message = self.messages.recv().ok();
        threads::set(self.cores.load(Ordering::Relaxed));
        message
    }

    /// Whether stdin is closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Sends one message.
    ///
    /// # Errors
    /// [`Error::Stopped`] if nobody reads any more.
    pub fn say(&mut self, message: &FromWorker) -> Result<()> {
        if self.voice == Output::Mute {
            return Ok(());
        }
        threads::set(self.cores.load(Ordering::Relaxed));
        let mut line = serde_json::to_vec(message).map_err(|error| Error::Environment(error.to_string()))?;
        line.push(b'\n');
        let mut out = io::stdout().lock();
        out.write_all(&line).and_then(|()| out.flush()).map_err(|_| Error::Stopped)
    }
}
