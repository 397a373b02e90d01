//! The names of a sweep file: its keys, and a hyperparameter by the name a person wrote, `tau`, `τ` or `drr.tau`.

use std::cmp::Ordering;
use std::sync::{LazyLock, Mutex, PoisonError};

use drr_core::spec::{Field, ValueKind, Varies};
use drr_kinds::SECTIONS;
use drr_kinds::command::{PARAMS, name_fault};
use serde_json::Value;

use super::suggest::{did_you_mean, nearest};

/// Keys of the top level that are no sections.
pub(super) const TOP_LEVEL: [&str; 17] = [
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
    "command",
    "stage",
];

/// A field, in the canonical order of axes: fields by their position in [`SECTIONS`], then parameters of commands by
/// their names.
#[derive(Clone, Copy, Debug)]
pub struct FieldKey {
    section: usize,
    place: usize,
    field: &'static Field,
}

/// The section of parameters, behind all others.
const OF_PARAMS: usize = usize::MAX;

/// The dataset, before all others: a key without a section.
const OF_DATASET: usize = 0;

/// The ratings, as a field that may vary as any other.
static DATASET: Field = Field {
    section: "",
    name: "dataset",
    aliases: &[],
    kind: ValueKind::Text,
    default: || Value::Null,
    doc: "the ratings, by name",
    since: 0,
    before: || Value::Null,
    may_lack: false,
    varies: Varies::Pace,
};

impl FieldKey {
    fn order(&self) -> (usize, usize, &'static str) {
        (self.section, self.place, if self.section == OF_PARAMS { self.field.name } else { "" })
    }

    /// The field's description.
    pub fn field(self) -> &'static Field {
        self.field
    }

    /// The name records use, for example `drr.tau`.
    pub fn name(self) -> String {
        match self.field.section {
            "" => self.field.name.to_owned(),
            section => format!("{section}.{}", self.field.name),
        }
    }

    /// The dataset as a field.
    pub fn dataset() -> Self {
        Self { section: OF_DATASET, place: 0, field: &DATASET }
    }

    /// The field `key` (a name or an alias) of `section`.
    pub fn find(section: &str, key: &str) -> Option<Self> {
        if section == PARAMS {
            return name_fault(key).is_none().then(|| Self { section: OF_PARAMS, place: 0, field: parameter(key) });
        }
        let index = SECTIONS.iter().position(|(name, _)| *name == section)?;
        let place = SECTIONS[index].1.iter().position(|field| is_called(field, key))?;
        Some(Self { section: 1 + index, place, field: &SECTIONS[index].1[place] })
    }

    /// Every field of `section`, in the order they are documented; of parameters there are as many as one likes.
    pub fn of_section(section: &str) -> impl Iterator<Item = Self> {
        let found = SECTIONS.iter().position(|(name, _)| *name == section);
        let fields = found.map_or(&[][..], |section| SECTIONS[section].1);
        let section = 1 + found.unwrap_or_default();
        fields.iter().enumerate().map(move |(place, field)| Self { section, place, field })
    }

    /// Every field called `key`, in any section but that of parameters.
    pub fn find_anywhere(key: &str) -> Vec<Self> {
        SECTIONS.iter().filter_map(|(section, _)| Self::find(section, key)).collect()
    }

    /// Every field but parameters.
    pub fn all() -> impl Iterator<Item = Self> {
        SECTIONS.iter().flat_map(|(section, _)| Self::of_section(section))
    }

    /// Whether it is a command's parameter.
    pub fn is_parameter(self) -> bool {
        self.section == OF_PARAMS
    }
}

impl PartialEq for FieldKey {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for FieldKey {}

impl std::hash::Hash for FieldKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.order().hash(state);
    }
}

impl PartialOrd for FieldKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FieldKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

/// A parameter as a field. Each name has one, for as long as the program lives.
fn parameter(name: &str) -> &'static Field {
    static KNOWN: LazyLock<Mutex<Vec<&'static Field>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(field) = known.iter().find(|field| field.name == name) {
        return field;
    }
    let field: &'static Field = Box::leak(Box::new(Field {
        section: PARAMS,
        name: Box::leak(name.to_owned().into_boxed_str()),
        aliases: &[],
        kind: ValueKind::Any,
        default: || Value::Null,
        doc: "a parameter of the command",
        since: 0,
        before: || Value::Null,
        may_lack: false,
        varies: Varies::Freely,
    }));
    known.push(field);
    field
}

/// What a name without its section means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Naming {
    /// A field of the only section that has it.
    #[default]
    Fields,
    /// A parameter: the sweep is one of commands.
    Parameters,
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

/// The field called `name`: `drr.tau`, or `tau` where only one section has it; in a sweep of commands, the parameter.
pub(super) fn find_field(name: &str, naming: Naming) -> Result<FieldKey, (String, Option<String>)> {
    if let (Naming::Parameters, false) = (naming, name.contains('.')) {
        let fault = |rule| (format!("`{name}` cannot name a parameter"), Some(rule));
        return FieldKey::find(PARAMS, name).ok_or_else(|| fault(name_fault(name).unwrap_or_default().to_owned()));
    }
    if name == DATASET.name {
        return Ok(FieldKey::dataset());
    }
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
            let names: Vec<&str> = FieldKey::all()
                .map(|key| key.field().name)
                .chain(TOP_LEVEL.into_iter().filter(|key| !matches!(*key, "command" | "stage")))
                .collect();
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
