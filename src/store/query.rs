//! Reading what is recorded. Same database, same answer in the same order.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use drr_core::replayed::ReplayRecord;
use drr_core::trial_dir::TrialDir;
use drr_core::{Status, Trial, TrialId, TrialSpec};
use drr_kinds::KindOf as _;
use drr_kinds::command::{self, Declaration};
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::de::DeserializeOwned;

use super::schema::has_table;
use super::{Store, StoreProblem, StoredSweep, TrialRecord};
use crate::error::Result;

impl Store {
    /// The names of all recorded sweeps, sorted.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn sweep_names(&self) -> Result<Vec<String>> {
        self.reading(|connection| {
            let mut statement = connection.prepare("SELECT name FROM sweep ORDER BY name")?;
            let names = statement.query_map([], |row| row.get(0))?;
            Ok(names.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The sweep called `name` with all its trials; `None` if there is none.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn sweep(&self, name: &str) -> Result<Option<StoredSweep>> {
        self.reading(|connection| {
            // One snapshot for all the queries, or a sweep that is running would show two moments at once.
            let snapshot = connection.unchecked_transaction()?;
            let found = snapshot
                .query_row("SELECT id, source, axes FROM sweep WHERE name = ?1", [name], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
                })
                .optional()?;
            let Some((id, source, axes)) = found else { return Ok(None) };
            let commands = commands(&snapshot, id)?;
            let trials = trials(&snapshot, id, &commands, self.runs())?;
            Ok(Some(StoredSweep { name: name.to_owned(), source, axes: json(&axes)?, commands, trials }))
        })
    }

    /// The points of a trial's metric, by step.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn points(&self, trial: TrialId, metric: &str) -> Result<Vec<(u64, f64)>> {
        self.reading(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT point.step, point.value FROM point
                 JOIN trial ON trial.id = point.trial JOIN metric ON metric.id = point.metric
                 WHERE trial.hash = ?1 AND metric.name = ?2 ORDER BY point.step",
            )?;
            let points = statement.query_map([trial.to_string().as_str(), metric], |row| {
                Ok((row.get::<_, u64>(0)?, read_value(row, 1)?))
            })?;
            Ok(points.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// All points of a trial: metrics by name, each by step.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn all_points(&self, trial: TrialId) -> Result<Vec<(String, u64, f64)>> {
        self.reading(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT metric.name, point.step, point.value FROM point
                 JOIN trial ON trial.id = point.trial JOIN metric ON metric.id = point.metric
                 WHERE trial.hash = ?1 ORDER BY metric.name, point.step",
            )?;
            let points = statement.query_map([trial.to_string()], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?, read_value(row, 2)?))
            })?;
            Ok(points.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The trials that are in workers' hands, as far as the last sweep could tell.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn running(&self) -> Result<Vec<TrialId>> {
        self.reading(|connection| {
            let mut statement = connection.prepare("SELECT hash FROM trial WHERE status = 'running'")?;
            let hashes =
                statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
            let parse =
                |hash: String| hash.parse().map_err(|_| StoreProblem::Content(format!("`{hash}` is not a trial's id")));
            hashes.into_iter().map(parse).collect()
        })
    }

    /// Specs and seconds of the trials that finished last, for estimates.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn timings(&self, most: usize) -> Result<Vec<(TrialSpec, Vec<TrialSpec>, f64)>> {
        self.reading(|connection| {
            let mut statement = connection.prepare(
                "SELECT spec, wall_s FROM trial WHERE status = 'finished' AND wall_s IS NOT NULL
                 ORDER BY id DESC LIMIT ?1",
            )?;
            let mut above_it = connection.prepare("SELECT spec FROM trial WHERE hash = ?1")?;
            let mut rows = statement.query([most])?;
            let mut timings = Vec::new();
            while let Some(row) = rows.next()? {
                let spec: TrialSpec = json(&row.get::<_, String>(0)?)?;
                let mut upstream = Vec::new();
                for above in spec.upstream() {
                    let mut above = above_it.query([above.to_string()])?;
                    if let Some(found) = above.next()? {
                        upstream.push(json(&found.get::<_, String>(0)?)?);
                    }
                }
                timings.push((spec, upstream, row.get(1)?));
            }
            Ok(timings)
        })
    }

    /// The finished trials of all sweeps but `name`, each with the names of the sweeps that hold it, sorted.
    ///
    /// # Errors
    /// A failure of the database.
    pub fn finished_elsewhere(&self, name: &str) -> Result<HashMap<TrialId, Vec<String>>> {
        self.reading(|connection| {
            let mut statement = connection.prepare(
                "SELECT DISTINCT trial.hash, sweep.name FROM member
                 JOIN trial ON trial.id = member.trial JOIN sweep ON sweep.id = member.sweep
                 WHERE trial.status = 'finished' AND sweep.name <> ?1 ORDER BY sweep.name",
            )?;
            let mut rows = statement.query([name])?;
            let mut sweeps: HashMap<TrialId, Vec<String>> = HashMap::new();
            while let Some(row) = rows.next()? {
                let hash: String = row.get(0)?;
                let trial = hash.parse().map_err(|_| StoreProblem::Content(format!("`{hash}` is not a trial's id")))?;
                sweeps.entry(trial).or_default().push(row.get(1)?);
            }
            Ok(sweeps)
        })
    }

    pub(super) fn reading<T>(
        &self,
        read: impl FnOnce(&Connection) -> std::result::Result<T, StoreProblem>,
    ) -> Result<T> {
        read(&self.connection).map_err(|problem| problem.about(&self.path))
    }
}

