//! Rows without a header: how they are recognised, and where their columns stand. Never takes a line for a rating that
//! may be a header of numbers: it says so instead.

use std::borrow::Cow;

use super::builder::{is_id, is_likely_rating, rating};
use super::error::{LoadError, shown};
use super::gathering::pointed;
use super::plan::{ReadingPlan, first_line};
use super::records::{Delimiter, head};
use super::time;

/// The places of the columns of rows without a header, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// The user's id.
    pub user: usize,
    /// The item's id.
    pub item: usize,
    /// The rating.
    pub rating: usize,
    /// The timestamp; without one the order of the rows is the order in time.
    pub timestamp: Option<usize>,
}

/// What may stand between fields, what is least likely to stand in one first.
const DELIMITERS: [Delimiter; 6] = [
    Delimiter::DoubleColon,
    Delimiter::Quoted(b'\t'),
    Delimiter::Quoted(b','),
    Delimiter::Quoted(b';'),
    Delimiter::Quoted(b'|'),
    Delimiter::Spaces,
];

/// So many lines tell the order of columns.
const VOTERS: usize = 20;

/// Seconds between a header `1, 2, 3, 4` and a first rating that cannot be by chance.
const FAR: i64 = 1_000_000;

/// What to do about a first line of numbers.
const EITHER: &str = "`--no-header` takes the first line for a rating, with `--user 1 --item 2 --rating 3` as places where \
                      the columns stand in another order; `--header` takes it for the names of the columns";

/// The plan of a file whose first line is a rating: user, item, rating and perhaps a timestamp.
pub(super) fn recognise(bytes: &[u8]) -> Option<ReadingPlan> {
    DELIMITERS.into_iter().find_map(|delimiter| {
        let lines = head(bytes, delimiter, VOTERS);
        let first = lines.first()?;
        let mut places = Places { user: 1, item: 2, rating: 3, timestamp: (first.len() == 4).then_some(4) };
        let likely = |field: &[u8]| is_likely_rating(&number_of(delimiter, field));
        if !matches!(first.len(), 3 | 4) || !fits(first, places, delimiter) || !likely(&first[2]) {
            return None;
        }
        let is_swapped = is_item_first(&lines);
        if is_swapped {
            (places.user, places.item) = (2, 1);
        }
        let mut plan = plan_of(delimiter, first.len(), places);
        if is_swapped {
            plan.taken += " (by the ids, in the order of Amazon's files of 2018)";
        }
        Some(plan)
    })
}

/// Whether the first column holds Amazon's products and the second its customers. The files of 2014 have them the other way
/// round, and nothing but the ids tells.
fn is_item_first(lines: &[Vec<Cow<'_, [u8]>>]) -> bool {
    let is_upper = |text: &[u8]| text.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let is_product = |text: &[u8]| text.len() == 10 && is_upper(text) && (text[0].is_ascii_digit() || text[0] == b'B');
    let is_customer = |text: &[u8]| (10..=30).contains(&text.len()) && is_upper(text) && text[0] == b'A';
    let whole = lines.iter().filter(|line| line.len() >= 3);
    lines.len() > 1
        && whole.clone().all(|line| is_product(&line[0]) && is_customer(&line[1]))
        && whole.count() == lines.len()
}

/// A number, with a point for its comma where a comma does not stand between fields.
fn number_of(delimiter: Delimiter, field: &[u8]) -> Cow<'_, [u8]> {
    match delimiter {
        Delimiter::Quoted(b',') | Delimiter::Plain(b',') => field.into(),
        _ => pointed(field).unwrap_or(field.into()),
    }
}

