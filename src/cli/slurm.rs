//! `drr-lab sweep --executor slurm`: a plan on a cluster.

use std::path::Path;

use serde_json::json;

use super::execution::Resolved;
use super::plan_table::PlanTable;
use super::{Context, OutputFormat};
use crate::error::{Error, Result};
use crate::exec::slurm::{self, AfterSubmit, Cluster, Scheduler as _, SlurmOptions};
use crate::exec::{self, Outcome};
use crate::plan::Plan;
use crate::store::Store;
use crate::sweep::{EarlyStop, SlurmSettings};

/// Where trials run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Executor {
    /// On this machine.
    #[default]
    Local,
    /// On a cluster, as job arrays.
    Slurm,
}

/// Tasks an array may have where there is no Slurm to ask: the limit it is delivered with.
const USUAL_ARRAY: usize = 1001;

/// How a sweep is submitted: `[slurm]`, and what `[execution]` says of every way of running.
pub(super) fn options(
    settings: &SlurmSettings,
    resolved: &Resolved,
    early_stop: Option<&EarlyStop>,
    worker: Option<&Path>,
    context: &Context,
) -> Result<SlurmOptions> {
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| Error::environment(format!("{}: {error}", path.display())))
    };
    Ok(SlurmOptions {
        runs: absolute(&context.runs)?,
        data: absolute(&context.data)?,
        worker: exec::find_worker(worker, settings.has_gpu())?,
        settings: settings.clone(),
        cohort: resolved.cohort,
        rules: resolved.rules,
        ignored: resolved.local.iter().copied().chain(early_stop.map(|_| "early_stop")).collect(),
    })
}

/// Submits what a plan has to run, and follows it.
pub(super) fn execute(
    plan: &Plan,
    options: &SlurmOptions,
    then: AfterSubmit,
    store: &mut Store,
    context: &Context,
) -> Result<Outcome> {
    let mut observer = super::observer(context.output);
    slurm::execute(plan, options, then, &mut Cluster::find()?, store, observer.as_mut())
}

/// Prints the batch scripts, or the plan with them.
pub(super) fn print_scripts(shown: &PlanTable<'_>, options: &SlurmOptions, output: OutputFormat) {
    let size = Cluster::find().and_then(|mut cluster| cluster.array_size()).unwrap_or(USUAL_ARRAY);
    let scripts = slurm::scripts(shown.plan, options, size);
    match output {
        OutputFormat::Quiet => {}
        OutputFormat::Json => {
            shown.json_with(&json!({"executor": "slurm", "ignored": options.ignored, "scripts": scripts}));
        }
        OutputFormat::Human => {
            print!("{scripts}");
            if let Some(line) = exec::without_effect(&options.ignored) {
                eprintln!("{}: {line}", shown.sweep.name);
            }
        }
    }
}
