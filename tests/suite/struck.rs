//! A worker that is killed between the first result of a cohort and its last word, at each call to the system on the way,
//! and a sweep that is stopped while it repairs the loss: nothing that was finished is trained again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::common::strike::Strike;
use crate::common::worker::{ended, place, signal, started, sweep, wait_until};
use crate::common::{Place, metrics_digests};
use drr_core::finished;
use drr_core::trial_dir::TrialDir;
use nix::sys::signal::Signal;

/// Two PMFs, four recommenders, an evaluation of each.
const TRIALS: usize = 10;

/// A place with a sweep whose recommenders are one cohort.
fn with_a_cohort() -> (Place, std::path::PathBuf) {
    let (place, worker) = place();
    let text = crate::common::SMALL.replace("baselines = [\"random\", \"pmf\"]", "baselines = []");
    place.file("small.toml", &format!("{text}\n[execution]\ncohort = 4\nbackoff = 0.01\n"));
    (place, worker)
}

/// The results there are: which file each is, and when it was written. All of them hold.
fn results(place: &Place) -> BTreeMap<String, (u64, i64, i64)> {
    let trials = TrialDir::all(&place.runs()).expect("listed");
    let result = |trial| {
        let folder = TrialDir::new(&place.runs(), trial);
        let file = fs::metadata(folder.result()).ok()?;
        finished::read(&folder).expect("whoever was killed, what is there holds");
        Some((trial.to_string(), (file.ino(), file.mtime(), file.mtime_nsec())))
    };
    trials.into_iter().filter_map(result).collect()
}

#[test]
fn a_finished_trial_is_never_trained_again() {
    let (undisturbed, worker) = with_a_cohort();
    assert_eq!(ended(sweep(&undisturbed, &worker, "well", &["--jobs", "1"])).0, 0);
    let expected = metrics_digests(&undisturbed.runs());
    assert_eq!(expected.len(), TRIALS);
    let mut counts = Vec::new();
    for call in 1.. {
        let case = format!("killed before call {call}");
        let (place, worker) = with_a_cohort();
        let (order, missed, again) =
            (place.path().join("strike"), place.path().join("missed"), place.path().join("again"));
        Strike { results: 2, call }.order(&order);
        let child = started(sweep(&place, &worker, "struck", &["--jobs", "1"]));
        // The next worker stands still with what it was given, if it is given anything.
        let mut child = Some(child);
        wait_until("the loss is being repaired, or nothing is left to do", || {
            again.exists()
                || missed.exists()
                || child.as_mut().is_some_and(|it| it.try_wait().expect("asked").is_some())
        });
        let before = results(&place);
        let child = child.take().expect("it was started");
        if again.exists() {
            signal(&child, Signal::SIGTERM);
        }
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        if missed.exists() || before.len() > 6 {
            // All of the cohort had been said to be finished.
            break;
        }
        assert_eq!(output.status.code(), Some(if again.exists() { 130 } else { 0 }), "{case}: {stderr}");
        let (code, _, stderr) = ended(sweep(&place, &worker, "well", &["--jobs", "1"]));
        assert_eq!(code, 0, "{case}: the same command goes on: {stderr}");
        let after = results(&place);
        assert!(
            before.iter().all(|(trial, file)| after.get(trial) == Some(file)),
            "{case}: a result was written twice"
        );
        assert_eq!(metrics_digests(&place.runs()), expected, "{case}");
        let verified = place.run(&["verify", "--integrity-only"]);
        assert_eq!(verified.status.code(), Some(0), "{case}: {}", String::from_utf8_lossy(&verified.stdout));
        counts.push(before.len());
    }
    // Two PMFs; then one recommender after the other.
    assert_eq!((counts.first(), counts.last()), (Some(&2), Some(&6)), "{counts:?}");
    assert!((2..=6).all(|count| counts.contains(&count)) && counts.len() > 20, "{counts:?}");
}
