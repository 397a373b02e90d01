//! A division of ratings as files that any program reads: `train.csv`, `test.csv` and `candidates.csv`, with ids as the
//! ratings had them.
//!
//! | file | a line |
//! | --- | --- |
//! | `train.csv`, `test.csv` | `user,item,rating,timestamp` |
//! | `candidates.csv` | `user,item`: each pair of the test part, without what was thought of it |

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::split::{Split, packed};
use super::table::Ratings;
use crate::canonical;
use crate::digest::Digest;
use crate::spec::RatingsSpec;
use crate::trial_dir::write_whole;

/// The files of a division.
pub const FILES: [&str; 3] = ["candidates.csv", "test.csv", "train.csv"];

/// The file beside them that holds their digests, written last.
const DIGESTS: &str = "digests.json";

/// Where the files of a division lie: below `runs`, by the content of the ratings and what divides them.
pub fn folder(runs: &Path, ratings: &RatingsSpec) -> PathBuf {
    let named = canonical::digest(&(&ratings.dataset.fingerprint, &ratings.split));
    runs.join("divisions").join(named.short())
}

/// The files of a division, written if they are not there or are not as they were written.
///
/// # Errors
/// Any failure of the file system, or of `load`, which gives the ratings and their division.
pub fn provide<E: From<io::Error>>(
    runs: &Path,
    spec: &RatingsSpec,
    load: impl FnOnce() -> Result<(Ratings, Split), E>,
) -> Result<PathBuf, E> {
    let folder = folder(runs, spec);
    if !is_whole(&folder) {
        let (table, split) = load()?;
        write_all(&folder, &table, &split)?;
    }
    Ok(folder)
}

/// Whether all files are there as they were written.
fn is_whole(folder: &Path) -> bool {
    let read = || -> Option<Vec<Digest>> { serde_json::from_slice(&fs::read(folder.join(DIGESTS)).ok()?).ok() };
    read().is_some_and(|written| {
        let found: Option<Vec<Digest>> = FILES.iter().map(|name| Digest::of_file(&folder.join(name)).ok()).collect();
        found == Some(written)
    })
}

/// Writes the files of a division into `folder`, each whole or not at all. Two programs that do so at once write the same.
///
/// # Errors
/// Any failure of the file system.
fn write_all(folder: &Path, table: &Ratings, split: &Split) -> io::Result<()> {
    let digests = write_parts(folder, table, split, FILES)?;
    write_whole(&folder.join(DIGESTS), &serde_json::to_vec(&digests)?)
}

/// Writes a division into `folder` by three names: of the pairs that are held out, of what is held out, and of the train
/// part. Each file is written whole or not at all. Their digests.
///
/// # Errors
/// Any failure of the file system.
pub fn write_parts(folder: &Path, table: &Ratings, split: &Split, names: [&str; 3]) -> io::Result<Vec<Digest>> {
    fs::create_dir_all(folder)?;
    let mut digests = Vec::new();
    for (place, name) in names.into_iter().enumerate() {
        let path = folder.join(name);
        // Where many machines share the folder, a process id says little.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let temporary = folder.join(format!("{name}.{}.{now}.tmp", std::process::id()));
        let mut file = BufWriter::new(File::create_new(&temporary)?);
        match place {
            0 => candidates(&mut file, table, &split.test)?,
            1 => ratings(&mut file, table, &split.test)?,
            _ => ratings(&mut file, table, &split.train)?,
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        digests.push(Digest::of_file(&temporary)?);
        fs::rename(&temporary, &path)?;
    }
    Ok(digests)
}

/// Writes rows as bits: one a rating in the order of user, item and time, bit 0 of byte 0 first; 1 for the rows.
///
/// # Errors
/// Any failure of the file system.
pub fn write_bits(path: &Path, ratings: usize, rows: &[u32]) -> io::Result<()> {
    write_whole(path, &packed(ratings, rows.iter().map(|&row| row as usize)))
}

fn ratings(to: &mut impl Write, table: &Ratings, rows: &[u32]) -> io::Result<()> {
    writeln!(to, "user,item,rating,timestamp")?;
    for row in rows.iter().map(|&row| table.rows[row as usize]) {
        let (user, item) = (field(&table.users[row.user as usize]), field(&table.items[row.item as usize]));
        writeln!(to, "{user},{item},{},{}", row.stars, row.timestamp)?;
    }
    Ok(())
}

fn candidates(to: &mut impl Write, table: &Ratings, rows: &[u32]) -> io::Result<()> {
    writeln!(to, "user,item")?;
    let mut last = None;
    for row in rows.iter().map(|&row| table.rows[row as usize]) {
        // An item that was rated twice is one candidate.
        if last.replace((row.user, row.item)) != Some((row.user, row.item)) {
            let (user, item) = (field(&table.users[row.user as usize]), field(&table.items[row.item as usize]));
            writeln!(to, "{user},{item}")?;
        }
    }
    Ok(())
}

/// An id as a field of a line: in quotes where it must be.
fn field(id: &str) -> std::borrow::Cow<'_, str> {
    if id.contains([',', '"', '\n', '\r']) { format!("\"{}\"", id.replace('"', "\"\"")).into() } else { id.into() }
}

#[cfg(test)]
mod tests {
    use super::super::table::Rating;
    use super::*;
    use crate::spec::{DatasetSpec, RewardRule, SplitSpec};

    #[test]
    fn a_division_is_written_once_and_again_where_it_was_changed() {
        let rows =
            (0..50).map(|i| Rating { user: i / 10, item: i % 10, stars: 3.5, timestamp: i64::from(i) }).collect();
        let users = ["a", "b,c", "d\"e", "f", "g"].map(str::to_owned).to_vec();
        let table = Ratings::canonical(users, (0..10).map(|i| i.to_string()).collect(), rows);
        let spec = RatingsSpec {
            dataset: DatasetSpec { name: "small".to_owned(), fingerprint: table.fingerprint(), synthetic: None },
            split: SplitSpec::default(),
            reward: RewardRule::STARS,
        };
        let divided = || (table.clone(), Split::by_rule(&table, &spec.split));
        let runs = tempfile::tempdir().expect("a folder");
        let folder = provide::<io::Error>(runs.path(), &spec, || Ok(divided())).expect("written");
        let text = |name: &str| fs::read_to_string(folder.join(name)).expect("there");
        assert_eq!((text("train.csv").lines().count(), text("test.csv").lines().count()), (41, 11));
        assert!(
            text("train.csv").contains("\"b,c\",")
                && text("train.csv").contains("\"d\"\"e\",")
                && text("train.csv").contains(",3.5,")
        );
        assert_eq!(text("candidates.csv").lines().count(), 11);
        let again = provide::<io::Error>(runs.path(), &spec, || panic!("it is there"));
        assert_eq!(again.expect("there"), folder);
        fs::write(folder.join("test.csv"), "user\n").expect("changed");
        provide::<io::Error>(runs.path(), &spec, || Ok(divided())).expect("written");
        assert_eq!(text("test.csv").lines().count(), 11);
    }
}
