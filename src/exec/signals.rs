//! Signals that ask this program to stop or to tell how it stands. What was ignored when the program started (nohup, a
//! background job of a script) stays ignored. While nobody listens, what asks to stop ends
//! the program at once, with the code of a sweep that was interrupted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::{io, process, thread};

use drr_core::machine::is_ignored;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::error::{Error, Exit, Result};

/// What is listened for.
const HEARD: [i32; 4] = [SIGINT, SIGTERM, SIGHUP, SIGUSR1];

/// Those who listen now.
static LISTENERS: Mutex<Vec<Listener>> = Mutex::new(Vec::new());

/// Whether somebody has asked this program to stop.
static ASKED: AtomicBool = AtomicBool::new(false);

struct Listener {
    number: u64,
    heard: Arc<Mutex<VecDeque<i32>>>,
    wake: Box<dyn Fn() + Send>,
}

/// Signals to whoever holds this, in the order they came; dropping it ends the listening.
pub(super) struct Listening {
    number: u64,
    heard: Arc<Mutex<VecDeque<i32>>>,
}

/// Begins to listen. `wake` is called after each signal, from another thread, and must not wait for anything.
///
/// # Errors
/// The system lets nobody listen.
pub(super) fn listen(wake: impl Fn() + Send + 'static) -> Result<Listening> {
    static STARTED: OnceLock<std::result::Result<(), String>> = OnceLock::new();
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    // Once for the whole life of the program: a handler is never taken off again, so that what comes between two sweeps
    // is answered too.
    STARTED
        .get_or_init(|| start().map_err(|error| error.to_string()))
        .clone()
        .map_err(|error| Error::environment(format!("cannot listen for signals: {error}")))?;
    let (number, heard) = (NUMBER.fetch_add(1, Ordering::Relaxed), Arc::default());
    locked(&LISTENERS).push(Listener { number, heard: Arc::clone(&heard), wake: Box::new(wake) });
    Ok(Listening { number, heard })
}

/// Whether a signal has asked this program to stop: then nothing may be waited for without an end.
pub(super) fn is_asked_to_stop() -> bool {
    ASKED.load(Ordering::Relaxed)
}

impl Listening {
    /// The next signal that came, if one did.
    pub fn next(&self) -> Option<i32> {
        locked(&self.heard).pop_front()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        locked(&LISTENERS).retain(|it| it.number != self.number);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts handlers on what is not ignored, and a thread behind them.
fn start() -> io::Result<()> {
    let mut signals = Signals::new(HEARD.into_iter().filter(|&signal| !is_ignored(signal)))?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in &mut signals {
            tell(signal);
        }
    })?;
    Ok(())
}

fn tell(signal: i32) {
    let listeners = locked(&LISTENERS);
    if signal != SIGUSR1 {
        ASKED.store(true, Ordering::Relaxed);
        if listeners.is_empty() {
            // With the code that a sweep which is asked to stop ends with, whenever it was asked.
            process::exit(i32::from(Exit::Interrupted as u8));
        }
    }
    for listener in listeners.iter() {
        locked(&listener.heard).push_back(signal);
        (listener.wake)();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_listener_hears_each_signal_once_and_none_afterwards() {
        let (sender, woken) = channel();
        let one = listen(move || sender.send(()).expect("it is waited for")).expect("signals");
        let other = listen(|| {}).expect("signals");
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGUSR1).expect("raised");
        woken.recv_timeout(Duration::from_secs(10)).expect("woken");
        assert_eq!((one.next(), one.next()), (Some(SIGUSR1), None));
        drop(one);
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGUSR1).expect("raised");
        assert!(woken.recv_timeout(Duration::from_millis(50)).is_err(), "nobody is left to be woken");
        assert_eq!(other.next(), Some(SIGUSR1));
    }
}
