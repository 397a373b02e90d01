//! `drr-lab report`: tables, figures and a page from what is recorded.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Output;
use crate::error::{Error, Result};
use crate::report::{self, Format, Written};
use crate::store::{Status, Store, StoredSweep};

/// Write tables, figures and a page from recorded sweeps.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The sweeps to report; all that have results if none is named.
    #[arg(value_name = "SWEEP")]
    pub sweeps: Vec<String>,

    /// Where to write; each sweep gets a folder of its own.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub out: PathBuf,

    /// What to write beside the figures.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "html,md,csv")]
    pub format: Vec<Format>,
}

/// Reports on what is recorded in `runs`.
///
/// # Errors
/// No database, an unknown sweep, no finished trial, or a file that cannot be written.
pub fn run(args: Args, runs: &Path, output: Output) -> Result<()> {
    let store = Store::open_existing(runs)?;
    let mut all = Vec::new();
    for sweep in sweeps(&store, &args.sweeps)? {
        let written = report::write(&store, &sweep, &args.out, &args.format)?;
        if output == Output::Human {
            print(&sweep, &written);
        }
        all.push(json!({ "sweep": sweep.name, "folder": written.folder, "files": written.files }));
    }
    if output == Output::Json {
        println!("{}", serde_json::Value::from(all));
    }
    Ok(())
}

/// The sweeps to report on.
fn sweeps(store: &Store, names: &[String]) -> Result<Vec<StoredSweep>> {
    let known = store.sweep_names()?;
    if names.is_empty() {
        let mut sweeps = Vec::new();
        for name in &known {
            sweeps.extend(store.sweep(name)?.filter(has_results));
        }
        if sweeps.is_empty() {
            return Err(Error::input("no recorded sweep has a finished trial")
                .hint("run one, for example `drr-lab sweep sweeps/quickstart.toml`"));
        }
        return Ok(sweeps);
    }
    names.iter().map(|name| store.sweep(name)?.ok_or_else(|| unknown(name, &known))).collect()
}

fn has_results(sweep: &StoredSweep) -> bool {
    sweep.trials.iter().any(|trial| trial.status == Status::Finished)
}

fn unknown(name: &str, known: &[String]) -> Error {
    let error = Error::input(format!("no sweep called `{name}` is recorded"));
    let near = known
        .iter()
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match (near, known) {
        (Some((_, near)), _) => error.hint(format!("did you mean `{near}`?")),
        (None, []) => error.hint("run one first with `drr-lab sweep FILE`"),
        (None, known) => error.hint(format!("recorded are: {}", known.join(", "))),
    }
}

fn print(sweep: &StoredSweep, written: &Written) {
    print!("{}", report::summary(sweep));
    let first = written.files.first().unwrap_or(&written.folder);
    println!("\n{} ({} tables, {} figures)", first.display(), written.tables, written.figures);
}
