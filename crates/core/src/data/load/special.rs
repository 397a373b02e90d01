//! Files of one dataset alone: each is recognised by its first lines and read by rules of its own.

use std::borrow::Cow;

use serde_json::Value;

use super::builder::{is_likely_rating, rating};
use super::columns::place_of_columns;
use super::error::{LoadError, bad_line, shown};
use super::gathering::{Gathering, LineFields};
use super::plan::first_line;
use super::records::{Delimiter, FileRecords, head, next};
use super::time::is_time;

/// A format that no table of columns describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialLayout {
    /// Jester: a line a user, how many jokes were rated and then a rating a joke, 99 where there is none.
    Jester,
    /// The Netflix Prize: `movie:` and below it `customer,rating,date`.
    Netflix,
    /// Steam: user, game, `purchase` or `play`, hours.
    Steam,
    /// Last.fm 360K: a user's SHA-1, an artist's MBID or nothing, the artist's name, plays.
    LastFm,
    /// JSON, an object a line, such as Amazon's reviews.
    JsonLines,
}

/// Jester's jokes are at least so many.
const LEAST_JOKES: usize = 20;

/// What Jester writes where a joke was not rated.
const NO_JOKE: f32 = 99.0;

impl SpecialLayout {
    /// What it is called, and what is taken for what.
    pub(super) fn taken(self) -> &'static str {
        match self {
            Self::Jester => {
                "Jester's matrix, a line a user: the number of ratings, then a rating a joke, none where it is 99 or empty"
            }
            Self::Netflix => "Netflix Prize, a block a movie: user, rating, time",
            Self::Steam => "Steam: user, game, hours of `play`",
            Self::LastFm => "Last.fm 360K: user, artist by MBID or else by name, plays",
            Self::JsonLines => "JSON, an object a line",
        }
    }

    /// The format whose first lines these are.
    ///
    /// # Errors
    /// It is of a known dataset, and holds no ratings.
    pub(super) fn detect(file: &str, bytes: &[u8]) -> Result<Option<Self>, LoadError> {
        let first = first_line(bytes);
        if first.first() == Some(&b'{') && serde_json::from_slice::<Value>(first).is_ok() {
            return Ok(Some(Self::JsonLines));
        }
        let lines = head(bytes, Delimiter::Quoted(b','), 3);
        let field = |line: usize, at: usize| lines.get(line).and_then(|line| line.get(at)).map_or(&b""[..], |it| &**it);
        if block(first).is_some() {
            let second = lines.get(1).map_or(0, Vec::len);
            return match second {
                3 if is_likely_rating(field(1, 1)) && is_time(field(1, 2)) => Ok(Some(Self::Netflix)),
                1 | 2 => Err(LoadError::Foreign {
                    file: file.to_owned(),
                    what: "a list of movies and customers without ratings, as the Netflix Prize's probe.txt and qualifying.txt",
                    mend: "the ratings are in combined_data_1.txt to combined_data_4.txt, or in training_set/",
                }),
                _ => Ok(None),
            };
        }
        if matches!(lines.first().map(Vec::len), Some(4 | 5)) && matches!(field(0, 2), b"purchase" | b"play") {
            return Ok(Some(Self::Steam));
        }
        if lines.first().is_some_and(|line| is_jester(line)) {
            return Ok(Some(Self::Jester));
        }
        let tabs = head(bytes, Delimiter::Plain(b'\t'), 1);
        let is_play = |line: &Vec<Cow<'_, [u8]>>| line.len() == 4 && is_sha1(&line[0]) && rating(&line[3]).is_some();
        Ok(tabs.first().filter(|line| is_play(line)).map(|_| Self::LastFm))
    }

    /// Reads all lines.
    pub(super) fn read(self, file: &str, bytes: &[u8], gathering: &mut Gathering) -> Result<(), LoadError> {
        match self {
            Self::Jester => jester(file, bytes, gathering),
            Self::Netflix => netflix(file, bytes, gathering),
            Self::Steam => steam(file, bytes, gathering),
            Self::LastFm => last_fm(file, bytes, gathering),
            Self::JsonLines => json_lines(file, bytes, gathering),
        }
    }

    /// Whether its lines hold times.
    pub(super) fn has_times(self) -> bool {
        matches!(self, Self::Netflix | Self::JsonLines)
    }
}

fn jester(file: &str, bytes: &[u8], gathering: &mut Gathering) -> Result<(), LoadError> {
    let mut records = FileRecords::new(bytes, Delimiter::Quoted(b','));
    let (mut fields, mut user, mut jokes) = (Vec::new(), 0_u64, 0);
    while next(file, &mut records, &mut fields)? {
        user += 1;
        if jokes == 0 {
            jokes = fields.len();
        }
        if fields.len() != jokes {
            let expected = format!("a count and {} ratings as in the first line", jokes - 1);
            gathering.cannot(records.line, records.text, &expected);
            continue;
        }
        let name = user.to_string();
        for (joke, field) in fields.iter().enumerate().skip(1) {
            let text = field.trim_ascii();
            if text.is_empty() || rating(text) == Some(NO_JOKE) {
                continue;
            }
            let item = joke.to_string();
            gathering.add(&LineFields {
                line: records.line,
                user: name.as_bytes(),
                item: item.as_bytes(),
                rating: text,
                time: None,
            });
        }
    }
    Ok(())
}

