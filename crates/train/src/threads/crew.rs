//! Helpers of one thread. An update asks for help some sixty times within a few milliseconds: helpers stay awake between two
//! calls, and sleep when nothing comes for a while. Whoever is free takes the next part, so that a helper that the system
//! keeps waiting delays nothing but the part it has.

use std::any::Any;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// After so many turns whoever waits lets others have the core in between.
const PATIENT: u32 = 2_000;

/// After so many a helper without work sleeps: some tenths of a millisecond.
const AWAKE: u32 = PATIENT + 500;

type Panic = Box<dyn Any + Send>;
type Part = dyn Fn(usize) + Sync;

/// Helpers, and what they do now.
pub(super) struct Crew {
    board: Arc<Board>,
    helpers: Vec<JoinHandle<()>>,
}

struct Board {
    /// The call's number, its parts and the next of them that nobody has: 32, 16 and 16 bits.
    ticket: AtomicU64,
    /// What a part is, for the call of this number.
    part: Mutex<Option<&'static Part>>,
    /// Parts that ended.
    done: AtomicUsize,
    panic: Mutex<Option<Panic>>,
    is_over: AtomicBool,
    asleep: Vec<AtomicBool>,
}

/// A ticket's three numbers.
fn read(ticket: u64) -> (u64, u64, u64) {
    (ticket >> 32, (ticket >> 16) & 0xffff, ticket & 0xffff)
}

/// One turn of waiting.
fn pause(turns: u32) {
    if turns < PATIENT { spin_loop() } else { thread::yield_now() }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Crew {
    pub(super) fn new(helpers: usize) -> Self {
        let board = Arc::new(Board {
            ticket: AtomicU64::new(0),
            part: Mutex::new(None),
            done: AtomicUsize::new(0),
            panic: Mutex::new(None),
            is_over: AtomicBool::new(false),
            asleep: (0..helpers).map(|_| AtomicBool::new(false)).collect(),
        });
        let helper = |own: usize| {
            let board = Arc::clone(&board);
            let named = thread::Builder::new().name("drr-lab-helper".to_owned());
            named.spawn(move || board.help(own))
        };
        // Where the system refuses a thread, fewer do the same.
        let helpers = (0..helpers).map_while(|own| helper(own).ok()).collect();
        Self { board, helpers }
    }

    /// Calls `part` for `0..count` and returns when all calls have ended; the first panic of any.
    pub(super) fn run(&self, count: usize, part: &(dyn Fn(usize) + Sync)) -> Result<(), Panic> {
        let board = &*self.board;
        assert!(count <= 0xffff, "a call has at most 65,535 parts");
        // SAFETY: a helper calls it only for a part that it took from this call's ticket, and this function returns only
        // when all of them have ended, so nobody calls it after it is gone.
        let part: &'static Part = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static Part>(part) };
        *unpoisoned(&board.part) = Some(part);
        board.done.store(0, Ordering::Relaxed);
        let (call, ..) = read(board.ticket.load(Ordering::Relaxed));
        board.ticket.store(((call + 1) & 0xffff_ffff) << 32 | (count as u64) << 16, Ordering::SeqCst);
        for (helper, asleep) in self.helpers.iter().zip(&board.asleep) {
            if asleep.swap(false, Ordering::SeqCst) {
                helper.thread().unpark();
            }
        }
        while board.take_part() {}
        let mut turns = 0_u32;
        while board.done.load(Ordering::Acquire) < count {
            turns = turns.saturating_add(1);
            pause(turns);
        }
        *unpoisoned(&board.part) = None;
        unpoisoned(&board.panic).take().map_or(Ok(()), Err)
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.board.is_over.store(true, Ordering::SeqCst);
        for helper in self.helpers.drain(..) {
            helper.thread().unpark();
            let _ = helper.join();
        }
    }
}

impl Board {
    fn help(&self, own: usize) {
        let mut idle = 0;
        while !self.is_over.load(Ordering::SeqCst) {
            if self.take_part() {
                idle = 0;
                continue;
            }
            idle += 1;
            if idle < AWAKE {
                pause(idle);
                continue;
            }
            self.asleep[own].store(true, Ordering::SeqCst);
            // What came between the last look and falling asleep.
            let (_, count, next) = read(self.ticket.load(Ordering::SeqCst));
            if next == count && !self.is_over.load(Ordering::SeqCst) {
                thread::park();
            }
            self.asleep[own].store(false, Ordering::SeqCst);
            idle = 0;
        }
    }

    /// Takes the next part of the call there is, if it has one that nobody has, and does it.
    fn take_part(&self) -> bool {
        let ticket = self.ticket.load(Ordering::Acquire);
        let (_, count, next) = read(ticket);
        if next == count
            || self.ticket.compare_exchange(ticket, ticket + 1, Ordering::AcqRel, Ordering::Relaxed).is_err()
        {
            // Somebody else took it: look again.
            return next != count;
        }
        let part = *unpoisoned(&self.part);
        let ended = part.map_or(Ok(()), |part| catch_unwind(AssertUnwindSafe(|| part(next as usize))));
        if let Err(panic) = ended {
            unpoisoned(&self.panic).get_or_insert(panic);
        }
        self.done.fetch_add(1, Ordering::AcqRel);
        true
    }
}