/// The plan of a file without a header whose columns stand at `places`.
pub(super) fn placed(file: &str, bytes: &[u8], places: Places) -> Result<ReadingPlan, LoadError> {
    let heads = DELIMITERS.map(|delimiter| (delimiter, head(bytes, delimiter, 1).pop().unwrap_or_default()));
    let fitting = heads.iter().find(|(delimiter, first)| fits(first, places, *delimiter));
    // Without one that fits, the lines say what is wrong.
    let (delimiter, first) =
        fitting.or_else(|| heads.iter().max_by_key(|(_, first)| first.len())).expect("there are some");
    let all = [Some(places.user), Some(places.item), Some(places.rating), places.timestamp];
    match all.into_iter().flatten().find(|place| *place == 0 || *place > first.len()) {
        Some(place) => Err(LoadError::Place { file: file.to_owned(), place, fields: first.len() }),
        None => Ok(plan_of(*delimiter, first.len(), places)),
    }
}

/// Refuses a file that was recognised by its first line where that line, or the first column, only counts.
pub(super) fn refuse_counting(file: &str, bytes: &[u8], plan: &ReadingPlan) -> Result<(), LoadError> {
    let lines = head(bytes, plan.delimiter, 5);
    let whole = |field: &Cow<'_, [u8]>| std::str::from_utf8(field.trim_ascii()).ok()?.parse::<i64>().ok();
    let numbers: Vec<Vec<Option<i64>>> = lines.iter().map(|line| line.iter().map(whole).collect()).collect();
    let counts = |from: i64| numbers[0].iter().zip(from..).all(|(number, count)| *number == Some(count));
    let time = |line: usize| numbers.get(line).and_then(|line| *line.get(3)?);
    let far = time(1).is_some_and(|second| second.abs_diff(time(0).unwrap_or(0)) > FAR.unsigned_abs());
    if counts(0) || (counts(1) && far) {
        return Err(unsure(file, bytes, "it may be a header of numbers or a rating", EITHER));
    }
    let column: Option<Vec<i64>> = numbers.iter().map(|line| line[0]).collect();
    let counted = column.is_some_and(|column| {
        column.len() > 2 && column.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]))
    });
    // Where the third column cannot be stars and the fourth can, a column too many stands in front.
    let number = |line: &Vec<Cow<'_, [u8]>>, place: usize| line.get(place).and_then(|field| rating(field));
    let is_shifted = |line: &Vec<Cow<'_, [u8]>>| number(line, 3).is_some_and(|last| last <= 5.0);
    let is_high = |line: &Vec<Cow<'_, [u8]>>| number(line, 2).is_some_and(|third| third > 5.0);
    if plan.fields == 4 && counted && lines.iter().all(is_shifted) && lines.iter().any(is_high) {
        let mend = "`--no-header --user 2 --item 3 --rating 4` leaves the first column out; \
                    `--no-header --user 1 --item 2 --rating 3 --timestamp 4` takes it for the users";
        return Err(unsure(file, bytes, "the first column may only count the lines", mend));
    }
    Ok(())
}

/// A first line of numbers where names of columns were to stand.
pub(super) fn numbers_for_names(file: &str, bytes: &[u8]) -> LoadError {
    unsure(file, bytes, "expected the names of the columns, this looks like a rating", EITHER)
}

fn unsure(file: &str, bytes: &[u8], why: &'static str, mend: &'static str) -> LoadError {
    LoadError::Unsure { file: file.to_owned(), first: shown(first_line(bytes)), why, mend }
}

