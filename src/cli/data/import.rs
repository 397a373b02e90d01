//! `drr-lab data import`: a file of ratings the person has, into the data folder.

mod scale;

use std::collections::HashSet;
use std::path::Path;

use drr_core::data::Ratings;
use drr_core::data::catalogue::{Catalogue, CatalogueError, Meta, check_name};
use drr_core::data::load::{
    Alike, BadLine, BadLines, ColumnNames, Duplicates, Encoding, FileLayout, Item, ItemColumns, LoadError,
    NumbersForNames, Places, ReadingOptions, Report, ScaleGuess, Timestamps, items, ratings_as,
};

use self::scale::{ScaledRatings, scaled};
use super::fetch::{summary, told};
use super::present::{first_of, tell, thousands};
use super::source::{self, ArchiveMember};
use super::{DuplicateRule, ImportArgs, NamedLayout, Outside, catalogue_error, known};
use crate::cli::OutputFormat;
use crate::error::{Error, Result};

pub(super) fn run(args: &ImportArgs, data: &Path, catalogue: &Catalogue, output: OutputFormat) -> Result<()> {
    check_name(&args.name).map_err(catalogue_error)?;
    let layout = layout(args)?;
    let file = source::read(&args.file, ArchiveMember::Ratings)?;
    let reading = ReadingOptions {
        layout,
        duplicates: duplicates(args),
        not_rated: args.scale.not_rated.clone(),
        within: args.scale.scale.filter(|_| args.scale.outside == Some(Outside::Drop)),
        bad_lines: if args.skip_bad_lines { BadLines::LeftOut } else { BadLines::Refused },
        mends_times: true,
    };
    let loaded = ratings_as(&file.name, &file.bytes, &reading).map_err(load_error)?;
    let read_from = file.name;
    drop(file.bytes);
    let list = match &args.items {
        Some(file) => Some(titles(file, args)?),
        // Titles that lie beside the ratings in their archive; whoever has other ones names them.
        None if source::has_items(&args.file) => match titles(&args.file, args) {
            Ok(list) => Some(list),
            Err(error) => {
                tell(
                    output,
                    &format!("without the titles beside the ratings, which cannot be read: {}", error.message),
                );
                None
            }
        },
        None => None,
    };
    let report = loaded.report;
    let ScaledRatings { table, rule, said } = scaled(&args.scale, &read_from, loaded.ratings, &report)?;
    let found = table.fingerprint();
    // A name that sweeps take for a published dataset must not hold another.
    if let Some(difference) = known::find(&args.name).and_then(|known| known.difference(&table, found)) {
        return Err(Error::input(difference).hint("choose another name"));
    }
    match catalogue.describe(&args.name) {
        Ok(there) if !args.force && there.fingerprint == found && there.rule() == rule && args.items.is_none() => {
            let line = format!("these ratings are already in {} as `{}`, nothing to do", data.display(), args.name);
            return told(&there, &line, output);
        }
        Ok(there) if !args.force => {
            let mut message = format!("there is a `{}` already, with the fingerprint {}", args.name, there.fingerprint);
            if there.fingerprint == found && there.rule() != rule {
                message =
                    format!("there is a `{}` already, with the same ratings as {}", args.name, there.rule().words());
            }
            return Err(Error::input(message).hint("`--force` replaces it"));
        }
        Ok(_) | Err(CatalogueError::Missing { .. }) => {}
        Err(_) if args.force => {}
        Err(error) => return Err(catalogue_error(error).hint("`--force` replaces it")),
    }
    said_of(&read_from, &report, reading.duplicates).iter().for_each(|line| tell(output, line));
    said.iter().for_each(|line| tell(output, line));
    if let Some((name, list)) = &list {
        tell(output, &matched(name, list, &table));
    }
    let file = args.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let is_assumed = args.scale.assume_stars && ScaleGuess::of(&table) != ScaleGuess::Stars;
    let source = format!("imported from {file}{}", if is_assumed { ", another scale taken for stars" } else { "" });
    let meta = Meta { source, duplicates: report.duplicates, licence: None, reward: rule };
    let list = list.map(|(_, list)| list).unwrap_or_default();
    let description = catalogue.install(&args.name, &table, &list, meta).map_err(catalogue_error)?;
    told(&description, &summary(&description, data), output)
}

