//! `drr-lab runs collect` and `drr-lab runs cancel`: what was submitted to a cluster and left to itself.

use drr_core::Status;
use serde_json::json;

use super::super::sweep::record;
use super::{Context, OutputFormat};
use crate::error::{Error, Exit, Result};
use crate::exec::slurm::{self, Cluster, Submission};
use crate::plan::{FailedBefore, Plan, Sizes, read_sweep};
use crate::store::{RunsLock, Store};
use crate::sweep::SweepRequest;

/// Takes in what is finished of a sweep, or of all that are with Slurm, and says where the rest stands.
pub(super) fn collect(context: &Context, sweep: Option<&str>) -> Result<Exit> {
    let sweeps = match sweep {
        Some(sweep) => vec![sweep.to_owned()],
        None => Submission::open_sweeps(&context.runs),
    };
    if sweeps.is_empty() && context.output == OutputFormat::Human {
        eprintln!("nothing of {} is with Slurm", context.runs.display());
    }
    let _lock = RunsLock::acquire(&context.runs)?;
    let mut store = Store::open(&context.runs)?;
    let mut exit = Exit::Done;
    for name in sweeps {
        let plan = Plan::new(
            &read_sweep(&context.runs, &name)?,
            &context.runs,
            &Sizes::new(&context.data),
            FailedBefore::Skip,
        );
        let request = SweepRequest::of_record(&context.runs.join("sweeps").join(&name))?;
        record(&read_sweep(&context.runs, &name)?, &request, &plan, &mut store, context)?;
        let count = |status| plan.tasks.iter().filter(|task| task.status == status).count();
        let (finished, failed) = (count(Status::Finished), count(Status::Failed));
        let standing = slurm::standing(&context.runs, &name, &mut Cluster::find()?)?;
        if failed > 0 {
            exit = Exit::Failed;
        }
        match context.output {
            OutputFormat::Json => println!(
                "{}",
                json!({"sweep": name, "trials": plan.tasks.len(), "finished": finished, "failed": failed,
                       "tasks": {"pending": standing.pending, "running": standing.running,
                                 "unfinished": standing.unfinished}})
            ),
            OutputFormat::Human => {
                println!("{name}: {finished} of {} trials finished, {failed} failed", plan.tasks.len());
                if standing.submissions > 0 {
                    println!("  tasks with Slurm: {} running, {} pending", standing.running, standing.pending);
                }
                if standing.unfinished > 0 {
                    println!(
                        "  {} tasks ended without all results; the sweep command with --executor slurm tries them again",
                        standing.unfinished
                    );
                }
            }
            OutputFormat::Quiet => {}
        }
    }
    Ok(exit)
}

/// Cancels what is with Slurm of a sweep.
pub(super) fn cancel(context: &Context, sweep: &str) -> Result<Exit> {
    match slurm::cancel(&context.runs, sweep, &mut Cluster::find()?)? {
        0 => Err(Error::input(format!("nothing of the sweep {sweep} is with Slurm"))
            .hint("`drr-lab runs collect` lists what is")),
        _ => {
            if context.output == OutputFormat::Human {
                eprintln!(
                    "{sweep}: cancelled; what is finished is kept, and `drr-lab runs collect {sweep}` takes it in"
                );
            }
            Ok(Exit::Done)
        }
    }
}