/// Whether a line counts the cells that hold a rating, and then has them.
fn is_jester(line: &[Cow<'_, [u8]>]) -> bool {
    let numbers: Option<Vec<f32>> =
        line.iter().map(|field| if field.trim_ascii().is_empty() { Some(NO_JOKE) } else { rating(field) }).collect();
    numbers.is_some_and(|numbers| {
        let count = numbers.iter().skip(1).filter(|value| **value != NO_JOKE).count();
        numbers.len() > LEAST_JOKES && numbers[0] == count as f32
    })
}

fn netflix(file: &str, bytes: &[u8], gathering: &mut Gathering) -> Result<(), LoadError> {
    let mut records = FileRecords::new(bytes, Delimiter::Plain(b','));
    let (mut fields, mut movie) = (Vec::new(), &b""[..]);
    while next(file, &mut records, &mut fields)? {
        if let Some(number) = block(records.text) {
            movie = number;
            continue;
        }
        match fields.as_slice() {
            [_, _, _] if movie.is_empty() => {
                gathering.cannot(records.line, records.text, "a line `movie:` above, which could be read");
            }
            [user, stars, time] => {
                gathering.add(&LineFields { line: records.line, user, item: movie, rating: stars, time: Some(time) })
            }
            _ => {
                // It may have been a movie: whose ratings follow is not known then.
                movie = b"";
                gathering.cannot(records.line, records.text, "`movie:` or `customer,rating,date`");
            }
        }
    }
    Ok(())
}

/// The movie of a line such as `17:`.
fn block(line: &[u8]) -> Option<&[u8]> {
    let number = line.trim_ascii().strip_suffix(b":")?;
    (!number.is_empty() && number.iter().all(u8::is_ascii_digit)).then_some(number)
}

fn steam(file: &str, bytes: &[u8], gathering: &mut Gathering) -> Result<(), LoadError> {
    let mut records = FileRecords::new(bytes, Delimiter::Quoted(b','));
    let mut fields = Vec::new();
    while next(file, &mut records, &mut fields)? {
        match fields.as_slice() {
            [user, game, what, hours, rest @ ..] if rest.len() < 2 && **what == *b"play" => {
                gathering.add(&LineFields { line: records.line, user, item: game, rating: hours, time: None })
            }
            [_, _, what, _, ..] if **what == *b"purchase" => {
                gathering.leave_out("a purchase, which says nothing of hours")
            }
            _ => gathering.cannot(records.line, records.text, "user, game, `play` or `purchase`, and hours"),
        }
    }
    Ok(())
}

fn last_fm(file: &str, bytes: &[u8], gathering: &mut Gathering) -> Result<(), LoadError> {
    let mut records = FileRecords::new(bytes, Delimiter::Plain(b'\t'));
    let mut fields = Vec::new();
    while next(file, &mut records, &mut fields)? {
        let [user, id, name, plays] = fields.as_slice() else {
            gathering.cannot(records.line, records.text, "a user, an artist's MBID, its name and plays between tabs");
            continue;
        };
        let artist = if id.trim_ascii().is_empty() { name } else { id };
        if !is_sha1(user) {
            gathering.leave_out("a line whose user is none");
        } else if artist.trim_ascii().is_empty() {
            gathering.leave_out("a line without an artist");
        } else {
            gathering.add(&LineFields { line: records.line, user, item: artist, rating: plays, time: None });
        }
    }
    Ok(())
}

fn is_sha1(text: &[u8]) -> bool {
    text.len() == 40 && text.iter().all(u8::is_ascii_hexdigit)
}

fn json_lines(file: &str, bytes: &[u8], gathering: &mut Gathering) -> Result<(), LoadError> {
    let mut records = FileRecords::new(bytes, Delimiter::Plain(b'\n'));
    let mut fields = Vec::new();
    let mut columns: Option<[Option<String>; 4]> = None;
    while next(file, &mut records, &mut fields)? {
        let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(records.text) else {
            gathering.cannot(records.line, records.text, "an object of JSON");
            continue;
        };
        if columns.is_none() {
            let names: Vec<String> = object.keys().cloned().collect();
            let places = place_of_columns(&names);
            let [Some(_), Some(_), Some(_), _] = places else {
                let missing = ["a user", "an item", "a rating"].into_iter().zip(places).find(|(_, at)| at.is_none());
                let expected = format!("{} among its keys", missing.map_or("", |(what, _)| what));
                return Err(bad_line(file, records.line, records.text, &expected));
            };
            columns = Some(places.map(|place| place.map(|at| names[at].clone())));
        }
        let text = |place: usize| -> Option<String> {
            let name = columns.as_ref()?[place].as_ref()?;
            match object.get(name)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            }
        };
        match (text(0), text(1), text(2)) {
            (Some(user), Some(item), Some(stars)) => {
                let time = text(3);
                let has_times = columns.as_ref().is_some_and(|columns| columns[3].is_some());
                let time = if has_times { Some(time.unwrap_or_default()) } else { None };
                gathering.add(&LineFields {
                    line: records.line,
                    user: user.as_bytes(),
                    item: item.as_bytes(),
                    rating: stars.as_bytes(),
                    time: time.as_ref().map(String::as_bytes),
                });
            }
            _ => {
                let names: Vec<&str> = columns.iter().flatten().take(3).filter_map(Option::as_deref).collect();
                gathering.cannot(
                    records.line,
                    records.text,
                    &format!("the keys {}", shown(names.join(", ").as_bytes())),
                );
            }
        }
    }
    Ok(())
}
