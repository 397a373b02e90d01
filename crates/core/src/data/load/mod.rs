//! Files of ratings and of items into tables. Works on bytes; knows no network and no data folder.
//!
//! A bad line is an error with the file, the line, what was read and what was expected; no input panics.

mod alike;
mod builder;
mod columns;
mod error;
mod gathering;
mod items;
mod layout;
mod pairs;
mod plan;
mod records;
mod rows;
mod scale;
mod special;
mod text;
mod time;
mod title;

use std::fs;
use std::path::Path;

pub use alike::Alike;
pub use builder::Duplicates;
pub use error::{BadLine, LoadError};
pub use items::{Item, ItemColumns, items, read_stored_items, write_stored_items};
pub use layout::{ColumnNames, FileLayout, NumbersForNames};
pub use pairs::{Pairs, pairs_file};
pub use rows::Places;
pub use scale::ScaleGuess;
pub use special::SpecialLayout;
pub use text::Encoding;
pub use time::day;

use super::table::Ratings;
use crate::spec::RatingScale;
use gathering::{Gathering, LineFields};
use plan::ReadingPlan;
use records::{Delimiter, FileRecords};

/// A loaded table and what is to be said about the loading.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedTable {
    /// The table.
    pub ratings: Ratings,
    /// How it was read.
    pub report: Report,
}

/// How a file is to be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadingOptions {
    /// Its layout; without one it is recognised.
    pub layout: Option<FileLayout>,
    /// Which rating of a repeated pair stays.
    pub duplicates: Duplicates,
    /// Values that say that there is no rating.
    pub not_rated: Vec<f32>,
    /// Ratings that do not lie on this scale are left out.
    pub within: Option<RatingScale>,
    /// What becomes of lines that cannot be read.
    pub bad_lines: BadLines,
    /// Whether milliseconds among seconds become seconds; a file that was written here is taken as it is.
    pub mends_times: bool,
}

/// What becomes of lines that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BadLines {
    /// The file is refused, and the first of them are named.
    #[default]
    Refused,
    /// They are left out, counted and the first of them named.
    LeftOut,
}

/// How a file was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The layout, as given or as detected.
    pub layout: FileLayout,
    /// What stands between the fields and which column was taken for what, in words.
    pub taken: String,
    /// The encoding of its text.
    pub encoding: Encoding,
    /// Ratings in the file, and lines that were left out.
    pub lines: usize,
    /// Ratings left out since another of the same user and item stands in the file.
    pub duplicates: usize,
    /// Lines left out since their value says that there is no rating: each value and how often.
    pub not_rated: Vec<(f32, usize)>,
    /// Lines left out since their rating lies on another scale: each value and how often, the commonest first.
    pub outside: Vec<(f32, usize)>,
    /// Lines that the format leaves out, by why.
    pub left_out: Vec<(&'static str, usize)>,
    /// Ratings that were written with a comma for a point.
    pub commas: usize,
    /// Rows that go over several lines, as a quote lets them: how many, and the line of the first.
    pub spanning: Option<(usize, u64)>,
    /// Lines left out since they cannot be read.
    pub unreadable: usize,
    /// The first of them.
    pub bad: Vec<BadLine>,
    /// Where the timestamps come from.
    pub timestamps: Timestamps,
    /// Users whose ids are one number in several spellings.
    pub alike_users: Option<Alike>,
    /// Items whose ids are.
    pub alike_items: Option<Alike>,
}

/// Where the timestamps of a table come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timestamps {
    /// A column of the file.
    Column {
        /// How many have a fraction of a second: with one, all are kept in microseconds.
        fractions: usize,
        /// How many are dates, which count in seconds since 1970.
        dates: usize,
        /// How many were milliseconds among seconds, and became seconds.
        milliseconds: usize,
    },
    /// The order of the file's rows.
    RowOrder,
}

/// Loads a file of ratings; without a `layout` it is recognised.
///
/// # Errors
/// See [`LoadError`].
pub fn ratings_file(path: &Path, layout: Option<&FileLayout>) -> Result<LoadedTable, LoadError> {
    let file = path.display().to_string();
    let bytes = fs::read(path).map_err(|source| LoadError::Read { file: file.clone(), source })?;
    ratings(&file, &bytes, layout)
}

/// Loads ratings from the bytes of a file called `file`; without a `layout` it is recognised.
///
/// # Errors
/// See [`LoadError`].
pub fn ratings(file: &str, bytes: &[u8], layout: Option<&FileLayout>) -> Result<LoadedTable, LoadError> {
    ratings_as(file, bytes, &ReadingOptions { layout: layout.cloned(), ..ReadingOptions::default() })
}