/// What a sweep says of its commands.
fn commands(connection: &Connection, sweep: i64) -> std::result::Result<Vec<Declaration>, StoreProblem> {
    if !has_table(connection, "command")? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare("SELECT declaration FROM command WHERE sweep = ?1 ORDER BY position")?;
    let texts = statement.query_map([sweep], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    texts.iter().map(|text| json(text)).collect()
}

fn trials(
    connection: &Connection,
    sweep: i64,
    commands: &[Declaration],
    runs: &Path,
) -> std::result::Result<Vec<TrialRecord>, StoreProblem> {
    let declared: Vec<_> =
        commands.iter().map(|declaration| (declaration.kind.as_str(), command::kind(declaration))).collect();
    let metrics = finals(connection, sweep)?;
    let mut statement = connection.prepare(
        "SELECT trial.id, hash, spec, point, status, failure, repeats, wall_s, environment, metrics_digest
         FROM member JOIN trial ON trial.id = member.trial WHERE member.sweep = ?1 ORDER BY member.position",
    )?;
    let mut rows = statement.query([sweep])?;
    let mut trials = Vec::new();
    while let Some(row) = rows.next()? {
        let hash: String = row.get("hash")?;
        let status: String = row.get("status")?;
        let status = Status::from_name(&status)
            .ok_or_else(|| StoreProblem::Content(format!("trial {hash} has the unknown status `{status}`")))?;
        let metrics = match status {
            // One trial may stand at several places of a sweep.
            Status::Finished => metrics.get(&row.get("id")?).cloned().unwrap_or_default(),
            _ => BTreeMap::new(),
        };
        let spec: TrialSpec = json(&row.get::<_, String>("spec")?)?;
        let id: TrialId = hash.parse().map_err(|_| StoreProblem::Content(format!("`{hash}` is not a trial's id")))?;
        let own = declared.iter().find(|(name, _)| spec.policy.is_none() && spec.kind == **name);
        let replayed = own.and_then(|_| ReplayRecord::read(&TrialDir::new(runs, id)));
        trials.push(TrialRecord {
            replayed: replayed.map(|record| record.sameness),
            kind: own.map_or_else(|| spec.kind(), |(_, kind)| kind),
            trial: Arc::new(Trial { id, spec, point: json(&row.get::<_, String>("point")?)? }),
            status,
            metrics,
            repeats: row.get::<_, Option<u64>>("repeats")?.unwrap_or(0),
            wall_s: row.get("wall_s")?,
            environment: row.get::<_, Option<String>>("environment")?.as_deref().map(json).transpose()?,
            metrics_digest: row
                .get::<_, Option<String>>("metrics_digest")?
                .map(|digest| digest.parse().map_err(|_| StoreProblem::Content(format!("`{digest}` is not a digest"))))
                .transpose()?,
            failure: row.get("failure")?,
        });
    }
    Ok(trials)
}

/// Final metrics of all trials of a sweep, by the trial's row.
fn finals(
    connection: &Connection,
    sweep: i64,
) -> std::result::Result<HashMap<i64, BTreeMap<String, f64>>, StoreProblem> {
    let mut statement = connection.prepare(
        "SELECT result.trial, metric.name, result.value FROM result JOIN metric ON metric.id = result.metric
         WHERE result.trial IN (SELECT trial FROM member WHERE sweep = ?1)",
    )?;
    let mut rows = statement.query([sweep])?;
    let mut all: HashMap<i64, BTreeMap<String, f64>> = HashMap::new();
    while let Some(row) = rows.next()? {
        all.entry(row.get(0)?).or_default().insert(row.get(1)?, read_value(row, 2)?);
    }
    Ok(all)
}

/// A stored value; NULL is NaN.
fn read_value(row: &Row<'_>, column: usize) -> rusqlite::Result<f64> {
    Ok(row.get::<_, Option<f64>>(column)?.unwrap_or(f64::NAN))
}

pub(super) fn json<T: DeserializeOwned>(text: &str) -> std::result::Result<T, StoreProblem> {
    serde_json::from_str(text).map_err(|error| StoreProblem::Content(format!("a stored record does not read: {error}")))
}
