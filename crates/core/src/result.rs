//! A trial's signed end: `result.json`, written last and by rename, so that its presence means complete.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::digest::{Digest, TrialId};
use crate::trial_dir::write_whole;

/// The version of the result's format; newer ones are refused.
pub const FORMAT: u32 = 1;

/// What a finished trial leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialResult {
    /// Format of this record, [`FORMAT`].
    pub format: u32,
    /// The trial.
    pub trial: TrialId,
    /// Final metrics by name; all finite.
    pub metrics: BTreeMap<String, f64>,
    /// How many independent measurements stand behind each metric (repeats of an evaluation, else 1).
    pub repeats: u64,
    /// Digest of the metric stream (see [`crate::journal`]).
    pub metrics_digest: Digest,
    /// Digest of `model.safetensors`, for trials that leave a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_digest: Option<Digest>,
    /// Within one class, the same trial gives the same bits.
    pub environment: EnvironmentClass,
    /// Seconds the trial took; not part of any digest.
    pub wall_s: f64,
}

/// Where the same trial gives the same bits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentClass {
    /// libtorch's version.
    pub libtorch: String,
    /// Instruction set libtorch was pinned to, for example `avx2`.
    pub isa: String,
    /// `cpu` or a GPU's name.
    pub device: String,
    /// `strict` (AVX2, bitwise run to run) or `portable`.
    pub numerics: String,
}

impl std::fmt::Display for EnvironmentClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "libtorch {}, {}, {}, {}", self.libtorch, self.isa, self.device, self.numerics)
    }
}

/// Why a result cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

impl TrialResult {
    /// Writes the result so that it is there as a whole or not at all.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        write_whole(path, &canonical::to_bytes(self))
    }

    /// Reads a result; `None` if the trial is not complete.
    ///
    /// # Errors
    /// [`ReadError`] for a file that is there but cannot be read as a result.
    pub fn read(path: &Path) -> Result<Option<Self>, ReadError> {
        let fail = |problem: String| ReadError { path: path.to_owned(), problem };
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fail(error.to_string())),
        };
        let result: Self = serde_json::from_slice(&text).map_err(|e| fail(format!("not a result: {e}")))?;
        if result.format > FORMAT {
            return Err(fail(format!("format {} is newer than this program reads ({FORMAT})", result.format)));
        }
        Ok(Some(result))
    }
}
