//! Finding kinds, and what all of them say together.

use std::sync::LazyLock;

use drr_core::spec::{Field, RewardSpec, SplitSpec, SyntheticSpec};

use crate::FOLDERS;
use crate::command::{self, Declaration};
use crate::kind::{Kind, TableColumns};

/// Every section a sweep file may hold, with its fields: the ratings' and the kinds'.
pub static SECTIONS: LazyLock<Vec<(&'static str, &'static [Field])>> = LazyLock::new(|| {
    let kinds = all().filter(|kind| !kind.fields.is_empty()).map(|kind| (kind.name, kind.fields));
    // Sections that came later follow the made-up world's: an axis keeps its place when a kind is added.
    let mut sections = vec![("split", SplitSpec::FIELDS)];
    sections.extend(kinds);
    sections.push(("synthetic", SyntheticSpec::FIELDS));
    sections.push(("reward", RewardSpec::FIELDS));
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
    let declared = || command::is_command(name).then(|| command::kind(&Declaration::of(name)));
    all().find(|kind| kind.name == name && kind.model().is_some()).or_else(declared)
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

/// The page of what trials compute, Markdown: put together from the kinds' own.
pub fn algorithms() -> String {
    let pages: String = FOLDERS.iter().map(|folder| format!("{}\n", folder.page)).collect();
    include_str!("../algorithms.md").replace("{kinds}\n", &pages)
}

/// Every family of metrics that is measured for several K, by name.
pub fn families_at_k() -> impl Iterator<Item = &'static str> {
    let studies = all().filter_map(Kind::study).flat_map(|study| study.families);
    studies.filter(|family| matches!(family.columns, TableColumns::AtK)).map(|family| family.name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::kind::Role;

    #[test]
    fn names_are_unique_in_a_role_and_sections_everywhere() {
        let mut seen = HashSet::new();
        for kind in all() {
            assert!(seen.insert((kind.name, std::mem::discriminant(&kind.role))), "{} is there twice", kind.name);
        }
        let mut sections = HashSet::new();
        assert!(SECTIONS.iter().all(|(name, _)| sections.insert(*name)));
    }

    #[test]
    fn every_policy_has_a_place_of_its_own_in_tables() {
        let mut places = HashSet::new();
        for kind in policies() {
            let order = kind.policy().map(|policy| policy.order);
            // A sweep has one subject.
            assert!(order == Some(0) || places.insert(order), "{} stands where another does", kind.name);
        }
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
                // Without a default of its own it is another's to say.
                assert!(value.is_null() || field.kind.accepts(&value), "{section}.{} = {value}", field.name);
                assert!(!field.doc.is_empty() && field.section == *section);
            }
        }
    }
}
