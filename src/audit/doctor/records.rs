//! The runs folder: room on its disk, the database's health, locks, and what earlier runs left behind; and the datasets.

use std::fs;
use std::path::Path;

use drr_core::data::catalogue::Catalogue;
use drr_core::trial_dir::TrialDir;
use nix::sys::statvfs::statvfs;

use super::{Diagnosis, DoctorTarget};
use crate::store::{LockHolder, Reading, RunsLock, Store};

/// Free bytes below which a sweep is likely to end in a full disk.
const LITTLE: u64 = 1 << 30;

pub(super) fn examine(target: &DoctorTarget<'_>, findings: &mut Vec<Diagnosis>) {
    let runs = target.runs;
    findings.push(disk(runs));
    findings.push(datasets(target.data));
    findings.push(lock(runs));
    findings.extend(database(runs));
    findings.extend(leftovers(runs));
}

fn disk(runs: &Path) -> Diagnosis {
    // What is not there yet will be made below the nearest folder that is.
    let absolute = std::path::absolute(runs).unwrap_or_else(|_| runs.to_owned());
    let there = absolute.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let probe = there.join(format!(".drr-lab-doctor-{}", std::process::id()));
    let written = fs::write(&probe, "can this be written?");
    let _ = fs::remove_file(&probe);
    if let Err(error) = written {
        let found = format!("{} cannot be written: {error}", there.display());
        return Diagnosis::bad("disk", found, "name a folder that can be written: --runs DIR");
    }
    let Ok(disk) = statvfs(there) else {
        return Diagnosis::poor("disk", "its free space is unknown", format!("df -h {}", there.display()));
    };
    let (free, inodes) = (disk.blocks_available() * disk.fragment_size(), disk.files_available());
    let found = format!("{:.1} GiB free for {}", free as f64 / f64::from(1 << 30), runs.display());
    if free < LITTLE || (disk.files() > 0 && inodes < 10_000) {
        let mend =
            "free some space (`drr-lab runs gc` lists what no sweep refers to), or name another folder: --runs DIR";
        return Diagnosis::poor("disk", format!("{found}, {inodes} files"), mend);
    }
    Diagnosis::good("disk", found)
}

fn datasets(data: &Path) -> Diagnosis {
    match Catalogue::new(data).list() {
        Ok(found) if found.is_empty() => {
            Diagnosis::poor("data", format!("no dataset in {}", data.display()), "drr-lab data fetch ml-100k")
        }
        Ok(found) => {
            let names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
            Diagnosis::good("data", format!("{} in {}", names.join(", "), data.display()))
        }
        Err(error) => Diagnosis::poor("data", error.to_string(), "drr-lab data list"),
    }
}

fn lock(runs: &Path) -> Diagnosis {
    match RunsLock::holder(runs) {
        LockHolder::Nobody => Diagnosis::good("lock", "free"),
        LockHolder::Left(by) => Diagnosis::good("lock", format!("free; {by} held it last and let go")),
        LockHolder::Held(by) => Diagnosis::poor(
            "lock",
            format!("{} is in use by {by}", runs.display()),
            "wait for it, or kill -INT its process",
        ),
        LockHolder::Unknown(why) => {
            Diagnosis::bad("lock", why, format!("see that you may write to {}", runs.join("lock").display()))
        }
    }
}

fn database(runs: &Path) -> Option<Diagnosis> {
    let rebuild =
        format!("mv {0} {0}.broken && drr-lab --runs {1} runs reindex", runs.join("lab.db").display(), runs.display());
    if !runs.join("lab.db").is_file() {
        let trials = TrialDir::all(runs).map_or(0, |all| all.len());
        return (trials > 0).then(|| {
            let mend = format!("drr-lab --runs {} runs reindex, or any sweep", runs.display());
            Diagnosis::poor("database", format!("there is none, but there are {trials} trials"), mend)
        });
    }
    let faults = match Store::read(runs) {
        Ok(Reading::Database(store)) => store.faults(),
        Ok(Reading::Unreadable(why)) => {
            let mend =
                format!("wait for it, or drr-lab --runs {} runs reindex; the folders have everything", runs.display());
            return Some(Diagnosis::poor("database", why, mend));
        }
        Err(error) => Err(error),
    };
    Some(match faults {
        Ok(faults) if faults.is_empty() => Diagnosis::good("database", "sound"),
        Ok(faults) => Diagnosis::bad("database", faults.join("; "), rebuild),
        Err(error) => Diagnosis::bad("database", error.message, rebuild),
    })
}

/// Scratch folders and half-written files of programs that were killed.
fn leftovers(runs: &Path) -> Option<Diagnosis> {
    if matches!(RunsLock::holder(runs), LockHolder::Held(_)) {
        // They may be in use.
        return None;
    }
    let names = fs::read_dir(runs).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_left = |name: &String| name == "worker" || name.starts_with("verify-") || name.ends_with(".tmp");
    let mut left: Vec<String> = names.filter(is_left).map(|name| runs.join(name).display().to_string()).collect();
    left.sort();
    if left.is_empty() {
        return None;
    }
    let mend = format!("rm -r {}", left.join(" "));
    Some(Diagnosis::poor("left behind", format!("{} of killed programs", left.join(", ")), mend))
}
