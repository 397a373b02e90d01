//! Whether the database is sound as a file, by SQLite's own checks. What its rows say is compared with the run folders
//! elsewhere.

use super::{Store, StoreProblem};
use crate::error::Result;

/// Findings that are listed; a broken file may have millions.
const MOST: usize = 5;

impl Store {
    /// What SQLite finds wrong with the file and its references; empty if nothing.
    ///
    /// # Errors
    /// A file so broken that it cannot be checked.
    pub fn faults(&self) -> Result<Vec<String>> {
        self.reading(|connection| {
            let mut faults = Vec::new();
            let mut check = connection.prepare("PRAGMA integrity_check(5)")?;
            let lines = check.query_map([], |row| row.get::<_, String>(0))?;
            for line in lines {
                faults.push(line?);
            }
            faults.retain(|line| line != "ok");
            let mut check = connection.prepare("PRAGMA foreign_key_check")?;
            let mut rows = check.query([])?;
            while let Some(row) = rows.next()? {
                if faults.len() >= MOST {
                    break;
                }
                let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
                faults.push(format!("a row of {table} refers to a {parent} that is not there"));
            }
            Ok::<_, StoreProblem>(faults)
        })
    }
}
