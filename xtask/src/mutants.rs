//! `cargo xtask mutants`: does `gates/ci-smoke.toml` notice what goes wrong? Each bug planted in the worker
//! `drr-lab-mutant` trains the sweep `ci-smoke` once, and is checked twice: against a baseline of the same environment
//! class, to the bit; and against one of products that round otherwise, where only near-equality and statistics can tell.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fmt, fs};

use serde_json::{Value, json};

use crate::arguments::MutantOptions;
use crate::problem::Problem;
use crate::steps::{Outcome, Step, sibling};

const BUILD: Step = Step::cargo("build", &["build", "--workspace"]);
const PLANT: Step = Step::cargo(
    "mutants' build",
    &["build", "--workspace", "--features", "drr-train/mutants", "--bin", "drr-lab-mutant"],
);
const SWEEP: &str = "sweeps/ci-smoke.toml";
const GATES: &str = "gates/ci-smoke.toml";

/// One bug of each way to be noticed, for `--short`: by everything, by the course of training, by near-equality alone.
const SHORT: [&str; 3] = ["reward-sign", "stale-priorities", "w-frozen"];

/// Runs the campaign; whether every bug was caught and nothing else was.
pub fn run(root: &Path, options: &MutantOptions) -> Result<bool, Problem> {
    for step in [BUILD, PLANT] {
        if step.run(root)?.outcome != Outcome::Passed {
            return Ok(false);
        }
    }
    let campaign = Campaign::new(root)?;
    let started = Instant::now();
    campaign.train("other-arithmetic", &[("DRR_LAB_MUTANT", "other-arithmetic")])?;
    campaign.baseline(Class::Other, "other-arithmetic")?;
    campaign.train("unchanged", &[])?;
    let alarms = campaign.check(Class::Other, "unchanged")?;
    campaign.baseline(Class::Same, "unchanged")?;
    let mut found = Vec::new();
    for (name, bug) in campaign.bugs()? {
        if options.short && !SHORT.contains(&name.as_str()) {
            continue;
        }
        let trained = campaign.train(&name, &[("DRR_LAB_MUTANT", &name)])?;
        let (same, other) = match trained {
            Trained::Whole => (campaign.check(Class::Same, &name)?, campaign.check(Class::Other, &name)?),
            // A trial that ends without a result needs no gate: the sweep itself is red.
            Trained::Failed => (Alarms::failed(), Alarms::failed()),
        };
        fs::remove_dir_all(campaign.folder.join(&name)).map_err(|error| cannot(&campaign.folder, &error))?;
        found.push(Found { name, bug, same, other });
    }
    let report = Report { alarms, found, took: started.elapsed() };
    print!("\n{report}");
    if let Some(file) = &options.json {
        fs::write(file, format!("{:#}\n", report.json())).map_err(|error| cannot(file, &error))?;
    }
    Ok(report.good())
}

/// Which environment class a baseline is of, seen from the bugs' runs.
#[derive(Clone, Copy, Debug)]
enum Class {
    Same,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trained {
    Whole,
    Failed,
}

/// Where the campaign works: run folders and copies of the gates beside baselines of its own.
struct Campaign<'a> {
    root: &'a Path,
    folder: PathBuf,
    drr_lab: PathBuf,
    worker: PathBuf,
}

/// The names of the gates that regressed, by what they look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Alarms {
    bits: Vec<String>,
    nearly: Vec<String>,
    statistics: Vec<String>,
    inconclusive: Vec<String>,
}

impl<'a> Campaign<'a> {
    fn new(root: &'a Path) -> Result<Self, Problem> {
        let folder = root.join("target/mutants");
        let _ = fs::remove_dir_all(&folder);
        for class in [Class::Same, Class::Other] {
            let place = folder.join(class.folder());
            fs::create_dir_all(&place).map_err(|error| cannot(&place, &error))?;
            fs::copy(root.join(GATES), place.join("ci-smoke.toml")).map_err(|error| cannot(&place, &error))?;
        }
        Ok(Self { root, folder, drr_lab: sibling("drr-lab")?, worker: sibling("drr-lab-mutant")? })
    }

