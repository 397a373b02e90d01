//! The section `[slurm]`: how a sweep's trials are submitted to a cluster. It changes where and when trials run, never
//! what comes out, and so enters neither a spec nor an id.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::problem::{Problem, Problems};
use super::suggest::did_you_mean;
use super::tree::{Entry, Tree};

/// What `[slurm]` says. Texts go to `sbatch` as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlurmSettings {
    /// `--partition`.
    pub partition: Option<String>,
    /// `--account`.
    pub account: Option<String>,
    /// `--qos`.
    pub qos: Option<String>,
    /// `--time` of one task.
    pub time: Option<String>,
    /// `--mem` of one task.
    pub mem: Option<String>,
    /// `--cpus-per-task`.
    pub cpus: Option<u64>,
    /// `--gres`.
    pub gres: Option<String>,
    /// `--gpus` of one task.
    pub gpus: Option<String>,
    /// `--constraint`.
    pub constraint: Option<String>,
    /// Tasks of one array that run at a time, `%N`.
    pub throttle: Option<u64>,
    /// Further lines `#SBATCH …`.
    pub sbatch: Vec<String>,
    /// Shell lines before the worker starts: modules, environment.
    pub prologue: Option<String>,
    /// An image that the worker runs in, by `apptainer exec`.
    pub container: Option<String>,
    /// The folder of libtorch's libraries on the nodes, where it is not the one the worker was built with.
    pub libtorch: Option<String>,
    /// A folder of each node's own, for copies of the dataset and of libtorch.
    pub cache: Option<String>,
}

/// What a key takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SlurmValue {
    Text,
    /// A text, or a number that means the same.
    TextOrNumber,
    Count,
    Texts,
}

/// A key, what it takes, what it means.
type Key = (&'static str, SlurmValue, &'static str);

const KEYS: [Key; 15] = [
    ("partition", SlurmValue::Text, "The partition."),
    ("account", SlurmValue::Text, "The account that is charged."),
    ("qos", SlurmValue::Text, "The quality of service."),
    ("time", SlurmValue::TextOrNumber, "Time limit of one task: minutes, or for example \"4:00:00\"."),
    ("mem", SlurmValue::TextOrNumber, "Memory of one task: MiB, or for example \"4G\"."),
    ("cpus", SlurmValue::Count, "Cores of one task; a worker computes on one."),
    ("gres", SlurmValue::Text, "Generic resources of one task, for example \"gpu:1\"."),
    ("gpus", SlurmValue::TextOrNumber, "GPUs of one task: how many, or for example \"a100:1\"."),
    ("constraint", SlurmValue::Text, "Features the nodes must have."),
    ("throttle", SlurmValue::Count, "How many tasks of one array run at a time."),
    ("sbatch", SlurmValue::Texts, "Further options of sbatch, one a line, for example [\"--exclusive\"]."),
    ("prologue", SlurmValue::Text, "Shell lines before the worker starts: modules, environment."),
    ("container", SlurmValue::Text, "An image the worker runs in, by `apptainer exec`."),
    (
        "libtorch",
        SlurmValue::Text,
        "The folder of libtorch's libraries on the nodes, where the worker does not find its own.",
    ),
    (
        "cache",
        SlurmValue::Text,
        "A folder of each node's own; the dataset, and libtorch if named, are copied there once.",
    ),
];

impl SlurmSettings {
    /// Reads the section on top of what was said before.
    pub(super) fn read(&mut self, entry: &Entry, problems: &mut Problems) {
        let Tree::Table(keys) = &entry.node.tree else {
            let problem = Problem::new("`slurm` is a section").help("[slurm]\npartition = \"short\"");
            return problems.add(problem, &entry.node.place, "expected a table");
        };
        keys.iter().for_each(|key| self.set(key, problems));
    }