fn fits(fields: &[Cow<'_, [u8]>], places: Places, delimiter: Delimiter) -> bool {
    let at = |place: usize| place.checked_sub(1).and_then(|place| fields.get(place));
    let is = |place: usize, check: fn(&[u8]) -> bool| at(place).is_some_and(|field| check(field));
    is(places.user, is_id)
        && is(places.item, is_id)
        && at(places.rating).is_some_and(|field| rating(&number_of(delimiter, field)).is_some())
        && places.timestamp.is_none_or(|place| is(place, time::is_time))
}

fn plan_of(delimiter: Delimiter, fields: usize, places: Places) -> ReadingPlan {
    let column = |place: usize| match Some(place) {
        place if place == Some(places.user) => "user",
        place if place == Some(places.item) => "item",
        place if place == Some(places.rating) => "rating",
        place if place == places.timestamp => "time",
        _ => "(left out)",
    };
    let columns: Vec<&str> = (1..=fields).map(column).collect();
    ReadingPlan {
        delimiter,
        header: false,
        fields,
        user: places.user - 1,
        item: places.item - 1,
        rating: places.rating - 1,
        timestamp: places.timestamp.map(|place| place - 1),
        taken: format!("{}, no header: {}", delimiter.name(), columns.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> Option<String> {
        recognise(text.as_bytes()).map(|plan| plan.taken)
    }

    #[test]
    fn the_first_line_tells_the_separator_and_the_columns() {
        let says = |text: &str| Some(text.to_owned());
        assert_eq!(taken("1,101,5.0\n"), says("comma, no header: user, item, rating"));
        assert_eq!(taken("\n1;101;5;880000000\n"), says("semicolon, no header: user, item, rating, time"));
        assert_eq!(taken("A1|x y|0.5\n"), says("bar, no header: user, item, rating"));
        assert_eq!(taken("1  1 2\n"), says("space, no header: user, item, rating"));
        assert_eq!(taken("\"a, b\",\"c\",\"5\"\n"), says("comma, no header: user, item, rating"));
        assert_eq!(taken("1::2::3\n"), says("double colon, no header: user, item, rating"));
        assert_eq!(taken("1\t2\t3\t2001-02-03\n"), says("tab, no header: user, item, rating, time"));
        for other in
            ["", "1,2\n", "1,2,good\n", "1,2,3,then\n", "1,2,880000000\n", ",1,2,3\n", "userId,movieId,rating\n"]
        {
            assert_eq!(taken(other), None, "{other}");
        }
    }

    #[test]
    fn what_only_counts_is_not_taken() {
        let said = |text: &str| {
            let plan = recognise(text.as_bytes()).expect("it looks like rows");
            refuse_counting("x", text.as_bytes(), &plan).err().map(|error| error.to_string())
        };
        let header =
            |first: &str| Some(format!("x: the first line is `{first}`: it may be a header of numbers or a rating"));
        assert_eq!(said("0,1,2\n5,6,4\n"), header("0,1,2"));
        assert_eq!(said("0;1;2;3\n5;6;4;880000000\n"), header("0;1;2;3"));
        assert_eq!(said("1,2,3,4\n5,6,4,880000000\n"), header("1,2,3,4"));
        assert_eq!(said("1,2,3,4\n5,6,4,7\n"), None);
        assert_eq!(said("1,2,3\n5,6,4\n"), None);
        let column = said("0,7,12,3\n1,7,13,4.5\n2,8,12,1\n").expect("the first column counts");
        assert!(column.ends_with("the first column may only count the lines"), "{column}");
        assert_eq!(said("0,7,4,3\n1,7,4,4\n2,8,4,5\n"), None);
        // Lines that are too short, and numbers that nothing comes after.
        assert_eq!(said("2,0,0,0\n3\n4\n"), None);
        assert_eq!(said("9223372036854775807,0,4,7\n9223372036854775807,0,4,8\n9223372036854775807,0,4,9\n"), None);
        assert_eq!(said("1,7,5,880000000\n2,7,5,880000001\n3,8,5,880000002\n"), None);
    }

    #[test]
    fn places_decide_where_nothing_else_does() {
        let places = Places { user: 3, item: 1, rating: 4, timestamp: None };
        let plan = placed("x", b"a,note,u,5,880000000\n", places).expect("there is a rating");
        assert_eq!(plan.taken, "comma, no header: item, (left out), user, rating, (left out)");
        let error = placed("x", b"a,u,5\n", places).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("x: there is no column 4, the first line has 3"));
    }
}
