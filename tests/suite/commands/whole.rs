//! From nothing to a table, a page, a verified trial, a gate and a bundle.

use std::fs;

use super::{SWEEP, TRAIN, expect, result, said, small, trials};

#[test]
fn a_command_has_all_that_a_built_in_trial_has() {
    let place = small();
    let (stdout, stderr) = expect(&place, 0, &["sweep", "small.toml"]);
    assert!(stderr.contains("6 finished") || stdout.contains("6 finished"), "{stdout}{stderr}");
    assert!(stdout.contains("0.8990 ± 0.0010*") || stdout.contains("0.899 ± 0.001*"), "{stdout}");
    // Once more: nothing to do, and a seed more is that seed alone.
    let (_, stderr) = expect(&place, 0, &["sweep", "small.toml"]);
    assert!(stderr.contains("all 6 trials are finished"), "{stderr}");
    let (stdout, _) = expect(&place, 0, &["sweep", "small.toml", "--seeds", "4", "--dry-run"]);
    assert!(stdout.contains("command        2        6"), "{stdout}");
    // A result says what was computed.
    let results: Vec<_> = trials(&place).iter().map(|folder| result(folder)).collect();
    assert_eq!(results.len(), 6);
    assert!(results.iter().all(|it| it["artifacts"]["model.txt"].as_str().is_some_and(|digest| digest.len() == 64)));
    assert!(results.iter().all(|it| it["metrics"]["loss"].as_f64().is_some_and(|loss| loss < 0.1)));
    // The page speaks of a command.
    expect(&place, 0, &["report", "small"]);
    let page = fs::read_to_string(place.path().join("reports/small/index.html")).expect("a page");
    let body = page.split("<body").nth(1).expect("a body");
    assert!(body.contains("What the command measured"), "{body}");
    for word in ["PMF", "DRR", "recommender", "ratings"] {
        assert!(!body.replace("drr-lab", "").contains(word), "the page says {word}");
    }
    // Run again it is the same to the bit, and that is kept with it.
    let (stdout, _) = expect(&place, 0, &["verify", "small"]);
    assert!(stdout.contains("6 as they were written, 0 changed") && stdout.contains("replay: 6 bitwise"), "{stdout}");
    assert!(trials(&place).iter().all(|folder| folder.join("replayed.json").is_file()));
    // Gates.
    expect(&place, 0, &["baseline", "save", "small", "small.baseline.toml"]);
    place.file(
        "gate.toml",
        "sweep = \"small\"\nbaseline = \"small.baseline.toml\"\n[[gate]]\nname = \"bits\"\nrule = \"digest\"\n\
         [[gate]]\nmetric = \"accuracy\"\ngroup = \"command,lr=0.1\"\nrule = \"bound\"\nat_least = 0.95\n",
    );
    let (stdout, _) = expect(&place, 1, &["check", "gate.toml"]);
    assert!(stdout.contains("6 trials are the baseline's to the bit") && stdout.contains("regressed"), "{stdout}");
    // The database is an index, and a bundle is whole.
    fs::remove_file(place.runs().join("lab.db")).expect("it is there");
    expect(&place, 0, &["runs", "reindex"]);
    let (again, _) = expect(&place, 0, &["report", "small", "--format", "md"]);
    assert!(again.contains("accuracy"), "{again}");
    expect(&place, 0, &["export", "--bundle", "small", "small.zip"]);
    expect(&place, 0, &["--runs", "other", "runs", "import", "small.zip"]);
    let (stdout, _) = expect(&place, 0, &["--runs", "other", "verify", "small", "--integrity-only"]);
    assert!(stdout.contains("6 as they were written, 0 changed"), "{stdout}");
}

