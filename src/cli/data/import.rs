//! `drr-lab data import`: a file of ratings the person has, into the data folder.

use std::path::Path;

use drr_core::data::catalogue::{Catalogue, CatalogueError, Meta, check_name};
use drr_core::data::load::{Columns, Layout, LoadError, Timestamps, items_file, ratings_file};

use super::fetch::{summary, told};
use super::present::{tell, thousands};
use super::{ImportArgs, NamedLayout, catalogue_error, known};
use crate::cli::Output;
use crate::error::{Error, Result};

pub(super) fn run(args: &ImportArgs, data: &Path, catalogue: &Catalogue, output: Output) -> Result<()> {
    check_name(&args.name).map_err(catalogue_error)?;
    let loaded = ratings_file(&args.file, layout(args).as_ref()).map_err(load_error)?;
    let items = args.items.as_deref().map(|file| items_file(file, None)).transpose().map_err(load_error)?;
    let (table, report) = (loaded.ratings, loaded.report);
    let found = table.fingerprint();
    // A name that sweeps take for a published dataset must not hold another.
    if let Some(expected) = known::find(&args.name).and_then(known::Known::fingerprint)
        && found != expected
    {
        let message =
            format!("`{}` is a published dataset with the fingerprint {expected}, this is {found}", args.name);
        return Err(Error::input(message).hint("choose another name"));
    }
    match catalogue.describe(&args.name) {
        Ok(there) if !args.force && there.fingerprint == found && items.is_none() => {
            let line = format!("these ratings are already in {} as `{}`, nothing to do", data.display(), args.name);
            return told(&there, &line, output);
        }
        Ok(there) if !args.force => {
            let message = format!("there is a `{}` already, with the fingerprint {}", args.name, there.fingerprint);
            return Err(Error::input(message).hint("`--force` replaces it"));
        }
        Ok(_) | Err(CatalogueError::Missing { .. }) => {}
        Err(_) if args.force => {}
        Err(error) => return Err(catalogue_error(error).hint("`--force` replaces it")),
    }
    tell(
        output,
        &format!("read {} ratings from {} (layout: {})", thousands(report.lines), args.file.display(), report.layout),
    );
    if report.timestamps == Timestamps::RowOrder {
        tell(output, "no timestamps: the order of the rows is taken for the order in time");
    }
    if report.duplicates > 0 {
        tell(output, &format!("left out {} ratings that the same user gave anew later", thousands(report.duplicates)));
    }
    let file = args.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let meta = Meta { source: format!("imported from {file}"), duplicates: report.duplicates, licence: None };
    let items = items.unwrap_or_default();
    let description = catalogue.install(&args.name, &table, &items, meta).map_err(catalogue_error)?;
    told(&description, &summary(&description, data), output)
}

fn layout(args: &ImportArgs) -> Option<Layout> {
    if let (Some(user), Some(item), Some(rating)) = (&args.user, &args.item, &args.rating) {
        let timestamp = args.timestamp.clone();
        let columns = Columns { user: user.clone(), item: item.clone(), rating: rating.clone(), timestamp };
        return Some(Layout::Columns(columns));
    }
    args.layout.map(|layout| match layout {
        NamedLayout::UData => Layout::UData,
        NamedLayout::RatingsDat => Layout::RatingsDat,
        NamedLayout::RatingsCsv => Layout::RatingsCsv,
        NamedLayout::Inter => Layout::Inter,
    })
}

fn load_error(error: LoadError) -> Error {
    let message = Error::input(error.to_string());
    match error {
        LoadError::Layout { .. } => {
            message.hint("say it by `--layout`, or name the columns by `--user`, `--item`, `--rating`")
        }
        LoadError::Column { .. } => message.hint("name the columns by `--user`, `--item`, `--rating`, `--timestamp`"),
        _ => message,
    }
}

#[cfg(test)]
mod tests;
