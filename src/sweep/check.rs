//! Whether conditions make sense: each can hold, and none hangs on itself.

use std::collections::HashSet;

use drr_core::spec::SplitKind;
use drr_kinds::registry;
use serde_json::Value;

use super::choices::SplitSeed;
use super::condition::Condition;
use super::family::families;
use super::fields::FieldKey;
use super::file::SweepFile;
use super::problem::{Problem, Problems, TextSpan};

/// The section that says how ratings are divided.
const SPLIT: &str = "split";

/// Complains about fields of kinds that are no part of the sweep.
pub(super) fn effects(file: &SweepFile, said: &[(FieldKey, TextSpan)], problems: &mut Problems) {
    let families = families(file);
    for (key, place) in said {
        let section = key.field().section;
        // Of measures it is said by mentioning them; the ratings' own concern every trial.
        if file.commands.as_ref().is_some_and(|commands| !commands.are_scored())
            && registry::all().any(|kind| kind.name == section)
        {
            let problem = Problem::new(format!("`{}` has no effect: the sweep is one of commands", key.name()));
            let help = "the parameters of a command are keys of [params]; what writes scores is evaluated";
            problems.add(problem.help(help), place, "never used");
            continue;
        }
        let is_optional = registry::all().any(|kind| kind.name == section) && registry::measure(section).is_none();
        if is_optional && !families.iter().any(|family| family.concerns(key.field(), &families)) {
            let problem = Problem::new(format!("`{}` has no effect: nothing in this sweep is `{section}`", key.name()));
            let help = format!("name it among the policies to compare with: baselines = [\"{section}\", …]");
            problems.add(problem.help(help), place, "never used");
        }
    }
}

/// Complains about what scores of commands cannot answer: they are of the candidates that a program was given.
pub(super) fn scores(file: &SweepFile, problems: &mut Problems) {
    if !file.commands.as_ref().is_some_and(|commands| commands.are_scored()) {
        return;
    }
    for measure in &file.measures {
        let Some(key) = FieldKey::find(measure, "candidates") else { continue };
        if let Some(other) = values_of(file, key).iter().find(|value| **value != key.field().default_value()) {
            let problem = Problem::new(format!("scores of a command are of test ratings alone, not of {other} items"));
            let help = "leave it out; a program that ranks all items measures itself, and tells its metrics";
            problems.add(problem.help(help), file.place_of_field(&key.name()), "not with [command]");
        }
    }
}

/// Complains about what a split needs and lacks, and about what its rule does not ask for.
pub(super) fn splits(file: &SweepFile, said: &[(FieldKey, TextSpan)], problems: &mut Problems) {
    let key = |name: &str| FieldKey::find(SPLIT, name).expect("a field of the split");
    let place = |name: &str| {
        let said = said.iter().find(|(known, _)| *known == key(name));
        said.map_or(&file.start, |(_, place)| place)
    };
    let kinds = values_of(file, key("kind"));
    let kinds: Vec<SplitKind> = kinds.into_iter().filter_map(|kind| serde_json::from_value(kind).ok()).collect();
    for (field, place) in said.iter().filter(|(field, _)| field.field().section == SPLIT && field.field().since > 2) {
        let name = field.field().name;
        if kinds.iter().all(|kind| kind.idle().contains(&name)) {
            let is = kinds.iter().map(|kind| format!("\"{}\"", kind.name())).collect::<Vec<_>>().join(", ");
            let asks = |kind: &&SplitKind| !kind.idle().contains(&name);
            let asking: Vec<String> =
                SplitKind::ALL.iter().filter(asks).map(|kind| format!("\"{}\"", kind.name())).collect();
            let problem = Problem::new(format!("`split.{name}` has no effect: split.kind is {is}"));
            let help = format!("it belongs to split.kind = {}", asking.join(" or "));
            problems.add(problem.help(help), place, "never used");
        }
    }
    let is_empty = |name: &str| values_of(file, key(name)).iter().any(|value| value.as_str() == Some(""));
    if kinds.contains(&SplitKind::Given) && is_empty("from") {
        let problem = Problem::new("a given split needs the file it comes from")
            .help("from = \"u1.test\", seen from the sweep file: the test part's ratings or pairs, or bits");
        problems.add(problem, place("kind"), "which file?");
    }
    let most = |name: &str, of: fn(u64, u64) -> u64| {
        values_of(file, key(name)).iter().filter_map(Value::as_u64).reduce(of).unwrap_or(0)
    };
    let (fold, folds) = (most("fold", u64::max), most("folds", u64::min));
    if kinds.contains(&SplitKind::Folds) && fold >= folds {
        let problem = Problem::new(format!("there is no fold {fold} of {folds}"));
        problems.add(problem.help(format!("folds count from 0 to {}", folds - 1)), place("fold"), "beyond the last");
    }
}

