//! Verification with the real worker: what was done comes out the same, and what was changed since is found and named.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common::{Place, SMALL};
use serde_json::Value;

/// Trials of [`SMALL`].
const TRIALS: usize = 14;

/// A place where the small sweep has run.
fn swept(text: &str) -> Place {
    let place = Place::new();
    place.file("small.toml", text);
    done(&place.run(&["sweep", "small.toml", "--output", "quiet"]), 0);
    place
}

/// The standard output of a program that ended with `code`.
fn done(output: &Output, code: i32) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "stdout:\n{stdout}\nstderr:\n{stderr}");
    stdout
}

fn verdicts(stdout: &str) -> Vec<Value> {
    let all = stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    all.filter(|record| record.get("verdict").is_some()).collect()
}

fn trials(runs: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(runs.join("trials")).expect("trials").map(|entry| entry.expect("an entry").path()).collect();
    all.sort();
    all
}

#[test]
fn a_sweep_comes_out_bitwise_from_elsewhere_in_another_locale_with_other_jobs() {
    let place = swept(SMALL);
    let elsewhere = place.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    let verify = |jobs: &str| -> Command {
        let mut command = place.drr_lab(&["verify", "small", "--output", "json", "--jobs", jobs, "--runs", "../runs"]);
        command.current_dir(&elsewhere);
        command
    };
    let one = done(&verify("1").env("LC_ALL", "de_DE.UTF-8").env("TZ", "Asia/Kathmandu").output().expect("runs"), 0);
    let two = done(&verify("2").env("LC_ALL", "C").output().expect("runs"), 0);
    for stdout in [one, two] {
        let verdicts = verdicts(&stdout);
        assert_eq!(verdicts.len(), TRIALS);
        for verdict in verdicts {
            assert_eq!(
                (verdict["verdict"].as_str(), &verdict["environments"]),
                (Some("bitwise"), &Value::Array(vec![]))
            );
        }
    }
    let left: Vec<_> =
        fs::read_dir(place.runs()).expect("listed").map(|it| it.expect("an entry").file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("verify")), "{left:?}");
}

#[test]
fn a_changed_rating_is_found_and_the_dataset_named() {
    let place = Place::new();
    let mut ratings = String::from("u,i,r,t\n");
    for user in 0..40 {
        for item in 0..40 {
            ratings.push_str(&format!("{user},{},{},{item}\n", (user * 7 + item) % 60, 1 + (user * 3 + item * 7) % 5));
        }
    }
    place.file("mine.csv", &ratings);
    let import =
        ["data", "import", "mine", "mine.csv", "--user", "u", "--item", "i", "--rating", "r", "--timestamp", "t"];
    done(&place.run(&import), 0);
    let (head, tail) =
        (SMALL.replace("\"synthetic\"", "\"mine\""), "[synthetic]\nusers = 60\nitems = 80\nratings = 2_400\n");
    place.file("small.toml", &head.replace(tail, ""));
    done(&place.run(&["sweep", "small.toml", "--output", "quiet"]), 0);
    let sound = verdicts(&done(&place.run(&["verify", "--sample", "2", "--output", "json"]), 0));
    assert_eq!(sound.len(), 2);

    let table = place.path().join("share/drr-lab/mine/ratings.tsv");
    let text = fs::read_to_string(&table).expect("a table");
    let (first, rest) = text.split_once('\n').expect("rows");
    let mut fields: Vec<&str> = first.split('\t').collect();
    fields[2] = if fields[2] == "5" { "4" } else { "5" };
    fs::write(&table, format!("{}\n{rest}", fields.join("\t"))).expect("written");
    let stdout = done(&place.run(&["verify", "small"]), 5);
    let says = format!("cannot be run: the ratings of mine changed, those of user {}:", fields[0]);
    assert_eq!(stdout.matches(&says).count(), TRIALS, "{stdout}");
    assert!(stdout.contains("dataset.fingerprint"), "{stdout}");
}

/// As if a default had been another when the sweep ran: the record holds a value that its request does not give.
fn forget_option(place: &Place, sweep: &str, option: &str) {
    let folder = place.runs().join("sweeps").join(sweep);
    let edit = |file: &str, from: &str, to: &str| {
        let text = fs::read_to_string(folder.join(file)).expect("recorded");
        assert!(text.contains(from), "{file}: {text}");
        fs::write(folder.join(file), text.replace(from, to)).expect("written");
    };
    edit("sweep.toml", &format!("\n# given on the command line: --set {option}"), "");
    if folder.join("request.json").exists() {
        edit("request.json", &format!("\"{option}\""), "");
    }
}

