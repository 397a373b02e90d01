//! `drr-lab data fetch`: a known dataset from the first origin that can be reached, checked on every side.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use drr_core::data::catalogue::{Catalogue, CatalogueError, Description, Meta};
use drr_core::data::load::{LoadError, items, ratings};
use drr_core::spec::RewardRule;

use super::archive::read_members;
use super::failure::Failure;
use super::known::{self, Availability, DownloadSource, KnownDataset};
use super::present::{print, print_json, tell, thousands};
use super::{FetchArgs, FetchFrom, catalogue_error, download, elsewhere, pip};
use crate::cli::OutputFormat;
use crate::error::{Error, Result};

pub(super) fn run(args: &FetchArgs, data: &Path, catalogue: &Catalogue, output: OutputFormat) -> Result<()> {
    let known = known::find(&args.name).ok_or_else(|| unknown(&args.name))?;
    if !args.force
        && let Some(description) = already_there(known, catalogue, output)?
    {
        let line = format!("{} is already in {} and whole, nothing to do", known.name, data.display());
        return told(&description, &line, output);
    }
    let wanted = |origin: &&DownloadSource| match (args.source, &origin.place) {
        (FetchFrom::Auto, _)
        | (FetchFrom::Grouplens, Availability::GroupLens { .. })
        | (FetchFrom::Pypi, Availability::Pypi { .. }) => true,
        (FetchFrom::Grouplens | FetchFrom::Pypi, _) => false,
    };
    let mut origins = known.origins.iter().filter(wanted).peekable();
    if origins.peek().is_none() {
        let message = format!("{} cannot be had from there", known.name);
        return Err(Error::input(message).hint("leave `--source` out"));
    }
    tell(output, &format!("{}\nterms: {}\n{}", known::LICENCE, known.readme, "fetching it accepts them"));
    let mut failures = Vec::new();
    while let Some(origin) = origins.next() {
        tell(output, &format!("fetching {} from {}", known.name, origin.place.describe()));
        match fetch(known, origin, data, catalogue, output) {
            Ok(description) => return told(&description, &summary(&description, data), output),
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::Network(error)) => {
                if let Some(next) = origins.peek() {
                    let (place, next) = (origin.place.short(), next.place.short());
                    tell(output, &format!("{place} cannot be reached ({error}), trying {next}"));
                }
                failures.push(error);
            }
        }
    }
    Err(unreachable(known, failures))
}

