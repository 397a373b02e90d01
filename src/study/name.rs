//! How a person names a group: `pmf`, `tau=0.001`, `drr,drr.tau=0.001,actor_lr=0.0005`.

use super::axis::{AxisValue, short_axis};

/// A policy, values of axes, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupName {
    policy: Option<String>,
    /// Axis, by its full name or its last part, and value.
    values: Vec<(String, String)>,
}

impl GroupName {
    /// All groups of a policy.
    pub(crate) fn of_policy(policy: &str) -> Self {
        Self { policy: Some(policy.to_owned()), values: Vec::new() }
    }

    /// Whether it is a name of the group of `policy` with the values `point` on `axes` (full names), in their order;
    /// an axis that does not concern the group has none.
    pub(crate) fn fits(&self, policy: &str, axes: &[&str], point: &[Option<&AxisValue>]) -> bool {
        // Values alone mean a recommender: no baseline stands on an axis.
        let right_policy = self.policy.as_ref().is_none_or(|wanted| wanted == policy);
        let value = |(axis, value): &(String, String)| {
            let called = |known: &str| known == axis || short_axis(known, axes) == axis;
            let has = |found: &Option<&AxisValue>| found.is_some_and(|found| found.says(value));
            axes.iter().zip(point).any(|(known, found)| called(known) && has(found))
        };
        right_policy && self.values.iter().all(value)
    }
}

impl std::fmt::Display for GroupName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values = self.values.iter().map(|(axis, value)| format!("{axis}={value}"));
        write!(f, "{}", self.policy.iter().cloned().chain(values).collect::<Vec<_>>().join(","))
    }
}

impl std::str::FromStr for GroupName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut baseline = Self { policy: None, values: Vec::new() };
        for part in parts(text).into_iter().map(str::trim) {
            match part.split_once('=') {
                Some((axis, value)) if !axis.trim().is_empty() => {
                    baseline.values.push((axis.trim().to_owned(), value.trim().to_owned()));
                }
                None if !part.is_empty() && baseline.policy.is_none() => baseline.policy = Some(part.to_owned()),
                _ => return Err("name a policy, values of axes, or both: pmf, or drr,tau=0.001".to_owned()),
            }
        }
        Ok(baseline)
    }
}

/// The parts between commas that stand in no list.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth) = (Vec::new(), 0, 0_i32);
    for (at, letter) in text.char_indices() {
        match letter {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_and_values_are_read() {
        let read: GroupName = "drr, drr.tau=0.001".parse().expect("a baseline");
        let values = vec![("drr.tau".to_owned(), "0.001".to_owned())];
        assert_eq!(read, GroupName { policy: Some("drr".to_owned()), values });
        let read: GroupName = "sizes=[64, 64],opt=".parse().expect("a group");
        assert_eq!(read.values, [("sizes".to_owned(), "[64, 64]".to_owned()), ("opt".to_owned(), String::new())]);
        for wrong in ["", "a,b", "=1"] {
            assert!(wrong.parse::<GroupName>().is_err(), "{wrong}");
        }
    }
}