#[test]
fn another_program_or_parameter_is_another_trial_and_what_tables_show_is_not() {
    let place = small();
    expect(&place, 0, &["sweep", "small.toml"]);
    let found = |text: &str| {
        place.file("small.toml", text);
        let (stdout, _) = expect(&place, 0, &["sweep", "small.toml", "--dry-run", "--output", "json"]);
        let line =
            stdout.lines().find(|line| line.contains("\"found\"")).unwrap_or_else(|| panic!("{stdout}")).to_owned();
        line.contains("\"found\":6")
    };
    assert!(found(SWEEP), "as it was");
    assert!(found(&SWEEP.replace(", loss = \"min\"", "")), "what is shown decides nothing");
    assert!(!found(&SWEEP.replace("0.2]", "0.3]")), "a parameter does");
    assert!(!found(&SWEEP.replace("\"{seed}\"]", "\"{seed}\", \"more\"]")), "a word does");
    place.file("train.sh", &format!("{TRAIN}# a remark\n"));
    assert!(!found(SWEEP), "so does the program");
    place.file("train.sh", TRAIN);
    assert!(found(SWEEP));
}

#[test]
fn a_program_changed_since_is_named_by_verify_and_by_a_running_sweep() {
    let place = small();
    expect(&place, 0, &["sweep", "small.toml", "--seeds", "1"]);
    place.file("train.sh", &TRAIN.replace("1 2 3", "1 2"));
    let (stdout, _) = expect(&place, 5, &["verify", "small"]);
    assert!(stdout.contains("cannot be run: ") && stdout.contains("train.sh was changed since"), "{stdout}");
    // A program that changes itself while the sweep runs makes no result of what nobody planned.
    let place =
        super::scripted("echo '{\"loss\": 1}' >> $DRR_LAB_METRICS\necho '# more' >> train.sh", "", "retries = 0");
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
    assert!(stderr.contains("train.sh was changed after the sweep was planned"), "{stderr}");
}

#[test]
fn every_changed_bit_of_what_a_command_left_is_found() {
    let place = small();
    expect(&place, 0, &["sweep", "small.toml", "--seeds", "1", "--set", "lr=0.1"]);
    let folder = &trials(&place)[0];
    for name in ["out/model.txt", "journal.jsonl", "result.json", "spec.json", "provenance.json"] {
        let path = folder.join(name);
        let whole = fs::read(&path).expect("there");
        for bit in (0..whole.len() * 8).step_by(whole.len() * 8 / 23 + 1) {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &changed).expect("written");
            let (code, stdout, _) = said(&place.run(&["verify", "--integrity-only"]));
            assert_eq!(code, 5, "{name}, bit {bit}: {stdout}");
        }
        fs::write(&path, &whole).expect("written");
    }
    fs::write(folder.join("out/more.txt"), "").expect("written");
    let (stdout, _) = expect(&place, 5, &["verify", "--integrity-only"]);
    assert!(stdout.contains("out/more.txt was added later"), "{stdout}");
    fs::remove_file(folder.join("out/more.txt")).expect("there");
    fs::remove_file(folder.join("out/model.txt")).expect("there");
    let (stdout, _) = expect(&place, 5, &["verify", "--integrity-only"]);
    assert!(stdout.contains("out/model.txt is missing"), "{stdout}");
}

#[test]
fn a_probe_runs_the_first_of_each_group_twice_and_a_gate_asks_for_it() {
    let place = small();
    let text = SWEEP.replace("[params]", "probe = 1\n[params]");
    place.file("small.toml", &text);
    place.file("gate.toml", "sweep = \"small\"\n[[gate]]\nrule = \"determinism\"\n");
    expect(&place, 0, &["sweep", "small.toml", "--set", "lr=0.1"]);
    let (stdout, _) = expect(&place, 0, &["sweep", "small.toml"]);
    assert!(stdout.contains("run twice: 1 the same to the bit"), "the group that is new: {stdout}");
    let replayed = trials(&place).iter().filter(|folder| folder.join("replayed.json").is_file()).count();
    assert_eq!(replayed, 2);
    let (stdout, _) = expect(&place, 0, &["check", "gate.toml"]);
    assert!(stdout.contains("2 trials were run again and did the same"), "{stdout}");
    expect(&place, 0, &["report", "small"]);
    let page = fs::read_to_string(place.path().join("reports/small/index.html")).expect("a page");
    assert!(page.contains("Run again: 2 to the bit."), "{page}");
    // One that is not deterministic turns the gate red, and says why.
    let place = super::scripted("echo \"{\\\"loss\\\": 0.$(date +%N)}\" >> $DRR_LAB_METRICS", "probe = 1", "");
    place.file("gate.toml", "sweep = \"small\"\n[[gate]]\nrule = \"determinism\"\n");
    let (stdout, _) = expect(&place, 0, &["sweep", "small.toml"]);
    assert!(stdout.contains("run twice: 1 not deterministic"), "{stdout}");
    let (stdout, _) = expect(&place, 1, &["check", "gate.toml"]);
    assert!(stdout.contains("regressed") && stdout.contains("diverged at step 0, metric loss"), "{stdout}");
    place.file("gate.toml", "sweep = \"small\"\n[[gate]]\nrule = \"determinism\"\ntolerance = 1.0\n");
    expect(&place, 0, &["check", "gate.toml"]);
    // Where nothing was run again, nothing is decided.
    let place = small();
    place.file("gate.toml", "sweep = \"small\"\n[[gate]]\nrule = \"determinism\"\n");
    expect(&place, 0, &["sweep", "small.toml"]);
    let (stdout, _) = expect(&place, 4, &["check", "gate.toml"]);
    assert!(stdout.contains("`drr-lab verify`, or `probe = 1` in the sweep"), "{stdout}");
}

