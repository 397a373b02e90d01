//! A gate file as people write it, in TOML: which sweep, which baseline, which gates. All problems are found at once, each
//! with its line. What the names in it stand for is looked up later, in `resolve`.

use drr_kinds::{Kind, command, registry};
use std::path::{Path, PathBuf};

use super::fields::{Fields, list};
use crate::error::{Error, Result};
use crate::study::GroupName;
use crate::sweep::{Problem, Problems, Source, TextSpan, Tree, read_tree};

/// A gate file.
#[derive(Clone, Debug)]
pub struct GateFile {
    /// What errors and annotations call it.
    pub name: String,
    /// The recorded sweep that is checked.
    pub sweep: String,
    pub(super) sweep_place: TextSpan,
    /// The baseline's file, where any gate needs one.
    pub baseline: Option<PathBuf>,
    pub(super) baseline_place: TextSpan,
    pub(super) levels: Levels,
    pub(super) gates: Vec<Gate>,
}

/// How sure a verdict must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Levels {
    /// Chance that any gate of an unchanged program is called regressed; Holm divides it among the gates.
    pub false_alarms: f64,
    /// Chance that a gate passes although its metric is worse than the margin allows.
    pub misses: f64,
    /// Chance of a verdict that the printed effect and the printed n stand for.
    pub power: f64,
}

impl Default for Levels {
    fn default() -> Self {
        Self { false_alarms: 0.01, misses: 0.05, power: 0.8 }
    }
}

/// One gate.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub name: String,
    /// Where it begins.
    pub place: TextSpan,
    pub group: Option<(GroupName, TextSpan)>,
    pub measure: Option<(String, TextSpan)>,
    pub protocol: Option<(String, TextSpan)>,
    pub dataset: Option<(String, TextSpan)>,
    pub rule: Rule,
}

/// What must hold.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    /// Two runs of a trial are the same: to the bit, or as far as a tolerance permits.
    Determinism { tolerance: Option<f64> },
    /// The metric streams, and the models where there are any, are the baseline's to the bit.
    Digest,
    /// Something about a metric.
    Metric { metric: (String, TextSpan), test: GateTest },
}

/// What must hold of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum GateTest {
    /// The mean is at least this.
    AtLeast(f64),
    /// The mean is at most this.
    AtMost(f64),
    /// The mean is not worse than the baseline's by more than the margin, or by more than that share of it.
    NotWorse { direction: Direction, margin: Margin },
    /// Every seed's value is the baseline's, but for this much.
    Same { tolerance: f64 },
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Higher,
    Lower,
    /// Neither: any departure is a regression.
    Either,
}

/// How much worse still passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Margin {
    Absolute(f64),
    /// Of the baseline's mean.
    Share(f64),
}

impl Rule {
    /// Whether there is anything to hold against a baseline.
    pub fn needs_baseline(&self) -> bool {
        !matches!(
            self,
            Rule::Determinism { .. } | Rule::Metric { test: GateTest::AtLeast(_) | GateTest::AtMost(_), .. }
        )
    }
}

const TOP: [&str; 4] = ["sweep", "baseline", "levels", "gate"];
const RULES: [&str; 6] = ["bound", "non-inferiority", "relative", "same", "digest", "determinism"];
const GATE: [&str; 12] = [
    "name",
    "metric",
    "group",
    "measure",
    "protocol",
    "dataset",
    "rule",
    "direction",
    "margin",
    "tolerance",
    "at_least",
    "at_most",
];
pub(super) const PROTOCOLS: [&str; 2] = ["published", "strict"];

/// What groups can be measured by: evaluations and trainings, by their names in reports.
fn study_names() -> Vec<&'static str> {
    let mut studies: Vec<_> = registry::all().filter_map(Kind::study).collect();
    studies.sort_by_key(|study| study.order);
    // Commands are declared by sweeps.
    studies.iter().map(|study| study.name).chain([command::NAME]).collect()
}

