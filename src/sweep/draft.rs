//! A sweep in the making: what the files say, then what a profile and overrides say on top. Nothing is judged as a
//! whole before all are read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use drr_core::Seed;
use drr_kinds::{Kind, registry};
use serde_json::Value;

use super::axis::{self, Axis, Repeats, Setting};
use super::choices::{Design, SplitSeed};
use super::command::CommandDraft;
use super::condition::{self, Condition, Exclusion};
use super::execution::{EarlyStop, Execution};
use super::family::policies_to_compare;
use super::fields::{FieldKey, Naming};
use super::name::name_fault;
use super::problem::{Problem, Problems, TextSpan};
use super::search::SearchSection;
use super::slurm::SlurmSettings;
use super::suggest::did_you_mean;
use super::tree::{Entry, Node, Tree};

/// Whether an evaluation takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Yes,
    No,
}

/// What is said of one field.
#[derive(Clone, Debug)]
pub(super) struct FieldSetting {
    pub setting: Setting,
    pub when: Vec<Condition>,
    /// What it is where its condition does not hold; the field's own default if nothing is said.
    pub default: Option<Value>,
    pub place: TextSpan,
    layer: u32,
}

/// Fields that vary together.
#[derive(Clone, Debug)]
pub(super) struct FieldGroup {
    pub axis: Axis,
    layer: u32,
}

/// A sweep in the making. Each text is a layer: within one, nothing may be said twice; a later one has the last word.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub name: Option<(String, TextSpan)>,
    pub seeds: Option<Vec<Seed>>,
    pub baselines: Option<Vec<&'static Kind>>,
    pub max_trials: Option<usize>,
    pub design: Option<Design>,
    pub split_seed: SplitSeed,
    pub split_fold: SplitSeed,
    /// Whether the policy is there that sweeps are about.
    pub subject: Wanted,
    /// What is said of measures, by name.
    pub measures: BTreeMap<&'static str, Wanted>,
    pub settings: BTreeMap<FieldKey, FieldSetting>,
    pub groups: Vec<FieldGroup>,
    pub search: Option<SearchSection>,
    pub excludes: Vec<Exclusion>,
    pub only: Vec<Condition>,
    pub clean: bool,
    pub slurm: SlurmSettings,
    pub execution: Execution,
    pub early_stop: Option<EarlyStop>,
    /// Whether a field was to be drawn and cannot be.
    pub misdrawn: bool,
    /// Parameters that were given something they cannot be.
    pub misread: BTreeSet<String>,
    /// The commands it runs, if it is a sweep of such.
    pub commands: CommandDraft,
    /// What names without a section mean.
    pub naming: Naming,
    layer: u32,
}

impl Draft {
    pub fn new() -> Self {
        Self {
            name: None,
            seeds: None,
            baselines: None,
            max_trials: None,
            design: None,
            split_seed: SplitSeed::Fixed,
            split_fold: SplitSeed::Fixed,
            subject: Wanted::Yes,
            measures: BTreeMap::new(),
            settings: BTreeMap::new(),
            groups: Vec::new(),
            search: None,
            excludes: Vec::new(),
            only: Vec::new(),
            clean: false,
            slurm: SlurmSettings::default(),
            execution: Execution::default(),
            early_stop: None,
            misdrawn: false,
            misread: BTreeSet::new(),
            commands: CommandDraft::default(),
            naming: Naming::default(),
            layer: 0,
        }
    }

    /// What follows has the last word over all before.
    pub fn next_layer(&mut self) {
        self.layer += 1;
    }

    /// Sets one field.
    pub fn field(&mut self, key: FieldKey, at: &TextSpan, node: &Node, problems: &mut Problems) {
        if self.settings.get(&key).is_some_and(|said| said.layer == self.layer) {
            problems.add(Problem::new(format!("`{}` is given twice", key.name())), at, "given before");
            return;
        }
        if self.groups.iter().any(|group| group.axis.fields.contains(&key)) {
            let problem = Problem::new(format!("`{}` is part of a zip group and cannot be set alone", key.name()));
            problems.add(problem, at, "varied by [[zip]]");
            return;
        }
        self.mention(key);
        let by_trial = match key.name().as_str() {
            "split.seed" => Some(&mut self.split_seed),
            "split.fold" => Some(&mut self.split_fold),
            _ => None,
        };
        if let Some(source) = by_trial {
            if matches!(&node.tree, Tree::Scalar(Value::String(text)) if text == "trial") {
                *source = SplitSeed::Trial;
                self.settings.remove(&key);
                return;
            }
            *source = SplitSeed::Fixed;
        }
        let when = condition::when(node, self.naming, problems);
        if let Some(setting) = axis::read(key, node, Repeats::Refused, problems) {
            let place = match setting {
                Setting::Fixed(_) => at.clone(),
                _ => node.place.clone(),
            };
            let default = axis::elsewhere(key, node, problems);
            self.settings.insert(key, FieldSetting { setting, when, default, place, layer: self.layer });
        } else {
            self.misdrawn |= axis::is_drawn(node);
            self.misread.insert(key.field().name.to_owned());
        }
    }

