//! Threads within one trial. Work is divided where its parts do not touch each other's results, so that whatever is
//! computed has the same bits on any number of cores; who computes a part is left to who is free.
//!
//! The thread that [`set`] a number has that many less one helpers (`crew`). What helpers call divides
//! nothing further.

mod crew;

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use self::crew::Crew;

thread_local! {
    static CREW: RefCell<Option<Crew>> = const { RefCell::new(None) };
    static COUNT: Cell<usize> = const { Cell::new(1) };
    static MOST: Cell<usize> = const { Cell::new(1) };
}

/// From now on this thread computes on `count` cores, itself among them.
pub fn set(count: usize) {
    let count = count.max(1);
    if count != now() {
        // The former helpers end before others begin.
        CREW.set(None);
        CREW.set((count > 1).then(|| Crew::new(count - 1)));
        COUNT.set(count);
    }
}

/// From now on [`most`] counts anew.
pub fn mark() {
    MOST.set(1);
}

/// The most cores that work of this thread was divided among since [`mark`].
pub fn most() -> usize {
    MOST.get()
}

/// On how many cores this thread computes.
pub fn now() -> usize {
    COUNT.get()
}

/// Into how many parts work is worth dividing, of which a part should be of `least` or more.
pub fn parts(work: usize, least: usize) -> usize {
    now().min(work / least.max(1)).max(1)
}

/// Gives every piece of work to whoever is free; returns when all are done.
///
/// # Panics
/// If one of them does.
pub fn each<T: Send>(work: Vec<T>, one: impl Fn(T) + Sync) {
    if work.len() < 2 || now() == 1 {
        return work.into_iter().for_each(one);
    }
    let pieces: Vec<Mutex<Option<T>>> = work.into_iter().map(|piece| Mutex::new(Some(piece))).collect();
    let part = |at: usize| {
        let piece = pieces[at].lock().unwrap_or_else(PoisonError::into_inner).take();
        one(piece.expect("every piece is taken once"));
    };
    // Whatever `one` calls on this thread divides nothing further.
    let Some(crew) = CREW.take() else { return (0..pieces.len()).for_each(part) };
    let count = COUNT.replace(1);
    MOST.set(MOST.get().max(count.min(pieces.len())));
    let ended = crew.run(pieces.len(), &part);
    COUNT.set(count);
    CREW.set(Some(crew));
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

/// The same of every element and its place.
pub fn for_each<T: Send>(items: &mut [T], one: impl Fn(usize, &mut T) + Sync) {
    let bounds = shares(items.len(), parts(items.len(), 1));
    let mut rest = items;
    let mut pieces = Vec::with_capacity(bounds.len());
    for range in bounds {
        let (own, others) = rest.split_at_mut(range.len());
        pieces.push((range.start, own));
        rest = others;
    }
    each(pieces, |(first, own)| own.iter_mut().enumerate().for_each(|(at, item)| one(first + at, item)));
}

/// `0..count` as so many ranges of as good as one length, none of them empty but the only one.
pub fn shares(count: usize, parts: usize) -> Vec<Range<usize>> {
    let parts = parts.clamp(1, count.max(1));
    (0..parts).map(|part| part * count / parts..(part + 1) * count / parts).collect()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_piece_is_done_once_on_any_number_of_cores() {
        for count in [1, 2, 3, 8] {
            set(count);
            for round in 0..if cfg!(miri) { 9 } else { 200 } {
                let mut done = vec![0; round % 19];
                for_each(&mut done, |at, it| *it += at + 1);
                assert_eq!(done, (1..=round % 19).collect::<Vec<_>>(), "{count} cores");
            }
        }
        set(1);
    }

    #[test]
    fn helpers_that_sleep_are_woken() {
        set(3);
        for pause in [0, 1, 20] {
            std::thread::sleep(std::time::Duration::from_millis(pause));
            let sum = AtomicUsize::new(0);
            each((0..50).collect(), |it: usize| {
                sum.fetch_add(it, Ordering::Relaxed);
            });
            assert_eq!(sum.into_inner(), 1225);
        }
        set(1);
    }

    #[test]
    fn pieces_divide_nothing_further() {
        set(2);
        let seen = Mutex::new(Vec::new());
        each(vec![0, 1, 2, 3], |_| seen.lock().expect("nobody panicked").push(now()));
        assert_eq!(seen.into_inner().expect("nobody panicked"), [1; 4]);
        assert_eq!(now(), 2);
        mark();
        each(vec![0], |_| {});
        assert_eq!(most(), 1, "one piece is not divided");
        each(vec![0, 1, 2], |_| {});
        assert_eq!(most(), 2);
        set(1);
    }

    #[test]
    fn a_piece_that_panics_panics_here_when_all_have_ended() {
        set(2);
        let ended = AtomicUsize::new(0);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            each((0..9).collect(), |it: usize| {
                assert_ne!(it, 4, "the fifth");
                ended.fetch_add(1, Ordering::Relaxed);
            });
        }));
        assert!(panic.is_err());
        assert_eq!(ended.load(Ordering::Relaxed), 8);
        let sum = AtomicUsize::new(0);
        each(vec![1, 2], |it: usize| {
            sum.fetch_add(it, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 3, "the crew goes on");
        set(1);
    }

    #[test]
    fn shares_cover_everything_in_order() {
        assert_eq!(shares(10, 3), [0..3, 3..6, 6..10]);
        assert_eq!(shares(2, 5), [0..1, 1..2]);
        assert_eq!(shares(0, 4), vec![0..0; 1]);
        set(4);
        assert_eq!([parts(0, 10), parts(25, 10), parts(1_000, 10)], [1, 2, 4]);
        set(1);
    }
}
