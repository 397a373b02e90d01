//! Trials that are programs of the user's: run, and their scores taken for a ranking.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use drr_command::scores::{Scored, read_scores};
use drr_command::{ProgramRun, Ran};
use drr_core::TrialId;
use drr_core::command::FileDigests;
use drr_core::data::{Ratings, Split, division};
use drr_core::machine::Machine;
use drr_core::protocol::{Assignment, Device};
use drr_core::result::{EnvironmentClass, OF_A_COMMAND, TrialResult};
use drr_core::spec::TrialSpec;
use drr_core::trial_dir::TrialDir;
use drr_kinds::command::CommandSettings;
use drr_kinds::error::{Error, Result};
use drr_kinds::ranking::StaticRanking;
use drr_kinds::training::Reporter;

use super::loaded::divided;

/// Where the bits of what a program computes may be the same: on this processor, as far as anybody here can tell.
pub fn environment(device: Device) -> EnvironmentClass {
    static CPU: LazyLock<String> = LazyLock::new(|| Machine::look().cpu);
    EnvironmentClass {
        isa: CPU.clone(),
        device: if device == Device::Cpu { "cpu" } else { "gpu" }.to_owned(),
        numerics: OF_A_COMMAND.to_owned(),
        ..EnvironmentClass::default()
    }
}

/// Runs a program as a trial.
///
/// # Errors
/// Whatever ends it without a result.
pub fn run(
    (assignment, spec): (&Assignment, &TrialSpec),
    (folder, is_again): (&TrialDir, bool),
    reporter: &mut dyn Reporter,
) -> Result<Ran> {
    let nowhere = || Error::Environment("nobody says where commands run".to_owned());
    let of = |ratings| division::provide(&assignment.runs, ratings, || divided(&assignment.data, ratings));
    let data = spec.ratings.as_ref().map(of).transpose()?;
    let program = ProgramRun {
        spec,
        folder,
        runs: &assignment.runs,
        place: assignment.commands.as_ref().ok_or_else(nowhere)?,
        data: data.as_deref(),
        device: assignment.device,
        is_again,
    };
    let ran = drr_command::run::run(&program, reporter)?;
    check_scores((assignment, spec), folder)?;
    Ok(ran)
}

/// Scores that a command was to write are looked at while its trial can still fail by them.
fn check_scores((assignment, spec): (&Assignment, &TrialSpec), folder: &TrialDir) -> Result<()> {
    let settings = CommandSettings::of(&spec.settings).map_err(Error::Deterministic)?;
    let (Some(name), Some(ratings)) = (&settings.scores, &spec.ratings) else { return Ok(()) };
    let (table, split) = divided(&assignment.data, ratings)?;
    scored(&table, &split, &folder.artifacts().join(name)).map(|_| ()).map_err(Error::Deterministic)
}

/// The ranking by the scores that a finished command wrote.
///
/// # Errors
/// Scores that are gone or were changed.
pub fn ranking(assignment: &Assignment, spec: &TrialSpec, below: TrialId) -> Result<StaticRanking> {
    let folder = TrialDir::new(&assignment.runs, below);
    let read = |error: String| Error::Environment(format!("trial {}: {error}", below.short()));
    let result = TrialResult::read(&folder.result()).map_err(|error| read(error.to_string()))?;
    let result = result.ok_or_else(|| read("it is not finished".to_owned()))?;
    let text = std::fs::read(folder.spec()).map_err(|error| read(error.to_string()))?;
    let own: TrialSpec = serde_json::from_slice(&text).map_err(|error| read(error.to_string()))?;
    let settings = CommandSettings::of(&own.settings).map_err(read)?;
    let name = settings.scores.ok_or_else(|| read("its command writes no scores".to_owned()))?;
    let path = folder.artifacts().join(&name);
    let found = FileDigests::default().of(&path).map_err(|error| read(format!("{}: {error}", path.display())))?;
    if result.artifacts.get(&name) != Some(&found) {
        return Err(read(format!("{} was changed after its trial", path.display())));
    }
    let ratings = spec.ratings.as_ref().ok_or_else(|| read("an evaluation stands on ratings".to_owned()))?;
    let (table, split) = divided(&assignment.data, ratings)?;
    let scores = scored(&table, &split, &path).map_err(read)?;
    Ok(StaticRanking::By(Box::new(scores)))
}

/// Scores by user and item, one for every pair of the test part.
fn scored(table: &Ratings, split: &Split, path: &Path) -> std::result::Result<Scored, String> {
    let number = |ids: &[String]| -> HashMap<String, u32> { ids.iter().cloned().zip(0..).collect() };
    let (users, items) = (number(&table.users), number(&table.items));
    let candidates = split.test.iter().map(|&row| (table.rows[row as usize].user, table.rows[row as usize].item));
    let named = |(user, item): (u32, u32)| (table.users[user as usize].as_str(), table.items[item as usize].as_str());
    read_scores(path, (&users, &items), candidates, named)
}