/// Reads a gate file.
///
/// # Errors
/// A file that is not there, or any problem in it, located.
pub fn load(path: &Path) -> Result<GateFile> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::input(format!("cannot read the gate file {name}: {error}")).hint("docs/gates.md shows how to write one")
    })?;
    parse(&name, &text, path.parent().unwrap_or(Path::new("")))
}

/// Reads the text of a gate file that lies in `folder`.
///
/// # Errors
/// Any problem in it, located.
pub fn parse(name: &str, text: &str, folder: &Path) -> Result<GateFile> {
    let source = Source::new(name, text);
    let mut problems = Problems::default();
    let entries = read_tree(&source, &mut problems);
    let start = source.start();
    let mut top = Fields::new("a gate file", &TOP, &start, &entries, &mut problems);
    let sweep = top.text("sweep", &mut problems);
    if sweep.is_none() && problems.is_empty() {
        let problem = Problem::new("`sweep` is missing").help("name the recorded sweep to check: sweep = \"ci-smoke\"");
        problems.add(problem, &start, "a gate file checks one sweep");
    }
    let baseline = top.text("baseline", &mut problems);
    let levels = top.take("levels").map_or_else(Levels::default, |entry| levels(entry, &mut problems));
    let mut gates = Vec::new();
    match top.take("gate") {
        None if problems.is_empty() => {
            let problem = Problem::new("there is no gate").help("a file without gates would pass whatever happens");
            problems.add(problem, &start, "expected [[gate]] tables");
        }
        None => {}
        Some(entry) => {
            for node in list(&entry.node) {
                match &node.tree {
                    Tree::Table(entries) => {
                        // A table of an array spans its header; the first key is the better place to point at.
                        let place = entries.first().map_or(&node.place, |first| &first.key_place);
                        let mut fields = Fields::new("a gate", &GATE, place, entries, &mut problems);
                        gates.extend(gate(&mut fields, &mut problems));
                    }
                    _ => problems.add(Problem::new("`gate` is a list of tables"), &node.place, "write it as [[gate]]"),
                }
            }
        }
    }
    for (at, gate) in gates.iter().enumerate() {
        if gates[..at].iter().any(|other: &Gate| other.name == gate.name) {
            let problem = Problem::new(format!("two gates are called `{}`", gate.name));
            problems.add(problem.help("give them a `name` each"), &gate.place, "the second of them");
        }
    }
    let needs = |gate: &&Gate| gate.rule.needs_baseline();
    if let (None, Some(gate)) = (&baseline, gates.iter().find(needs)) {
        let problem = Problem::new(format!("the gate `{}` needs a baseline, and none is named", gate.name))
            .help("baseline = \"NAME.baseline.toml\", written by `drr-lab baseline save`");
        problems.add(problem, &gate.place, "compares with a baseline");
    }
    let (Some((sweep, sweep_place)), true) = (sweep, problems.is_empty()) else {
        return Err(problems.into_error_and(name, "nothing was checked"));
    };
    let (baseline, baseline_place) = match baseline {
        Some((file, place)) => (Some(folder.join(file)), place),
        None => (None, start),
    };
    Ok(GateFile { name: name.to_owned(), sweep, sweep_place, baseline, baseline_place, levels, gates })
}

fn levels(entry: &crate::sweep::Entry, problems: &mut Problems) -> Levels {
    let mut levels = Levels::default();
    let Tree::Table(entries) = &entry.node.tree else {
        problems.add(Problem::new("`levels` is a section"), &entry.node.place, "write it as [levels]");
        return levels;
    };
    let known = ["false_alarms", "misses", "power"];
    let mut fields = Fields::new("[levels]", &known, &entry.key_place, entries, problems);
    for (name, slot) in known.into_iter().zip([&mut levels.false_alarms, &mut levels.misses, &mut levels.power]) {
        let range = if name == "power" { 0.5..=0.999 } else { 1e-6..=0.2 };
        if let Some((value, _)) = fields.number(name, range, problems) {
            *slot = value;
        }
    }
    levels
}

