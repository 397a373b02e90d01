//! What a recorded sweep's files hold, line by line, as they are written.

use drr_core::canonical;
use rayon::prelude::*;
use serde::Serialize;

use crate::sweep::Sweep;

/// The version of the record's format.
pub(super) const FORMAT: u32 = 1;

/// First line of `trials.jsonl`; each further one is a trial.
#[derive(Serialize)]
pub(super) struct RecordHead<'a> {
    pub format: u32,
    pub name: &'a str,
    pub axes: &'a [String],
}

/// The files of a record that its seal covers, in the order they are written.
pub(super) const FILES: [&str; 3] = ["sweep.toml", "request.json", "trials.jsonl"];

/// The content of `trials.jsonl`.
pub(super) fn lines(sweep: &Sweep) -> Vec<u8> {
    let mut lines = canonical::to_bytes(&RecordHead { format: FORMAT, name: &sweep.name, axes: &sweep.axes });
    lines.push(b'\n');
    for line in sweep.trials.par_iter().map(canonical::to_bytes).collect::<Vec<_>>() {
        lines.extend(line);
        lines.push(b'\n');
    }
    lines
}