/// Loads ratings from the bytes of a file called `file` as `reading` says.
///
/// # Errors
/// See [`LoadError`].
pub fn ratings_as(file: &str, bytes: &[u8], reading: &ReadingOptions) -> Result<LoadedTable, LoadError> {
    let (bytes, encoding) = text::prepared(file, bytes)?;
    let mut loaded = table(file, &bytes, reading, encoding);
    // Only a line that cannot be read is reason to look at the whole file: nearly all are UTF-8.
    if matches!(loaded, Err(LoadError::Line { .. } | LoadError::Lines { .. }))
        && let (text, other @ Encoding::Windows1252) = text::decoded(&bytes)
    {
        loaded = table(file, text.as_bytes(), reading, other);
    }
    loaded.map_err(|error| match SpecialLayout::detect(file, &bytes) {
        Ok(Some(_)) => error,
        _ => text::instead(file, &bytes, error),
    })
}

fn table(file: &str, bytes: &[u8], reading: &ReadingOptions, encoding: Encoding) -> Result<LoadedTable, LoadError> {
    let layout = match &reading.layout {
        Some(layout) => layout.clone(),
        None => FileLayout::detect(file, bytes)?,
    };
    let plan = layout.plan(file, bytes)?;
    let mut gathering = Gathering::new(&reading.not_rated, reading.within);
    let has_times = match layout {
        FileLayout::Special(special) => {
            special.read(file, bytes, &mut gathering)?;
            special.has_times()
        }
        _ => {
            rows(bytes, &plan, &mut gathering);
            plan.timestamp.is_some()
        }
    };
    let unreadable = gathering.bad_count;
    let lines = gathering.lines();
    if reading.bad_lines == BadLines::Refused
        && let Some(fault) = gathering.fault(file)
    {
        return Err(fault);
    }
    let outside = gathering.outside();
    let Gathering { mut builder, not_rated, left_out, commas, spanning, bad, .. } = gathering;
    if u32::try_from(builder.rows.len()).is_err() {
        return Err(LoadError::TooLarge { file: file.to_owned() });
    }
    if builder.rows.is_empty() {
        let file = file.to_owned();
        return Err(if lines > 0 { LoadError::AllLeftOut { file, lines } } else { LoadError::Empty { file } });
    }
    let too_large = || LoadError::Times { file: file.to_owned() };
    let finished = builder.times.finish(&mut builder.rows, reading.mends_times).ok_or_else(too_large)?;
    let dates = builder.times.dates;
    let timestamps = match has_times {
        true => Timestamps::Column { fractions: finished.fractions, dates, milliseconds: finished.milliseconds },
        false => Timestamps::RowOrder,
    };
    let too_much = || LoadError::Sum { file: file.to_owned() };
    let (ratings, duplicates) = builder.finish(reading.duplicates).ok_or_else(too_much)?;
    let (alike_users, alike_items) = (alike::alike(&ratings.users), alike::alike(&ratings.items));
    let taken = plan.taken;
    let report = Report {
        layout,
        taken,
        encoding,
        lines,
        duplicates,
        not_rated,
        outside,
        left_out,
        commas,
        spanning,
        unreadable,
        bad,
        timestamps,
        alike_users,
        alike_items,
    };
    Ok(LoadedTable { ratings, report })
}

/// Gathers the lines of a table of columns.
fn rows(bytes: &[u8], plan: &ReadingPlan, gathering: &mut Gathering) {
    // A guess from the first line spares the growing list its copies.
    gathering.builder.rows.reserve(bytes.len() / (plan::first_line(bytes).len().max(12) + 1));
    gathering.may_have_commas = plan.delimiter != Delimiter::Quoted(b',');
    let mut records = FileRecords::new(bytes, plan.delimiter);
    let mut fields = Vec::new();
    let mut header = plan.header;
    loop {
        match records.next(&mut fields) {
            Ok(true) => {}
            Ok(false) => break,
            Err(unclosed) => {
                gathering.cannot(unclosed.line, unclosed.text, "a closing quote");
                header = false;
                continue;
            }
        }
        if std::mem::take(&mut header) {
            continue;
        }
        if records.spans() {
            let first = gathering.spanning.map_or(records.line, |(_, first)| first);
            gathering.spanning = Some((gathering.spanning.map_or(0, |(count, _)| count) + 1, first));
        }
        if fields.len() != plan.fields {
            gathering.cannot(records.line, records.text, &fields_expected(plan));
            continue;
        }
        gathering.add(&LineFields {
            line: records.line,
            user: &fields[plan.user],
            item: &fields[plan.item],
            rating: &fields[plan.rating],
            time: plan.timestamp.map(|place| &*fields[place]),
        });
    }
}

fn fields_expected(plan: &ReadingPlan) -> String {
    if plan.header {
        return format!("{} fields as in the header", plan.fields);
    }
    format!("{} fields with {}s between them", plan.fields, plan.delimiter.name())
}

#[cfg(test)]
mod tests;
