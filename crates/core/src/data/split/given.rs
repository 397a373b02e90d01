//! A division that files say. It is read once, when a sweep is planned, and kept in the data folder by its content: a trial
//! names that content alone, so neither the file's path nor what becomes of it can change what the trial means.
//!
//! ```text
//! <data>/splits/<SHA-256>.parts    a bit a rating, 1 for test; then a bit a rating, 1 for train
//! ```
//!
//! Ratings are in the order of the table; bit 0 of byte 0 is the first, and each of the two lists ends with its byte.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Split;
use crate::data::load::{LoadError, Pairs, pairs_file};
use crate::data::table::Ratings;
use crate::digest::Digest;
use crate::spec::SplitSpec;
use crate::trial_dir::write_whole;

/// How a file of bits is called.
const BITS: &str = "bits";

/// So many pairs that are no ratings are named.
const NAMED: usize = 20;

/// Why a given division cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum GivenError {
    /// A file or the data folder.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// `read` or `write`.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of pairs.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A file of bits that is not one of these ratings.
    #[error("{}: {why}", path.display())]
    Bits {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Pairs that are no ratings.
    #[error("{}: {count} of {all} pairs (user, item) are none of the ratings: {named}{}", path.display(), exchanged_words(*exchanged))]
    Strangers {
        /// The file.
        path: PathBuf,
        /// How many are not.
        count: usize,
        /// Of how many.
        all: usize,
        /// The first of them.
        named: String,
        /// How many are, with user and item exchanged.
        exchanged: usize,
    },
    /// Ratings that are in both parts.
    #[error("{count} ratings are in both parts, {} and {}: {named}", test.display(), train.display())]
    Both {
        /// The file of the test part.
        test: PathBuf,
        /// The file of the train part.
        train: PathBuf,
        /// How many.
        count: usize,
        /// The first of them.
        named: String,
    },
    /// A trial names a division that is not in the data folder, or is another.
    #[error("the given split {} is not in {}, or was changed there; running the sweep again where its file lies brings it back", name, folder.display())]
    Gone {
        /// The digest that the trial names.
        name: String,
        /// Where it should lie.
        folder: PathBuf,
    },
}

/// Reads what files say of `ratings` and keeps it in the data folder; gives its name in specs.
///
/// `test` is a file of ratings or pairs, or ends in `.bits`; all other ratings are train, unless `train` names them.
///
/// # Errors
/// A file that cannot be read or speaks of other ratings, or a data folder that cannot be written.
pub fn keep(data: &Path, ratings: &Ratings, test: &Path, train: Option<&Path>) -> Result<Digest, GivenError> {
    let count = ratings.rows.len();
    let test_bits = bits(ratings, test)?;
    let train_bits = match train {
        Some(file) => bits(ratings, file)?,
        None => packed(count, (0..count).filter(|&row| !is_set(&test_bits, row))),
    };
    let both: Vec<usize> = (0..count).filter(|&row| is_set(&test_bits, row) && is_set(&train_bits, row)).collect();
    if let (false, Some(train)) = (both.is_empty(), train) {
        let named = named(both.iter().map(|&row| {
            let rating = ratings.rows[row];
            (ratings.users[rating.user as usize].as_str(), ratings.items[rating.item as usize].as_str())
        }));
        return Err(GivenError::Both { test: test.to_owned(), train: train.to_owned(), count: both.len(), named });
    }
    let parts = [test_bits, train_bits].concat();
    let digest = Digest::of(&parts);
    let path = place(data, &digest.to_string());
    let is_there = fs::read(&path).is_ok_and(|there| Digest::of(&there) == digest);
    if !is_there {
        let cannot = |path: &Path| {
            let path = path.to_owned();
            |source| GivenError::Io { what: "write", path, source }
        };
        let folder = folder(data);
        fs::create_dir_all(&folder).map_err(cannot(&folder))?;
        write_whole(&path, &parts).map_err(cannot(&path))?;
    }
    Ok(digest)
}

/// The division that a spec names, before anything is left out of it.
pub(super) fn find(data: &Path, spec: &SplitSpec, ratings: &Ratings) -> Result<Split, GivenError> {
    let gone = || GivenError::Gone { name: spec.from.clone(), folder: folder(data) };
    let is_name = !spec.from.is_empty() && spec.from.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = if is_name { fs::read(place(data, &spec.from)).map_err(|_| gone())? } else { return Err(gone()) };
    let half = ratings.rows.len().div_ceil(8);
    if parts.len() != 2 * half || Digest::of(&parts).to_string() != spec.from {
        return Err(gone());
    }
    let rows = |bits: &[u8]| (0..ratings.rows.len() as u32).filter(|&row| is_set(bits, row as usize)).collect();
    Ok(Split { test: rows(&parts[..half]), train: rows(&parts[half..]) })
}

