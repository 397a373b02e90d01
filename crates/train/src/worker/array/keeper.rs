//! Keeps the claims of a task while it works: gives signs of life, notices SIGTERM, and ends this process at once when
//! a claim was lost, for then somebody else writes to the folder.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use drr_core::TrialId;
use drr_core::claim::Claim;

use super::super::EXIT_TRY_AGAIN;

/// Between two looks at the clock and at SIGTERM.
const TICK: Duration = Duration::from_millis(100);

/// Signs of life within a lease.
const BEATS: u32 = 6;

/// Set by the handler of SIGTERM, which Slurm sends before it kills: at the time limit, when cancelled, when preempted.
static TERMINATED: AtomicBool = AtomicBool::new(false);

extern "C" fn on_terminate(_: libc::c_int) {
    TERMINATED.store(true, Ordering::Relaxed);
}

/// Whether a signal was ignored when this program started: whoever arranged that wants it to stay so.
fn is_ignored(signal: libc::c_int) -> bool {
    // SAFETY: an action of zeros is valid, and asking without a new action changes nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// The claims, and the word to stop.
pub struct LeaseKeeper {
    claims: Mutex<Vec<(TrialId, Claim)>>,
    stop: Arc<AtomicBool>,
}

impl LeaseKeeper {
    /// Starts to keep; others take claims as abandoned after `lease`.
    pub fn start(lease: Duration) -> Arc<Self> {
        if !is_ignored(libc::SIGTERM) {
            // SAFETY: the handler only stores to an atomic, which is async-signal-safe.
            unsafe { libc::signal(libc::SIGTERM, on_terminate as extern "C" fn(libc::c_int) as libc::sighandler_t) };
        }
        let keeper = Arc::new(Self { claims: Mutex::default(), stop: Arc::default() });
        let kept = Arc::clone(&keeper);
        thread::spawn(move || kept.watch(lease / BEATS));
        keeper
    }

    fn watch(&self, every: Duration) {
        let mut last = Instant::now();
        loop {
            thread::sleep(TICK);
            if TERMINATED.load(Ordering::Relaxed) {
                self.stop.store(true, Ordering::Relaxed);
            }
            if last.elapsed() < every {
                continue;
            }
            last = Instant::now();
            for (trial, claim) in self.claims().iter_mut() {
                if !claim.beat() {
                    eprintln!("drr-lab-worker: the claim of trial {} was taken over; this attempt ends", trial.short());
                    // SAFETY: ends the process; nothing of it may write to the folder any more.
                    unsafe { libc::_exit(EXIT_TRY_AGAIN.into()) };
                }
            }
        }
    }

    fn claims(&self) -> MutexGuard<'_, Vec<(TrialId, Claim)>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes claims into its care.
    pub fn keep(&self, claims: Vec<(TrialId, Claim)>) {
        self.claims().extend(claims);
    }

    /// Releases all claims.
    pub fn release(&self) {
        self.claims().drain(..).for_each(|(_, claim)| claim.release());
    }

    /// Whether the task was told to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || TERMINATED.load(Ordering::Relaxed)
    }

    /// The flag that says so.
    pub fn told_to_stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }
}
