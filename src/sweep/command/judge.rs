//! From what the sections say to commands that make sense: every placeholder stands for something, every parameter is
//! used, every program and file is there, and no stage needs itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use drr_core::artifacts::Artifacts;
use drr_core::canonical;
use drr_core::command::{FileDigests, find_program};
use drr_kinds::command::{
    self, CommandSettings, Declaration, Piece, RESERVED, STAGE, is_reserved, kind_of_stage, pieces,
};

use super::draft::{CommandDraft, EnvValue, Placed, SECTION, STAGES, StageDraft, Takes};
use super::{CommandStage, Commands};
use crate::sweep::problem::{Problem, Problems, TextSpan};
use crate::sweep::suggest::did_you_mean;

/// A parameter, as the sweep has it.
#[derive(Clone, Debug)]
pub(in crate::sweep) struct Parameter {
    /// Where it is given.
    pub place: TextSpan,
    /// Whether one of its values is a real number.
    pub is_real: bool,
    /// Whether it may have no value at all, where a condition does not hold.
    pub may_lack: bool,
}

/// The commands of a sweep, and the dataset they ask for.
pub(in crate::sweep) fn judge(
    draft: &CommandDraft,
    parameters: &BTreeMap<String, Parameter>,
    folder: &Path,
    problems: &mut Problems,
) -> (Option<Commands>, Option<Placed<String>>) {
    let before = problems.len();
    let names: Vec<&str> = draft.stages.keys().map(String::as_str).collect();
    let Some(order) = in_order(draft, problems) else { return (None, None) };
    let main = draft.stages.get("");
    let start = main.and_then(|main| main.folder.as_ref());
    let folder = start.map_or_else(|| folder.to_owned(), |(below, _)| folder.join(below));
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    if let Some((below, place)) = start
        && !folder.is_dir()
    {
        let problem =
            Problem::new(format!("there is no folder {below}")).help(format!("looked for at {}", folder.display()));
        problems.add(problem, place, "named here");
    }
    let mut dataset = None;
    let mut digests = FileDigests::default();
    let mut stages: Vec<CommandStage> = Vec::new();
    for name in &order {
        let stage = Judged { name, draft: &draft.stages[*name], parameters, folder: &folder, names: &names };
        dataset = dataset.or_else(|| stage.draft.dataset.clone());
        stages.extend(stage.judge(&order, &mut digests, problems));
    }
    unused(draft, parameters, &stages, problems);
    if let Some((name, _)) = &dataset {
        for (other, place) in draft.stages.values().filter_map(|stage| stage.dataset.as_ref()) {
            if other != name {
                problems.add(
                    Problem::new("the stages of a sweep stand on one dataset"),
                    place,
                    format!("another uses \"{name}\""),
                );
            }
        }
    }
    let probe = main.map_or(0, |main| main.probe);
    let whole = problems.len() == before && stages.len() == order.len();
    (whole.then_some(Commands { stages, folder, probe }), dataset)
}

