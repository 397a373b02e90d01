//! Which trials a sweep has, as families: the trainings of one kind of model, or the evaluations of one policy by one
//! measure. What a family depends on, and what it stands on, the kinds say.

use drr_core::Digest;
use drr_core::spec::{Field, Settings, Varies};
use drr_kinds::command::{self, PARAMS};
use drr_kinds::kind::{Borrowed, ModelUse, Role};
use drr_kinds::registry::{measure, model, models, policy};
use drr_kinds::{Kind, digest_of, registry};
use serde_json::{Map, Value};

use super::command::CommandStage;
use super::fields::{FieldKey, Naming};
use super::file::SweepFile;
use super::grid::{Choice, ParameterGrid};

/// The policy that a sweep is about: its configurations are compared, with each other and with the rest.
pub(super) const SUBJECT: &str = "drr";

/// The policies that a sweep can compare with, in the order they are told: the simplest first.
pub(super) fn policies_to_compare(naming: Naming) -> Vec<&'static Kind> {
    let all = registry::policies().into_iter().rev();
    let subject = if naming == Naming::Parameters { command::NAME } else { SUBJECT };
    // A command is one where a sweep has it.
    all.filter(|kind| kind.name != subject && kind.name != command::NAME).collect()
}

/// Trials of one sort: at every point of what they depend on, one a seed.
#[derive(Debug)]
pub(super) struct TrialFamily {
    /// The kind of its trials: a model or a measure.
    pub kind: &'static Kind,
    /// What is evaluated, where the kind is a measure.
    pub policy: Option<&'static Kind>,
    /// How a policy uses the model, where the kind is one: some settings may be fixed.
    pub model_use: Option<&'static ModelUse>,
    /// The families it stands on, by their places, in the order its kind and its policy name them.
    pub upstream: Vec<usize>,
    /// What runs, where the kind is a command.
    pub command: Option<CommandStage>,
}

/// The families of a sweep, each after those it stands on.
pub(super) fn families(file: &SweepFile) -> Vec<TrialFamily> {
    let mut families: Vec<TrialFamily> = file.commands.iter().flat_map(|it| it.stages.iter().map(of_command)).collect();
    if file.commands.as_ref().is_some_and(|commands| !commands.are_scored()) {
        return families;
    }
    let measures: Vec<&Kind> = file.measures.iter().filter_map(|name| measure(name)).collect();
    let subject = policy(if file.commands.is_some() { command::NAME } else { SUBJECT }).filter(|_| file.has_subject);
    let compared: Vec<&Kind> = if measures.is_empty() {
        subject.into_iter().collect()
    } else {
        file.baselines.iter().copied().chain(subject).collect()
    };
    for below in measures.iter().filter_map(|kind| kind.measure()).flat_map(|measure| measure.stands_on) {
        add_model(below, None, &mut families);
    }
    for used in compared.iter().filter_map(|kind| kind.policy()?.model.as_ref()) {
        add_model(used.kind, Some(used), &mut families);
    }
    // Models in the order in which they stand on each other; within a kind as they were asked for.
    sort_models(&mut families);
    for kind in measures {
        for policy in &compared {
            let below = kind.measure().map_or(&[][..], |measure| measure.stands_on);
            let mut upstream: Vec<usize> = below.iter().filter_map(|name| place(name, None, &families)).collect();
            let used = policy.policy().and_then(|policy| policy.model.as_ref());
            upstream.extend(used.and_then(|used| place(used.kind, Some(used), &families)));
            families.push(TrialFamily { kind, policy: Some(policy), model_use: None, upstream, command: None });
        }
    }
    families
}

/// The trials of a command.
fn of_command(stage: &CommandStage) -> TrialFamily {
    let (kind, upstream) = (stage.kind, stage.needs.clone());
    TrialFamily { kind, policy: None, model_use: None, upstream, command: Some(stage.clone()) }
}

/// Adds the training of a model, after those it stands on, unless it is there.
fn add_model(name: &str, model_use: Option<&'static ModelUse>, families: &mut Vec<TrialFamily>) {
    let Some(kind) = model(name) else { return };
    if place(name, model_use, families).is_some() {
        return;
    }
    for below in kind.model().map_or(&[][..], |model| model.stands_on) {
        add_model(below, None, families);
    }
    families.push(TrialFamily { kind, policy: None, model_use, upstream: Vec::new(), command: None });
}

/// Brings models into their order and says on which of them each stands.
fn sort_models(families: &mut [TrialFamily]) {
    let order = models();
    families.sort_by_key(|family| order.iter().position(|kind| *kind == family.kind));
    for at in 0..families.len() {
        let below = families[at].kind.model().map_or(&[][..], |model| model.stands_on);
        families[at].upstream = below.iter().filter_map(|name| place(name, None, families)).collect();
    }
}

