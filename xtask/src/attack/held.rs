//! What must hold after every attack: the same command completes with all that was finished intact and the results of a run
//! nobody attacked, nothing trained twice, and what is stored as it was written.

use super::site::{PATIENCE, Results, Site, TRIALS, last};

/// Right after the attack, before anything mends it: what is stored is checked without a false alarm. What is finished now
/// must stay.
pub fn right_after(site: &Site<'_>) -> Result<Results, String> {
    let before = site.results();
    if site.runs().join("lab.db").exists() {
        let checked = site.run(site.verify(), PATIENCE)?;
        if checked.code == Some(5) {
            return Err(format!("nobody changed anything, and `verify` says so: {}", last(&checked.out)));
        }
        checked.code_is(&[0, 2]).map_err(|why| format!("`verify` right after it: {why}"))?;
    }
    Ok(before)
}

/// Runs the same command again, which completes.
pub fn goes_on(site: &Site<'_>, before: &Results, more: &[&str]) -> Result<(), String> {
    let again = site.run(site.sweep(more), PATIENCE).map_err(|why| format!("the same command: {why}"))?;
    again.code_is(&[0]).map_err(|why| format!("the same command does not complete: {why}"))?;
    let after = site.results();
    if let Some((trial, _)) = before.iter().find(|(trial, file)| after.get(*trial) != Some(file)) {
        return Err(format!("trial {} was finished and was touched again", &trial[..12]));
    }
    is_whole(site)
}

/// Everything is there once, with the right results.
pub fn is_whole(site: &Site<'_>) -> Result<(), String> {
    let digests = site.digests();
    if digests != site.world.expected {
        return Err(format!("{} of {TRIALS} trials have the undisturbed run's result", {
            digests.iter().filter(|(trial, digest)| site.world.expected.get(*trial) == Some(digest)).count()
        }));
    }
    if let Some((trial, times)) = site.written().into_iter().find(|(_, times)| *times > 1) {
        return Err(format!("trial {} was trained to its end {times} times", &trial[..12]));
    }
    let checked = site.run(site.verify(), PATIENCE)?;
    checked.code_is(&[0]).map(|_| ()).map_err(|why| format!("`verify` at the end: {why}"))
}
