//! The language of commands: what is said of mistakes, in their line, before anything runs; and what parameters become.

use insta::assert_snapshot;

use super::{expect, trials};
use crate::common::{Place, transcript};

/// What is said of a sweep with this text.
fn said(text: &str) -> String {
    let place = Place::new();
    place.file("train.sh", "");
    place.file("a.toml", text);
    let here = std::fs::canonicalize(place.path()).expect("there").display().to_string();
    let text = transcript(&place.run(&["sweep", "a.toml", "--dry-run"]));
    text.replace(&here, "[place]").replace(&place.path().display().to_string(), "[place]")
}

#[test]
fn placeholders_and_parameters() {
    assert_snapshot!(said(
        "seeds = 1\n[command]\nrun = [\"sh\", \"train.sh\", \"{rate}\", \"{sed}\", \"{stage.prepare}\", \"{data}\", \"{\", \"a}\"]\n\
         [params]\nrates = 0.1\nseed = 1\nunused = [1, 2]\n"
    ));
}

#[test]
fn programs_and_files() {
    assert_snapshot!(said("[command]\nrun = [\"no-such-program-at-all\"]\ncode = [\"lib/**/*.py\", \"[\"]\n"));
    assert_snapshot!(said("[command]\nrun = [\"train.sh\"]\n"));
    assert_snapshot!(said("[command]\nrun = [\"./train.sh\"]\nfolder = \"nowhere\"\n"));
}

#[test]
fn keys_and_their_values() {
    assert_snapshot!(said(
        "[command]\nrun = \"sh train.sh\"\nmetric = { a = \"max\" }\nlog = \"pigeon\"\nmetrics = { a = \"up\" }\nenv = 3\n\
         determinism = \"roughly\"\nprobe = -1\nscores = \"../a\"\n[early_stop]\nmetric = \"a\"\nrule = \"median\"\n"
    ));
}

#[test]
fn stages_that_cannot_be() {
    assert_snapshot!(said(
        "[stage.a]\nrun = [\"sh\"]\nneeds = \"b\"\n[stage.b]\nrun = [\"sh\"]\nneeds = \"a\"\n[command]\nrun = [\"sh\"]\n"
    ));
    assert_snapshot!(said("[stage.a]\nrun = [\"sh\"]\nneeds = \"c\"\n[command]\nrun = [\"sh\", \"{stage.a}\"]\n"));
    assert_snapshot!(said("[stage.a]\nrun = [\"sh\"]\n"));
}

#[test]
fn what_has_no_place_beside_commands() {
    assert_snapshot!(said("dataset = \"ml-100k\"\n[command]\nrun = [\"sh\"]\n[drr]\ntau = 0.1\n"));
    assert_snapshot!(said("dataset = \"ml-100k\"\n[params]\nlr = 1\n"));
    assert_snapshot!(said(
        "[command]\nrun = [\"sh\", \"{a}\", \"{b}\"]\n[params]\nb = [\"x\", \"y\"]\na = { choice = [1, 2], when = { b = \"x\" } }\n"
    ));
}

#[test]
fn parameters_reach_the_command_as_they_are_written() {
    let place = Place::new();
    place.file("a.sh", "for word in \"$@\"; do echo \"$word\"; done > $DRR_LAB_OUT/words\necho \"$DRR_LAB_PARAMS\" > $DRR_LAB_OUT/params");
    place.file(
        "a.toml",
        "name = \"a\"\nseeds = [7]\n[command]\nrun = [\"sh\", \"a.sh\", \"--lr={lr}\", \"{small}\", \"{whole}\", \"{text}\", \"{on}\", \"{list}\", \"{{}}\", \"{seed}\", 3, 2.50]\n\
         [params]\nlr = 1.0\nsmall = 1e-5\nwhole = 64\ntext = \"a b $HOME\"\non = true\nlist = [[1, 2]]\n",
    );
    expect(&place, 0, &["sweep", "a.toml"]);
    let read = |name: &str| std::fs::read_to_string(trials(&place)[0].join("out").join(name)).expect("there");
    assert_eq!(read("words"), "--lr=1.0\n1e-05\n64\na b $HOME\ntrue\n[1,2]\n{}\n7\n3\n2.50\n");
    assert_eq!(
        read("params").trim(),
        r#"{"list": [1,2], "lr": 1.0, "on": true, "small": 1e-05, "text": "a b $HOME", "whole": 64}"#
    );
}

