//! `drr-lab runs list`: sweeps, and the trials of one, as the folders have them.

use std::collections::BTreeMap;

use drr_core::TrialSpec;
use drr_core::result::TrialResult;
use drr_core::spec::{Job, Measure};
use drr_core::trial_dir::TrialDir;
use serde_json::{Value, json};

use crate::cli::target::{self, Target};
use crate::cli::{Context, Output};
use crate::error::{Error, Result};
use crate::plan::{read_failure, read_sweep};

/// How a trial stands.
fn state(folder: &TrialDir) -> &'static str {
    if folder.is_complete() {
        "finished"
    } else if read_failure(folder).is_some() {
        "failed"
    } else {
        "open"
    }
}

pub(super) fn sweeps(context: &Context) -> Result<()> {
    let names = target::sweeps(&context.runs)?;
    if names.is_empty() && context.output == Output::Human {
        eprintln!("no sweep is recorded in {}", context.runs.display());
    }
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(5);
    if context.output != Output::Json && !names.is_empty() {
        println!("{:<width$} {:>8} {:>8} {:>8} {:>8}", "sweep", "trials", "finished", "failed", "open");
    }
    for name in names {
        let sweep = read_sweep(&context.runs, &name)?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for trial in &sweep.trials {
            *counts.entry(state(&TrialDir::new(&context.runs, trial.id))).or_default() += 1;
        }
        let count = |state| counts.get(state).copied().unwrap_or(0);
        let (finished, failed, open) = (count("finished"), count("failed"), count("open"));
        match context.output {
            Output::Json => println!(
                "{}",
                json!({"sweep": name, "trials": sweep.trials.len(), "finished": finished, "failed": failed, "open": open})
            ),
            _ => println!("{name:<width$} {:>8} {finished:>8} {failed:>8} {open:>8}", sweep.trials.len()),
        }
    }
    Ok(())
}

pub(super) fn trials(context: &Context, name: &str) -> Result<()> {
    let sweep = match target::find(&context.runs, name)? {
        Target::Sweep(sweep) => sweep,
        Target::Trial(trial) => {
            return Err(Error::input(format!("`{name}` is a trial"))
                .hint(format!("`drr-lab runs show {}` shows it", trial.short())));
        }
    };
    for trial in &sweep.trials {
        let folder = TrialDir::new(&context.runs, trial.id);
        let (stage, state) = (trial.spec.stage().name(), state(&folder));
        let what = what(&trial.spec);
        if context.output == Output::Json {
            println!(
                "{}",
                json!({"trial": trial.id, "stage": stage, "seed": trial.spec.seed, "what": what, "point": *trial.point, "state": state})
            );
            continue;
        }
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let point: Vec<String> = trial.point.iter().map(|(axis, value)| format!("{axis}={}", plain(value))).collect();
        let took = TrialResult::read(&folder.result()).ok().flatten().map(|it| format!("{:.1} s", it.wall_s));
        println!(
            "{}  {stage:<5} seed {:<4} {state:<9} {:>9}  {what}{}{}",
            trial.id.short(),
            trial.spec.seed.0,
            took.unwrap_or_default(),
            if what.is_empty() || point.is_empty() { "" } else { "  " },
            point.join(" ")
        );
    }
    Ok(())
}

/// What of its stage a trial is: the policy and the measure of an evaluation.
fn what(spec: &TrialSpec) -> String {
    match &spec.job {
        Job::Eval(job) => {
            let measure = match job.measure {
                Measure::Offline(_) => "offline",
                Measure::Online(_) => "online",
            };
            format!("{} {measure}", job.policy.name())
        }
        Job::Drr(job) if job.drr.train_steps == 0 => "untrained".to_owned(),
        Job::Pmf(_) | Job::Drr(_) => String::new(),
    }
}
