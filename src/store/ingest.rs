//! Taking in a finished run folder: everything is checked against everything before a row is written.

use std::collections::HashMap;

use drr_core::finished::{self, Finished};
use drr_core::journal::Point;
use drr_core::trial_dir::TrialDir;
use drr_kinds::KindOf as _;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::write::{add_trial, text};
use super::{Store, StoreProblem};
use crate::error::{Error, Result};

impl Store {
    /// Records the result and the points of a complete run folder in one transaction and marks the trial finished.
    /// Doing it again changes nothing.
    ///
    /// # Errors
    /// A folder that is not complete, whose spec does not hash to the folder's trial, whose journal was changed, or
    /// whose result belongs to another journal; or a failure of the database. Nothing is changed then.
    pub fn ingest(&mut self, folder: &TrialDir) -> Result<()> {
        self.take_in(&read_finished(folder)?)
    }

    /// Records a trial's folder that has been read and checked.
    ///
    /// # Errors
    /// A failure of the database; nothing is changed then.
    pub fn take_in(&mut self, finished: &Finished) -> Result<()> {
        self.take_in_or_wait(finished)
    }
}

/// A finished trial's folder, read and checked.
///
/// # Errors
/// A folder that is not complete, or not as it was written; with what to do about it.
pub fn read_finished(folder: &TrialDir) -> Result<Finished> {
    finished::read(folder).map_err(|fault| {
        Error::environment(fault.to_string())
            .hint(format!("move {} away and run the sweep again to repeat the trial", folder.path().display()))
    })
}

/// Why the database cannot hold what a trial recorded, if so: its whole numbers end at 2^63, and a metric has one value a
/// step. A worker records nothing of the kind.
pub fn unfit(finished: &Finished) -> Option<String> {
    let Finished { result, points, .. } = finished;
    let trial = result.trial.short();
    let too_large = |value: u64| i64::try_from(value).is_err();
    if too_large(result.repeats) {
        return Some(format!("trial {trial}: its result is of {} repeats, more than can be", result.repeats));
    }
    if let Some(point) = points.iter().find(|point| too_large(point.step)) {
        return Some(format!(
            "trial {trial}: its journal records {} at step {}, more than can be",
            point.name, point.step
        ));
    }
    // A command may tell a value twice: the journal keeps both, the index the one told last.
    if finished.spec.is_command() {
        return None;
    }
    let mut places: Vec<(&str, u64)> = points.iter().map(|point| (point.name.as_str(), point.step)).collect();
    places.sort_unstable();
    let twice = places.windows(2).find(|pair| pair[0] == pair[1])?[0];
    Some(format!("trial {trial}: its journal records {} twice at step {}", twice.0, twice.1))
}

pub(super) fn record(connection: &mut Connection, finished: &Finished) -> std::result::Result<(), StoreProblem> {
    if let Some(why) = unfit(finished) {
        return Err(StoreProblem::Content(why));
    }
    let Finished { spec, result, points, .. } = finished;
    // Immediate: a lock is waited for at the beginning, where nothing was read yet that another could change.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let trial = add_trial(&transaction, spec)?;
    // A failed or interrupted attempt of the same trial may have been taken in before its folder was renewed.
    transaction.execute("DELETE FROM result WHERE trial = ?1", [trial])?;
    transaction.execute("DELETE FROM point WHERE trial = ?1", [trial])?;
    {
        let mut insert = transaction.prepare_cached("INSERT INTO result (trial, metric, value) VALUES (?1, ?2, ?3)")?;
        for (name, value) in &result.metrics {
            insert.execute(params![trial, metric(&transaction, name)?, stored(*value)])?;
        }
    }
    insert_points(&transaction, trial, points)?;
    transaction.execute(
        "UPDATE trial SET status = 'finished', failure = NULL, repeats = ?2, wall_s = ?3, environment = ?4,
                          metrics_digest = ?5
         WHERE id = ?1",
        params![trial, result.repeats, result.wall_s, text(&result.environment), result.metrics_digest.to_string()],
    )?;
    transaction.commit()?;
    Ok(())
}

fn insert_points(transaction: &Transaction<'_>, trial: i64, points: &[Point]) -> std::result::Result<(), StoreProblem> {
    // Names are few and come interleaved: one look-up a name, then rows in the order of the primary key, so that
    // every insert appends to the B-tree.
    let mut names: HashMap<&str, i64> = HashMap::new();
    let mut rows: Vec<(i64, u64, f64)> = Vec::with_capacity(points.len());
    for point in points {
        let id = match names.get(point.name.as_str()) {
            Some(id) => *id,
            None => {
                let id = metric(transaction, &point.name)?;
                names.insert(&point.name, id);
                id
            }
        };
        rows.push((id, point.step, point.value));
    }
    rows.sort_by_key(|&(metric, step, _)| (metric, step));
    // Stable: of one place what was told last comes last, and stays.
    rows.reverse();
    rows.dedup_by_key(|&mut (metric, step, _)| (metric, step));
    rows.reverse();
    let mut insert =
        transaction.prepare_cached("INSERT INTO point (trial, metric, step, value) VALUES (?1, ?2, ?3, ?4)")?;
    for (metric, step, value) in rows {
        insert.execute(params![trial, metric, step, stored(value)])?;
    }
    Ok(())
}

/// The number of a metric's name, given out at its first use.
fn metric(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<i64> {
    let known = transaction
        .prepare_cached("SELECT id FROM metric WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    transaction.prepare_cached("INSERT INTO metric (name) VALUES (?1)")?.execute([name])?;
    Ok(transaction.last_insert_rowid())
}

/// SQLite turns NaN into NULL on its own; here it is said. Read back by `query::read_value`.
fn stored(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}
