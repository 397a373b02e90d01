//! `drr-lab report`: tables, figures and a page from what is recorded.

use drr_core::Status;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::{OutputFormat, index};
use crate::error::{Error, Result};
use crate::paper::Paper;
use crate::report::{self, Format, Reference, ReportOptions, SweepReport, TableLayout, WrittenReport};
use crate::store::{Store, StoredSweep};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use drr_stats::Spread;

/// Write tables, figures and a page from recorded sweeps.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The sweeps to report; all that have results, each by itself, if none is named. Several are compared: one report
    /// with the sweep as an axis.
    #[arg(value_name = "SWEEP")]
    pub sweeps: Vec<String>,

    /// Where to write; each sweep gets a folder of its own.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub out: PathBuf,

    /// What to write beside the figures in SVG.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "html,md,tex,csv,json,png")]
    pub format: Vec<Format>,

    /// The group others are compared with, seed by seed: a policy, values of axes, or both, for example `pmf` or
    /// `drr,tau=0.001` [default: drr-untrained].
    #[arg(long, value_name = "GROUP")]
    pub baseline: Option<Reference>,

    /// Published numbers to set ours beside, with a verdict a cell, for example papers/drr.toml.
    #[arg(long, value_name = "FILE")]
    pub paper: Vec<PathBuf>,

    /// The axes that tell groups apart, for example `tau,gamma`; a seed's score is the mean over the others [default: all].
    #[arg(long, value_name = "AXES", value_delimiter = ',')]
    pub by: Option<Vec<String>>,

    /// The axis whose values are rows and the one whose values are columns, for example `tau,actor_lr`: a table of each
    /// metric [default: the two axes of a sweep that has two].
    #[arg(long, value_name = "ROWS,COLUMNS", value_parser = two)]
    pub pivot: Option<(String, String)>,

    /// What rows are sorted by: a metric, best first (`precision@5`), an axis, least first, or `policy`.
    #[arg(long, value_name = "KEY")]
    pub sort: Option<String>,

    /// Fewer seeds than this have no interval and are not tested; 3 or more.
    #[arg(long, value_name = "N")]
    pub min_n: Option<usize>,

    /// What the bands of learning curves show.
    #[arg(long, value_parser = spreads(), default_value = "std")]
    pub band: Spread,

    /// Report several sweeps one after the other instead of comparing them in one report.
    #[arg(long)]
    pub apart: bool,

    /// Write again whenever something was recorded, until interrupted.
    #[arg(long)]
    pub watch: bool,
}

/// Two names with a comma between them.
fn two(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once(',') {
        Some((rows, columns)) if !rows.is_empty() && !columns.is_empty() && !columns.contains(',') => {
            Ok((rows.to_owned(), columns.to_owned()))
        }
        _ => Err("name two axes, for example tau,actor_lr".to_owned()),
    }
}

/// The spreads by their names.
fn spreads() -> impl TypedValueParser<Value = Spread> {
    let of = [
        ("std", "Mean ± sample standard deviation over seeds"),
        ("ci", "Mean and its 95 % interval by Student's t; from three seeds on"),
        ("iqm", "Interquartile mean and quartiles over seeds"),
    ];
    PossibleValuesParser::new(of.map(|(name, help)| PossibleValue::new(name).help(help))).map(|name| match &*name {
        "ci" => Spread::Ci,
        "iqm" => Spread::Iqm,
        _ => Spread::Std,
    })
}

/// Reports on what is recorded in `runs`.
///
/// # Errors
/// No database, an unknown sweep, no finished trial, or a file that cannot be written.
pub fn run(args: Args, runs: &Path, data: &Path, output: OutputFormat) -> Result<()> {
    let papers = args.paper.iter().map(|path| Paper::read(path, data)).collect::<Result<_>>()?;
    let layout =
        TableLayout { by: args.by.clone(), pivot: args.pivot.clone(), sort: args.sort.clone(), least_n: args.min_n };
    let baseline = args.baseline.clone();
    let options = ReportOptions { baseline, papers, layout, band: args.band, data: Some(data.to_owned()) };
    if args.watch {
        return watch(&args, runs, &options, output);
    }
    let store = index::open(runs, output)?;
    once(&store, &args, &options, output)
}

fn once(store: &Store, args: &Args, options: &ReportOptions, output: OutputFormat) -> Result<()> {
    let mut sweeps = sweeps(store, &args.sweeps)?;
    if args.sweeps.len() > 1 && !args.apart {
        sweeps = vec![report::together(&sweeps)?];
    }
    let mut all = Vec::new();
    for sweep in sweeps {
        let report = SweepReport::new(&sweep, options)?;
        let written = report.write(store, &args.out, &args.format)?;
        if output == OutputFormat::Human {
            print!("{}", report.summary());
            print(&written);
        }
        all.push(json!({ "sweep": sweep.name, "folder": written.folder, "files": written.files }));
    }
    if output == OutputFormat::Json {
        println!("{}", serde_json::Value::from(all));
    }
    Ok(())
}

/// How often a watched database is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Writes the report, and again whenever the recorded states have changed.
fn watch(args: &Args, runs: &Path, options: &ReportOptions, output: OutputFormat) -> Result<()> {
    let mut last = None;
    loop {
        let store = index::open(runs, if last.is_none() { output } else { OutputFormat::Quiet })?;
        let state: Vec<(String, String, Vec<Status>)> = sweeps(&store, &args.sweeps)?
            .into_iter()
            .map(|sweep| (sweep.name, sweep.source, sweep.trials.iter().map(|trial| trial.status).collect()))
            .collect();
        let ended = |status: &Status| matches!(status, Status::Finished | Status::Failed | Status::Stopped);
        if !state.iter().flat_map(|(.., trials)| trials).any(ended) {
            if last.is_none() {
                eprintln!("nothing is finished yet; waiting");
            }
        } else if last.as_ref() != Some(&state) {
            once(&store, args, options, output)?;
        }
        if crate::neutral::printing::is_closed() {
            return Ok(());
        }
        last = Some(state);
        std::thread::sleep(LOOK);
    }
}

/// The sweeps to report on.
fn sweeps(store: &Store, names: &[String]) -> Result<Vec<StoredSweep>> {
    let known = store.sweep_names()?;
    if names.is_empty() {
        let mut sweeps = Vec::new();
        for name in &known {
            sweeps.extend(store.sweep(name)?.filter(has_results));
        }
        if sweeps.is_empty() {
            return Err(Error::input("no recorded sweep has a finished trial")
                .hint("run one, for example `drr-lab sweep sweeps/quickstart.toml`"));
        }
        return Ok(sweeps);
    }
    names.iter().map(|name| store.sweep(name)?.ok_or_else(|| unknown(name, &known))).collect()
}

fn has_results(sweep: &StoredSweep) -> bool {
    sweep.trials.iter().any(|trial| trial.status == Status::Finished)
}

fn unknown(name: &str, known: &[String]) -> Error {
    let error = Error::input(format!("no sweep called `{name}` is recorded"));
    let near = known
        .iter()
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match (near, known) {
        (Some((_, near)), _) => error.hint(format!("did you mean `{near}`?")),
        (None, []) => error.hint("run one first with `drr-lab sweep FILE`"),
        (None, known) => error.hint(format!("recorded are: {}", known.join(", "))),
    }
}

fn print(written: &WrittenReport) {
    let first = written.files.first().unwrap_or(&written.folder);
    println!("\n{} ({} tables, {} figures)", first.display(), written.tables, written.figures);
}
