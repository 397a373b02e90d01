//! `drr-lab report` from the outside: it writes again while a sweep goes on, and refuses what it cannot mean.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Place, SMALL, trainer};

fn sweep(place: &Place, more: &[&str]) {
    let mut command = place.drr_lab(&["sweep", "small.toml", "--worker"]);
    let output = command.arg(trainer()).args(more).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Ended whatever becomes of the test.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_watched_report_is_written_again_when_more_is_recorded() {
    let place = Place::new();
    place.file("small.toml", SMALL);
    sweep(&place, &["--seeds", "1"]);
    let mut command = place.drr_lab(&["report", "small", "--watch", "--format", "html", "--output", "quiet"]);
    let _watching = Watching(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts"));
    let page = place.path().join("reports/small/index.html");
    let wait_for = |what: &str| {
        let began = Instant::now();
        while !fs::read_to_string(&page).unwrap_or_default().contains(what) {
            assert!(began.elapsed() < Duration::from_secs(60), "the page never said: {what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    wait_for("<dt>seeds</dt><dd>1</dd>");
    sweep(&place, &["--seeds", "2"]);
    wait_for("<dt>seeds</dt><dd>2</dd>");
}

#[test]
fn axes_and_keys_that_are_not_there_are_refused_with_those_that_are() {
    let place = Place::new();
    place.file("small.toml", SMALL);
    sweep(&place, &["--seeds", "1"]);
    for (arguments, said) in [
        (["--by", "gamma"], "`gamma` is no axis of sweep `small`"),
        (["--pivot", "tau"], "name two axes"),
        (["--sort", "beauty"], "to sort by"),
        (["--baseline", "als"], "is the baseline als"),
    ] {
        let output = place.run(&["report", "small", arguments[0], arguments[1]]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
    let output = place.run(&["report", "small", "--by", "tau", "--sort", "tau", "--band", "iqm"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
