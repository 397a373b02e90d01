//! Bundles that someone made up: each is refused as a whole for the reason that is wrong with it, and leaves nothing.

use std::fs::{self, File};
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use drr_core::TrialSpec;
use drr_core::journal::{Point, Writer};
use drr_core::result::{EnvironmentClass, FORMAT, TrialResult};
use drr_core::trial_dir::TrialDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::crate_metadata::{self, describe};
use super::*;
use crate::error::Exit;
use crate::plan::made_up::{asked, expanded};
use crate::plan::{read_sweep, write_sweep};
use crate::sweep::Sweep;

/// More than anything here, so that bounds of kinds are those of small bundles.
const LIMIT: u64 = 1 << 30;

/// Writes the folder of a finished trial.
fn finish(runs: &Path, spec: &TrialSpec) {
    let folder = TrialDir::new(runs, spec.id());
    folder.prepare(spec).expect("prepared");
    let mut journal = Writer::create(&folder.journal(), spec.id()).expect("a journal");
    journal.append(vec![Point::new("loss", 1, 0.5)]).expect("written");
    let word = || "one".to_owned();
    let result = TrialResult {
        format: FORMAT,
        trial: spec.id(),
        metrics: [("precision@5".to_owned(), 0.5)].into(),
        repeats: 1,
        metrics_digest: journal.finish().expect("written"),
        model_digest: None,
        artifacts: Default::default(),
        environment: EnvironmentClass {
            libtorch: word(),
            isa: word(),
            device: word(),
            driver: word(),
            numerics: word(),
        },
        wall_s: 0.5,
        usage: None,
    };
    result.write(&folder.result()).expect("a result");
}

/// A runs folder with a finished sweep, and its bundle's members.
struct ExportedSweep {
    folder: tempfile::TempDir,
    sweep: Sweep,
    members: Vec<(String, Vec<u8>)>,
}

impl ExportedSweep {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = folder.path().join("runs");
        let sweep = expanded("name = \"one\"\ndataset = \"ml-100k\"\nseeds = 1\n[drr]\ntau = [0.001, 0.01]", &[]);
        write_sweep(&sweep, &asked(&sweep), &runs).expect("written");
        sweep.trials.iter().for_each(|trial| finish(&runs, &trial.spec));
        let file = folder.path().join("whole.zip");
        export(&runs, folder.path(), &sweep, &file).expect("exported");
        let mut archive = ZipArchive::new(File::open(&file).expect("there")).expect("an archive");
        let members = (0..archive.len()).map(|index| {
            let mut entry = archive.by_index(index).expect("a member");
            let (name, mut bytes) = (entry.name().expect("text").into_owned(), Vec::new());
            entry.read_to_end(&mut bytes).expect("readable");
            (name, bytes)
        });
        let members = members.collect();
        Self { folder, sweep, members }
    }

    /// The members, changed and described as they are then.
    fn described(&self, change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> Vec<(String, Vec<u8>)> {
        let mut members = self.members.clone();
        members.retain(|(name, _)| name != crate_metadata::NAME);
        change(&mut members);
        let file = |(name, bytes): &(String, Vec<u8>)| crate_metadata::CrateFile {
            name: name.clone(),
            bytes: bytes.len() as u64,
            sha256: drr_core::Digest::of(bytes).to_string(),
        };
        let files: Vec<_> = members.iter().map(file).collect();
        let text = serde_json::to_vec(&describe(&self.sweep, "", &files)).expect("JSON");
        members.push((crate_metadata::NAME.to_owned(), text));
        members
    }

    /// Takes the archive of these members in, elsewhere.
    fn import(&self, members: &[(String, Vec<u8>)]) -> Result<Imported, String> {
        self.import_bytes(&archive(members))
    }

    fn import_bytes(&self, bytes: &[u8]) -> Result<Imported, String> {
        let file = self.folder.path().join("changed.zip");
        fs::write(&file, bytes).expect("written");
        let there = self.there();
        import(&there, &file, LIMIT).map_err(|error| {
            assert_eq!(error.exit, Exit::Mismatch, "{}", error.message);
            assert!(!there.join("import").exists() && !there.join("trials").exists(), "it leaves nothing");
            error.message
        })
    }

    fn there(&self) -> PathBuf {
        self.folder.path().join("there")
    }
}

fn archive(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(name, SimpleFileOptions::default()).expect("begun");
        writer.write_all(bytes).expect("written");
    }
    writer.finish().expect("ended").into_inner()
}

fn find<'a>(members: &'a mut [(String, Vec<u8>)], end: &str) -> &'a mut Vec<u8> {
    &mut members.iter_mut().find(|(name, _)| name.ends_with(end)).expect("there").1
}

#[test]
fn a_bundle_comes_in_and_once_more() {
    let place = ExportedSweep::new();
    let done = place.import(&place.members).expect("whole");
    assert_eq!((done.taken.len(), done.known, done.sweeps.len()), (place.sweep.trials.len(), 0, 1));
    let again = place.import_again(&place.members).expect("whole");
    assert_eq!((again.taken.len(), again.known), (0, place.sweep.trials.len()));
    assert!(again.other_text.is_empty());
}

impl ExportedSweep {
    /// As [`Self::import`], where something is there already.
    fn import_again(&self, members: &[(String, Vec<u8>)]) -> crate::error::Result<Imported> {
        let file = self.folder.path().join("again.zip");
        fs::write(&file, archive(members)).expect("written");
        import(&self.there(), &file, LIMIT)
    }
}