fn folder(data: &Path) -> PathBuf {
    data.join("splits")
}

fn place(data: &Path, name: &str) -> PathBuf {
    folder(data).join(format!("{name}.parts"))
}

/// A bit a rating, 1 where the file has it.
fn bits(ratings: &Ratings, path: &Path) -> Result<Vec<u8>, GivenError> {
    let bytes = fs::read(path).map_err(|source| GivenError::Io { what: "read", path: path.to_owned(), source })?;
    if path.extension().is_some_and(|it| it.eq_ignore_ascii_case(BITS)) {
        return match wrong(&bytes, ratings.rows.len()) {
            Some(why) => Err(GivenError::Bits { path: path.to_owned(), why }),
            None => Ok(bytes),
        };
    }
    let Pairs { users, items, pairs } = pairs_file(&path.display().to_string(), &bytes)?;
    let places = |ids: &[String], known: &[String]| -> Vec<Option<u32>> {
        let known: HashMap<&str, u32> = known.iter().map(String::as_str).zip(0..).collect();
        ids.iter().map(|id| known.get(id.as_str()).copied()).collect()
    };
    let (user_at, item_at) = (places(&users, &ratings.users), places(&items, &ratings.items));
    let (mut rows, mut strangers) = (Vec::with_capacity(pairs.len()), Vec::new());
    for &(user, item) in &pairs {
        let own = user_at[user as usize].zip(item_at[item as usize]).map(|pair| rows_of(ratings, pair));
        match own.filter(|own| !own.is_empty()) {
            Some(own) => rows.extend(own),
            None => strangers.push((users[user as usize].as_str(), items[item as usize].as_str())),
        }
    }
    if strangers.is_empty() {
        return Ok(packed(ratings.rows.len(), rows.into_iter()));
    }
    let (as_items, as_users) = (places(&users, &ratings.items), places(&items, &ratings.users));
    let is_exchanged = |&&(user, item): &&(u32, u32)| {
        as_users[item as usize].zip(as_items[user as usize]).is_some_and(|pair| !rows_of(ratings, pair).is_empty())
    };
    let exchanged = pairs.iter().filter(is_exchanged).count();
    let (count, all, named) = (strangers.len(), pairs.len(), named(strangers.into_iter()));
    Err(GivenError::Strangers { path: path.to_owned(), count, all, named, exchanged })
}

/// The rows of a user's rating of an item; more than one only in tables that are made up so.
fn rows_of(ratings: &Ratings, (user, item): (u32, u32)) -> std::ops::Range<usize> {
    let start = ratings.rows.partition_point(|row| (row.user, row.item) < (user, item));
    let end = start + ratings.rows[start..].iter().take_while(|row| (row.user, row.item) == (user, item)).count();
    start..end
}

/// What keeps bytes from being a bit a rating.
fn wrong(bytes: &[u8], ratings: usize) -> Option<String> {
    let wanted = ratings.div_ceil(8);
    if bytes.len() != wanted {
        return Some(format!(
            "it holds {} bytes; a bit for each of {ratings} ratings makes {wanted}: is it of other ratings?",
            bytes.len()
        ));
    }
    let beyond = (ratings..8 * wanted).any(|bit| is_set(bytes, bit));
    beyond.then(|| format!("a bit behind the last of {ratings} ratings is set: is it of other ratings?"))
}

/// Rows as bits, one for each of `count`, bit 0 of byte 0 first.
pub(in crate::data) fn packed(count: usize, rows: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut bits = vec![0_u8; count.div_ceil(8)];
    rows.for_each(|row| bits[row / 8] |= 1 << (row % 8));
    bits
}

fn is_set(bits: &[u8], row: usize) -> bool {
    bits[row / 8] >> (row % 8) & 1 == 1
}

fn exchanged_words(count: usize) -> String {
    if count > 0 { format!("; {count} are with user and item exchanged") } else { String::new() }
}

/// The first of some pairs, in words.
fn named<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs = pairs.map(|(user, item)| format!("({}, {})", user.escape_debug(), item.escape_debug()));
    let first: Vec<String> = pairs.by_ref().take(NAMED).collect();
    let more = if pairs.next().is_some() { ", …" } else { "" };
    format!("{}{more}", first.join(", "))
}
