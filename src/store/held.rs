//! Whether the database holds of a finished trial what its folder says: the rows that taking it in would write, compared
//! value by value without writing them.

use drr_core::Status;
use std::collections::HashMap;

use drr_core::finished::Finished;
use drr_core::journal::Point;
use drr_kinds::KindOf as _;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::write::text;
use super::{Store, StoreProblem};
use crate::error::Result;

impl Store {
    /// Whether this database's rows of a trial are exactly those that [`Store::take_in`] would write.
    ///
    /// # Errors
    /// A failure of the database, or a value of a type that it never writes.
    pub fn holds(&self, finished: &Finished) -> Result<bool> {
        self.reading(|connection| match trial_row(connection, finished)? {
            Some(trial) => Ok(results(connection, trial, finished)? && points(connection, trial, finished)?),
            None => Ok(false),
        })
    }
}

/// The number of the trial's row, if its columns are as they should be.
fn trial_row(connection: &Connection, finished: &Finished) -> std::result::Result<Option<i64>, StoreProblem> {
    let Finished { spec, result, .. } = finished;
    let mut statement = connection.prepare_cached(
        "SELECT id, stage, spec, status, failure, repeats, wall_s, environment, metrics_digest
         FROM trial WHERE hash = ?1",
    )?;
    let mut rows = statement.query([result.trial.to_string()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let is = |column: usize, expected: &str| -> rusqlite::Result<bool> {
        Ok(matches!(row.get_ref(column)?, ValueRef::Text(found) if found == expected.as_bytes()))
    };
    let same = is(1, spec.stage().name())?
        && is(2, &text(spec))?
        && is(3, Status::Finished.name())?
        && matches!(row.get_ref(4)?, ValueRef::Null)
        && row.get::<_, u64>(5)? == result.repeats
        && same_value(row, 6, result.wall_s)?
        && is(7, &text(&result.environment))?
        && is(8, &result.metrics_digest.to_string())?;
    Ok(if same { Some(row.get(0)?) } else { None })
}

fn results(connection: &Connection, trial: i64, finished: &Finished) -> std::result::Result<bool, StoreProblem> {
    let mut statement = connection.prepare_cached(
        "SELECT metric.name, value FROM result LEFT JOIN metric ON metric.id = result.metric
         WHERE trial = ?1 ORDER BY metric.name",
    )?;
    let mut rows = statement.query([trial])?;
    let mut expected = finished.result.metrics.iter();
    while let Some(row) = rows.next()? {
        let Some((name, value)) = expected.next() else { return Ok(false) };
        let named = matches!(row.get_ref(0)?, ValueRef::Text(found) if found == name.as_bytes());
        if !named || !same_value(row, 1, *value)? {
            return Ok(false);
        }
    }
    Ok(expected.next().is_none())
}

fn points(connection: &Connection, trial: i64, finished: &Finished) -> std::result::Result<bool, StoreProblem> {
    // By name and step, as the rows of one name are in the order of the primary key.
    let mut expected: HashMap<&str, Vec<&Point>> = HashMap::new();
    for point in &finished.points {
        expected.entry(&point.name).or_default().push(point);
    }
    for points in expected.values_mut() {
        points.sort_by_key(|point| point.step);
        if finished.spec.is_command() {
            // Of one step what was told last.
            points.reverse();
            points.dedup_by_key(|point| point.step);
            points.reverse();
        }
    }
    let mut statement =
        connection.prepare_cached("SELECT metric, step, value FROM point WHERE trial = ?1 ORDER BY metric, step")?;
    let mut name_of = connection.prepare_cached("SELECT name FROM metric WHERE id = ?1")?;
    let mut rows = statement.query([trial])?;
    let mut current: Option<(i64, std::vec::IntoIter<&Point>)> = None;
    while let Some(row) = rows.next()? {
        let metric: i64 = row.get(0)?;
        if current.as_ref().is_none_or(|(known, _)| *known != metric) {
            if current.is_some_and(|(_, mut rest)| rest.next().is_some()) {
                return Ok(false);
            }
            let name: String = name_of.query_row([metric], |row| row.get(0))?;
            let Some(points) = expected.remove(name.as_str()) else { return Ok(false) };
            current = Some((metric, points.into_iter()));
        }
        let Some(point) = current.as_mut().and_then(|(_, points)| points.next()) else { return Ok(false) };
        if row.get::<_, u64>(1)? != point.step || !same_value(row, 2, point.value)? {
            return Ok(false);
        }
    }
    Ok(expected.is_empty() && current.is_none_or(|(_, mut rest)| rest.next().is_none()))
}

/// The same bits; NULL stands for every NaN.
fn same_value(row: &Row<'_>, column: usize, expected: f64) -> rusqlite::Result<bool> {
    Ok(match row.get::<_, Option<f64>>(column)? {
        Some(found) => found.to_bits() == expected.to_bits(),
        None => expected.is_nan(),
    })
}
