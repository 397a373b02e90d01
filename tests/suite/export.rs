//! `drr-lab export` as people run it: rows to a file and to a reader that leaves, a folder for TensorBoard, errors that say what to do.

use std::fs;

use crate::common::{Place, SMALL};

/// The exit code, and all that was said.
fn words(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let output = place.run(arguments);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code(), text.concat())
}

fn recorded() -> Place {
    let place = Place::new();
    let file = place.file("small.toml", SMALL);
    let (code, said) = words(&place, &["sweep", &file, "--output", "quiet"]);
    assert_eq!(code, Some(0), "{said}");
    place
}

#[test]
fn rows_go_to_the_output_or_to_a_file_that_is_whole() {
    let place = recorded();
    let (code, text) = words(&place, &["export", "small"]);
    assert_eq!(code, Some(0), "{text}");
    let header = text.lines().next().expect("a header");
    assert!(header.starts_with("trial,stage,kind,policy,protocol,dataset,"), "{header}");
    assert!(header.contains(",drr.tau,") && header.contains(",precision@5,"), "{header}");
    let trials = text.lines().count() - 1;
    let (code, said) = words(&place, &["export", "small", "--out", "small.csv"]);
    assert_eq!((code, said.trim()), (Some(0), format!("small.csv: {trials} rows").as_str()));
    assert_eq!(fs::read_to_string(place.path().join("small.csv")).expect("there"), text);
    assert!(!place.path().join("small.csv.part").exists());
    let (code, said) = words(&place, &["export", "small", "--what", "seeds", "--format", "jsonl"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{said}");
}

#[test]
fn a_run_for_each_finished_trial_and_the_same_bytes_again() {
    let place = recorded();
    let export = || {
        let (code, said) = words(&place, &["export", "small", "--format", "tensorboard", "--out", "events"]);
        assert_eq!(code, Some(0), "{said}");
        let mut files: Vec<_> = fs::read_dir(place.path().join("events"))
            .expect("a folder")
            .map(|run| {
                let run = run.expect("an entry").path();
                (fs::read(run.join("events.out.tfevents.0.drr-lab")).expect("a file"), run)
            })
            .collect();
        files.sort();
        files
    };
    let first = export();
    assert!(first.len() >= 14 && first.iter().all(|(bytes, _)| bytes.len() > 500));
    assert!(export() == first, "a second export changes nothing");
}

#[test]
fn what_cannot_be_written_is_said_with_what_to_do() {
    let place = recorded();
    for (arguments, wanted) in [
        (&["export", "smal"][..], "recorded are: small"),
        (&["export", "small", "--format", "tensorboard"], "--out DIR"),
        (&["export", "small", "--what", "people"], "possible values"),
        (&["export", "small", "--what", "seeds", "--constants"], "--constants is for rows of trials"),
        (&["export", "a.zip", "--bundle", "small", "--what", "seeds"], "cannot be used with"),
    ] {
        let (code, said) = words(&place, arguments);
        assert!(code == Some(2) && said.contains(wanted), "{arguments:?}: {said}");
    }
    let (code, said) = words(&place, &["export", "small", "--out", "nowhere/small.csv"]);
    assert!(code == Some(3) && said.contains("cannot write nowhere/small.csv"), "{said}");
}
