//! The metric stream of a trial: `journal.jsonl`, append-only, one line a flush.
//!
//! ```text
//! {"format":1,"trial":"<id>"}
//! {"at":0.81,"points":[["train/reward",250,-0.031],…],"digest":"<running SHA-256>"}
//! ```
//! The digest runs over the canonical records (name, step, value bits), never over times, so two runs of a trial that
//! computed the same have the same digests line by line. A last line without a newline is an interrupted write and is
//! dropped; anything else that does not fit is an error that names the line.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::{Digest, Hasher, TrialId};
use crate::neutral::{self, HiddenCharacter};
use crate::real::Real;

/// The version of the journal's format; newer ones are refused.
pub const FORMAT: u32 = 1;

/// One value of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The metric, for example `train/reward` or `precision@5`.
    pub name: String,
    /// Environment step, epoch or repeat, as the metric's kind has it.
    pub step: u64,
    /// The value; may be NaN or infinite.
    pub value: f64,
}

impl Point {
    /// A point of metric `name` at `step`.
    pub fn new(name: impl Into<String>, step: u64, value: f64) -> Self {
        Self { name: name.into(), step, value }
    }

    /// Appends the canonical record (name, step, value bits) to `hasher`.
    pub fn hash_into(&self, hasher: &mut Hasher) {
        hasher.update(self.name.as_bytes());
        hasher.update(&[0]);
        hasher.update(&self.step.to_le_bytes());
        // All NaNs are one value: their payload bits carry no result.
        let value = if self.value.is_nan() { f64::NAN } else { self.value };
        hasher.update(&value.to_bits().to_le_bytes());
    }
}

impl Serialize for Point {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.name, self.step, Real(self.value)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (name, step, value) = <(String, u64, Real)>::deserialize(deserializer)?;
        Ok(Self { name, step, value: value.0 })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    trial: TrialId,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalLine {
    at: f64,
    points: Vec<Point>,
    digest: Digest,
}

/// Writes a trial's journal.
pub struct Writer {
    file: File,
    hasher: Hasher,
    started: std::time::Instant,
}

impl Writer {
    /// Starts the journal of `trial` at `path`, replacing what an unfinished attempt left.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn create(path: &Path, trial: TrialId) -> io::Result<Self> {
        let mut file = File::create(path)?;
        write_line(&mut file, &Header { format: FORMAT, trial })?;
        Ok(Self { file, hasher: Hasher::default(), started: std::time::Instant::now() })
    }

    /// Appends `points` as one line and hands them to the kernel; nothing is written for no points.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn append(&mut self, points: Vec<Point>) -> io::Result<()> {
        if points.is_empty() {
            return Ok(());
        }
        points.iter().for_each(|point| point.hash_into(&mut self.hasher));
        let at = (self.started.elapsed().as_secs_f64() * 1e3).round() / 1e3;
        write_line(&mut self.file, &JournalLine { at, points, digest: self.hasher.digest() })
    }

    /// Closes it and returns the digest of the whole stream. It becomes durable with the result that seals it.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn finish(mut self) -> io::Result<Digest> {
        self.file.flush()?;
        Ok(self.hasher.digest())
    }
}

fn write_line(file: &mut File, record: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    file.write_all(&line)
}

