//! What `--show` prints: every trial as resolved, stage by stage, what all share said once.

use std::collections::BTreeMap;

use drr_core::spec::Stage;
use serde_json::Value;

use super::plan_table::Shown;
use crate::plan::{State, Task};

/// Prints the trials of a plan to stdout.
pub(super) fn print(shown: &Shown<'_>) {
    for count in shown.plan.stages() {
        let tasks: Vec<&Task> = shown.plan.tasks.iter().filter(|task| task.stage == count.stage).collect();
        let fields: Vec<BTreeMap<String, String>> = tasks.iter().map(|task| fields(task)).collect();
        let is_common = |name: &String, value: &String| fields.iter().all(|other| other.get(name) == Some(value));
        let common: Vec<(&String, &String)> = fields[0].iter().filter(|(name, value)| is_common(name, value)).collect();
        let said: Vec<String> = common.iter().map(|(name, value)| format!("{name}={value}")).collect();
        println!("\n{}: all with {}", stage_name(count.stage), said.join(" "));
        for (task, fields) in tasks.iter().zip(&fields) {
            let own = fields.iter().filter(|field| !common.contains(field));
            let own: Vec<String> = own.map(|(name, value)| format!("{name}={value}")).collect();
            println!("  {} {:<7} {}{}", task.trial.id.short(), state(task), own.join(" "), whence(shown, task));
        }
    }
}

fn stage_name(stage: Stage) -> &'static str {
    stage.name()
}

fn state(task: &Task) -> &'static str {
    match task.state {
        State::Found => "found",
        State::ToRun => "to run",
        State::Skipped(_) => "skipped",
        State::Stopped(_) => "stopped",
    }
}

fn whence(shown: &Shown<'_>, task: &Task) -> String {
    match (shown.sweeps(task), &task.state) {
        (_, State::Skipped(why) | State::Stopped(why)) => format!("  ({why})"),
        ([], _) => String::new(),
        (sweeps, _) => format!("  (of {})", sweeps.join(", ")),
    }
}

/// Every value of a trial's spec by its path, digests shortened; what is the same for all trials of this program is left
/// out.
fn fields(task: &Task) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let spec = serde_json::to_value(&task.trial.spec).expect("a spec is JSON");
    for name in ["dataset", "split", "seed", "job"] {
        flatten(if name == "job" { "" } else { name }, &spec[name], &mut fields);
    }
    fields
}

fn flatten(path: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                // `drr.drr.tau` is `drr.tau` to a person.
                let under = path.rsplit('.').next().unwrap_or_default() == name;
                let path = if path.is_empty() || under { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, fields);
            }
        }
        Value::String(text) if text.len() == 64 => drop(fields.insert(path.to_owned(), text[..12].to_owned())),
        Value::String(text) => drop(fields.insert(path.to_owned(), text.clone())),
        other => drop(fields.insert(path.to_owned(), other.to_string())),
    }
}