fn gate(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Gate> {
    let before = problems.len();
    let name = fields.text("name", problems);
    let metric = fields.text("metric", problems);
    let group = fields.text("group", problems).and_then(|(text, place)| match text.parse::<GroupName>() {
        Ok(group) => Some((group, place)),
        Err(why) => {
            problems.add(Problem::new(format!("\"{text}\" names no group")).help(why), &place, "here");
            None
        }
    });
    let measure = fields.choice("measure", &study_names(), problems);
    let protocol = fields.choice("protocol", &PROTOCOLS, problems);
    let dataset = fields.text("dataset", problems);
    let rule = fields.required_choice("rule", &RULES, problems)?;
    let rule = read_rule(fields, (&rule.0, &rule.1), metric, problems)?;
    fields.refuse_rest(problems);
    if matches!(rule, Rule::Metric { .. }) && group.is_none() && problems.len() == before {
        let problem =
            Problem::new("`group` is missing").help("for example group = \"drr,tau=0.001\" or group = \"pmf\"");
        problems.add(problem, fields.place(), "which group is held to this?");
    }
    if problems.len() > before {
        return None;
    }
    let name = name.map(|(name, _)| name).unwrap_or_else(|| {
        let group = group.as_ref().map_or_else(|| "all groups".to_owned(), |(group, _)| group.to_string());
        let what = match &rule {
            Rule::Digest => "digests".to_owned(),
            Rule::Determinism { .. } => "determinism".to_owned(),
            Rule::Metric { metric: (metric, _), .. } => metric.clone(),
        };
        let measure = measure.as_ref().map_or_else(String::new, |(measure, _)| format!(" ({measure})"));
        format!("{what} of {group}{measure}")
    });
    Some(Gate { name, place: fields.place().clone(), group, measure, protocol, dataset, rule })
}

fn read_rule(
    fields: &mut Fields<'_>,
    (rule, place): (&str, &TextSpan),
    metric: Option<(String, TextSpan)>,
    problems: &mut Problems,
) -> Option<Rule> {
    if let "digest" | "determinism" = rule {
        if let Some((_, place)) = metric {
            problems.add(Problem::new("this rule is about the whole metric stream"), &place, "no metric to name here");
        }
        if rule == "digest" {
            return Some(Rule::Digest);
        }
        let tolerance = fields.number("tolerance", 0.0..=f64::MAX, problems);
        return Some(Rule::Determinism { tolerance: tolerance.map(|(tolerance, _)| tolerance) });
    }
    let positive = f64::MIN_POSITIVE..=f64::MAX;
    let test = match rule {
        "bound" => {
            let any = f64::MIN..=f64::MAX;
            let least = fields.number("at_least", any.clone(), problems);
            match (least, fields.number("at_most", any, problems)) {
                (Some((least, _)), None) => Some(GateTest::AtLeast(least)),
                (None, Some((most, _))) => Some(GateTest::AtMost(most)),
                _ => {
                    let problem = Problem::new("a bound is `at_least` or `at_most`, one of them");
                    problems.add(problem.help("for example at_least = 0.7"), place, "which value?");
                    None
                }
            }
        }
        "same" => fields.required("tolerance", 0.0..=f64::MAX, problems).map(|tolerance| GateTest::Same { tolerance }),
        _ => {
            let direction = fields.required_choice("direction", &["higher", "lower", "either"], problems);
            let margin = if rule == "relative" {
                fields.required("margin", f64::MIN_POSITIVE..=1.0, problems).map(Margin::Share)
            } else {
                fields.required("margin", positive, problems).map(Margin::Absolute)
            };
            direction.zip(margin).map(|((direction, _), margin)| {
                let direction = match direction.as_str() {
                    "higher" => Direction::Higher,
                    "lower" => Direction::Lower,
                    _ => Direction::Either,
                };
                GateTest::NotWorse { direction, margin }
            })
        }
    };
    if metric.is_none() {
        let problem = Problem::new("`metric` is missing").help("for example metric = \"precision@10\"");
        problems.add(problem, place, "this rule is about a metric");
    }
    Some(Rule::Metric { metric: metric?, test: test? })
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Direction::Higher => "higher",
            Direction::Lower => "lower",
            Direction::Either => "either",
        })
    }
}
