//! Keeps the claims of a task while it works: gives signs of life, notices SIGTERM, and ends this process at once when
//! a claim was lost, for then somebody else writes to the folder.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use drr_core::TrialId;
use drr_core::claim::Claim;
use drr_core::machine::is_ignored;
use signal_hook::consts::SIGTERM;
use signal_hook::{flag, low_level};

use super::super::EXIT_TRY_AGAIN;

/// Between two looks at the clock.
const TICK: Duration = Duration::from_millis(100);

/// Signs of life within a lease.
const BEATS: u32 = 6;

/// The claims, and the word to stop.
pub struct LeaseKeeper {
    claims: Mutex<Vec<(TrialId, Claim)>>,
    stop: Arc<AtomicBool>,
}

impl LeaseKeeper {
    /// Starts to keep; others take claims as abandoned after `lease`.
    pub fn start(lease: Duration) -> Arc<Self> {
        let keeper = Arc::new(Self { claims: Mutex::default(), stop: Arc::default() });
        // Slurm sends it before it kills: at the time limit, when cancelled, when preempted.
        if !is_ignored(SIGTERM) {
            // Where the system has no place for a handler, the task ends without a word, and is found to be lost.
            let _ = flag::register(SIGTERM, Arc::clone(&keeper.stop));
        }
        let kept = Arc::clone(&keeper);
        thread::spawn(move || kept.watch(lease / BEATS));
        keeper
    }

    fn watch(&self, every: Duration) {
        let mut last = Instant::now();
        loop {
            thread::sleep(TICK);
            if last.elapsed() < every {
                continue;
            }
            last = Instant::now();
            for (trial, claim) in self.claims().iter_mut() {
                if !claim.beat() {
                    eprintln!("drr-lab-worker: the claim of trial {} was taken over; this attempt ends", trial.short());
                    // Nothing of this process may write to the folder any more.
                    low_level::exit(EXIT_TRY_AGAIN.into());
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
        self.stop.load(Ordering::Relaxed)
    }

    /// The flag that says so.
    pub fn told_to_stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }
}
