//! Which scale ratings are on. Rewards, (stars - 3) / 2, and what counts as positive, above 3, are made for stars.

use crate::data::table::{Ratings, reward};

/// The least and the most stars there are.
const STARS: [f32; 2] = [0.5, 5.0];

/// So many ratings that are all 1 are clicks; fewer may be stars.
const ALL_ONE: usize = 10;

/// What the ratings of a table look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Stars from 0.5 to 5.
    Stars,
    /// Another scale.
    Other {
        /// Lowest and highest rating.
        range: [f32; 2],
        /// What it looks like, in words.
        looks: &'static str,
        /// What brings it to stars, or why nothing does.
        mend: &'static str,
    },
}

impl Scale {
    /// Judges the ratings of a table.
    pub fn of(ratings: &Ratings) -> Self {
        let stars = || ratings.rows.iter().map(|row| row.stars);
        let range = [stars().fold(f32::INFINITY, f32::min), stars().fold(f32::NEG_INFINITY, f32::max)];
        let [low, high] = range;
        let all_one = low == 1.0 && high == 1.0 && ratings.rows.len() >= ALL_ONE;
        if ratings.rows.is_empty() || (low >= STARS[0] && high <= STARS[1] && !all_one) {
            return Self::Stars;
        }
        let whole = stars().all(|stars| stars.fract() == 0.0);
        let graded = "only graded ratings can be learned from here: import the stars that the users gave";
        let (looks, mend) = match (low, high) {
            _ if all_one => ("clicks, each of them 1", graded),
            (0.0, 1.0) if whole => ("clicks or likes, 0 or 1", graded),
            (-1.0, 1.0) if whole => ("likes and dislikes, -1 and 1", graded),
            (0.0.., ..=1.0) => ("a scale from 0 to 1", "multiply them by 5"),
            (..0.0, _) => ("a scale around 0", "bring its middle to 3 and its ends to 1 and 5"),
            (_, ..=5.0) => {
                ("a scale from 0 to 5", "leave out the zeros where they mean `not rated`, otherwise raise them to 0.5")
            }
            (_, ..=10.0) => ("a scale up to 10", "halve them"),
            (_, ..=20.0) => ("a scale up to 20", "divide them by 4"),
            _ => ("a scale up to 100", "divide them by 20"),
        };
        Self::Other { range, looks, mend }
    }
}

/// Whether any rating counts as positive.
pub fn has_positives(ratings: &Ratings) -> bool {
    ratings.rows.iter().any(|row| reward(row.stars) > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::table::Rating;

    fn looks(stars: &[f32]) -> Option<&'static str> {
        let row = |(item, stars): (usize, &f32)| Rating { user: 0, item: item as u32, stars: *stars, timestamp: 0 };
        let items = (0..stars.len()).map(|item| item.to_string()).collect();
        let table = Ratings::canonical(vec!["u".to_owned()], items, stars.iter().enumerate().map(row).collect());
        match Scale::of(&table) {
            Scale::Stars => None,
            Scale::Other { range, looks, .. } => {
                assert_eq!(range[0], stars.iter().copied().fold(f32::INFINITY, f32::min));
                Some(looks)
            }
        }
    }

    #[test]
    fn stars_are_told_from_other_scales() {
        for stars in [&[][..], &[0.5, 5.0], &[1.0, 3.0], &[4.0, 0.8], &[1.0, 1.0], &[5.0; 20]] {
            assert_eq!(looks(stars), None, "{stars:?}");
        }
        assert_eq!(looks(&[1.0; 10]), Some("clicks, each of them 1"));
        assert_eq!(looks(&[0.0, 1.0]), Some("clicks or likes, 0 or 1"));
        assert_eq!(looks(&[-1.0, 1.0]), Some("likes and dislikes, -1 and 1"));
        assert_eq!(looks(&[0.2, 1.0]), Some("a scale from 0 to 1"));
        assert_eq!(looks(&[0.0, 0.0]), Some("a scale from 0 to 1"));
        assert_eq!(looks(&[-9.5, 8.0]), Some("a scale around 0"));
        assert_eq!(looks(&[0.0, 5.0]), Some("a scale from 0 to 5"));
        assert_eq!(looks(&[2.0, 10.0]), Some("a scale up to 10"));
        assert_eq!(looks(&[2.0, 19.5]), Some("a scale up to 20"));
        assert_eq!(looks(&[20.0, 100.0]), Some("a scale up to 100"));
    }
}
