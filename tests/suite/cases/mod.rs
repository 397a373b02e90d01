//! Inputs that were once answered wrongly, each with what is right and two more of its kind. One function a case, so that
//! a list of failures says which kinds are open.
//!
//! | file | cases |
//! | --- | --- |
//! | `imports` | files without a header, encodings, archives, other scales |
//! | `evaluation` | empty test parts, few users, a K too large, one list for all |
//! | `sweeps` | ranges through zero, spellings of numbers, names, a sweep that is redefined |
//! | `system` | locked databases, hang-ups, full outputs, names of folders |

mod evaluation;
mod imports;
mod sweeps;
mod system;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common::Place;
use serde_json::Value;

/// How a command ended and what it said.
#[derive(Debug)]
struct Answer {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let answer =
            Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) };
        for word in ["panicked", "this is a bug in drr-lab"] {
            assert!(!answer.err.contains(word), "{}", answer.err);
        }
        answer
    }
}

impl Answer {
    /// Whether stdout or stderr has one of these words, in any case, and wherever lines are broken and framed.
    fn says(&self, words: &[&str]) -> bool {
        let said = (self.out.clone() + &self.err).to_lowercase();
        let parts = said.split_whitespace().filter(|part| !["│", "×", "help:"].contains(part));
        let said = parts.collect::<Vec<_>>().join(" ");
        words.iter().any(|word| said.contains(&word.to_lowercase()))
    }
}

/// A file of a case.
fn fixture(case: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases").join(case).join(file)
}

/// Copies a case's file into the place.
fn bring(place: &Place, case: &str, file: &str) -> String {
    fs::copy(fixture(case, file), place.path().join(file)).expect("the case has this file");
    file.to_owned()
}

fn ask(place: &Place, arguments: &[&str]) -> Answer {
    run(place.drr_lab(&["--data", "data"]).args(arguments))
}

fn run(command: &mut Command) -> Answer {
    Answer::from(command.output().expect("the program starts"))
}

/// Imports a file that must be read, and how many ratings came of it.
fn import(place: &Place, name: &str, file: &str, more: &[&str]) -> (Answer, Option<u64>) {
    let answer = ask(place, &[&["data", "import", name, file], more].concat());
    let shown = ask(place, &["data", "show", name, "--output", "json"]);
    let ratings = serde_json::from_str::<Value>(&shown.out).ok().and_then(|it| it["dataset"]["ratings"].as_u64());
    assert_eq!(answer.code == 0, ratings.is_some(), "what is refused leaves nothing behind: {answer:?}");
    (answer, ratings)
}

/// The results of all finished trials: their metrics by name.
fn metrics(runs: &Path) -> Vec<Value> {
    let trials = fs::read_dir(runs.join("trials")).into_iter().flatten().flatten();
    let results = trials.filter_map(|trial| fs::read(trial.path().join("result.json")).ok());
    results.map(|bytes| serde_json::from_slice::<Value>(&bytes).expect("JSON")["metrics"].clone()).collect()
}

/// How many trials were begun.
fn begun(runs: &Path) -> usize {
    fs::read_dir(runs.join("trials")).into_iter().flatten().count()
}

/// A made-up file of ratings with a header: `stars` says the rating of a user (from 0) and an item (from 0), if any.
fn ratings(users: u32, items: u32, stars: impl Fn(u32, u32) -> Option<String>) -> String {
    let mut text = "userId,movieId,rating,timestamp\n".to_owned();
    let mut time = 880_000_000;
    for user in 0..users {
        for item in 0..items {
            if let Some(stars) = stars(user, item) {
                time += 60;
                text += &format!("{},{},{stars},{time}\n", user + 1, item + 1);
            }
        }
    }
    text
}

/// A number from 0 to below `of`, the same for the same three.
fn scatter(seed: u32, user: u32, item: u32, of: u32) -> u32 {
    let mut state = u64::from(seed) << 40 ^ u64::from(user) << 20 ^ u64::from(item) ^ 0x9e37_79b9;
    for _ in 0..3 {
        state ^= state >> 31;
        state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 27;
    }
    (state % u64::from(of)) as u32
}
