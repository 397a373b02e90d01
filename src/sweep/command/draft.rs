//! What `[command]` and the sections `[stage.NAME]` say, key by key; a later text has the last word on each.

use std::collections::BTreeMap;

use drr_kinds::command::{DeclaredBetter, DeclaredMetric, Determinism, MetricsFrom};
use serde_json::Value;

use crate::sweep::problem::{Problem, Problems, TextSpan};
use crate::sweep::suggest::did_you_mean;
use crate::sweep::tree::{Entry, Node, Tree};

/// The section of the command that a sweep is about.
pub(in crate::sweep) const SECTION: &str = "command";

/// The section that holds those it stands on.
pub(in crate::sweep) const STAGES: &str = "stage";

/// The keys of a section, and what each says.
pub(in crate::sweep) const KEYS: [(&str, &str); 12] = [
    ("run", "the words of the command, its program first; {name} stands for a parameter"),
    ("code", "the files it is made of, or patterns such as lib/**/*.py: a change makes other trials"),
    ("data", "the files it reads, or { dataset = NAME } for a dataset of drr-lab's and its split"),
    ("metrics", "what tables show, and which way is better: { accuracy = \"max\", loss = \"min\" }"),
    ("log", "\"stdout\" where metrics are lines of its output; \"file\" where it appends them to $DRR_LAB_METRICS"),
    ("env", "variables it is given: [\"NAME\", …], or { NAME = \"value\", OTHER = { identity = true } }"),
    ("needs", "the stages whose artifacts it reads, as {stage.NAME}"),
    ("takes", "parameters it reads from $DRR_LAB_PARAMS beside those in its words; \"all\" for all of them"),
    ("folder", "where it starts, from the folder of the sweep file"),
    ("scores", "what it writes for drr-lab to evaluate: \"scores.csv\""),
    ("determinism", "how equal two runs must be: \"bits\", or { tolerance = 1e-6 }"),
    ("probe", "how many trials of each group run twice, to see whether they compute the same"),
];

/// A value and where it stands.
pub(super) type Placed<T> = (T, TextSpan);

/// What the sections say.
#[derive(Clone, Debug, Default)]
pub(in crate::sweep) struct CommandDraft {
    /// By the stage's name; the empty name is the command that the sweep is about.
    pub(super) stages: BTreeMap<String, StageDraft>,
    /// Where `[command]` stands.
    pub(super) place: Option<TextSpan>,
}

/// What one section says.
#[derive(Clone, Debug, Default)]
pub(super) struct StageDraft {
    pub place: Option<TextSpan>,
    /// Whether `run` is there and cannot be read.
    pub misread: bool,
    pub run: Option<Placed<Vec<Placed<String>>>>,
    pub code: Vec<Placed<String>>,
    pub data: Vec<Placed<String>>,
    pub dataset: Option<Placed<String>>,
    pub metrics: Vec<DeclaredMetric>,
    pub log: MetricsFrom,
    pub env: Vec<(String, EnvValue, TextSpan)>,
    pub needs: Vec<Placed<String>>,
    pub takes: Option<Placed<Takes>>,
    pub folder: Option<Placed<String>>,
    pub scores: Option<Placed<String>>,
    pub determinism: Option<Determinism>,
    pub probe: u64,
}

/// What a variable is set to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum EnvValue {
    /// To this.
    Set(String),
    /// To what it is; that is no part of the trial's identity.
    Passed,
    /// To what it is when the sweep is planned; that is part of the trial's identity.
    Identity,
}

/// Which parameters a command takes beside those of its words.
#[derive(Clone, Debug)]
pub(super) enum Takes {
    All,
    Some(Vec<Placed<String>>),
}

impl CommandDraft {
    /// Where the first of its sections stands.
    pub fn place(&self) -> Option<TextSpan> {
        self.place.clone().or_else(|| self.stages.values().find_map(|stage| stage.place.clone()))
    }

    /// Reads `[command]`, or what a later text says of it.
    pub fn read_command(&mut self, entry: &Entry, problems: &mut Problems) {
        self.place.get_or_insert_with(|| entry.key_place.clone());
        self.stages.entry(String::new()).or_default().read(SECTION, entry, problems);
    }

