//! Reads the entries of a sweep file, top level and sections, into a [`Draft`].

use drr_kinds::command::{PARAMS, name_fault};
use drr_kinds::{SECTIONS, registry};
use serde_json::Value;

use super::command;
use super::condition;
use super::draft::{Draft, Wanted};
use super::execution;
use super::family::SUBJECT;
use super::fields::{FieldKey, Naming, TOP_LEVEL, field_help};
use super::problem::{Problem, Problems};
use super::suggest::did_you_mean;
use super::tree::{Entry, Tree};

/// Reads a whole document but for what it extends and its profiles, which `inherit` reads. Zip groups come last, so that "given twice" points at them.
pub(super) fn read(draft: &mut Draft, entries: &[Entry], problems: &mut Problems) {
    for entry in entries.iter().filter(|entry| !matches!(entry.key.as_str(), "zip" | "extends" | "profile")) {
        top_level(draft, entry, problems);
    }
    for entry in entries.iter().filter(|entry| entry.key == "zip") {
        zip(draft, entry, problems);
    }
}

/// Reads one entry of the top level.
pub(super) fn top_level(draft: &mut Draft, entry: &Entry, problems: &mut Problems) {
    match entry.key.as_str() {
        "name" => draft.set_name(&entry.node, problems),
        "dataset" => draft.set_dataset(&entry.node, problems),
        "seeds" => draft.set_seeds(&entry.node, problems),
        "baselines" => draft.set_baselines(&entry.node, problems),
        "max_trials" => draft.set_max_trials(&entry.node, problems),
        "design" => draft.set_design(&entry.node, problems),
        "search" => draft.set_search(entry, problems),
        "exclude" => draft.add_excludes(entry, problems),
        "provenance" => provenance(draft, entry, problems),
        "slurm" => draft.slurm.read(entry, problems),
        "execution" => execution::read_execution(&mut draft.execution, entry, problems),
        "early_stop" => execution::read_early_stop(draft.early_stop.get_or_insert_default(), entry, problems),
        command::SECTION => draft.commands.read_command(entry, problems),
        command::STAGES => draft.commands.read_stages(entry, problems),
        PARAMS if draft.naming == Naming::Fields => {
            let problem = Problem::new("[params] are the parameters of a command, and the sweep has none");
            problems.add(
                problem.help("[command]\nrun = [\"./train.sh\", \"{lr}\"]"),
                &entry.key_place,
                "of no command",
            );
        }
        PARAMS => read_section(draft, entry, problems),
        section if SECTIONS.iter().any(|(name, _)| *name == section) => {
            read_section(draft, entry, problems);
        }
        unknown => {
            let what = if matches!(entry.node.tree, Tree::Table(_)) { "section" } else { "key" };
            let problem = Problem::new(format!("unknown {what} `{unknown}`")).maybe_help(top_level_help(unknown));
            problems.add(problem, &entry.key_place, format!("not a {what} of a sweep file"));
        }
    }
}

/// `[provenance] clean = true`: run only from sources that are as committed.
fn provenance(draft: &mut Draft, entry: &Entry, problems: &mut Problems) {
    match &entry.node.tree {
        Tree::Table(fields) => {
            for field in fields {
                match (field.key.as_str(), &field.node.tree) {
                    ("clean", Tree::Scalar(Value::Bool(clean))) => draft.clean = *clean,
                    ("clean", _) => {
                        problems.add(Problem::new("`clean` is true or false"), &field.node.place, field.node.kind());
                    }
                    (unknown, _) => {
                        let problem =
                            Problem::new(format!("unknown key `{unknown}` in [provenance]")).help("known keys: clean");
                        problems.add(problem, &field.key_place, "not a key of [provenance]");
                    }
                }
            }
        }
        _ => {
            let problem = Problem::new("`provenance` is a section").help("[provenance]\nclean = true");
            problems.add(problem, &entry.node.place, entry.node.kind());
        }
    }
}

fn top_level_help(unknown: &str) -> Option<String> {
    if let Some(help) = did_you_mean(unknown, TOP_LEVEL) {
        return Some(help);
    }
    let homes: Vec<&str> = FieldKey::find_anywhere(unknown).iter().map(|key| key.field().section).collect();
    if let Some(section) = homes.first() {
        return Some(format!("`{unknown}` belongs into the section [{section}]"));
    }
    did_you_mean(unknown, SECTIONS.iter().map(|(name, _)| *name))
}

fn read_section(draft: &mut Draft, entry: &Entry, problems: &mut Problems) {
    let section = entry.key.as_str();
    let measure = registry::measure(section).map(|kind| kind.name);
    match (&entry.node.tree, measure) {
        (Tree::Table(fields), measure) => {
            if let Some(measure) = measure {
                draft.measures.insert(measure, Wanted::Yes);
            }
            if section == SUBJECT {
                draft.subject = Wanted::Yes;
            }
            for field in fields {
                read_field(draft, section, field, problems);
            }
        }
        (Tree::Scalar(Value::Bool(bit)), Some(measure)) => {
            draft.measures.insert(measure, if *bit { Wanted::Yes } else { Wanted::No });
        }
        (Tree::Scalar(Value::Bool(bit)), None) if section == SUBJECT => {
            draft.subject = if *bit { Wanted::Yes } else { Wanted::No };
        }
        (_, measure) => {
            let more = if measure.is_some() || section == SUBJECT { ", true or false" } else { "" };
            let problem = Problem::new(format!("`{section}` is a section")).help(format!("write it as [{section}]"));
            problems.add(problem, &entry.node.place, format!("expected a table{more}"));
        }
    }
}

fn read_field(draft: &mut Draft, section: &str, entry: &Entry, problems: &mut Problems) {
    match FieldKey::find(section, &entry.key) {
        Some(key) => draft.field(key, &entry.key_place, &entry.node, problems),
        None if section == PARAMS => {
            let problem = Problem::new(format!("`{}` cannot name a parameter", entry.key));
            problems.add(problem, &entry.key_place, name_fault(&entry.key).unwrap_or_default());
        }
        None => {
            let problem = Problem::new(format!("unknown key `{}` in [{section}]", entry.key))
                .maybe_help(field_help(section, &entry.key));
            problems.add(problem, &entry.key_place, format!("not a key of [{section}]"));
        }
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
        let before = problems.len();
        let members = condition::members(entries, draft.naming, problems);
        if problems.len() == before {
            draft.group(entry, &members, problems);
        }
    }
}
