//! `drr-lab runs diff`: in what two trials differ: spec, provenance, and where their metric streams part.

use std::path::Path;

use drr_core::TrialId;
use drr_core::finished::{self, Finished};
use drr_core::trial_dir::TrialDir;
use serde_json::json;

use crate::audit::{Difference, ReplayVerdict, Tolerance, compare, differences, environments};
use crate::cli::verify_text::table;
use crate::cli::{Context, OutputFormat};
use crate::error::{Error, Exit, Result};

pub(super) fn run(context: &Context, one: TrialId, with: &Path, other: TrialId) -> Result<Exit> {
    let folders = (TrialDir::new(&context.runs, one), TrialDir::new(with, other));
    let read = |folder: &TrialDir| -> Result<Finished> {
        finished::read(folder).map_err(|fault| Error { exit: Exit::Mismatch, ..Error::input(fault.to_string()) })
    };
    let (first, second) = (read(&folders.0)?, read(&folders.1)?);
    let json = |finished: &Finished| serde_json::to_value(&finished.spec).expect("a spec is JSON");
    let spec = differences(&json(&first), &json(&second));
    let provenance = environments(&folders.0, &folders.1);
    let verdict = compare(&first, &second, Tolerance::default());
    if context.output == OutputFormat::Json {
        let entries = |list: &[Difference]| -> serde_json::Value {
            list.iter().map(|it| json!({"entry": it.entry, "a": it.one, "b": it.other})).collect()
        };
        println!(
            "{}",
            json!({"a": one, "b": other, "spec": entries(&spec), "provenance": entries(&provenance),
                   "bitwise": verdict == ReplayVerdict::Bitwise, "metrics": verdict.to_string()})
        );
        return Ok(Exit::Done);
    }
    let heads = [one.short(), other.short()];
    for (name, differences) in [("spec", &spec), ("provenance", &provenance)] {
        if differences.is_empty() {
            println!("{name}: the same");
        } else {
            println!("{name}:");
            table(differences, [&heads[0], &heads[1]]);
        }
    }
    println!(
        "metrics: {}",
        if verdict == ReplayVerdict::Bitwise { "the same to the bit".to_owned() } else { verdict.to_string() }
    );
    Ok(Exit::Done)
}