/// The dataset as it lies in the folder, if it is the one that is asked for.
fn already_there(known: &KnownDataset, catalogue: &Catalogue, output: OutputFormat) -> Result<Option<Description>> {
    let description = match catalogue.describe(known.name) {
        Ok(description) => description,
        Err(CatalogueError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(catalogue_error(error).hint(format!("`drr-lab data fetch {} --force`", known.name))),
    };
    let expected = known.fingerprint().unwrap_or(description.fingerprint);
    match catalogue.fingerprint(known.name) {
        Ok(found) if found == expected && found == description.fingerprint => Ok(Some(description)),
        Ok(found) => {
            tell(output, &format!("the ratings there have the fingerprint {found}, expected {expected}"));
            Ok(None)
        }
        Err(_) => Ok(None),
    }
}

fn fetch(
    known: &KnownDataset,
    origin: &DownloadSource,
    data: &Path,
    catalogue: &Catalogue,
    output: OutputFormat,
) -> std::result::Result<Description, Failure> {
    let folder = Scratch::new(data, known.name).map_err(|error| {
        let message = format!("cannot write to {}: {error}", data.display());
        Failure::Fatal(Error::environment(message).hint("choose another data folder"))
    })?;
    let path = match origin.place {
        Availability::GroupLens { url } => {
            let path = folder.0.join(format!("{}.zip", known.name));
            download::download(url, &path, origin.archive_limit, output)?;
            path
        }
        Availability::Pypi { requirement, url } => {
            let path = folder.0.join(url.rsplit('/').next().unwrap_or_default());
            match download::download(url, &path, origin.archive_limit, output) {
                Err(Failure::Network(error)) => by_pip(requirement, &path, &error, output)?,
                downloaded => downloaded?,
            }
            path
        }
    };
    unpack(known, origin, &path, catalogue).map_err(Failure::Fatal)
}

/// Asks pip for the file that its own place did not give, for `why`.
fn by_pip(requirement: &str, path: &Path, why: &Error, output: OutputFormat) -> std::result::Result<(), Failure> {
    tell(output, &format!("PyPI cannot be reached ({why}), trying pip, which may know a mirror"));
    // What came of it so far is no part of pip's file.
    let _ = fs::remove_file(path);
    let folder = path.parent().unwrap_or(Path::new("."));
    pip::download(requirement, folder, output).map_err(|failure| match failure {
        Failure::Network(error) => Failure::Network(Error {
            message: format!("{why}; {error}"),
            hint: why.hint.clone().or(error.hint),
            ..error
        }),
        Failure::Fatal(error) => Failure::Fatal(error),
    })
}

/// Checks the archive and what is in it, and puts it into the data folder.
fn unpack(known: &KnownDataset, origin: &DownloadSource, archive: &Path, catalogue: &Catalogue) -> Result<Description> {
    let unreadable = |error: io::Error| Error::environment(format!("cannot read {}: {error}", archive.display()));
    let length = fs::metadata(archive).map_err(unreadable)?.len();
    if length > origin.archive_limit {
        let message = format!("{} is longer than {} bytes", archive.display(), origin.archive_limit);
        return Err(Error::environment(message));
    }
    origin.checksum.check(archive).map_err(unreadable)?.map_err(|mismatch| {
        Error::environment(mismatch.to_string())
            .hint("the download is broken or not the published file: try again later")
    })?;
    let file = BufReader::new(File::open(archive).map_err(unreadable)?);
    let [table, list] = read_members(file, [origin.ratings, origin.items], origin.content_limit)
        .map_err(|error| Error::environment(format!("the archive of {} is not usable: {error}", known.name)))?;
    let bad = |error: LoadError| Error::environment(error.to_string());
    let loaded = ratings(origin.ratings, &table, None).map_err(bad)?;
    // Hundreds of megabytes for the larger releases, not needed beside the table.
    drop(table);
    let list = items(origin.items, &list, None).map_err(bad)?;
    let found = loaded.ratings.fingerprint();
    if let Some(difference) = known.difference(&loaded.ratings, found) {
        return Err(Error::environment(difference));
    }
    let meta = Meta {
        source: format!("{} ({})", origin.place.describe(), origin.ratings),
        duplicates: loaded.report.duplicates,
        licence: Some(format!("{}; terms: {}", known::LICENCE, known.readme)),
        reward: RewardRule::STARS,
    };
    catalogue.install(known.name, &loaded.ratings, &list, meta).map_err(catalogue_error)
}

fn unknown(name: &str) -> Error {
    if let Some(error) = elsewhere::placed(name) {
        return error;
    }
    let names: Vec<&str> = known::all().iter().map(|known| known.name).collect();
    let error = Error::input(format!("no dataset `{name}` is known, only {}", names.join(", ")));
    let near =
        names.iter().copied().chain(elsewhere::names()).find(|known| strsim::damerau_levenshtein(known, name) <= 2);
    match near {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("`drr-lab data import {name} FILE` takes files you have")),
    }
}

fn unreachable(known: &KnownDataset, failures: Vec<Error>) -> Error {
    let why: Vec<&str> = failures.iter().map(|error| error.message.as_str()).collect();
    let error = Error::environment(format!("cannot fetch {}: {}", known.name, why.join("; ")));
    let hint = failures.into_iter().find_map(|error| error.hint).unwrap_or_else(|| {
        format!("is there a network? `drr-lab data import {} FILE` takes a file you already have", known.name)
    });
    error.hint(hint)
}

/// One line on a dataset that has just come in.
pub(super) fn summary(description: &Description, data: &Path) -> String {
    format!(
        "{}: {} ratings by {} users of {} items in {} (fingerprint {})",
        description.name,
        thousands(description.ratings),
        thousands(description.users),
        thousands(description.items),
        data.join(&description.name).display(),
        description.fingerprint.short(),
    )
}

/// Says what came of it, in the form asked for.
pub(super) fn told(description: &Description, line: &str, output: OutputFormat) -> Result<()> {
    match output {
        OutputFormat::Human => print(line),
        OutputFormat::Json => print_json(description),
        OutputFormat::Quiet => Ok(()),
    }
}

/// A folder for a download inside the data folder; it goes when the fetch ends, however it ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(data: &Path, name: &str) -> io::Result<Self> {
        fs::create_dir_all(data)?;
        let prefix = format!(".fetch-{name}-");
        // A fetch that was killed could not tidy up: its process is gone, its folder is not.
        for entry in fs::read_dir(data)?.flatten() {
            let left = entry.file_name();
            let process = left.to_str().and_then(|left| left.strip_prefix(&prefix)?.parse::<u32>().ok());
            if process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let folder = data.join(format!("{prefix}{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests;
