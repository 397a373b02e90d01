//! What surrounds the program: readers that leave, disks that are full, folders with names that nothing can hold, shells.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{Place, SMALL, transcript};

/// The exit code and stderr of a command whose stdout is a full disk.
fn on_a_full_disk(command: &mut Command) -> (Option<i32>, String) {
    let full = File::options().write(true).open("/dev/full").expect("this is Linux");
    let output = command.stdout(full).stderr(Stdio::piped()).output().expect("it starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The exit code of a command whose readers leave after the first byte, or at once where `stderr` alone is read.
fn after_readers_left(command: &mut Command) -> Option<i32> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let mut stderr = child.stderr.take().expect("it is piped");
    let _ = stderr.read(&mut [0]);
    drop(stderr);
    child.wait().expect("it ends").code()
}

#[test]
fn a_full_disk_is_an_error_of_every_verb_and_a_reader_that_left_is_none() {
    let place = Place::new();
    place.file("small.toml", SMALL);
    let sweep: &[&str] = &["sweep", "small.toml"];
    let check = |arguments: &[&str]| {
        let (code, said) = on_a_full_disk(&mut place.drr_lab(arguments));
        assert_eq!(code, Some(3), "{arguments:?}: {said}");
        let errors = said.matches("error: cannot write to stdout: No space left on device").count();
        assert_eq!(errors, 1, "{arguments:?}: {said}");
        assert!(said.contains("hint: free some disk space"), "{arguments:?}: {said}");
        assert_eq!(after_readers_left(&mut place.drr_lab(arguments)), Some(0), "{arguments:?}");
    };
    for arguments in [&["--help"][..], &["--version"], &["sweep", "--help"], &["schema"], &["completions", "bash"]] {
        check(arguments);
    }
    check(&["data", "list"]);
    check(&["sweep", "small.toml", "--dry-run"]);
    // The sweep itself loses nothing: what it found is recorded, and its own exit code stands.
    let (code, said) = on_a_full_disk(&mut place.drr_lab(sweep));
    assert_eq!(code, Some(3), "{said}");
    let listed = transcript(&place.run(&["verify", "small", "--integrity-only"]));
    assert!(listed.contains("14 as they were written"), "{listed}");
    fs::remove_dir_all(place.runs()).expect("removed");
    assert_eq!(after_readers_left(&mut place.drr_lab(sweep)), Some(0));
    fs::remove_dir_all(place.runs()).expect("removed");
    assert_eq!(after_readers_left(&mut place.drr_lab(&["--output", "json", "sweep", "small.toml"])), Some(0));
    for arguments in [
        &["runs", "list"][..],
        &["runs", "list", "--watch"],
        &["report", "small"],
        &["verify", "small", "--integrity-only"],
        &["doctor"],
    ] {
        check(arguments);
    }
    // A verdict is the exit code, whoever reads.
    let trials = place.runs().join("trials");
    let trial = fs::read_dir(trials).expect("listed").next().expect("one").expect("an entry").path();
    fs::write(trial.join("provenance.json"), "{}").expect("written");
    let verify = ["verify", "small", "--integrity-only"];
    assert_eq!(after_readers_left(&mut place.drr_lab(&verify)), Some(5));
    assert_eq!(after_readers_left(&mut place.drr_lab(&["sweep", "missing.toml"])), Some(2));
}

fn sweep_file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases/folder-names-not-utf8/sweep.toml")
}

#[test]
fn folders_that_workers_could_not_be_told_are_refused_before_anything_starts() {
    let place = Place::new();
    let bad = place.path().join(OsString::from_vec(b"bad\xff".to_vec()));
    fs::create_dir(&bad).expect("made");
    let below = |name: &str| bad.join(name).into_os_string();
    let sweep = sweep_file();
    let run = |arguments: &[&OsStr], folder: &Path| {
        let output = place.drr_lab(&[]).args(arguments).current_dir(folder).output().expect("it starts");
        let shown = transcript(&output);
        assert!(shown.starts_with("exit: 2") && shown.matches("error:").count() == 1, "{arguments:?}: {shown}");
        assert!(shown.contains(r"bad\xFF") && shown.contains("is not UTF-8"), "{arguments:?}: {shown}");
        assert!(shown.contains("hint: rename"), "{arguments:?}: {shown}");
    };
    let word = OsStr::new;
    let here = place.path();
    run(&[word("--runs"), &below("runs"), word("sweep"), sweep.as_os_str()], here);
    run(&[word("--data"), &below("data"), word("sweep"), sweep.as_os_str()], here);
    run(&[word("report"), word("fast"), word("--out"), &below("out")], here);
    run(&[word("sweep"), sweep.as_os_str()], &bad);
    run(&[word("verify"), word("--keep"), &below("kept")], here);
    assert_eq!(fs::read_dir(&bad).expect("listed").count(), 0, "nothing was written");
    let schema = place.drr_lab(&["schema"]).current_dir(&bad).output().expect("it starts");
    assert_eq!(schema.status.code(), Some(0), "what needs no folder needs no name");
}

#[test]
fn a_runs_folder_that_is_a_file_or_a_link_to_nowhere_is_named() {
    let place = Place::new();
    place.file("afile", "");
    std::os::unix::fs::symlink("nowhere", place.path().join("dangling")).expect("made");
    let sweep = sweep_file();
    let sweep = sweep.to_str().expect("UTF-8");
    for (option, name, said) in [
        ("--runs", "afile", "error: afile is not a folder"),
        ("--data", "afile", "error: afile is not a folder"),
        ("--runs", "dangling", "error: dangling is a link that points nowhere"),
        ("--data", "dangling", "error: dangling is a link that points nowhere"),
    ] {
        for verb in [&["sweep", sweep][..], &["runs", "list"]] {
            let shown = transcript(&place.run(&[&[option, name], verb].concat()));
            assert!(shown.starts_with("exit: 2") && shown.contains(said), "{option} {name}: {shown}");
        }
    }
    std::os::unix::fs::symlink(place.path(), place.path().join("link")).expect("made");
    assert!(transcript(&place.run(&["--runs", "link/r", "sweep", sweep, "--dry-run"])).starts_with("exit: 0"));
}

#[test]
fn bash_completes_verbs_and_options_at_every_depth() {
    let place = Place::new();
    let script = place.run(&["completions", "bash"]).stdout;
    fs::write(place.path().join("script"), script).expect("written");
    let complete = |words: &[&str]| -> Vec<String> {
        let text = r#"source ./script
            name=$(complete -p drr-lab) && name=${name##*-F } && name=${name%% *}
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            "$name" drr-lab "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\n' "${COMPREPLY[@]}""#;
        let output = Command::new("bash").current_dir(place.path()).args(["-c", text, "bash"]).args(words).output();
        let output = output.expect("bash is there");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    };
    assert_eq!(complete(&["drr-lab", "swe"]), ["sweep"]);
    assert_eq!(complete(&["drr-lab", "sweep", "--dry"]), ["--dry-run"]);
    assert_eq!(complete(&["drr-lab", "runs", "rei"]), ["reindex"]);
    assert_eq!(complete(&["drr-lab", "runs", "import", "--lim"]), ["--limit"]);
    assert_eq!(complete(&["drr-lab", "--runs", "r", "verify", "--integ"]), ["--integrity-only"]);
    assert_eq!(complete(&["drr-lab", "baseline", "upd"]), ["update"]);
}
