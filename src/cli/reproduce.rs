//! `drr-lab reproduce`: a paper's tables, the sweeps that answer them, a verdict a cell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::json;

use super::execution::Choices;
use super::{Context, OutputFormat, index, sweep};
use crate::error::{Error, Exit, Result};
use crate::paper::{self, CellVerdict, JudgedPaper, Paper, SweepPath};
use crate::report::{Format, PaperPage, WrittenReport};
use crate::store::StoredSweep;
use crate::sweep::{Datasets, Request, SweepRequest, expand};

const EXAMPLES: &str = "\
Examples:
  drr-lab reproduce papers/drr.toml                    run what is missing, then judge
  drr-lab reproduce papers/drr.toml --recorded         judge what is recorded
  drr-lab reproduce papers/drr.toml --table II --seeds 10
  drr-lab reproduce papers/drr.toml --search-protocol  which protocol fits the paper's own numbers?

Exit codes: 0 every cell that was tried is reproduced; 1 one differs, is impossible, or only its order comes out, or a trial failed;
4 one is inconclusive, not tried, or its data is not at hand. docs/papers.md says what a file holds.";

/// Hold our results against a paper's tables: run what is missing, and give every cell a verdict.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The file of the paper's tables.
    #[arg(value_name = "PAPER")]
    paper: PathBuf,
    /// Only the tables of these names.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    table: Vec<String>,
    /// Judge what is recorded, and run nothing.
    #[arg(long)]
    recorded: bool,
    /// Look for the protocol that the paper's own numbers fit, by rows that need no luck.
    #[arg(long)]
    search_protocol: bool,
    /// Where to write; the paper gets a folder of its own.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    out: PathBuf,
    /// What to write.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "html,md,tex,csv,json")]
    format: Vec<Format>,
    /// How many seeds; wins over the sweep files.
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// Run trials again that failed in a way that is not expected to go away.
    #[arg(long)]
    retry_failed: bool,
    #[command(flatten)]
    choices: Choices,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit> {
    let paper = Paper::read(&args.paper, &context.data)?;
    if let Some((unknown, known)) = paper.unknown_table(&args.table) {
        return Err(Error::input(format!("{} has no table `{unknown}`", args.paper.display()))
            .hint(format!("it has {}", known.join(", "))));
    }
    let asked = if args.search_protocol { paper.search_sweeps() } else { paper.sweeps(&args.table) };
    let expanded = expanded(&asked, context)?;
    let lacks = paper::unanswered(&paper, &args.table, &|path| expanded.get(path));
    if !args.search_protocol && !lacks.is_empty() {
        let more = lacks.len().saturating_sub(10);
        let more = if more > 0 { format!("\n… and {more} more") } else { String::new() };
        let shown: Vec<&str> = lacks.iter().take(10).map(String::as_str).collect();
        return Err(Error::input(format!("{}: {}{more}", args.paper.display(), shown.join("\n")))
            .hint("nothing was started; `where`, `policy` and `measure` say which trials of the sweep a row is"));
    }
    let mut exit = Exit::Done;
    if !args.recorded && !asked.is_empty() {
        let files = asked.iter().map(|path| path.0.clone()).collect();
        let sweeps = sweep::Args::of_files(files, args.seeds, args.retry_failed, args.choices.clone());
        exit = sweep::run(&sweeps, context)?;
        if exit == Exit::Interrupted {
            return Ok(exit);
        }
    }
    let recorded = recorded(&expanded, context)?;
    let of = |path: &SweepPath| recorded.get(path);
    let (judged, searched) = if args.search_protocol {
        let nothing = JudgedPaper { title: paper.title.clone(), source: paper.source.clone(), tables: Vec::new() };
        (nothing, paper::protocols(&paper, &of)?)
    } else {
        (paper::judge(&paper, &args.table, &of), Vec::new())
    };
    let page = PaperPage::new(&judged, &searched, recorded.values());
    let stem = args.paper.file_stem().unwrap_or_default().to_string_lossy();
    let name = if args.search_protocol { format!("{stem}-protocols") } else { stem.into_owned() };
    let written = page.write(&name, &args.out, &args.format)?;
    say(&judged, &page, &written, context.output);
    Ok(if exit == Exit::Done { verdict(&judged) } else { exit })
}

/// The sweeps of some files, of which nothing has run.
fn expanded(files: &BTreeSet<SweepPath>, context: &Context) -> Result<BTreeMap<SweepPath, StoredSweep>> {
    let mut datasets = Datasets::new(&context.data);
    let one = |path: &SweepPath| {
        let file = SweepRequest::read(&path.0, &Request::default())?.file(&mut datasets)?;
        Ok((path.clone(), StoredSweep::from(&expand(&file, &mut datasets)?)))
    };
    files.iter().map(one).collect()
}

/// What is recorded of them.
fn recorded(
    expanded: &BTreeMap<SweepPath, StoredSweep>,
    context: &Context,
) -> Result<BTreeMap<SweepPath, StoredSweep>> {
    if expanded.is_empty() {
        return Ok(BTreeMap::new());
    }
    let store = index::open(&context.runs, context.output)?;
    let one = |(path, sweep): (&SweepPath, &StoredSweep)| {
        Ok(store.sweep(&sweep.name)?.map(|recorded| (path.clone(), recorded)))
    };
    expanded.iter().map(one).filter_map(Result::transpose).collect()
}

fn say(judged: &JudgedPaper, page: &PaperPage<'_>, written: &WrittenReport, output: OutputFormat) {
    match output {
        OutputFormat::Quiet => {}
        OutputFormat::Human => {
            let first = written.files.first().unwrap_or(&written.folder);
            print!("{}\n{} ({} tables)\n", page.summary(), first.display(), written.tables);
        }
        OutputFormat::Json => {
            let counts: serde_json::Map<_, _> =
                judged.counts().into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
            println!(
                "{}",
                json!({ "paper": judged.title, "verdicts": counts, "folder": written.folder, "files": written.files })
            );
        }
    }
}

/// The worst verdict decides.
fn verdict(judged: &JudgedPaper) -> Exit {
    let cells = || judged.tables.iter().flat_map(|table| &table.rows).flat_map(|row| &row.cells);
    let any = |is: fn(&CellVerdict) -> bool| cells().any(|cell| is(&cell.verdict));
    if any(|it| matches!(it, CellVerdict::Differs | CellVerdict::OrderOnly { .. } | CellVerdict::Impossible { .. })) {
        Exit::Failed
    } else if any(|it| {
        matches!(it, CellVerdict::Inconclusive { .. } | CellVerdict::NotTried { .. } | CellVerdict::NoData { .. })
    }) {
        Exit::Inconclusive
    } else {
        Exit::Done
    }
}
