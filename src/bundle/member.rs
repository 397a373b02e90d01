//! The names a bundle may hold. What an archive calls its members is a claim: only these forms are ever acted on.

use drr_core::artifacts;
use drr_core::data::catalogue::check_name;
use drr_core::neutral::HiddenCharacter;
use drr_core::{Digest, TrialId};

/// A member of a bundle, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BundleMember {
    /// `ro-crate-metadata.json`.
    Metadata,
    /// A file of a sweep.
    Sweep { name: String, file: &'static str },
    /// A file of a trial's folder.
    Trial { trial: TrialId, file: &'static str },
    /// What a trial left beside its metrics, by its name in the folder of artifacts.
    Artifact { trial: TrialId, name: String },
    /// An uncommitted change.
    Diff(Digest),
    /// A dataset's description.
    Dataset(String),
}

/// A trial's files. Its log stays at home: it is not sealed and explains nothing to others.
pub(super) const TRIAL_FILES: [&str; 5] =
    ["spec.json", "provenance.json", "journal.jsonl", "model.safetensors", "result.json"];

pub(super) const SWEEP_FILES: [&str; 2] = ["sweep.toml", "trials.jsonl"];

/// What a member may be at most. A bundle that is larger than its kind of files ever are is no bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Bytes.
    pub(super) bytes: u64,
    /// Bytes of a line, for members that are read by lines.
    pub(super) line: Option<u64>,
}

const MIB: u64 = 1 << 20;

impl BundleMember {
    /// What this member may be in a bundle of at most `limit` bytes. Only journals, lists of trials and models grow with
    /// what is trained, so theirs follow the limit, which a person can raise.
    pub(super) fn bounds(&self, limit: u64) -> Bounds {
        let whole = |bytes: u64| Bounds { bytes: bytes.min(limit), line: None };
        match self {
            Self::Metadata => whole(64 * MIB),
            Self::Sweep { file: "trials.jsonl", .. } => Bounds { bytes: limit / 64, line: Some(MIB) },
            Self::Trial { file: "journal.jsonl", .. } => Bounds { bytes: limit / 256, line: Some(4 * MIB) },
            Self::Trial { file: "model.safetensors", .. } | Self::Artifact { .. } => whole(limit),
            Self::Diff(_) => whole(limit / 64),
            Self::Sweep { .. } | Self::Trial { .. } => whole(4 * MIB),
            Self::Dataset(_) => whole(MIB),
        }
    }

    /// The member with this name, if a bundle may hold it.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let known = |file: &str, files: &[&'static str]| files.iter().copied().find(|known| *known == file);
        match name.split('/').collect::<Vec<_>>().as_slice() {
            ["ro-crate-metadata.json"] => Some(Self::Metadata),
            ["sweeps", name, file] => {
                check_name(name).ok()?;
                Some(Self::Sweep { name: (*name).to_owned(), file: known(file, &SWEEP_FILES)? })
            }
            ["trials", trial, file] => {
                Some(Self::Trial { trial: trial.parse().ok()?, file: known(file, &TRIAL_FILES)? })
            }
            ["trials", trial, artifacts::FOLDER, name @ ..] => {
                let is_fine =
                    |part: &&str| !part.is_empty() && !matches!(*part, "." | "..") && !part.contains(['\\', '\0']);
                let is_file = !name.is_empty() && name.iter().all(is_fine);
                let name = name.join("/");
                (is_file && HiddenCharacter::first_in(&name).is_none())
                    .then_some(())
                    .and_then(|()| Some(Self::Artifact { trial: trial.parse().ok()?, name }))
            }
            ["diffs", file] => file.strip_suffix(".diff")?.parse().ok().map(Self::Diff),
            ["datasets", file] => {
                let name = file.strip_suffix(".json")?;
                check_name(name).ok()?;
                Some(Self::Dataset(name.to_owned()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_a_bundle_may_hold_are_taken() {
        let id = Digest::of(b"x");
        let name = format!("trials/{id}/result.json");
        assert_eq!(BundleMember::parse(&name), Some(BundleMember::Trial { trial: TrialId(id), file: "result.json" }));
        assert!(
            BundleMember::parse("sweeps/a-b/sweep.toml").is_some()
                && BundleMember::parse(&format!("diffs/{id}.diff")).is_some()
        );
        for name in [
            "../x",
            "/etc/passwd",
            "lab.db",
            "sweeps/../sweep.toml",
            "sweeps/.hidden/sweep.toml",
            "sweeps/a/b/sweep.toml",
            "sweeps/a\\..\\b/sweep.toml",
            "trials/../result.json",
            "trials/abc/result.json",
            "datasets/../a.json",
            "diffs/a.diff",
            "",
        ] {
            assert_eq!(BundleMember::parse(name), None, "{name}");
        }
        assert_eq!(BundleMember::parse(&format!("trials/{id}/log.txt")), None);
        assert_eq!(BundleMember::parse(&format!("trials/{id}/result.json/")), None);
        let artifact = |name: &str| BundleMember::parse(&format!("trials/{id}/out/{name}"));
        let named = |name: &str| Some(BundleMember::Artifact { trial: TrialId(id), name: name.to_owned() });
        assert_eq!((artifact("a/b.pt"), artifact("..b")), (named("a/b.pt"), named("..b")));
        for name in ["", "../spec.json", "a/../../b", "a//b", "/etc/passwd", "a\\b", "a/.", "\u{202e}a"] {
            assert_eq!(artifact(name), None, "{name}");
        }
    }
}
