//! What `--show` prints: every trial as resolved, stage by stage, what all share said once.

use std::collections::BTreeMap;

use drr_kinds::kind_settings;
use serde_json::{Value, json};

use crate::neutral::line;
use crate::plan::{Plan, Task};

/// Prints the trials of a plan to stdout; `elsewhere` tells which other sweeps hold a trial that was found.
pub(super) fn print<'a>(plan: &Plan, elsewhere: impl Fn(&Task) -> &'a [String]) {
    for count in plan.stages() {
        let tasks: Vec<&Task> = plan.tasks.iter().filter(|task| task.stage == count.stage).collect();
        let fields: Vec<BTreeMap<String, String>> = tasks.iter().map(|task| fields(task)).collect();
        let is_common = |name: &String, value: &String| fields.iter().all(|other| other.get(name) == Some(value));
        let common: Vec<(&String, &String)> = fields[0].iter().filter(|(name, value)| is_common(name, value)).collect();
        let said: Vec<String> = common.iter().map(|(name, value)| format!("{name}={value}")).collect();
        println!("\n{}: all with {}", count.stage.name(), line(&said.join(" ")));
        for (task, fields) in tasks.iter().zip(&fields) {
            let own = fields.iter().filter(|field| !common.contains(field));
            let own: Vec<String> = own.map(|(name, value)| format!("{name}={value}")).collect();
            let own = own.join(" ");
            println!(
                "  {} {:<7} {}{}",
                task.trial.id.short(),
                task.word().replace('-', " "),
                line(&own),
                line(&whence(task, elsewhere(task)))
            );
        }
    }
}

fn whence(task: &Task, elsewhere: &[String]) -> String {
    match (elsewhere, &task.reason) {
        (_, Some(why)) => format!("  ({why})"),
        ([], _) => String::new(),
        (sweeps, _) => format!("  (of {})", sweeps.join(", ")),
    }
}

/// Every value of a trial's spec by its name, digests shortened; what is the same for all trials of this program is left
/// out.
fn fields(task: &Task) -> BTreeMap<String, String> {
    let spec = &task.trial.spec;
    let mut fields = BTreeMap::new();
    let ratings = spec.ratings.iter().flat_map(|it| [("dataset", json!(it.dataset)), ("split", json!(it.split))]);
    for (name, value) in ratings.chain([("seed", json!(spec.seed))]) {
        flatten(name, &value, &mut fields);
    }
    for (name, value) in kind_settings(spec) {
        flatten(&name, &value, &mut fields);
    }
    if let Some(policy) = &spec.policy {
        fields.extend(
            [("measure", &spec.kind), ("policy", &policy.kind)].map(|(name, of)| (name.to_owned(), of.to_string())),
        );
    }
    fields.extend(spec.upstream.iter().map(|(kind, trial)| (format!("upstream.{kind}"), trial.short())));
    fields
}

fn flatten(path: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                flatten(&format!("{path}.{name}"), value, fields);
            }
        }
        Value::String(text) if text.len() == 64 => drop(fields.insert(path.to_owned(), text[..12].to_owned())),
        Value::String(text) => drop(fields.insert(path.to_owned(), text.clone())),
        other => drop(fields.insert(path.to_owned(), other.to_string())),
    }
}