/// What a person should know of how a file was read, a line each.
fn said_of(file: &str, report: &Report, duplicates: Duplicates) -> Vec<String> {
    let not_rated: usize = report.not_rated.iter().map(|(_, count)| count).sum();
    let by_format: usize = report.left_out.iter().map(|(_, count)| count).sum();
    let outside: usize = report.outside.iter().map(|(_, count)| count).sum();
    let left_out = not_rated + outside + by_format + report.unreadable;
    let aside = if left_out > 0 { format!(", {} lines left out", thousands(left_out)) } else { String::new() };
    let kept = thousands(report.lines - left_out);
    let mut lines = vec![format!("read {file}: {}; {kept} ratings{aside}", report.taken)];
    match report.encoding {
        Encoding::Utf8 => {}
        Encoding::Utf16 => lines.push("its text is UTF-16".to_owned()),
        Encoding::Windows1252 => {
            lines.push("its text is not UTF-8: read as Windows-1252, which holds Latin-1".to_owned())
        }
    }
    match report.timestamps {
        Timestamps::RowOrder => {
            lines.push("no timestamps: the order of the rows is taken for the order in time".to_owned());
        }
        Timestamps::Column { fractions, dates, milliseconds } => {
            if milliseconds > 0 {
                lines.push(format!(
                    "{} times are milliseconds among seconds: they are brought to seconds",
                    thousands(milliseconds)
                ));
            }
            if dates > 0 {
                lines.push(format!("{} times are dates: taken as UTC where they name no zone", thousands(dates)));
            }
            if fractions > 0 {
                let count = thousands(fractions);
                lines.push(format!("{count} times have fractions of a second: all are kept in microseconds"));
            }
        }
    }
    let alike = [("users", &report.alike_users), ("items", &report.alike_items)];
    lines.extend(alike.into_iter().filter_map(|(what, alike)| Some(said_of_ids(what, alike.as_ref()?))));
    if report.duplicates > 0 {
        let count = thousands(report.duplicates);
        lines.push(match duplicates {
            Duplicates::Latest => format!("left out {count} ratings that the same user gave anew later"),
            Duplicates::First => format!("left out {count} ratings that the same user had given before"),
            Duplicates::Highest => format!("left out {count} ratings beside a higher one of the same user and item"),
            Duplicates::Lowest => format!("left out {count} ratings beside a lower one of the same user and item"),
            Duplicates::Sum => format!("added {count} ratings to another of the same user and item"),
        });
    }
    for (value, count) in &report.not_rated {
        lines.push(format!("left out {} lines of {value}, not rated", thousands(*count)));
    }
    for (why, count) in &report.left_out {
        lines.push(format!("left out {}: {why}", thousands(*count)));
    }
    if let Some((count, first)) = report.spanning {
        lines.push(format!(
            "{} rows go over several lines, the first from line {first} on: a quote that is opened there and closed later holds \
             whatever stands between",
            thousands(count)
        ));
    }
    if report.commas > 0 {
        lines.push(format!("{} ratings are written with a decimal comma", thousands(report.commas)));
    }
    if report.unreadable > 0 {
        let count = thousands(report.unreadable);
        lines.push(format!("left out {count} lines that cannot be read, the first of them"));
        let one =
            |BadLine { line, read, expected }: &BadLine| format!("  line {line}: read `{read}`, expected {expected}");
        lines.extend(report.bad.iter().map(one));
    }
    lines
}

fn said_of_ids(what: &str, alike: &Alike) -> String {
    format!(
        "{} {what} are {} written in several ways, such as {}: they stay apart; where they are one, write them alike",
        thousands(alike.ids),
        if alike.numbers == 1 { "one number".to_owned() } else { format!("{} numbers", thousands(alike.numbers)) },
        first_of(&alike.example),
    )
}

fn duplicates(args: &ImportArgs) -> Duplicates {
    match args.duplicates {
        DuplicateRule::Latest => Duplicates::Latest,
        DuplicateRule::First => Duplicates::First,
        DuplicateRule::Highest => Duplicates::Highest,
        DuplicateRule::Lowest => Duplicates::Lowest,
        DuplicateRule::Sum => Duplicates::Sum,
    }
}

fn titles(path: &Path, args: &ImportArgs) -> Result<(String, Vec<Item>)> {
    let file = source::read(path, ArchiveMember::Items)?;
    let [id, title, year, genres] =
        [&args.items_id, &args.items_title, &args.items_year, &args.items_genres].map(|name| (*name).clone());
    let named = [&id, &title, &year, &genres].into_iter().any(|name| name.is_some());
    let columns = ItemColumns { id, title, year, genres };
    let list = items(&file.name, &file.bytes, named.then_some(&columns)).map_err(|error| {
        let message = with_mend(&error);
        match error {
            LoadError::Layout { .. } | LoadError::Column { .. } => message
                .hint("name its columns by `--items-id` and `--items-title`, also `--items-year`, `--items-genres`"),
            _ => message,
        }
    })?;
    Ok((file.name, list))
}

