//! What is recorded and how it is read back, through the program: a sweep that is run again in another form, and what
//! becomes of the trials it held.

mod common;

use common::worker::{ended, place, sweep};
use common::{Place, metrics_digests};

/// Not a test: the worker itself, started by the others as a program of its own.
#[test]
#[ignore = "it is the worker of the other tests"]
fn play_the_worker() {
    common::worker::play();
}

const TRIALS: usize = 14;

/// The sweep runs with more arguments and ends well; what it said to people.
fn ran(place: &Place, worker: &std::path::Path, more: &[&str]) -> String {
    let (code, stdout, stderr) = ended(sweep(place, worker, "well", more));
    assert_eq!(code, 0, "{stdout}{stderr}");
    stderr
}

/// The program ends well; what it printed.
fn done(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn trials_recorded(place: &Place) -> usize {
    done(place, &["runs", "list", "small"]).lines().count()
}

#[test]
fn a_run_of_a_part_does_not_narrow_the_record() {
    let (place, worker) = place();
    for part in [&["--only", "tau=0.001"][..], &["--seeds", "1"], &["--only", "tau=0.01", "--seeds", "1"]] {
        ran(&place, &worker, &[]);
        assert_eq!(trials_recorded(&place), TRIALS);
        let said = ran(&place, &worker, part);
        assert!(!said.contains("definition"), "{said}");
        assert_eq!(trials_recorded(&place), TRIALS, "{part:?}");
        assert!(done(&place, &["runs", "gc"]).contains("nothing to remove: sweeps refer to all there is"));
        done(&place, &["verify", "--integrity-only"]);
        assert!(done(&place, &["report", "small", "--format", "csv"]).contains("0.01"), "{part:?}");
    }
    // From parts to the whole, and with more seeds than the file has.
    let other = Place::new();
    other.file("small.toml", common::SMALL);
    for (part, trials) in [
        (&["--only", "tau=0.001", "--seeds", "1"][..], 5),
        (&["--only", "tau=0.01", "--seeds", "1"], 7),
        (&["--seeds", "3"], 21),
        (&["--seeds", "1"], 21),
    ] {
        let said = ran(&other, &worker, part);
        assert!(!said.contains("definition"), "{said}");
        assert_eq!(trials_recorded(&other), trials, "{part:?}");
        done(&other, &["verify", "--integrity-only"]);
    }
}

#[test]
fn a_changed_definition_says_what_left_and_gc_keeps_it() {
    for (more, text, says) in [
        (&[][..], common::SMALL.replace("[0.001, 0.01]", "0.001"), "drr.tau no longer has 0.01"),
        (&["--set", "tau=0.001"], common::SMALL.to_owned(), "drr.tau no longer has 0.01"),
        (&[], common::SMALL.replace("seeds = 2", "seeds = 1"), "no longer of the seeds: 1"),
        (&[], common::SMALL.replace("train_steps = 60", "train_steps = 70"), "train_steps was 60, is 70"),
    ] {
        let (place, worker) = place();
        ran(&place, &worker, &[]);
        place.file("small.toml", &text);
        let said = ran(&place, &worker, more);
        assert!(said.contains("small: the record of this name had 14 trials; ") && said.contains(says), "{said}");
        let trials = metrics_digests(&place.runs());
        let shown = done(&place, &["runs", "gc"]);
        assert!(shown.contains("more were finished trials of an earlier form of small"), "{shown}");
        done(&place, &["runs", "gc", "--yes"]);
        assert_eq!(metrics_digests(&place.runs()), trials, "nothing finished goes unasked");
        done(&place, &["verify", "--integrity-only"]);
        let asked = done(&place, &["runs", "gc", "--earlier"]);
        assert!(
            asked.contains("finished, of an earlier form of small") && asked.contains("nothing was removed"),
            "{asked}"
        );
        // The earlier form again: all is found, and nothing is of an earlier form any more.
        place.file("small.toml", common::SMALL);
        ran(&place, &worker, &[]);
        assert_eq!(trials_recorded(&place), TRIALS);
        place.file("small.toml", &text);
        ran(&place, &worker, more);
        done(&place, &["runs", "gc", "--earlier", "--yes"]);
        assert!(metrics_digests(&place.runs()).len() < trials.len());
        assert!(done(&place, &["runs", "gc"]).contains("nothing to remove: sweeps refer to all there is"));
        done(&place, &["verify", "--integrity-only"]);
    }
}
