//! What came of running a trial again: `replayed.json` in its folder. It explains how far a result can be trusted; it is
//! no part of it, and nothing seals it.

use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::time::utc_now;
use crate::trial_dir::{TrialDir, write_whole};

/// The version of the record's format; what a newer program wrote is as good as not there.
const FORMAT: u32 = 1;

/// How equal two runs of a trial were, the better before the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sameness {
    /// To the bit, artifacts too.
    Bits,
    /// Metrics to the bit; some artifacts differ.
    Metrics,
    /// Metrics within a tolerance.
    Tolerance,
    /// Not equal.
    Different,
}

/// All that was found by running a trial again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayRecord {
    format: u32,
    /// When it was run again last.
    pub at: String,
    /// How often it was.
    pub runs: u64,
    /// The worst that was found.
    pub sameness: Sameness,
    /// The same in words.
    pub says: String,
    /// The largest difference of a metric that was met; infinite where one run told what the other did not.
    #[serde(with = "as_real")]
    pub largest: f64,
}

/// A number that may be infinite.
mod as_real {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::real::Real;

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Real(*value).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Real::deserialize(deserializer)?.0)
    }
}

impl Sameness {
    /// In a few words, for a table.
    pub fn words(self) -> &'static str {
        match self {
            Self::Bits => "to the bit",
            Self::Metrics => "metrics to the bit",
            Self::Tolerance => "within tolerance",
            Self::Different => "not deterministic",
        }
    }
}

fn path(folder: &TrialDir) -> std::path::PathBuf {
    folder.path().join(FILE)
}

/// The file's name.
pub const FILE: &str = "replayed.json";

impl ReplayRecord {
    /// What is known of a trial; nothing if it was never run again.
    pub fn read(folder: &TrialDir) -> Option<Self> {
        let record: Self = serde_json::from_slice(&fs::read(path(folder)).ok()?).ok()?;
        (record.format <= FORMAT).then_some(record)
    }

    /// Adds what came of one more run.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn add(folder: &TrialDir, sameness: Sameness, says: &str, largest: f64) -> io::Result<()> {
        let known = Self::read(folder);
        let runs = known.as_ref().map_or(0, |known| known.runs) + 1;
        let worse =
            known.filter(|known| known.sameness > sameness || (known.sameness == sameness && known.largest >= largest));
        let record = match worse {
            Some(known) => Self { at: utc_now(), runs, ..known },
            None => Self { format: FORMAT, at: utc_now(), runs, sameness, says: says.to_owned(), largest },
        };
        write(&path(folder), &record)
    }
}

fn write(path: &Path, record: &ReplayRecord) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(record)?;
    text.push(b'\n');
    write_whole(path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Digest, TrialId};

    #[test]
    fn the_worst_that_was_found_stays() {
        let runs = tempfile::tempdir().expect("a folder");
        let folder = TrialDir::new(runs.path(), TrialId(Digest::of(b"trial")));
        fs::create_dir_all(folder.path()).expect("made");
        assert_eq!(ReplayRecord::read(&folder), None);
        for (sameness, largest) in [(Sameness::Bits, 0.0), (Sameness::Different, f64::INFINITY), (Sameness::Bits, 0.0)]
        {
            ReplayRecord::add(&folder, sameness, sameness.words(), largest).expect("written");
        }
        let record = ReplayRecord::read(&folder).expect("there");
        assert_eq!((record.runs, record.sameness, record.largest), (3, Sameness::Different, f64::INFINITY));
        assert_eq!(record.says, "not deterministic");
    }
}
