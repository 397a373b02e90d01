//! Every field of the specs is an axis, in a file and on the command line, and ids follow what is resolved.

use std::collections::HashMap;
use std::sync::LazyLock;

use drr_core::spec::{Field, SplitKind, ValueKind};
use drr_core::{TrialId, TrialSpec};
use serde_json::{Value, json};

use super::{FieldKey, Sweep, expanded};
use crate::sweep::family::policies_to_compare;
use crate::sweep::fields::Naming;

/// The default and another value that the field takes.
fn two_values(field: &Field) -> [Value; 2] {
    if field.section == "reward" {
        let of = |scale, positive| if field.name == "scale" { json!(scale) } else { json!(positive) };
        return [of("1..10", 3.5), of("log 1..100", 4.0)];
    }
    let default = (field.default)();
    let other = match field.kind {
        ValueKind::Choice(names) => names.iter().map(|name| json!(name)).find(|name| *name != default),
        // Everybody has one.
        ValueKind::Int { .. } if field.name.starts_with("min_per") => Some(json!(2)),
        ValueKind::Int { .. } => default.as_u64().map(|number| json!(number + 1)),
        ValueKind::Float { min, max } => {
            let middle = min + (max - min).min(1.0) / 2.0;
            [middle, middle / 2.0].into_iter().map(|number| json!(number)).find(|number| *number != default)
        }
        ValueKind::Text => return [json!("one"), json!("another")],
        ValueKind::Any => Some(json!("another")),
        ValueKind::Ints { lengths, .. } => Some(json!(vec![7; lengths.last().copied().unwrap_or(2)])),
    };
    [default, other.unwrap_or_else(|| panic!("{} takes one value only", field.name))]
}

fn of_field(sweep: &Sweep, field: &Field) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for trial in &sweep.trials {
        let spec = &trial.spec;
        let section = match field.section {
            "split" => json!(spec.split()),
            "reward" => json!(spec.ratings.as_ref().map(|it| it.reward)),
            "synthetic" => json!(spec.dataset().and_then(|it| it.synthetic.as_ref())),
            section if spec.kind == section => spec.settings.to_json(),
            section => match &spec.policy {
                Some(policy) if policy.kind == section => policy.settings.to_json(),
                _ => continue,
            },
        };
        // What is as it always was is not written.
        let value = section.get(field.name).cloned().unwrap_or_else(|| (field.before)());
        found.extend(Some(field.kind.normalise(value)).filter(|value| !found.contains(value)));
    }
    found
}

/// A sweep of every policy there is: a field of each concerns some trial.
static WORLD: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<&str> = policies_to_compare(Naming::Fields).iter().map(|kind| kind.name).collect();
    format!("dataset = \"synthetic\"\nseeds = 1\nbaselines = {names:?}\n")
});

/// The world for an axis of this field: a field of the split stands beside a rule that asks for it.
fn world_for(field: &Field) -> String {
    let asks = |kind: &&SplitKind| !kind.idle().contains(&field.name);
    match SplitKind::ALL.iter().find(asks) {
        Some(kind) if field.section == "split" && field.name != "kind" => {
            let from = if field.name == "train" { "split.from = \"some\"\n" } else { "" };
            format!("{}{from}split.kind = \"{}\"\n", *WORLD, kind.name())
        }
        // Only the state `ave` holds what the default's action starts from.
        _ if field.section == "drr" && field.name == "state" => format!("{}drr.action_base = \"none\"\n", *WORLD),
        _ => WORLD.clone(),
    }
}

#[test]
fn every_hyperparameter_is_an_axis_in_files_and_on_the_command_line() {
    for key in FieldKey::all() {
        let (field, name) = (key.field(), key.name());
        let values = two_values(field);
        // Widths that are left to the default are written as they become.
        let explicit = match field.name {
            "actor_hidden" => [json!([5, 5]), values[1].clone()],
            "critic_hidden" => [json!([5, 5, 5]), values[1].clone()],
            _ => values,
        };
        let written = explicit.each_ref().map(ToString::to_string);
        let world = world_for(field);
        let by_file = expanded(&format!("{world}{name} = [{}, {}]\n", written[0], written[1]), &[]);
        let by_set = expanded(&world, &[&format!("{name}={},{}", written[0], written[1])]);
        for sweep in [&by_file, &by_set] {
            assert_eq!(sweep.axes, std::slice::from_ref(&name));
            let found = of_field(sweep, field);
            if matches!(field.name, "from" | "train") {
                // A spec names the content of files.
                assert_eq!(of_field(sweep, FieldKey::find("split", "from").expect("a field").field()).len(), 2);
                continue;
            }
            assert!(explicit.iter().all(|value| found.contains(value)), "{name}: {found:?} of {explicit:?}");
        }
        assert_eq!(super::ids(&by_file), super::ids(&by_set), "{name}");
    }
}

#[test]
fn ids_are_the_same_exactly_where_resolved_specs_are() {
    let (mut spec_of, mut id_of) = (HashMap::<TrialId, TrialSpec>::new(), HashMap::<String, TrialId>::new());
    for key in FieldKey::all() {
        for value in two_values(key.field()) {
            for trial in expanded(&world_for(key.field()), &[&format!("{}={value}", key.name())]).trials {
                let text = serde_json::to_string(&trial.spec).expect("a spec is JSON");
                assert_eq!(*id_of.entry(text).or_insert(trial.id), trial.id, "{}", key.name());
                assert_eq!(*spec_of.entry(trial.id).or_insert_with(|| trial.spec.clone()), trial.spec);
            }
        }
    }
    // Each of the other values made at least the trials that it concerns anew.
    assert!(spec_of.len() > FieldKey::all().count(), "{} trials", spec_of.len());
}