#[test]
fn axes_of_every_form_make_trials() {
    let count = |params: &str| {
        let place = Place::new();
        let text = format!("name = \"a\"\nseeds = 1\n[command]\nrun = [\"sh\", \"{{params}}\"]\n{params}");
        place.file("a.toml", &text);
        let (stdout, _) = expect(&place, 0, &["sweep", "a.toml", "--dry-run", "--show"]);
        println!("{stdout}");
        stdout.lines().filter(|line| line.starts_with("  ")).count()
    };
    assert_eq!(count("[params]\na = { log = [1e-4, 1e-1], points = 4 }\nb = [\"x\", \"y\"]"), 8);
    assert_eq!(count("[params]\na = { range = [1, 9], step = 2 }"), 5);
    assert_eq!(count("[params]\na = [1, 2]\nb = [3, 4]\n[[exclude]]\na = 1\nb = 4"), 3);
    assert_eq!(count("[[zip]]\na = [1, 2]\nparams.b = [3, 4]\n[params]\nc = [5, 6]"), 4);
    assert_eq!(count("[search]\nsamples = 5\n[params]\na = { log_uniform = [0.01, 1.0] }\nb = { int = [1, 9] }"), 5);
    assert_eq!(count("[params]\nb = [\"x\", \"y\"]\na = { choice = [1, 2], when = { b = \"x\" }, default = 0 }"), 3);
}

#[test]
fn a_command_sees_of_the_environment_what_it_is_given() {
    let place = Place::new();
    place.file(
        "a.sh",
        "env | sort > $DRR_LAB_OUT/env; pwd > $DRR_LAB_OUT/pwd; echo $TMPDIR > $DRR_LAB_OUT/tmp; touch $TMPDIR/a",
    );
    place.file(
        "a.toml",
        "name = \"a\"\nseeds = 1\n[command]\nrun = [\"sh\", \"a.sh\"]\nenv = { GIVEN = true, SET = \"value\", COUNTS = { identity = true } }\n",
    );
    let run = |counts: &str| {
        let output = place
            .drr_lab(&["sweep", "a.toml"])
            .env("GIVEN", "given")
            .env("HIDDEN", "unseen")
            .env("COUNTS", counts)
            .output();
        assert!(output.expect("it starts").status.success());
        trials(&place).len()
    };
    assert_eq!((run("one"), run("one"), run("two")), (1, 1, 2), "a value that counts makes another trial");
    let read = |name: &str| std::fs::read_to_string(trials(&place)[0].join("out").join(name)).expect("there");
    let env = read("env");
    for line in ["GIVEN=given", "SET=value", "COUNTS=", "DRR_LAB_SEED=0", "OMP_NUM_THREADS=1", "PYTHONHASHSEED=0"] {
        assert!(env.contains(line), "{line}\n{env}");
    }
    assert!(!env.contains("HIDDEN") && !env.contains("XDG_DATA_HOME"), "{env}");
    let here = std::fs::canonicalize(place.path()).expect("there");
    assert_eq!(std::fs::canonicalize(read("pwd").trim()).expect("there"), here);
    assert!(!std::path::Path::new(read("tmp").trim()).exists(), "what is temporary is gone");
    let provenance = std::fs::read_to_string(trials(&place)[0].join("provenance.json")).expect("there");
    assert!(provenance.contains("\"GIVEN\": \"given\"") && !provenance.contains("unseen"), "{provenance}");
}

#[test]
fn metrics_come_on_standard_output_where_that_is_said() {
    let place = super::scripted(
        "echo epoch 1; echo '{\"step\": 1, \"loss\": 0.5}'; echo '{\"config\": {}}'",
        "log = \"stdout\"",
        "",
    );
    expect(&place, 0, &["sweep", "small.toml"]);
    assert_eq!(super::only_result(&place)["metrics"]["loss"], 0.5);
    let log = std::fs::read_to_string(trials(&place)[0].join("log.txt")).expect("a log");
    assert!(log.contains("epoch 1"), "{log}");
}