/// Says so where folds follow the seeds and some are held out more often than others.
pub(super) fn uneven_folds(file: &SweepFile) -> Option<String> {
    if file.split_fold == SplitSeed::Fixed {
        return None;
    }
    let folds = values_of(file, FieldKey::find(SPLIT, "folds")?);
    let uneven = folds.iter().filter_map(Value::as_u64).find(|folds| {
        let mut times = vec![0_usize; usize::try_from(*folds).unwrap_or(0)];
        file.seeds.iter().for_each(|seed| times[(seed.0 % folds) as usize] += 1);
        times.iter().any(|count| *count != times[0])
    })?;
    let held_out: Vec<String> = file.seeds.iter().take(12).map(|seed| (seed.0 % uneven).to_string()).collect();
    Some(format!(
        "of {uneven} folds these seeds hold out {}{}: with seeds = {uneven} each is held out once",
        held_out.join(", "),
        if file.seeds.len() > held_out.len() { ", …" } else { "" }
    ))
}

/// Complains about conditions that can never hold.
pub(super) fn conditions(file: &SweepFile, problems: &mut Problems) {
    for (key, conditions) in &file.conditions {
        for condition in conditions {
            if hangs_on(file, condition.field, *key, file.conditions.len()) {
                let problem = Problem::new(format!("whether `{}` varies hangs on itself", key.name()));
                problems.add(problem, &condition.place, "a circle of conditions");
            } else {
                possible(file, condition, "the condition can never hold", problems);
            }
        }
    }
    for exclusion in &file.excludes {
        for condition in &exclusion.conditions {
            possible(file, condition, "the exclusion can never hold", problems);
        }
    }
    for condition in &file.only {
        possible(file, condition, "no trial has this", problems);
    }
}

/// Whether the condition of `field` reaches `goal` in at most `depth` steps.
fn hangs_on(file: &SweepFile, field: FieldKey, goal: FieldKey, depth: usize) -> bool {
    field == goal
        || (depth > 0
            && file
                .conditions
                .get(&field)
                .is_some_and(|next| next.iter().any(|condition| hangs_on(file, condition.field, goal, depth - 1))))
}

fn possible(file: &SweepFile, condition: &Condition, complaint: &str, problems: &mut Problems) {
    let values = values_of(file, condition.field);
    if values.iter().any(|value| condition.accepts(value)) {
        return;
    }
    let name = condition.field.name();
    let shown: Vec<String> = values.iter().take(8).map(ToString::to_string).collect();
    let more = if values.len() > 8 { ", …" } else { "" };
    let problem = Problem::new(format!("{complaint}: `{name}` is never that"))
        .help(format!("in this sweep `{name}` is {}{more}", shown.join(", ")));
    problems.add(problem, &condition.place, "never");
}

/// The values a field takes in a sweep.
fn values_of(file: &SweepFile, field: FieldKey) -> Vec<Value> {
    let (mut values, mut seen) = (Vec::new(), HashSet::new());
    for axis in &file.axes {
        if let Some(column) = axis.fields.iter().position(|key| *key == field) {
            for point in &axis.points {
                if seen.insert(point[column].to_string()) {
                    values.push(point[column].clone());
                }
            }
        }
    }
    if values.is_empty() || file.conditions.contains_key(&field) {
        let default = || file.default_of(field);
        let value = file.fixed.get(&field).cloned().unwrap_or_else(default);
        if seen.insert(value.to_string()) {
            values.push(value);
        }
    }
    values
}
