//! The program against texts that drive a terminal or give commands to a build server: whatever they stand in, files,
//! arguments, a worker's messages, what comes out does nothing but be read, and records that hold them are refused.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;

use crate::common::worker::{HOSTILE, ended, place, sweep};
use crate::common::{Place, SMALL};
use drr_core::neutral::HiddenCharacter;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

#[track_caller]
fn assert_harmless(what: &str, text: &str) {
    if let Some((hidden, line, _)) = HiddenCharacter::first_in_lines(text) {
        panic!("{what}: line {line} holds {hidden}: {text:?}");
    }
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{what}: {line}");
    }
}

/// Runs the program and returns its exit code and all that it says, which must be harmless.
#[track_caller]
fn said(place: &Place, arguments: &[&str]) -> (i32, String) {
    let (code, stdout, stderr) = ended(place.drr_lab(arguments));
    let what = arguments.join(" ");
    assert_harmless(&what, &stdout);
    assert_harmless(&what, &stderr);
    (code, stdout + &stderr)
}

/// The id of the trial whose folder has such a file.
fn trial_with(place: &Place, file: &str) -> String {
    let trials = fs::read_dir(place.runs().join("trials")).expect("trials");
    let mut with = trials.map(|entry| entry.expect("an entry").path()).filter(|path| path.join(file).is_file());
    with.next().and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned())).expect("one of them")
}

#[test]
fn a_hostile_worker_says_nothing_but_text() {
    for how in ["human", "json"] {
        let (place, worker) = place();
        let (code, stdout, stderr) = ended(sweep(&place, &worker, "hostile", &["--output", how]));
        assert_eq!(code, 1, "{stderr}");
        assert_harmless("stdout", &stdout);
        assert_harmless("stderr", &stderr);
        if how == "json" {
            let failed = |line: &str| -> Option<String> {
                let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
                (event["event"] == "trial-failed").then(|| event["reason"].as_str().unwrap_or_default().to_owned())
            };
            assert!(
                stdout.lines().filter_map(failed).any(|reason| reason.contains(HOSTILE)),
                "programs read it as it was"
            );
            continue;
        }
        let told: Vec<&str> = stderr.lines().filter(|line| line.starts_with("FAILED")).collect();
        assert!(told[0].ends_with(r"\n \u003a:stop-commands::e") || told[0].contains(r"\u001b[2J"), "{stderr}");
        assert!(stderr.contains(r"  | \u003a:error::forged"), "the log's end is shown: {stderr}");

        let trial = trial_with(&place, "failure.json");
        for arguments in [
            &["runs", "show", &trial[..12]][..],
            &["runs", "show", &trial[..12], "--output", "json"],
            &["runs", "list", "small"],
            &["runs", "list"],
            &["runs", "reindex"],
            &["verify", "small", "--integrity-only"],
            &["report", "small", "--format", "md,csv,json"],
        ] {
            said(&place, arguments);
        }
        let (_, shown) = said(&place, &["runs", "show", &trial[..12]]);
        assert!(shown.contains(r"failed      \u001b[2J\u0007\u009b1m a\rb \u202ec\u2066 \u0023#[error]d\n"), "{shown}");
        let (code, _, stderr) = ended(sweep(&place, &worker, "well", &[]));
        assert_eq!(code, 1);
        assert_harmless("a failure before", &stderr);
        assert!(stderr.contains(r"which failed before: \u001b[2J"), "{stderr}");
    }
}

#[test]
fn a_metric_with_a_hostile_name_is_no_result() {
    let (place, worker) = place();
    let (code, stdout, stderr) = ended(sweep(&place, &worker, "hostile-metric", &[]));
    assert_ne!(code, 0);
    assert_harmless("stdout", &stdout);
    assert_harmless("stderr", &stderr);
    assert!(stderr.contains("journal.jsonl:2: the name of the metric") && stderr.contains("U+001B"), "{stderr}");
}

