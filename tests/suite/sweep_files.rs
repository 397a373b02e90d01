//! The ready-made sweeps are whole in every profile, and no mutilated sweep file gets past the reader unexplained.

use std::path::{Path, PathBuf};

use drr_core::Seed;
use drr_core::seed::Stream;
use drr_kinds::KindOf as _;
use drr_kinds::drr::DrrSpec;
use drr_lab::error::{Exit, Result};
use drr_lab::sweep::{ByName, Request, Source, Sweep, SweepRequest};

/// The ready-made sweeps, in a fixed order.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sweeps");
    let entries = std::fs::read_dir(folder).expect("the repository has sweeps");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    // Those of other programs need what these need, and have a test of their own.
    files.retain(|file| file.is_file());
    // Published numbers to compare with lie beside the sweeps; they are no sweeps.
    files.retain(|file| !file.to_string_lossy().ends_with(".paper.toml"));
    files.sort();
    files
}

fn expanded(file: &Path, profile: Option<&str>) -> Result<Sweep> {
    let request = Request { profile: profile.map(str::to_owned), ..Request::default() };
    SweepRequest::read(file, &request)?.expand(&mut ByName)
}

/// What the code calls published is what the file says.
#[test]
fn the_papers_file_is_the_published_configuration() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sweeps/paper.toml");
    let sweep = expanded(&path, None).expect("it expands");
    let trained =
        sweep.trials.iter().map(|trial| &trial.spec).find(|spec| spec.learns() && spec.kind.as_str() == "drr");
    let mut published = DrrSpec::published();
    published.resolve(100);
    assert_eq!(trained.expect("a recommender").settings.section::<DrrSpec>().expect("settings"), published);
}

#[test]
fn every_ready_made_sweep_is_whole_in_every_profile() {
    for file in files() {
        let text = std::fs::read_to_string(&file).expect("readable");
        assert!(text.starts_with("# "), "{} says what question it answers", file.display());
        let profiles = if text.contains("extends") { vec![None, Some("smoke"), Some("full")] } else { vec![None] };
        for profile in profiles {
            let sweep = expanded(&file, profile).unwrap_or_else(|e| panic!("{}: {e} {:?}", file.display(), e.problems));
            assert!(!sweep.trials.is_empty());
        }
    }
}

#[test]
fn sensitivity_varies_one_axis_at_a_time() {
    let file = files().into_iter().find(|file| file.ends_with("sensitivity.toml")).expect("it is ready-made");
    let sweep = expanded(&file, None).expect("whole");
    assert_eq!(sweep.configurations, 1 + 3 + 2 + 3 + 3 + 3 + 3 + 2);
}

/// Every form of the language in one file.
const ALL: &str = r#"name = "all"
dataset = "synthetic"
seeds = [1, 2]
baselines = ["random", "pmf"]
max_trials = 5_000
design = "grid"
[search]
samples = 3
method = "sobol"
[synthetic]
users = 60
[pmf]
optimizer = ["adam", "sgd"]
momentum = { choice = [0.5, 0.9], when = { "pmf.optimizer" = "sgd" } }
[drr]
"τ" = { log = [1e-4, 0.1], n = 4 }
gamma = { range = [0.5, 0.9], step = 0.2 }
actor_lr = { log_uniform = [1e-4, 1e-2] }
batch_size = { int = [8, 16] }
actor_hidden = [[8, 8], [16, 16]]
[[zip]]
drr.alpha = [0.1, 0.2]
drr.beta = [0.3, 0.4]
[[exclude]]
drr.tau = 0.1
drr.gamma = [0.5, 0.7]
[profile.smoke]
seeds = 1
[profile.smoke.drr]
train_steps = 10
"#;

/// Pieces that mutations put in.
const PIECES: [&str; 30] = [
    "=",
    "[",
    "]",
    "{",
    "}",
    "\"",
    ",",
    ".",
    "\n",
    "#",
    "-1",
    "0",
    "1e309",
    "nan",
    "true",
    "[[",
    "drr",
    "tau",
    "τ",
    "when",
    "zip",
    "exclude",
    "range = [1, 0]",
    "[search]\n",
    "extends = \"x\"\n",
    "seeds = 0\n",
    "1979-05-27",
    "9999999999999999999",
    "\u{0}",
    "🦀",
];

fn mutated(text: &str, random: &mut Stream) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..1 + random.below(4) {
        let (at, other) = (random.below(text.len() + 1), random.below(text.len() + 1));
        let (low, high) = (at.min(other), at.max(other).min(at.min(other) + 20));
        match random.below(5) {
            0 => drop(text.drain(low..high)),
            1 => drop(text.splice(low..low, PIECES[random.below(PIECES.len())].chars())),
            2 => drop(text.splice(low..high, PIECES[random.below(PIECES.len())].chars())),
            3 => {
                let copy: Vec<char> = text[low..high].to_vec();
                text.splice(at..at, copy);
            }
            _ => {
                // A whole line elsewhere.
                let end = text[low..].iter().position(|c| *c == '\n').map_or(text.len(), |end| low + end + 1);
                let line: Vec<char> = text.drain(low..end).collect();
                let to = random.below(text.len() + 1);
                text.splice(to..to, line);
            }
        }
    }
    text.into_iter().collect()
}

#[test]
fn two_thousand_mutilated_files_are_planned_or_explained_in_their_line() {
    let mut texts: Vec<String> = files().iter().map(|file| std::fs::read_to_string(file).expect("readable")).collect();
    // Half of the mutants come of the file that has everything.
    texts.extend(std::iter::repeat_n(ALL.to_owned(), texts.len()));
    let mut random = Seed(4).stream("mutants");
    let (mut whole, mut explained) = (0, 0);
    for number in 0..2_000 {
        let text = mutated(&texts[number % texts.len()], &mut random);
        let request = Request { profile: (number % 3 == 0).then(|| "smoke".to_owned()), ..Request::default() };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sweeps");
        let source = Source::new("mutant.toml", &text);
        match SweepRequest::of_text(&source, &folder, &request).and_then(|asked| asked.expand(&mut ByName)) {
            Ok(sweep) => {
                assert!(!sweep.trials.is_empty(), "{text}");
                whole += 1;
            }
            Err(error) => {
                assert_eq!(error.exit, Exit::BadInput, "{error}\n{text}");
                assert!(!error.problems.is_empty(), "{error} has no place:\n{text}");
                explained += 1;
            }
        }
    }
    assert!(
        whole > 100 && explained > 100,
        "{whole} whole, {explained} explained: the mutants are too tame or too wild"
    );
}
