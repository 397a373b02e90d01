//! Running recorded trials again: from the stored spec, on the stored models of the trials they stand on, by the real
//! worker under the real supervisor, in a scratch folder of its own. A trial's verdict is thus about that trial alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use drr_core::artifacts;
use drr_core::command::CommandPlace;
use drr_core::data::catalogue::Catalogue;
use drr_core::finished::{self, Finished};
use drr_core::replayed::{ReplayRecord, Sameness};
use drr_core::result::SEALED;
use drr_core::spec::DatasetSpec;
use drr_core::trial_dir::TrialDir;
use drr_core::{Digest, Trial, TrialId};
use drr_kinds::{KindOf as _, Stage};

use super::cell::with_upstream;
use super::commands;
use super::compare::{ReplayVerdict, Tolerance, compare_replay, largest_difference};
use super::difference::{Difference, environments};
use crate::error::{Error, Result};
use crate::exec::{self, Observer, RunOptions, Slot};
use crate::plan::{FailedBefore, Plan, Sizes};
use crate::store::{Store, SweepRecord};
use crate::sweep::{GivenDivisions, Sweep};

/// What a replay needs.
#[derive(Clone, Debug)]
pub struct ReplayRequest {
    /// How trials are run; its runs folder is where they are recorded.
    pub options: RunOptions,
    /// The worker and the slots for what a GPU computed, where there is one; on cores it could but come out as another class.
    pub on_gpus: Option<(PathBuf, Vec<Slot>)>,
    /// Where they run again; made, and left as it is.
    pub scratch: PathBuf,
    /// How far values may be apart.
    pub tolerance: Tolerance,
    /// How far apart they may be by what their sweeps say, by kind; where nothing else is asked for.
    pub by_kind: BTreeMap<String, Tolerance>,
    /// Where commands are now, if not where they were; what came in a bundle runs only if this is said.
    pub commands_in: Option<PathBuf>,
}

impl ReplayRequest {
    /// How far apart two runs of a trial may be: what was asked for, or what its sweep says of its kind.
    fn tolerance_of(&self, trial: &Finished) -> Tolerance {
        match self.by_kind.get(trial.spec.kind.as_str()) {
            Some(own) if self.tolerance == Tolerance::default() && trial.spec.policy.is_none() => *own,
            _ => self.tolerance,
        }
    }
}

/// A trial done again.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The trial.
    pub trial: TrialId,
    /// Its stage.
    pub stage: Stage,
    /// What came of it.
    pub verdict: ReplayVerdict,
    /// In what the two runs' provenances differ.
    pub environments: Vec<Difference>,
}

/// Where trials of one kind run again.
#[derive(PartialEq)]
struct ReplayPlace {
    /// Where commands are, if they are some.
    commands: Option<CommandPlace>,
    /// On a GPU, as they did.
    on_gpu: bool,
}

