//! A trial's signed end: `result.json`, written last and by rename, so that its presence means complete.
//!
//! Two kinds of digest stand in it. The `…_digest`s of the record are what two runs of one trial share. The `seal`
//! holds what belongs to this run alone: the digests of the folder's files as they were written, times included, the
//! moment of the end, and a digest of the whole record, so that no bit of the folder can change unseen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::artifacts::{self, Artifacts, sealed_name};
use crate::canonical;
use crate::digest::{Digest, TrialId};
use crate::neutral;
use crate::real;
use crate::time::utc_now;
use crate::trial_dir::write_last;

/// The version of the result's format; newer ones are refused.
pub const FORMAT: u32 = 2;

/// The format of results with artifacts, or with final metrics that are no numbers: a result is written in the oldest
/// format that holds it.
const OF_COMMANDS: u32 = 3;

/// The format of what a GPU or several cores computed.
const NEWEST: u32 = 4;

/// What a finished trial leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialResult {
    /// Format of this record, [`FORMAT`].
    pub format: u32,
    /// The trial.
    pub trial: TrialId,
    /// Final metrics by name; all finite.
    #[serde(with = "real::by_name")]
    pub metrics: BTreeMap<String, f64>,
    /// How many independent measurements stand behind each metric (repeats of an evaluation, else 1).
    pub repeats: u64,
    /// Digest of the metric stream (see [`crate::journal`]).
    pub metrics_digest: Digest,
    /// Digest of `model.safetensors`, for trials that leave a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_digest: Option<Digest>,
    /// The files it left, by their names in the trial's folder of artifacts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: Artifacts,
    /// Within one class, the same trial gives the same bits.
    pub environment: EnvironmentClass,
    /// Seconds the trial took; not part of any digest.
    pub wall_s: f64,
    /// What it used of the machine; not part of any digest. Records of format 1 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// A final metric, if it stands on anything. An empty test part, which sweeps are refused for today, was recorded as errors
/// of exactly 0 on every count: that is no measurement, and less so a perfect one.
pub fn measured(metrics: &BTreeMap<String, f64>, name: &str) -> Option<f64> {
    let value = metrics.get(name).copied()?;
    let is_nothing = |error: &str| metrics.get(error) == Some(&0.0);
    (!name.starts_with("test_") || !is_nothing("test_rmse") || !is_nothing("test_mae")).then_some(value)
}

/// What a trial used of the machine, beside what tells how fast the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// CPU seconds, user and system; those of a cohort are shared equally among its trials.
    pub cpu_s: f64,
    /// Greatest resident memory of the worker while the trial ran, MiB; a cohort's is that of all its trials.
    pub peak_mib: f64,
    /// Resident memory of the same worker before its first trial, MiB: its libraries.
    pub resting_mib: f64,
    /// CPU seconds that the same worker took for a fixed workload that is no part of the trainer.
    pub calibration_s: f64,
    /// Trials that ran together as one cohort, 1 for a lone one.
    pub together: u64,
    /// The most cores it computed on at a time; 1 where nothing is said.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub cores: u64,
}

fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_one(value: &u64) -> bool {
    *value == 1
}

/// Where the same trial gives the same bits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentClass {
    /// libtorch's version; empty where it computes nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub libtorch: String,
    /// The instruction set: what libtorch was pinned to in older records, for example `avx2`, or a GPU's compute capability,
    /// for example `sm_90`; empty where none decides.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub isa: String,
    /// `cpu` or a GPU's name.
    pub device: String,
    /// The version of a GPU's driver; empty elsewhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// `own-1`: arithmetic of this program alone, the same bits on every machine. Of libtorch on the CPU, in older
    /// records: `strict` (AVX2, bitwise run to run) or `portable`.
    pub numerics: String,
}

impl EnvironmentClass {
    /// Whether it is that of a GPU.
    pub fn is_of_gpu(&self) -> bool {
        !self.driver.is_empty()
    }
}

/// The numerics of a command: nobody here can tell.
pub const OF_A_COMMAND: &str = "a command";

impl std::fmt::Display for EnvironmentClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let libtorch = if self.libtorch.is_empty() { String::new() } else { format!("libtorch {}", self.libtorch) };
        let driver = if self.driver.is_empty() { String::new() } else { format!("driver {}", self.driver) };
        let words = [&libtorch, &self.isa, &self.device, &driver, &self.numerics];
        let words: Vec<&str> = words.into_iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
        f.write_str(&words.join(", "))
    }
}

/// Why a result cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct ResultReadError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

/// What closes a trial's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// When the trial ended, UTC.
    pub at: String,
    /// SHA-256 of the folder's files by name, byte for byte.
    pub files: BTreeMap<String, Digest>,
    /// SHA-256 of the canonical record without this line.
    pub digest: Digest,
}

/// A result and its seal.
#[derive(Clone, Debug, PartialEq)]
pub struct Sealed {
    /// The result.
    pub result: TrialResult,
    /// Its seal.
    pub seal: Seal,
}

/// The files of a trial's folder that its seal covers, where they are there. The log is not among them: a worker may
/// still speak when the result is written.
pub const SEALED: [&str; 4] = ["journal.jsonl", "model.safetensors", "provenance.json", "spec.json"];

impl TrialResult {
    /// The oldest format that holds a result with these metrics and artifacts.
    pub fn format_of(metrics: &BTreeMap<String, f64>, artifacts: &Artifacts) -> u32 {
        if artifacts.is_empty() && metrics.values().all(|value| value.is_finite()) { FORMAT } else { OF_COMMANDS }
    }