/// A journal as read.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal {
    /// The trial it belongs to.
    pub trial: TrialId,
    /// All points, in the order they were recorded.
    pub points: Vec<Point>,
    /// Digest of the whole stream.
    pub digest: Digest,
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalReadError {
    /// The file itself.
    #[error("{}: {source}", path.display())]
    Io {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not what a journal holds.
    #[error("{}:{line}: {problem}", path.display())]
    Line {
        /// The journal.
        path: PathBuf,
        /// 1-based line number.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads a journal and checks every running digest.
///
/// # Errors
/// [`JournalReadError`], naming the file and the line.
pub fn read(path: &Path) -> Result<Journal, JournalReadError> {
    let io = |source| JournalReadError::Io { path: path.to_owned(), source };
    let mut reader = BufReader::new(File::open(path).map_err(io)?);
    let mut hasher = Hasher::default();
    let (mut trial, mut points) = (None, Vec::new());
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        reader.read_until(b'\n', &mut text).map_err(io)?;
        if text.pop() != Some(b'\n') {
            break;
        }
        let fail = |problem: String| JournalReadError::Line { path: path.to_owned(), line, problem };
        if line == 1 {
            let header: Header = serde_json::from_slice(&text).map_err(|e| fail(format!("not a journal: {e}")))?;
            if header.format > FORMAT {
                return Err(fail(format!("format {} is newer than this program reads ({FORMAT})", header.format)));
            }
            trial = Some(header.trial);
            continue;
        }
        let record: JournalLine = serde_json::from_slice(&text).map_err(|e| fail(e.to_string()))?;
        for point in &record.points {
            if let Some(hidden) = HiddenCharacter::first_in(&point.name) {
                return Err(fail(format!("the name of the metric `{}` holds {hidden}", neutral::line(&point.name))));
            }
            point.hash_into(&mut hasher);
        }
        if record.digest != hasher.digest() {
            let (recorded, found) = record.digest.beside(&hasher.digest());
            return Err(fail(format!("the recorded digest {recorded} is not that of the points up to here, {found}")));
        }
        points.extend(record.points);
    }
    let trial = trial.ok_or_else(|| JournalReadError::Line {
        path: path.to_owned(),
        line: 1,
        problem: "the journal has no header line".to_owned(),
    })?;
    Ok(Journal { trial, points, digest: hasher.digest() })
}

/// The points that a growing journal gained behind byte `from`, and where to go on; for those who watch. Nothing is
/// checked, and a journal that was started anew is read from its beginning.
///
/// # Errors
/// The file cannot be read.
pub fn read_on(path: &Path, from: u64) -> io::Result<(Vec<Point>, u64)> {
    let mut file = File::open(path)?;
    let from = if file.metadata()?.len() < from { 0 } else { from };
    file.seek(SeekFrom::Start(from))?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let lines = text[..whole].split(|byte| *byte == b'\n');
    let points = lines.filter_map(|line| serde_json::from_slice::<JournalLine>(line).ok()).flat_map(|line| line.points);
    Ok((points.collect(), from + whole as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> (tempfile::TempDir, PathBuf, Digest) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("journal.jsonl");
        let mut writer = Writer::create(&path, TrialId(Digest::of(b"trial"))).expect("created");
        writer.append(vec![Point::new("a", 1, 0.1), Point::new("b", 1, f64::NAN)]).expect("appended");
        writer.append(vec![Point::new("a", 2, -1e300), Point::new("b", 2, f64::NEG_INFINITY)]).expect("appended");
        let digest = writer.finish().expect("finished");
        (folder, path, digest)
    }

    #[test]
    fn a_journal_reads_what_it_writes() {
        let (_folder, path, digest) = written();
        let journal = read(&path).expect("readable");
        assert_eq!(journal.digest, digest);
        assert_eq!(journal.points.len(), 4);
        assert_eq!(journal.points[2], Point::new("a", 2, -1e300));
        assert!(journal.points[1].value.is_nan());
        assert_eq!(journal.points[3].value, f64::NEG_INFINITY);
    }

    #[test]
    fn an_interrupted_last_line_is_dropped() {
        let (_folder, path, _) = written();
        let bytes = std::fs::read(&path).expect("readable");
        std::fs::write(&path, &bytes[..bytes.len() - 5]).expect("writable");
        assert_eq!(read(&path).expect("readable").points.len(), 2);
    }

    #[test]
    fn a_growing_journal_is_read_on_from_where_it_was_left() {
        let (_folder, path, _) = written();
        let bytes = std::fs::read(&path).expect("readable");
        std::fs::write(&path, &bytes[..bytes.len() - 5]).expect("writable");
        let (points, at) = read_on(&path, 0).expect("readable");
        assert_eq!(points.len(), 2, "the line in the making waits");
        std::fs::write(&path, &bytes).expect("writable");
        let (points, at) = read_on(&path, at).expect("readable");
        assert_eq!((points[0].step, points.len(), at), (2, 2, bytes.len() as u64));
    }

    #[test]
    fn a_name_that_drives_a_terminal_is_refused_and_located() {
        for (name, says) in [("a\x1b[2J", r"`a\u001b[2J` holds the control character U+001B"), ("\u{202e}a", "U+202E")]
        {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("journal.jsonl");
            let mut writer = Writer::create(&path, TrialId(Digest::of(b"trial"))).expect("created");
            writer.append(vec![Point::new("fine/é", 1, 0.1)]).expect("appended");
            writer.append(vec![Point::new(name, 1, 0.1)]).expect("appended");
            let error = read(&path).expect_err("hidden").to_string();
            assert!(error.contains("journal.jsonl:3: the name of the metric") && error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_changed_value_is_found_and_located() {
        let (_folder, path, _) = written();
        let text = std::fs::read_to_string(&path).expect("readable").replace("0.1", "0.2");
        std::fs::write(&path, text).expect("writable");
        let error = read(&path).expect_err("the digest differs").to_string();
        assert!(error.contains("journal.jsonl:2: the recorded digest"), "{error}");
    }
}
