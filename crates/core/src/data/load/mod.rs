//! Files of ratings and of items into tables. Works on bytes; knows no network and no data folder.
//!
//! A bad line is an error with the file, the line, what was read and what was expected; no input panics.

mod builder;
mod error;
mod items;
mod layout;
mod records;
mod title;

use std::fs;
use std::path::Path;

pub use error::LoadError;
pub use items::{Item, ItemLayout, items, items_file, read_stored_items, write_stored_items};
pub use layout::{Columns, Layout};

use super::table::{Rating, Ratings};
use builder::{Builder, EXPECTED_ID, EXPECTED_RATING, EXPECTED_TIMESTAMP};
use error::shown;
use layout::Plan;
use records::{Delimiter, Records};

/// A loaded table and what is to be said about the loading.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The table.
    pub ratings: Ratings,
    /// How it was read.
    pub report: Report,
}

/// How a file was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The layout, as given or as detected.
    pub layout: Layout,
    /// Ratings in the file.
    pub lines: usize,
    /// Ratings left out since a later one of the same user and item stands in the file.
    pub duplicates: usize,
    /// Where the timestamps come from.
    pub timestamps: Timestamps,
}

/// Where the timestamps of a table come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timestamps {
    /// A column of the file.
    Column,
    /// The order of the file's rows.
    RowOrder,
}

/// Loads a file of ratings; without a `layout` it is recognised.
///
/// # Errors
/// See [`LoadError`].
pub fn ratings_file(path: &Path, layout: Option<&Layout>) -> Result<Loaded, LoadError> {
    ratings(&path.display().to_string(), &read(path)?, layout)
}

/// Loads ratings from the bytes of a file called `file`; without a `layout` it is recognised.
///
/// # Errors
/// See [`LoadError`].
pub fn ratings(file: &str, bytes: &[u8], layout: Option<&Layout>) -> Result<Loaded, LoadError> {
    let unknown = || LoadError::Layout { file: file.to_owned(), first: shown(layout::first_line(bytes)) };
    let layout = match layout {
        Some(layout) => layout.clone(),
        None => Layout::detect(file, bytes).ok_or_else(unknown)?,
    };
    let plan = layout.plan(file, bytes)?;
    let builder = rows(file, bytes, &plan)?;
    let lines = builder.rows.len();
    if lines == 0 {
        return Err(LoadError::Empty { file: file.to_owned() });
    }
    let (ratings, duplicates) = builder.finish();
    let timestamps = if plan.timestamp.is_some() { Timestamps::Column } else { Timestamps::RowOrder };
    Ok(Loaded { ratings, report: Report { layout, lines, duplicates, timestamps } })
}

fn rows(file: &str, bytes: &[u8], plan: &Plan) -> Result<Builder, LoadError> {
    let mut builder = Builder::default();
    // A guess from the first line spares the growing list its copies.
    builder.rows.reserve(bytes.len() / (layout::first_line(bytes).len().max(12) + 1));
    let mut records = Records::new(bytes, plan.delimiter);
    let mut fields = Vec::new();
    let mut header = plan.header;
    while next(file, &mut records, &mut fields)? {
        if std::mem::take(&mut header) {
            continue;
        }
        if fields.len() != plan.fields {
            return Err(bad_line(file, records.line, records.text, &fields_expected(plan)));
        }
        let bad = |place: usize, expected: &str| bad_line(file, records.line, &fields[place], expected);
        let user = builder.users.number(&fields[plan.user]).ok_or_else(|| bad(plan.user, EXPECTED_ID))?;
        let item = builder.items.number(&fields[plan.item]).ok_or_else(|| bad(plan.item, EXPECTED_ID))?;
        let stars = builder::rating(&fields[plan.rating]).ok_or_else(|| bad(plan.rating, EXPECTED_RATING))?;
        let timestamp = match plan.timestamp {
            Some(place) => builder::timestamp(&fields[place]).ok_or_else(|| bad(place, EXPECTED_TIMESTAMP))?,
            None => builder.rows.len() as i64,
        };
        builder.rows.push(Rating { user, item, stars, timestamp });
    }
    if u32::try_from(builder.rows.len()).is_err() {
        return Err(LoadError::TooLarge { file: file.to_owned() });
    }
    Ok(builder)
}

fn fields_expected(plan: &Plan) -> String {
    if plan.header {
        return format!("{} fields as in the header", plan.fields);
    }
    let between = match plan.delimiter {
        Delimiter::DoubleColon => "double colons",
        Delimiter::Plain(_) | Delimiter::Quoted(_) => "tabs",
    };
    format!("user, item, rating and timestamp with {between} between them")
}

fn next<'a>(
    file: &str,
    records: &mut Records<'a>,
    fields: &mut Vec<std::borrow::Cow<'a, [u8]>>,
) -> Result<bool, LoadError> {
    records.next(fields).map_err(|unclosed| bad_line(file, unclosed.line, unclosed.text, "a closing quote"))
}

fn bad_line(file: &str, line: u64, read: &[u8], expected: &str) -> LoadError {
    LoadError::Line { file: file.to_owned(), line, read: shown(read), expected: expected.to_owned() }
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    fs::read(path).map_err(|source| LoadError::Read { file: path.display().to_string(), source })
}

#[cfg(test)]
mod tests;
