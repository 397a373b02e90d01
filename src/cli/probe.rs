//! `probe = N` of a sweep: the first trials of each group once more, to see whether their commands compute the same.

use std::collections::{BTreeMap, HashMap};

use drr_core::finished::{self, Finished};
use drr_core::replayed::ReplayRecord;
use drr_core::trial_dir::TrialDir;

use super::{Context, OutputFormat};
use crate::audit::{self, ReplayRequest, ReplayVerdict, Tolerance};
use crate::error::{Error, Result};
use crate::exec::{Observer, RunOptions};
use crate::neutral::line;
use crate::plan::Plan;
use crate::sweep::Sweep;

/// Runs again what was not run twice yet of the first `probe` finished trials of each group, and says what came of it.
///
/// # Errors
/// No worker can be had, the scratch folder cannot be written, or someone stopped it.
pub(super) fn probe(
    sweep: &Sweep,
    plan: &Plan,
    options: &RunOptions,
    observer: &mut dyn Observer,
    context: &Context,
) -> Result<()> {
    let mut groups: HashMap<String, u64> = HashMap::new();
    let mut wanted: Vec<Finished> = Vec::new();
    for task in &plan.tasks {
        let declared =
            sweep.declarations.iter().any(|it| task.trial.spec.kind == *it.kind && task.trial.spec.policy.is_none());
        let folder = TrialDir::new(&options.runs, task.trial.id);
        if !declared || !folder.is_complete() {
            continue;
        }
        let group =
            format!("{} {}", task.stage.name(), serde_json::to_string(&task.trial.point).expect("a point is JSON"));
        let count = groups.entry(group).or_default();
        *count += 1;
        if *count <= sweep.probe && ReplayRecord::read(&folder).is_none() {
            wanted.extend(finished::read(&folder).ok());
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    if context.output == OutputFormat::Human {
        let trials = if wanted.len() == 1 {
            "1 trial once more".to_owned()
        } else {
            format!("{} trials once more", wanted.len())
        };
        eprintln!("{}: {trials}, to see whether they compute the same", sweep.name);
    }
    let scratch = options.runs.join(format!("probe-{}", std::process::id()));
    let request = ReplayRequest {
        on_gpus: None,
        options: options.clone(),
        scratch: scratch.clone(),
        tolerance: Tolerance::default(),
        by_kind: audit::declared_tolerances(std::slice::from_ref(sweep)),
        commands_in: None,
    };
    let replayed = audit::replay(&wanted, &request, observer);
    let removed = std::fs::remove_dir_all(&scratch);
    let replayed = replayed?;
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::disk(format!("cannot remove {}", scratch.display()), &error));
        }
        _ => {}
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for trial in &replayed {
        let word = match &trial.verdict {
            ReplayVerdict::Bitwise => "the same to the bit",
            ReplayVerdict::Artifacts(_) => "the same metrics, but other artifacts",
            ReplayVerdict::Within { .. } => "within tolerance",
            ReplayVerdict::Diverged(_) | ReplayVerdict::OtherClass { .. } => "not deterministic",
            ReplayVerdict::CannotRun(_) => "could not be run again",
        };
        *counts.entry(word).or_default() += 1;
        if context.output == OutputFormat::Human && trial.verdict != ReplayVerdict::Bitwise {
            println!("{} {}: {}", trial.stage.name(), trial.trial.short(), line(&trial.verdict.to_string()));
        }
    }
    if context.output == OutputFormat::Human {
        let counted: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        println!("{}: run twice: {}", sweep.name, counted.join(", "));
    }
    Ok(())
}