#[test]
fn what_is_no_bundle_is_refused_with_the_reason() {
    let place = ExportedSweep::new();
    let says = |members: &[(String, Vec<u8>)]| place.import(members).expect_err("no bundle");
    assert!(says(&[]).ends_with("it is empty"));
    let trials_alone = place.described(|members| members.retain(|(name, _)| name.starts_with("trials/")));
    assert!(says(&trials_alone).ends_with("it holds no sweep"));
    let half = place.described(|members| members.retain(|(name, _)| !name.ends_with("trials.jsonl")));
    assert!(says(&half).contains("the sweep one is not whole: there is no trials.jsonl"));
    let other = ExportedSweep::new();
    let stray = place.described(|members| {
        let lines = find(members, "trials.jsonl");
        let text = String::from_utf8(lines.clone()).expect("text");
        // Without its last trial, an evaluation that nothing stands on.
        let kept: Vec<&str> = text.lines().collect();
        *lines = (kept[..kept.len() - 1].join("\n") + "\n").into_bytes();
    });
    assert!(says(&stray).contains("belongs to none of its sweeps"), "{}", says(&stray));
    let described: Vec<_> = other.members.iter().filter(|(name, _)| name != crate_metadata::NAME).cloned().collect();
    assert!(says(&described).ends_with("it has no ro-crate-metadata.json"));
    let mut missing = place.members.clone();
    missing.retain(|(name, _)| !name.ends_with("result.json"));
    assert!(says(&missing).ends_with("result.json is missing"), "{}", says(&missing));
    let mut changed = place.members.clone();
    find(&mut changed, "sweep.toml").extend_from_slice(b"# changed on the way\n");
    assert!(says(&changed).ends_with("sweeps/one/sweep.toml is not as ro-crate-metadata.json describes it"));
}

#[test]
fn two_members_of_one_name_are_refused() {
    let place = ExportedSweep::new();
    let mut twice = place.members.clone();
    let (name, bytes) = twice.iter().find(|(name, _)| name.ends_with("sweep.toml")).expect("there").clone();
    // Of the same length as the real name, which it is given in the finished archive.
    twice.push((name.replace("sweep.toml", "sweep.tomm"), bytes));
    let mut bytes = archive(&twice);
    let (from, to) = (b"sweep.tomm", b"sweep.toml");
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    let why = place.import_bytes(&bytes).expect_err("two of one name");
    assert!(why.ends_with("it has two members of one name"), "{why}");
}

#[test]
fn members_that_unpack_to_too_much_are_refused_before_they_are_read() {
    let place = ExportedSweep::new();
    let says = |end: &str, bytes: Vec<u8>| {
        let members = place.described(|members| {
            let folder = members.last().and_then(|(name, _)| name.rsplit_once('/')).expect("a trial").0.to_owned();
            if !members.iter().any(|(name, _)| name.ends_with(end)) {
                members.push((format!("{folder}/{end}"), Vec::new()));
            }
            *find(members, end) = bytes;
        });
        place.import(&members).expect_err("too much")
    };
    let mut stream = drr_core::Seed(1).stream("bundle/test");
    let mut noise = |count: usize| -> Vec<u8> { (0..count).map(|_| b'a' + (stream.below(26)) as u8).collect() };
    let (line, small) = (noise(5 << 20), noise(6 << 20));
    assert!(says("model.safetensors", vec![0; 40 << 20]).contains("more than 100 times its size"));
    assert!(says("journal.jsonl", vec![b'\n'; 3 << 20]).contains("more than 100 times its size"));
    assert!(says("journal.jsonl", line.clone()).contains("is larger than 4194304 bytes"), "1/256 of the limit");
    assert!(says("trials.jsonl", line).contains("a line of more than 1048576 bytes"));
    for end in ["spec.json", "result.json", "provenance.json", "sweep.toml"] {
        let said = says(end, small.clone());
        assert!(said.contains("is larger than 4194304 bytes, which such a file may have"), "{end}: {said}");
    }
    let file = place.folder.path().join("whole.zip");
    let small = import(&place.there(), &file, 1000).expect_err("larger").message;
    assert!(small.contains("bytes") && small.contains("--limit allows more"), "{small}");
}

#[test]
fn a_sweep_that_is_here_with_another_text_stays_and_is_named() {
    let place = ExportedSweep::new();
    place.import(&place.members).expect("whole");
    let other = place.described(|members| find(members, "sweep.toml").extend_from_slice(b"# elsewhere\n"));
    let done = place.import_again(&other).expect("the same trials");
    assert_eq!(done.other_text, ["one"]);
    assert_eq!(
        (&done.sweeps[0].text, done.known),
        (&place.sweep.text, place.sweep.trials.len()),
        "ours is what is recorded"
    );
    assert_eq!(read_sweep(&place.there(), "one").expect("readable").text, place.sweep.text);
    let another = place.described(|members| {
        let lines = find(members, "trials.jsonl");
        let text = String::from_utf8(lines.clone()).expect("text");
        let kept: Vec<&str> = text.lines().collect();
        *lines = (kept[..kept.len() - 1].join("\n") + "\n").into_bytes();
        members.retain(|(name, _)| !name.starts_with("trials/"));
    });
    let error = place.import_again(&another).expect_err("other trials").message;
    assert!(error.ends_with("another sweep is called one here"), "{error}");
}
