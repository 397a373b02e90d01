//! Sweeps of commands: any program as a trial, with the guarantees that built-in trials have. The programs are shell
//! scripts, so that nothing needs to be installed.

mod external;
mod hostile;
mod language;
mod scores;
mod stages;
mod whole;

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use crate::common::Place;

/// A program that tells two metrics and leaves a file, decided by its parameter and its seed.
const TRAIN: &str = r#"
for step in 1 2 3; do
  echo "{\"step\": $step, \"loss\": $(awk "BEGIN { print $1 / $step + $2 / 1000 }")}" >> "$DRR_LAB_METRICS"
done
echo "{\"accuracy\": $(awk "BEGIN { print 1 - $1 - $2 / 1000 }")}" >> "$DRR_LAB_METRICS"
echo "weights of $1, seed $2" > "$DRR_LAB_OUT/model.txt"
"#;

/// The sweep that runs it.
const SWEEP: &str = r#"name = "small"
seeds = 3
[command]
run = ["sh", "train.sh", "{lr}", "{seed}"]
code = ["train.sh"]
metrics = { accuracy = "max", loss = "min" }
[params]
lr = [0.1, 0.2]
"#;

/// A folder with both.
fn small() -> Place {
    let place = Place::new();
    place.file("train.sh", TRAIN);
    place.file("small.toml", SWEEP);
    place
}

/// A folder with a sweep of one trial that runs this script, and these keys of `[command]`.
fn scripted(script: &str, keys: &str, execution: &str) -> Place {
    let place = Place::new();
    place.file("train.sh", script);
    let sweep = format!(
        "name = \"small\"\nseeds = 1\n[command]\nrun = [\"sh\", \"train.sh\"]\ncode = [\"train.sh\"]\n\
         metrics = {{ loss = \"min\" }}\n{keys}\n[execution]\nbackoff = 0.05\n{execution}\n"
    );
    place.file("small.toml", &sweep);
    place
}

/// Exit code, stdout and stderr.
fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// Runs the program, and expects this exit code.
fn expect(place: &Place, code: i32, arguments: &[&str]) -> (String, String) {
    let (found, stdout, stderr) = said(&place.run(arguments));
    assert_eq!(found, code, "{arguments:?}\n{stdout}\n{stderr}");
    (stdout, stderr)
}

/// The folders of the trials, by name.
fn trials(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.runs().join("trials")).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

/// A trial's result.
fn result(folder: &std::path::Path) -> Value {
    let text = fs::read(folder.join("result.json")).expect("it has a result");
    serde_json::from_slice(&text).expect("a result is JSON")
}

/// The only trial's result.
fn only_result(place: &Place) -> Value {
    let folders = trials(place);
    assert_eq!(folders.len(), 1, "one trial");
    result(&folders[0])
}
