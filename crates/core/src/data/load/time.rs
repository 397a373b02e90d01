//! Times of ratings: whole seconds, which nearly all are, fractions of seconds, and dates as ISO 8601 writes them.

use crate::data::table::Rating;

/// What a time should be, as errors say it.
pub(super) const EXPECTED: &str = "a timestamp (a number of seconds, or a date such as 2001-02-03 04:05:06)";

/// With fractions about, times are kept in this part of a second.
const PARTS: i64 = 1_000_000;

/// Reads the times of a file, and remembers what was unusual about them.
#[derive(Default)]
pub(super) struct Times {
    /// Rows whose time has a fraction, and it.
    fractions: Vec<(usize, u32)>,
    /// How many were dates.
    pub(super) dates: usize,
}

impl Times {
    /// The whole seconds of a time; `row` is the number of its rating.
    pub(super) fn read(&mut self, text: &[u8], row: usize) -> Option<i64> {
        let text = std::str::from_utf8(text.trim_ascii()).ok()?;
        if let Ok(value) = text.parse::<i64>() {
            return Some(value);
        }
        let (value, fraction) = match number(text) {
            Some(read) => read,
            None => {
                let read = date(text.as_bytes())?;
                self.dates += 1;
                read
            }
        };
        if fraction > 0 {
            self.fractions.push((row, fraction));
        }
        Some(value)
    }

    /// Brings milliseconds among seconds to seconds, and all times to microseconds where one has a fraction, so that none
    /// loses its place in the order. `None` where the times are too large for that.
    pub(super) fn finish(&self, rows: &mut [Rating], mends: bool) -> Option<FinishedTimes> {
        let milliseconds = if mends { to_seconds(rows) } else { 0 };
        if self.fractions.is_empty() {
            return Some(FinishedTimes { fractions: 0, milliseconds });
        }
        for row in rows.iter_mut() {
            row.timestamp = row.timestamp.checked_mul(PARTS)?;
        }
        for &(row, fraction) in &self.fractions {
            rows[row].timestamp = rows[row].timestamp.checked_add(i64::from(fraction))?;
        }
        Some(FinishedTimes { fractions: self.fractions.len(), milliseconds })
    }
}

/// What was unusual about times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FinishedTimes {
    /// How many had a fraction of a second.
    pub(super) fractions: usize,
    /// How many were milliseconds among seconds.
    pub(super) milliseconds: usize,
}

/// Seconds of the years 1973 to 2286; what is a thousand times as much are milliseconds.
const SECONDS: std::ops::Range<i64> = 100_000_000..10_000_000_000;

/// Where some times are seconds and others milliseconds, those become seconds; how many did.
fn to_seconds(rows: &mut [Rating]) -> usize {
    let is_milliseconds = |time: i64| SECONDS.contains(&(time / 1000));
    if !rows.iter().any(|row| is_milliseconds(row.timestamp))
        || !rows.iter().any(|row| SECONDS.contains(&row.timestamp))
    {
        return 0;
    }
    let mut count = 0;
    for row in rows.iter_mut().filter(|row| is_milliseconds(row.timestamp)) {
        row.timestamp /= 1000;
        count += 1;
    }
    count
}

/// The day of a time in seconds since 1970, as `2001-02-03`.
pub fn day(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400);
    // Counted from 1 March of year 0, in eras of 400 years.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let dom = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{dom:02}", era * 400 + year + later)
}

/// Whether a field can be a time.
pub(super) fn is_time(text: &[u8]) -> bool {
    Times::default().read(text, 0).is_some()
}

/// A number such as `8.8125e8`, `881250949.0` or `1217896793.5`: whole seconds and microseconds.
fn number(text: &str) -> Option<(i64, u32)> {
    let value: f64 = text.parse().ok()?;
    // Beyond 2^53 a double no longer tells neighbouring seconds apart.
    if value.is_nan() || value.abs() > 9_007_199_254_740_992.0 {
        return None;
    }
    let (whole, fraction) = (value.floor(), value - value.floor());
    let parts = (fraction * PARTS as f64).round() as i64;
    Some((whole as i64 + parts / PARTS, (parts % PARTS) as u32))
}

/// `2001-02-03`, `2001-02-03 04:05`, `2001-02-03T04:05:06.5Z`, `… +02:00`: seconds since 1970 and microseconds. Without a
/// zone it is UTC.
fn date(text: &[u8]) -> Option<(i64, u32)> {
    let (day, rest) = text.split_at_checked(10)?;
    let [year, month, dom] = parts(day, b'-', [4, 2, 2])?;
    let month_days = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=month_days).contains(&dom) {
        return None;
    }
    let midnight = days(year, month, dom) * 86_400;
    let Some((b'T' | b't' | b' ', clock)) = rest.split_first().map(|(first, rest)| (*first, rest)) else {
        return rest.is_empty().then_some((midnight, 0));
    };
    let (clock, zone) = zone(clock)?;
    let (clock, fraction) = match clock.iter().position(|byte| *byte == b'.') {
        Some(dot) => (&clock[..dot], micros(&clock[dot + 1..])?),
        None => (clock, 0),
    };
    let [hour, minute, second] = match clock.len() {
        5 => parts(clock, b':', [2, 2]).map(|[hour, minute]| [hour, minute, 0])?,
        _ => parts(clock, b':', [2, 2, 2])?,
    };
    // A leap second is written as the sixtieth.
    (hour < 24 && minute < 60 && second <= 60)
        .then_some((midnight + hour * 3600 + minute * 60 + second - zone, fraction))
}

