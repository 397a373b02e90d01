//! A finished trial's folder, read as a whole: everything is checked against everything before anything is believed.

use std::path::PathBuf;
use std::{fs, io};

use serde_json::Value;

use crate::artifacts::{self, sealed_name};
use crate::canonical;
use crate::digest::{Digest, TrialId};
use crate::journal::{self, Point};
use crate::neutral;
use crate::result::{SEALED, Seal, Sealed, TrialResult};
use crate::spec::{self, TrialSpec};
use crate::trial_dir::TrialDir;

/// A folder whose parts agree.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What the trial is.
    pub spec: TrialSpec,
    /// What came out.
    pub result: TrialResult,
    /// What closes the folder.
    pub seal: Seal,
    /// The metric stream, in the order it was recorded.
    pub points: Vec<Point>,
}

/// Why a folder is not that of a finished trial.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no result: the trial never ended.
    #[error("trial {0} is not complete: it has no result.json")]
    Unfinished(String),
    /// Something is not as it was written.
    #[error("{0}")]
    Changed(String),
}

/// Reads the spec of a trial's folder and checks that it is the folder's.
///
/// # Errors
/// [`Fault::Changed`].
pub fn read_spec(folder: &TrialDir) -> Result<TrialSpec, Fault> {
    identified(folder).map(|(spec, _)| spec)
}

/// A folder's spec and its id, hashed once.
fn identified(folder: &TrialDir) -> Result<(TrialSpec, TrialId), Fault> {
    let path = folder.spec();
    let bytes = fs::read(&path).map_err(|error| changed(format!("cannot read {}: {error}", path.display())))?;
    let bad = |error: serde_json::Error| changed(format!("{} is not a trial's spec: {error}", path.display()));
    let record: Value = serde_json::from_slice(&bytes).map_err(bad)?;
    let known = spec::FORMAT;
    match record.get("format").and_then(Value::as_u64) {
        Some(format) if format > u64::from(known) => {
            return Err(changed(format!(
                "{}: format {format} is newer than this program reads ({known})",
                path.display()
            )));
        }
        Some(0) => return Err(changed(format!("{}: there never was a format 0", path.display()))),
        _ => {}
    }
    neutral::check_value(&record).map_err(|hidden| changed(format!("{}: {hidden}", path.display())))?;
    // From the text: by way of `Value` the message would name no line.
    let spec: TrialSpec = serde_json::from_slice(&bytes).map_err(bad)?;
    let again = canonical::to_bytes(&spec);
    let trial = TrialId(Digest::of(&again));
    let name = folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    if name != trial.to_string() {
        return Err(changed(format!("{} hashes to {}, not to the folder's name", path.display(), trial.short())));
    }
    if again != bytes {
        return Err(changed(format!("{} is not as it was written", path.display())));
    }
    Ok((spec, trial))
}

/// Reads a finished trial's folder: spec and id, the journal's chain, the result, the seal over every file.
///
/// # Errors
/// [`Fault`], naming the file.
pub fn read(folder: &TrialDir) -> Result<Finished, Fault> {
    if !folder.is_complete() && !folder.spec().exists() {
        // Handed out once, and the attempt ended before it began.
        let name = folder.path().file_name().unwrap_or_default().to_string_lossy();
        return Err(Fault::Unfinished(name.chars().take(12).collect()));
    }
    let (spec, trial) = identified(folder)?;
    let Sealed { result, seal } = Sealed::read(&folder.result())
        .map_err(|error| changed(error.to_string()))?
        .ok_or_else(|| Fault::Unfinished(trial.short()))?;
    let journal = journal::read(&folder.journal()).map_err(|error| changed(error.to_string()))?;
    for (file, found) in [(folder.result(), result.trial), (folder.journal(), journal.trial)] {
        if found != trial {
            return Err(changed(format!("{} belongs to trial {}", file.display(), found.short())));
        }
    }
    differs(folder.journal(), journal.digest, result.metrics_digest)?;
    if let Some(model) = result.model_digest {
        let digest = file_digest(folder.model())?.unwrap_or(Digest([0; 32]));
        differs(folder.model(), digest, model)?;
    }
    for name in SEALED {
        let path = folder.path().join(name);
        match (file_digest(path.clone())?, seal.files.get(name)) {
            (Some(found), Some(&sealed)) => differs(path, found, sealed)?,
            (None, Some(_)) => return Err(changed(format!("{} is missing", path.display()))),
            (Some(_), None) => return Err(changed(format!("{} was added later", path.display()))),
            (None, None) => {}
        }
    }
    let left = artifacts::digests(&folder.artifacts())
        .map_err(|error| changed(format!("cannot read {}: {error}", folder.artifacts().display())))?;
    for (name, &found) in &left {
        let path = folder.artifacts().join(name);
        match (seal.files.get(&sealed_name(name)), result.artifacts.get(name)) {
            (Some(&sealed), Some(&named)) => {
                differs(path.clone(), found, sealed)?;
                differs(path, found, named)?;
            }
            _ => return Err(changed(format!("{} was added later", path.display()))),
        }
    }
    if let Some(gone) = result.artifacts.keys().find(|name| !left.contains_key(*name)) {
        return Err(changed(format!("{} is missing", folder.artifacts().join(gone).display())));
    }
    let is_known = |name: &String| {
        let artifact = name.strip_prefix(artifacts::FOLDER).and_then(|name| name.strip_prefix('/'));
        SEALED.contains(&name.as_str()) || artifact.is_some_and(|name| result.artifacts.contains_key(name))
    };
    if let Some(name) = seal.files.keys().find(|name| !is_known(name)) {
        return Err(changed(format!("{} seals the unknown file `{name}`", folder.result().display())));
    }
    Ok(Finished { spec, result, seal, points: journal.points })
}

