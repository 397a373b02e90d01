//! Recording sweeps and how far their trials are. Results come in through `ingest` only.

use drr_core::{Status, TrialId, TrialSpec, canonical};
use drr_kinds::KindOf as _;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::waiting::Waiting;
use super::{Store, StoreProblem, SweepRecord};
use crate::error::Result;

impl Store {
    /// Records a sweep, replacing what an earlier expansion of that name held. Trials that are new are pending; those
    /// that are known keep their state.
    ///
    /// # Errors
    /// Any failure of the database; nothing is changed then.
    pub fn record_sweep(&mut self, sweep: &SweepRecord) -> Result<()> {
        self.write_or_wait(|store| record(&mut store.connection, sweep), || Waiting::Sweep(sweep.clone()))
    }

    /// Notes how far a recorded trial is, and why it failed. `Finished` is for [`Store::ingest`] to say.
    ///
    /// # Errors
    /// A trial that is not recorded, `Finished` for a trial without a recorded result, or a failure of the database.
    pub fn mark(&mut self, trial: TrialId, status: Status, failure: Option<&str>) -> Result<()> {
        self.write_or_wait(
            |store| mark(&store.connection, trial, status, failure),
            || Waiting::Mark(trial, status, failure.map(str::to_owned)),
        )
    }
}

pub(super) fn record(connection: &mut Connection, sweep: &SweepRecord) -> std::result::Result<(), StoreProblem> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let id: i64 = transaction.query_row(
        "INSERT INTO sweep (name, source, axes) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET source = excluded.source, axes = excluded.axes
         RETURNING id",
        params![sweep.name, sweep.source, text(&sweep.axes)],
        |row| row.get(0),
    )?;
    transaction.execute("DELETE FROM command WHERE sweep = ?1", [id])?;
    for (position, declaration) in sweep.commands.iter().enumerate() {
        transaction
            .prepare_cached("INSERT INTO command (sweep, position, declaration) VALUES (?1, ?2, ?3)")?
            .execute(params![id, position as i64, text(declaration)])?;
    }
    transaction.execute("DELETE FROM member WHERE sweep = ?1", [id])?;
    for (position, it) in sweep.trials.iter().enumerate() {
        let trial = add_trial(&transaction, &it.spec)?;
        transaction
            .prepare_cached("INSERT INTO member (sweep, position, trial, point) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![id, position as i64, trial, text(&*it.point)])?;
    }
    transaction.commit()?;
    Ok(())
}

pub(super) fn mark(
    connection: &Connection,
    trial: TrialId,
    status: Status,
    failure: Option<&str>,
) -> std::result::Result<(), StoreProblem> {
    let changed = connection
        .prepare_cached(
            "UPDATE trial SET status = ?2, failure = ?3
             WHERE hash = ?1 AND (?2 <> 'finished' OR metrics_digest IS NOT NULL)",
        )?
        .execute(params![trial.to_string(), status.name(), failure])?;
    if changed == 0 {
        return Err(StoreProblem::Content(format!(
            "trial {} is not recorded as {}",
            trial.short(),
            match status {
                Status::Finished => "having a result",
                _ => "part of any sweep",
            }
        )));
    }
    Ok(())
}

/// The trial's row, made if it is new.
pub(super) fn add_trial(transaction: &Transaction<'_>, spec: &TrialSpec) -> rusqlite::Result<i64> {
    let hash = spec.id().to_string();
    let known = transaction
        .prepare_cached("SELECT id FROM trial WHERE hash = ?1")?
        .query_row([&hash], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    transaction.prepare_cached("INSERT INTO trial (hash, stage, spec) VALUES (?1, ?2, ?3)")?.execute(params![
        hash,
        spec.stage().name(),
        text(spec)
    ])?;
    Ok(transaction.last_insert_rowid())
}

/// Canonical JSON as text.
pub(super) fn text(value: &impl serde::Serialize) -> String {
    String::from_utf8(canonical::to_bytes(value)).expect("JSON is UTF-8")
}