#[test]
fn each_stage_that_is_run_again_counts_its_own_trials() {
    let place = swept(SMALL);
    let output = place.run(&["verify", "small"]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let counts: Vec<(usize, usize)> = stderr
        .lines()
        .filter_map(|line| line.split_once(" [")?.1.split_once(']')?.0.split_once('/'))
        .map(|(done, all)| (done.parse().expect("a number"), all.parse().expect("a number")))
        .collect();
    assert_eq!(counts.len(), TRIALS, "{stderr}");
    assert!(counts.iter().all(|(done, all)| done <= all), "{stderr}");
    assert_eq!(counts.iter().filter(|(done, all)| done == all).count(), 3, "{stderr}");
}

#[test]
fn a_default_that_changed_since_is_named() {
    let place = swept(&format!("{SMALL}\n"));
    done(&place.run(&["sweep", "small.toml", "--set", "drr.gamma=0.8", "--output", "quiet"]), 0);
    forget_option(&place, "small", "drr.gamma=0.8");
    fs::remove_file(place.runs().join("sweeps/small/seal.json")).expect("it would tell");
    let stdout = done(&place.run(&["verify", "small", "--integrity-only"]), 5);
    assert!(stdout.contains("CHANGED: the database has for this \"sweep\""), "{stdout}");
    done(&place.run(&["runs", "reindex"]), 0);
    done(&place.run(&["verify", "small", "--integrity-only"]), 0);
    let stdout = done(&place.run(&["verify", "small"]), 5);
    assert!(stdout.contains("gives other trials today") && stdout.contains(".gamma"), "{stdout}");
    assert!(stdout.contains("replay: 14 bitwise"), "the trials themselves are as they were: {stdout}");
}

/// A place where a sweep has run that extends the small one, which extends a third.
fn extended(options: &[&str]) -> Place {
    const WORLD: &str = "[synthetic]\nusers = 60\nitems = 80\nratings = 2_400\n";
    let place = Place::new();
    fs::create_dir(place.path().join("deep")).expect("made");
    place.file("deep/small.toml", &format!("extends = \"../world.toml\"\n{}", SMALL.replace(WORLD, "")));
    place.file("world.toml", WORLD);
    place.file("child.toml", "name = \"child\"\nextends = \"deep/small\"\n[profile.brief]\nseeds = 1\n");
    done(&place.run(&[&["sweep", "child.toml", "--output", "quiet"], options].concat()), 0);
    place
}

#[test]
fn a_sweep_is_verified_by_its_record_whatever_became_of_what_it_extends() {
    let options = ["--profile", "brief", "--set", "drr.gamma=0.8", "--only", "drr.tau=0.001"];
    let place = extended(&options);
    let (name, runs) = ("child-brief", place.runs());
    let verified = |code| done(&place.run(&["verify", name, "--sample", "1"]), code);
    assert!(verified(0).contains("replay: 1 bitwise"));
    let world = fs::read_to_string(place.path().join("world.toml")).expect("there");
    place.file("world.toml", &world.replace("users = 60", "users = 61"));
    assert!(verified(0).contains("replay: 1 bitwise"), "a base that changed since");
    for gone in ["world.toml", "deep/small.toml", "child.toml"] {
        fs::remove_file(place.path().join(gone)).expect("removed");
    }
    assert!(verified(0).contains("replay: 1 bitwise"), "bases that are gone");

    // A record of before request.json, and one that came in a bundle: the comments of sweep.toml tell the same.
    fs::remove_file(runs.join("sweeps").join(name).join("seal.json")).expect("it covers the request");
    let request = runs.join("sweeps").join(name).join("request.json");
    let kept = fs::read_to_string(&request).expect("recorded");
    fs::remove_file(&request).expect("removed");
    assert!(verified(0).contains("replay: 1 bitwise"), "an old record");
    done(&place.run(&["export", "--bundle", name, "a.zip"]), 0);
    done(&place.run(&["--runs", "there", "runs", "import", "a.zip"]), 0);
    assert!(place.path().join("there/sweeps").join(name).join("request.json").is_file(), "made from the comments");
    done(&place.run(&["--runs", "there", "verify", name, "--sample", "1"]), 0);

    // A default that changed since, by an old record and by today's.
    for file in [None, Some(kept)] {
        if let Some(kept) = file {
            place.file("world.toml", &world);
            fs::write(&request, kept).expect("written");
        }
        let sweep = runs.join("sweeps").join(name).join("sweep.toml");
        let text = fs::read_to_string(&sweep).expect("recorded");
        forget_option(&place, name, "drr.gamma=0.8");
        let stdout = verified(5);
        assert!(stdout.contains("trials today"), "{stdout}");
        fs::write(&sweep, text).expect("written");
    }
}

#[test]
fn a_request_that_cannot_be_expanded_or_is_no_longer_the_records_is_a_fault() {
    let place = swept(SMALL);
    let folder = place.runs().join("sweeps/small");
    let verified = |options: &[&str], says: &str| {
        let stdout = done(&place.run(&[&["verify", "small", "--sample", "1"], options].concat()), 5);
        assert!(stdout.contains(says), "{says}: {stdout}");
    };
    let kept = fs::read_to_string(folder.join("request.json")).expect("recorded");
    let text = fs::read_to_string(folder.join("sweep.toml")).expect("recorded");
    // One alone was changed: the seal tells, and without one what it asks for.
    fs::write(folder.join("request.json"), kept.replace("users = 60", "users = 66")).expect("written");
    verified(&["--integrity-only"], "request.json is not as it was written");
    fs::remove_file(folder.join("seal.json")).expect("sealed");
    verified(&["--integrity-only"], "it asks for another sweep than sweep.toml beside it");
    // Of a program of tomorrow.
    fs::write(folder.join("request.json"), kept.replace("\"format\":1", "\"format\":3,\"more\":[]")).expect("written");
    verified(&["--integrity-only"], "format 3 is newer than this program reads (2)");
    // A key that this program does not have.
    fs::write(folder.join("request.json"), kept.replace("users = 60", "uzers = 60")).expect("written");
    fs::write(folder.join("sweep.toml"), text.replace("users = 60", "uzers = 60")).expect("written");
    verified(&[], "small: what was asked for cannot be expanded today: unknown key `uzers` in [synthetic]");
    verified(&["--output", "json"], "\"check\":\"meaning\",\"fault\":\"unknown key `uzers` in [synthetic]\"");
}

#[test]
fn a_forged_result_diverges_even_where_its_digests_agree() {
    let place = swept(SMALL);
    // Whoever seals a folder anew is not found by digests, but by doing the trial again.
    let folder =
        trials(&place.runs()).into_iter().find(|it| !it.join("model.safetensors").exists()).expect("an evaluation");
    let trial = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let mut result =
        drr_core::result::TrialResult::read(&folder.join("result.json")).expect("readable").expect("there");
    let mut points = drr_core::journal::read(&folder.join("journal.jsonl")).expect("readable").points;
    points[0].value += 0.25;
    let forged = points[0].clone();
    let mut writer =
        drr_core::journal::Writer::create(&folder.join("journal.jsonl"), trial.parse().expect("an id")).expect("made");
    writer.append(points).expect("written");
    result.metrics_digest = writer.finish().expect("written");
    result.write(&folder.join("result.json")).expect("sealed anew");
    done(&place.run(&["runs", "reindex"]), 0);
    done(&place.run(&["verify", "--integrity-only"]), 0);
    let stdout = done(&place.run(&["verify", &trial[..10]]), 5);
    let says = format!("diverged at step {}, metric {}, by 2.5", forged.step, forged.name);
    assert!(stdout.contains(&says), "{says}\n{stdout}");
    let loose = done(&place.run(&["verify", &trial[..10], "--absolute", "0.3"]), 0);
    assert!(loose.contains("within tolerance, at most 2.5"), "{loose}");
    let all = verdicts(&done(&place.run(&["verify", "small", "--output", "json"]), 5));
    assert_eq!(all.iter().filter(|it| it["verdict"] == "diverged").count(), 1, "a verdict is about its trial alone");
}

#[test]
fn a_cell_of_a_table_leads_to_its_trials_and_a_changed_number_is_found() {
    let place = swept(SMALL);
    done(&place.run(&["report", "small"]), 0);
    let table = "reports/small/tables/offline-published-synthetic-precision.csv";
    let stdout = done(&place.run(&["verify", "--table", table, "--cell", "1", "@5"]), 0);
    assert!(stdout.contains("cell: precision@5 of drr, drr.tau = 0.001, 2 trials behind it, 6 with those"), "{stdout}");
    assert!(stdout.contains("replay: 6 bitwise"), "two evaluations, their recommenders and factorisations: {stdout}");
    let path = place.path().join(table);
    let text = fs::read_to_string(&path).expect("a table");
    let line = text.lines().nth(1).expect("a row");
    let head = text.lines().next().expect("a head");
    let column = head.split(',').position(|name| name == "mean").expect("a column of means");
    let mean = line.split(',').nth(column).expect("a mean").to_owned();
    fs::write(&path, text.replacen(&mean, "0.99", 1)).expect("written");
    let stdout = done(&place.run(&["verify", "--integrity-only", "--table", table, "--cell", "1", "@5"]), 5);
    assert!(stdout.contains("CHANGED: the table says 0.99 ±") && stdout.contains(&mean), "{stdout}");
    fs::write(&path, &text).expect("written");
    let trial = line.rsplit([',', ' ']).next().expect("an id");
    fs::remove_dir_all(place.runs().join("trials").join(trial)).expect("removed");
    let stdout = done(&place.run(&["verify", "--integrity-only", "--table", table, "--cell", "1", "@5"]), 5);
    assert!(stdout.contains(&format!("not finished here, or not as written: {}", &trial[..12])), "{stdout}");
    done(&place.run(&["verify", "--table", table, "--cell", "99", "@5"]), 2);
}

#[test]
fn a_bundle_goes_elsewhere_and_is_verified_there() {
    let place = swept(SMALL);
    done(&place.run(&["export", "--bundle", "small", "a.zip"]), 0);
    done(&place.run(&["export", "--bundle", "small", "b.zip"]), 0);
    let bytes = fs::read(place.path().join("a.zip")).expect("written");
    assert_eq!(bytes, fs::read(place.path().join("b.zip")).expect("written"), "the same sweep, the same bytes");
    done(&place.run(&["--runs", "there", "runs", "import", "a.zip"]), 0);
    let stdout = done(&place.run(&["--runs", "there", "verify", "small"]), 0);
    assert!(stdout.contains("integrity: 14 as they were written") && stdout.contains("replay: 14 bitwise"), "{stdout}");
    let again = done(&place.run(&["--runs", "there", "runs", "import", "a.zip"]), 0);
    assert!(again.contains("0 trials taken in, 14 known"), "{again}");
    done(&place.run(&["--runs", "there", "verify", "--integrity-only"]), 0);

    // Any changed byte: refused as a whole, or without effect on what is taken in.
    let stride = bytes.len() / 150;
    let (mut refused, mut harmless) = (0, 0);
    for at in (0..bytes.len()).step_by(stride) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        fs::write(place.path().join("c.zip"), changed).expect("written");
        let output = place.run(&["--runs", "third", "--output", "quiet", "runs", "import", "c.zip"]);
        let third = place.path().join("third");
        if output.status.code() == Some(5) {
            refused += 1;
            assert!(!third.join("trials").exists() && !third.join("import").exists(), "byte {at}");
        } else {
            harmless += 1;
            done(&output, 0);
            done(&place.run(&["--runs", "third", "verify", "--integrity-only"]), 0);
        }
        let _ = fs::remove_dir_all(third);
    }
    eprintln!("{refused} changed archives refused, {harmless} without effect");
    assert!(refused > 100, "{refused} refused, {harmless} harmless");
    let small = done(&place.run(&["--runs", "fourth", "runs", "import", "a.zip", "--limit", "1000"]), 5);
    assert_eq!(small, "");
}

