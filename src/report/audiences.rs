//! Which rows of a table are of the same users. A setting that decides who is evaluated, the length of the history for one, changes
//! the question with the answer: rows on different users are neither bold nor ≈ against each other, have no difference, and no rank.

use super::axis::AxisValue;
use super::table::{Metric, Row, Table};
use super::users::UserCount;
use crate::study::axis::short_axis;

/// The rows that have a number in `column`, by whom it is of: each part is of the same users. One part where all are.
pub(super) fn pools(rows: &[Row], column: usize) -> Vec<Vec<usize>> {
    let mut pools: Vec<Vec<usize>> = Vec::new();
    let audience = |at: usize| rows[at].cells[column].as_ref().map(|cell| &cell.audience);
    for at in 0..rows.len() {
        let Some(own) = audience(at) else { continue };
        let same = |pool: &&mut Vec<usize>| {
            pool.iter().take(KNOWN).all(|&it| audience(it).is_some_and(|it| own.is_that_of(it)))
        };
        match pools.iter_mut().find(same) {
            Some(pool) => pool.push(at),
            None => pools.push(vec![at]),
        }
    }
    pools
}

/// Rows of a part that another is held against: among a few of them there is one that has its seeds.
const KNOWN: usize = 8;

/// Whether the numbers of two rows are of the same users in all of `columns`.
pub(super) fn are_alike(one: &Row, other: &Row, mut columns: impl Iterator<Item = usize>) -> bool {
    columns.all(|column| match (&one.cells[column], &other.cells[column]) {
        (Some(one), Some(other)) => one.audience.is_that_of(&other.audience),
        _ => true,
    })
}

/// The axes that decide who is evaluated: two rows that differ in one of them alone are of different users.
pub(super) fn deciding_axes<'t>(axes: &'t [String], rows: &[Row], pools: &[Vec<usize>]) -> Vec<&'t str> {
    let differ_in_one = |one: &Row, other: &Row, at: usize| {
        one.policy == other.policy && (0..axes.len()).all(|axis| (one.point[axis] == other.point[axis]) == (axis != at))
    };
    let pair = |at: usize| {
        pools.iter().enumerate().any(|(place, pool)| {
            let others = || pools[place + 1..].iter().flatten();
            pool.iter().any(|&one| others().any(|&other| differ_in_one(&rows[one], &rows[other], at)))
        })
    };
    (0..axes.len()).filter(|&at| pools.len() > 1 && pair(at)).map(|at| axes[at].as_str()).collect()
}

/// Whom a part is of: `285 users at history 5`.
pub(super) fn words(axes: &[String], rows: &[Row], column: usize, pool: &[usize], deciding: &[&str]) -> String {
    let cells = pool.iter().filter_map(|&at| rows[at].cells[column].as_ref());
    let users = UserCount::over(cells.filter_map(|cell| cell.users));
    let all: Vec<&str> = axes.iter().map(String::as_str).collect();
    let values = deciding.iter().filter_map(|axis| {
        let at = axes.iter().position(|known| known == axis)?;
        let mut values: Vec<&AxisValue> = Vec::new();
        for value in pool.iter().filter_map(|&row| rows[row].point[at].as_ref()) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let values: Vec<String> = values.into_iter().map(ToString::to_string).collect();
        (!values.is_empty()).then(|| format!("{} {}", short_axis(axis, &all), values.join(" or ")))
    });
    let values = values.collect::<Vec<_>>().join(", ");
    match (users, values.is_empty()) {
        (Some(users), false) => format!("{users} at {values}"),
        (Some(users), true) => users.to_string(),
        (None, false) => format!("those at {values}"),
        (None, true) => "others".to_owned(),
    }
}

/// What decides who is evaluated, as the beginning of a sentence.
pub(super) fn culprits(deciding: &[&str]) -> String {
    match deciding {
        [] => "the settings that differ change".to_owned(),
        [axis] => format!("{axis} changes"),
        [axes @ .., last] => format!("{} and {last} change", axes.join(", ")),
    }
}

/// Parts that are told one by one.
const TOLD: usize = 6;

/// What must be said of a table whose rows are of different users; nothing where all are of the same.
pub(super) fn note(axes: &[String], rows: &[Row], metrics: &[Metric]) -> Option<String> {
    let ranked = metrics.iter().enumerate().filter(|(_, metric)| metric.is_ranked());
    let (column, metric, pools) =
        ranked.map(|(column, metric)| (column, metric, pools(rows, column))).find(|(.., pools)| pools.len() > 1)?;
    let deciding = deciding_axes(axes, rows, &pools);
    let parts = pools.iter().take(TOLD).map(|pool| words(axes, rows, column, pool, &deciding)).collect::<Vec<_>>();
    let more = if pools.len() > TOLD { ", and more" } else { "" };
    Some(format!(
        "Different users: {} who is evaluated ({}: {}{more}). Bold, ≈, differences and tests are among rows on the same users; \
         nothing is ranked across them.",
        culprits(&deciding),
        metric.header,
        parts.join("; "),
    ))
}

/// The same for a figure.
pub(super) const CAUTION: &str = " Not all are of the same users: a setting that differs decides who is evaluated, so they are not to be ranked across it.";

/// [`CAUTION`] for a figure of a table that needs it.
pub(super) fn caution(table: &Table) -> &'static str {
    let is_mixed = table.compared().any(|(column, _)| pools(&table.rows, column).len() > 1);
    if is_mixed { CAUTION } else { "" }
}
