//! What `--help` says, how soon, and what is said to arguments that make no sense.

use std::time::{Duration, Instant};

use crate::common::{Place, transcript};
use insta::assert_snapshot;

#[test]
fn help_of_the_program() {
    assert_snapshot!(transcript(&Place::new().run(&["--help"])));
}

#[test]
fn help_of_sweep() {
    assert_snapshot!(transcript(&Place::new().run(&["sweep", "--help"])));
}

#[test]
fn help_of_check() {
    assert_snapshot!(transcript(&Place::new().run(&["check", "--help"])));
}

#[test]
fn an_unknown_verb() {
    assert_snapshot!(transcript(&Place::new().run(&["swep"])));
}

#[test]
fn a_sweep_without_a_file() {
    assert_snapshot!(transcript(&Place::new().run(&["sweep"])));
}

#[test]
fn help_answers_at_once() {
    let place = Place::new();
    let took = |_| {
        let start = Instant::now();
        assert!(place.run(&["--help"]).status.success());
        start.elapsed()
    };
    // The best of twenty: the machine may be busy, the program must not be slow.
    let best = (0..20).map(took).min().expect("twenty runs");
    assert!(best < Duration::from_millis(20), "{best:?}");
}
