//! Records of older formats are read for good: `fixtures/format-1` was written by the first program that wrote any,
//! `format-2` by the last one before kinds were data; neither is ever written anew. Records of a newer format are refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::common::Place;

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

/// A copy of what a format looks like, as a runs folder.
fn recorded(format: u32) -> Place {
    let place = Place::new();
    let fixture = format!("tests/fixtures/format-{format}");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture), &place.runs());
    place
}

/// A format, the sweep that was recorded in it, and its trials.
const RECORDED: [(u32, &str, usize); 2] = [(1, "first", 6), (2, "second", 32)];

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
fn what_an_older_format_recorded_is_whole_shown_reported_and_indexed() {
    for (format, sweep, count) in RECORDED {
        let place = recorded(format);
        let all = trials(&place);
        assert_eq!(all.len(), count);
        for trial in &all {
            let spec = fs::read_to_string(trial.join("spec.json")).expect("a spec");
            assert!(spec.contains(&format!("\"format\":{format},\"job\"")), "{spec}");
            assert_eq!(spec.contains("held_out"), format > 1, "{spec}");
        }
        let whole = format!("integrity: {count} as they were written, 0 changed");
        assert!(done(&place, &["verify", "--integrity-only"]).contains(&whole));
        done(&place, &["runs", "reindex"]);
        assert!(done(&place, &["verify", "--integrity-only"]).contains(&whole));
        assert!(done(&place, &["runs", "list"]).contains(sweep));
        let drr =
            all.iter().find(|it| fs::read_to_string(it.join("spec.json")).is_ok_and(|it| it.contains("actor_lr")));
        let id = drr.and_then(|it| it.file_name()).expect("a recommender").to_string_lossy().into_owned();
        assert!(done(&place, &["runs", "show", &id]).contains("drr, seed "));
        assert!(done(&place, &["report", sweep]).contains("tables"));
        done(&place, &["export", "--bundle", sweep, "old.zip"]);
        done(&place, &["--runs", "there", "runs", "import", "old.zip"]);
        assert!(done(&place, &["--runs", "there", "verify", "--integrity-only"]).contains(&whole));
    }
}

#[test]
fn trials_of_an_older_format_run_again_on_todays_worker() {
    for (format, sweep, count) in RECORDED {
        let place = recorded(format);
        let output = place.run(&["verify", sweep]);
        let text = said(&output);
        assert!(text.contains("replay: ") && !text.contains("cannot be run"), "{text}");
        // The training has changed since the first; the second's numbers are today's, whatever moved between files.
        match format {
            1 => assert!(text.contains("code.train_sources."), "what changed is named: {text}"),
            _ => {
                // Rankings and rewards are the same; what learned computes with other last bits, and its class says so.
                assert!(text.contains("recorded on libtorch 2.11.0, avx2, cpu, strict"), "{text}");
                let counted = text.lines().find_map(|line| line.strip_prefix("replay: ")).expect("counts").to_owned();
                let of = |word: &str| -> usize {
                    let part = counted.split(", ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok());
                    part.unwrap_or(0)
                };
                assert_eq!(of("bitwise") + of("of another class"), count, "no other verdict: {counted}");
                assert!(of("bitwise") >= 4, "rankings and what answers them: {counted}");
                // Defaults have changed since: the recorded file gives other trials today.
                assert_eq!(output.status.code(), Some(5), "{text}");
            }
        }
    }
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
        let place = recorded(1);
        newer(&trials(&place)[0].join(file));
        let output = place.run(&["verify", "--integrity-only"]);
        assert_eq!(output.status.code(), Some(5), "{file}: {}", said(&output));
        assert!(said(&output).contains("format 99 is newer than this program reads"), "{file}: {}", said(&output));
    }
    let place = recorded(1);
    newer(&place.runs().join("sweeps/first/trials.jsonl"));
    let output = place.run(&["runs", "reindex"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("format 99 is newer than this program reads"), "{}", said(&output));
}
