//! The command line: one file a verb. Verbs wire the floors below together and decide nothing themselves.

mod arguments;
mod attempt;
mod baseline;
mod catch_up;
mod check;
mod complain;
pub mod data;
mod doctor;
mod execution;
mod export;
mod failures;
mod index;
mod mirror;
mod plan_table;
mod plan_trials;
mod probe;
mod redefined;
pub mod report;
mod reproduce;
mod runs;
mod serve;
mod slurm;
mod sweep;
mod target;
mod untold;
mod verify;
mod verify_text;
mod worker;

use std::io::{IsTerminal as _, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::error::{Error, Exit, Result};
pub use crate::exec::VERB as WORKER;
use crate::exec::{self, Observer};
use crate::neutral::printing;

/// What is printed, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Tables and progress for people.
    Human,
    /// One JSON object per event or record on stdout.
    Json,
    /// Errors only.
    Quiet,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

const EXAMPLES: &str = "\
Examples:
  drr-lab data fetch ml-100k                       get MovieLens 100K
  drr-lab sweep sweeps/quickstart.toml             train and evaluate; run it again to go on
  drr-lab sweep sweeps/quickstart.toml --dry-run   see what would run
  drr-lab report quickstart                        tables and plots of what is recorded

Exit codes:
  0 done                  1 a trial failed or a gate regressed   2 bad input or usage
  3 environment or bug    4 a gate is inconclusive               5 a verification did not match
  130 interrupted; what is finished is kept";

/// Runs sweeps of seeded trials, PMF and DRR trainings or any command, records every one to the bit, and reports on them.
#[derive(Debug, Parser)]
#[command(name = "drr-lab", version, after_help = EXAMPLES, disable_help_subcommand = true, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// Options of every verb.
#[derive(Debug, clap::Args)]
struct Global {
    /// Folder of the recorded trials and their database.
    #[arg(long, value_name = "DIR", default_value = "runs", global = true)]
    runs: PathBuf,
    /// Folder of the datasets [default: $XDG_DATA_HOME/drr-lab or ~/.local/share/drr-lab].
    #[arg(long, value_name = "DIR", env = "DRR_LAB_DATA", hide_env_values = true, global = true)]
    data: Option<PathBuf>,
    /// What to print: human, json (one object a line, to stdout) or quiet.
    #[arg(long, value_enum, default_value = "human", hide_possible_values = true, global = true)]
    output: OutputFormat,
    /// When to use colours: auto, always or never.
    #[arg(
        long = "color",
        value_name = "WHEN",
        value_enum,
        default_value = "auto",
        hide_possible_values = true,
        global = true
    )]
    colour: Colour,
    /// Say more; twice for even more.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Expand a sweep file, run what is missing, record it; running it again goes on.
    Sweep(sweep::Args),
    /// Write tables, figures and a page from what is recorded.
    Report(report::Args),
    /// Show what is recorded in a browser, and follow it while it grows.
    Serve(serve::Args),
    /// Hold our results against a paper's tables: run what is missing, and give every cell a verdict.
    Reproduce(reproduce::Args),
    /// Check that trials are as they were written, run them again, and compare step by step.
    Verify(verify::Args),
    /// Hold recorded results against gates and a baseline: did a change make training worse?
    Check(check::Args),
    /// Write, compare and renew the baselines of gates.
    Baseline(baseline::Args),
    /// List, show and compare recorded trials; rebuild the database; clear away what nothing refers to.
    Runs(runs::Args),
    /// Write a sweep as one file that can be taken elsewhere.
    Export(export::Args),
    /// Tell what a run would find: slots, GPUs, workers, disk, database, locks; and what mends it.
    Doctor(doctor::Args),
    /// Fetch, import, list and show datasets.
    Data(data::Args),
    /// Print the JSON Schema of sweep files, for editors; or the page of all hyperparameters.
    Schema {
        /// A Markdown page of every hyperparameter: names, default, range, meaning.
        #[arg(long)]
        markdown: bool,
    },
    /// Print the manual page of the program and all its verbs.
    #[command(hide = true)]
    Man,
    /// Print a completion script for a shell.
    #[command(hide = true)]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Where things are and how to speak, resolved once.
#[derive(Clone, Debug)]
pub struct Context {
    /// The runs folder.
    pub runs: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// What to print.
    pub output: OutputFormat,
}

/// The program: parses the arguments, runs the verb, explains what went wrong, and returns the exit code.
pub fn main() -> ExitCode {
    complain::install_panic_hook();
    let (result, colour) = match arguments::all().map(Cli::try_parse_from) {
        Ok(Ok(cli)) => {
            complain::install_log(cli.global.verbose);
            let colour = cli.global.colour;
            (run(cli), colour)
        }
        Ok(Err(said)) => (usage(&said), Colour::Auto),
        Err(error) => (Err(error), Colour::Auto),
    };
    let exit = result.unwrap_or_else(|error| {
        complain::print(&error, colour);
        error.exit
    });
    // Nobody reads, and a line is on its way for good: whoever waits for it never ends.
    let lost = if exec::output_is_stuck() { None } else { printing::finish() };
    let exit = match lost {
        None => exit,
        Some(lost) => {
            let error = Error::disk("cannot write to stdout", lost);
            complain::print(&error, colour);
            error.exit
        }
    };
    ExitCode::from(exit as u8)
}

