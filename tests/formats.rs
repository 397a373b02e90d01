//! Records of older formats are read for good: `fixtures/format-1` was written by the first program that wrote any, and
//! is never written anew. Records of a newer format are refused.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use common::Place;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}

/// A copy of what the first format looks like, as a runs folder.
fn recorded() -> Place {
    let place = Place::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format-1"), &place.runs());
    place
}

fn trials(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.runs().join("trials")).expect("trials");
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    all.sort();
    all
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn done(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
    said(&output)
}

#[test]
fn what_the_first_format_recorded_is_whole_shown_reported_and_indexed() {
    let place = recorded();
    let all = trials(&place);
    assert_eq!(all.len(), 6);
    for trial in &all {
        let spec = fs::read_to_string(trial.join("spec.json")).expect("a spec");
        assert!(spec.contains("\"format\":1") && !spec.contains("held_out"), "{spec}");
    }
    assert!(done(&place, &["verify", "--integrity-only"]).contains("integrity: 6 as they were written, 0 changed"));
    done(&place, &["runs", "reindex"]);
    assert!(done(&place, &["verify", "--integrity-only"]).contains("integrity: 6 as they were written, 0 changed"));
    assert!(done(&place, &["runs", "list"]).contains("first"));
    let drr = all.iter().find(|it| fs::read_to_string(it.join("spec.json")).is_ok_and(|it| it.contains("actor_lr")));
    let id = drr.and_then(|it| it.file_name()).expect("a recommender").to_string_lossy().into_owned();
    assert!(done(&place, &["runs", "show", &id]).contains("reward_last_tenth"));
    assert!(done(&place, &["report", "first"]).contains("tables"));
    done(&place, &["export", "--bundle", "first", "first.zip"]);
    done(&place, &["--runs", "there", "runs", "import", "first.zip"]);
    assert!(done(&place, &["--runs", "there", "verify", "--integrity-only"]).contains("integrity: 6 as they were"));
}

#[test]
fn trials_of_the_first_format_run_again_on_todays_worker() {
    let place = recorded();
    let output = place.run(&["verify", "first"]);
    // The training has changed since; whether they come out the same is for the sources to say.
    let code = output.status.code();
    assert!(code == Some(0) || code == Some(5), "{}", said(&output));
    let text = said(&output);
    assert!(text.contains("replay: ") && !text.contains("cannot be run"), "{text}");
    assert!(text.contains("code.train_sources.train/src/"), "what changed is named: {text}");
}

#[test]
fn newer_formats_are_refused_and_called_newer() {
    let newer = |file: &Path| {
        let text = fs::read_to_string(file).expect("readable");
        let at = text.find("\"format\":").expect("a format") + "\"format\":".len();
        let end = at + text[at..].find([',', '}']).expect("it ends");
        fs::write(file, format!("{}99{}", &text[..at], &text[end..])).expect("written");
    };
    for file in ["spec.json", "journal.jsonl", "result.json"] {
        let place = recorded();
        newer(&trials(&place)[0].join(file));
        let output = place.run(&["verify", "--integrity-only"]);
        assert_eq!(output.status.code(), Some(5), "{file}: {}", said(&output));
        assert!(said(&output).contains("format 99 is newer than this program reads"), "{file}: {}", said(&output));
    }
    let place = recorded();
    newer(&place.runs().join("sweeps/first/trials.jsonl"));
    let output = place.run(&["runs", "reindex"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("format 99 is newer than this program reads"), "{}", said(&output));
}
