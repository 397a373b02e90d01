//! The trainers in `sweeps/external`, with the packages that they pin: real programs that know nothing of drr-lab.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::Place;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The program, with the Python that has their packages.
fn drr_lab(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.drr_lab(arguments);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", root().join("target/external/bin").display()));
    command
}

fn expect(place: &Place, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = super::said(&drr_lab(place, arguments).output().expect("it starts"));
    assert_eq!(code, 0, "{arguments:?}\n{stdout}\n{stderr}");
    stdout
}

#[test]
#[ignore = "needs packages of Python"]
fn a_classifier_of_scikit_learn() {
    let place = Place::new();
    let sweep = root().join("sweeps/external/classifier/sweep.toml").display().to_string();
    let stdout = expect(&place, &["sweep", &sweep, "--seeds", "1", "--set", "C=1.0,10.0"]);
    assert!(stdout.contains("rbf") && stdout.contains("0.98"), "{stdout}");
    let stdout = expect(&place, &["verify", "svm-digits", "--sample", "2"]);
    assert!(stdout.contains("replay: 2 bitwise"), "{stdout}");
}

#[test]
#[ignore = "needs packages of Python"]
fn recommenders_of_surprise_beside_built_in_ones() {
    let place = Place::new();
    let base = root().join("sweeps/external/surprise");
    // The same on a made-up world: no data is fetched for a test.
    place.file(
        "made-up.toml",
        &format!(
            "name = \"made-up\"\nextends = \"{0}/sweep.toml\"\nseeds = 1\nbaselines = [\"popularity\", \"random\"]\n\
             [command]\nfolder = \"{0}\"\ndata = {{ dataset = \"synthetic\" }}\n\
             [synthetic]\nusers = 200\nitems = 150\nratings = 9_000\n[pmf]\nepochs = 5\n[offline]\nk = [5]\n",
            base.display()
        ),
    );
    let stdout = expect(&place, &["sweep", "made-up.toml"]);
    assert!(stdout.contains("svdpp") && stdout.contains("knn") && stdout.contains("popularity"), "{stdout}");
    let stdout = expect(&place, &["verify", "made-up"]);
    assert!(!stdout.contains("diverged") && stdout.contains("bitwise"), "{stdout}");
}