#[test]
fn what_a_kept_sweep_holds_stays_and_the_rest_goes_when_told() {
    let place = swept(SMALL);
    let sweep = SMALL.replace("tau = [0.001, 0.01]", "tau = [0.001, 0.1]");
    place.file("other.toml", &sweep);
    done(&place.run(&["sweep", "other.toml", "--output", "quiet"]), 0);
    let count = || trials(&place.runs()).len();
    // Shared: two PMFs, two recommenders, their evaluations, four of baselines.
    assert_eq!(count(), TRIALS + 4);
    assert!(done(&place.run(&["runs", "gc"]), 0).contains("nothing to remove"));
    let held = trials(&place.runs())[0].file_name().expect("a name").to_string_lossy()[..12].to_owned();
    done(&place.run(&["runs", "rm", &held, "--yes"]), 2);
    done(&place.run(&["runs", "rm", "other"]), 0);
    assert!(done(&place.run(&["runs", "gc"]), 0).contains("nothing to remove"), "shown, not done");
    done(&place.run(&["runs", "rm", "other", "--yes"]), 0);
    let shown = done(&place.run(&["runs", "gc"]), 0);
    assert!(shown.contains("4 of them trials") && shown.contains("nothing was removed"), "{shown}");
    assert_eq!(count(), TRIALS + 4);
    done(&place.run(&["runs", "gc", "--yes"]), 0);
    assert_eq!(count(), TRIALS);
    done(&place.run(&["verify", "--integrity-only"]), 0);
}
