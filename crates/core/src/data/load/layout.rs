//! The layouts of rating files: what they are called, how one is recognised, where its columns stand.

use std::borrow::Cow;
use std::fmt;

use super::builder::is_likely_rating;
use super::columns::{ITEM, RATING, Spellings, TIMESTAMP, USER};
use super::error::{LoadError, shown};
use super::plan::{ReadingPlan, first_line};
use super::records::{Delimiter, FileRecords};
use super::rows::{self, Places};
use super::special::SpecialLayout;
use super::time::is_time;

/// How a file of ratings is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileLayout {
    /// MovieLens 100K: user, item, rating, timestamp between tabs, no header. Also the canonical file.
    UData,
    /// MovieLens 1M and 10M: the same between double colons.
    RatingsDat,
    /// MovieLens since 20M: a header `userId,movieId,rating,timestamp` in any case and order.
    RatingsCsv,
    /// RecBole: tabs, a header of `name:type`.
    Inter,
    /// Any CSV or TSV whose columns are named.
    Columns(ColumnNames),
    /// Rows without a header: commas, tabs, semicolons, bars, double colons or spaces. Without places they are user, item,
    /// rating and perhaps a timestamp.
    Rows(Option<Places>),
    /// A format of one dataset alone.
    Special(SpecialLayout),
}

/// The names of the columns of a CSV or TSV; an empty one is looked for under its usual names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnNames {
    /// The user's id.
    pub user: String,
    /// The item's id.
    pub item: String,
    /// The rating.
    pub rating: String,
    /// The timestamp; without one the order of the rows is the order in time.
    pub timestamp: Option<String>,
    /// Whether a name may be a number.
    pub numbers: NumbersForNames,
}

/// What a header of numbers is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumbersForNames {
    /// Most likely a rating: refused.
    Refused,
    /// The names of columns: somebody said so.
    Meant,
}

impl fmt::Display for FileLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileLayout::UData => "u.data",
            FileLayout::RatingsDat => "ratings.dat",
            FileLayout::RatingsCsv => "ratings.csv",
            FileLayout::Inter => "inter",
            FileLayout::Columns(_) => "named columns",
            FileLayout::Rows(_) => "rows without a header",
            FileLayout::Special(_) => "a format of its own",
        })
    }
}

impl FileLayout {
    /// Recognises a layout by the file's first line, else by its name.
    ///
    /// # Errors
    /// Neither tells it, or the first line may be a rating or a header of numbers.
    pub fn detect(name: &str, bytes: &[u8]) -> Result<Self, LoadError> {
        if first_line(bytes).trim_ascii().is_empty() {
            return Err(LoadError::Empty { file: name.to_owned() });
        }
        if let Some(special) = SpecialLayout::detect(name, bytes)? {
            return Ok(FileLayout::Special(special));
        }
        let looks_like_rows = |delimiter| {
            let fields = first_record(bytes, delimiter);
            fields.len() == 4 && is_likely_rating(&fields[2]) && is_time(&fields[3])
        };
        if looks_like_rows(Delimiter::DoubleColon) {
            return Ok(FileLayout::RatingsDat);
        }
        if let Some(plan) = rows::recognise(bytes) {
            rows::refuse_counting(name, bytes, &plan)?;
            let tabs = looks_like_rows(Delimiter::Plain(b'\t'));
            return Ok(if tabs { FileLayout::UData } else { FileLayout::Rows(None) });
        }
        if first_record(bytes, Delimiter::Plain(b'\t')).iter().any(|field| field.ends_with(b":token")) {
            return Ok(FileLayout::Inter);
        }
        let header = header(bytes, sniffed(bytes));
        if USER.place(&header).is_some() && ITEM.place(&header).is_some() && RATING.place(&header).is_some() {
            return Ok(FileLayout::RatingsCsv);
        }
        let lower = name.to_lowercase();
        let ends = |end: &str| lower.ends_with(end);
        match () {
            () if ends("u.data") => Ok(FileLayout::UData),
            () if ends(".dat") => Ok(FileLayout::RatingsDat),
            () if ends(".csv") => Ok(FileLayout::RatingsCsv),
            () if ends(".inter") => Ok(FileLayout::Inter),
            () => Err(LoadError::Layout { file: name.to_owned(), first: shown(first_line(bytes)) }),
        }
    }

