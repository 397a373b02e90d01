//! Time as a loop that may be put to sleep counts it: suspended by a signal or with its machine, held up by a disk or by
//! an output that nobody reads, it did not listen, and what it did not hear must not be held against others.

use std::time::{Duration, Instant};

/// The longest a turn of the loop waits: what takes longer was no waiting.
const TURN: Duration = Duration::from_secs(1);

/// What a turn may take beside its waiting, and still be time like any other.
const WORK: Duration = Duration::from_millis(100);

/// A clock that only goes while the loop goes round.
#[derive(Debug)]
pub(super) struct Turns {
    now: Duration,
    last: Instant,
    /// How long the turn that goes on may wait.
    waiting: Duration,
}

impl Turns {
    /// The clock starts at zero.
    pub fn new(at: Instant) -> Self {
        Self { now: Duration::ZERO, last: at, waiting: Duration::ZERO }
    }

    /// The time as of the last look.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// How long to wait in this turn, until `wake` at the latest.
    pub fn wait(&mut self, wake: Option<Duration>) -> Duration {
        self.waiting = wake.map_or(TURN, |wake| wake.saturating_sub(self.now).min(TURN));
        self.waiting
    }

    /// Looks at the time; how much of what went by since the last look is left out.
    pub fn look(&mut self, at: Instant) -> Duration {
        let gone = at.saturating_duration_since(self.last);
        // After a jump hardly any: what was said meanwhile lies unread, and a deadline within the turn has not passed.
        let counted = if gone <= self.waiting + WORK { gone } else { WORK };
        self.now += counted;
        (self.last, self.waiting) = (at, Duration::ZERO);
        gone - counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_between_two_turns_is_no_time() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let mut clock = Turns::new(start);
        assert_eq!(clock.wait(Some(ms(300))), ms(300));
        assert_eq!((clock.look(start + ms(300)), clock.now()), (ms(0), ms(300)));
        assert_eq!(clock.wait(Some(ms(100))), ms(0), "it is due");
        assert_eq!((clock.look(start + ms(350)), clock.now()), (ms(0), ms(350)));
        // Suspended for an hour while it waited a second at most.
        assert_eq!(clock.wait(None), TURN);
        let hour = Duration::from_secs(3600);
        assert_eq!(clock.look(start + ms(350) + hour), hour - WORK);
        assert_eq!(clock.now(), ms(350) + WORK);
        clock.wait(None);
        clock.look(start + ms(850) + hour);
        assert_eq!(clock.now(), ms(850) + WORK, "and then it goes on");
    }
}