/// Help, the version, or what is wrong with the command line.
fn usage(said: &clap::Error) -> Result<Exit> {
    if said.use_stderr() {
        complain::usage(said);
        return Ok(Exit::BadInput);
    }
    let text = said.render();
    if complain::is_colourful(Colour::Auto, &stdout()) {
        // Our own help, with our own colours.
        printing::out_now(text.ansi().to_string().as_bytes());
    } else {
        print!("{text}");
    }
    Ok(Exit::Done)
}

fn run(cli: Cli) -> Result<Exit> {
    let Global { runs, data, output, .. } = cli.global;
    let context = || -> Result<Context> {
        let data = data.map_or_else(default_data, Ok)?;
        Ok(Context { runs: arguments::folder(runs, "--runs")?, data: arguments::folder(data, "--data")?, output })
    };
    match cli.verb {
        Verb::Sweep(args) => sweep::run(&args, &context()?),
        Verb::Report(args) => {
            let Context { runs, data, output } = context()?;
            report::run(args, &runs, &data, output).map(|()| Exit::Done)
        }
        Verb::Serve(args) => serve::run(&args, &context()?),
        Verb::Reproduce(args) => reproduce::run(&args, &context()?),
        Verb::Verify(args) => verify::run(&args, &context()?),
        Verb::Check(args) => check::run(&args, &context()?),
        Verb::Baseline(args) => baseline::run(&args, &context()?),
        Verb::Runs(args) => runs::run(&args, &context()?),
        Verb::Export(args) => export::run(&args, &context()?),
        Verb::Doctor(args) => doctor::run(&args, &context()?),
        Verb::Data(args) => data::run(args, &context()?.data, output).map(|()| Exit::Done),
        Verb::Schema { markdown } => Ok(schema(markdown)),
        Verb::Man => man(),
        Verb::Completions { shell } => Ok(completions(shell)),
    }
}

fn schema(markdown: bool) -> Exit {
    if markdown {
        print!("{}", crate::sweep::reference());
    } else {
        println!("{:#}", crate::sweep::schema());
    }
    Exit::Done
}

/// Prints the manual: the program's page, then one section for each verb, as its `--help` has it.
fn man() -> Result<Exit> {
    let cannot = |error| Error::disk("cannot write to stdout", &error);
    let command = Cli::command().max_term_width(usize::MAX);
    let mut page = Vec::new();
    let whole = clap_mangen::Man::new(command.clone());
    whole.render_title(&mut page).map_err(cannot)?;
    whole.render_name_section(&mut page).map_err(cannot)?;
    whole.render_synopsis_section(&mut page).map_err(cannot)?;
    whole.render_options_section(&mut page).map_err(cannot)?;
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let of_verb = clap_mangen::Man::new(verb.clone().bin_name(format!("drr-lab {}", verb.get_name())));
        page.extend(format!(".SH \"DRR-LAB {}\"\n", verb.get_name().to_uppercase()).into_bytes());
        of_verb.render_synopsis_section(&mut page).map_err(cannot)?;
        of_verb.render_description_section(&mut page).map_err(cannot)?;
        of_verb.render_options_section(&mut page).map_err(cannot)?;
    }
    page.extend(format!(".SH EXAMPLES AND EXIT CODES\n.nf\n{EXAMPLES}\n.fi\n").into_bytes());
    print!("{}", String::from_utf8_lossy(&page));
    Ok(Exit::Done)
}

/// Prints a completion script. The generator's script for bash looks for verbs under two different names where the
/// program's has a hyphen, so it is made for a name without one.
fn completions(shell: Shell) -> Exit {
    const PLAIN: &str = "drrlab";
    const NAME: &str = "drr-lab";
    let mut script = Vec::new();
    let name = if shell == Shell::Bash { PLAIN } else { NAME };
    clap_complete::generate(shell, &mut Cli::command(), name, &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if shell == Shell::Bash {
        script = script
            .lines()
            .map(|line| match line.strip_suffix(PLAIN) {
                Some(start) if start.trim_start().starts_with("complete ") => format!("{start}{NAME}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
    }
    print!("{script}");
    Exit::Done
}

/// Who watches a run: bars where someone sits at a terminal, lines otherwise.
fn observer(output: OutputFormat) -> Box<dyn Observer> {
    match output {
        OutputFormat::Json => Box::new(exec::json_lines()),
        OutputFormat::Quiet => Box::new(exec::silent()),
        OutputFormat::Human if stderr().is_terminal() => Box::new(exec::bars()),
        OutputFormat::Human => Box::new(exec::lines()),
    }
}

/// The user's data folder after the XDG base directories.
fn default_data() -> Result<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_DATA_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
        .map(|share| share.join("drr-lab"))
        .ok_or_else(|| {
            Error::environment("there is no place for data: HOME is not set").hint("name one with --data DIR")
        })
}