    /// The format it is to be written in.
    fn own_format(&self) -> u32 {
        let is_new = self.environment.is_of_gpu() || self.usage.is_some_and(|usage| usage.cores > 1);
        if is_new { NEWEST } else { self.format }
    }

    /// Seals the folder of `path`: writes the result, with the digests of the files beside it, after they have been made
    /// durable, so that it is there as a whole or not at all.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let (mut files, mut sealed) = (Map::new(), Vec::new());
        for name in SEALED {
            let file = path.with_file_name(name);
            match Digest::of_file(&file) {
                Ok(digest) => {
                    files.insert(name.to_owned(), digest.to_string().into());
                    sealed.push(file);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let (folder, artifacts) = (path.with_file_name(artifacts::FOLDER), &self.artifacts);
        files.extend(artifacts.iter().map(|(name, digest)| (sealed_name(name), digest.to_string().into())));
        sealed.extend(artifacts.keys().map(|name| folder.join(name)));
        sealed.extend(artifacts::folders(&folder, artifacts.keys()));
        let mut record = serde_json::to_value(self)?;
        record["format"] = self.own_format().into();
        record["seal"] = json!({ "at": utc_now(), "files": files });
        let digest = canonical::digest(&record);
        record["seal"]["digest"] = digest.to_string().into();
        write_last(path, &canonical::to_bytes(&record), &sealed)
    }

    /// Reads a result and checks its seal's digest; `None` if the trial is not complete.
    ///
    /// # Errors
    /// [`ResultReadError`] for a file that is there but cannot be read as a result.
    pub fn read(path: &Path) -> Result<Option<Self>, ResultReadError> {
        Ok(Sealed::read(path)?.map(|sealed| sealed.result))
    }
}

impl Sealed {
    /// Reads a result with its seal and checks the seal's digest, not the other files; `None` if the trial is not
    /// complete.
    ///
    /// # Errors
    /// [`ResultReadError`] for a file that is there but cannot be read as a result.
    pub fn read(path: &Path) -> Result<Option<Self>, ResultReadError> {
        let fail = |problem: String| ResultReadError { path: path.to_owned(), problem };
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fail(error.to_string())),
        };
        let mut record: Value = serde_json::from_slice(&text).map_err(|e| fail(format!("not a result: {e}")))?;
        // The format first: a newer record may hold fields this one does not know.
        if let Some(format) = record.get("format").and_then(Value::as_u64).filter(|&it| it > u64::from(NEWEST)) {
            return Err(fail(format!("format {format} is newer than this program reads ({NEWEST})")));
        }
        if canonical::to_bytes(&record) != text {
            return Err(fail("it is not as it was written".to_owned()));
        }
        neutral::check_value(&record).map_err(fail)?;
        let seal = record.get("seal").cloned().ok_or_else(|| fail("not a result: it has no seal".to_owned()))?;
        let seal: Seal = serde_json::from_value(seal).map_err(|e| fail(format!("not a result: its seal: {e}")))?;
        record["seal"].as_object_mut().and_then(|seal| seal.remove("digest"));
        let found = canonical::digest(&record);
        record.as_object_mut().and_then(|record| record.remove("seal"));
        let result = serde_json::from_value(record).map_err(|e| fail(format!("not a result: {e}")))?;
        if found != seal.digest {
            let (found, sealed) = found.beside(&seal.digest);
            return Err(fail(format!("it was changed: its content has the digest {found}, its seal says {sealed}")));
        }
        Ok(Some(Self { result, seal }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_over_nothing_is_no_measurement() {
        let names = ["test_rmse", "test_rmse_stars", "test_mae", "test_mae_stars"];
        let mut metrics: BTreeMap<String, f64> = names.iter().map(|name| ((*name).to_owned(), 0.0)).collect();
        metrics.insert("best_epoch".to_owned(), 0.0);
        assert!(names.iter().all(|name| measured(&metrics, name).is_none()));
        assert_eq!(measured(&metrics, "best_epoch"), Some(0.0));
        assert_eq!(measured(&metrics, "valid_rmse"), None);
        metrics.insert("test_mae".to_owned(), 0.5);
        assert_eq!(measured(&metrics, "test_rmse"), Some(0.0));
    }

    #[test]
    fn every_flipped_bit_of_a_result_is_found() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("result.json");
        let result = TrialResult {
            format: NEWEST,
            trial: TrialId(Digest::of(b"trial")),
            metrics: [("precision@5".to_owned(), 1.5e-7)].into(),
            repeats: 2,
            metrics_digest: Digest::of(b"points"),
            model_digest: None,
            environment: EnvironmentClass {
                libtorch: "2".to_owned(),
                isa: "avx2".to_owned(),
                device: "cpu".to_owned(),
                driver: String::new(),
                numerics: "strict".to_owned(),
            },
            artifacts: Artifacts::new(),
            wall_s: 0.25,
            usage: Some(Usage {
                cpu_s: 0.5,
                peak_mib: 300.5,
                resting_mib: 200.25,
                calibration_s: 0.0625,
                together: 2,
                cores: 2,
            }),
        };
        fs::write(folder.path().join("spec.json"), "{}").expect("written");
        result.write(&path).expect("written");
        let sealed = Sealed::read(&path).expect("readable").expect("there");
        assert_eq!(sealed.result, result);
        assert_eq!(sealed.seal.files["spec.json"], Digest::of(b"{}"));
        let bytes = fs::read(&path).expect("readable");
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &changed).expect("written");
            assert!(TrialResult::read(&path).is_err(), "bit {bit} in {}", String::from_utf8_lossy(&changed));
        }
    }
}
