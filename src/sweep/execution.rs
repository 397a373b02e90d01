//! The sections that say how a sweep runs and never what comes out: `[execution]` and `[early_stop]`. No trial's id
//! depends on them.

use serde_json::Value;

use super::problem::{Problem, Problems};
use super::suggest::did_you_mean;
use super::tree::{Entry, Tree};

/// `[execution]`; what is not said is left to the program.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Execution {
    /// How often an attempt is repeated that was lost to the surroundings.
    pub retries: Option<u32>,
    /// Seconds before the first repetition; doubled with every further one.
    pub backoff: Option<f64>,
    /// Longest time of one trial, seconds.
    pub timeout: Option<f64>,
    /// Longest silence of a worker, seconds.
    pub stall_timeout: Option<f64>,
    /// From SIGTERM to SIGKILL, seconds.
    pub grace: Option<f64>,
    /// So many failed trials end the sweep early.
    pub max_failures: Option<usize>,
    /// The part of a GPU one worker takes.
    pub gpu_share: Option<f64>,
    /// Trials to train together.
    pub cohort: Option<usize>,
}

/// Which trials are hopeless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopRule {
    /// Those below the median of the others at the same step.
    Median,
    /// Those outside the best part at each rung; rungs are further and further apart.
    Asha,
}

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Larger ones.
    Max,
    /// Smaller ones.
    Min,
}

/// `[early_stop]`.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlyStop {
    /// The rule.
    pub rule: StopRule,
    /// The recorded metric it goes by.
    pub metric: String,
    /// Which values of it are better.
    pub goal: Goal,
    /// Steps that every trial gets.
    pub grace: u64,
    /// Steps between two looks (`median`), or to the first one (`asha`).
    pub rung: u64,
    /// `asha`: one trial in so many goes on, and rungs are so many times as far apart.
    pub reduction: u64,
    /// Trials that must have come as far before one is stopped.
    pub peers: usize,
}

impl Default for EarlyStop {
    fn default() -> Self {
        Self {
            rule: StopRule::Median,
            metric: "train/reward".to_owned(),
            goal: Goal::Max,
            grace: 1000,
            rung: 1000,
            reduction: 3,
            peers: 3,
        }
    }
}

/// Keys of `[execution]` and what each takes.
pub(super) const EXECUTION: [(&str, Takes, &str); 8] = [
    ("retries", Takes::Count, "How often an attempt is repeated that was lost to a crash or a full disk."),
    ("backoff", Takes::Seconds, "Seconds before the first repetition; doubled each time, up to a minute."),
    ("timeout", Takes::Seconds, "Longest time of one trial, in seconds."),
    ("stall_timeout", Takes::Seconds, "Longest silence of a worker, in seconds."),
    ("grace", Takes::Seconds, "Seconds from SIGTERM to SIGKILL."),
    ("max_failures", Takes::Positive, "So many failed trials end the sweep early."),
    ("gpu_share", Takes::Share, "The part of a GPU one worker takes; 0.5 puts two workers on each."),
    ("cohort", Takes::Positive, "Trials to train together in one process."),
];

/// Keys of `[early_stop]` and what each takes.
pub(super) const EARLY_STOP: [(&str, Takes, &str); 7] = [
    ("rule", Takes::One(&["median", "asha"]), "Which trials are hopeless."),
    ("metric", Takes::Text, "The recorded metric the rule goes by."),
    ("goal", Takes::One(&["max", "min"]), "Which values of the metric are better."),
    ("grace", Takes::Positive, "Steps that every trial gets."),
    ("rung", Takes::Positive, "Steps between two looks, or to the first one (asha)."),
    ("reduction", Takes::Positive, "asha: one trial in so many goes on."),
    ("peers", Takes::Positive, "Trials that must have come as far before one is stopped."),
];

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Count,
    Positive,
    Seconds,
    Share,
    Text,
    One(&'static [&'static str]),
}

impl Takes {
    fn accepts(self, value: &Value) -> bool {
        let number = value.as_f64();
        match self {
            Self::Count => value.as_u64().is_some_and(|n| n <= 1_000_000),
            Self::Positive => value.as_u64().is_some_and(|n| (1..=1_000_000_000).contains(&n)),
            Self::Seconds => number.is_some_and(|n| n > 0.0 && n <= 1e9),
            Self::Share => number.is_some_and(|n| n > 0.0 && n <= 1.0),
            Self::Text => value.is_string(),
            Self::One(names) => value.as_str().is_some_and(|name| names.contains(&name)),
        }
    }

