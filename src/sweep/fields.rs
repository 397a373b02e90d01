//! Finding a hyperparameter by the name a person wrote: `tau`, `τ`, `drr.tau`.

use drr_core::spec::{Field, SECTIONS};

/// A field by its position in [`SECTIONS`]; its order is the canonical order of axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldKey {
    section: usize,
    field: usize,
}

impl FieldKey {
    /// The field's description.
    pub fn field(self) -> &'static Field {
        &SECTIONS[self.section].1[self.field]
    }

    /// The name records use, for example `drr.tau`.
    pub fn name(self) -> String {
        let field = self.field();
        format!("{}.{}", field.section, field.name)
    }

    /// The field `key` (a name or an alias) of `section`.
    pub fn find(section: &str, key: &str) -> Option<Self> {
        let index = SECTIONS.iter().position(|(name, _)| *name == section)?;
        let field = SECTIONS[index].1.iter().position(|field| is_called(field, key))?;
        Some(Self { section: index, field })
    }

    /// Every field called `key`, in any section.
    pub fn find_anywhere(key: &str) -> Vec<Self> {
        SECTIONS.iter().filter_map(|(section, _)| Self::find(section, key)).collect()
    }

    /// Every field.
    pub fn all() -> impl Iterator<Item = Self> {
        SECTIONS
            .iter()
            .enumerate()
            .flat_map(|(section, (_, fields))| (0..fields.len()).map(move |field| Self { section, field }))
    }
}

/// The names of a section's fields.
pub(super) fn names_of(section: &str) -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().filter(move |(name, _)| *name == section).flat_map(|(_, fields)| fields.iter().map(|f| f.name))
}

fn is_called(field: &Field, key: &str) -> bool {
    field.name == key || field.aliases.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_aliases_and_sections_lead_to_the_field() {
        let tau = FieldKey::find("drr", "tau").expect("tau is a field of drr");
        assert_eq!(FieldKey::find("drr", "τ"), Some(tau));
        assert_eq!(FieldKey::find_anywhere("τ"), [tau]);
        assert_eq!(tau.name(), "drr.tau");
        assert_eq!(FieldKey::find_anywhere("ε").len(), 3);
        assert_eq!(FieldKey::find("pmf", "tau"), None);
    }
}