    /// Finds the columns of this layout in a file.
    pub(super) fn plan(&self, file: &str, bytes: &[u8]) -> Result<ReadingPlan, LoadError> {
        let fixed = |delimiter: Delimiter| {
            let taken = format!("{}, no header: user, item, rating, time", delimiter.name());
            ReadingPlan { delimiter, header: false, fields: 4, user: 0, item: 1, rating: 2, timestamp: Some(3), taken }
        };
        let delimiter = match self {
            FileLayout::UData => return Ok(fixed(Delimiter::Plain(b'\t'))),
            FileLayout::RatingsDat => return Ok(fixed(Delimiter::DoubleColon)),
            FileLayout::Rows(Some(places)) => return rows::placed(file, bytes, *places),
            FileLayout::Rows(None) => {
                let unknown = || LoadError::Layout { file: file.to_owned(), first: shown(first_line(bytes)) };
                return rows::recognise(bytes).ok_or_else(unknown);
            }
            FileLayout::Special(special) => {
                return Ok(ReadingPlan { taken: special.taken().to_owned(), ..fixed(Delimiter::Plain(b',')) });
            }
            FileLayout::Inter => Delimiter::Plain(b'\t'),
            FileLayout::RatingsCsv | FileLayout::Columns(_) => sniffed(bytes),
        };
        let header = header(bytes, delimiter);
        let missing = |column: &str| match rows::recognise(bytes) {
            Some(_) => rows::numbers_for_names(file, bytes),
            None => LoadError::Column {
                file: file.to_owned(),
                column: column.to_owned(),
                header: shown(header.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ").as_bytes()),
            },
        };
        let known = |column: &Spellings| column.place(&header).ok_or_else(|| missing(column.0[0]));
        let named = |name: &str| {
            let exact = header.iter().position(|column| column == name);
            let loose = || header.iter().position(|column| column.eq_ignore_ascii_case(name));
            exact.or_else(loose).ok_or_else(|| missing(name))
        };
        let (user, item, rating, timestamp) = match self {
            FileLayout::Columns(columns) => {
                let timestamp = columns.timestamp.as_deref().map(named).transpose()?;
                let one = |name: &str, usual: &Spellings| if name.is_empty() { known(usual) } else { named(name) };
                (one(&columns.user, &USER)?, one(&columns.item, &ITEM)?, one(&columns.rating, &RATING)?, timestamp)
            }
            _ => (known(&USER)?, known(&ITEM)?, known(&RATING)?, TIMESTAMP.place(&header)),
        };
        let chosen = [Some(user), Some(item), Some(rating), timestamp];
        let is_number = |place: usize| header[place].parse::<f64>().is_ok();
        if matches!(self, FileLayout::Columns(columns) if columns.numbers == NumbersForNames::Refused)
            && chosen.into_iter().flatten().any(is_number)
        {
            return Err(rows::numbers_for_names(file, bytes));
        }
        let from = ["user", "item", "rating", "time"].into_iter().zip(chosen);
        let from = from.filter_map(|(what, place)| Some(format!("{what} from `{}`", shown(header[place?].as_bytes()))));
        let taken = format!("{}, header: {}", delimiter.name(), from.collect::<Vec<_>>().join(", "));
        Ok(ReadingPlan { delimiter, header: true, fields: header.len(), user, item, rating, timestamp, taken })
    }
}

/// The names in a header, RecBole's `:type` taken off.
pub(super) fn header(bytes: &[u8], delimiter: Delimiter) -> Vec<String> {
    let name = |field: &Cow<'_, [u8]>| {
        let text = String::from_utf8_lossy(field).trim().to_owned();
        match text.rsplit_once(':') {
            Some((name, "token" | "token_seq" | "float" | "float_seq")) => name.to_owned(),
            _ => text,
        }
    };
    first_record(bytes, delimiter).iter().map(name).collect()
}

/// The delimiter of a file with a header: the commonest candidate in its first line.
pub(super) fn sniffed(bytes: &[u8]) -> Delimiter {
    let first = first_line(bytes);
    let count = |delimiter: &u8| memchr::memchr_iter(*delimiter, first).count();
    // The last of equals wins: a comma unless another is commoner.
    Delimiter::Quoted([b'|', b';', b'\t', b','].into_iter().max_by_key(count).unwrap_or(b','))
}

fn first_record(bytes: &[u8], delimiter: Delimiter) -> Vec<Cow<'_, [u8]>> {
    let mut fields = Vec::new();
    // An unclosed quote is reported when the file is read.
    let _ = FileRecords::new(bytes, delimiter).next(&mut fields);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_decides_and_the_name_helps() {
        let detect = |name, text: &str| FileLayout::detect(name, text.as_bytes()).ok().map(|layout| layout.to_string());
        let says = |layout: &str| Some(layout.to_owned());
        assert_eq!(detect("x", "1\t2\t3\t881250949\n"), says("u.data"));
        assert_eq!(detect("x", "1::2::4.5::881250949\r\n"), says("ratings.dat"));
        assert_eq!(detect("x", "\u{feff}Timestamp,RATING,movie_id,User ID\n"), says("ratings.csv"));
        assert_eq!(detect("x", "\"user\";\"item\";\"rating\"\n"), says("ratings.csv"));
        assert_eq!(detect("x", "user_id:token\titem_id:token\trating:float\n"), says("inter"));
        assert_eq!(detect("ratings.csv", "who,what,how much\n"), says("ratings.csv"));
        assert_eq!(detect("ml-1m/ratings.dat", "garbage\n"), says("ratings.dat"));
        assert_eq!(detect("ratings.csv", "1,2,4.5\n"), says("rows without a header"));
        assert_eq!(detect("u.data", "\n1,2,4.5,881250949\n"), says("rows without a header"));
        assert_eq!(detect("x", "who,what,how much\n"), None);
        assert_eq!(detect("ratings.csv", "0,1,2,3\n"), None);
        assert_eq!(detect("x", ""), None);
    }
}