    /// Reads `[stage.NAME]`, all of them.
    pub fn read_stages(&mut self, entry: &Entry, problems: &mut Problems) {
        let Tree::Table(stages) = &entry.node.tree else {
            let problem =
                Problem::new("`stage` holds named commands").help("[stage.prepare]\nrun = [\"./prepare.sh\"]");
            return problems.add(problem, &entry.node.place, entry.node.kind());
        };
        for stage in stages {
            let name = &stage.key;
            if name.is_empty() || !name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-') {
                let problem = Problem::new(format!("\"{name}\" cannot name a stage"));
                problems.add(problem, &stage.key_place, "letters, digits, `_` and `-` make a name");
                continue;
            }
            self.stages.entry(name.clone()).or_default().read(&format!("{STAGES}.{name}"), stage, problems);
        }
    }
}

impl StageDraft {
    fn read(&mut self, section: &str, entry: &Entry, problems: &mut Problems) {
        self.place.get_or_insert_with(|| entry.key_place.clone());
        let Tree::Table(keys) = &entry.node.tree else {
            let problem = Problem::new(format!("`{section}` is a section")).help(format!("write it as [{section}]"));
            return problems.add(problem, &entry.node.place, entry.node.kind());
        };
        for key in keys {
            if let Err(expected) = self.key(key) {
                self.misread |= key.key == "run";
                let problem = match KEYS.iter().find(|(name, _)| *name == key.key) {
                    Some((name, doc)) => Problem::new(format!("`{section}.{name}` cannot be that")).help(*doc),
                    None => {
                        Problem::new(format!("unknown key `{}` in [{section}]", key.key)).maybe_help(unknown(&key.key))
                    }
                };
                problems.add(problem, &expected.1, expected.0);
            }
        }
    }

    /// Takes in a key; what was expected instead, and where, if that cannot be.
    fn key(&mut self, entry: &Entry) -> Result<(), Placed<String>> {
        let node = &entry.node;
        let wrong = |expected: &str| (format!("expected {expected}"), node.place.clone());
        match entry.key.as_str() {
            "run" => {
                if let Tree::Scalar(Value::String(line)) = &node.tree {
                    let words: Vec<String> = line.split_whitespace().map(|word| format!("\"{word}\"")).collect();
                    return Err(wrong(&format!("a list of words: [{}]", words.join(", "))));
                }
                let words = words(node).filter(|words| !words.is_empty()).ok_or_else(|| wrong("a list of words"))?;
                self.run = Some((words, node.place.clone()));
            }
            "code" => self.code = texts(node).ok_or_else(|| wrong("file names or patterns"))?,
            "data" => match &node.tree {
                Tree::Table(keys) => match keys.as_slice() {
                    [Entry { key, node, .. }] if key == "dataset" => {
                        let name = text(node)
                            .filter(|name| !name.is_empty())
                            .ok_or_else(|| wrong("{ dataset = \"ml-100k\" }"))?;
                        self.dataset = Some((name, node.place.clone()));
                    }
                    _ => return Err(wrong("{ dataset = \"ml-100k\" }")),
                },
                _ => self.data = texts(node).ok_or_else(|| wrong("file names, patterns, or { dataset = … }"))?,
            },
            "metrics" => self.metrics = metrics(node).ok_or_else(|| wrong("{ name = \"max\", other = \"min\" }"))?,
            "log" => {
                self.log = match text(node).as_deref() {
                    Some("file") => MetricsFrom::File,
                    Some("stdout") => MetricsFrom::Stdout,
                    _ => return Err(wrong("\"file\" or \"stdout\"")),
                }
            }
            "env" => self.env = environment(node).ok_or_else(|| wrong("names, or a table of names and values"))?,
            "needs" => self.needs = texts(node).ok_or_else(|| wrong("names of stages"))?,
            "takes" => {
                let takes = match text(node).as_deref() {
                    Some("all") => Takes::All,
                    _ => Takes::Some(texts(node).ok_or_else(|| wrong("names of parameters, or \"all\""))?),
                };
                self.takes = Some((takes, node.place.clone()));
            }
            "folder" => self.folder = Some((text(node).ok_or_else(|| wrong("a path"))?, node.place.clone())),
            "scores" => {
                self.scores = Some((text(node).ok_or_else(|| wrong("the name of a file"))?, node.place.clone()))
            }
            "determinism" => {
                self.determinism = Some(determinism(node).ok_or_else(|| wrong("\"bits\" or { tolerance = 1e-6 }"))?);
            }
            "probe" => {
                self.probe =
                    whole(node).filter(|probe| *probe <= 1000).ok_or_else(|| wrong("a whole number up to 1000"))?
            }
            _ => return Err(("not a key of this section".to_owned(), entry.key_place.clone())),
        }
        Ok(())
    }
}

