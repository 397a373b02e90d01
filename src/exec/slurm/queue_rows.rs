//! What Slurm said of many tasks, to ask for single ones.

use std::collections::HashMap;

use super::parse::{JobState, QueueRow};

/// Rows by job, to ask for single tasks.
pub struct QueueRows<'a>(HashMap<u64, Vec<&'a QueueRow>>);

impl<'a> QueueRows<'a> {
    /// Sorts rows.
    pub fn new(rows: &'a [QueueRow]) -> Self {
        let mut by_job: HashMap<u64, Vec<&QueueRow>> = HashMap::new();
        rows.iter().for_each(|row| by_job.entry(row.array).or_default().push(row));
        // Single tasks are found by bisection: an array may have thousands.
        by_job
            .values_mut()
            .for_each(|rows| rows.sort_by_key(|row| row.tasks.first().map_or(0, |tasks| *tasks.start())));
        Self(by_job)
    }

    /// What is said of a task.
    pub fn of(&self, job: u64, index: usize) -> Option<(JobState, &'a str)> {
        let (rows, index) = (self.0.get(&job)?, index as u64);
        let end = rows.partition_point(|row| row.tasks.first().is_none_or(|tasks| *tasks.start() <= index));
        let row = rows[..end].iter().rev().find(|row| row.tasks.iter().any(|tasks| tasks.contains(&index)))?;
        Some((row.state, &row.node))
    }
}
