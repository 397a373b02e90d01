//! Titles, years and genres of the items, for reports. They never enter training: identity is the rating table's alone.

use std::borrow::Cow;
use std::collections::HashSet;

use super::error::{LoadError, bad_line, shown};
use super::layout::{header, sniffed};
use super::plan::first_line;
use super::records::{Delimiter, FileRecords, next};
use super::text::{decoded, instead, prepared};
use super::title::{clean, genres, split_year, year};
use crate::data::table::compare_ids;

/// What is known of an item beside its ratings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id in the rating table.
    pub id: String,
    /// Its title, without the year.
    pub title: String,
    /// The year it came out.
    pub year: Option<u16>,
    /// Its genres, in the source's order.
    pub genres: Vec<String>,
}

/// How a file of items is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemLayout {
    /// MovieLens 100K: `id|title|date|video date|link|` and 19 genre flags.
    UItem,
    /// MovieLens 1M and 10M: `id::title::genre|genre`.
    MoviesDat,
    /// MovieLens since 20M: a header `movieId,title,genres` in any case and order.
    MoviesCsv,
    /// RecBole: tabs, a header of `name:type`, genres between spaces.
    RecboleItem,
}

/// The names of the columns of a list of items with a header.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ItemColumns {
    /// The item's id.
    pub id: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// The year it came out.
    pub year: Option<String>,
    /// Its genres, with bars between them.
    pub genres: Option<String>,
}

/// The 19 flags of `u.item`, in its order.
const FLAGS: [&str; 19] = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
];

/// Fields before the flags of `u.item`.
const BEFORE_FLAGS: usize = 5;

impl ItemLayout {
    /// Recognises a layout by the file's first line.
    fn detect(bytes: &[u8]) -> Option<Self> {
        let first = first_line(bytes);
        if memchr::memchr_iter(b'|', first).count() + 1 == BEFORE_FLAGS + FLAGS.len() {
            Some(ItemLayout::UItem)
        } else if first.windows(6).any(|window| window == b":token") {
            Some(ItemLayout::RecboleItem)
        } else if memchr::memmem::find(first, b"::").is_some() {
            Some(ItemLayout::MoviesDat)
        } else {
            let names = header(bytes, sniffed(bytes));
            names.iter().any(|name| name.eq_ignore_ascii_case("title")).then_some(ItemLayout::MoviesCsv)
        }
    }
}

/// Loads items from the bytes of a file called `file`, ordered by id. With `named` columns the file has a header; otherwise
/// its first line tells its layout.
///
/// # Errors
/// See [`LoadError`].
pub fn items(file: &str, bytes: &[u8], named: Option<&ItemColumns>) -> Result<Vec<Item>, LoadError> {
    let (bytes, _) = prepared(file, bytes)?;
    let (text, _) = decoded(&bytes);
    recognised(file, text.as_bytes(), named).map_err(|error| instead(file, &bytes, error))
}

fn recognised(file: &str, bytes: &[u8], named: Option<&ItemColumns>) -> Result<Vec<Item>, LoadError> {
    let unknown = || LoadError::Layout { file: file.to_owned(), first: shown(first_line(bytes)) };
    let headed = || Some(ItemLayout::MoviesCsv);
    let layout = named.map_or_else(|| ItemLayout::detect(bytes), |_| headed()).ok_or_else(unknown)?;
    read_items(file, bytes, layout, named.unwrap_or(&ItemColumns::default()))
}

