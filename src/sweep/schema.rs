//! A JSON Schema of sweep files, for editors: completion, ranges and descriptions, taken from the fields themselves.

use drr_core::spec::{Field, ValueKind};
use drr_kinds::{SECTIONS, registry};
use serde_json::{Map, Value, json};

use super::choices::Design;
use super::command::KEYS;
use super::execution::{EARLY_STOP, EXECUTION, Takes};
use super::family::{SUBJECT, policies_to_compare};
use super::fields::Naming;

/// The schema.
pub fn schema() -> Value {
    let mut properties = top_level();
    properties.insert("extends".to_owned(), json!({
        "description": "A sweep file this one builds on, or several; the path is relative to this file. What is said here wins.",
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    }));
    let variant = top_level();
    properties.insert(
        "profile".to_owned(),
        json!({
            "description": "Named variants, chosen with --profile NAME; NAME is then added to the name of the sweep.",
            "type": "object",
            "additionalProperties": {"type": "object", "properties": variant, "additionalProperties": false}
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "drr-lab sweep file",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": {"fields": fields_by_name()}
    })
}

fn top_level() -> Map<String, Value> {
    let mut properties = Map::new();
    let mut add = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    add(
        "name",
        json!({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$",
        "description": "The sweep's name; the file's name without .toml if it is not said."}),
    );
    add(
        "dataset",
        json!({"anyOf": [{"type": "string"},
            {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": true}],
        "description": "The ratings: a dataset of `drr-lab data list`, or \"synthetic\" for one made from [synthetic]; a list is an axis."}),
    );
    add(
        "seeds",
        json!({"anyOf": [{"type": "integer", "minimum": 1},
            {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "uniqueItems": true}],
        "description": "How many replicates, or which seeds."}),
    );
    add(
        "baselines",
        json!({"type": "array", "uniqueItems": true,
        "items": {"enum": policies_to_compare(Naming::Fields).iter().map(|kind| kind.name).collect::<Vec<_>>()},
        "description": "Policies to compare with; all of them if it is not said."}),
    );
    add(
        "max_trials",
        json!({"type": "integer", "minimum": 1, "default": 10_000,
        "description": "More trials than this are refused."}),
    );
    add(
        "design",
        json!({"enum": Design::ALL.map(Design::name), "default": "grid",
            "description": "Every combination, or each axis alone with the others at their first value."}),
    );
    add(
        "search",
        json!({"type": "object", "additionalProperties": false,
        "description": "Random search over the fields given as uniform, log_uniform or int.",
        "properties": {
            "samples": {"type": "integer", "minimum": 1, "description": "How many draws."},
            "seed": {"type": "integer", "minimum": 0, "default": 0, "description": "Seed of the draws."},
            "method": {"enum": ["random", "sobol"], "default": "random", "description": "How the draws are placed."}
        }}),
    );
    add("slurm", super::slurm::schema());
    let section = |what: &str, keys: &[(&str, Takes, &str)]| {
        let described = keys.iter().map(|(name, takes, doc)| {
            let mut schema = takes.schema();
            schema["description"] = json!(doc);
            ((*name).to_owned(), schema)
        });
        let keys: Map<String, Value> = described.collect();
        json!({"type": "object", "description": what, "properties": keys, "additionalProperties": false})
    };
    let command = |what: &str| {
        let keys: Map<String, Value> =
            KEYS.iter().map(|(name, doc)| ((*name).to_owned(), json!({"description": doc}))).collect();
        json!({"type": "object", "description": what, "properties": keys, "required": ["run"], "additionalProperties": false})
    };
    add("command", command("A program of one's own that each trial runs; docs/commands.md."));
    add(
        "stage",
        json!({"type": "object", "description": "Commands that others need, by name.",
            "additionalProperties": command("A command whose artifacts others read.")}),
    );
    add(
        "params",
        json!({"type": "object", "description": "The parameters of commands: a value, a list as an axis, a range or a draw."}),
    );
    add(
        "provenance",
        json!({"type": "object", "properties": {"clean": {"type": "boolean",
            "description": "Run only from sources that are as committed."}}, "additionalProperties": false}),
    );
    add("execution", section("How the sweep runs; no result depends on it.", &EXECUTION));
    add("early_stop", section("Gives hopeless trials up before their end.", &EARLY_STOP));
    let combination = json!({"$ref": "#/$defs/fields"});
    let many =
        |what: &str| json!({"description": what, "anyOf": [combination, {"type": "array", "items": combination}]});
    add("zip", many("Fields that vary together: lists of one length."));
    add("exclude", many("Combinations to leave out: a table of fields and values."));
    for (name, fields) in SECTIONS.iter() {
        let mut keys = Map::new();
        for field in *fields {
            for key in std::iter::once(&field.name).chain(field.aliases) {
                keys.insert((*key).to_owned(), axis(field));
            }
        }
        let section = json!({"type": "object", "properties": keys, "additionalProperties": false});
        let section = match *name {
            name if registry::measure(name).is_some() || name == SUBJECT => {
                json!({"anyOf": [section, {"type": "boolean"}]})
            }
            _ => section,
        };
        add(name, section);
    }
    properties
}

/// Tables of fields by name, `"drr.tau"`, `tau` or `drr = { tau = … }`.
fn fields_by_name() -> Value {
    let mut keys = Map::new();
    for (section, fields) in SECTIONS.iter() {
        let mut inner = Map::new();
        for field in *fields {
            for name in std::iter::once(&field.name).chain(field.aliases) {
                keys.insert(format!("{section}.{name}"), json!({}));
                keys.insert((*name).to_owned(), json!({}));
                inner.insert((*name).to_owned(), json!({}));
            }
        }
        keys.insert(
            (*section).to_owned(),
            json!({"type": "object", "properties": inner, "additionalProperties": false}),
        );
    }
    json!({"type": "object", "properties": keys, "additionalProperties": false})
}

/// A field: a value, or an axis of values.
fn axis(field: &Field) -> Value {
    let value = value(field);
    let when = json!({"$ref": "#/$defs/fields"});
    let table = |form: &str, more: Value| {
        let mut properties = Map::from_iter([(form.to_owned(), more), ("when".to_owned(), when.clone())]);
        if matches!(form, "range" | "log") {
            properties.insert("n".to_owned(), json!({"type": "integer", "minimum": 2}));
        }
        if form == "range" {
            properties.insert("step".to_owned(), json!({"type": "number", "exclusiveMinimum": 0}));
        }
        json!({"type": "object", "properties": properties, "required": [form], "additionalProperties": false})
    };
    let list = json!({"type": "array", "items": value, "minItems": 1});
    let ends = json!({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2});
    let mut forms = vec![value.clone(), list.clone(), table("choice", list)];
    match field.kind {
        ValueKind::Float { .. } => {
            forms.extend(["range", "log", "uniform", "log_uniform"].map(|form| table(form, ends.clone())));
        }
        ValueKind::Int { .. } => {
            forms.extend(["range", "log", "int", "log_uniform"].map(|form| table(form, ends.clone())))
        }
        _ => {}
    }
    if field.section == "split" && matches!(field.name, "seed" | "fold") {
        forms.push(json!({"const": "trial"}));
    }
    json!({"description": field.doc.trim(), "default": (field.default)(), "anyOf": forms})
}

fn value(field: &Field) -> Value {
    match field.kind {
        ValueKind::Float { min, max } if max == f64::MAX => json!({"type": "number", "minimum": min}),
        ValueKind::Float { min, max } => json!({"type": "number", "minimum": min, "maximum": max}),
        ValueKind::Int { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        ValueKind::Ints { min, max, lengths } => {
            let mut list = json!({"type": "array", "items": {"type": "integer", "minimum": min, "maximum": max}});
            if lengths.is_empty() {
                list["minItems"] = json!(1);
            } else {
                list = json!({"anyOf": lengths.iter().map(|length| {
                    json!({"type": "array", "items": {"type": "integer", "minimum": min, "maximum": max},
                           "minItems": length, "maxItems": length})
                }).collect::<Vec<_>>()});
            }
            list
        }
        ValueKind::Any => json!({"type": ["number", "string", "boolean", "array"]}),
        ValueKind::Choice(names) => json!({"enum": names}),
        ValueKind::Text => json!({"type": "string"}),
    }
}
