//! `drr-lab data split`: the division of a dataset that trials use, as files that any program reads.
//!
//! What is asked for is a sweep's `[split]`, read and resolved as a sweep's: a division that trials cannot have cannot be
//! written either.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use drr_core::data::division;
use drr_core::spec::{HeldOut, RatingsSpec, SplitSpec};
use serde::Serialize;

use super::present::{print, print_json, thousands};
use crate::cli::OutputFormat;
use crate::error::{Error, Result};
use crate::sweep::{Datasets, Request, Source, Sweep, SweepRequest};

/// `drr-lab data split`
#[derive(Debug, clap::Args)]
pub(super) struct SplitArgs {
    /// Name of the dataset; with --sweep the sweep's, if it has several
    #[arg(required_unless_present = "sweep")]
    name: Option<String>,
    /// An empty folder, or one to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How ratings are divided, as `[split] kind` says it: random, by-user, temporal, time, leave-last, folds, given
    #[arg(long)]
    kind: Option<String>,
    /// Share of the ratings that is held out [default: 0.2]
    #[arg(long)]
    test: Option<String>,
    /// Seed of the split [default: 0]
    #[arg(long)]
    seed: Option<String>,
    /// What is held out: test, or validation, a part out of train [default: test]
    #[arg(long)]
    held_out: Option<String>,
    /// Any field of [split], for example split.folds=10 or split.min_per_user=20
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// A sweep file: the split that its trials use
    #[arg(long, value_name = "FILE")]
    sweep: Option<PathBuf>,
    /// Of a sweep with several splits, those with these values
    #[arg(long, value_name = "KEY=VALUE", requires = "sweep")]
    only: Vec<String>,
}

/// What was written.
#[derive(Serialize)]
struct WrittenSplit<'a> {
    dataset: &'a str,
    fingerprint: String,
    split: &'a SplitSpec,
    folder: String,
    train: usize,
    /// Ratings of the test part, or of the validation part where that is held out.
    test: usize,
    users: usize,
}

impl SplitArgs {
    fn request(&self) -> Result<SweepRequest> {
        let quoted =
            |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("split.{name}=\"{value}\""));
        let plain = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("split.{name}={value}"));
        let named = [
            quoted("kind", &self.kind),
            plain("test", &self.test),
            plain("seed", &self.seed),
            quoted("held_out", &self.held_out),
        ];
        let mut asked = Request { only: self.only.clone(), ..Request::default() };
        asked.set.extend(named.into_iter().flatten());
        asked.set.extend(self.set.iter().cloned());
        let dataset = self.name.as_ref().map(|name| format!("dataset = {}\n", toml_text(name)));
        match &self.sweep {
            Some(path) => {
                asked.only.extend(self.name.as_ref().map(|name| format!("dataset={}", toml_text(name))));
                SweepRequest::read(path, &asked)
            }
            // One trial on these ratings is enough to say how they are divided.
            None => {
                let text = format!("{}seeds = 1\nbaselines = [\"random\"]\n", dataset.unwrap_or_default());
                SweepRequest::of_text(&Source::new("split.toml", &text), Path::new("."), &asked)
            }
        }
    }
}

/// Which options leave one of several divisions: of an axis by its value, of what follows the seed by the seed.
fn how_to_choose(sweep: &Sweep, divisions: &[&RatingsSpec]) -> String {
    let of = |ratings: &RatingsSpec| {
        let mut fields = serde_json::to_value(&ratings.split).unwrap_or_default();
        fields["dataset"] = ratings.dataset.name.clone().into();
        fields
    };
    let all: Vec<serde_json::Value> = divisions.iter().map(|ratings| of(ratings)).collect();
    let keys: BTreeSet<&String> = all.iter().filter_map(|it| it.as_object()).flat_map(|it| it.keys()).collect();
    let mut options = Vec::new();
    for key in keys {
        let shown = all.iter().find_map(|it| it.get(key));
        if let Some(value) = shown.filter(|_| all.iter().any(|other| other.get(key) != all[0].get(key))) {
            let name = if key == "dataset" { key.clone() } else { format!("split.{key}") };
            match sweep.axes.contains(&name) {
                true if key == "from" => options.push("--only split.from=\"FILE\"".to_owned()),
                true => options.push(format!("--only {name}={value}")),
                false => options.push("--set \"seeds=[0]\" (it follows the seed)".to_owned()),
            }
        }
    }
    options.dedup();
    format!("choose one, for example {}", options.join(" "))
}

fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Writes the division that was asked for.
pub(super) fn run(args: &SplitArgs, data: &Path, output: OutputFormat) -> Result<()> {
    let mut datasets = Datasets::new(data);
    let sweep = args.request()?.expand(&mut datasets)?;
    let mut seen = HashSet::new();
    let divisions: Vec<&RatingsSpec> = sweep
        .trials
        .iter()
        .filter_map(|trial| trial.spec.ratings.as_ref())
        .filter(|ratings| seen.insert(serde_json::to_string(&(&ratings.dataset.fingerprint, &ratings.split)).ok()))
        .collect();
    let ratings = match divisions.as_slice() {
        [one] => *one,
        [] => return Err(Error::input("its trials stand on no ratings")),
        several => {
            return Err(Error::input(format!("the sweep divides its ratings in {} ways", several.len()))
                .hint(how_to_choose(&sweep, several)));
        }
    };
    let folder = &args.out;
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(
            Error::input(format!("{} is not empty", folder.display())).hint("name a folder of its own: --out DIR")
        );
    }
    let (table, parts) = datasets.divided(&ratings.dataset, &ratings.split)?;
    let cannot = |error: std::io::Error| Error::disk(format!("cannot write to {}", folder.display()), &error);
    let part = match ratings.split.held_out {
        HeldOut::Test => "test",
        HeldOut::Validation => "validation",
    };
    let held_out = format!("{part}.csv");
    division::write_parts(folder, &table, &parts, ["candidates.csv", &held_out, "train.csv"]).map_err(cannot)?;
    for (name, rows) in [(part, &parts.test), ("train", &parts.train)] {
        division::write_bits(&folder.join(format!("{name}.bits")), table.rows.len(), rows).map_err(cannot)?;
    }
    let mut users: Vec<u32> = parts.test.iter().map(|&row| table.rows[row as usize].user).collect();
    users.dedup();
    let (train, test, users) = (parts.train.len(), parts.test.len(), users.len());
    let (dataset, shown) = (&ratings.dataset.name, folder.display().to_string());
    match output {
        OutputFormat::Json => print_json(&WrittenSplit {
            dataset,
            fingerprint: ratings.dataset.fingerprint.to_string(),
            split: &ratings.split,
            folder: shown,
            train,
            test,
            users,
        }),
        OutputFormat::Quiet => Ok(()),
        OutputFormat::Human => {
            let aside = match table.rows.len() - train - test {
                0 => String::new(),
                rest => format!(", {} in neither", thousands(rest)),
            };
            print(&format!(
                "{dataset}, {} ratings: {} to train on in {shown}/train.csv, {} ratings of {} users held out in {held_out}{aside};\n\
                 the pairs that are held out in candidates.csv, and a bit a rating in {part}.bits and train.bits",
                thousands(table.rows.len()),
                thousands(train),
                thousands(test),
                thousands(users)
            ))
        }
    }
}
