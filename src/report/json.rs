//! Tables as JSON, for programs: every number in full precision, its scores by seed, the trials behind it.

use drr_core::TrialId;
use serde_json::{Map, Value, json};

use super::grid::Grid;
use super::group::Noise;
use super::ids::{DerivedKind, TableId};
use super::table::{Better, Placing, Row, Table};
use super::value::CellValue;
use crate::neutral;

/// The version of this layout. In the first, values of axes and all cells of derived tables were text.
const FORMAT: u32 = 2;

/// A table with all that is known of its numbers.
pub(super) fn table(table: &Table) -> String {
    let rows: Vec<Value> = table.rows.iter().map(|line| row(table, line)).collect();
    written(&json!({
        "format": FORMAT,
        "title": table.title,
        "dataset": table.dataset,
        "protocol": table.protocol,
        "axes": table.axes,
        "std_ddof": 1,
        "interval": { "confidence": 0.95, "method": "student-t", "least_n": table.least },
        "rows": rows,
        "notes": table.notes.iter().map(|note| &note.text).collect::<Vec<_>>(),
    }))
}

fn row(table: &Table, row: &Row) -> Value {
    let point: Map<String, Value> = table
        .axes
        .iter()
        .zip(&row.point)
        .filter_map(|(axis, value)| Some((axis.clone(), value.as_ref()?.json().clone())))
        .collect();
    let cells: Map<String, Value> = table
        .metrics
        .iter()
        .zip(&row.cells)
        .map(|(metric, cell)| {
            let value = cell.as_ref().map(|cell| {
                let summary = cell.score.summary;
                json!({
                    "mean": finite(summary.mean),
                    "std": cell.score.spread.and_then(finite),
                    "n": summary.n,
                    "users": cell.users.map(|users| [users.least, users.most]),
                    "min": finite(summary.min),
                    "median": finite(summary.median),
                    "max": finite(summary.max),
                    "interval": cell.interval.map(|(low, high)| [low, high]),
                    "better": match metric.better { Better::Higher => "higher", Better::Lower => "lower", Better::Neither => "neither" },
                    "standing": match cell.standing {
                        Placing::Best => "best",
                        Placing::LikeBest => "like-best",
                        Placing::Other => "other",
                    },
                    "by_seed": cell.scores.iter().map(|(seed, score)| json!([seed, finite(*score)])).collect::<Vec<_>>(),
                })
            });
            (metric.name(), value.unwrap_or(Value::Null))
        })
        .collect();
    json!({
        "policy": row.policy,
        "point": point,
        "finished": row.finished,
        "expected": row.expected,
        "std_over": match row.noise {
            Noise::Seeds => Value::from("seeds"),
            Noise::Repeats(count) => json!({ "repeats": count }),
            Noise::Unknown => Value::Null,
        },
        "trials": ids(&row.trials),
        "cells": cells,
    })
}

/// A table of any other kind, with values in full precision.
pub(super) fn grid(grid: &Grid, kind: DerivedKind, of: Option<&TableId>) -> String {
    let rows: Vec<Value> = grid
        .rows
        .iter()
        .map(|row| {
            let cells = || grid.headers.iter().map(|header| header.text.clone()).zip(&row.cells);
            let values: Map<String, Value> = cells().map(|(header, cell)| (header, value(&cell.value))).collect();
            let mut written = json!({ "cells": values, "trials": ids(&row.trials) });
            let own = cells().filter(|(_, cell)| !cell.trials.is_empty());
            let own: Map<String, Value> = own.map(|(header, cell)| (header, ids(&cell.trials))).collect();
            let short = cells().filter_map(|(header, cell)| match cell.value {
                CellValue::Count { count, of } if count != of => Some((header, of.into())),
                _ => None,
            });
            let short: Map<String, Value> = short.collect();
            for (name, what) in [("trials_by_cell", own), ("of", short)] {
                if !what.is_empty() {
                    written[name] = Value::from(what);
                }
            }
            written
        })
        .collect();
    written(&json!({
        "format": FORMAT,
        "title": grid.title,
        "kind": kind.name(),
        "of": of.map(TableId::slug),
        "rows": rows,
        "notes": grid.notes,
    }))
}

/// A cell's value: numbers as numbers, an interval as its two ends, what is missing as null.
fn value(cell: &CellValue) -> Value {
    match cell {
        CellValue::Missing(_) => Value::Null,
        CellValue::Number(number) => finite(number.value).into(),
        CellValue::Count { count, .. } => (*count).into(),
        CellValue::Interval { low, high, .. } => json!([finite(*low), finite(*high)]),
        CellValue::Users(users) => json!([users.least, users.most]),
        CellValue::Axis(value) => value.json().clone(),
        CellValue::Text(text) => text.as_str().into(),
    }
}

/// Full ids.
fn ids(trials: &[TrialId]) -> Value {
    trials.iter().map(|trial| Value::from(trial.to_string())).collect()
}

/// JSON knows no NaN: it becomes null.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn written(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("a value is JSON");
    text.push('\n');
    neutral::lines(&text).into_owned()
}
