//! What a cell of any table holds: numbers as numbers, until a writer makes text of them.

use super::axis::AxisValue;
use super::users::UserCount;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum CellValue {
    /// Nothing, and why.
    Missing(Gap),
    Number(Numeral),
    Count {
        count: usize,
        /// What it should be.
        of: usize,
    },
    Interval {
        low: f64,
        high: f64,
        decimals: usize,
    },
    /// Users behind a number.
    Users(UserCount),
    /// A group's place on an axis.
    Axis(AxisValue),
    Text(String),
}

/// A number and what people are shown with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Numeral {
    pub(super) value: f64,
    pub(super) decimals: usize,
    /// Standard deviation.
    pub(super) spread: Option<f64>,
    pub(super) aside: Aside,
}

/// What stands in brackets behind a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aside {
    Nothing,
    /// The least that it could be.
    Least(f64),
    /// Whom it is of.
    Users(UserCount),
    /// How many of how many seeds it is over.
    Seeds {
        finished: usize,
        expected: usize,
    },
}

/// Why a cell holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// It was not measured, or cannot be computed.
    Unknown,
    /// So few seeds or pairs have no interval.
    TooFew(usize),
    /// No seed is finished that has it.
    Unfinished { finished: usize, expected: usize },
    /// The axis does not concern the group.
    NoAxis,
    /// A paper does not say it.
    NotSaid,
}

impl CellValue {
    /// A number shown with `decimals`; a gap where it is not known.
    pub(super) fn number(value: Option<f64>, decimals: usize) -> Self {
        Self::spread(value.map(|value| (value, None)), decimals)
    }

    /// A mean and its standard deviation, where it has one; a gap where it is not known.
    pub(super) fn spread(value: Option<(f64, Option<f64>)>, decimals: usize) -> Self {
        match value {
            Some((value, spread)) => Self::Number(Numeral { value, decimals, spread, aside: Aside::Nothing }),
            None => Self::Missing(Gap::Unknown),
        }
    }

    /// An interval over `n`; a gap where that is too few for one.
    pub(super) fn interval(interval: Option<(f64, f64)>, n: usize, decimals: usize) -> Self {
        match interval {
            Some((low, high)) => Self::Interval { low, high, decimals },
            None => Self::Missing(Gap::TooFew(n)),
        }
    }

    /// A count of which nothing is missing.
    pub(super) fn whole(count: usize) -> Self {
        Self::Count { count, of: count }
    }

    /// Users behind a number; a gap where they are not known.
    pub(super) fn users(users: Option<UserCount>) -> Self {
        users.map_or(Self::Missing(Gap::Unknown), Self::Users)
    }

    /// A value of an axis, or that it does not concern the group.
    pub(super) fn axis(value: Option<&AxisValue>) -> Self {
        value.map_or(Self::Missing(Gap::NoAxis), |value| Self::Axis(value.clone()))
    }
}
