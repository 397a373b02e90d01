//! `drr-lab doctor`: what a run would find, and the command that mends what is not as it should be.

use std::path::PathBuf;

use super::{Context, OutputFormat, execution};
use crate::audit::{self, DoctorTarget, Health};
use crate::error::{Exit, Result};
use crate::neutral::line;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The worker's program [default: this one; drr-lab-worker-cuda on GPUs].
    #[arg(long, value_name = "PATH", env = "DRR_LAB_WORKER", hide_env_values = true)]
    worker: Option<PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit> {
    let inventory = execution::inventory();
    let target = DoctorTarget {
        runs: &context.runs,
        data: &context.data,
        worker: args.worker.as_deref(),
        inventory: inventory.as_ref(),
    };
    let findings = audit::doctor(&target);
    for finding in &findings {
        match context.output {
            OutputFormat::Json => println!("{}", serde_json::to_string(finding).expect("a finding is JSON")),
            OutputFormat::Quiet if finding.health == Health::Good => {}
            OutputFormat::Human | OutputFormat::Quiet => {
                let mark = match finding.health {
                    Health::Good => "ok",
                    Health::Poor => "poor",
                    Health::Bad => "BAD",
                };
                println!("{mark:<5} {:<12} {}", finding.part, line(&finding.found));
                if !finding.mend.is_empty() {
                    println!("{:<18} mend: {}", "", line(&finding.mend));
                }
            }
        }
    }
    let worst = findings.iter().map(|finding| finding.health).max();
    Ok(if worst == Some(Health::Bad) { Exit::Environment } else { Exit::Done })
}