/// The names of the stages, each after those it needs; the command that the sweep is about last.
fn in_order<'a>(draft: &'a CommandDraft, problems: &mut Problems) -> Option<Vec<&'a str>> {
    if !draft.stages.contains_key("") {
        let (name, stage) = draft.stages.iter().next()?;
        let problem = Problem::new("stages stand below a command, and the sweep has none")
            .help("[command]\nrun = [\"./train.sh\"]");
        let place = stage.place.clone()?;
        problems.add(problem, &place, format!("`{name}` is needed by nothing"));
        return None;
    }
    let before = problems.len();
    for (name, stage) in draft.stages.iter().filter(|(name, _)| name.contains('-')) {
        if let (true, Some(place)) = (draft.stages.contains_key(&name.replace('-', "_")), &stage.place) {
            let problem = Problem::new(format!(
                "the stages `{name}` and `{}` have one name as a variable",
                name.replace('-', "_")
            ));
            problems.add(problem, place, "the second of them");
        }
    }
    for (name, stage) in &draft.stages {
        for (needed, place) in &stage.needs {
            if needed == name || !draft.stages.contains_key(needed) || needed.is_empty() {
                let known = draft.stages.keys().map(String::as_str).filter(|it| !it.is_empty() && it != name);
                let problem = Problem::new(format!("there is no stage `{needed}` to need"));
                problems.add(problem.maybe_help(did_you_mean(needed, known)), place, "no such stage");
            }
        }
    }
    if problems.len() > before {
        return None;
    }
    let mut order: Vec<&str> = Vec::new();
    while order.len() < draft.stages.len() {
        let ready = |(name, stage): &(&String, &StageDraft)| {
            let rest = draft.stages.len() - order.len();
            !order.contains(&name.as_str())
                && stage.needs.iter().all(|(needed, _)| order.contains(&needed.as_str()))
                && (!name.is_empty() || rest == 1)
        };
        match draft.stages.iter().find(ready) {
            Some((name, _)) => order.push(name),
            None => {
                let stuck = draft
                    .stages
                    .iter()
                    .find(|(name, stage)| !order.contains(&name.as_str()) && !stage.needs.is_empty());
                let (name, stage) = stuck?;
                let problem = Problem::new(format!("the stage `{name}` needs itself in the end"));
                problems.add(problem, &stage.needs[0].1, "a circle of stages");
                return None;
            }
        }
    }
    Some(order)
}

/// Parameters that no command takes.
fn unused(
    draft: &CommandDraft,
    parameters: &BTreeMap<String, Parameter>,
    stages: &[CommandStage],
    problems: &mut Problems,
) {
    // A command that cannot be read may have used them.
    if stages.len() < draft.stages.len() {
        return;
    }
    for (name, parameter) in parameters {
        if !stages.iter().any(|stage| stage.takes.contains(name)) {
            let problem = Problem::new(format!("the parameter `{name}` is used by no command"));
            let help = format!(
                "write {{{name}}} where the command takes it, or takes = [\"{name}\"] if it reads $DRR_LAB_PARAMS"
            );
            problems.add(problem.help(help), &parameter.place, "never used");
        }
    }
}

/// A stage under judgement.
struct Judged<'a> {
    name: &'a str,
    draft: &'a StageDraft,
    parameters: &'a BTreeMap<String, Parameter>,
    folder: &'a Path,
    names: &'a [&'a str],
}

