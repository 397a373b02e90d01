//! Pairs of a user and an item: of a file of ratings, or of one that has these two columns alone.

use super::builder::{EXPECTED_ID, Ids};
use super::columns::user_and_item;
use super::error::{LoadError, bad_line};
use super::layout::{header, sniffed};
use super::plan::first_line;
use super::records::{Delimiter, FileRecords, next};
use super::{ratings, text};

/// Pairs in the order they stand in a file, or of a file of ratings in the order of its table.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Pairs {
    /// Ids of users.
    pub users: Vec<String>,
    /// Ids of items.
    pub items: Vec<String>,
    /// Each pair by the places of its ids.
    pub pairs: Vec<(u32, u32)>,
}

/// Reads pairs from the bytes of a file called `file`.
///
/// # Errors
/// See [`LoadError`].
pub fn pairs_file(file: &str, bytes: &[u8]) -> Result<Pairs, LoadError> {
    let (text, _) = text::prepared(file, bytes)?;
    let delimiter = delimiter(&text);
    let names = header(&text, delimiter);
    if names.len() != 2 {
        let table = ratings(file, bytes, None)?.ratings;
        let pairs = table.rows.iter().map(|row| (row.user, row.item)).collect();
        return Ok(Pairs { users: table.users, items: table.items, pairs });
    }
    let places = user_and_item(&names);
    let (user_at, item_at) = places.unwrap_or((0, 1));
    let (mut users, mut items) = (Ids::default(), Ids::default());
    let mut pairs = Vec::new();
    let mut records = FileRecords::new(&text, delimiter);
    let (mut fields, mut header) = (Vec::new(), places.is_some());
    while next(file, &mut records, &mut fields)? {
        if std::mem::take(&mut header) {
            continue;
        }
        if fields.len() != 2 {
            return Err(bad_line(file, records.line, records.text, "a user and an item, as in the first line"));
        }
        let bad = |place: usize| bad_line(file, records.line, &fields[place], EXPECTED_ID);
        let user = users.number(&fields[user_at]).ok_or_else(|| bad(user_at))?;
        let item = items.number(&fields[item_at]).ok_or_else(|| bad(item_at))?;
        pairs.push((user, item));
    }
    if pairs.is_empty() {
        return Err(LoadError::Empty { file: file.to_owned() });
    }
    Ok(Pairs { users: users.into_names(), items: items.into_names(), pairs })
}

/// What stands between the fields: spaces where nothing else does.
fn delimiter(text: &[u8]) -> Delimiter {
    match sniffed(text) {
        Delimiter::Quoted(byte) if memchr::memchr(byte, first_line(text)).is_none() => Delimiter::Spaces,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_columns_are_pairs_and_so_are_ratings() {
        let read = |text: &str| pairs_file("x", text.as_bytes()).map(|it| (it.users, it.items, it.pairs));
        let ids = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let two = (ids(&["7", "b"]), ids(&["x", "y"]), vec![(0, 0), (1, 1), (0, 1)]);
        assert_eq!(read("7,x\nb,y\n7,y\n").expect("read"), two);
        assert_eq!(read("item\tuser\nx\t7\ny\tb\ny\t7\n").expect("read"), two);
        assert_eq!(read("7 x\nb y\n7 y\n").expect("read"), two);
        let rated = read("7,x,5,1\nb,y,3,2\n").expect("read");
        assert_eq!(rated, (ids(&["7", "b"]), ids(&["x", "y"]), vec![(0, 0), (1, 1)]));
        let error = |text: &str| read(text).expect_err("refused").to_string();
        assert_eq!(error("7,x\n8\n"), "x:2: read `8`, expected a user and an item, as in the first line");
        assert_eq!(error("user,item\n"), "x: no rows in it");
        assert_eq!(error("7,x\n,y\n"), "x:2: read ``, expected an id (text without control characters)");
        assert!(error("PAR1").contains("Parquet"));
    }
}
