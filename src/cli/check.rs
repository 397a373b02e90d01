//! `drr-lab check`: recorded results against gates and a baseline, and what a pipeline needs to know of it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::{Context, OutputFormat, index};
use crate::error::{Error, Exit, Result};
use crate::gate::{self, Checked, Inconclusive, output};
use crate::neutral;

const EXAMPLES: &str = "\
Examples:
  drr-lab sweep sweeps/ci-smoke.toml && drr-lab check gates/ci-smoke.toml
  drr-lab check gates/ci-smoke.toml --junit gates.xml --gitlab gl-code-quality.json

Verdicts: pass, improved (measure the baseline anew), regressed, inconclusive (with the n that
would decide), not compared (bits of another environment class). docs/gates.md shows how to write gates.
Exit codes: 0 all pass · 1 a gate regressed · 2 bad input, nothing decided · 4 a gate is inconclusive

On GitHub Actions (GITHUB_ACTIONS, GITHUB_STEP_SUMMARY) it also annotates the gate file and adds to
the job's summary.";

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Gate files, checked one after the other.
    #[arg(required = true, value_name = "GATES")]
    files: Vec<PathBuf>,
    /// What an inconclusive gate counts as [default: neither, exit code 4].
    #[arg(long, value_enum, value_name = "HOW")]
    inconclusive: Option<Undecided>,
    /// Write JUnit XML, one case a gate.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a Markdown summary.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Write a code quality report for GitLab.
    #[arg(long, value_name = "FILE")]
    gitlab: Option<PathBuf>,
}

/// What an inconclusive gate counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Undecided {
    /// A pass.
    Pass,
    /// A regression.
    Fail,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit> {
    let inconclusive = match args.inconclusive {
        None => Inconclusive::Own,
        Some(Undecided::Pass) => Inconclusive::Pass,
        Some(Undecided::Fail) => Inconclusive::Fail,
    };
    if args.files.len() > 1 && [&args.junit, &args.markdown, &args.gitlab].into_iter().any(Option::is_some) {
        return Err(Error::input("a file is written for one gate file at a time").hint("call `drr-lab check` for each"));
    }
    let files = args.files.iter().map(|path| gate::load(path)).collect::<Result<Vec<_>>>()?;
    let store = index::open(&context.runs, context.output)?;
    let mut worst = Exit::Done;
    for file in &files {
        let checked = gate::check(file, &store)?;
        say(&checked, context.output);
        write(args, &checked, inconclusive)?;
        worst = match (worst, checked.exit(inconclusive)) {
            (Exit::Failed, _) | (_, Exit::Failed) => Exit::Failed,
            (Exit::Done, other) => other,
            (worst, _) => worst,
        };
    }
    Ok(worst)
}

fn say(checked: &Checked, how: OutputFormat) {
    match how {
        OutputFormat::Human => {
            print!("{}", output::text(checked));
            if std::env::var_os("GITHUB_ACTIONS").is_some() {
                // The one output that is to be obeyed, so past what keeps the others from it.
                std::print!("{}", output::github_annotations(checked));
            }
        }
        OutputFormat::Json => println!("{}", output::json(checked)),
        OutputFormat::Quiet => {}
    }
}

fn write(args: &Args, checked: &Checked, inconclusive: Inconclusive) -> Result<()> {
    if let Some(path) = &args.junit {
        put(path, &output::junit(checked, inconclusive)?)?;
    }
    if let Some(path) = &args.markdown {
        put(path, &output::markdown(checked))?;
    }
    if let Some(path) = &args.gitlab {
        put(path, &neutral::lines(&format!("{:#}\n", output::gitlab_code_quality(checked))))?;
    }
    // The summary of a job collects what all of its steps say.
    if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
        file.and_then(|mut file| file.write_all(output::markdown(checked).as_bytes()))
            .map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    Error::environment(format!("cannot write {}: {error}", path.display()))
}
