//! What a run does about trials and workers that go wrong: how often, how long, how many. Pure, and the same for every
//! way of running trials.

use std::time::Duration;

/// How patient a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// How often an attempt is repeated that was lost to the surroundings: a crash, a full disk, a lost worker.
    pub retries: u32,
    /// The rest before the first repetition; doubled with every further one, up to a minute.
    pub backoff: Duration,
    /// Longest time of one trial.
    pub timeout: Option<Duration>,
    /// Longest silence of a worker that starts or works.
    pub stall_timeout: Duration,
    /// From SIGTERM to SIGKILL.
    pub grace: Duration,
    /// So many failed trials end the sweep early.
    pub max_failures: Option<usize>,
}

/// The longest rest before a repetition.
pub const LONGEST_REST: Duration = Duration::from_secs(60);

impl Default for Rules {
    fn default() -> Self {
        Self {
            retries: 2,
            backoff: Duration::from_secs(1),
            timeout: None,
            stall_timeout: Duration::from_secs(1800),
            grace: Duration::from_secs(5),
            max_failures: None,
        }
    }
}

impl Rules {
    /// The rest before a trial is tried again after `lost` attempts were lost (1 or more); `None` when that was enough.
    pub fn rest(&self, lost: u32) -> Option<Duration> {
        let doublings = lost.saturating_sub(1).min(16);
        (lost <= self.retries).then(|| self.backoff.saturating_mul(1 << doublings).min(LONGEST_REST))
    }

    /// Whether so many failed trials end the sweep.
    pub fn is_enough(&self, failures: usize) -> bool {
        self.max_failures.is_some_and(|most| failures >= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_a_minute_and_end() {
        let rules = Rules { retries: 9, ..Rules::default() };
        let rests: Vec<u64> = (1..=9).filter_map(|lost| rules.rest(lost)).map(|rest| rest.as_secs()).collect();
        assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(rules.rest(10), None);
        assert_eq!(Rules { retries: 0, ..rules }.rest(1), None);
    }

    #[test]
    fn enough_is_enough() {
        assert!(!Rules::default().is_enough(1_000_000));
        let rules = Rules { max_failures: Some(3), ..Rules::default() };
        assert_eq!([2, 3, 4].map(|failures| rules.is_enough(failures)), [false, true, true]);
    }
}
