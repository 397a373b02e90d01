//! `[command]`, `[stage.NAME]` and `[params]`: sweeps of programs that are not drr-lab's.
//!
//! | file | job |
//! | --- | --- |
//! | `draft` | what the sections say, later texts over earlier ones |
//! | `judge` | whether it makes sense: placeholders, parameters, stages, programs |
//! | `files` | the code and data that a command's identity includes |

mod draft;
mod files;
mod judge;

use std::collections::BTreeSet;
use std::path::PathBuf;

use drr_core::Digest;
use drr_core::artifacts::Artifacts;
use drr_core::command::CommandPlace;
use drr_kinds::Kind;
use drr_kinds::command::{CommandSettings, Declaration};
use serde_json::{Map, Value};

pub(super) use draft::{CommandDraft, KEYS, SECTION, STAGES};
pub(super) use judge::{Parameter, judge};

/// The commands of a sweep, whole.
#[derive(Clone, Debug)]
pub struct Commands {
    /// Each after those it needs; what the sweep is about comes last.
    pub stages: Vec<CommandStage>,
    /// Where they start.
    pub folder: PathBuf,
    /// How many trials of each group are run twice, to see whether they compute the same.
    pub probe: u64,
}

/// One command of a sweep.
#[derive(Clone, Debug)]
pub struct CommandStage {
    /// Its kind, as this sweep declares it.
    pub kind: &'static Kind,
    /// What the declaration says.
    pub declaration: Declaration,
    /// Its settings; the parameters are left open.
    pub settings: CommandSettings,
    /// The parameters it takes, by name.
    pub takes: BTreeSet<String>,
    /// The stages it needs, by their places.
    pub needs: Vec<usize>,
    /// Whether it stands on ratings.
    pub on_ratings: bool,
    /// The digest of its code and data.
    pub digest: Digest,
    /// These, file by file.
    pub files: Artifacts,
    /// Variables of the environment that it is given as they are.
    pub passed: Vec<String>,
}

impl Commands {
    /// What runs them needs to know beside their trials' specs.
    pub fn place(&self) -> CommandPlace {
        let by_stage = || self.stages.iter().map(|stage| stage.declaration.kind.clone());
        CommandPlace {
            folder: self.folder.clone(),
            files: by_stage().zip(self.stages.iter().map(|stage| stage.files.clone())).collect(),
            passed: by_stage().zip(self.stages.iter().map(|stage| stage.passed.clone())).collect(),
        }
    }

    /// Whether drr-lab evaluates what they score.
    pub fn are_scored(&self) -> bool {
        self.stages.iter().any(|stage| stage.settings.scores.is_some())
    }

    /// What the sweep says of them that no trial's identity holds.
    pub fn declarations(&self) -> Vec<Declaration> {
        self.stages.iter().map(|stage| stage.declaration.clone()).collect()
    }
}

impl CommandStage {
    /// Its settings with these parameters; one without a value is not there.
    pub fn settings_with(&self, params: impl Iterator<Item = (String, Value)>) -> Map<String, Value> {
        let params = params.filter(|(name, value)| self.takes.contains(name) && !value.is_null()).collect();
        let settings = CommandSettings { params, ..self.settings.clone() };
        match serde_json::to_value(settings) {
            Ok(Value::Object(map)) => map,
            _ => unreachable!("settings are an object"),
        }
    }
}
