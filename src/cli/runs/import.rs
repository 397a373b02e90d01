//! `drr-lab runs import`: takes a bundle in and records what came.

use std::path::Path;

use drr_core::trial_dir::TrialDir;
use serde_json::{Value, json};

use crate::bundle;
use crate::cli::{Context, OutputFormat};
use crate::error::{Exit, Result};
use crate::neutral::line;
use crate::store::{RunsLock, Store};

pub(super) fn run(context: &Context, file: &Path, limit: u64) -> Result<Exit> {
    let runs = &context.runs;
    let _lock = RunsLock::acquire(runs)?;
    let done = bundle::import(runs, file, limit)?;
    let mut store = Store::open(runs)?;
    for sweep in &done.sweeps {
        store.record_sweep(&sweep.into())?;
        for trial in sweep.trials.iter().map(|trial| TrialDir::new(runs, trial.id)) {
            if trial.is_complete() {
                store.ingest(&trial)?;
            }
        }
    }
    for trial in &done.contradicted {
        eprintln!("trial {} is finished here with other metrics; ours stays", trial.short());
    }
    for name in &done.other_text {
        eprintln!("the sweep {name} is recorded here with the same trials and another sweep.toml; ours stays");
    }
    let names: Vec<&str> = done.sweeps.iter().map(|sweep| sweep.name.as_str()).collect();
    match context.output {
        OutputFormat::Json => println!(
            "{}",
            json!({"sweeps": names, "taken": done.taken, "known": done.known, "contradicted": done.contradicted,
                   "other_text": done.other_text})
        ),
        OutputFormat::Human => {
            println!("{}: {} trials taken in, {} known", names.join(", "), done.taken.len(), done.known);
            for dataset in done.datasets.iter().filter_map(|text| serde_json::from_str::<Value>(text).ok()) {
                let text = |key: &str| line(dataset[key].as_str().unwrap_or("-")).into_owned();
                println!("ratings: {}, fingerprint {:.12}, from {}", text("name"), text("fingerprint"), text("source"));
            }
            println!("verify it: drr-lab verify {}", names.join(" "));
        }
        OutputFormat::Quiet => {}
    }
    let agrees = done.contradicted.is_empty() && done.other_text.is_empty();
    Ok(if agrees { Exit::Done } else { Exit::Mismatch })
}
