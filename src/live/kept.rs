//! Answers that cost something. They are kept while nothing was recorded since, and made anew only so often that making
//! them takes a fiftieth of the time: whoever watches a sweep must not slow it. One is made at a time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::answer::PageAnswer;
use crate::error::Result;

/// Of the time that passes, one part in this many may go into an answer.
const SHARE: u32 = 50;

/// An answer that took less than this is made whenever something changed.
const CHEAP: Duration = Duration::from_millis(5);

/// Answers that are kept; the one asked for longest ago goes first.
const MOST: usize = 24;

struct KeptAnswer {
    answer: PageAnswer,
    /// What was recorded when it was made.
    version: u64,
    made: Instant,
    took: Duration,
    asked: Instant,
}

impl KeptAnswer {
    /// How long until it may be made anew.
    fn rest(&self) -> Duration {
        if self.took < CHEAP { Duration::ZERO } else { (self.took * SHARE).saturating_sub(self.made.elapsed()) }
    }
}

/// Answers by what was asked for.
#[derive(Default)]
pub(super) struct KeptAnswers {
    answers: Mutex<HashMap<String, KeptAnswer>>,
    /// Held while an answer is made.
    making: Mutex<()>,
}

impl KeptAnswers {
    /// The answer to `key` at `version`: one that is kept, or else what `make` makes.
    ///
    /// # Errors
    /// Those of `make`.
    pub(super) fn get(&self, key: &str, version: u64, make: impl FnOnce() -> Result<PageAnswer>) -> Result<PageAnswer> {
        if let Some(answer) = self.kept(key, version) {
            return Ok(answer);
        }
        let _turn = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody may have asked for the same in the meantime.
        if let Some(answer) = self.kept(key, version) {
            return Ok(answer);
        }
        let begun = Instant::now();
        let answer = make()?;
        let now = Instant::now();
        let kept = KeptAnswer { answer: answer.clone(), version, made: now, took: now - begun, asked: now };
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(key.to_owned(), kept);
        while answers.len() > MOST {
            let oldest = answers.iter().min_by_key(|(_, kept)| kept.asked).map(|(key, _)| key.clone());
            oldest.and_then(|key| answers.remove(&key));
        }
        Ok(answer)
    }

    fn kept(&self, key: &str, version: u64) -> Option<PageAnswer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = answers.get_mut(key)?;
        kept.asked = Instant::now();
        if kept.version == version {
            return Some(kept.answer.clone());
        }
        let rest = kept.rest();
        (rest > Duration::ZERO).then(|| PageAnswer { again: Some(rest), ..kept.answer.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dear_is_made_rarely_and_what_did_not_change_not_at_all() {
        let kept = KeptAnswers::default();
        let made = std::cell::Cell::new(0);
        let make = |slowly: bool| {
            made.set(made.get() + 1);
            if slowly {
                std::thread::sleep(CHEAP * 4);
            }
            Ok(PageAnswer::html(&made.get().to_string()))
        };
        let body = |answer: PageAnswer| String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(body(kept.get("a", 1, || make(false)).expect("made")), "1");
        assert_eq!(body(kept.get("a", 1, || make(false)).expect("kept")), "1");
        assert_eq!(body(kept.get("a", 2, || make(true)).expect("made")), "2", "something was recorded");
        let old = kept.get("a", 3, || make(true)).expect("kept");
        let again = old.again.expect("it says when to ask again");
        assert!(again > CHEAP * 100 && again < CHEAP * 4 * SHARE * 20, "{again:?}");
        assert_eq!(body(old), "2");
        for other in 0..MOST * 2 {
            kept.get(&other.to_string(), 1, || make(false)).expect("made");
        }
        assert_eq!(kept.answers.lock().expect("whole").len(), MOST);
    }
}
