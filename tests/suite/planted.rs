//! Changes really planted in the sources: a default, a line of training code. The programs are built anew from a changed
//! copy, and what the unchanged ones recorded is verified with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common::{Place, SMALL, metrics_digests};

/// A changed copy of the repository, with all that was compiled, so that only this project's own crates are built.
struct Tree(PathBuf);

impl Tree {
    fn new(place: &Place) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tree = place.path().join("tree");
        let listed = succeeded(Command::new("git").current_dir(here).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]));
        for file in String::from_utf8_lossy(&listed.stdout).split('\0').filter(|file| !file.is_empty()) {
            let to = tree.join(file);
            fs::create_dir_all(to.parent().expect("a folder")).expect("made");
            fs::copy(here.join(file), to).expect("copied");
        }
        let target = Path::new(env!("CARGO_BIN_EXE_drr-lab")).parent().expect("a folder");
        fs::create_dir_all(tree.join("target/debug")).expect("made");
        for part in ["deps", "build", ".fingerprint"] {
            succeeded(Command::new("cp").args(["-a"]).arg(target.join(part)).arg(tree.join("target/debug")));
        }
        Self(tree)
    }

    fn plant(&self, file: &str, from: &str, to: &str) {
        let path = self.0.join(file);
        let text = fs::read_to_string(&path).expect("a source");
        assert_eq!(text.matches(from).count(), 1, "{from} in {file}");
        fs::write(path, text.replace(from, to)).expect("written");
    }

    fn build(&self) -> PathBuf {
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(&self.0).args(["build", "--offline", "-p", "drr-lab"]);
        build.env_remove("CARGO_TARGET_DIR");
        succeeded(&mut build);
        self.0.join("target/debug/drr-lab")
    }
}

fn succeeded(command: &mut Command) -> Output {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
#[ignore = "takes minutes: builds the programs twice"]
fn another_checkout_gives_the_same_bits_and_a_changed_default_and_line_are_named() {
    let place = Place::new();
    place.file("small.toml", SMALL);
    succeeded(&mut place.drr_lab(&["sweep", "small.toml", "--output", "quiet"]));
    let tree = Tree::new(&place);
    // Another checkout of the same sources, built anew.
    let program = tree.build();
    let elsewhere = Place::new();
    elsewhere.file("small.toml", SMALL);
    let mut sweep = Command::new(&program);
    succeeded(sweep.current_dir(elsewhere.path()).args(["sweep", "small.toml", "--output", "quiet"]));
    assert_eq!(metrics_digests(&elsewhere.runs()), metrics_digests(&place.runs()));

    // γ's default, and one line of the loop. What is recorded holds the old γ in full, so that alone would come out the
    // same; but the sweep's file means another now.
    tree.plant("crates/kinds/src/drr/settings.rs", "gamma (\"γ\"): f64 = 0.9,", "gamma (\"γ\"): f64 = 0.8,");
    let (file, from, to) = LINE;
    tree.plant(file, from, to);
    let output = Command::new(tree.build()).current_dir(place.path()).args(["verify", "small"]).output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    eprintln!("{said}");
    for says in ["gives other trials today", "drr.gamma", "code.train_sources.kinds/src/drr/settings.rs"] {
        assert!(said.contains(says), "{says}: {said}");
    }
    assert!(said.contains(&format!("code.train_sources.{}", file.trim_start_matches("crates/"))), "{said}");
    assert_eq!(said.matches("code.train_sources.").count(), 2, "no other file is named: {said}");
    let of =
        |stage: &str, says: &str| said.lines().filter(|line| line.starts_with(stage) && line.contains(says)).count();
    assert_eq!((of("pmf ", "bitwise"), of("drr ", "diverged at step")), (2, 4), "{said}");
}

/// What was recommended stays a candidate: a line of the loop is gone.
const LINE: (&str, &str, &str) = ("crates/train/src/trainer.rs", "        self.ranking.exclude(item);\n", "");
