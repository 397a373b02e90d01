//! Sweep files that people wrote and that were once read wrongly, and more of their kinds: what each must say.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{Place, transcript};
use drr_lab::error::{Error, Result};
use drr_lab::sweep::{ByName, Request, Source, SweepFile, SweepRequest};

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases").join(name)
}

fn read(file: &Path) -> Result<SweepFile> {
    SweepRequest::read(file, &Request::default())?.file(&mut ByName)
}

fn of_text(text: &str) -> Result<SweepRequest> {
    SweepRequest::of_text(&Source::new("my.toml", text), Path::new("."), &Request::default())
}

/// The problems of a text.
fn problems(text: &str) -> Error {
    match of_text(text).and_then(|request| request.file(&mut ByName)) {
        Ok(_) => panic!("nothing is wrong with it"),
        Err(error) => error,
    }
}

fn messages(error: &Error) -> Vec<String> {
    error.problems.iter().map(ToString::to_string).collect()
}

/// The values of the only axis.
fn values(file: &Path) -> Vec<String> {
    let sweep = read(file).unwrap_or_else(|error| panic!("{}: {error} {:?}", file.display(), error.problems));
    sweep.axes[0].points.iter().map(|point| point[0].to_string()).collect()
}

#[test]
fn ranges_through_zero_are_what_a_person_would_write() {
    let file = |name: &str| case("grid-through-zero").join(name);
    let tenths = |from: i32, to: i32, by: usize| -> Vec<String> {
        (from..=to).step_by(by).map(|tenth| format!("{:?}", f64::from(tenth) / 10.0)).collect()
    };
    assert_eq!(values(&file("sweep.toml")), tenths(-7, 7, 1));
    assert_eq!(values(&file("three-steps.toml")), tenths(-9, 9, 3));
    assert_eq!(values(&file("ten-points.toml")), tenths(-3, 6, 1));
    let fine: Vec<String> = (-10_000..=10_000).map(|n| format!("{:?}", f64::from(n) / 20_000.0)).collect();
    assert_eq!(values(&file("fine-steps.toml")).len(), fine.len());
    for (value, written) in values(&file("fine-steps.toml")).iter().zip(&fine) {
        assert_eq!(value.parse::<f64>(), written.parse::<f64>(), "{value} {written}");
    }
}

#[test]
fn one_misspelt_number_is_one_problem_that_names_it() {
    for (name, said) in [
        ("a", "not valid TOML: invalid mantissa, expected digits"),
        ("b", "not valid TOML: unexpected leading zero, expected nothing"),
        ("c", "`drr.actor_lr` needs its low end below its high end and above 0"),
        ("d", "of the 10 points of the axis `drr.batch_size` 4 are different"),
        ("e", "the axis `drr.gamma` has more than 100000 points"),
        ("two-zeros", "the axis `drr.reward_floor` holds 0.0 twice"),
        ("too-near-to-zero", "a number this near to 0 has no place here"),
        ("too-many-points", "the axis `drr.gamma` has more than 100000 points"),
        ("out-of-range", "`drr.tau` cannot be 2.0"),
    ] {
        let error = read(&case("number-spellings").join(name).with_extension("toml")).expect_err(name);
        assert_eq!(messages(&error), [said], "{name}");
    }
}

#[test]
fn samples_that_repeat_others_are_counted() {
    let file = read(&case("number-spellings/f.toml")).expect("whole");
    assert_eq!(file.notes, ["16 of 20 samples repeat others: 4 different ones are left"]);
    let place = Place::new();
    let shown =
        transcript(&place.run(&["sweep", case("number-spellings/f.toml").to_str().expect("UTF-8"), "--dry-run"]));
    assert!(shown.contains("f: note: 16 of 20 samples repeat others"), "{shown}");
    let search = |samples: u32, field: &str| {
        let text = format!("dataset = \"ml-100k\"\n[search]\nsamples = {samples}\n[drr]\n{field}");
        of_text(&text).and_then(|request| request.file(&mut ByName)).expect("whole").notes.len()
    };
    assert_eq!(search(20, "tau = { uniform = [0.1, 0.2] }"), 0);
    assert_eq!(search(5, "history = { int = [1, 2] }"), 1);
}

#[test]
fn names_that_could_be_options_or_hide_are_refused_and_shown_escaped() {
    let place = Place::new();
    for (name, said) in [
        ("name--help", "names begin with a letter or a digit, not with `-`"),
        ("name-x", "names begin with a letter or a digit, not with `-`"),
        ("name-hidden", "names begin with a letter or a digit, not with `.`"),
        ("name-long", "names have at most 100 characters, this one 121"),
        ("name-control", "this value holds the control character U+001B"),
    ] {
        let file = case("sweep-names").join(name).with_extension("toml");
        let shown = transcript(&place.run(&["sweep", file.to_str().expect("UTF-8"), "--dry-run"]));
        assert!(
            shown.starts_with("exit: 2") && shown.contains(said) && shown.contains("1 problem;"),
            "{name}: {shown}"
        );
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{name}: {shown:?}");
    }
    assert!(!place.runs().exists());
}

