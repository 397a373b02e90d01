//! What scale ratings look as if they were on. A guess: whoever imports them is asked whether it is right.

use crate::data::table::Ratings;
use crate::spec::RatingScale;

/// The least and the most stars there are.
const STARS: [f32; 2] = [0.5, 5.0];

/// So many ratings that are all 1 are clicks; fewer may be stars.
const ALL_ONE: usize = 10;

/// Values that mean something else than a rating wherever they stand apart.
const CODES: [f32; 6] = [-99.0, -1.0, 99.0, 255.0, 999.0, 9999.0];

/// A value that stands so far apart, in ranges of the rest, is none of them.
const APART: f32 = 0.5;

/// So many values, equally far apart, are a whole scale.
const STEPS: std::ops::RangeInclusive<usize> = 5..=21;

/// What the ratings of a table look like.
#[derive(Clone, Debug, PartialEq)]
pub enum ScaleGuess {
    /// Stars from 0.5 to 5.
    Stars,
    /// Another scale.
    Other {
        /// Lowest and highest rating.
        range: [f32; 2],
        /// What it looks like, in words.
        looks: &'static str,
        /// The scale that it may be.
        scale: RatingScale,
        /// Values that look as if they meant something else than a rating, and how many there are of each.
        codes: Vec<(f32, usize)>,
    },
}

impl ScaleGuess {
    /// Judges the ratings of a table.
    pub fn of(ratings: &Ratings) -> Self {
        let range = ratings.range();
        let [low, high] = range;
        let all_one = low == 1.0 && high == 1.0 && ratings.rows.len() >= ALL_ONE;
        let in_range = low >= STARS[0] && high <= STARS[1] && !all_one;
        let is_half = |rating: f32| (rating * 2.0).fract() == 0.0;
        if ratings.rows.is_empty() || (in_range && ratings.rows.iter().all(|row| is_half(row.stars))) {
            return Self::Stars;
        }
        let mut values = counted(ratings);
        let mut codes = Vec::new();
        while let Some(at) = code(&values) {
            codes.push(values.remove(at));
        }
        let values: Vec<f32> = values.into_iter().map(|(value, _)| value).collect();
        // Means of stars fall anywhere; few values, equally far apart and no halves, are a scale of their own.
        if in_range && !(STEPS.contains(&values.len()) && even(&values)) {
            return Self::Stars;
        }
        let (looks, scale) = scale(&values);
        codes.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
        Self::Other { range, looks, scale, codes }
    }
}

/// Each value once, in order, and how often it is there.
fn counted(ratings: &Ratings) -> Vec<(f32, usize)> {
    let mut all: Vec<f32> = ratings.rows.iter().map(|row| row.stars).collect();
    all.sort_unstable_by(f32::total_cmp);
    all.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len())).collect()
}

/// The place of a value at an end that is no rating as the others are.
fn code(values: &[(f32, usize)]) -> Option<usize> {
    let count = values.len();
    if count < 3 {
        return None;
    }
    let at = |place: usize| values[place].0;
    let apart = |end: usize, next: usize, rest: f32| {
        let gap = (at(end) - at(next)).abs();
        CODES.contains(&at(end)) && gap > APART * rest && gap > 1.0
    };
    if apart(count - 1, count - 2, at(count - 2) - at(0)) {
        return Some(count - 1);
    }
    if apart(0, 1, at(count - 1) - at(1)) {
        return Some(0);
    }
    // Below a scale from 1 on, 0 and -1 say that there is no rating.
    let from_one = at(1) >= 1.0 && (at(0) == -1.0 || at(0) == 0.0);
    let whole = |value: &(f32, usize)| value.0.fract() == 0.0;
    let is_scale = matches!(at(count - 1), 5.0 | 7.0 | 10.0 | 20.0 | 100.0);
    // Beside half points 0 may be the lowest of them.
    (from_one && is_scale && values.iter().all(whole) && count > 3)
        .then_some(0)
        .or_else(|| (at(0) == -1.0 && at(1) >= 0.0 && at(count - 1) > 1.0).then_some(0))
}

/// What values look like, and the scale they may be on.
fn scale(values: &[f32]) -> (&'static str, RatingScale) {
    let linear = |low: f32, high: f32| RatingScale { low, high, is_log: false };
    let (low, high) = (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(1.0));
    let whole = values.iter().all(|value| value.fract() == 0.0);
    let bounded = [1.0, 2.0, 5.0, 10.0, 100.0].into_iter().find(|end| low.abs().max(high) <= *end);
    let rounded = |low: f32| if low >= 1.0 { 1.0 } else { 0.0 };
    match (low, high) {
        (1.0, 1.0) => ("clicks, each of them 1", linear(0.0, 1.0)),
        (0.0, 1.0) if values.len() == 2 => ("clicks or likes, 0 or 1", linear(0.0, 1.0)),
        (-1.0, 1.0) if whole => ("likes and dislikes, -1 and 1", linear(-1.0, 1.0)),
        (1.0.., ..=5.0) if whole => ("stars", RatingScale::STARS),
        _ if STEPS.contains(&values.len()) && even(values) && high <= 100.0 => {
            ("a scale of equal steps", linear(low, high))
        }
        (0.0.., ..=1.0) => ("a scale from 0 to 1", linear(0.0, 1.0)),
        (0.5.., ..=5.0) => ("stars", RatingScale::STARS),
        (..0.0, _) => {
            let end = bounded.unwrap_or_else(|| low.abs().max(high).ceil());
            ("a scale around 0", linear(-end, end))
        }
        (_, ..=5.0) => ("a scale from 0 to 5", linear(0.0, 5.0)),
        (_, ..=10.0) => ("a scale up to 10", linear(rounded(low), 10.0)),
        (_, ..=20.0) => ("a scale up to 20", linear(rounded(low), 20.0)),
        (_, ..=100.0) => ("a scale up to 100", linear(rounded(low), 100.0)),
        _ => {
            let least = values.iter().copied().find(|value| *value > 0.0).unwrap_or(1.0);
            ("counts or times", RatingScale { low: least.min(1.0), high, is_log: true })
        }
    }
}

