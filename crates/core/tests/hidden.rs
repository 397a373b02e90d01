//! A finished trial's folder whose records hold characters that nobody sees is refused, file by file.

use drr_core::artifacts::Artifacts;
use drr_core::finished::{self, Fault};
use drr_core::journal::{Point, Writer};
use drr_core::result::{EnvironmentClass, FORMAT, TrialResult};
use drr_core::spec::{DatasetSpec, RatingsSpec, RewardRule, Settings, SplitSpec, Upstream, WITH_RATINGS};
use drr_core::trial_dir::TrialDir;
use drr_core::{Digest, Seed, TrialSpec};

/// Writes a folder as a worker does, with these names in it, and reads it again.
fn read_with(dataset: &str, metric: &str, device: &str, points: &str) -> Result<(), String> {
    let runs = tempfile::tempdir().expect("a folder");
    let spec = TrialSpec {
        format: WITH_RATINGS,
        kind: "pmf".into(),
        digest: Digest::of(b"sources"),
        settings: Settings::default(),
        policy: None,
        upstream: Upstream::default(),
        ratings: Some(RatingsSpec {
            dataset: DatasetSpec { name: dataset.to_owned(), fingerprint: Digest::of(b"ratings"), synthetic: None },
            split: SplitSpec::default(),
            reward: RewardRule::STARS,
        }),
        seed: Seed(1),
    };
    let folder = TrialDir::new(runs.path(), spec.id());
    folder.prepare(&spec).expect("prepared");
    let mut journal = Writer::create(&folder.journal(), spec.id()).expect("a journal");
    journal.append(vec![Point::new(points, 1, 0.5)]).expect("written");
    let environment = EnvironmentClass {
        libtorch: "2".to_owned(),
        isa: "avx2".to_owned(),
        device: device.to_owned(),
        driver: String::new(),
        numerics: "strict".to_owned(),
    };
    let result = TrialResult {
        format: FORMAT,
        trial: spec.id(),
        metrics: [(metric.to_owned(), 0.5)].into(),
        repeats: 1,
        metrics_digest: journal.finish().expect("written"),
        model_digest: None,
        artifacts: Artifacts::new(),
        environment,
        wall_s: 0.5,
        usage: None,
    };
    result.write(&folder.result()).expect("written");
    match finished::read(&folder) {
        Ok(_) => Ok(()),
        Err(Fault::Changed(why)) => Err(why),
        Err(fault) => panic!("{fault}"),
    }
}

#[test]
fn names_are_letters_in_every_record() {
    let fine = ["ml-100k", "precision@5", "NVIDIA H100 80GB", "train/reward"];
    assert_eq!(read_with(fine[0], fine[1], fine[2], fine[3]), Ok(()));
    assert_eq!(read_with("דירוגים 🎬", "é", "é", "é"), Ok(()), "other scripts are letters too");
    for bad in ["\x1b[2J", "a\rb", "one\n::error::x", "\u{202e}a", "\u{7f}"] {
        for (at, says) in [
            (0, "spec.json: `dataset.name` holds the "),
            (1, "result.json: the key \""),
            (2, "result.json: `environment.device` holds the "),
            (3, "journal.jsonl:2: the name of the metric `"),
        ] {
            let mut names = fine;
            names[at] = bad;
            let why = read_with(names[0], names[1], names[2], names[3]).expect_err("hidden");
            assert!(why.contains(says) && why.contains(" U+"), "{why}");
            assert!(!why.contains(bad), "the refusal does not say it raw: {why:?}");
        }
    }
}