    /// Sets a field to one value, whatever was said of it.
    pub fn fix(&mut self, key: FieldKey, value: Value, place: TextSpan) {
        let setting = Setting::Fixed(value);
        self.settings.insert(key, FieldSetting { setting, when: Vec::new(), default: None, place, layer: self.layer });
    }

    /// Adds a group of fields that vary together.
    pub fn group(&mut self, entry: &Entry, members: &[(FieldKey, &Entry)], problems: &mut Problems) {
        let layer = self.layer;
        // A group of a later text replaces one of the same fields.
        self.groups.retain(|g| g.layer == layer || !g.axis.fields.iter().all(|f| members.iter().any(|(k, _)| k == f)));
        let mut group = Axis { fields: Vec::new(), points: Vec::new() };
        for (key, member) in members {
            let taken = self.settings.get(key).is_some_and(|said| said.layer == layer)
                || self.groups.iter().any(|g| g.axis.fields.contains(key));
            if taken || group.fields.contains(key) {
                let problem = Problem::new(format!("`{}` is given twice", key.name()));
                problems.add(problem, &member.key_place, "given before");
                return;
            }
            self.mention(*key);
            let refuse = |problems: &mut Problems| {
                let problem = Problem::new(format!("`{}` does not vary in its zip group", key.name()));
                problems.add(problem, &member.node.place, "expected a list of values");
            };
            if !condition::when(&member.node, self.naming, problems).is_empty() {
                let problem =
                    Problem::new("`when` has no place in a zip group").help("its fields vary together, always");
                problems.add(problem, &member.node.place, "here");
                return;
            }
            let values = match axis::read(*key, &member.node, Repeats::Allowed, problems) {
                Some(Setting::Varied(values)) => values,
                Some(_) => return refuse(problems),
                None => return,
            };
            if group.fields.is_empty() {
                group.points = vec![Vec::new(); values.len()];
            } else if values.len() != group.points.len() {
                let (name, here, there) = (key.name(), values.len(), group.points.len());
                let problem = Problem::new(format!("the values of `{name}` in its zip group are {here}, not {there}"));
                problems.add(problem, &member.node.place, "as many as the others");
                return;
            }
            group.fields.push(*key);
            for (point, value) in group.points.iter_mut().zip(values) {
                point.push(value);
            }
        }
        if group.fields.len() < 2 {
            let problem = Problem::new("a zip group needs at least two fields");
            problems.add(problem, &entry.key_place, "one field alone is a plain axis");
            return;
        }
        if let Some(twice) = (1..group.points.len()).find(|&i| group.points[..i].contains(&group.points[i])) {
            let problem = Problem::new(format!("the zip group holds its combination {} twice", twice + 1));
            problems.add(problem, &entry.key_place, "given before");
            return;
        }
        for (key, _) in members {
            self.settings.remove(key);
        }
        self.groups.push(FieldGroup { axis: group, layer });
    }

    /// Reads the section `[search]`.
    pub fn set_search(&mut self, entry: &Entry, problems: &mut Problems) {
        let Tree::Table(keys) = &entry.node.tree else {
            let problem = Problem::new("`search` is a section").help("[search]\nsamples = 50\nseed = 0");
            problems.add(problem, &entry.node.place, "expected a table");
            return;
        };
        let search = self.search.get_or_insert_with(|| SearchSection::new(entry.key_place.clone()));
        keys.iter().for_each(|key| search.set(key, problems));
    }

    /// Reads `[[exclude]]`.
    pub fn add_excludes(&mut self, entry: &Entry, problems: &mut Problems) {
        let one = std::slice::from_ref(&entry.node);
        let tables = match &entry.node.tree {
            Tree::Array(tables) => tables.as_slice(),
            _ => one,
        };
        for table in tables {
            let member = Entry { node: table.clone(), ..entry.clone() };
            let before = problems.len();
            let conditions = condition::read(&member, self.naming, problems);
            if problems.len() == before {
                let place = conditions.first().map_or_else(|| table.place.clone(), |first| first.place.clone());
                self.excludes.push(Exclusion { conditions, place });
            }
        }
    }

    /// A field of a measure asks for it, unless it was switched off.
    fn mention(&mut self, key: FieldKey) {
        if let Some(measure) = registry::measure(key.field().section) {
            self.measures.entry(measure.name).or_insert(Wanted::Yes);
        }
    }

