//! A spec and what its kind says of it.

use drr_core::spec::{Field, Settings, TrialSpec};
use serde_json::Value;

use crate::command;
use crate::kind::{Kind, Model, Role, StudyFacts, Trainer, complete_nothing, contradicts_nothing};
use crate::registry::{measure, model, policy};
use crate::stage::Stage;

/// What a trial of a kind that this program does not have is shown as.
static UNKNOWN: Kind = Kind {
    name: "unknown",
    title: "unknown kind",
    fields: &[],
    role: Role::Model(&Model {
        plural: "trials of unknown kinds",
        stands_on: &[],
        complete: complete_nothing,
        contradicts: contradicts_nothing,
        learns: |_| false,
        last_step: |_| 0,
        seconds: |_| 0.0,
        on_device: |_| false,
        device_bytes: |_, _| 0,
        host_bytes: |_, _, _| 0,
        together: false,
        shaped_by: |_| None,
        budget: None,
        needs: |_| Vec::new(),
        train: Trainer::Worker,
        recommender: None,
        settings: None,
        study: StudyFacts {
            name: "unknown",
            order: u32::MAX,
            families: &[],
            curves: &[],
            headline: &[],
            note: None,
            trivial: None,
            same: None,
            answered_by: |_| None,
        },
    }),
};

/// A spec and what its kind says of it.
pub trait KindOf {
    /// Its kind.
    fn kind(&self) -> &'static Kind;

    /// The kind of the policy it evaluates.
    fn policy_kind(&self) -> Option<&'static Kind>;

    /// Where it comes in a sweep.
    fn stage(&self) -> Stage;

    /// Whether it is a command.
    fn is_command(&self) -> bool;

    /// Whether it trains something: evaluations do not, nor do models that stay as initialised.
    fn learns(&self) -> bool;

    /// The last step its journal will show.
    fn last_step(&self) -> u64;

    /// What is wrong with its settings; nothing if a worker of this program can run it.
    ///
    /// # Errors
    /// A kind that this program does not have, a field that is missing, unknown or out of its range.
    fn check(&self) -> Result<(), String>;
}

impl KindOf for TrialSpec {
    fn kind(&self) -> &'static Kind {
        if let Some(kind) = command::kind_of(self) {
            return kind;
        }
        let found = if self.policy.is_some() { measure(self.kind.as_str()) } else { model(self.kind.as_str()) };
        found.unwrap_or(&UNKNOWN)
    }

    fn policy_kind(&self) -> Option<&'static Kind> {
        policy(self.policy.as_ref()?.kind.as_str())
    }

    fn stage(&self) -> Stage {
        Stage::of(self)
    }

    fn is_command(&self) -> bool {
        self.policy.is_none() && command::is_command(self.kind.as_str())
    }

    fn learns(&self) -> bool {
        self.kind().model().is_some_and(|model| (model.learns)(&self.settings))
    }

    fn last_step(&self) -> u64 {
        match self.kind().role {
            Role::Model(model) => (model.last_step)(&self.settings),
            Role::Measure(measure) => (measure.last_step)(&self.settings),
            Role::Policy(_) => 0,
        }
    }

    fn check(&self) -> Result<(), String> {
        let kind = self.kind();
        if *kind == UNKNOWN {
            return Err(format!("this program has no kind `{}`", self.kind));
        }
        if let Some(own) = kind.model().and_then(|model| model.settings) {
            return (own.check)(&self.settings);
        }
        let borrowed: Vec<&str> =
            kind.measure().map_or(&[][..], |it| it.borrowed).iter().map(|field| field.name).collect();
        check_fields(kind, &self.settings, &borrowed, self.format)?;
        match (&self.policy, self.policy_kind()) {
            (Some(policy), Some(kind)) => check_fields(kind, &policy.settings, &[], self.format),
            (Some(policy), None) => Err(format!("this program has no policy `{}`", policy.kind)),
            (None, _) => Ok(()),
        }
    }
}

fn check_fields(kind: &Kind, settings: &Settings, borrowed: &[&str], format: u32) -> Result<(), String> {
    for (name, value) in settings.iter().filter(|(name, _)| !borrowed.contains(name)) {
        let Some(field) = kind.fields.iter().find(|field| field.name == name) else {
            return Err(format!("{} has no field `{name}`", kind.name));
        };
        if !field.kind.accepts(value) {
            return Err(format!("{}.{name} is {value}, expected {}", kind.name, field.kind.expected()));
        }
    }
    let needed = kind.fields.iter().filter(|field| field.since <= format && !field.may_lack).map(|field| field.name);
    match needed.chain(borrowed.iter().copied()).find(|name| settings.get(name).is_none()) {
        Some(missing) => Err(format!("{} says nothing of `{missing}`", kind.name)),
        None => Ok(()),
    }
}

/// The settings of a trial by their full names, as their fields' types have them: its own, those it borrows, and those of
/// the policy it evaluates. What a spec of an older format does not name has what trials did then.
pub fn kind_settings(spec: &TrialSpec) -> Vec<(String, Value)> {
    if let Some(own) = spec.kind().model().and_then(|model| model.settings) {
        return (own.listed)(&spec.settings);
    }
    let section = |kind: &'static Kind, settings: &Settings| {
        let value = |field: &Field| {
            let value = settings.get(field.name).cloned().unwrap_or_else(|| (field.before)());
            (format!("{}.{}", field.section, field.name), field.kind.normalise(value))
        };
        kind.fields.iter().map(value).collect::<Vec<_>>()
    };
    let mut all = section(spec.kind(), &spec.settings);
    for borrowed in spec.kind().measure().map_or(&[][..], |measure| measure.borrowed) {
        let name = format!("{}.{}", borrowed.section, borrowed.field);
        all.extend(spec.settings.get(borrowed.name).map(|value| (name, value.clone())));
    }
    if let (Some(kind), Some(policy)) = (spec.policy_kind(), &spec.policy) {
        all.extend(section(kind, &policy.settings));
    }
    all
}
