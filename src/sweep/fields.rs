//! The names of a sweep file: its keys, and a hyperparameter by the name a person wrote, `tau`, `τ` or `drr.tau`.

use drr_core::spec::Field;
use drr_kinds::SECTIONS;

use super::suggest::{did_you_mean, nearest};

/// Keys of the top level that are no sections.
pub(super) const TOP_LEVEL: [&str; 15] = [
    "name",
    "dataset",
    "seeds",
    "baselines",
    "max_trials",
    "design",
    "zip",
    "exclude",
    "search",
    "extends",
    "profile",
    "provenance",
    "slurm",
    "execution",
    "early_stop",
];

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

    /// Every field of `section`, in the order they are documented.
    pub fn of_section(section: &str) -> impl Iterator<Item = Self> {
        let found = SECTIONS.iter().position(|(name, _)| *name == section);
        let fields = found.map_or(0, |section| SECTIONS[section].1.len());
        (0..fields).map(move |field| Self { section: found.unwrap_or_default(), field })
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

/// What to do about a key that `section` does not have.
pub(super) fn field_help(section: &str, unknown: &str) -> Option<String> {
    if let Some(name) = nearest(unknown, names_of(section)) {
        return Some(format!("did you mean `{name}`?"));
    }
    let homes = FieldKey::find_anywhere(unknown);
    match homes.first() {
        Some(key) => Some(format!("`{unknown}` belongs into the section [{}]", key.field().section)),
        None => Some(format!("known keys: {}", names_of(section).collect::<Vec<_>>().join(", "))),
    }
}

/// The field called `name`: `drr.tau`, or `tau` where only one section has it.
pub(super) fn find_field(name: &str) -> Result<FieldKey, (String, Option<String>)> {
    if let Some((section, key)) = name.split_once('.') {
        if let Some(key) = FieldKey::find(section, key) {
            return Ok(key);
        }
        return Err(if SECTIONS.iter().any(|(known, _)| *known == section) {
            (format!("unknown key `{key}` in [{section}]"), field_help(section, key))
        } else {
            let help = did_you_mean(section, SECTIONS.iter().map(|(name, _)| *name));
            (format!("unknown section `{section}`"), help)
        });
    }
    match FieldKey::find_anywhere(name).as_slice() {
        [key] => Ok(*key),
        [] => {
            let names: Vec<&str> = FieldKey::all().map(|key| key.field().name).chain(TOP_LEVEL).collect();
            let help = nearest(name, names).map(|near| match FieldKey::find_anywhere(near).as_slice() {
                [key] => format!("did you mean `{}`?", key.name()),
                _ => format!("did you mean `{near}`?"),
            });
            Err((format!("unknown key `{name}`"), help))
        }
        several => {
            let names: Vec<String> = several.iter().map(|key| format!("`{}`", key.name())).collect();
            Err((format!("`{name}` can mean {}", names.join(" or ")), Some("write it with its section".to_owned())))
        }
    }
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
