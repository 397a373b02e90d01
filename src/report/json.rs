//! Tables as JSON, for programs: every number in full precision, its scores by seed, the trials behind it.

use drr_core::TrialId;
use serde_json::{Map, Value, json};

use super::grid::Grid;
use super::group::Noise;
use super::table::{Better, Row, Standing, Table};
use crate::neutral;

/// The version of this layout.
const FORMAT: u32 = 1;

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
        "notes": table.notes,
    }))
}

fn row(table: &Table, row: &Row) -> Value {
    let point: Map<String, Value> = table
        .axes
        .iter()
        .zip(&row.point)
        .filter(|(_, value)| !value.is_empty())
        .map(|(axis, value)| (axis.clone(), Value::from(value.as_str())))
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
                    "min": finite(summary.min),
                    "median": finite(summary.median),
                    "max": finite(summary.max),
                    "interval": cell.interval.map(|(low, high)| [low, high]),
                    "better": match metric.better { Better::Higher => "higher", Better::Lower => "lower" },
                    "standing": match cell.standing {
                        Standing::Best => "best",
                        Standing::LikeBest => "like-best",
                        Standing::Other => "other",
                    },
                    "by_seed": cell.scores.iter().map(|(seed, score)| json!([seed, finite(*score)])).collect::<Vec<_>>(),
                })
            });
            (metric.name.clone(), value.unwrap_or(Value::Null))
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

/// A table of any other kind, as it is shown, with values in full precision.
pub(super) fn grid(grid: &Grid) -> String {
    let rows: Vec<Value> = grid
        .rows
        .iter()
        .map(|row| {
            let cells =
                grid.headers.iter().zip(&row.cells).map(|(header, cell)| (header.text.clone(), cell.value.clone()));
            let cells: Map<String, Value> = cells.map(|(header, value)| (header, Value::from(value))).collect();
            let mut written = json!({ "cells": cells, "trials": ids(&row.trials) });
            let own = grid.headers.iter().zip(&row.cells).filter(|(_, cell)| !cell.trials.is_empty());
            let own: Map<String, Value> = own.map(|(header, cell)| (header.text.clone(), ids(&cell.trials))).collect();
            if !own.is_empty() {
                written["trials_by_cell"] = Value::from(own);
            }
            written
        })
        .collect();
    written(&json!({ "format": FORMAT, "title": grid.title, "rows": rows, "notes": grid.notes }))
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