    pub fn set_name(&mut self, node: &Node, problems: &mut Problems) {
        let Some(text) = text(node, "name", "a text", problems) else { return };
        match name_fault(&text) {
            None => self.name = Some((text, node.place.clone())),
            Some(rule) => {
                // A name that will not do counts as given: one complaint is enough.
                self.name = Some(("sweep".to_owned(), node.place.clone()));
                problems.add(Problem::new(format!("\"{text}\" cannot name a sweep")), &node.place, rule);
            }
        }
    }

    pub fn set_dataset(&mut self, node: &Node, problems: &mut Problems) {
        let key = FieldKey::dataset();
        self.field(key, &node.place, node, problems);
        // A name that is no text counts as given: one complaint is enough.
        if !self.settings.contains_key(&key) && !problems.is_empty() {
            self.fix(key, Value::from(""), node.place.clone());
        }
    }

    pub fn set_seeds(&mut self, node: &Node, problems: &mut Problems) {
        let seeds = match node.to_json() {
            Some(Value::Number(count)) => count.as_u64().filter(|n| *n <= 1_000_000).map(|n| (0..n).collect()),
            Some(Value::Array(list)) => {
                list.iter().map(|seed| seed.as_u64().filter(|seed| *seed <= Seed::MAX)).collect::<Option<Vec<u64>>>()
            }
            _ => None,
        };
        match seeds {
            None => {
                let problem = Problem::new(format!("`seeds` cannot be {}", node.place.text()));
                problems.add(problem, &node.place, "expected how many, or a list such as [0, 1, 2]");
            }
            Some(seeds) if seeds.is_empty() => {
                let problem = Problem::new("a sweep of no seeds has no trials").help("seeds = 3 is a good start");
                problems.add(problem, &node.place, "expected at least one seed");
            }
            Some(seeds) => {
                let mut seen = HashSet::new();
                if let Some(twice) = seeds.iter().find(|seed| !seen.insert(**seed)) {
                    problems.add(Problem::new(format!("the seed {twice} is given twice")), &node.place, "here");
                }
                self.seeds = Some(seeds.into_iter().map(Seed).collect());
            }
        }
    }

    pub fn set_baselines(&mut self, node: &Node, problems: &mut Problems) {
        let single = std::slice::from_ref(node);
        let nodes = match &node.tree {
            Tree::Array(nodes) => nodes.as_slice(),
            _ => single,
        };
        let mut baselines = Vec::new();
        for node in nodes {
            let Some(text) = text(node, "baselines", "a list of names", problems) else { return };
            let known = policies_to_compare(self.naming);
            match known.iter().copied().find(|policy| policy.name == text) {
                Some(baseline) if baselines.contains(&baseline) => {
                    problems.add(Problem::new(format!("the baseline \"{text}\" is given twice")), &node.place, "here");
                }
                Some(baseline) => baselines.push(baseline),
                None => {
                    let names: Vec<&str> = known.iter().map(|policy| policy.name).collect();
                    let problem = Problem::new(format!("unknown baseline \"{text}\""));
                    let label = format!("expected {}", names.join(", "));
                    problems.add(problem.maybe_help(did_you_mean(&text, names)), &node.place, label);
                }
            }
        }
        self.baselines = Some(baselines);
    }

    pub fn set_design(&mut self, node: &Node, problems: &mut Problems) {
        let Some(text) = text(node, "design", "\"grid\" or \"one-at-a-time\"", problems) else { return };
        self.design = Design::ALL.into_iter().find(|design| design.name() == text);
        if self.design.is_none() {
            let names = Design::ALL.map(Design::name);
            let problem = Problem::new(format!("unknown design \"{text}\"")).maybe_help(did_you_mean(&text, names));
            problems.add(problem, &node.place, format!("expected {}", names.join(" or ")));
        }
    }

    pub fn set_max_trials(&mut self, node: &Node, problems: &mut Problems) {
        match node.to_json().and_then(|value| value.as_u64()).and_then(|n| usize::try_from(n).ok()) {
            Some(most) if most > 0 => self.max_trials = Some(most),
            _ => {
                let problem = Problem::new(format!("`max_trials` cannot be {}", node.place.text()));
                problems.add(problem, &node.place, "expected a whole number, 1 or more");
            }
        }
    }
}

fn text(node: &Node, key: &str, expected: &str, problems: &mut Problems) -> Option<String> {
    match &node.tree {
        Tree::Scalar(Value::String(text)) => Some(text.clone()),
        _ => {
            let problem = Problem::new(format!("`{key}` cannot be {}", node.place.text()));
            problems.add(problem, &node.place, format!("expected {expected}"));
            None
        }
    }
}
