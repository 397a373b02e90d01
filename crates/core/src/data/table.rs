//! The rating table in its one canonical form: rows sorted by user, item, timestamp, ids kept as text. Its canonical
//! bytes, `user \t item \t rating \t timestamp \n` a row, are the dataset; their SHA-256 is its fingerprint.

use std::cmp::Ordering;
use std::io::Write as _;

use crate::digest::Digest;

/// One rating. Users and items are indices into [`Ratings::users`] and [`Ratings::items`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rating {
    /// Index of the user.
    pub user: u32,
    /// Index of the item.
    pub item: u32,
    /// The rating: stars, or on whatever scale its dataset is.
    pub stars: f32,
    /// Seconds since 1970, or any other order in time.
    pub timestamp: i64,
}

/// A rating table, sorted by user, item and timestamp.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Ratings {
    /// Ids of the users, in canonical order.
    pub users: Vec<String>,
    /// Ids of the items, in canonical order.
    pub items: Vec<String>,
    /// The ratings.
    pub rows: Vec<Rating>,
}

/// The order of ids: numbers by value and before words, words by their bytes.
pub fn compare_ids(a: &str, b: &str) -> Ordering {
    let number = |text: &str| -> Option<u64> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
    };
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

impl Ratings {
    /// Brings ratings with ids in any order into the canonical form: ids ordered by [`compare_ids`], indices
    /// renumbered, rows sorted. Users and items without a rating are dropped.
    pub fn canonical(users: Vec<String>, items: Vec<String>, mut rows: Vec<Rating>) -> Self {
        let users = renumber(users, &mut rows, |row| &mut row.user);
        let items = renumber(items, &mut rows, |row| &mut row.item);
        rows.sort_unstable_by(|a, b| {
            (a.user, a.item, a.timestamp).cmp(&(b.user, b.item, b.timestamp)).then(a.stars.total_cmp(&b.stars))
        });
        Self { users, items, rows }
    }

    /// The canonical bytes: `user \t item \t rating \t timestamp \n` a row, ratings in their shortest decimal form.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.rows.len() * 24);
        for row in &self.rows {
            bytes.extend_from_slice(self.users[row.user as usize].as_bytes());
            bytes.push(b'\t');
            bytes.extend_from_slice(self.items[row.item as usize].as_bytes());
            bytes.push(b'\t');
            write_stars(&mut bytes, row.stars);
            bytes.push(b'\t');
            write_whole(&mut bytes, row.timestamp);
            bytes.push(b'\n');
        }
        bytes
    }

    /// SHA-256 of the canonical bytes.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.canonical_bytes())
    }

    /// The least and the greatest rating; infinite ends in a table of none.
    pub fn range(&self) -> [f32; 2] {
        let fold = |f: fn(f32, f32) -> f32, from| self.rows.iter().map(|row| row.stars).fold(from, f);
        [fold(f32::min, f32::INFINITY), fold(f32::max, f32::NEG_INFINITY)]
    }
}

/// The shortest decimal form; whole and half stars, which is nearly all there are, without the formatter.
fn write_stars(bytes: &mut Vec<u8>, stars: f32) {
    let halves = stars * 2.0;
    if (0.0..20.0).contains(&halves) && halves.fract() == 0.0 && stars.is_sign_positive() {
        bytes.push(b'0' + halves as u8 / 2);
        if halves as u8 % 2 == 1 {
            bytes.extend_from_slice(b".5");
        }
    } else {
        write!(bytes, "{stars}").expect("memory takes any write");
    }
}

/// A whole number in decimal, digit by digit: with it ten million rows take half the time.
fn write_whole(bytes: &mut Vec<u8>, value: i64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        bytes.push(b'-');
    }
    bytes.extend_from_slice(&digits[start..]);
}

/// Sorts ids canonically, drops unused ones and rewrites the rows' indices.
fn renumber(ids: Vec<String>, rows: &mut [Rating], index: impl Fn(&mut Rating) -> &mut u32) -> Vec<String> {
    let mut used = vec![false; ids.len()];
    for row in rows.iter_mut() {
        used[*index(row) as usize] = true;
    }
    let mut order: Vec<usize> = (0..ids.len()).filter(|&id| used[id]).collect();
    order.sort_by(|&a, &b| compare_ids(&ids[a], &ids[b]));
    let mut renamed = vec![u32::MAX; ids.len()];
    for (new, &old) in order.iter().enumerate() {
        renamed[old] = u32::try_from(new).expect("ids are counted in 32 bits");
    }
    for row in rows {
        let slot = index(row);
        *slot = renamed[*slot as usize];
    }
    let mut ids: Vec<Option<String>> = ids.into_iter().map(Some).collect();
    order.into_iter().map(|old| ids[old].take().expect("an id appears once in an order")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_order_of_rows_and_ids_gives_one_table() {
        let row = |user, item, stars| Rating { user, item, stars, timestamp: 7 };
        let ids = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let one =
            Ratings::canonical(ids(&["10", "9", "unused"]), ids(&["b", "a"]), vec![row(0, 0, 4.5), row(1, 1, 3.0)]);
        let two = Ratings::canonical(ids(&["9", "10"]), ids(&["a", "b"]), vec![row(0, 0, 3.0), row(1, 1, 4.5)]);
        assert_eq!(one, two);
        assert_eq!(one.users, ["9", "10"]);
        assert_eq!(String::from_utf8(one.canonical_bytes()).expect("text"), "9\ta\t3\t7\n10\tb\t4.5\t7\n");
        assert_eq!(one.range(), [3.0, 4.5]);
    }

    proptest::proptest! {
        #[test]
        fn quick_numbers_are_those_of_the_formatter(
            halves in -30i8..30,
            stars in proptest::num::f32::NORMAL | proptest::num::f32::ZERO,
            timestamp in proptest::prelude::any::<i64>(),
        ) {
            for (stars, timestamp) in [(f32::from(halves) / 2.0, i64::from(halves)), (stars, timestamp), (-0.0, i64::MIN)] {
                let mut quick = Vec::new();
                write_stars(&mut quick, stars);
                write_whole(&mut quick, timestamp);
                proptest::prop_assert_eq!(String::from_utf8_lossy(&quick), format!("{stars}{timestamp}"));
            }
        }
    }

    #[test]
    fn numbers_come_before_words_and_sort_by_value() {
        let mut ids = ["b", "10", "9", "a", "007"];
        ids.sort_by(|a, b| compare_ids(a, b));
        assert_eq!(ids, ["9", "10", "007", "a", "b"]);
    }
}
