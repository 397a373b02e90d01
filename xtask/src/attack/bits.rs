//! One bit of one stored file turned over: found, with the file named; and when it is turned back nothing is wrong.

use std::fs;
use std::path::{Path, PathBuf};

use super::dice::Dice;
use super::held;
use super::site::{PATIENCE, Site, last};
use super::world::World;

/// Files whose change is no change of a record: the database is made anew from the rest.
const INDEX: &[&str] = &["lab.db", "lab.db-wal", "lab.db-shm", "lock"];

pub fn flipped(_: &World, site: &Site<'_>, number: u64, dice: &mut Dice, what: &mut String) -> Result<(), String> {
    let io = |error: std::io::Error| error.to_string();
    site.copy_finished().map_err(io)?;
    let mut files = Vec::new();
    list(&site.runs(), &mut files).map_err(io)?;
    files.retain(|file| fs::metadata(file).is_ok_and(|it| it.len() > 0));
    files.sort();
    let file = files.get(number as usize % files.len().max(1)).ok_or("nothing is stored")?.clone();
    let short = file.strip_prefix(site.runs()).map_err(|error| error.to_string())?.display().to_string();
    let mut bytes = fs::read(&file).map_err(io)?;
    let (at, bit) = (dice.below(bytes.len()), dice.below(8));
    *what = format!("{short}, byte {at}, bit {bit}");
    bytes[at] ^= 1 << bit;
    fs::write(&file, &bytes).map_err(io)?;

    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if INDEX.contains(&name.as_str()) {
        site.run(site.verify(), PATIENCE)?.code_is(&[0, 2, 3, 5])?;
        for name in INDEX {
            let _ = fs::remove_file(site.runs().join(name));
        }
        let mut reindex = site.program(&["--runs"]);
        reindex.arg(site.runs()).args(["runs", "reindex"]);
        site.run(reindex, PATIENCE)?.code_is(&[0]).map_err(|why| format!("the database is not made anew: {why}"))?;
        return held::is_whole(site);
    }
    let checked = site.run(site.verify(), PATIENCE)?;
    let said = format!("{}{}", checked.out, checked.err);
    let checked = checked.code_is(&[5]).map_err(|why| format!("it is not found: {why}"))?;
    if !said.contains(&name) && !said.contains(named_by(&short)) {
        return Err(format!("{name} is not named: {}", last(&checked.out)));
    }
    bytes[at] ^= 1 << bit;
    fs::write(&file, &bytes).map_err(io)?;
    held::is_whole(site)
}

/// The folder that a file stands in for: a trial's, a sweep's, the diffs.
fn named_by(short: &str) -> &str {
    short.split('/').nth(1).map_or(short, |name| &name[..name.len().min(12)])
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
