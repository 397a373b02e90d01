//! Fields into a table: ids to indices, numbers with their bounds, the latest of repeated ratings.

use std::collections::HashMap;

use super::time::Times;
use crate::data::table::{Rating, Ratings};

/// Ids that are whole numbers below this are looked up in a list, not in a hash map.
const LISTED: usize = 1 << 20;

/// What is read as a rating lies within this of zero; so do counts.
const LARGEST_RATING: f32 = 10_000_000.0;

/// What is taken for one without being told lies within this: an id or a time is seldom so small.
const LARGEST_GUESSED: f32 = 100.0;

/// What a field of each kind should be, as errors say it.
pub(super) const EXPECTED_ID: &str = "an id (text without control characters)";
pub(super) const EXPECTED_RATING: &str = "a rating (a number, at most 10,000,000)";

/// Collects ratings in file order.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) users: Ids,
    pub(super) items: Ids,
    pub(super) rows: Vec<Rating>,
    pub(super) times: Times,
}

/// Which rating of a repeated pair of user and item stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// The latest; of equally late ones the highest.
    #[default]
    Latest,
    /// The first; of equally early ones the lowest.
    First,
    /// The highest; of equally high ones the latest.
    Highest,
    /// The lowest; of equally low ones the latest.
    Lowest,
    /// All together, at the latest time: of counts.
    Sum,
}

impl Duplicates {
    /// What becomes of one that is kept when another comes, which is not earlier.
    fn merged(self, kept: Rating, later: Rating) -> Rating {
        match self {
            Self::Latest => later,
            Self::First => kept,
            Self::Highest if later.stars >= kept.stars => later,
            Self::Lowest if later.stars <= kept.stars => later,
            Self::Highest | Self::Lowest => kept,
            // What they add up to is seen to by [`add_up`].
            Self::Sum => later,
        }
    }
}

impl Builder {
    /// The canonical table and how many rows repeated a (user, item) pair. Which of them stays is a matter of times and
    /// ratings alone: the order of the file's lines has no say.
    /// `None` where those of a pair add up to more than a rating can be.
    pub(super) fn finish(self, duplicates: Duplicates) -> Option<(Ratings, usize)> {
        let before = self.rows.len();
        let mut table = Ratings::canonical(self.users.names, self.items.names, self.rows);
        if duplicates == Duplicates::Sum {
            add_up(&mut table.rows)?;
        }
        table.rows.dedup_by(|later, kept| {
            let same = (later.user, later.item) == (kept.user, kept.item);
            if same {
                *kept = duplicates.merged(*kept, *later);
            }
            same
        });
        let repeated = before - table.rows.len();
        Some((table, repeated))
    }
}

/// Gives the last rating of each pair what all of them add up to. In double precision: many small ones count.
fn add_up(rows: &mut [Rating]) -> Option<()> {
    for pair in rows.chunk_by_mut(|a, b| (a.user, a.item) == (b.user, b.item)) {
        let sum: f64 = pair.iter().map(|row| f64::from(row.stars)).sum();
        let last = pair.last_mut()?;
        last.stars = if sum.abs() <= f64::from(LARGEST_RATING) { sum as f32 } else { return None };
    }
    Some(())
}

/// Ids numbered in the order they are met.
#[derive(Default)]
pub(super) struct Ids {
    names: Vec<String>,
    listed: Vec<u32>,
    hashed: HashMap<String, u32>,
}

impl Ids {
    /// The ids by their numbers.
    pub(super) fn into_names(self) -> Vec<String> {
        self.names
    }

    /// The number of an id; `None` where the text cannot be one.
    pub(super) fn number(&mut self, text: &[u8]) -> Option<u32> {
        let text = text.trim_ascii();
        let next = u32::try_from(self.names.len()).ok()?;
        if let Some(value) = small(text) {
            if value >= self.listed.len() {
                self.listed.resize((value + 1).next_power_of_two(), u32::MAX);
            }
            let slot = &mut self.listed[value];
            if *slot == u32::MAX {
                *slot = next;
                self.names.push(value.to_string());
            }
            return Some(*slot);
        }
        let name = std::str::from_utf8(text).ok()?;
        if let Some(&number) = self.hashed.get(name) {
            return Some(number);
        }
        if !is_id(text) {
            return None;
        }
        self.names.push(name.to_owned());
        self.hashed.insert(name.to_owned(), next);
        Some(next)
    }
}

/// A whole number below [`LISTED`] written without leading zeros.
fn small(text: &[u8]) -> Option<usize> {
    if text.is_empty() || text.len() > 7 || (text[0] == b'0' && text.len() > 1) {
        return None;
    }
    let mut value = 0;
    for &byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + usize::from(byte - b'0');
    }
    (value < LISTED).then_some(value)
}

