//! The content of a database as text, whatever numbers its rows were given: two that say the same dump the same.

use drr_core::TrialId;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use super::schema::has_table;
use super::{Store, StoreProblem};
use crate::error::Result;

/// A trial's row, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialRow {
    /// The trial's id.
    pub hash: String,
    /// Its stage.
    pub stage: String,
    /// Its canonical spec.
    pub spec: String,
    /// How far it is.
    pub status: String,
    /// Why it failed.
    pub failure: Option<String>,
}

const TRIAL: &str = "SELECT 'trial', hash, stage, spec, status, failure, repeats, wall_s, environment, metrics_digest
     FROM trial WHERE hash = ?1";
const RESULTS: &str = "SELECT 'result', metric.name, value FROM result
     JOIN trial ON trial.id = result.trial LEFT JOIN metric ON metric.id = result.metric
     WHERE hash = ?1 ORDER BY metric.name";
const POINTS: &str = "SELECT 'point', metric.name, step, value FROM point
     JOIN trial ON trial.id = point.trial LEFT JOIN metric ON metric.id = point.metric
     WHERE hash = ?1 ORDER BY metric.name, step";
const SWEEP: &str = "SELECT 'sweep', name, source, axes FROM sweep WHERE name = ?1";
const COMMANDS: &str = "SELECT 'command', position, declaration FROM command
     JOIN sweep ON sweep.id = command.sweep WHERE sweep.name = ?1 ORDER BY position";
const MEMBERS: &str = "SELECT 'member', position, hash, point FROM member
     JOIN sweep ON sweep.id = member.sweep LEFT JOIN trial ON trial.id = member.trial
     WHERE sweep.name = ?1 ORDER BY position";

impl Store {
    /// Everything recorded of one trial, a line a row; empty if it is unknown.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn trial_lines(&self, trial: TrialId) -> Result<Vec<String>> {
        self.reading(|connection| {
            let hash = trial.to_string();
            let mut lines = Vec::new();
            for query in [TRIAL, RESULTS, POINTS] {
                add(connection, query, [&hash], &mut lines)?;
            }
            Ok(lines)
        })
    }

    /// Everything recorded of one sweep but its trials' results, a line a row; empty if it is unknown.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn sweep_lines(&self, name: &str) -> Result<Vec<String>> {
        self.reading(|connection| {
            let mut lines = Vec::new();
            let commands = has_table(connection, "command")?.then_some(COMMANDS);
            for query in [SWEEP].into_iter().chain(commands).chain([MEMBERS]) {
                add(connection, query, [name], &mut lines)?;
            }
            Ok(lines)
        })
    }

    /// What a trial's row says how far it is; `None` if there is no row.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn status_name(&self, trial: TrialId) -> Result<Option<String>> {
        self.reading(|connection| {
            let mut statement = connection.prepare_cached("SELECT status FROM trial WHERE hash = ?1")?;
            Ok(statement.query_row([trial.to_string()], |row| row.get(0)).optional()?)
        })
    }

    /// The rows of all trials, by id.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn trial_rows(&self) -> Result<Vec<TrialRow>> {
        self.reading(|connection| {
            let mut statement =
                connection.prepare("SELECT hash, stage, spec, status, failure FROM trial ORDER BY hash")?;
            let rows = statement.query_map([], |row| {
                Ok(TrialRow {
                    hash: row.get(0)?,
                    stage: row.get(1)?,
                    spec: row.get(2)?,
                    status: row.get(3)?,
                    failure: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The whole content, a line a row.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn dump(&self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for name in self.sweep_names()? {
            lines.extend(self.sweep_lines(&name)?);
        }
        for row in self.trial_rows()? {
            match row.hash.parse() {
                Ok(trial) => lines.extend(self.trial_lines(trial)?),
                Err(_) => lines.push(format!("trial {:?}", row.hash)),
            }
        }
        Ok(lines)
    }

    /// Removes a trial that no sweep holds, with all that is recorded of it.
    ///
    /// # Errors
    /// A failure of the database, or a sweep that holds the trial.
    pub fn forget(&mut self, trial: TrialId) -> Result<()> {
        self.reading(|connection| {
            connection.execute("DELETE FROM trial WHERE hash = ?1", [trial.to_string()])?;
            Ok(())
        })
    }

    /// Removes a sweep; its trials stay.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn forget_sweep(&mut self, name: &str) -> Result<()> {
        self.reading(|connection| {
            connection.execute("DELETE FROM sweep WHERE name = ?1", [name])?;
            Ok(())
        })
    }
}

fn add(
    connection: &Connection,
    query: &str,
    parameters: impl Params,
    lines: &mut Vec<String>,
) -> std::result::Result<(), StoreProblem> {
    let mut statement = connection.prepare_cached(query)?;
    let columns = statement.column_count();
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        lines.push(line(row, columns)?);
    }
    Ok(())
}

fn line(row: &Row<'_>, columns: usize) -> rusqlite::Result<String> {
    use std::fmt::Write as _;
    let mut text = String::new();
    for column in 0..columns {
        if column > 0 {
            text.push('\t');
        }
        let written = match row.get_ref(column)? {
            ValueRef::Null => write!(text, "-"),
            ValueRef::Integer(value) => write!(text, "{value}"),
            // The shortest form that reads back as the same bits.
            ValueRef::Real(value) => write!(text, "{value:?}"),
            ValueRef::Text(value) | ValueRef::Blob(value) => write!(text, "{:?}", String::from_utf8_lossy(value)),
        };
        written.expect("memory takes any write");
    }
    Ok(text)
}
