//! What a recorded sweep's files hold, line by line, as they are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use drr_core::{TrialId, TrialSpec, canonical};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::Value;

use crate::sweep::{Sweep, Trial};

/// The version of the record's format.
pub(super) const FORMAT: u32 = 1;

/// First line of `trials.jsonl`.
#[derive(Serialize)]
pub(super) struct Head<'a> {
    pub format: u32,
    pub name: &'a str,
    pub axes: &'a [String],
}

/// A further line of `trials.jsonl`.
#[derive(Serialize)]
pub(super) struct Member<'a> {
    pub trial: TrialId,
    pub point: &'a BTreeMap<String, Value>,
    pub spec: &'a TrialSpec,
}

/// The files of a record that its seal covers, in the order they are written.
pub(super) const FILES: [&str; 2] = ["sweep.toml", "trials.jsonl"];

/// The content of `trials.jsonl`.
pub(super) fn lines(sweep: &Sweep) -> Vec<u8> {
    let mut lines = canonical::to_bytes(&Head { format: FORMAT, name: &sweep.name, axes: &sweep.axes });
    lines.push(b'\n');
    let line =
        |trial: &Arc<Trial>| canonical::to_bytes(&Member { trial: trial.id, point: &trial.point, spec: &trial.spec });
    for line in sweep.trials.par_iter().map(line).collect::<Vec<_>>() {
        lines.extend(line);
        lines.push(b'\n');
    }
    lines
}
