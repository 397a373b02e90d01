//! The look of every group of a sweep, given once: the same group has the same colour, dash and marker in every figure, whatever
//! else the figure shows. Looks are given in the order of the main table, the best first, so that what stands in the first figures
//! differs in colour; beyond eight groups a colour comes back with another dash and another marker. Baselines keep looks of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::style::{LOOKS, MARKED, SeriesStyle, of_baseline, of_recommender, variant};
use crate::report::axis::AxisValues;
use crate::report::group::{Group, Study, is_subject};
use crate::report::marks::sign;
use crate::report::table::Table;

/// The looks of a sweep's groups.
#[derive(Debug, Default)]
pub(in crate::report) struct GroupLooks {
    /// By the policy, or the model while it trains.
    of: BTreeMap<&'static str, BTreeMap<AxisValues, SeriesStyle>>,
}

impl GroupLooks {
    /// The looks of all groups of `studies`, of which the first is the main one.
    pub(in crate::report) fn of(studies: &[(Study<'_>, Vec<Table>)]) -> Self {
        let mut looks = Self::default();
        let (mut subjects, mut repeats) = (0, BTreeMap::<&str, usize>::new());
        // A configuration may not look like a baseline that stands beside it.
        let policies = studies.iter().flat_map(|(study, _)| study.groups.iter().map(|group| group.policy));
        let mut taken: Vec<SeriesStyle> =
            policies.collect::<BTreeSet<_>>().into_iter().filter_map(of_baseline).collect();
        for (study, tables) in studies {
            for group in ranked(study, tables.first()) {
                if looks.known(group.policy, &group.point).is_some() {
                    continue;
                }
                let own = of_baseline(group.policy).filter(|_| !is_subject(group.policy));
                let look = match own {
                    // A baseline has a look of its own; of several rows of one, the best has it as it is.
                    Some(own) => {
                        let count = repeats.entry(group.policy).or_default();
                        *count += 1;
                        variant(own, *count - 1)
                    }
                    None => {
                        subjects += 1;
                        free(subjects - 1, &taken)
                    }
                };
                taken.push(look);
                looks.of.entry(group.policy).or_default().insert(group.point.clone(), look);
            }
        }
        looks
    }

    /// The look of a group.
    pub(in crate::report) fn look(&self, policy: &str, point: &AxisValues) -> SeriesStyle {
        self.known(policy, point).or_else(|| of_baseline(policy)).unwrap_or_else(|| of_recommender(0))
    }

    /// The look of a group that has one. A model that is evaluated under one setting alone is the one that was trained: its curve looks as
    /// its evaluation does.
    fn known(&self, policy: &str, point: &AxisValues) -> Option<SeriesStyle> {
        let all = self.of.get(policy)?;
        let holds = |known: &AxisValues| {
            known.len() > point.len() && point.iter().all(|(axis, value)| known.get(axis) == Some(value))
        };
        let only = || {
            let mut fitting = all.iter().filter(|(known, _)| holds(known)).map(|(_, look)| look);
            fitting.next().filter(|_| fitting.next().is_none())
        };
        all.get(point).or_else(only).copied()
    }
}

/// The look of configuration number `index` that is like none of `taken`: its own, or its colour with another dash and marker. Where
/// all of its colour are taken, its own again.
fn free(index: usize, taken: &[SeriesStyle]) -> SeriesStyle {
    let turns = (0..MARKED).map(|turn| of_recommender(index + turn * LOOKS));
    let is_free = |look: &SeriesStyle| !taken.iter().any(|other| other.is_like(look));
    let mut turns = turns.filter(is_free);
    turns.next().unwrap_or_else(|| of_recommender(index))
}

/// The groups of a study, the best of its main table's first ranked column first; those without a number follow.
fn ranked<'s, 'a>(study: &'s Study<'a>, table: Option<&Table>) -> Vec<&'s Group<'a>> {
    let mut groups: Vec<&Group<'a>> = study.groups.iter().collect();
    if let Some((metric, table)) = table.and_then(|table| Some((table.compared().next()?.1, table))) {
        let name = metric.name();
        let mean = |group: &Group<'_>| {
            let mean = group.score(&name).map(|score| sign(metric) * score.summary.mean);
            mean.filter(|mean| !mean.is_nan()).unwrap_or(f64::NEG_INFINITY)
        };
        debug_assert_eq!(table.rows.len(), study.groups.len(), "a row for each group");
        let mut keyed: Vec<(f64, &Group<'a>)> = groups.into_iter().map(|group| (mean(group), group)).collect();
        keyed.sort_by(|a, b| b.0.total_cmp(&a.0));
        groups = keyed.into_iter().map(|(_, group)| group).collect();
    }
    groups
}

/// What must be said of series that share a colour, or more; nothing where each has its own.
pub(super) fn shared(styles: &[SeriesStyle]) -> &'static str {
    let pairs = |same: fn(&SeriesStyle, &SeriesStyle) -> bool| {
        styles.iter().enumerate().any(|(at, one)| styles[at + 1..].iter().any(|other| same(one, other)))
    };
    match (pairs(SeriesStyle::is_like), pairs(|one, other| one.color == other.color)) {
        (true, _) => " Some look alike: the table tells them apart.",
        (false, true) => " Some share a colour: dash and marker tell them apart.",
        (false, false) => "",
    }
}