#[test]
fn hopeless_commands_are_stopped_and_metrics_that_never_come_are_missed() {
    let place = small();
    place.file(
        "train.sh",
        "for step in 1 2 3 4 5 6 7 8 9 10; do\n\
         echo \"{\\\"step\\\": $step, \\\"loss\\\": $1}\" >> $DRR_LAB_METRICS; sleep 0.1; done\n",
    );
    let text = SWEEP
        .replace("{ accuracy = \"max\", loss = \"min\" }", "{ loss = \"min\" }")
        .replace("seeds = 3", "seeds = 1")
        .replace("[0.1, 0.2]", "[1, 2, 3, 4, 5, 6]");
    let stop = "[early_stop]\nmetric = \"loss\"\ngoal = \"min\"\nrule = \"median\"\ngrace = 3\nrung = 1\npeers = 2\n";
    place.file("small.toml", &format!("{text}{stop}"));
    let (stdout, stderr) = expect(&place, 0, &["sweep", "small.toml", "--jobs", "2"]);
    assert!(stderr.contains("stopped"), "{stdout}{stderr}");
    place.file("small.toml", SWEEP);
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml", "--seeds", "1"]);
    assert!(stderr.contains("ended without the metric `accuracy`, which the sweep declares; it told loss"), "{stderr}");
}

#[test]
fn a_program_that_the_command_names_is_a_part_of_it_whether_it_is_listed_or_not() {
    let place = small();
    place.file("small.toml", &SWEEP.replace("code = [\"train.sh\"]\n", ""));
    expect(&place, 0, &["sweep", "small.toml", "--seeds", "1"]);
    place.file("train.sh", &TRAIN.replace("1 2 3", "1 2"));
    let (stdout, _) = expect(&place, 0, &["sweep", "small.toml", "--seeds", "1", "--dry-run"]);
    assert!(stdout.contains("command        2        0"), "{stdout}");
}

/// A metric told twice at a step is one, a second bundle is no way to have anything run.
#[test]
fn values_told_twice_and_trials_of_others() {
    let place = super::scripted(
        "for loss in 3 2 1; do echo \"{\\\"loss\\\": $loss, \\\"test\\\": $loss}\" >> $DRR_LAB_METRICS; done",
        "",
        "",
    );
    let (stdout, _) = expect(&place, 0, &["sweep", "small.toml"]);
    assert!(stdout.contains("1.000"), "{stdout}");
    expect(&place, 0, &["verify", "small"]);
    fs::remove_file(place.runs().join("lab.db")).expect("there");
    expect(&place, 0, &["runs", "reindex"]);
    expect(&place, 0, &["verify", "--integrity-only"]);
    expect(&place, 0, &["export", "--bundle", "small", "small.zip"]);
    expect(&place, 0, &["--runs", "other", "runs", "import", "small.zip"]);
    let (stdout, _) = expect(&place, 5, &["--runs", "other", "verify", "small"]);
    assert!(stdout.contains("it came in a bundle, which may run anything"), "{stdout}");
    let (stdout, _) = expect(&place, 0, &["--runs", "other", "verify", "small", "--commands-in", "."]);
    assert!(stdout.contains("replay: 1 bitwise"), "{stdout}");
}
