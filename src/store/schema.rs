//! The tables, and how a database of an older program is brought up to date. Never touches rows' meaning elsewhere.

use rusqlite::Connection;

use super::StoreProblem;

/// Marks the file as ours ("drrl"), so that a database of another program is not mistaken for an empty one.
const APPLICATION_ID: i64 = 0x6472_726c;

/// Step N brings a database from version N to version N + 1. Steps that have been released are never edited.
const STEPS: &[&str] = &[
    // 0 → 1. A NULL `value` is NaN, which SQLite cannot hold; infinities it can.
    "CREATE TABLE trial (
        id INTEGER PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        stage TEXT NOT NULL,
        spec TEXT NOT NULL,
        status TEXT NOT NULL DEFAULT 'pending',
        failure TEXT,
        repeats INTEGER,
        wall_s REAL,
        environment TEXT,
        metrics_digest TEXT
    ) STRICT;
    CREATE TABLE sweep (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        source TEXT NOT NULL,
        axes TEXT NOT NULL
    ) STRICT;
    CREATE TABLE member (
        sweep INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        trial INTEGER NOT NULL REFERENCES trial (id),
        point TEXT NOT NULL,
        PRIMARY KEY (sweep, position)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX member_of ON member (trial);
    CREATE TABLE metric (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE result (
        trial INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
        metric INTEGER NOT NULL REFERENCES metric (id),
        value REAL,
        PRIMARY KEY (trial, metric)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE point (
        trial INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
        metric INTEGER NOT NULL,
        step INTEGER NOT NULL,
        value REAL,
        PRIMARY KEY (trial, metric, step)
    ) STRICT, WITHOUT ROWID;",
    // 1 → 2. What a sweep says of its commands.
    "CREATE TABLE command (
        sweep INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        declaration TEXT NOT NULL,
        PRIMARY KEY (sweep, position)
    ) STRICT, WITHOUT ROWID;",
];

/// Whether the database has a table. An older one that is only read lacks those that came later.
pub(super) fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = ?1", [name], |row| {
        row.get(0)
    })
}

/// How a database stands to this program.
enum Version {
    /// It is as this program writes it.
    Latest,
    /// This many steps of its making are done.
    Older(usize),
}

/// Refuses a database that this program cannot read: a newer one, another program's, or one that was never made.
pub(super) fn check(connection: &Connection) -> Result<(), StoreProblem> {
    match version(connection)? {
        Version::Latest | Version::Older(1..) => Ok(()),
        Version::Older(0) => Err(StoreProblem::Unmade),
    }
}

/// Brings the database to this program's version.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreProblem> {
    // Without a lock: another program may hold the database for long, and nearly always there is nothing to do.
    if matches!(version(connection)?, Version::Latest) {
        return Ok(());
    }
    // Immediate: of two programs that open a new database at once, the second waits and finds it made.
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    if let Version::Older(done) = version(&transaction)? {
        for step in &STEPS[done..] {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", STEPS.len() as i64)?;
    }
    transaction.commit()?;
    Ok(())
}

fn version(connection: &Connection) -> Result<Version, StoreProblem> {
    let latest = STEPS.len() as i64;
    // In one statement, so of one moment: another program may be making the database just now.
    let (version, application, tables): (i64, i64, i64) = connection.query_row(
        "SELECT (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM pragma_application_id),
                (SELECT count(*) FROM sqlite_schema)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    if application != APPLICATION_ID && (tables > 0 || version > 0) {
        return Err(StoreProblem::Foreign);
    }
    if version > latest {
        return Err(StoreProblem::Newer { found: version, known: latest });
    }
    Ok(if version == latest { Version::Latest } else { Version::Older(usize::try_from(version).unwrap_or(0)) })
}
