//! What a recorded sweep's files hold, line by line, as they are written.

use drr_core::canonical;
use drr_kinds::command::Declaration;
use rayon::prelude::*;
use serde::Serialize;

use crate::sweep::Sweep;

/// The version of the record's format.
pub(super) const FORMAT: u32 = 2;

/// The last format that knew no commands; a record without any is written in it.
const WITHOUT_COMMANDS: u32 = 1;

/// First line of `trials.jsonl`; each further one is a trial.
#[derive(Serialize)]
pub(super) struct RecordHead<'a> {
    pub format: u32,
    pub name: &'a str,
    pub axes: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub commands: &'a [Declaration],
}

impl<'a> RecordHead<'a> {
    /// The head of the record of a sweep with this name, these axes and these commands.
    pub fn new(name: &'a str, axes: &'a [String], commands: &'a [Declaration]) -> Self {
        Self { format: if commands.is_empty() { WITHOUT_COMMANDS } else { FORMAT }, name, axes, commands }
    }
}

/// The files of a record that its seal covers, in the order they are written.
pub(super) const FILES: [&str; 3] = ["sweep.toml", "request.json", "trials.jsonl"];

/// The content of `trials.jsonl`.
pub(super) fn lines(sweep: &Sweep) -> Vec<u8> {
    let mut lines = canonical::to_bytes(&RecordHead::new(&sweep.name, &sweep.axes, &sweep.declarations));
    lines.push(b'\n');
    for line in sweep.trials.par_iter().map(canonical::to_bytes).collect::<Vec<_>>() {
        lines.extend(line);
        lines.push(b'\n');
    }
    lines
}