/// Settles what an attempt left, however it ended: the finished trial where everything holds; otherwise what there is of a
/// result is taken back before anything else of the folder may be touched. Call it only while nobody writes to the folder.
///
/// # Errors
/// A file cannot be read, so that nothing is known and nothing was changed; or the result cannot be removed.
pub fn settle(folder: &TrialDir) -> io::Result<Option<Finished>> {
    if !folder.is_complete() {
        return Ok(None);
    }
    if let Ok(finished) = read(folder) {
        return Ok(Some(finished));
    }
    // A file that cannot be read now may be whole: only what was read and found wrong is given up.
    let left = artifacts::names(&folder.artifacts()).unwrap_or_default();
    let left = left.iter().map(|name| folder.artifacts().join(name));
    for path in SEALED.map(|name| folder.path().join(name)).into_iter().chain([folder.result()]).chain(left) {
        match Digest::of_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    folder.withdraw_result()?;
    Ok(None)
}

fn changed(problem: String) -> Fault {
    Fault::Changed(problem)
}

fn differs(path: PathBuf, found: Digest, named: Digest) -> Result<(), Fault> {
    if found == named {
        return Ok(());
    }
    let (path, (found, named)) = (path.display(), found.beside(&named));
    Err(changed(format!("{path} has the digest {found}, but the result says {named}")))
}

fn file_digest(path: PathBuf) -> Result<Option<Digest>, Fault> {
    match Digest::of_file(&path) {
        Ok(digest) => Ok(Some(digest)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(changed(format!("cannot read {}: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::Artifacts;
    use crate::journal::Writer;
    use crate::result::{EnvironmentClass, FORMAT};
    use crate::seed::Seed;
    use crate::spec::{DatasetSpec, RatingsSpec, RewardRule, Settings, SplitSpec, Upstream, WITH_RATINGS};

    fn spec() -> TrialSpec {
        let dataset = DatasetSpec { name: "made-up".to_owned(), fingerprint: Digest::of(b"table"), synthetic: None };
        TrialSpec {
            format: WITH_RATINGS,
            kind: "pmf".into(),
            digest: Digest::of(b"sources"),
            settings: Settings::new(serde_json::json!({"k": 4})).expect("an object"),
            policy: None,
            upstream: Upstream::default(),
            ratings: Some(RatingsSpec { dataset, split: SplitSpec::default(), reward: RewardRule::STARS }),
            seed: Seed(1),
        }
    }

    /// The folder of a finished trial.
    fn finished() -> (tempfile::TempDir, TrialDir) {
        let runs = tempfile::tempdir().expect("a folder");
        let (spec, one) = (spec(), || "one".to_owned());
        let folder = TrialDir::new(runs.path(), spec.id());
        folder.prepare(&spec).expect("prepared");
        let mut journal = Writer::create(&folder.journal(), spec.id()).expect("a journal");
        journal.append(vec![Point::new("loss", 1, 0.5)]).expect("written");
        let result = TrialResult {
            format: FORMAT,
            trial: spec.id(),
            metrics: [("test_rmse_stars".to_owned(), 0.9)].into(),
            repeats: 1,
            metrics_digest: journal.finish().expect("written"),
            model_digest: None,
            artifacts: Artifacts::new(),
            environment: EnvironmentClass {
                libtorch: one(),
                isa: one(),
                device: one(),
                driver: one(),
                numerics: one(),
            },
            wall_s: 0.1,
            usage: None,
        };
        result.write(&folder.result()).expect("written");
        (runs, folder)
    }

    fn files(folder: &TrialDir) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = fs::read_dir(folder.path()).expect("listed").map(|entry| entry.expect("an entry").path());
        let mut files: Vec<_> = entries.map(|path| (path.clone(), fs::read(path).expect("readable"))).collect();
        files.sort();
        files
    }

    #[test]
    fn what_holds_is_finished_and_no_attempt_may_touch_it() {
        let (_runs, folder) = finished();
        let before = files(&folder);
        assert_eq!(settle(&folder).expect("readable").map(|it| it.spec), Some(spec()));
        let refused = folder.prepare(&spec()).expect_err("it is finished");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(files(&folder), before);
    }

    #[test]
    fn what_does_not_hold_loses_its_result_and_nothing_else() {
        let damages: [fn(&TrialDir) -> io::Result<()>; 3] = [
            |folder| fs::remove_file(folder.journal()),
            |folder| fs::write(folder.journal(), "{}\n"),
            |folder| fs::write(folder.result(), "{\"format\":2"),
        ];
        for damage in damages {
            let (_runs, folder) = finished();
            damage(&folder).expect("damaged");
            let kept: Vec<_> = files(&folder).into_iter().filter(|(path, _)| *path != folder.result()).collect();
            assert!(settle(&folder).expect("readable").is_none());
            assert_eq!(files(&folder), kept, "only the result is gone");
            folder.prepare(&spec()).expect("it may be tried again");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_as_it_is() {
        let (_runs, folder) = finished();
        fs::remove_file(folder.journal()).expect("removed");
        fs::create_dir(folder.journal()).expect("a folder cannot be read as a file");
        assert!(settle(&folder).is_err());
        assert!(folder.is_complete(), "nothing is known, so nothing is removed");
    }
}