/// Runs trials again and compares; in the order given.
///
/// # Errors
/// No worker can be had, the scratch folder cannot be written, or someone stopped it.
pub fn replay(recorded: &[Finished], replay: &ReplayRequest, observer: &mut dyn Observer) -> Result<Vec<Replayed>> {
    let mut verdicts: BTreeMap<TrialId, Replayed> = BTreeMap::new();
    let mut data = BTreeMap::new();
    for stage in Stage::in_order(recorded.iter().map(|trial| trial.spec.stage())) {
        // A folder a stage: in the next one the same ids stand for the stored models.
        let scratch = replay.scratch.join(stage.name());
        let mut able = Vec::new();
        for trial in recorded.iter().filter(|trial| trial.spec.stage() == stage) {
            match obstacle(trial, replay, &scratch, &mut data)? {
                Some(why) => {
                    let (trial, verdict) = (trial.spec.id(), ReplayVerdict::CannotRun(why));
                    verdicts.insert(trial, Replayed { trial, stage, verdict, environments: Vec::new() });
                }
                None => able.push(trial),
            }
        }
        let mut places: Vec<(ReplayPlace, Vec<&Finished>)> = Vec::new();
        able.retain(|trial| {
            let folder = TrialDir::new(&replay.options.runs, trial.spec.id());
            let place = trial
                .spec
                .is_command()
                .then(|| commands::place(trial, &folder, replay.commands_in.as_deref()))
                .transpose();
            let place = match place {
                Ok(place) => place,
                Err(why) => {
                    let (trial, verdict) = (trial.spec.id(), ReplayVerdict::CannotRun(why));
                    verdicts.insert(trial, Replayed { trial, stage, verdict, environments: Vec::new() });
                    return false;
                }
            };
            let on_gpu = trial.result.environment.is_of_gpu() && replay.on_gpus.is_some();
            let place = ReplayPlace { commands: place, on_gpu };
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, trials)) => trials.push(trial),
                None => places.push((place, vec![trial])),
            }
            true
        });
        let mut failed = BTreeMap::new();
        for (ReplayPlace { commands, on_gpu }, trials) in places {
            let options = match &replay.on_gpus {
                Some((worker, slots)) if on_gpu => {
                    RunOptions { worker: worker.clone(), slots: slots.clone(), ..replay.options.clone() }
                }
                _ => replay.options.clone(),
            };
            let options = RunOptions { runs: scratch.clone(), ..options };
            failed.extend(run((stage, commands), &trials, &options, observer)?);
        }
        for recorded in able {
            let trial = recorded.spec.id();
            let (then, now) = (TrialDir::new(&replay.options.runs, trial), TrialDir::new(&scratch, trial));
            let verdict = match (failed.get(&trial), finished::read(&now)) {
                (Some(why), _) => ReplayVerdict::CannotRun(why.clone()),
                (None, Ok(again)) => {
                    let verdict = compare_replay(recorded, &again, replay.tolerance_of(recorded));
                    note(&then, (recorded, &again), &verdict);
                    verdict
                }
                (None, Err(fault)) => ReplayVerdict::CannotRun(fault.to_string()),
            };
            let environments = environments(&then, &now);
            verdicts.insert(trial, Replayed { trial, stage, verdict, environments });
        }
    }
    Ok(recorded.iter().map(|trial| verdict_of(trial, &verdicts)).collect())
}

/// Keeps what came of a trial run again with it. An archive that cannot be written stays as it is.
fn note(folder: &TrialDir, (recorded, again): (&Finished, &Finished), verdict: &ReplayVerdict) {
    let sameness = match verdict {
        ReplayVerdict::Bitwise => Sameness::Bits,
        ReplayVerdict::Artifacts(_) => Sameness::Metrics,
        ReplayVerdict::Within { .. } => Sameness::Tolerance,
        ReplayVerdict::Diverged(_) => Sameness::Different,
        ReplayVerdict::OtherClass { .. } | ReplayVerdict::CannotRun(_) => return,
    };
    let _ = ReplayRecord::add(folder, sameness, &verdict.to_string(), largest_difference(recorded, again));
}

/// A trial's verdict. One that nothing was found out about is said as such, never left out.
fn verdict_of(recorded: &Finished, verdicts: &BTreeMap<TrialId, Replayed>) -> Replayed {
    let trial = recorded.spec.id();
    verdicts.get(&trial).cloned().unwrap_or_else(|| Replayed {
        trial,
        stage: recorded.spec.stage(),
        verdict: ReplayVerdict::CannotRun(
            "it was not run again, though it is finished: a fault of this program".to_owned(),
        ),
        environments: Vec::new(),
    })
}

/// Why a trial cannot be run, after putting what it stands on into the scratch folder.
fn obstacle(
    trial: &Finished,
    replay: &ReplayRequest,
    scratch: &Path,
    data: &mut BTreeMap<String, std::result::Result<Digest, String>>,
) -> Result<Option<String>> {
    if let Some(dataset) = trial.spec.dataset().filter(|dataset| dataset.synthetic.is_none()) {
        let found = data.entry(dataset.name.clone()).or_insert_with(|| {
            Catalogue::new(&replay.options.data).fingerprint(&dataset.name).map_err(|error| error.to_string())
        });
        match found {
            Err(why) => return Ok(Some(why.clone())),
            Ok(found) if *found != dataset.fingerprint => {
                return Ok(Some(changed_ratings(dataset, *found, &replay.options.data)));
            }
            Ok(_) => {}
        }
    }
    for above in with_upstream(&replay.options.runs, &trial.spec.upstream()) {
        let (stored, link) = (TrialDir::new(&replay.options.runs, above), TrialDir::new(scratch, above));
        if link.is_complete() {
            continue;
        }
        if let Err(fault) = finished::read(&stored) {
            return Ok(Some(format!("it stands on trial {}: {fault}", above.short())));
        }
        copy(&stored, &link).map_err(|error| {
            Error::environment(format!("cannot copy {} to {}: {error}", stored.path().display(), scratch.display()))
        })?;
    }
    Ok(None)
}