impl Judged<'_> {
    fn section(&self) -> String {
        if self.name.is_empty() { SECTION.to_owned() } else { format!("{STAGES}.{}", self.name) }
    }

    fn judge(&self, order: &[&str], digests: &mut FileDigests, problems: &mut Problems) -> Option<CommandStage> {
        let Some((run, _)) = &self.draft.run else {
            let problem = Problem::new(format!("[{}] does not say what to run", self.section()));
            let help = "run = [\"python3\", \"train.py\", \"--seed\", \"{seed}\"]";
            if let (Some(place), false) = (&self.draft.place, self.draft.misread) {
                problems.add(problem.help(help), place, "needs `run`");
            }
            return None;
        };
        let before = problems.len();
        let takes = self.takes(run, problems);
        self.program(&run[0], problems);
        self.refuse_what_is_for_one_alone(problems);
        // What the command names is a part of it, whether it is listed or not.
        let named = run
            .iter()
            .filter(|(word, _)| self.is_own_file(word))
            .map(|(word, place)| (glob::Pattern::escape(word.strip_prefix("./").unwrap_or(word)), place.clone()));
        let patterns: Vec<Placed<String>> =
            self.draft.code.iter().chain(&self.draft.data).cloned().chain(named).collect();
        let files = super::files::matching(self.folder, &patterns, digests, problems);
        let (env, passed) = self.environment(problems);
        if problems.len() > before {
            return None;
        }
        let declaration = Declaration {
            kind: if self.name.is_empty() { command::NAME.to_owned() } else { kind_of_stage(self.name) },
            needs: self.draft.needs.iter().map(|(needed, _)| kind_of_stage(needed)).collect(),
            metrics: self.draft.metrics.clone(),
            determinism: self.draft.determinism,
        };
        let reals = takes.iter().filter(|name| self.parameters.get(*name).is_some_and(|it| it.is_real));
        let settings = CommandSettings {
            run: run.iter().map(|(word, _)| word.clone()).collect(),
            reals: reals.cloned().collect(),
            log: self.draft.log,
            env,
            scores: self.draft.scores.as_ref().map(|(name, _)| name.clone()),
            ..CommandSettings::default()
        };
        let needs = self.draft.needs.iter().filter_map(|(needed, _)| order.iter().position(|name| name == needed));
        Some(CommandStage {
            kind: command::kind(&declaration),
            settings,
            takes,
            needs: needs.collect(),
            on_ratings: self.draft.dataset.is_some(),
            digest: digest(&files),
            files,
            passed,
            declaration,
        })
    }

    /// Whether a word is the name of a file below the folder.
    fn is_own_file(&self, word: &str) -> bool {
        let path = Path::new(word);
        let is_below = !path.is_absolute() && !path.components().any(|part| part == std::path::Component::ParentDir);
        is_below && !word.contains('{') && self.folder.join(path).is_file()
    }

    /// The parameters it takes: those of its words, and those it says it reads.
    fn takes(&self, run: &[Placed<String>], problems: &mut Problems) -> BTreeSet<String> {
        let mut takes = BTreeSet::new();
        let all = self.parameters.keys().cloned();
        match &self.draft.takes {
            Some((Takes::All, _)) => takes.extend(all.clone()),
            Some((Takes::Some(names), _)) => {
                for (name, place) in names {
                    if self.parameters.contains_key(name) {
                        takes.insert(name.clone());
                    } else {
                        problems.add(self.unknown(name), place, "no such parameter");
                    }
                }
            }
            None => {}
        }
        for (word, place) in run {
            let found = match pieces(word) {
                Ok(found) => found,
                Err(why) => {
                    problems.add(Problem::new(why), place, "here");
                    continue;
                }
            };
            for name in found.into_iter().filter_map(|it| if let Piece::Name(name) = it { Some(name) } else { None }) {
                self.placeholder(&name, place, problems);
                if name == "params" && self.draft.takes.is_none() {
                    takes.extend(all.clone());
                }
                if self.parameters.contains_key(&name) {
                    takes.insert(name);
                }
            }
        }
        takes
    }

    fn placeholder(&self, name: &str, place: &TextSpan, problems: &mut Problems) {
        if let Some(stage) = name.strip_prefix(STAGE) {
            if !self.draft.needs.iter().any(|(needed, _)| needed == stage) {
                let is_there = self.names.contains(&stage) && !stage.is_empty();
                let help = if is_there {
                    format!("add needs = [\"{stage}\"] to [{}]", self.section())
                } else {
                    "stages are sections of their own: [stage.prepare]".to_owned()
                };
                let problem =
                    Problem::new(format!("`{{{name}}}` is the folder of a stage that this command does not need"));
                problems.add(problem.help(help), place, "stands for nothing");
            }
        } else if name == "data" && self.draft.dataset.is_none() {
            let problem = Problem::new("`{data}` is the folder of a dataset, and this command asks for none");
            problems.add(problem.help("data = { dataset = \"ml-100k\" }"), place, "stands for nothing");
        } else if !is_reserved(name) {
            match self.parameters.get(name) {
                None => problems.add(self.unknown(name), place, "stands for nothing"),
                Some(parameter) if parameter.may_lack => {
                    let problem = Problem::new(format!("`{name}` has no value where its condition does not hold"));
                    let help = "say what it is there: { …, when = { … }, default = 0 }";
                    problems.add(problem.help(help), &parameter.place, "needs `default`");
                }
                Some(_) => {}
            }
        }
    }

    fn unknown(&self, name: &str) -> Problem {
        let known = || self.parameters.keys().map(String::as_str).chain(RESERVED.iter().map(|(name, _)| *name));
        let help = did_you_mean(name, known()).unwrap_or_else(|| {
            format!("known here: {}; a parameter is a key of [params]", known().collect::<Vec<_>>().join(", "))
        });
        let is_name = name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.'));
        let help = if is_name { help } else { "braces that are no placeholder are written {{ and }}".to_owned() };
        Problem::new(format!("there is no parameter `{name}`")).help(help)
    }

    fn program(&self, (word, place): &Placed<String>, problems: &mut Problems) {
        if word.contains('{') {
            let problem =
                Problem::new("the program is the same for all trials").help("name it, and put parameters behind it");
            return problems.add(problem, place, "a placeholder");
        }
        let path = std::env::var("PATH").unwrap_or_default();
        if find_program(word, self.folder, &path).is_some() || !self.folder.is_dir() {
            return;
        }
        let there = self.folder.join(word);
        let (problem, help) = if there.is_file() && !word.contains('/') {
            (
                format!("there is no program `{word}` in PATH"),
                format!("for the file beside the sweep file write \"./{word}\""),
            )
        } else if there.is_file() {
            (
                format!("{word} may not be run"),
                format!("chmod +x {word}, or name what runs it first: [\"python3\", \"{word}\", …]"),
            )
        } else if word.contains('/') {
            (
                format!("there is no program {}", there.display()),
                "paths are relative to the folder of the sweep file".to_owned(),
            )
        } else {
            (
                format!("there is no program `{word}` in PATH"),
                "give its path, or see whether it is installed".to_owned(),
            )
        };
        problems.add(Problem::new(problem).help(help), place, "cannot be started");
    }

    fn refuse_what_is_for_one_alone(&self, problems: &mut Problems) {
        if self.name.is_empty() {
            if let Some((name, place)) = &self.draft.scores {
                if name.is_empty() || name.starts_with('/') || name.split('/').any(|part| part == "..") {
                    let problem = Problem::new(format!("\"{name}\" cannot name the file of scores"));
                    problems.add(problem, place, "a file in the folder of artifacts, such as \"scores.csv\"");
                }
                if self.draft.dataset.is_none() {
                    let problem =
                        Problem::new("scores are of a dataset's users and items, and the command asks for none");
                    problems.add(problem.help("data = { dataset = \"ml-100k\" }"), place, "of no dataset");
                }
            }
            return;
        }
        if let Some((_, place)) = &self.draft.folder {
            problems.add(
                Problem::new("all commands of a sweep start in one folder").help("say it in [command]"),
                place,
                "of a stage",
            );
        }
        if let Some((_, place)) = &self.draft.scores {
            problems.add(
                Problem::new("scores are what [command] writes").help("say it in [command]"),
                place,
                "of a stage",
            );
        }
    }

    fn environment(&self, problems: &mut Problems) -> (BTreeMap<String, String>, Vec<String>) {
        let (mut set, mut passed) = (BTreeMap::new(), Vec::new());
        for (name, value, place) in &self.draft.env {
            if name.is_empty() || name.contains(['=', '\0']) {
                problems.add(Problem::new(format!("`{name}` cannot name a variable")), place, "here");
                continue;
            }
            match value {
                EnvValue::Set(value) => drop(set.insert(name.clone(), value.clone())),
                EnvValue::Passed => passed.push(name.clone()),
                EnvValue::Identity => match std::env::var(name) {
                    Ok(value) => drop(set.insert(name.clone(), value)),
                    Err(_) => {
                        let problem = Problem::new(format!(
                            "the variable {name} is part of the trials' identity, and is not set"
                        ));
                        problems.add(problem.help(format!("export {name}=…")), place, "not set here");
                    }
                },
            }
        }
        passed.sort();
        passed.dedup();
        (set, passed)
    }
}

/// The digest of code and data: by name and content.
fn digest(files: &Artifacts) -> drr_core::Digest {
    canonical::digest(files)
}
