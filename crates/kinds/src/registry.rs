//! Finding kinds, and what all of them say together.

use std::sync::LazyLock;

use drr_core::spec::{Field, Settings, SplitSpec, SyntheticSpec, TrialSpec};
use serde_json::Value;

use crate::FOLDERS;
use crate::kind::{Columns, Kind, Model, Role, Study, complete_nothing};
use crate::stage::Stage;

/// Every section a sweep file may hold, with its fields: the ratings' and the kinds'.
pub static SECTIONS: LazyLock<Vec<(&'static str, &'static [Field])>> = LazyLock::new(|| {
    let kinds = all().filter(|kind| !kind.fields.is_empty()).map(|kind| (kind.name, kind.fields));
    // Sections that came later follow the made-up world's: an axis keeps its place when a kind is added.
    let mut sections = vec![("split", SplitSpec::FIELDS)];
    sections.extend(kinds);
    sections.push(("synthetic", SyntheticSpec::FIELDS));
    sections
});

/// Every kind.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    FOLDERS.iter().flat_map(|folder| folder.kinds.iter().copied())
}

/// The kinds of models, each after those it stands on.
pub fn models() -> Vec<&'static Kind> {
    let mut models: Vec<&Kind> = all().filter(|kind| kind.model().is_some()).collect();
    models.sort_by_key(|kind| depth(kind));
    models
}

/// The kinds of measures.
pub fn measures() -> impl Iterator<Item = &'static Kind> {
    all().filter(|kind| kind.measure().is_some())
}

/// The kinds of policies, in the order of tables.
pub fn policies() -> Vec<&'static Kind> {
    let mut policies: Vec<&Kind> = all().filter(|kind| kind.policy().is_some()).collect();
    policies.sort_by_key(|kind| kind.policy().map(|policy| policy.order));
    policies
}

/// The model of this name.
pub fn model(name: &str) -> Option<&'static Kind> {
    all().find(|kind| kind.name == name && kind.model().is_some())
}

/// The policy of this name.
pub fn policy(name: &str) -> Option<&'static Kind> {
    all().find(|kind| kind.name == name && kind.policy().is_some())
}

/// The measure of this name.
pub fn measure(name: &str) -> Option<&'static Kind> {
    all().find(|kind| kind.name == name && kind.measure().is_some())
}

/// How many models stand below one.
fn depth(kind: &Kind) -> usize {
    let below = kind.model().map_or(&[][..], |model| model.stands_on);
    below.iter().filter_map(|name| model(name)).map(|kind| 1 + depth(kind)).max().unwrap_or(0)
}

/// What a trial of a kind that this program does not have is shown as.
static UNKNOWN: Kind = Kind {
    name: "unknown",
    title: "unknown kind",
    fields: &[],
    role: Role::Model(&Model {
        plural: "trials of unknown kinds",
        stands_on: &[],
        complete: complete_nothing,
        learns: |_| false,
        last_step: |_| 0,
        seconds: |_| 0.0,
        device_bytes: |_, _| 0,
        host_bytes: |_, _, _| 0,
        together: false,
        budget: None,
        needs: |_| Vec::new(),
        train: None,
        recommender: None,
        study: Study { name: "unknown", order: u32::MAX, families: &[], curves: None, headline: &[], note: None },
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
        let found = if self.policy.is_some() { measure(self.kind.as_str()) } else { model(self.kind.as_str()) };
        found.unwrap_or(&UNKNOWN)
    }

    fn policy_kind(&self) -> Option<&'static Kind> {
        policy(self.policy.as_ref()?.kind.as_str())
    }

    fn stage(&self) -> Stage {
        Stage::of(self)
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
    let needed = kind.fields.iter().filter(|field| field.since <= format).map(|field| field.name);
    match needed.chain(borrowed.iter().copied()).find(|name| settings.get(name).is_none()) {
        Some(missing) => Err(format!("{} says nothing of `{missing}`", kind.name)),
        None => Ok(()),
    }
}

/// The settings of a trial by their full names, as their fields' types have them: its own, those it borrows, and those of
/// the policy it evaluates. What a spec of an older format does not name has what trials did then.
pub fn kind_settings(spec: &TrialSpec) -> Vec<(String, Value)> {
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

/// The page of what trials compute, Markdown: put together from the kinds' own.
pub fn algorithms() -> String {
    let pages: String = FOLDERS.iter().map(|folder| format!("{}\n", folder.page)).collect();
    include_str!("../algorithms.md").replace("{kinds}\n", &pages)
}

/// Every family of metrics that is measured for several K, by name.
pub fn families_at_k() -> impl Iterator<Item = &'static str> {
    let studies = all().filter_map(Kind::study).flat_map(|study| study.families);
    studies.filter(|family| matches!(family.columns, Columns::AtK)).map(|family| family.name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_in_a_role_and_sections_everywhere() {
        let mut seen = HashSet::new();
        for kind in all() {
            assert!(seen.insert((kind.name, std::mem::discriminant(&kind.role))), "{} is there twice", kind.name);
        }
        let mut sections = HashSet::new();
        assert!(SECTIONS.iter().all(|(name, _)| sections.insert(*name)));
    }

    /// `UPDATE_DOCS=1 cargo test -p drr-kinds` writes it anew.
    #[test]
    fn the_committed_page_is_current() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/algorithms.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, algorithms()).expect("the page can be written");
        }
        let committed = std::fs::read_to_string(&path).expect("the page is there");
        assert!(committed == algorithms(), "docs/algorithms.md: UPDATE_DOCS=1 cargo test -p drr-kinds");
    }

    #[test]
    fn what_a_kind_stands_on_is_there() {
        for kind in all() {
            let below: Vec<&str> = match kind.role {
                Role::Model(it) => it.stands_on.to_vec(),
                Role::Measure(it) => it.stands_on.to_vec(),
                Role::Policy(it) => it.model.iter().map(|model| model.kind).collect(),
            };
            for name in below {
                assert!(model(name).is_some(), "{} stands on {name}", kind.name);
            }
        }
        let depths: Vec<usize> = models().iter().map(|kind| depth(kind)).collect();
        assert!(depths.is_sorted() && depths[0] == 0);
    }

    #[test]
    fn defaults_lie_in_their_own_range() {
        for (section, fields) in SECTIONS.iter() {
            for field in *fields {
                let value = (field.default)();
                assert!(field.kind.accepts(&value), "{section}.{} = {value}", field.name);
                assert!(!field.doc.is_empty() && field.section == *section);
            }
        }
    }
}
