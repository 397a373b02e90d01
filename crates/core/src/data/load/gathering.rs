//! What is gathered from a file line by line: ratings, and every line that is none with why.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::builder::{Builder, EXPECTED_ID, EXPECTED_RATING, rating};
use super::error::{BadLine, LoadError, shown};
use super::time;
use crate::data::table::Rating;
use crate::spec::RatingScale;

/// So many lines that cannot be read are kept to be named.
const NAMED: usize = 20;

/// Ratings in file order, and what became of all other lines.
#[derive(Default)]
pub(super) struct Gathering {
    pub(super) builder: Builder,
    /// Values that say that there is no rating, and how often each stood in a line.
    pub(super) not_rated: Vec<(f32, usize)>,
    /// The scale that ratings have to lie on.
    within: Option<RatingScale>,
    /// By bits, the ratings that do not, and how often.
    outside: BTreeMap<u32, usize>,
    /// Lines that a format leaves out, by why.
    pub(super) left_out: Vec<(&'static str, usize)>,
    /// Ratings written with a comma where others write a point.
    pub(super) commas: usize,
    /// Rows that go over several lines: how many, and the line of the first.
    pub(super) spanning: Option<(usize, u64)>,
    /// Whether a comma may be one: where it does not stand between fields.
    pub(super) may_have_commas: bool,
    /// The first lines that cannot be read.
    pub(super) bad: Vec<BadLine>,
    /// How many cannot.
    pub(super) bad_count: usize,
}

/// A line's fields: what stands for user, item, rating and time.
pub(super) struct LineFields<'a> {
    pub(super) line: u64,
    pub(super) user: &'a [u8],
    pub(super) item: &'a [u8],
    pub(super) rating: &'a [u8],
    pub(super) time: Option<&'a [u8]>,
}

impl Gathering {
    /// Nothing yet; lines of these values, and those that do not lie on the scale, will be left out.
    pub(super) fn new(not_rated: &[f32], within: Option<RatingScale>) -> Self {
        Self { not_rated: not_rated.iter().map(|value| (*value, 0)).collect(), within, ..Self::default() }
    }

    /// The ratings that do not lie on the scale, and how often each was there: the commonest first.
    pub(super) fn outside(&self) -> Vec<(f32, usize)> {
        let mut counts: Vec<(f32, usize)> =
            self.outside.iter().map(|(bits, count)| (f32::from_bits(*bits), *count)).collect();
        counts.sort_by(|(a, many), (b, more)| more.cmp(many).then(a.total_cmp(b)));
        counts
    }

    /// Takes a line for a rating, or says why it is none.
    #[inline(always)]
    pub(super) fn add(&mut self, fields: &LineFields<'_>) {
        let LineFields { line, user, item, rating: text, time } = *fields;
        let Some(stars) = rating(text).or_else(|| self.with_comma(text)) else {
            return self.cannot(line, text, EXPECTED_RATING);
        };
        if let Some((_, count)) = self.not_rated.iter_mut().find(|(value, _)| *value == stars) {
            *count += 1;
            return;
        }
        if self.within.is_some_and(|scale| !scale.holds(stars)) {
            *self.outside.entry(stars.to_bits()).or_default() += 1;
            return;
        }
        let Some(user_number) = self.builder.users.number(user) else { return self.cannot(line, user, EXPECTED_ID) };
        let Some(item_number) = self.builder.items.number(item) else { return self.cannot(line, item, EXPECTED_ID) };
        let row = self.builder.rows.len();
        let timestamp = match time {
            Some(text) => match self.builder.times.read(text, row) {
                Some(read) => read,
                None => return self.cannot(line, text, time::EXPECTED),
            },
            None => row as i64,
        };
        self.builder.rows.push(Rating { user: user_number, item: item_number, stars, timestamp });
    }

    /// Notes a line that cannot be read.
    #[cold]
    pub(super) fn cannot(&mut self, line: u64, read: &[u8], expected: &str) {
        self.bad_count += 1;
        if self.bad.len() < NAMED {
            self.bad.push(BadLine { line, read: shown(read), expected: expected.to_owned() });
        }
    }

    /// Notes a line that the format leaves out.
    pub(super) fn leave_out(&mut self, why: &'static str) {
        match self.left_out.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => self.left_out.push((why, 1)),
        }
    }

    /// A number such as `4,5`.
    #[cold]
    fn with_comma(&mut self, text: &[u8]) -> Option<f32> {
        if !self.may_have_commas {
            return None;
        }
        let pointed = pointed(text)?;
        let read = rating(&pointed)?;
        self.commas += 1;
        Some(read)
    }

    /// The error of the lines that cannot be read, if there are any.
    pub(super) fn fault(&mut self, file: &str) -> Option<LoadError> {
        let file = file.to_owned();
        match (self.bad_count, self.bad.as_slice()) {
            (0, _) => None,
            (1, [BadLine { line, read, expected }]) => {
                Some(LoadError::Line { file, line: *line, read: read.clone(), expected: expected.clone() })
            }
            (count, _) => Some(LoadError::Lines { file, count, first: std::mem::take(&mut self.bad) }),
        }
    }

    /// How many lines there were, whatever became of them.
    pub(super) fn lines(&self) -> usize {
        let counted: usize = self.not_rated.iter().map(|(_, count)| count).sum();
        let left_out: usize = self.left_out.iter().map(|(_, count)| count).sum();
        self.builder.rows.len() + counted + self.outside.values().sum::<usize>() + left_out + self.bad_count
    }
}

/// The same number with a point for its one comma. Three digits behind it may as well be thousands, as in `1,234`.
pub(super) fn pointed(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    let text = text.trim_ascii();
    let (_, behind) = text.split_at(text.iter().position(|byte| *byte == b',')? + 1);
    (!behind.contains(&b',') && behind.len() != 3 && !text.contains(&b'.'))
        .then(|| text.iter().map(|&byte| if byte == b',' { b'.' } else { byte }).collect::<Vec<u8>>().into())
}
