//! Shows what happens from a thread of its own: an output that nobody reads, a pipe that is paused or a terminal that is
//! held, then holds up this thread, and signals are still answered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::super::notice::{Notice, Observer};
use super::super::signals::is_asked_to_stop;

/// Notices on their way to the output.
const QUEUE: usize = 1024;

/// How long the output is waited for once somebody asked to stop.
const PATIENCE: Duration = Duration::from_millis(500);

/// Between two looks at an output that takes nothing.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Whether an output took nothing until it was no longer waited for.
static STUCK: AtomicBool = AtomicBool::new(false);

/// Shows notices from a thread of its own.
struct NoticeThread {
    to_output: Option<SyncSender<Notice>>,
    thread: Option<JoinHandle<()>>,
    /// Whether the last notice found no place.
    is_stuck: bool,
}

/// What `observer` shows, shown aside. A slow output is waited for, and nothing left out, until somebody asks to stop.
pub(super) fn aside(mut observer: impl Observer + Send + 'static) -> impl Observer {
    let (to_output, notices): (_, Receiver<Notice>) = sync_channel(QUEUE);
    let thread = thread::spawn(move || notices.iter().for_each(|notice| observer.on(&notice)));
    NoticeThread { to_output: Some(to_output), thread: Some(thread), is_stuck: false }
}

/// Whether an output was given up: nothing should be written to it any more.
pub fn output_is_stuck() -> bool {
    STUCK.load(Ordering::Relaxed)
}

impl Observer for NoticeThread {
    fn on(&mut self, notice: &Notice) {
        let (Some(to_output), start) = (&self.to_output, Instant::now()) else { return };
        let mut notice = notice.clone();
        loop {
            match to_output.try_send(notice) {
                Ok(()) => {
                    self.is_stuck = false;
                    return;
                }
                // The thread is gone: there is nobody to show it.
                Err(TrySendError::Disconnected(_)) => return,
                Err(TrySendError::Full(_)) if is_asked_to_stop() && (self.is_stuck || start.elapsed() >= PATIENCE) => {
                    self.is_stuck = true;
                    return;
                }
                Err(TrySendError::Full(back)) => notice = back,
            }
            thread::sleep(LOOK_AGAIN);
        }
    }
}

impl Drop for NoticeThread {
    fn drop(&mut self) {
        self.to_output = None;
        let (Some(thread), mut asked) = (self.thread.take(), None) else { return };
        while !thread.is_finished() {
            // Between two sweeps a signal ends the program at once; here it may have come before.
            if is_asked_to_stop() && asked.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
                STUCK.store(true, Ordering::Relaxed);
                return;
            }
            thread::sleep(LOOK_AGAIN);
        }
        let _ = thread.join();
    }
}
