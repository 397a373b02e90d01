//! `drr-lab baseline`: what gates compare with, written from a recorded sweep, compared, and renewed with a reason.

use std::path::PathBuf;

use serde_json::json;

use super::{Context, OutputFormat, index};
use crate::error::{Error, Exit, Result};
use crate::gate::{self, Baseline};
use crate::neutral::line;

/// Baselines of recorded sweeps.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Write a new baseline from a recorded sweep: a small text to commit.
    Save {
        /// The recorded sweep.
        sweep: String,
        /// The file to write.
        file: PathBuf,
        /// Why it is as it is.
        #[arg(long, value_name = "WHY", default_value = "the first measurement")]
        reason: String,
    },
    /// Show what a recorded sweep, or another baseline, has other than a baseline.
    Diff {
        /// The recorded sweep, or a baseline's file.
        #[arg(value_name = "SWEEP|FILE")]
        new: String,
        /// The baseline.
        file: PathBuf,
    },
    /// Write a baseline anew after an accepted change, and the reason into it.
    Update {
        /// The recorded sweep.
        sweep: String,
        /// The baseline.
        file: PathBuf,
        /// Why it changes.
        #[arg(long, value_name = "WHY")]
        reason: String,
    },
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit> {
    match &args.verb {
        Verb::Save { sweep, file, reason } => {
            if file.exists() {
                return Err(Error::input(format!("{} is there already", file.display()))
                    .hint("`drr-lab baseline update` writes it anew and keeps its reasons"));
            }
            let baseline = gate::baseline_of(&index::open(&context.runs, context.output)?, sweep, None, reason)?;
            baseline.write(file)?;
            said(context.output, &format!("{} written; commit it", file.display()));
        }
        Verb::Diff { new, file } => {
            let old = Baseline::read(file)?;
            let path = PathBuf::from(new);
            let new = if path.is_file() {
                Baseline::read(&path)?
            } else {
                gate::baseline_of(&index::open(&context.runs, context.output)?, new, None, "")?
            };
            show(&gate::changes(&old, &new), context.output);
        }
        Verb::Update { sweep, file, reason } => {
            if reason.trim().is_empty() {
                return Err(Error::input("a baseline changes for a reason").hint("say it with --reason"));
            }
            let old = Baseline::read(file)?;
            let new = gate::baseline_of(&index::open(&context.runs, context.output)?, sweep, Some(&old), reason)?;
            let changes = gate::changes(&old, &new);
            if changes.is_empty() {
                said(context.output, &format!("{} is as measured; nothing was written", file.display()));
            } else {
                new.write(file)?;
                show(&changes, context.output);
            }
        }
    }
    Ok(Exit::Done)
}

fn show(changes: &[String], output: OutputFormat) {
    match output {
        OutputFormat::Json => println!("{}", json!({ "changes": changes })),
        OutputFormat::Human if changes.is_empty() => println!("nothing differs"),
        OutputFormat::Human => changes.iter().for_each(|change| println!("{}", line(change))),
        OutputFormat::Quiet => {}
    }
}

fn said(output: OutputFormat, text: &str) {
    match output {
        OutputFormat::Human => println!("{}", line(text)),
        OutputFormat::Json => println!("{}", json!({ "done": text })),
        OutputFormat::Quiet => {}
    }
}