#[test]
fn sweep_and_gate_files_with_hidden_characters_are_refused_in_their_lines() {
    let place = Place::new();
    for (text, line, says) in [
        ("dataset = \"a\\u001b[2J\"\n", 1, "this value holds the control character U+001B"),
        ("seeds = 1\ndataset = \"\u{202e}a\"\n", 2, "the text holds the mark of writing direction U+202E"),
        ("# \u{2066}a comment\ndataset = \"a\"\n", 1, "the text holds the mark of writing direction U+2066"),
        ("dataset = \"a\"\n[drr]\n\"a\\u0007::error::x\" = 1\n", 3, r#"the key "a\u0007::error::x" holds the control"#),
    ] {
        for (file, verb) in
            [("hard.toml", &["sweep", "hard.toml", "--dry-run"][..]), ("gates.toml", &["check", "gates.toml"])]
        {
            place.file(file, text);
            let (code, told) = said(&place, verb);
            assert_eq!(code, 2, "{told}");
            assert!(told.contains(says) && told.contains(&format!("--> {file}:{line}:")), "{told}");
        }
    }
    place.file("small.toml", SMALL);
    let (code, told) = said(&place, &["sweep", "small.toml", "--dry-run", "--set", "dataset=\u{202e}a"]);
    assert!(code == 2 && told.contains("U+202E"), "{told}");
}

#[test]
fn our_own_colours_stay_where_nothing_else_could_be_one() {
    let place = Place::new();
    let reported = |comment: &str| {
        place.file("mistake.toml", &format!("dataset = \"é\"\n[drr]\ntauu = 1 # {comment}\n"));
        let (_, _, told) = ended(place.drr_lab(&["sweep", "mistake.toml", "--dry-run", "--color", "always"]));
        told.split_once("\x1b[1;31merror:").expect("the sum of it, in red").0.to_owned()
    };
    assert!(reported("é").matches("\x1b[").count() > 10, "{}", reported("é"));
    // What stands in the file is shown with signs in the place of what acts, so that every colour is ours.
    let is_colour = |code: &str| code.chars().all(|c| "[;0123456789".contains(c));
    let mut parts = reported("\u{202e}é").split('\u{1b}').map(str::to_owned).collect::<Vec<_>>().into_iter();
    let first = parts.next().unwrap_or_default();
    let plain = parts.fold(first, |text, part| {
        text + part.split_once('m').filter(|(code, _)| is_colour(code)).expect("a colour and nothing else").1
    });
    assert_harmless("a report", &plain);
}

#[test]
fn arguments_and_file_names_are_only_shown() {
    let place = Place::new();
    place.file("small.toml", SMALL);
    let cases: [&[&str]; 7] = [
        &["report", "--runs", HOSTILE],
        &["runs", "list", "--runs", HOSTILE],
        &["sweep", HOSTILE],
        &["sweep", "small.toml", "--dry-run", "--set", HOSTILE],
        &["--color", HOSTILE],
        &["data", "show", HOSTILE],
        &["runs", "list", "--output", HOSTILE],
    ];
    for arguments in cases {
        let (_, told) = said(&place, arguments);
        // An excerpt keeps places: a sign of as many bytes stands for each character that acts.
        let is_shown = told.contains(r"\u009b1m a\rb \u202ec") || told.contains("¿1m a?b \u{fffd}c");
        assert!(is_shown, "{told}");
    }
}

/// Copies an archive, with another content for one member.
fn repacked(from: &Path, to: &Path, changed: &str, change: impl Fn(&str) -> String) {
    let mut archive = ZipArchive::new(File::open(from).expect("a bundle")).expect("an archive");
    let mut copy = ZipWriter::new(File::create(to).expect("a file"));
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).expect("a member");
        let name = String::from_utf8_lossy(member.name_raw()).into_owned();
        let mut content = Vec::new();
        member.read_to_end(&mut content).expect("read");
        if name == changed {
            content = change(&String::from_utf8(content).expect("text")).into_bytes();
        }
        copy.start_file(name, SimpleFileOptions::default()).expect("a member");
        copy.write_all(&content).expect("written");
    }
    copy.finish().expect("whole");
}

#[test]
fn bundles_and_tables_with_hidden_characters_are_refused() {
    let (place, worker) = place();
    let (code, _, stderr) = ended(sweep(&place, &worker, "well", &[]));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(said(&place, &["export", "--bundle", "small", "small.zip"]).0, 0);
    let whole = place.path().join("small.zip");
    for (member, says, change) in [
        (
            "sweeps/small/sweep.toml",
            "line 1 of sweeps/small/sweep.toml holds the control character U+001B",
            &(|text: &str| format!("# \x1b[2J\n{text}")) as &dyn Fn(&str) -> String,
        ),
        ("sweeps/small/trials.jsonl", "line 1: `axes.0` holds the mark of writing direction U+202E", &|text: &str| {
            text.replacen("[\"", "[\"\u{202e}", 1)
        }),
    ] {
        let hard = place.path().join("hard.zip");
        repacked(&whole, &hard, member, change);
        let (code, told) = said(&place, &["runs", "import", "hard.zip", "--runs", "other"]);
        // A bundle describes its members; one that was changed later is refused for that already.
        let described = format!("{member} is not as ro-crate-metadata.json describes it");
        assert!(code == 5 && (told.contains(says) || told.contains(&described)), "{told}");
    }

    assert_eq!(said(&place, &["report", "small", "--format", "csv"]).0, 0);
    let tables = fs::read_dir(place.path().join("reports/small/tables")).expect("tables");
    let mut texts = tables.map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("a table"));
    let text = texts.find(|text| text.contains(",@5,synthetic,")).expect("a table of metrics");
    place.file("hard.csv", &text.replacen("synthetic", "synthetic\x1b[2J", 1));
    let (code, told) = said(&place, &["verify", "--table", "hard.csv", "--cell", "1", "@5"]);
    assert!(code == 2 && told.contains("line 2 holds the control character U+001B"), "{told}");
}
