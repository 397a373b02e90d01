//! `drr-lab runs`: what is recorded, one verb a file.

mod collect;
mod diff;
mod gc;
mod import;
mod list;
mod show;
mod top;
mod watch;

use super::target::{self, Target};
use super::{Context, OutputFormat};
use crate::audit;
use crate::error::{Exit, Result};
use crate::neutral::line;
use crate::store::RunsLock;

/// Recorded sweeps and trials.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List the sweeps, or the trials of one.
    List {
        /// A sweep.
        sweep: Option<String>,
        /// Show it again whenever it changes, until Ctrl-C.
        #[arg(long)]
        watch: bool,
    },
    /// Show a trial: spec, results, digests, provenance.
    Show {
        /// The beginning of its id.
        #[arg(value_name = "ID")]
        trial: String,
    },
    /// List the items that a recommender ranks highest for a user.
    Top {
        /// A sweep, whose best recommender is asked, or the beginning of a trial's id.
        #[arg(value_name = "ID|SWEEP")]
        target: String,
        /// The user, by the dataset's id.
        #[arg(long, value_name = "ID")]
        user: String,
        /// How many items.
        #[arg(long, short, value_name = "N", default_value_t = 10)]
        n: usize,
        /// Do not leave out what the user rated in the train log.
        #[arg(long)]
        seen: bool,
    },
    /// Show in what two trials differ, and the step where their metric streams part.
    Diff {
        /// The beginning of an id.
        #[arg(value_name = "A")]
        one: String,
        /// The beginning of another, or of the same one in the folder of --with.
        #[arg(value_name = "B")]
        other: String,
        /// Look for B in this runs folder.
        #[arg(long, value_name = "DIR")]
        with: Option<std::path::PathBuf>,
    },
    /// Forget a sweep, or remove a trial that no sweep holds; shows what would go until --yes is given.
    Rm {
        /// A sweep, or the beginning of a trial's id.
        #[arg(value_name = "ID|SWEEP")]
        target: String,
        /// Do it.
        #[arg(long)]
        yes: bool,
    },
    /// Remove what no sweep refers to; shows it until --yes is given.
    Gc {
        /// Show what would go, and remove nothing; this is so unless --yes is given.
        #[arg(long, conflicts_with = "yes")]
        dry_run: bool,
        /// Finished trials of earlier forms of recorded sweeps as well.
        #[arg(long)]
        earlier: bool,
        /// Do it.
        #[arg(long)]
        yes: bool,
    },
    /// Take in a bundle that `drr-lab export --bundle` wrote elsewhere.
    Import {
        /// The archive.
        #[arg(value_name = "FILE")]
        file: std::path::PathBuf,
        /// Most bytes it may have unpacked.
        #[arg(long, value_name = "BYTES", default_value_t = 16 << 30)]
        limit: u64,
    },
    /// Take in what a cluster has finished, and say where the rest stands.
    Collect {
        /// A sweep [default: all that are with Slurm].
        sweep: Option<String>,
    },
    /// Cancel what is with Slurm of a sweep; what is finished is kept.
    Cancel {
        /// The sweep.
        sweep: String,
    },
    /// Build the database anew from the folders.
    Reindex,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit> {
    match &args.verb {
        Verb::List { sweep, watch: true } => watch::run(context, sweep.as_deref()),
        Verb::List { sweep, watch: false } => {
            print!("{}", list::text(context, sweep.as_deref())?);
            Ok(Exit::Done)
        }
        Verb::Show { trial } => show::run(context, target::trial(&context.runs, trial)?).map(|()| Exit::Done),
        Verb::Top { target, user, n, seen } => top::run(context, target, user, *n, *seen).map(|()| Exit::Done),
        Verb::Diff { one, other, with } => {
            let with = with.as_ref().unwrap_or(&context.runs);
            diff::run(context, target::trial(&context.runs, one)?, with, target::trial(with, other)?)
        }
        Verb::Rm { target, yes } => match target::find(&context.runs, target)? {
            Target::Sweep(sweep) => gc::forget_sweep(context, &sweep, gc::Cleaning::of(*yes)),
            Target::Trial(trial) => gc::remove_trial(context, trial, gc::Cleaning::of(*yes)),
        },
        Verb::Gc { yes, earlier, .. } => gc::run(context, gc::Cleaning::of(*yes), gc::Earlier::of(*earlier)),
        Verb::Import { file, limit } => import::run(context, file, *limit),
        Verb::Collect { sweep } => collect::collect(context, sweep.as_deref()),
        Verb::Cancel { sweep } => collect::cancel(context, sweep),
        Verb::Reindex => reindex(context),
    }
}

fn reindex(context: &Context) -> Result<Exit> {
    let _lock = RunsLock::acquire(&context.runs)?;
    let done = audit::reindex(&context.runs)?;
    for fault in &done.left_out {
        eprintln!("left out: {}", line(&fault.to_string()));
    }
    match context.output {
        OutputFormat::Json => println!(
            "{}",
            serde_json::json!({"sweeps": done.sweeps, "finished": done.finished, "failed": done.failed,
                               "left_out": done.left_out})
        ),
        OutputFormat::Human => {
            println!("{} sweeps, {} finished trials, {} failed", done.sweeps, done.finished, done.failed)
        }
        OutputFormat::Quiet => {}
    }
    Ok(if done.left_out.is_empty() { Exit::Done } else { Exit::Mismatch })
}