/// Whether values stand equally far apart, but for rounding.
fn even(values: &[f32]) -> bool {
    let step = (values[values.len() - 1] - values[0]) / (values.len() - 1) as f32;
    values.windows(2).all(|pair| ((pair[1] - pair[0]) / step - 1.0).abs() < 1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::table::Rating;

    type Guessed = (&'static str, String, Vec<(f32, usize)>);

    /// What ratings look like, the scale they may be on, and what may be codes.
    fn guess(stars: &[f32]) -> Option<Guessed> {
        let row = |(item, stars): (usize, &f32)| Rating { user: 0, item: item as u32, stars: *stars, timestamp: 0 };
        let items = (0..stars.len()).map(|item| item.to_string()).collect();
        let table = Ratings::canonical(vec!["u".to_owned()], items, stars.iter().enumerate().map(row).collect());
        match ScaleGuess::of(&table) {
            ScaleGuess::Stars => None,
            ScaleGuess::Other { range, looks, scale, codes } => {
                assert_eq!(range, table.range());
                Some((looks, scale.to_string(), codes))
            }
        }
    }

    #[track_caller]
    fn check(stars: &[f32], looks: &str, scale: &str, codes: &[(f32, usize)]) {
        let (found, guessed, code) = guess(stars).expect("no stars");
        assert_eq!((found, guessed.as_str(), code.as_slice()), (looks, scale, codes), "{stars:?}");
    }

    #[test]
    fn stars_are_told_from_other_scales() {
        for stars in [&[][..], &[0.5, 5.0], &[1.0, 3.0], &[4.0, 0.8], &[1.0, 1.0], &[5.0; 20]] {
            assert_eq!(guess(stars), None, "{stars:?}");
        }
        assert_eq!(guess(&[1.1, 2.7, 3.3, 4.9, 5.0]), None, "means of stars");
        check(&[0.8, 1.6, 2.4, 3.2, 4.0], "a scale of equal steps", "0.8..4", &[]);
        check(&[1.0; 10], "clicks, each of them 1", "0..1", &[]);
        check(&[0.0, 1.0], "clicks or likes, 0 or 1", "0..1", &[]);
        check(&[-1.0, 1.0], "likes and dislikes, -1 and 1", "-1..1", &[]);
        check(&[0.2, 1.0], "a scale from 0 to 1", "0..1", &[]);
        check(&[0.2, 0.4, 0.6, 0.8, 1.0], "a scale of equal steps", "0.2..1", &[]);
        check(&[-9.5, 8.0], "a scale around 0", "-10..10", &[]);
        check(&[0.0, 0.3, 5.0], "a scale from 0 to 5", "0..5", &[]);
        check(&[2.0, 4.0, 6.0, 8.0, 10.0], "a scale of equal steps", "2..10", &[]);
        check(&[2.0, 3.5, 10.0], "a scale up to 10", "1..10", &[]);
        check(&[2.0, 19.5], "a scale up to 20", "1..20", &[]);
        check(&[20.0, 40.0, 60.0, 80.0, 100.0], "a scale of equal steps", "20..100", &[]);
        check(&[0.0, 33.0, 100.0], "a scale up to 100", "0..100", &[]);
        check(&[1.0, 5.0, 13_883.0], "counts or times", "log 1..13883", &[]);
        check(&[0.1, 273.0, 11_754.0], "counts or times", "log 0.1..11754", &[]);
    }

    #[test]
    fn values_that_stand_apart_may_be_codes() {
        let jester = [-9.95, -3.2, 0.4, 7.1, 99.0, 99.0];
        check(&jester, "a scale around 0", "-10..10", &[(99.0, 2)]);
        let books: Vec<f32> = (0..=10_u8).map(f32::from).chain([0.0]).collect();
        check(&books, "a scale of equal steps", "1..10", &[(0.0, 2)]);
        check(&[-1.0, 1.0, 2.0, 6.0, 10.0], "a scale up to 10", "1..10", &[(-1.0, 1)]);
        check(&[0.0, 50.0, 100.0, 255.0], "a scale up to 100", "0..100", &[(255.0, 1)]);
        check(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "stars", "1..5", &[(0.0, 1)]);
        check(&[-1.0, 1.0, 2.0, 3.0, 4.0, 5.0], "stars", "1..5", &[(-1.0, 1)]);
        check(&[-99.0, 1.0, 2.0, 3.0, 4.0, 5.0], "stars", "1..5", &[(-99.0, 1)]);
        check(&[0.0, 0.5, 1.0, 5.0], "a scale from 0 to 5", "0..5", &[]);
    }
}