    fn set(&mut self, entry: &Entry, problems: &mut Problems) {
        let name = entry.key.as_str();
        let Some((_, takes, _)) = KEYS.into_iter().find(|(known, ..)| *known == name) else {
            let names = KEYS.map(|(name, ..)| name);
            let known = format!("known keys: {}", names.join(", "));
            let problem = Problem::new(format!("unknown key `{name}` in [slurm]"));
            let problem = problem.help(did_you_mean(name, names).unwrap_or(known));
            return problems.add(problem, &entry.key_place, "not a key of [slurm]");
        };
        let value = entry.node.to_json();
        let text = value.as_ref().and_then(Value::as_str).filter(|it| !it.is_empty() && fits(name, it));
        let number = value.as_ref().and_then(Value::as_u64).filter(|count| *count > 0);
        let texts = || {
            let list = value.as_ref()?.as_array()?;
            list.iter().map(|it| it.as_str().filter(|it| fits(name, it)).map(str::to_owned)).collect::<Option<Vec<_>>>()
        };
        let expected = match (takes, text, number, texts()) {
            (SlurmValue::Text | SlurmValue::TextOrNumber, Some(text), ..) => {
                return self.set_text(name, text.to_owned());
            }
            (SlurmValue::TextOrNumber, _, Some(number), _) => return self.set_text(name, number.to_string()),
            (SlurmValue::Count, _, Some(number), _) => return self.set_count(name, number),
            (SlurmValue::Texts, Some(one), ..) => return self.sbatch = vec![one.to_owned()],
            (SlurmValue::Texts, .., Some(list)) => return self.sbatch = list,
            (SlurmValue::Text, ..) => "a text of one line",
            (SlurmValue::TextOrNumber, ..) => "a text of one line, or a whole number, 1 or more",
            (SlurmValue::Count, ..) => "a whole number, 1 or more",
            (SlurmValue::Texts, ..) => "a list of options such as [\"--exclusive\"]",
        };
        let problem = Problem::new(format!("`slurm.{name}` cannot be {}", entry.node.place.text()));
        problems.add(problem, &entry.node.place, format!("expected {expected}"));
    }

    fn set_text(&mut self, name: &str, text: String) {
        let field = match name {
            "partition" => &mut self.partition,
            "account" => &mut self.account,
            "qos" => &mut self.qos,
            "time" => &mut self.time,
            "mem" => &mut self.mem,
            "gres" => &mut self.gres,
            "gpus" => &mut self.gpus,
            "constraint" => &mut self.constraint,
            "container" => &mut self.container,
            "libtorch" => &mut self.libtorch,
            "cache" => &mut self.cache,
            _ => &mut self.prologue,
        };
        *field = Some(text);
    }

    fn set_count(&mut self, name: &str, count: u64) {
        let field = match name {
            "cpus" => &mut self.cpus,
            _ => &mut self.throttle,
        };
        *field = Some(count);
    }

    /// Whether a task is given a GPU.
    pub fn has_gpu(&self) -> bool {
        self.gpus.is_some() || self.gres.as_deref().is_some_and(|gres| gres.contains("gpu"))
    }
}

/// A prologue has lines; an option that had some would be two.
fn fits(name: &str, text: &str) -> bool {
    name == "prologue" || !text.contains('\n')
}

/// The section in the JSON Schema of sweep files.
pub(super) fn schema() -> Value {
    let text = || json!({"type": "string", "minLength": 1});
    let count = || json!({"type": "integer", "minimum": 1});
    let properties: Map<String, Value> = KEYS
        .into_iter()
        .map(|(name, takes, meaning)| {
            let mut value = match takes {
                SlurmValue::Text => text(),
                SlurmValue::TextOrNumber => json!({"anyOf": [text(), count()]}),
                SlurmValue::Count => count(),
                SlurmValue::Texts => json!({"type": "array", "items": text()}),
            };
            value["description"] = meaning.into();
            (name.to_owned(), value)
        })
        .collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false,
        "description": "How `--executor slurm` submits trials; it changes no result and no trial's id."})
}

#[cfg(test)]
#[path = "slurm_tests.rs"]
mod tests;