/// Splits the zone off a time of day: what is left, and seconds east of Greenwich.
fn zone(clock: &[u8]) -> Option<(&[u8], i64)> {
    if let Some(rest) = clock.strip_suffix(b"Z").or_else(|| clock.strip_suffix(b"z")) {
        return Some((rest, 0));
    }
    if let Some(rest) = clock.strip_suffix(b" UTC") {
        return Some((rest, 0));
    }
    let Some(at) = clock.iter().position(|byte| b"+-".contains(byte)) else { return Some((clock, 0)) };
    let east = &clock[at + 1..];
    let [hours, minutes] = match east.len() {
        2 => parts(east, b':', [2]).map(|[hours]| [hours, 0])?,
        4 => parts(&east[..2], b':', [2]).zip(parts(&east[2..], b':', [2])).map(|([h], [m])| [h, m])?,
        _ => parts(east, b':', [2, 2])?,
    };
    let seconds = hours * 3600 + minutes * 60;
    Some((clock[..at].trim_ascii_end(), if clock[at] == b'-' { -seconds } else { seconds }))
}

/// Whole numbers of so many digits, with one byte between them.
fn parts<const N: usize>(text: &[u8], between: u8, digits: [usize; N]) -> Option<[i64; N]> {
    let mut numbers = [0; N];
    let mut fields = text.split(|byte| *byte == between);
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let field = fields.next().filter(|field| field.len() == digits && field.iter().all(u8::is_ascii_digit))?;
        *number = field.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    }
    fields.next().is_none().then_some(numbers)
}

/// The digits after the point of a second, as microseconds; what is finer is cut off.
fn micros(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some((0..6).fold(0, |number, at| number * 10 + digits.get(at).map_or(0, |digit| u32::from(digit - b'0'))))
}

/// Days since 1970-01-01, in the calendar of today carried backwards.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is a year's last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before_month = (153 * month + 2) / 5;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + before_month + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(i64, u32)> {
        let mut times = Times::default();
        let whole = times.read(text.as_bytes(), 0)?;
        Some((whole, times.fractions.first().map_or(0, |(_, fraction)| *fraction)))
    }

    #[test]
    fn numbers_may_have_fractions_and_exponents() {
        assert_eq!(["7", "881250949.0", "-3", "8.5e2"].map(read), [7, 881_250_949, -3, 850].map(|it| Some((it, 0))));
        assert_eq!(read("1217896793.5"), Some((1_217_896_793, 500_000)));
        assert_eq!(read("-1.25"), Some((-2, 750_000)));
        assert_eq!(read("0.9999999"), Some((1, 0)));
        assert!(["", "nan", "inf", "1e300", "now", "4,5"].iter().all(|text| read(text).is_none()));
    }

    #[test]
    fn a_day_is_written_as_it_is_read() {
        for days in (-200_000..200_000_i64).step_by(37) {
            let written = day(days * 86_400 + 4000);
            assert_eq!(date(written.as_bytes()), Some((days * 86_400, 0)), "{written}");
        }
    }

    #[test]
    fn dates_count_from_1970_in_utc() {
        assert_eq!(read("1970-01-01"), Some((0, 0)));
        assert_eq!(read("2000-01-31 23:59:59"), Some((949_363_199, 0)));
        assert_eq!(read("2000-02-29T00:00Z"), Some((951_782_400, 0)));
        assert_eq!(read("2008-08-05T00:39:53.25+00:00"), Some((1_217_896_793, 250_000)));
        assert_eq!(read("2008-08-05 02:39:53 +0200"), Some((1_217_896_793, 0)));
        assert_eq!(read("2008-08-04 22:09:53-02:30"), Some((1_217_896_793, 0)));
        assert_eq!(read("1969-12-31 23:59:58 UTC"), Some((-2, 0)));
        let wrong = [
            "2001-02-29",
            "2001-13-01",
            "2001-00-10",
            "2001-1-2",
            "01/02/2001",
            "2001-02-03 24:00",
            "2001-02-03 1:00",
            "2001-02-03T",
            "2001-02-03 04:05:06.",
            "2001-02-03 04:05:06 CET",
            "2001-02-03x",
            "2001-02-0é",
            "2001-02-03 +",
        ];
        assert!(wrong.iter().all(|text| read(text).is_none()));
    }

    #[test]
    fn one_fraction_brings_all_times_to_microseconds() {
        let rating = |timestamp| Rating { user: 0, item: 0, stars: 3.0, timestamp };
        let mut times = Times::default();
        let mut rows: Vec<Rating> = Vec::new();
        for text in ["10", "10.5", "10.25"] {
            let time = times.read(text.as_bytes(), rows.len()).expect("a time");
            rows.push(rating(time));
        }
        assert_eq!(times.finish(&mut rows, true), Some(FinishedTimes { fractions: 2, milliseconds: 0 }));
        assert_eq!(rows.iter().map(|row| row.timestamp).collect::<Vec<_>>(), [10_000_000, 10_500_000, 10_250_000]);
        assert_eq!(times.finish(&mut [rating(i64::MAX / 2)], true), None, "too large to keep");
        let mut whole = [rating(i64::MAX)];
        let finished = FinishedTimes { fractions: 0, milliseconds: 0 };
        assert_eq!(Times::default().finish(&mut whole, true), Some(finished));
        assert_eq!(whole[0].timestamp, i64::MAX);
    }
}
