//! Where values become text, for the writers: what people are shown, and what programs read in full precision.

use super::grid::GridHeader;
use super::value::{Aside, CellValue, Gap, Numeral};
use crate::neutral;

impl CellValue {
    /// For people.
    pub(super) fn shown(&self) -> String {
        match self {
            CellValue::Missing(gap) => gap.shown(),
            CellValue::Number(number) => number.shown(),
            CellValue::Count { count, of } => self::count(*count, *of),
            CellValue::Interval { low, high, decimals } => {
                format!("{} to {}", number(*low, *decimals), number(*high, *decimals))
            }
            CellValue::Users(users) if users.least == users.most => users.most.to_string(),
            CellValue::Users(users) => format!("{} to {}", users.least, users.most),
            CellValue::Axis(value) => neutral::line(&value.to_string()).into_owned(),
            CellValue::Text(text) => text.clone(),
        }
    }

    /// For a field that programs read and columns sort by.
    pub(super) fn field(&self) -> String {
        match self {
            CellValue::Missing(Gap::Unknown | Gap::TooFew(_) | Gap::Unfinished { .. }) => String::new(),
            CellValue::Missing(gap @ (Gap::NoAxis | Gap::NotSaid)) => gap.shown(),
            CellValue::Number(number) => number.value.to_string(),
            CellValue::Interval { low, high, .. } => format!("{low} {high}"),
            CellValue::Users(users) if users.least != users.most => format!("{} {}", users.least, users.most),
            CellValue::Count { .. } | CellValue::Users(_) | CellValue::Axis(_) | CellValue::Text(_) => self.shown(),
        }
    }
}

impl GridHeader {
    /// For people: with the users behind its column.
    pub(super) fn shown(&self) -> String {
        match self.users {
            Some(users) => format!("{} ({users})", self.text),
            None => self.text.clone(),
        }
    }
}

impl Numeral {
    /// `0.755 ± 0.004 (n = 2/3)`.
    fn shown(&self) -> String {
        let own = spread(self.value, self.spread, self.decimals);
        let aside = match self.aside {
            Aside::Nothing => String::new(),
            Aside::Least(least) => format!(" [{}]", number(least, self.decimals)),
            Aside::Users(users) => format!(" ({users})"),
            Aside::Seeds { finished, expected } => format!(" (n = {})", count(finished, expected)),
        };
        format!("{own}{aside}")
    }
}

impl Gap {
    fn shown(self) -> String {
        match self {
            Gap::Unknown | Gap::NoAxis => "–".to_owned(),
            Gap::TooFew(n) => format!("n = {n}, no interval"),
            Gap::Unfinished { finished, expected } => format!("– (n = {})", count(finished, expected)),
            Gap::NotSaid => "not said".to_owned(),
        }
    }
}

/// `0.755 ± 0.004`; without a spread the number alone.
pub(super) fn spread(value: f64, spread: Option<f64>, decimals: usize) -> String {
    let own = number(value, decimals);
    spread.map_or_else(|| own.clone(), |spread| format!("{own} ± {}", number(spread, decimals)))
}

/// `3`, or `2/3` where some are missing.
pub(super) fn count(count: usize, of: usize) -> String {
    if count == of { count.to_string() } else { format!("{count}/{of}") }
}

/// `value` with `decimals`; never `-0.000`.
pub(super) fn number(value: f64, decimals: usize) -> String {
    if value.is_finite() && value.abs() >= 1e15 {
        // So many digits say nothing, and fill a screen.
        return format!("{value:.3e}");
    }
    let text = format!("{value:.decimals$}");
    if text.trim_start_matches('-').chars().all(|letter| matches!(letter, '0' | '.')) {
        return text.trim_start_matches('-').to_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_decimals_and_no_negative_zero() {
        let three = |value| number(value, 3);
        assert_eq!([0.7549, -0.0312, -0.0001, 0.0, f64::NAN].map(three), ["0.755", "-0.031", "0.000", "0.000", "NaN"]);
        assert_eq!(number(0.123_456, 5), "0.12346");
        assert_eq!([-1.7e308, f64::INFINITY].map(three), ["-1.700e308", "inf"]);
    }

    #[test]
    fn people_are_shown_digits_and_programs_read_all_of_them() {
        let number = |aside| CellValue::Number(Numeral { value: 0.12345, decimals: 2, spread: Some(0.02), aside });
        for (value, shown, field) in [
            (number(Aside::Nothing), "0.12 ± 0.02", "0.12345"),
            (number(Aside::Least(0.0625)), "0.12 ± 0.02 [0.06]", "0.12345"),
            (number(Aside::Seeds { finished: 2, expected: 3 }), "0.12 ± 0.02 (n = 2/3)", "0.12345"),
            (CellValue::interval(Some((0.123, 0.5)), 9, 1), "0.1 to 0.5", "0.123 0.5"),
            (CellValue::interval(None, 2, 1), "n = 2, no interval", ""),
            (CellValue::number(None, 1), "–", ""),
            (CellValue::axis(None), "–", "–"),
            (CellValue::Count { count: 2, of: 3 }, "2/3", "2/3"),
            (CellValue::Missing(Gap::Unfinished { finished: 0, expected: 3 }), "– (n = 0/3)", ""),
        ] {
            assert_eq!((value.shown().as_str(), value.field().as_str()), (shown, field));
        }
    }
}
