//! `drr-lab export`: a sweep as one file that can be taken elsewhere.

use std::path::PathBuf;

use serde_json::json;

use super::target::{self, Target};
use super::{Context, OutputFormat};
use crate::bundle;
use crate::error::{Error, Exit, Result};

const EXAMPLES: &str = "\
Examples:
  drr-lab export --bundle quickstart quickstart.zip
  drr-lab --runs elsewhere runs import quickstart.zip && drr-lab --runs elsewhere verify quickstart";

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The sweep: specs, results, journals, models, provenance, a description of the data (not the data), RO-Crate 1.1.
    #[arg(long, value_name = "SWEEP", required = true)]
    bundle: String,
    /// The archive to write (ZIP).
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit> {
    let Target::Sweep(sweep) = target::find(&context.runs, &args.bundle)? else {
        return Err(Error::input(format!("`{}` is a trial; a bundle holds a sweep", args.bundle)));
    };
    let done = bundle::export(&context.runs, &context.data, &sweep, &args.file)?;
    let size = std::fs::metadata(&args.file).map_or(0, |file| file.len());
    match context.output {
        OutputFormat::Json => println!(
            "{}",
            json!({"file": args.file, "trials": done.trials, "unfinished": done.unfinished, "bytes": size})
        ),
        OutputFormat::Human => {
            println!("{}: {} trials, {} KiB", args.file.display(), done.trials, size.div_ceil(1024));
            if done.unfinished > 0 {
                eprintln!("note: {} trials are not finished and stayed behind", done.unfinished);
            }
        }
        OutputFormat::Quiet => {}
    }
    Ok(Exit::Done)
}
