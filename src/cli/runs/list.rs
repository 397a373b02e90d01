//! `drr-lab runs list`: sweeps, and the trials of one, as the folders have them.

use drr_kinds::KindOf as _;
use std::collections::{BTreeMap, HashSet};

use drr_core::result::TrialResult;
use drr_core::trial_dir::TrialDir;
use drr_core::{TrialId, TrialSpec};
use serde_json::{Value, json};

use crate::cli::target::{self, Target};
use crate::cli::{Context, OutputFormat};
use crate::error::{Error, Result};
use crate::neutral::line;
use crate::plan::{read_failure, read_stop, read_sweep};
use crate::store::{LockHolder, Reading, RunsLock, Store};

/// How a trial stands.
fn state(folder: &TrialDir, is_running: bool) -> &'static str {
    if folder.is_complete() {
        "finished"
    } else if is_running {
        "running"
    } else if read_failure(folder).is_some() {
        "failed"
    } else if read_stop(folder).is_some() {
        "stopped"
    } else {
        "open"
    }
}

/// The sweeps, or the trials of one, a line each.
pub(super) fn text(context: &Context, sweep: Option<&str>) -> Result<String> {
    match sweep {
        None => sweeps(context),
        Some(name) => trials(context, name),
    }
}

/// The trials that a running sweep has handed out; the folders cannot tell these from lost ones.
fn running(context: &Context) -> Result<HashSet<TrialId>> {
    if !matches!(RunsLock::holder(&context.runs), LockHolder::Held(_)) {
        return Ok(HashSet::new());
    }
    match Store::read(&context.runs)? {
        Reading::Database(store) => Ok(store.running()?.into_iter().collect()),
        Reading::Unreadable(_) => Ok(HashSet::new()),
    }
}

const STATES: [&str; 5] = ["finished", "failed", "stopped", "running", "open"];

fn sweeps(context: &Context) -> Result<String> {
    let names = target::sweeps(&context.runs)?;
    if names.is_empty() && context.output == OutputFormat::Human {
        eprintln!("no sweep is recorded in {}", context.runs.display());
    }
    let running = running(context)?;
    let width = names.iter().map(|name| line(name).chars().count()).max().unwrap_or(0).max(5);
    let mut text = String::new();
    if context.output != OutputFormat::Json && !names.is_empty() {
        let states = STATES.map(|state| format!(" {state:>8}")).concat();
        text += &format!("{:<width$} {:>8}{states}\n", "sweep", "trials");
    }
    for name in names {
        let sweep = read_sweep(&context.runs, &name)?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for trial in &sweep.trials {
            *counts.entry(state(&TrialDir::new(&context.runs, trial.id), running.contains(&trial.id))).or_default() +=
                1;
        }
        let count = |state: &str| counts.get(state).copied().unwrap_or(0);
        if context.output == OutputFormat::Json {
            let mut line = json!({"sweep": name, "trials": sweep.trials.len()});
            STATES.iter().for_each(|state| line[*state] = count(state).into());
            text += &format!("{line}\n");
        } else {
            let name = line(&name);
            let counts = STATES.map(|state| format!(" {:>8}", count(state))).concat();
            text += &format!("{name:<width$} {:>8}{counts}\n", sweep.trials.len());
        }
    }
    Ok(text)
}

fn trials(context: &Context, name: &str) -> Result<String> {
    let sweep = match target::find(&context.runs, name)? {
        Target::Sweep(sweep) => sweep,
        Target::Trial(trial) => {
            return Err(Error::input(format!("`{name}` is a trial"))
                .hint(format!("`drr-lab runs show {}` shows it", trial.short())));
        }
    };
    let running = running(context)?;
    let mut text = String::new();
    for trial in &sweep.trials {
        let folder = TrialDir::new(&context.runs, trial.id);
        let (stage, state) = (trial.spec.stage().name(), state(&folder, running.contains(&trial.id)));
        let what = what(&trial.spec);
        if context.output == OutputFormat::Json {
            let line = json!({"trial": trial.id, "stage": stage, "seed": trial.spec.seed, "what": what,
                "point": *trial.point, "state": state});
            text += &format!("{line}\n");
            continue;
        }
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let point: Vec<String> = trial.point.iter().map(|(axis, value)| format!("{axis}={}", plain(value))).collect();
        let took = TrialResult::read(&folder.result()).ok().flatten().map(|it| format!("{:.1} s", it.wall_s));
        text += &format!(
            "{}  {stage:<5} seed {:<4} {state:<9} {:>9}  {what}{}{}\n",
            trial.id.short(),
            trial.spec.seed.0,
            took.unwrap_or_default(),
            if what.is_empty() || point.is_empty() { "" } else { "  " },
            line(&point.join(" "))
        );
    }
    Ok(text)
}

/// What of its stage a trial is: the policy and the measure of an evaluation.
fn what(spec: &TrialSpec) -> String {
    match spec.policy_kind() {
        Some(policy) => format!("{} {}", policy.name, spec.kind().name),
        None if !spec.learns() => "untrained".to_owned(),
        None => String::new(),
    }
}
