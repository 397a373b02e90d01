//! Kinds that sweep files declare: each stage that is a command. They are made as they are met, once each, and live as
//! long as the program: there are as many as stages in the sweeps it reads.

use std::sync::{LazyLock, Mutex, PoisonError};

use drr_core::TrialSpec;
use drr_core::spec::Settings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{NAME, settings::CommandSettings};
use crate::kind::contradicts_nothing;
use crate::kind::{
    Better, Column, Curves, Family, FreeSettings, Kind, Model, Role, StudyFacts, TableColumns, Trainer,
    complete_nothing,
};

/// What a sweep says of one of its commands, beside what decides its trials' results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// The kind's name: `command`, or `command.NAME` of a stage.
    pub kind: String,
    /// The stages it needs, by their kinds' names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// What tables show, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<DeclaredMetric>,
    /// How equal two runs of a trial must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub determinism: Option<Determinism>,
}

impl Declaration {
    /// Of a kind of which nothing is known but its name.
    pub fn of(kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..Self::default() }
    }
}

/// A metric, and which way is better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredMetric {
    /// Its name, as the command tells it.
    pub name: String,
    /// Which way is better.
    pub better: DeclaredBetter,
}

/// Which way is better, as sweep files say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeclaredBetter {
    /// A larger value.
    Max,
    /// A smaller value.
    Min,
    /// Neither: it is shown, and nothing is ranked by it.
    None,
}

/// How equal two runs of a trial must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Determinism {
    /// To the bit, artifacts too.
    Bits,
    /// Metrics may differ by so much, and by so much of their size.
    Tolerance(f64),
}

/// The name of a stage's kind.
pub fn kind_of_stage(stage: &str) -> String {
    format!("{NAME}.{stage}")
}

/// The stage of a kind that is one, without the kind's prefix.
pub fn stage_of_kind(kind: &str) -> Option<&str> {
    kind.strip_prefix(NAME)?.strip_prefix('.')
}

/// Whether a kind of this name is a command.
pub fn is_command(kind: &str) -> bool {
    kind == NAME || stage_of_kind(kind).is_some()
}

static KNOWN: LazyLock<Mutex<Vec<(Declaration, &'static Kind)>>> = LazyLock::new(Mutex::default);

/// The kind that a sweep declares.
pub fn kind(declaration: &Declaration) -> &'static Kind {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, kind)) = known.iter().find(|(other, _)| other == declaration) {
        return kind;
    }
    let kind: &'static Kind = Box::leak(Box::new(make(declaration)));
    known.push((declaration.clone(), kind));
    kind
}

/// The kind of a trial that is a command, as far as its spec says it: what metrics there are, its sweep says.
pub fn kind_of(spec: &TrialSpec) -> Option<&'static Kind> {
    let is_one = spec.policy.is_none() && is_command(spec.kind.as_str());
    is_one.then(|| {
        let needs = spec.upstream.iter().map(|(kind, _)| kind.to_string()).collect();
        kind(&Declaration { kind: spec.kind.to_string(), needs, ..Declaration::default() })
    })
}

fn text(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn list<T>(items: impl Iterator<Item = T>) -> &'static [T] {
    Box::leak(items.collect::<Vec<T>>().into_boxed_slice())
}

fn make(declaration: &Declaration) -> Kind {
    let name = text(&declaration.kind);
    let stage = stage_of_kind(name);
    let columns = declaration.metrics.iter().map(|metric| Column {
        metric: text(&metric.name),
        header: text(&metric.name),
        better: match metric.better {
            DeclaredBetter::Max => Better::Higher,
            DeclaredBetter::Min => Better::Lower,
            DeclaredBetter::None => Better::Neither,
        },
    });
    let columns: &'static [Column] = list(columns);
    let title = stage.map_or("a command", |stage| text(&format!("the stage {stage}")));
    let families = (!columns.is_empty()).then(|| Family {
        name: "metrics",
        title: stage.map_or("What the command measured", |stage| text(&format!("What the stage {stage} measured"))),
        axis: columns.first().map_or("", |column| column.header),
        columns: TableColumns::Fixed(columns),
    });
    let curves = columns.iter().map(|column| Curves {
        metric: column.metric,
        title: text(&format!("{} as the command told it", column.metric)),
        x: "step",
        y: column.metric,
        last: column.metric,
        window: 1,
        better: column.better,
    });
    let model = Model {
        plural: stage.map_or("commands", |stage| text(&format!("commands of the stage {stage}"))),
        stands_on: list(declaration.needs.iter().map(|needed| text(needed))),
        complete: complete_nothing,
        contradicts: contradicts_nothing,
        learns: |_| true,
        // How far it goes is the command's affair.
        last_step: |_| u64::MAX,
        seconds: |_| 1.0,
        on_device: |_| true,
        device_bytes: |_, _| 0,
        host_bytes: |_, _, _| 0,
        together: false,
        shaped_by: |_| None,
        budget: None,
        needs: |_| Vec::new(),
        train: Trainer::Program,
        recommender: None,
        settings: Some(FreeSettings { check, listed }),
        study: StudyFacts {
            name: stage.map_or(NAME, |stage| text(&format!("command-{stage}"))),
            order: if stage.is_some() { 70 } else { 5 },
            families: list(families.into_iter()),
            curves: list(curves),
            headline: list(columns.iter().map(|column| column.metric)),
            note: None,
            trivial: None,
            same: None,
            answered_by: |_| None,
        },
    };
    Kind { name, title, fields: &[], role: Role::Model(Box::leak(Box::new(model))) }
}

fn check(settings: &Settings) -> Result<(), String> {
    CommandSettings::of(settings).map(|_| ())
}

/// What decides a command's result, by the names that sweep files give it.
fn listed(settings: &Settings) -> Vec<(String, Value)> {
    let Ok(own) = CommandSettings::of(settings) else { return Vec::new() };
    let named = |section: &str, name: &str, value: Value| (format!("{section}.{name}"), value);
    let mut all = vec![named(NAME, "run", own.run.clone().into())];
    all.extend(own.params.iter().map(|(name, value)| named(super::PARAMS, name, value.clone())));
    all.extend(own.env.iter().map(|(name, value)| named("command.env", name, value.clone().into())));
    if own.log != super::settings::MetricsFrom::File {
        all.push(named(NAME, "log", "stdout".into()));
    }
    all
}
