//! `drr-lab export`: a sweep as one file that can be taken elsewhere, or as rows for other programs.

use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write as _, stdout};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde_json::json;

use super::target::{self, Target};
use super::{Context, OutputFormat, index};
use crate::error::{Error, Exit, Result};
use crate::neutral::printing;
use crate::rows::{RowContent, RowFormat, RowOptions};
use crate::store::{Store, StoredSweep};
use crate::{bundle, rows};

const EXAMPLES: &str = "\
Examples:
  drr-lab export quickstart > trials.csv
  drr-lab export quickstart --what metrics --format jsonl --out points.jsonl
  drr-lab export quickstart --what seeds --out seeds.csv       # for statistics: a row a group and seed
  drr-lab export quickstart --what metrics --format parquet --out points.parquet
  drr-lab export quickstart --format tensorboard --out events && tensorboard --logdir events
  drr-lab export quickstart --format mlflow --out http://127.0.0.1:5000
  drr-lab export --bundle quickstart quickstart.zip
  drr-lab --runs elsewhere runs import quickstart.zip && drr-lab --runs elsewhere verify quickstart";

/// How a sweep is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ExportFormat {
    /// Comma-separated, with a header; a spreadsheet computes no cell of it.
    Csv,
    /// An object a line; a key is there where its column has a value.
    Jsonl,
    /// Columns with types, in a file that pandas, Polars, DuckDB and Arrow read.
    Parquet,
    /// A folder that TensorBoard shows: a run for each finished trial, with scalars and hyperparameters.
    Tensorboard,
    /// Runs in an MLflow tracking server: a run for each finished trial, with parameters and metrics.
    Mlflow,
}

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A recorded sweep, whose rows go to the output; with --bundle the archive to write.
    #[arg(value_name = "SWEEP|FILE")]
    name: String,
    /// All of this sweep in one archive (ZIP): specs, results, journals, models, provenance, a description of the data (not
    /// the data), RO-Crate 1.1.
    #[arg(long, value_name = "SWEEP", conflicts_with_all = ["what", "format", "out", "constants"])]
    bundle: Option<String>,
    /// What a row is.
    #[arg(long, value_enum, default_value = "trials")]
    what: RowContent,
    /// How rows are written.
    #[arg(long, value_enum, default_value = "csv")]
    format: ExportFormat,
    /// Where they go; to the output if it is not said. Of `tensorboard` the folder, of `mlflow` the server's address.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Columns also for settings that no axis varies (rows of trials).
    #[arg(long)]
    constants: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit> {
    match &args.bundle {
        Some(sweep) => pack(sweep, Path::new(&args.name), context),
        None => flat(args, context),
    }
}