    fn expected(self) -> String {
        match self {
            Self::Count => "a whole number, 0 or more".to_owned(),
            Self::Positive => "a whole number, 1 or more".to_owned(),
            Self::Seconds => "seconds, more than 0".to_owned(),
            Self::Share => "a number above 0 and up to 1".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::One(names) => names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" or "),
        }
    }

    /// As JSON Schema.
    pub fn schema(self) -> Value {
        match self {
            Self::Count => serde_json::json!({"type": "integer", "minimum": 0}),
            Self::Positive => serde_json::json!({"type": "integer", "minimum": 1}),
            Self::Seconds => serde_json::json!({"type": "number", "exclusiveMinimum": 0}),
            Self::Share => serde_json::json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
            Self::Text => serde_json::json!({"type": "string"}),
            Self::One(names) => serde_json::json!({"enum": names}),
        }
    }
}

/// Reads the section `[execution]`, over what was said before.
pub(super) fn read_execution(said: &mut Execution, entry: &Entry, problems: &mut Problems) {
    settings(entry, &EXECUTION, problems, |key, value| {
        let (real, whole) = (value.as_f64(), value.as_u64().and_then(|n| usize::try_from(n).ok()));
        match key {
            "retries" => said.retries = whole.map(|n| n as u32),
            "backoff" => said.backoff = real,
            "timeout" => said.timeout = real,
            "stall_timeout" => said.stall_timeout = real,
            "grace" => said.grace = real,
            "max_failures" => said.max_failures = whole,
            "gpu_share" => said.gpu_share = real,
            _ => said.cohort = whole,
        }
    });
}

/// Reads the section `[early_stop]`, over what was said before.
pub(super) fn read_early_stop(said: &mut EarlyStop, entry: &Entry, problems: &mut Problems) {
    settings(entry, &EARLY_STOP, problems, |key, value| {
        let (text, whole) = (value.as_str().unwrap_or_default(), value.as_u64().unwrap_or(1));
        match key {
            "rule" => said.rule = if text == "asha" { StopRule::Asha } else { StopRule::Median },
            "metric" => said.metric = text.to_owned(),
            "goal" => said.goal = if text == "min" { Goal::Min } else { Goal::Max },
            "grace" => said.grace = whole,
            "rung" => said.rung = whole,
            "reduction" => said.reduction = whole,
            _ => said.peers = whole as usize,
        }
    });
    if said.rule == StopRule::Asha && said.reduction < 2 {
        let problem = Problem::new("`early_stop.reduction` of 1 would stop nobody").help("reduction = 3 is usual");
        problems.add(problem, &entry.key_place, "2 or more");
    }
}

/// Reads a section of plain settings: each key it knows is checked and handed to `set`.
fn settings(
    entry: &Entry,
    known: &[(&'static str, Takes, &str)],
    problems: &mut Problems,
    mut set: impl FnMut(&str, &Value),
) {
    let section = entry.key.as_str();
    let Tree::Table(keys) = &entry.node.tree else {
        let problem = Problem::new(format!("`{section}` is a section")).help(format!("write it as [{section}]"));
        return problems.add(problem, &entry.node.place, "expected a table");
    };
    for key in keys {
        let Some((name, takes, _)) = known.iter().find(|(name, ..)| *name == key.key) else {
            let help = did_you_mean(&key.key, known.iter().map(|(name, ..)| *name));
            let problem = Problem::new(format!("unknown key `{}` in [{section}]", key.key)).maybe_help(help);
            problems.add(problem, &key.key_place, format!("not a key of [{section}]"));
            continue;
        };
        match key.node.to_json().filter(|value| takes.accepts(value)) {
            Some(value) => set(name, &value),
            None => {
                let problem = Problem::new(format!("`{section}.{name}` cannot be {}", key.node.place.text()));
                problems.add(problem, &key.node.place, format!("expected {}", takes.expected()));
            }
        }
    }
}
