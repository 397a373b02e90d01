//! `drr-lab data split`: the division of a dataset that trials use, as files that any program reads.

use std::fs;
use std::path::Path;

use drr_core::data::catalogue::Catalogue;
use drr_core::data::{Split, division};
use drr_core::spec::SplitSpec;
use serde::Serialize;

use super::catalogue_error;
use super::present::{print, print_json, thousands};
use crate::cli::OutputFormat;
use crate::error::{Error, Result};

/// What was written.
#[derive(Serialize)]
struct WrittenSplit<'a> {
    dataset: &'a str,
    fingerprint: String,
    split: &'a SplitSpec,
    folder: String,
    train: usize,
    test: usize,
}

/// Writes the division of a dataset into `folder`.
pub(super) fn split(
    catalogue: &Catalogue,
    name: &str,
    spec: &SplitSpec,
    folder: &Path,
    output: OutputFormat,
) -> Result<()> {
    let table = catalogue.open(name, None).map_err(catalogue_error)?;
    let parts = Split::new(&table, spec);
    let cannot = |error: std::io::Error| Error::disk(format!("cannot write to {}", folder.display()), &error);
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(
            Error::input(format!("{} is not empty", folder.display())).hint("name a folder of its own: --out DIR")
        );
    }
    division::write_all(folder, &table, &parts).map_err(cannot)?;
    division::write_bits(folder, table.rows.len(), &parts.test).map_err(cannot)?;
    let (train, test) = (parts.train.len(), parts.test.len());
    let shown = folder.display().to_string();
    match output {
        OutputFormat::Json => print_json(&WrittenSplit {
            dataset: name,
            fingerprint: table.fingerprint().to_string(),
            split: spec,
            folder: shown,
            train,
            test,
        }),
        OutputFormat::Quiet => Ok(()),
        OutputFormat::Human => print(&format!(
            "{name}, {} ratings: {} to train on in {shown}/train.csv, {} to test on in test.csv; the pairs of the test part in\n\
             candidates.csv, and a bit a rating in test.bits, 1 for the test part",
            thousands(table.rows.len()),
            thousands(train),
            thousands(test)
        )),
    }
}