    /// Names and descriptions of the bugs, as the worker tells them.
    fn bugs(&self) -> Result<Vec<(String, String)>, Problem> {
        let output = Command::new(&self.worker).arg("--list").output().map_err(|error| cannot(&self.worker, &error))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().filter_map(|line| line.split_once('\t')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect())
    }

    fn train(&self, name: &str, environment: &[(&str, &str)]) -> Result<Trained, Problem> {
        eprintln!("training {name}");
        let mut command = self.command(name);
        command.args(["sweep", SWEEP, "--threads", "1", "--output", "quiet", "--worker"]).arg(&self.worker);
        let status =
            command.envs(environment.iter().copied()).status().map_err(|error| cannot(&self.drr_lab, &error))?;
        match status.code() {
            Some(0) => Ok(Trained::Whole),
            Some(1) => Ok(Trained::Failed),
            _ => Err(failed(&format!("the sweep of {name}"))),
        }
    }

    fn baseline(&self, class: Class, name: &str) -> Result<(), Problem> {
        let file = self.folder.join(class.folder()).join("ci-smoke.baseline.toml");
        let mut command = self.command(name);
        command.args(["baseline", "save", "ci-smoke"]).arg(file).args(["--output", "quiet"]);
        let status = command.status().map_err(|error| cannot(&self.drr_lab, &error))?;
        if status.success() { Ok(()) } else { Err(failed(&format!("the baseline of {name}"))) }
    }

    fn check(&self, class: Class, name: &str) -> Result<Alarms, Problem> {
        let gates = self.folder.join(class.folder()).join("ci-smoke.toml");
        let mut command = self.command(name);
        command.arg("check").arg(gates).args(["--output", "json"]).stderr(Stdio::inherit());
        let output = command.output().map_err(|error| cannot(&self.drr_lab, &error))?;
        let checked: Value =
            serde_json::from_slice(&output.stdout).map_err(|_| failed(&format!("the check of {name}")))?;
        Ok(Alarms::of(&checked))
    }

    /// drr-lab on a runs folder of the campaign.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.drr_lab);
        command.current_dir(self.root).arg("--runs").arg(self.folder.join(name));
        for variable in ["DRR_LAB_MUTANT", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"] {
            command.env_remove(variable);
        }
        command
    }
}

impl Class {
    fn folder(self) -> &'static str {
        match self {
            Class::Same => "same-class",
            Class::Other => "other-class",
        }
    }
}

impl Alarms {
    fn of(checked: &Value) -> Self {
        let mut alarms = Self::default();
        for finding in checked["findings"].as_array().into_iter().flatten() {
            let name = finding["gate"].as_str().unwrap_or_default().to_owned();
            let list = match finding["verdict"].as_str() {
                Some("regressed") if finding["metric"] == "digests" => &mut alarms.bits,
                Some("regressed") if finding["numbers"].is_null() => &mut alarms.nearly,
                Some("regressed") => &mut alarms.statistics,
                Some("inconclusive") => &mut alarms.inconclusive,
                _ => continue,
            };
            list.push(name);
        }
        alarms
    }

    fn failed() -> Self {
        let name = vec!["a trial failed".to_owned()];
        Self { bits: name.clone(), statistics: name, ..Self::default() }
    }

    fn json(&self) -> Value {
        json!({ "bits": self.bits, "nearly": self.nearly, "statistics": self.statistics, "inconclusive": self.inconclusive })
    }
}

/// What became of one bug.
struct Found {
    name: String,
    bug: String,
    same: Alarms,
    other: Alarms,
}

impl Found {
    fn caught_by_bits(&self) -> bool {
        !self.same.bits.is_empty()
    }

    fn caught_by_statistics(&self) -> bool {
        !self.other.statistics.is_empty()
    }

    fn caught_nearly(&self) -> bool {
        !self.other.nearly.is_empty()
    }
}

/// The campaign's outcome.
struct Report {
    /// What is said of unchanged code in another environment class.
    alarms: Alarms,
    found: Vec<Found>,
    took: Duration,
}

