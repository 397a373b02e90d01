//! Writes a bundle. Only folders that are as they were written go in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use drr_core::artifacts::sealed_name;
use drr_core::finished::{self, Fault};
use drr_core::trial_dir::TrialDir;
use drr_core::{Digest, TrialId};
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::crate_metadata::{self, describe};
use super::member::{SWEEP_FILES, TRIAL_FILES};
use crate::error::{Error, Exit, Result};
use crate::sweep::Sweep;

/// What went into a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Finished trials.
    pub trials: usize,
    /// Trials of the sweep that are not finished and stayed behind.
    pub unfinished: usize,
    /// Bytes before compression.
    pub bytes: u64,
}

/// Writes the sweep with all its finished trials to `file`, whole or not at all.
///
/// # Errors
/// A trial that was changed since it was written, no finished trial, or a failure of the file system.
pub fn export(runs: &Path, data: &Path, sweep: &Sweep, file: &Path) -> Result<Exported> {
    let mut done = Exported::default();
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    let (mut ended, mut datasets) = (String::new(), BTreeSet::new());
    for trial in &sweep.trials {
        match finished::read(&TrialDir::new(runs, trial.id)) {
            Ok(finished) => {
                done.trials += 1;
                ended = ended.max(finished.seal.at);
                let fetched = trial.spec.dataset().filter(|dataset| dataset.synthetic.is_none());
                datasets.extend(fetched.map(|dataset| dataset.name.clone()));
                add_trial(runs, trial.id, finished.result.artifacts.keys(), &mut files);
            }
            Err(Fault::Unfinished(_)) => done.unfinished += 1,
            Err(fault) => return Err(Error { exit: Exit::Mismatch, ..Error::input(fault.to_string()) }),
        }
    }
    if done.trials == 0 {
        return Err(Error::input(format!("no trial of the sweep {} is finished", sweep.name)));
    }
    for name in SWEEP_FILES {
        files.insert(format!("sweeps/{}/{name}", sweep.name), runs.join("sweeps").join(&sweep.name).join(name));
    }
    for name in datasets {
        let path = data.join(&name).join("dataset.json");
        if path.is_file() {
            files.insert(format!("datasets/{name}.json"), path);
        }
    }
    done.bytes = write(sweep, &ended, &files, file)
        .map_err(|error| Error::environment(format!("cannot write {}: {error}", file.display())))?;
    Ok(done)
}

fn add_trial<'a>(
    runs: &Path,
    trial: TrialId,
    artifacts: impl Iterator<Item = &'a String>,
    files: &mut BTreeMap<String, PathBuf>,
) {
    let folder = TrialDir::new(runs, trial);
    files
        .extend(artifacts.map(|name| (format!("trials/{trial}/{}", sealed_name(name)), folder.artifacts().join(name))));
    for name in TRIAL_FILES {
        let path = folder.path().join(name);
        if path.is_file() {
            files.insert(format!("trials/{trial}/{name}"), path);
        }
    }
    let provenance: Value =
        fs::read(folder.provenance()).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let diffs = ["tree", "commands"].map(|tree| provenance["code"][tree]["diff"].as_str());
    for digest in diffs.into_iter().flatten().filter_map(|it| it.parse::<Digest>().ok()) {
        let name = format!("diffs/{digest}.diff");
        let path = runs.join(&name);
        if path.is_file() {
            files.insert(name, path);
        }
    }
}

fn write(sweep: &Sweep, ended: &str, files: &BTreeMap<String, PathBuf>, file: &Path) -> io::Result<u64> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = (|| {
        let mut archive = ZipWriter::new(BufWriter::new(File::create(&beside)?));
        // Without times and owners, so that the same sweep gives the same bytes.
        let options = SimpleFileOptions::default().large_file(false).unix_permissions(0o644);
        let mut described = Vec::new();
        let mut bytes = 0;
        for (name, path) in files {
            let (size, sha256) = (fs::metadata(path)?.len(), Digest::of_file(path)?.to_string());
            archive.start_file(name, options.large_file(size > 4_000_000_000))?;
            bytes += io::copy(&mut File::open(path)?, &mut archive)?;
            described.push(crate_metadata::CrateFile { name: name.clone(), bytes: size, sha256 });
        }
        archive.start_file(crate_metadata::NAME, options)?;
        archive.write_all(&serde_json::to_vec_pretty(&describe(sweep, ended, &described))?)?;
        archive.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&beside, file)?;
        Ok(bytes)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