pub(super) fn read_items(
    file: &str,
    bytes: &[u8],
    layout: ItemLayout,
    named: &ItemColumns,
) -> Result<Vec<Item>, LoadError> {
    let (delimiter, columns) = match layout {
        ItemLayout::UItem => (Delimiter::Plain(b'|'), ItemPlaces::fixed(BEFORE_FLAGS + FLAGS.len())),
        ItemLayout::MoviesDat => (Delimiter::DoubleColon, ItemPlaces::fixed(3)),
        ItemLayout::MoviesCsv => (sniffed(bytes), ItemPlaces::of_header(file, &header(bytes, sniffed(bytes)), named)?),
        ItemLayout::RecboleItem => {
            let tab = Delimiter::Plain(b'\t');
            (tab, ItemPlaces::of_header(file, &header(bytes, tab), named)?)
        }
    };
    let mut items = Vec::new();
    let mut records = FileRecords::new(bytes, delimiter);
    let mut fields = Vec::new();
    let mut skip = columns.header;
    while next(file, &mut records, &mut fields)? {
        if std::mem::take(&mut skip) {
            continue;
        }
        if fields.len() != columns.fields {
            return Err(bad_line(file, records.line, records.text, &format!("{} fields", columns.fields)));
        }
        let id = clean(&text_of(&fields[columns.id]));
        if id.is_empty() {
            return Err(bad_line(file, records.line, records.text, "an item's id"));
        }
        let list = columns.genres.map(|place| text_of(&fields[place])).unwrap_or_default();
        let names = match layout {
            ItemLayout::UItem => {
                let set = FLAGS.iter().zip(&fields[BEFORE_FLAGS..]).filter(|(_, flag)| flag.trim_ascii() == b"1");
                genres(set.map(|(name, _)| *name))
            }
            ItemLayout::MoviesDat | ItemLayout::MoviesCsv => genres(list.split('|')),
            ItemLayout::RecboleItem => genres(list.split([' ', '|'])),
        };
        let (title, in_title) = split_year(&clean(&text_of(&fields[columns.title])));
        let in_column = columns.year.and_then(|place| year(text_of(&fields[place]).trim()));
        // RecBole's copy of MovieLens 100K misspells the title of the film nobody knows.
        let title = if title == "unkonwn" { "unknown".to_owned() } else { title };
        items.push(Item { id, title, year: in_column.or(in_title), genres: names });
    }
    Ok(sorted(items))
}

/// The items in the form the data folder keeps: a header, tabs, genres between bars.
pub fn write_stored_items(items: &[Item]) -> String {
    let mut text = String::from("id\ttitle\tyear\tgenres\n");
    for item in items {
        let year = item.year.map_or(String::new(), |year| year.to_string());
        text.push_str(&format!("{}\t{}\t{year}\t{}\n", item.id, item.title, item.genres.join("|")));
    }
    text
}

/// Reads what [`write_stored_items`] wrote.
///
/// # Errors
/// See [`LoadError`].
pub fn read_stored_items(file: &str, bytes: &[u8]) -> Result<Vec<Item>, LoadError> {
    let mut items = Vec::new();
    let mut records = FileRecords::new(bytes, Delimiter::Plain(b'\t'));
    let mut fields = Vec::new();
    while next(file, &mut records, &mut fields)? {
        let [id, title, year_text, list] = fields.as_slice() else {
            return Err(bad_line(file, records.line, records.text, "id, title, year and genres between tabs"));
        };
        if records.line > 1 {
            let year = year(&text_of(year_text));
            let genres = genres(text_of(list).split('|'));
            items.push(Item { id: text_of(id).into_owned(), title: text_of(title).into_owned(), year, genres });
        }
    }
    Ok(items)
}

fn text_of(field: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(field)
}

/// Orders items by id; the first of a repeated id stays.
fn sorted(mut items: Vec<Item>) -> Vec<Item> {
    let mut seen = HashSet::new();
    items.retain(|item| seen.insert(item.id.clone()));
    items.sort_by(|a, b| compare_ids(&a.id, &b.id));
    items
}

/// Where the columns of an item file stand.
struct ItemPlaces {
    header: bool,
    fields: usize,
    id: usize,
    title: usize,
    year: Option<usize>,
    genres: Option<usize>,
}

impl ItemPlaces {
    /// Id, title and then, of three fields, genres.
    fn fixed(fields: usize) -> Self {
        Self { header: false, fields, id: 0, title: 1, year: None, genres: (fields == 3).then_some(2) }
    }

    fn of_header(file: &str, header: &[String], named: &ItemColumns) -> Result<Self, LoadError> {
        let missing = |column: &str| LoadError::Column {
            file: file.to_owned(),
            column: column.to_owned(),
            header: shown(header.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ").as_bytes()),
        };
        let place = |name: &Option<String>, spellings: &[&str]| {
            let same = |name: &str, spelling: &str| name.replace('_', "").eq_ignore_ascii_case(spelling);
            match name {
                Some(name) => header.iter().position(|column| column == name).ok_or_else(|| missing(name)).map(Some),
                None => Ok(spellings.iter().find_map(|it| header.iter().position(|name| same(name, it)))),
            }
        };
        let needed = |name: &Option<String>, spellings: &[&str]| {
            place(name, spellings).and_then(|found| found.ok_or_else(|| missing(spellings[0])))
        };
        Ok(Self {
            header: true,
            fields: header.len(),
            id: needed(&named.id, &["itemid", "movieid", "id"])?,
            title: needed(&named.title, &["title", "movietitle", "name"])?,
            year: place(&named.year, &["releaseyear", "year"])?,
            genres: place(&named.genres, &["genres", "genre", "class", "categories"])?,
        })
    }
}