fn matched(file: &str, list: &[Item], table: &Ratings) -> String {
    let known: HashSet<&str> = list.iter().map(|item| item.id.as_str()).collect();
    let matched = table.items.iter().filter(|item| known.contains(item.as_str())).count();
    let example = |id: Option<&String>| id.map_or_else(String::new, |id| format!("`{}`", id.escape_debug()));
    match matched {
        0 => format!(
            "no title: none of the {} ids of {file}, such as {}, is one of the ratings, such as {}",
            thousands(list.len()),
            example(list.first().map(|item| &item.id)),
            example(table.items.first())
        ),
        _ => format!("titles for {} of {} items, from {file}", thousands(matched), thousands(table.items.len())),
    }
}

fn layout(args: &ImportArgs) -> Result<Option<FileLayout>> {
    let any = [&args.user, &args.item, &args.rating, &args.timestamp].into_iter().any(|name| name.is_some());
    let named = match (&args.user, &args.item, &args.rating) {
        (Some(user), Some(item), Some(rating)) => Some((user, item, rating)),
        _ => None,
    };
    if args.no_header && any && named.is_none() {
        let message = "without a header there are no names to look the other columns up by";
        return Err(Error::input(message).hint("give the places of all three: `--user 1 --item 2 --rating 3`"));
    }
    if args.no_header {
        let place = |option: &str, text: &str| {
            text.parse::<usize>().ok().filter(|place| *place > 0).ok_or_else(|| {
                let message =
                    format!("`{option} {text}` is no place of a column, and with --no-header there are no names");
                Error::input(message).hint("count from 1, for example `--no-header --user 1 --item 2 --rating 3`")
            })
        };
        let places = named.map(|(user, item, rating)| {
            Ok::<_, Error>(Places {
                user: place("--user", user)?,
                item: place("--item", item)?,
                rating: place("--rating", rating)?,
                timestamp: args.timestamp.as_deref().map(|text| place("--timestamp", text)).transpose()?,
            })
        });
        return Ok(Some(FileLayout::Rows(places.transpose()?)));
    }
    if any {
        let numbers = if args.header { NumbersForNames::Meant } else { NumbersForNames::Refused };
        let [user, item, rating] = [&args.user, &args.item, &args.rating].map(|name| name.clone().unwrap_or_default());
        let timestamp = args.timestamp.clone();
        return Ok(Some(FileLayout::Columns(ColumnNames { user, item, rating, timestamp, numbers })));
    }
    if args.header {
        return Ok(Some(FileLayout::RatingsCsv));
    }
    Ok(args.layout.map(|layout| match layout {
        NamedLayout::UData => FileLayout::UData,
        NamedLayout::RatingsDat => FileLayout::RatingsDat,
        NamedLayout::RatingsCsv => FileLayout::RatingsCsv,
        NamedLayout::Inter => FileLayout::Inter,
    }))
}

/// The message, with the mend that an error of the loader knows.
fn with_mend(error: &LoadError) -> Error {
    let message = Error::input(error.to_string());
    match error {
        LoadError::Unsure { mend, .. } | LoadError::Foreign { mend, .. } => message.hint(*mend),
        _ => message,
    }
}

fn load_error(error: LoadError) -> Error {
    let message = with_mend(&error);
    match error {
        LoadError::Layout { .. } => message.hint(
            "name the columns by `--user`, `--item`, `--rating`; without a header give their places, for example \
             `--no-header --user 1 --item 2 --rating 3`; or say it by `--layout`",
        ),
        LoadError::Lines { ref first, .. } if first.iter().all(|it| is_decimal_comma(&it.read)) => {
            message.hint("write decimals with a point, not with a comma")
        }
        LoadError::Lines { .. } => message.hint("`--skip-bad-lines` leaves them out, named and counted"),
        LoadError::Column { column, .. } if column == "rating" => message.hint(
            "name its column by `--rating`; where there is none, as of clicks, add one of 1 and import it with `--scale 0..1`",
        ),
        LoadError::Column { .. } => message.hint("name the columns by `--user`, `--item`, `--rating`, `--timestamp`"),
        LoadError::Line { read, expected, .. } if expected.starts_with("a rating") && is_decimal_comma(&read) => {
            message.hint("write decimals with a point, not with a comma")
        }
        _ => message,
    }
}

fn is_decimal_comma(text: &str) -> bool {
    text.split_once(',').is_some_and(|(whole, part)| {
        [whole.trim(), part.trim()]
            .iter()
            .all(|digits| !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests;
