//! Reads the entries of a sweep file, top level and sections, into a [`Draft`].

use drr_core::spec::SECTIONS;
use serde_json::Value;

use super::draft::{Draft, Voice, Wanted};
use super::fields::{FieldKey, names_of};
use super::problem::{Problem, Problems};
use super::suggest::{did_you_mean, nearest};
use super::tree::{Entry, Tree};

/// Keys of the top level that are no sections.
pub(super) const TOP_LEVEL: [&str; 6] = ["name", "dataset", "seeds", "baselines", "max_trials", "zip"];

/// Reads a whole document. Zip groups come last, so that "given twice" points at them.
pub(super) fn read(draft: &mut Draft, entries: &[Entry], problems: &mut Problems) {
    for entry in entries.iter().filter(|entry| entry.key != "zip") {
        top_level(draft, entry, Voice::File, problems);
    }
    for entry in entries.iter().filter(|entry| entry.key == "zip") {
        zip(draft, entry, problems);
    }
}

/// Reads one entry of the top level.
pub(super) fn top_level(draft: &mut Draft, entry: &Entry, voice: Voice, problems: &mut Problems) {
    match entry.key.as_str() {
        "name" => draft.set_name(&entry.node, problems),
        "dataset" => draft.set_dataset(&entry.node, problems),
        "seeds" => draft.set_seeds(&entry.node, problems),
        "baselines" => draft.set_baselines(&entry.node, problems),
        "max_trials" => draft.set_max_trials(&entry.node, problems),
        section if SECTIONS.iter().any(|(name, _)| *name == section) => {
            read_section(draft, entry, voice, problems);
        }
        unknown => {
            let what = if matches!(entry.node.tree, Tree::Table(_)) { "section" } else { "key" };
            let problem = Problem::new(format!("unknown {what} `{unknown}`")).maybe_help(top_level_help(unknown));
            problems.add(problem, &entry.key_place, format!("not a {what} of a sweep file"));
        }
    }
}

fn top_level_help(unknown: &str) -> Option<String> {
    let homes: Vec<&str> = FieldKey::find_anywhere(unknown).iter().map(|key| key.field().section).collect();
    if let Some(section) = homes.first() {
        return Some(format!("`{unknown}` belongs into the section [{section}]"));
    }
    did_you_mean(unknown, TOP_LEVEL.into_iter().chain(SECTIONS.iter().map(|(name, _)| *name)))
}

fn read_section(draft: &mut Draft, entry: &Entry, voice: Voice, problems: &mut Problems) {
    let section = entry.key.as_str();
    let switch = match section {
        "offline" => Some(&mut draft.offline),
        "online" => Some(&mut draft.online),
        _ => None,
    };
    match (&entry.node.tree, switch) {
        (Tree::Table(fields), switch) => {
            if let Some(wanted) = switch {
                *wanted = Wanted::Yes;
            }
            for field in fields {
                read_field(draft, section, field, voice, problems);
            }
        }
        (Tree::Scalar(Value::Bool(bit)), Some(wanted)) => *wanted = if *bit { Wanted::Yes } else { Wanted::No },
        (_, switch) => {
            let more = if switch.is_some() { ", true or false" } else { "" };
            let problem = Problem::new(format!("`{section}` is a section")).help(format!("write it as [{section}]"));
            problems.add(problem, &entry.node.place, format!("expected a table{more}"));
        }
    }
}

fn read_field(draft: &mut Draft, section: &str, entry: &Entry, voice: Voice, problems: &mut Problems) {
    match FieldKey::find(section, &entry.key) {
        Some(key) => draft.field(key, &entry.key_place, &entry.node, voice, problems),
        None => {
            let problem = Problem::new(format!("unknown key `{}` in [{section}]", entry.key))
                .maybe_help(field_help(section, &entry.key));
            problems.add(problem, &entry.key_place, format!("not a key of [{section}]"));
        }
    }
}

fn field_help(section: &str, unknown: &str) -> Option<String> {
    if let Some(name) = nearest(unknown, names_of(section)) {
        return Some(format!("did you mean `{name}`?"));
    }
    let homes = FieldKey::find_anywhere(unknown);
    match homes.first() {
        Some(key) => Some(format!("`{unknown}` belongs into the section [{}]", key.field().section)),
        None => Some(format!("known keys: {}", names_of(section).collect::<Vec<_>>().join(", "))),
    }
}

fn zip(draft: &mut Draft, entry: &Entry, problems: &mut Problems) {
    let one = std::slice::from_ref(&entry.node);
    let groups = match &entry.node.tree {
        Tree::Array(groups) => groups.as_slice(),
        _ => one,
    };
    for group in groups {
        let Tree::Table(entries) = &group.tree else {
            let problem = Problem::new("`zip` takes groups of fields")
                .help("[[zip]]\ndrr.tau = [0.001, 0.01]\ndrr.actor_lr = [0.0005, 0.001]");
            problems.add(problem, &group.place, group.kind());
            continue;
        };
        let mut members = Vec::new();
        for member in entries {
            match (&member.node.tree, SECTIONS.iter().find(|(name, _)| *name == member.key)) {
                (Tree::Table(fields), Some((section, _))) => {
                    members.extend(fields.iter().filter_map(|field| {
                        let name = format!("{section}.{}", field.key);
                        find(&name, field, problems).map(|key| (key, field))
                    }));
                }
                _ => members.extend(find(&member.key, member, problems).map(|key| (key, member))),
            }
        }
        if members.len() == count(entries) {
            draft.group(entry, &members, problems);
        }
    }
}

fn count(entries: &[Entry]) -> usize {
    let is_section = |entry: &Entry| SECTIONS.iter().any(|(name, _)| *name == entry.key);
    entries
        .iter()
        .map(|entry| match &entry.node.tree {
            Tree::Table(fields) if is_section(entry) => fields.len(),
            _ => 1,
        })
        .sum()
}

fn find(name: &str, entry: &Entry, problems: &mut Problems) -> Option<FieldKey> {
    match find_field(name) {
        Ok(key) => Some(key),
        Err((message, help)) => {
            problems.add(Problem::new(message).maybe_help(help), &entry.key_place, "names no field");
            None
        }
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