#[test]
fn of_many_problems_the_first_twenty_are_shown_and_all_counted() {
    let table: String = (0..45_000).map(|row| format!("{row},{},4.5,88\n", row * 7)).collect();
    let list =
        format!("dataset = \"ml-100k\"\n[drr]\ntau = [{}]", (2..32).map(|n| format!("{n}, ")).collect::<String>());
    let keys: String = (0..25).map(|n| format!("key_{n} = 1\n")).collect();
    for (text, count) in [(table, 45_000), (list, 30), (format!("dataset = \"ml-100k\"\n{keys}"), 25)] {
        let error = problems(&text);
        assert_eq!(error.problems.len(), 20);
        let said = format!("my.toml: {count} problems, of which the first 20 are shown; nothing was started");
        assert_eq!(error.message, said);
    }
}

#[test]
fn megabytes_of_a_mistake_are_shown_by_their_ends() {
    let place = Place::new();
    let long = "x".repeat(3_000_000);
    for text in [
        format!("name = \"{long}\"\ndataset = \"synthetic\"\n"),
        format!("dataset = \"synthetic\"\n{long} = 1\n"),
        format!("dataset = \"synthetic\"\n[drr]\nstate = \"{long}\"\n"),
        format!("dataset = \"synthetic\"\n[drr]\ntau = {{ range = [{}] }}\n", "1, ".repeat(500_000)),
    ] {
        place.file("my.toml", &text);
        let shown = transcript(&place.run(&["sweep", "my.toml", "--dry-run"]));
        assert!(shown.starts_with("exit: 2") && shown.len() < 5_000, "{} bytes: {:.3000}", shown.len(), shown);
    }
}

#[test]
fn a_chain_of_files_may_be_long_and_only_a_circle_is_called_one() {
    let place = Place::new();
    let write = |name: &str, text: &str| fs::write(place.path().join(name), text).expect("written");
    write("0.toml", "dataset = \"ml-100k\"\nseeds = 5\n");
    (1..40).for_each(|n| write(&format!("{n}.toml"), &format!("extends = \"{}\"\n", n - 1)));
    for length in [15, 16, 17, 39] {
        let file = read(&place.path().join(format!("{length}.toml"))).expect("whole");
        assert_eq!(file.seeds.len(), 5);
    }
    for (name, other) in [("a", "b"), ("b", "c"), ("c", "a")] {
        write(&format!("{name}.toml"), &format!("extends = \"{other}\"\n"));
    }
    for name in ["a", "b", "c"] {
        let error = read(&place.path().join(format!("{name}.toml"))).expect_err("a circle");
        let told = messages(&error);
        assert!(told.len() == 1 && told[0].contains("extends itself in the end"), "{told:?}");
    }
    // Each twice: 2^39 texts.
    (1..40).for_each(|n| write(&format!("{n}.toml"), &format!("extends = [\"{0}\", \"{0}\"]\n", n - 1)));
    let error = read(&place.path().join("39.toml")).expect_err("too many");
    assert_eq!(messages(&error), ["the sweep builds on more than 256 files"]);
}

#[test]
fn recommenders_that_end_before_they_learn_are_refused() {
    let told = |fields: &str| {
        let text = format!("dataset = \"ml-100k\"\nseeds = 2\n[drr]\n{fields}\n");
        of_text(&text).and_then(|request| request.expand(&mut ByName)).err().map(|error| messages(&error))
    };
    assert_eq!(told("train_steps = 101\nlearning_starts = 100"), None);
    assert_eq!(told("train_steps = 0\nlearning_starts = 100"), None);
    let before = told("train_steps = 60\nlearning_starts = 100").expect("refused");
    assert_eq!(
        before,
        ["train_steps = 60 end before or as learning begins, at learning_starts = 100"],
        "once, however many seeds"
    );
    let as_it_begins = told("train_steps = [100, 500]\nlearning_starts = 100").expect("refused");
    assert!(as_it_begins.len() == 1 && as_it_begins[0].starts_with("train_steps = 100 end"), "{as_it_begins:?}");
    assert!(told("train_steps = 60\nlearning_starts = 1\nbatch_size = 64").is_some(), "a minibatch is the least");
    let late = told("train_steps = 1000\nlearning_starts = 100\nn_step = 300\nepisode_length = 400").expect("refused");
    assert_eq!(late, ["no return of 300 steps is complete at learning_starts = 100"]);
    assert_eq!(told("train_steps = 1000\nlearning_starts = 100\nn_step = 300\nepisode_length = 20"), None);
    assert!(told("replay_capacity = 32").expect("refused")[0].contains("holds less than a minibatch of 64"));
    let elsewhere = told("state = \"p\"\naction_base = \"pmf\"").expect("refused");
    assert!(elsewhere[0].contains("which the state `ave` alone holds"), "{elsewhere:?}");

    let place = Place::new();
    place.file("my.toml", "dataset = \"synthetic\"\nseeds = 1\n[drr]\ntrain_steps = 60\n");
    let shown = transcript(&place.run(&["sweep", "my.toml", "--dry-run"]));
    assert!(shown.starts_with("exit: 2") && shown.contains("my.toml:4:1") && shown.contains("train longer"), "{shown}");
}
