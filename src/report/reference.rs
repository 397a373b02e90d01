//! The reference group: how a person names it, and which row of a table it is.

use super::axis::AxisValue;
use super::table::{Row, Table};
use crate::study::GroupName;

/// The group others are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(GroupName);

impl Reference {
    /// The networks as initialised: what a report compares with when nobody says otherwise.
    pub(super) fn untrained() -> Self {
        Self(GroupName::of_policy("drr-untrained"))
    }

    /// Whether `row` is the reference. Where the name fits several rows the caller takes the first.
    pub(super) fn names(&self, table: &Table, row: &Row) -> bool {
        let axes: Vec<&str> = table.axes.iter().map(String::as_str).collect();
        self.fits(row.policy, &axes, &row.point.iter().map(Option::as_ref).collect::<Vec<_>>())
    }

    /// Whether the reference is the group of `policy` with the values `point` on `axes`.
    pub(super) fn fits(&self, policy: &str, axes: &[&str], point: &[Option<&AxisValue>]) -> bool {
        self.0.fits(policy, axes, point)
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self)
    }
}