/// That the ratings are not those of the trial, and whose changed, where that is known.
fn changed_ratings(dataset: &DatasetSpec, found: Digest, data: &Path) -> String {
    const MOST: usize = 5;
    let users = Catalogue::new(data).changed_users(&dataset.name).ok().flatten().unwrap_or_default();
    let more = if users.len() > MOST { format!(" and {} more", users.len() - MOST) } else { String::new() };
    let whose = match users.len() {
        0 => String::new(),
        1 => format!(", those of user {}", users[0]),
        _ => format!(", those of users {}{more}", users[..users.len().min(MOST)].join(", ")),
    };
    let (name, found, then) = (&dataset.name, found.short(), dataset.fingerprint.short());
    format!("the ratings of {name} changed{whose}: their fingerprint is {found}, it was {then}")
}

/// Copies a finished folder, the result last. No links: a worker that goes astray must not reach what is stored.
fn copy(from: &TrialDir, to: &TrialDir) -> io::Result<()> {
    fs::create_dir_all(to.path())?;
    for name in SEALED.into_iter().chain(["result.json"]) {
        match fs::copy(from.path().join(name), to.path().join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for name in artifacts::names(&from.artifacts())? {
        let to = to.artifacts().join(&name);
        fs::create_dir_all(to.parent().unwrap_or(&to))?;
        fs::copy(from.artifacts().join(&name), to)?;
    }
    Ok(())
}

/// Runs trials of one stage; tells which failed, and why.
fn run(
    (stage, place): (Stage, Option<CommandPlace>),
    trials: &[&Finished],
    options: &RunOptions,
    observer: &mut dyn Observer,
) -> Result<BTreeMap<TrialId, String>> {
    let scratch = &options.runs;
    let mut members: BTreeMap<TrialId, Trial> = BTreeMap::new();
    let mut order = Vec::new();
    let mut add = |spec: &drr_core::TrialSpec| {
        let id = spec.id();
        if members.insert(id, Trial { id, spec: spec.clone(), point: Arc::default() }).is_none() {
            order.push(id);
        }
    };
    let above: Vec<TrialId> = trials.iter().flat_map(|trial| trial.spec.upstream()).collect();
    let above = with_upstream(scratch, &above);
    let mut standing: Vec<_> =
        above.into_iter().filter_map(|above| finished::read_spec(&TrialDir::new(scratch, above)).ok()).collect();
    // What stands on more comes later.
    standing.sort_by_key(|spec| with_upstream(scratch, &spec.upstream()).len());
    standing.iter().for_each(&mut add);
    trials.iter().for_each(|trial| add(&trial.spec));
    let trials = order.iter().map(|id| Arc::new(members[id].clone())).collect();
    let sweep = Sweep {
        name: format!("verify {}", stage.name()),
        text: String::new(),
        axes: Vec::new(),
        configurations: 0,
        seeds: 0,
        trials,
        declarations: Vec::new(),
        probe: 0,
        place,
        given: GivenDivisions::new(),
    };
    let mut store = Store::open(scratch)?;
    store.record_sweep(&SweepRecord::from(&sweep))?;
    let plan = Plan::new(&sweep, scratch, &Sizes::new(&options.data), FailedBefore::Retry);
    let outcome = exec::execute(&plan, options, &mut store, observer)?;
    if outcome.interrupted {
        return Err(Error {
            exit: crate::error::Exit::Interrupted,
            ..Error::input("interrupted; nothing was verified")
        });
    }
    Ok(outcome.failed.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fabricate::{MadeTrials, finish_with};

    #[test]
    fn a_trial_without_a_verdict_is_a_fault_that_is_named() {
        let runs = tempfile::tempdir().expect("a folder");
        let spec = MadeTrials::new().pmf(1);
        let recorded = finished::read(&finish_with(runs.path(), &spec, Vec::new(), BTreeMap::new(), 1)).expect("whole");
        let replayed = verdict_of(&recorded, &BTreeMap::new());
        assert_eq!((replayed.trial, replayed.stage), (spec.id(), Stage::named("pmf")));
        assert!(matches!(&replayed.verdict, ReplayVerdict::CannotRun(why) if why.contains("was not run again")));
        let verdicts = BTreeMap::from([(spec.id(), Replayed { verdict: ReplayVerdict::Bitwise, ..replayed })]);
        assert_eq!(verdict_of(&recorded, &verdicts).verdict, ReplayVerdict::Bitwise);
    }
}
