//! A folder that TensorBoard shows: a run a trial, with its recorded points and final metrics as scalars, and its settings for the
//! HParams view. An event file holds records of a length, its checksum, an event and its checksum (`tensorflow/core/lib/io/record_writer`);
//! what is in an event: `event.proto`, `summary.proto` and the HParams plugin's `plugin_data.proto` and `api.proto`. No time is recorded
//! with a point, so that all stand at second 0 and the same database gives the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use drr_core::Status;
use drr_kinds::kind_settings;
use serde_json::Value;

use super::proto::Message;
use crate::error::{Error, Result};
use crate::store::{Store, StoredSweep, TrialRecord};

/// The file in each run's folder; TensorBoard looks for the middle of its name.
pub(super) const FILE: &str = "events.out.tfevents.0.drr-lab";

/// Final metrics stand apart from points of the same name.
pub(super) const FINAL: &str = "final/";

/// Writes a run for every trial with a result; returns how many.
///
/// # Errors
/// A failure of the database, or a folder that cannot be written.
pub fn write(store: &Store, sweep: &StoredSweep, folder: &Path) -> Result<u64> {
    let mut count = 0;
    for trial in sweep.trials.iter().filter(|trial| trial.status == Status::Finished) {
        let run = folder.join(run_name(sweep, trial));
        let about = |error: &std::io::Error| Error::disk(format!("cannot write {}", run.display()), error);
        fs::create_dir_all(&run).map_err(|error| about(&error))?;
        let bytes = events(trial, &store.all_points(trial.id())?);
        let (unfinished, file) = (run.join("unfinished"), run.join(FILE));
        fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &file)).map_err(|error| about(&error))?;
        count += 1;
    }
    Ok(count)
}

/// A run's folder: what it is, where it stands on the axes, its seed, and enough of its id to be one alone.
pub(super) fn run_name(sweep: &StoredSweep, trial: &TrialRecord) -> String {
    let policy = trial.spec().policy.as_ref().map(|policy| policy.kind.as_str());
    let what = [Some(trial.spec().kind.as_str()), policy];
    let axes = sweep.axes.iter().filter_map(|axis| Some(format!("{axis}={}", plain(trial.point().get(axis)?))));
    let name: Vec<String> = what.into_iter().flatten().map(str::to_owned).chain(axes).collect();
    let safe = |letter: char| if letter.is_alphanumeric() || "=.,-_".contains(letter) { letter } else { '_' };
    let mut name: String = name.join(",").chars().map(safe).collect();
    // Of what file systems take, with room for the seed and the id; at the end of a letter.
    let end = (0..=name.len().min(180)).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0);
    name.truncate(end);
    format!("{name},seed={}-{}", trial.spec().seed.0, trial.id().short())
}

pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The records of a trial's file.
fn events(trial: &TrialRecord, points: &[(String, u64, f64)]) -> Vec<u8> {
    let points = points.iter().map(|(metric, step, value)| (metric.as_str(), *step, *value));
    [begin(trial), scalars(points), end(&trial.metrics, trial.wall_s.unwrap_or(0.0), true)].concat()
}

/// What a file begins with: its version, and the trial's settings.
pub(super) fn begin(trial: &TrialRecord) -> Vec<u8> {
    let mut file = Vec::new();
    record(&mut file, &event(0).text(3, b"brain.Event:2"));
    let mut settings: BTreeMap<String, Value> = kind_settings(trial.spec()).into_iter().collect();
    // Where an evaluation's policy stands on the axes.
    settings.extend(trial.point().iter().map(|(axis, value)| (axis.clone(), value.clone())));
    let mut start = Message::default();
    for (name, value) in &settings {
        let value = match value {
            Value::Number(number) => Message::default().double(2, number.as_f64().unwrap_or(f64::NAN)),
            Value::Bool(truth) => Message::default().int(4, u64::from(*truth)),
            other => Message::default().text(3, plain(other).as_bytes()),
        };
        start = start.message(1, &Message::default().text(1, name.as_bytes()).message(2, &value));
    }
    let start = start.double(5, 0.0);
    record(&mut file, &event(0).message(5, &hparams("_hparams_/session_start_info", 3, &start)));
    file
}

/// Points of metrics.
pub(super) fn scalars<'a>(points: impl Iterator<Item = (&'a str, u64, f64)>) -> Vec<u8> {
    let mut file = Vec::new();
    for (metric, step, value) in points {
        record(&mut file, &event(step).message(5, &scalar(metric, value)));
    }
    file
}

/// What a file ends with: final metrics, and whether the trial succeeded.
pub(super) fn end(metrics: &BTreeMap<String, f64>, seconds: f64, succeeded: bool) -> Vec<u8> {
    let mut file = Vec::new();
    for (metric, value) in metrics {
        record(&mut file, &event(0).message(5, &scalar(&format!("{FINAL}{metric}"), *value)));
    }
    let end = Message::default().int(1, if succeeded { 1 } else { 2 }).double(2, seconds);
    record(&mut file, &event(0).message(5, &hparams("_hparams_/session_end_info", 4, &end)));
    file
}

/// An event at a step.
fn event(step: u64) -> Message {
    Message::default().double(1, 0.0).int(2, step)
}

/// A summary of one number.
fn scalar(tag: &str, value: f64) -> Message {
    Message::default().message(1, &Message::default().text(1, tag.as_bytes()).float(2, value as f32))
}

/// A summary for the HParams view: `field` of its plugin's data, version 0.
fn hparams(tag: &str, field: u64, content: &Message) -> Message {
    let data = Message::default().int(1, 0).message(field, content);
    let plugin = Message::default().text(1, b"hparams").text(2, data.bytes());
    let metadata = Message::default().message(1, &plugin);
    Message::default().message(1, &Message::default().text(1, tag.as_bytes()).message(9, &metadata))
}

/// A record: its length, what follows, and a checksum of each.
fn record(file: &mut Vec<u8>, event: &Message) {
    let length = (event.bytes().len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(crc32c(&length)).to_le_bytes());
    file.extend(event.bytes());
    file.extend(masked(crc32c(event.bytes())).to_le_bytes());
}

/// As the records hold it: a checksum of bytes that hold checksums would be weak.
fn masked(checksum: u32) -> u32 {
    checksum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), a bit at a time.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut checksum = !0_u32;
    for byte in bytes {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            checksum = (checksum >> 1) ^ (0x82f6_3b78 & (checksum & 1).wrapping_neg());
        }
    }
    !checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // RFC 3720, appendix B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn a_record_holds_a_scalar() {
        let mut file = Vec::new();
        record(&mut file, &event(7).message(5, &scalar("a", 0.5)));
        let length = u64::from_le_bytes(file[..8].try_into().expect("eight bytes")) as usize;
        assert_eq!(file.len(), 8 + 4 + length + 4);
        // wall_time 0, step 7, summary { value { tag "a", simple_value 0.5 } }.
        let expected =
            [&[0x09][..], &[0; 8], &[0x10, 7, 0x2a, 10, 0x0a, 8, 0x0a, 1, b'a', 0x15, 0, 0, 0, 0x3f]].concat();
        assert_eq!(file[12..12 + length], expected);
    }
}