/// A number that may be a rating though nobody said that it is one.
pub(super) fn is_likely_rating(text: &[u8]) -> bool {
    rating(text).is_some_and(|rating| rating.abs() <= LARGEST_GUESSED)
}

/// A rating: finite and of a size that ratings and counts have.
pub(super) fn rating(text: &[u8]) -> Option<f32> {
    let text = text.trim_ascii();
    let digit = |byte: u8| byte.is_ascii_digit().then(|| f32::from(byte - b'0'));
    if let [whole] = text {
        return digit(*whole);
    }
    if let [whole, b'.', b'0'] = text {
        return digit(*whole);
    }
    if let [whole, b'.', b'5'] = text {
        return digit(*whole).map(|whole| whole + 0.5);
    }
    let value: f32 = std::str::from_utf8(text).ok()?.parse().ok()?;
    // Adding zero turns -0 into 0, so that one rating has one canonical text.
    (value.is_finite() && value.abs() <= LARGEST_RATING).then_some(value + 0.0)
}

/// Whether a text can be an id.
pub(super) fn is_id(text: &[u8]) -> bool {
    // A byte order mark is refused since it would vanish when the canonical file is read back. What is not UTF-8 may
    // become an id when it is decoded.
    let text = String::from_utf8_lossy(text.trim_ascii());
    !text.is_empty() && !text.chars().any(|c| c.is_control() || c == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_bounded_and_finite() {
        let read = [b"4".as_slice(), b" 4.0", b"0.5", b"3.75", b"-2", b"1e1", b"-0"].map(rating);
        assert_eq!(read, [4.0, 4.0, 0.5, 3.75, -2.0, 10.0, 0.0].map(Some));
        assert!(rating(b"-0").is_some_and(f32::is_sign_positive));
        assert!(
            [b"".as_slice(), b"x", b"nan", b"inf", b"10000001", b"4,5", b"\xff"].iter().all(|t| rating(t).is_none())
        );
    }

    #[test]
    fn an_id_is_its_text() {
        let mut ids = Ids::default();
        let texts = [b"7".as_slice(), b"007", b" 7 ", b"x", b"0", b"99999999", b"x", b"1048576"];
        assert_eq!(texts.map(|t| ids.number(t)), [0, 1, 0, 2, 3, 4, 2, 5].map(Some));
        assert_eq!(ids.names, ["7", "007", "x", "0", "99999999", "1048576"]);
        let refused = [b"".as_slice(), b"  ", b"a\tb", b"a\x1b", b"\xff", "\u{feff}1".as_bytes()];
        assert!(refused.iter().all(|t| ids.number(t).is_none()));
    }

    #[test]
    fn many_small_counts_add_up() {
        let mut builder = Builder::default();
        let (user, item) = (builder.users.number(b"u").unwrap(), builder.items.number(b"i").unwrap());
        let row = |at: i64, stars: f32| Rating { user, item, stars, timestamp: at };
        builder.rows = std::iter::once(row(0, 9_990_000.0)).chain((1..=9000).map(|at| row(at, 0.1))).collect();
        let (table, repeated) = builder.finish(Duplicates::Sum).expect("less than the most");
        assert_eq!((table.rows[0].stars, table.rows[0].timestamp, repeated), (9_990_900.0, 9000, 9000));
        let mut builder = Builder::default();
        let (user, item) = (builder.users.number(b"u").unwrap(), builder.items.number(b"i").unwrap());
        builder.rows = (0..2).map(|timestamp| Rating { user, item, stars: 9e6, timestamp }).collect();
        assert!(builder.finish(Duplicates::Sum).is_none());
    }

    #[test]
    fn the_latest_of_repeated_ratings_stays_whatever_the_order() {
        let lines = [(1.0, 5), (4.0, 9), (2.0, 9), (5.0, 1)];
        let build = |duplicates, order: [usize; 4]| {
            let mut builder = Builder::default();
            let (user, item) = (builder.users.number(b"u").unwrap(), builder.items.number(b"i").unwrap());
            builder.rows = order.map(|i| Rating { user, item, stars: lines[i].0, timestamp: lines[i].1 }).to_vec();
            builder.finish(duplicates).expect("not too much")
        };
        for (duplicates, stars, time) in [
            (Duplicates::Latest, 4.0, 9),
            (Duplicates::First, 5.0, 1),
            (Duplicates::Highest, 5.0, 1),
            (Duplicates::Lowest, 1.0, 5),
            (Duplicates::Sum, 12.0, 9),
        ] {
            let (table, repeated) = build(duplicates, [0, 1, 2, 3]);
            assert_eq!((table.rows[0].stars, table.rows[0].timestamp, repeated), (stars, time, 3), "{duplicates:?}");
            assert_eq!(build(duplicates, [3, 2, 1, 0]), (table, 3));
        }
    }
}