impl Report {
    fn quiet(&self) -> bool {
        self.alarms.statistics.is_empty() && self.alarms.nearly.is_empty()
    }

    fn good(&self) -> bool {
        let caught = |it: &Found| it.caught_by_bits() && (it.caught_by_statistics() || it.caught_nearly());
        self.quiet() && !self.found.is_empty() && self.found.iter().all(caught)
    }

    fn json(&self) -> Value {
        let found = self.found.iter().map(|it| {
            json!({ "name": it.name, "bug": it.bug, "same_class": it.same.json(), "other_class": it.other.json() })
        });
        json!({ "unchanged": self.alarms.json(), "bugs": found.collect::<Vec<Value>>(), "seconds": self.took.as_secs_f64() })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.found.iter().map(|it| it.name.len()).max().unwrap_or(0).max("unchanged".len());
        let mark = |caught: bool| if caught { "caught" } else { "–" };
        writeln!(
            f,
            "  {:width$}  {:6}  {:6}  {:10}  gates that went red in another environment class",
            "", "bits", "nearly", "statistics"
        )?;
        let line = |f: &mut fmt::Formatter<'_>, name: &str, same: bool, other: &Alarms| {
            let gates = [other.statistics.as_slice(), &other.nearly].concat().join(", ");
            let (nearly, statistics) = (mark(!other.nearly.is_empty()), mark(!other.statistics.is_empty()));
            writeln!(f, "  {name:width$}  {:6}  {nearly:6}  {statistics:10}  {gates}", mark(same))
        };
        line(f, "unchanged", false, &self.alarms)?;
        for it in &self.found {
            line(f, &it.name, it.caught_by_bits(), &it.other)?;
        }
        let count = |caught: fn(&Found) -> bool| self.found.iter().filter(|it| caught(it)).count();
        writeln!(
            f,
            "\n{} bugs in {:.0} s: {} caught to the bit; in another environment class {} by statistics, {} by statistics or near-equality",
            self.found.len(),
            self.took.as_secs_f64(),
            count(Found::caught_by_bits),
            count(Found::caught_by_statistics),
            count(|it| it.caught_by_statistics() || it.caught_nearly())
        )
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> Problem {
    Problem::file(&path.display().to_string(), error, "is there room, and is the folder yours?")
}

fn failed(what: &str) -> Problem {
    Problem::new(format!("{what} did not come out"), "what it said is above".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_are_told_apart_by_what_they_look_at() {
        let finding = |gate: &str, metric: &str, verdict: &str, numbers: Value| json!({ "gate": gate, "metric": metric, "verdict": verdict, "numbers": numbers });
        let checked = json!({ "findings": [
            finding("bits", "digests", "regressed", Value::Null),
            finding("first", "train/q/first", "regressed", Value::Null),
            finding("precision", "precision@10", "regressed", json!({ "p": 0.001 })),
            finding("speed", "step_rate", "inconclusive", json!({ "p": 0.5 })),
            finding("fine", "precision@5", "pass", json!({ "p": 1.0 })),
        ]});
        let list = |name: &str| vec![name.to_owned()];
        let expected = Alarms {
            bits: list("bits"),
            nearly: list("first"),
            statistics: list("precision"),
            inconclusive: list("speed"),
        };
        assert_eq!(Alarms::of(&checked), expected);
    }

    #[test]
    fn a_campaign_is_good_if_all_is_caught_and_nothing_else() {
        let red =
            |name: &str| Alarms { bits: vec![name.to_owned()], statistics: vec![name.to_owned()], ..Alarms::default() };
        let found = |other: Alarms| Found { name: "x".to_owned(), bug: "y".to_owned(), same: red("a"), other };
        let report = |alarms: Alarms, other: Alarms| Report { alarms, found: vec![found(other)], took: Duration::ZERO };
        assert!(report(Alarms::default(), red("b")).good());
        assert!(!report(Alarms::default(), Alarms::default()).good(), "missed");
        assert!(!report(red("c"), red("b")).good(), "cried wolf");
        assert!(report(Alarms::default(), red("b")).to_string().contains("1 bugs in 0 s: 1 caught to the bit"));
    }
}