/// A sweep as rows.
fn flat(args: &Args, context: &Context) -> Result<Exit> {
    let store = index::open(&context.runs, context.output)?;
    let Some(sweep) = store.sweep(&args.name)? else {
        let known = store.sweep_names()?;
        let error = Error::input(format!("no sweep called `{}` is recorded", args.name));
        return Err(match known.is_empty() {
            true => error.hint("run one first: drr-lab sweep FILE"),
            false => error.hint(format!("recorded are: {}", known.join(", "))),
        });
    };
    let is_of_whole_trials = matches!(args.format, ExportFormat::Tensorboard | ExportFormat::Mlflow);
    if args.constants && (args.what != RowContent::Trials || is_of_whole_trials) {
        return Err(Error::input("--constants is for rows of trials").hint("leave it out, or ask for --what trials"));
    }
    if args.what != RowContent::Trials && is_of_whole_trials {
        return Err(Error::input("TensorBoard and MLflow get all of a trial").hint("leave --what out"));
    }
    let format = match args.format {
        ExportFormat::Csv => RowFormat::Csv,
        ExportFormat::Jsonl => RowFormat::Jsonl,
        ExportFormat::Parquet => RowFormat::Parquet,
        ExportFormat::Tensorboard => return tensorboard(args, &store, &sweep, context),
        ExportFormat::Mlflow => return mlflow(args, &store, &sweep, context),
    };
    let options = RowOptions { content: args.what, format, constants: args.constants };
    if args.out.is_none() && format == RowFormat::Parquet && stdout().is_terminal() {
        return Err(Error::input("Parquet is nothing to read at a terminal").hint("name a file: --out FILE"));
    }
    let Some(path) = &args.out else {
        let written = rows::write(&store, &sweep, options, &mut BufWriter::new(printing::Printed));
        // A reader that left has seen enough; a full disk is told at the end.
        return if printing::is_closed() { Ok(Exit::Done) } else { written.map(|_| Exit::Done) };
    };
    // Under its name stands the whole of it, or what stood there.
    let mut unfinished = path.clone().into_os_string();
    unfinished.push(".part");
    let about = |error: &std::io::Error| Error::disk(format!("cannot write {}", path.display()), error);
    let mut out = BufWriter::new(File::create(&unfinished).map_err(|error| about(&error))?);
    let count = rows::write(&store, &sweep, options, &mut out)?;
    out.flush().and_then(|()| std::fs::rename(&unfinished, path)).map_err(|error| about(&error))?;
    match context.output {
        OutputFormat::Json => println!("{}", json!({"file": path, "rows": count})),
        OutputFormat::Human => println!("{}: {count} rows", path.display()),
        OutputFormat::Quiet => {}
    }
    Ok(Exit::Done)
}

/// A sweep as a folder of event files.
fn tensorboard(args: &Args, store: &Store, sweep: &StoredSweep, context: &Context) -> Result<Exit> {
    let Some(folder) = &args.out else {
        return Err(Error::input("event files go into a folder").hint("name it: --out DIR"));
    };
    let count = rows::tensorboard::write(store, sweep, folder)?;
    match context.output {
        OutputFormat::Json => println!("{}", json!({"folder": folder, "runs": count})),
        OutputFormat::Human => println!("{}: {count} runs; tensorboard --logdir {0}", folder.display()),
        OutputFormat::Quiet => {}
    }
    Ok(Exit::Done)
}

/// A sweep as an experiment of an MLflow server.
fn mlflow(args: &Args, store: &Store, sweep: &StoredSweep, context: &Context) -> Result<Exit> {
    let address = args.out.as_deref().and_then(Path::to_str).filter(|address| address.contains("://"));
    let Some(address) = address else {
        return Err(Error::input("runs go to an MLflow tracking server").hint("name it: --out http://127.0.0.1:5000"));
    };
    let bar = if context.output == OutputFormat::Human { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let done = rows::mlflow::write(store, sweep, address, |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let done = done?;
    match context.output {
        OutputFormat::Json => println!("{}", json!({"server": address, "made": done.made, "found": done.found})),
        OutputFormat::Human => println!("{address}: {} runs made, {} were there", done.made, done.found),
        OutputFormat::Quiet => {}
    }
    Ok(Exit::Done)
}

/// A sweep as an archive.
fn pack(sweep: &str, file: &Path, context: &Context) -> Result<Exit> {
    let Target::Sweep(sweep) = target::find(&context.runs, sweep)? else {
        return Err(Error::input(format!("`{sweep}` is a trial; a bundle holds a sweep")));
    };
    let done = bundle::export(&context.runs, &context.data, &sweep, file)?;
    let size = std::fs::metadata(file).map_or(0, |file| file.len());
    match context.output {
        OutputFormat::Json => {
            println!("{}", json!({"file": file, "trials": done.trials, "unfinished": done.unfinished, "bytes": size}))
        }
        OutputFormat::Human => {
            println!("{}: {} trials, {} KiB", file.display(), done.trials, size.div_ceil(1024));
            if done.unfinished > 0 {
                eprintln!("note: {} trials are not finished and stayed behind", done.unfinished);
            }
        }
        OutputFormat::Quiet => {}
    }
    Ok(Exit::Done)
}