/// Where the model of this kind stands that is used in this way.
fn place(name: &str, model_use: Option<&ModelUse>, families: &[TrialFamily]) -> Option<usize> {
    let fixed = |model_use: Option<&ModelUse>| model_use.map_or((&[][..], false), |it| (it.fixed, it.shape_only));
    families.iter().position(|family| {
        family.policy.is_none() && family.kind.name == name && fixed(family.model_use) == fixed(model_use)
    })
}

/// The place of the models of the policy that the sweep is about.
pub(super) fn subject(file: &SweepFile, families: &[TrialFamily]) -> Option<usize> {
    if file.commands.is_some() {
        return place(command::NAME, None, families);
    }
    let used = policy(SUBJECT)?.policy()?.model.as_ref()?;
    place(used.kind, Some(used), families)
}

impl TrialFamily {
    /// The digest of what can change its trials' results, beside their settings.
    pub fn digest(&self) -> Digest {
        self.command.as_ref().map_or_else(|| digest_of(self.kind), |command| command.digest)
    }

    /// Whether its trials stand on ratings.
    pub fn is_on_ratings(&self) -> bool {
        self.command.as_ref().is_none_or(|command| command.on_ratings)
    }

    /// Whether a field decides the settings of its trials, and not what they stand on alone.
    pub fn shapes_settings(&self, field: &Field, families: &[TrialFamily]) -> bool {
        if let Some(command) = &self.command {
            return field.section == PARAMS && command.takes.contains(field.name);
        }
        let of_upstream = |&at: &usize| families[at].kind.name == field.section;
        match self.kind.role {
            Role::Measure(measure) => {
                let borrowed = |it: &Borrowed| it.section == field.section && it.field == field.name;
                field.section == self.kind.name || measure.borrowed.iter().any(borrowed)
            }
            // Some settings follow from those of what it stands on.
            _ => field.section == self.kind.name || self.upstream.iter().any(of_upstream),
        }
    }

    /// The settings of its trials at `choice`; `upstream` are the settings of what it stands on.
    pub fn settings(&self, grid: &ParameterGrid<'_>, choice: &Choice, upstream: &[&Settings]) -> Map<String, Value> {
        if let Some(command) = &self.command {
            let taken = command.takes.iter().filter_map(|name| FieldKey::find(PARAMS, name));
            return command.settings_with(taken.map(|key| (key.field().name.to_owned(), grid.value(key, choice))));
        }
        let mut settings = grid.section(self.kind.name, choice);
        match self.kind.role {
            Role::Model(model) => {
                (model.complete)(&mut settings, upstream);
                for (field, value) in self.model_use.map_or(&[][..], |used| used.fixed) {
                    settings.insert((*field).to_owned(), (*value).into());
                }
            }
            Role::Measure(measure) => {
                for Borrowed { section, field, name } in measure.borrowed {
                    let key = FieldKey::find(section, field).expect("what is borrowed is a field");
                    settings.insert((*name).to_owned(), grid.value(key, choice));
                }
            }
            Role::Policy(_) => {}
        }
        settings
    }

    /// Whether its trials depend on a field.
    pub fn concerns(&self, field: &Field, families: &[TrialFamily]) -> bool {
        if field.section == PARAMS {
            let own = self.command.as_ref().is_some_and(|command| command.takes.contains(field.name));
            return own || self.upstream.iter().any(|&below| families[below].concerns(field, families));
        }
        if !registry::all().any(|kind| kind.name == field.section) {
            // The ratings' own.
            return self.is_on_ratings() || self.upstream.iter().any(|&below| families[below].is_on_ratings());
        }
        let own = match self.kind.role {
            Role::Model(_) => {
                let shape_only = self.model_use.is_some_and(|used| used.shape_only);
                field.section == self.kind.name && (!shape_only || field.varies == Varies::Shape)
            }
            Role::Measure(measure) => {
                let borrowed = |it: &Borrowed| it.section == field.section && it.field == field.name;
                // A policy without settings of its own may be called as a model is.
                let of_policy = |kind: &&Kind| kind.name == field.section && !kind.fields.is_empty();
                field.section == self.kind.name
                    || measure.borrowed.iter().any(borrowed)
                    || self.policy.as_ref().is_some_and(of_policy)
            }
            Role::Policy(_) => false,
        };
        own || self.upstream.iter().any(|&below| families[below].concerns(field, families))
    }
}
