//! How sweeps stand, counted in the database: no spec is read, so that ten thousand trials are told in milliseconds.

use drr_core::{AxisPoint, Status, TrialId};
use rusqlite::OptionalExtension as _;

use super::query::json;
use super::{Store, StoreProblem};
use crate::error::Result;

/// Trials of one status, and of one stage where it is told by stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StandingCount {
    /// The sweep, or the stage's name.
    pub of: String,
    /// How far they are.
    pub status: Status,
    /// How many.
    pub trials: usize,
    /// Seconds that those with a known duration took together, and how many of them there are.
    pub took: (f64, usize),
}

/// A trial as the database has it, without its spec.
#[derive(Clone, Debug, PartialEq)]
pub struct StandingTrial {
    /// Its id.
    pub id: TrialId,
    /// Its stage's name.
    pub stage: String,
    /// Where it stands on the sweep's axes.
    pub point: AxisPoint,
    /// Why it failed.
    pub failure: Option<String>,
}

impl Store {
    /// How many trials of each sweep have which status, sweeps by name.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn standing(&self) -> Result<Vec<StandingCount>> {
        self.counted(
            "SELECT sweep.name, trial.status, count(*), total(trial.wall_s), count(trial.wall_s)
             FROM sweep JOIN member ON member.sweep = sweep.id JOIN trial ON trial.id = member.trial
             WHERE ?1 = '' GROUP BY sweep.name, trial.status ORDER BY sweep.name, trial.status",
            "",
        )
    }

    /// How many trials of each stage of a sweep have which status, stages as the sweep first has them.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn standing_of(&self, sweep: &str) -> Result<Vec<StandingCount>> {
        self.counted(
            "SELECT trial.stage, trial.status, count(*), total(trial.wall_s), count(trial.wall_s)
             FROM sweep JOIN member ON member.sweep = sweep.id JOIN trial ON trial.id = member.trial
             WHERE sweep.name = ?1 GROUP BY trial.stage, trial.status ORDER BY min(member.position)",
            sweep,
        )
    }

    fn counted(&self, query: &str, sweep: &str) -> Result<Vec<StandingCount>> {
        self.reading(|connection| {
            let mut statement = connection.prepare_cached(query)?;
            let mut rows = statement.query([sweep])?;
            let mut counts = Vec::new();
            while let Some(row) = rows.next()? {
                let status: String = row.get(1)?;
                counts.push(StandingCount {
                    of: row.get(0)?,
                    status: Status::from_name(&status)
                        .ok_or_else(|| StoreProblem::Content(format!("a trial has the unknown status `{status}`")))?,
                    trials: row.get(2)?,
                    took: (row.get(3)?, row.get(4)?),
                });
            }
            Ok(counts)
        })
    }

    /// The first trials of a sweep with a status, in the sweep's order.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn first_with(&self, sweep: &str, status: Status, most: usize) -> Result<Vec<StandingTrial>> {
        self.reading(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT trial.hash, trial.stage, trial.failure, member.point, min(member.position)
                 FROM sweep JOIN member ON member.sweep = sweep.id JOIN trial ON trial.id = member.trial
                 WHERE sweep.name = ?1 AND trial.status = ?2 GROUP BY trial.id ORDER BY 5 LIMIT ?3",
            )?;
            let mut rows = statement.query((sweep, status.name(), most))?;
            let mut trials = Vec::new();
            while let Some(row) = rows.next()? {
                let hash: String = row.get(0)?;
                let id = hash.parse().map_err(|_| StoreProblem::Content(format!("`{hash}` is not a trial's id")))?;
                let point = json(&row.get::<_, String>(3)?)?;
                trials.push(StandingTrial { id, stage: row.get(1)?, point, failure: row.get(2)? });
            }
            Ok(trials)
        })
    }

    /// The text and the axes of a sweep; `None` if there is none of that name.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn asked_of(&self, sweep: &str) -> Result<Option<(String, Vec<String>)>> {
        self.reading(|connection| {
            let found = connection
                .query_row("SELECT source, axes FROM sweep WHERE name = ?1", [sweep], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
                })
                .optional()?;
            found.map(|(source, axes)| Ok((source, json(&axes)?))).transpose()
        })
    }

    /// The sweeps that hold a trial, by name.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn sweeps_with(&self, trial: TrialId) -> Result<Vec<String>> {
        self.reading(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT DISTINCT sweep.name FROM trial JOIN member ON member.trial = trial.id
                 JOIN sweep ON sweep.id = member.sweep WHERE trial.hash = ?1 ORDER BY sweep.name",
            )?;
            let names = statement.query_map([trial.to_string()], |row| row.get(0))?;
            Ok(names.collect::<rusqlite::Result<_>>()?)
        })
    }
}
