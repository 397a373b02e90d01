//! `drr-lab runs show`: one trial in full, from its folder.

use drr_core::TrialId;
use drr_core::finished::{self, Fault, Finished};
use drr_core::replayed::ReplayRecord;
use drr_core::result::measured;
use drr_core::trial_dir::TrialDir;
use drr_kinds::KindOf as _;
use serde_json::{Value, json};

use crate::cli::{Context, OutputFormat};
use crate::error::{Error, Exit, Result};
use crate::neutral::line;
use crate::plan::{read_failure, read_stop};

/// Artifacts that are listed.
const ARTIFACTS_SHOWN: usize = 20;

pub(super) fn run(context: &Context, trial: TrialId) -> Result<()> {
    let folder = TrialDir::new(&context.runs, trial);
    let provenance: Value =
        std::fs::read(folder.provenance()).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let changed = |fault: Fault| Error { exit: Exit::Mismatch, ..Error::input(fault.to_string()) };
    let spec = finished::read_spec(&folder).map_err(changed)?;
    let found = match finished::read(&folder) {
        Ok(finished) => Some(finished),
        Err(Fault::Unfinished(_)) => None,
        Err(fault) => return Err(changed(fault)),
    };
    if context.output == OutputFormat::Json {
        let (result, seal) = found.map(|it| (it.result, it.seal)).unzip();
        println!("{}", json!({"trial": trial, "spec": spec, "result": result, "seal": seal, "provenance": provenance}));
        return Ok(());
    }
    println!("trial       {trial}");
    let on = spec.dataset().map(|dataset| format!(", on {}", line(&dataset.name))).unwrap_or_default();
    println!("stage       {}, seed {}{on}", spec.stage().name(), spec.seed.0);
    match &found {
        Some(finished) => outcome(finished),
        None => match read_failure(&folder) {
            Some(failure) => {
                println!("failed      {} (attempts: {})", line(&failure.message), failure.attempts);
                failure.exit.iter().for_each(|exit| println!("ended       {}", line(exit)));
                println!("log         {}", folder.log().display());
                failure.log.iter().for_each(|said| println!("  | {}", line(said)));
            }
            None => match read_stop(&folder) {
                Some(stop) => println!("stopped     {}", line(&stop.reason)),
                None => println!("not finished"),
            },
        },
    }
    if let Some(again) = ReplayRecord::read(&folder) {
        let times = if again.runs == 1 { "once".to_owned() } else { format!("{} times", again.runs) };
        println!("\nrun again   {times}, last {}: {}", again.at, line(&again.says));
    }
    section("spec", &serde_json::to_value(&spec).expect("a spec is JSON"));
    section("provenance", &provenance);
    println!("\n{}", folder.path().display());
    Ok(())
}

fn outcome(finished: &Finished) {
    let Finished { result, seal, points, .. } = finished;
    println!("ended       {}, after {} s, in {}", seal.at, result.wall_s, result.environment);
    println!("\ndigests");
    println!("  metrics   {}   ({} values)", result.metrics_digest, points.len());
    if let Some(model) = result.model_digest {
        println!("  model     {model}");
    }
    println!("  seal      {}", seal.digest);
    let left = result.artifacts.len();
    if left > 0 {
        println!("\nartifacts, {left} in out/");
        for (name, digest) in result.artifacts.iter().take(ARTIFACTS_SHOWN) {
            println!("  {}  {}", digest.short(), line(name));
        }
        if left > ARTIFACTS_SHOWN {
            println!("  and {} more", left - ARTIFACTS_SHOWN);
        }
    }
    let measurements = if result.repeats == 1 { "measurement" } else { "measurements" };
    println!("\nresults, over {} {measurements}", result.repeats);
    let width = result.metrics.keys().map(String::len).max().unwrap_or(0);
    for (name, value) in &result.metrics {
        match measured(&result.metrics, name) {
            Some(_) => println!("  {name:<width$}  {value}"),
            None => println!("  {name:<width$}  missing: nothing was held out"),
        }
    }
}

fn section(name: &str, value: &Value) {
    println!("\n{name}");
    let text = serde_json::to_string_pretty(value).expect("a value is JSON");
    for line in text.lines() {
        println!("  {line}");
    }
}