fn unknown(key: &str) -> Option<String> {
    let names = KEYS.map(|(name, _)| name);
    did_you_mean(key, names).or_else(|| Some(format!("known keys: {}", names.join(", "))))
}

fn text(node: &Node) -> Option<String> {
    if let Tree::Scalar(Value::String(text)) = &node.tree { Some(text.clone()) } else { None }
}

fn whole(node: &Node) -> Option<u64> {
    node.to_json()?.as_u64()
}

/// Texts, one or a list.
fn texts(node: &Node) -> Option<Vec<Placed<String>>> {
    let one = std::slice::from_ref(node);
    let nodes = if let Tree::Array(nodes) = &node.tree { nodes.as_slice() } else { one };
    nodes.iter().map(|node| Some((text(node)?, node.place.clone()))).collect()
}

/// Words of a command: texts, and whatever else is written as one word.
fn words(node: &Node) -> Option<Vec<Placed<String>>> {
    let Tree::Array(nodes) = &node.tree else { return None };
    let word = |node: &Node| match &node.tree {
        Tree::Scalar(Value::String(text)) => Some(text.clone()),
        Tree::Scalar(Value::Number(_) | Value::Bool(_)) => Some(node.place.text().to_owned()),
        _ => None,
    };
    nodes.iter().map(|node| Some((word(node)?, node.place.clone()))).collect()
}

fn metrics(node: &Node) -> Option<Vec<DeclaredMetric>> {
    let Tree::Table(entries) = &node.tree else { return None };
    let metric = |entry: &Entry| {
        let better = match text(&entry.node)?.as_str() {
            "max" => DeclaredBetter::Max,
            "min" => DeclaredBetter::Min,
            "none" => DeclaredBetter::None,
            _ => return None,
        };
        Some(DeclaredMetric { name: entry.key.clone(), better })
    };
    entries.iter().map(metric).collect()
}

fn environment(node: &Node) -> Option<Vec<(String, EnvValue, TextSpan)>> {
    let Tree::Table(entries) = &node.tree else {
        return Some(texts(node)?.into_iter().map(|(name, place)| (name, EnvValue::Passed, place)).collect());
    };
    let variable = |entry: &Entry| {
        let value = match &entry.node.tree {
            Tree::Scalar(Value::String(value)) => EnvValue::Set(value.clone()),
            Tree::Scalar(Value::Number(_)) => EnvValue::Set(entry.node.place.text().to_owned()),
            Tree::Scalar(Value::Bool(true)) => EnvValue::Passed,
            Tree::Table(keys) => match keys.as_slice() {
                [Entry { key, node: Node { tree: Tree::Scalar(Value::Bool(identity)), .. }, .. }]
                    if key == "identity" =>
                {
                    if *identity {
                        EnvValue::Identity
                    } else {
                        EnvValue::Passed
                    }
                }
                _ => return None,
            },
            _ => return None,
        };
        Some((entry.key.clone(), value, entry.key_place.clone()))
    };
    entries.iter().map(variable).collect()
}

fn determinism(node: &Node) -> Option<Determinism> {
    match &node.tree {
        Tree::Scalar(Value::String(text)) if text == "bits" => Some(Determinism::Bits),
        Tree::Table(keys) => match keys.as_slice() {
            [Entry { key, node, .. }] if key == "tolerance" => {
                let tolerance = node.to_json()?.as_f64()?;
                (tolerance >= 0.0).then_some(Determinism::Tolerance(tolerance))
            }
            _ => None,
        },
        _ => None,
    }
}
