//! How much of a machine's memory a worker may take: from the size of the rating table and what is trained on it. Good
//! enough to decide how many workers fit, on the high side.

use std::path::Path;

use drr_core::TrialSpec;
use drr_core::spec::Settings;
use drr_kinds::{DataSize, KindOf as _};

use super::{Plan, Sizes};

/// A worker with its libraries, before any data, bytes; measured: 115 to 180 MiB.
const PROGRAM: u64 = 256 << 20;

/// While a table is read: its text, its rows and what they are divided into; measured: 50 to 63 bytes a rating.
const READ: u64 = 64;

/// What stays of a rating once the table is divided; measured: 17 bytes.
const KEPT: u64 = 20;

/// A user's or an item's name, its places in the tables, and a vector for it.
const NAME: u64 = 600;

/// Memory of one worker, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostBytes {
    /// At most, while the trial runs.
    pub peak: u64,
    /// Afterwards, with the data kept for the next trial.
    pub rest: u64,
    /// What of it is the trial's alone: one more in a cohort takes so much more.
    pub own: u64,
}

/// What a worker takes that runs `spec` on a table of this size; `upstream` are the settings of what it stands on.
fn host_bytes(spec: &TrialSpec, upstream: &[&Settings], size: DataSize) -> HostBytes {
    let own = spec.kind().model().map_or(0, |model| (model.host_bytes)(&spec.settings, upstream, size.names()));
    let rest = PROGRAM + KEPT * size.ratings + NAME * size.names();
    HostBytes { peak: reading_bytes(size) + own, rest, own }
}

/// What a worker takes at most until it has read a table of this size.
pub fn reading_bytes(size: DataSize) -> u64 {
    PROGRAM + READ * size.ratings + NAME * size.names()
}

/// What each trial of a plan takes.
pub fn host_needs(plan: &Plan, data: &Path) -> Vec<HostBytes> {
    let sizes = Sizes::new(data);
    let needs = plan.tasks.iter().map(|task| {
        let spec = &task.trial.spec;
        host_bytes(spec, &plan.settings_below(task), sizes.of_trial(spec).unwrap_or_default())
    });
    needs.collect()
}

#[cfg(test)]
mod tests {
    use super::super::made_up::factorisation;
    use super::*;

    /// A factorisation's peak in MiB.
    fn peak(k: u64, names: u64, ratings: u64) -> u64 {
        let spec = factorisation(&format!("k = {k}"));
        host_bytes(&spec, &[], DataSize { users: names, items: 0, ratings }).peak >> 20
    }

    #[test]
    fn estimates_are_near_what_was_measured_and_above() {
        for (found, measured) in [
            (peak(16, 9_746, 1_000_209), 175),
            (peak(16, 80_555, 10_000_054), 596),
            (peak(100, 316_011, 26_024_289), 2_480),
        ] {
            assert!((measured..measured * 2).contains(&found), "{found} MiB, measured {measured}");
        }
        assert_eq!(peak(16, 0, 0), PROGRAM >> 20, "what is not known is not guessed");
    }
}
