//! What a sweep file builds on (`extends`) and its variants (`[profile.*]`): the texts in the order they speak. Files are
//! read here alone; what they said is then kept with the request.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::command;
use super::document;
use super::draft::Draft;
use super::fields::Naming;
use super::problem::{Problem, Problems, Source, TextSpan};
use super::suggest::did_you_mean;
use super::tree::{self, Entry, Node, Tree};

/// What came of reading a file and all it builds on.
pub(super) struct ReadSource {
    pub draft: Draft,
    /// What the profile adds to the sweep's name.
    pub suffix: Option<String>,
}

/// Most texts one sweep is put together from.
const MOST: usize = 256;

/// Reads `sources`, each on top of those before it, and the chosen profile on top of all. `None` if a text is not TOML
/// at all: what follows a broken line is guesswork, and its problems would mislead.
pub(super) fn read(sources: &[Source], profile: Option<&str>, problems: &mut Problems) -> Option<ReadSource> {
    let layers: Vec<Vec<Entry>> = sources.iter().map(|source| tree::document(source, problems)).collect();
    if !problems.is_empty() {
        return None;
    }
    let mut draft = Draft::new();
    if layers.iter().flatten().any(|entry| matches!(entry.key.as_str(), command::SECTION | command::STAGES)) {
        draft.naming = Naming::Parameters;
    }
    let mut profiles: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for entries in &layers {
        draft.next_layer();
        // A file that builds on another is another sweep, whose record must not be replaced.
        draft.name = None;
        document::read(&mut draft, entries, problems);
        for entry in entries.iter().filter(|entry| entry.key == "profile") {
            add_profiles(entry, &mut profiles, problems);
        }
    }
    let name = draft.name.clone();
    for (known, variants) in profiles.iter().filter(|(known, _)| Some(known.as_str()) != profile) {
        // Not asked for, but a mistake in it is a mistake of the file.
        let mut scratch = draft.clone();
        variants.iter().for_each(|variant| apply(&mut scratch, known, variant, problems));
    }
    let mut suffix = None;
    if let Some(chosen) = profile {
        match profiles.get(chosen) {
            Some(variants) => {
                variants.iter().for_each(|variant| apply(&mut draft, chosen, variant, problems));
                let renamed = draft.name.as_ref().map(|(name, _)| name) != name.as_ref().map(|(name, _)| name);
                suffix = (!renamed).then(|| chosen.to_owned());
            }
            None => {
                let start = sources.last().map(Source::start).expect("a sweep is at least its file");
                problems.add(unknown(chosen, &profiles), &start, "has no such profile");
            }
        }
    }
    Some(ReadSource { draft, suffix })
}

fn unknown(chosen: &str, profiles: &BTreeMap<String, Vec<Entry>>) -> Problem {
    let names: Vec<&str> = profiles.keys().map(String::as_str).collect();
    let all = match names.as_slice() {
        [] => "the file has no profile; write one as [profile.smoke]".to_owned(),
        names => format!("its profiles: {}", names.join(", ")),
    };
    let help = did_you_mean(chosen, names).unwrap_or(all);
    Problem::new(format!("there is no profile `{chosen}`")).help(help)
}

fn add_profiles(entry: &Entry, profiles: &mut BTreeMap<String, Vec<Entry>>, problems: &mut Problems) {
    let Tree::Table(named) = &entry.node.tree else {
        let problem = Problem::new("`profile` holds named variants").help("[profile.smoke]\nseeds = 1");
        return problems.add(problem, &entry.node.place, "expected a table");
    };
    for variant in named {
        profiles.entry(variant.key.clone()).or_default().push(variant.clone());
    }
}

fn apply(draft: &mut Draft, name: &str, variant: &Entry, problems: &mut Problems) {
    let Tree::Table(entries) = &variant.node.tree else {
        let problem = Problem::new(format!("the profile `{name}` is a section")).help(format!("[profile.{name}]"));
        return problems.add(problem, &variant.node.place, "expected a table");
    };
    for stray in entries.iter().filter(|entry| matches!(entry.key.as_str(), "extends" | "profile")) {
        problems.add(Problem::new(format!("`{}` has no place in a profile", stray.key)), &stray.key_place, "here");
    }
    draft.next_layer();
    document::read(draft, entries, problems);
}

/// A text that lies in `folder` and all it builds on, in the order in which they speak: what is built on first.
/// `None` if one is not TOML at all, or where there are too many.
pub(super) fn collect(
    source: Source,
    file: Option<&Path>,
    folder: &Path,
    problems: &mut Problems,
) -> Option<Vec<Source>> {
    let mut path: Vec<PathBuf> = file.and_then(|file| fs::canonicalize(file).ok()).into_iter().collect();
    let mut sources = Vec::new();
    add(source, folder, &mut path, &mut sources, problems).map(|()| sources)
}

fn add(
    source: Source,
    folder: &Path,
    path: &mut Vec<PathBuf>,
    sources: &mut Vec<Source>,
    problems: &mut Problems,
) -> Option<()> {
    let before = problems.len();
    let entries = tree::document(&source, problems);
    if problems.len() > before {
        return None;
    }
    for (base, place) in bases(&entries, problems) {
        let file = folder.join(&base);
        let file = if file.is_file() || file.extension().is_some() { file } else { file.with_extension("toml") };
        let identity = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
        if path.contains(&identity) {
            problems.add(Problem::new(format!("\"{base}\" extends itself in the end")), &place, "a circle");
            continue;
        }
        if path.len() + sources.len() >= MOST {
            let problem = Problem::new(format!("the sweep builds on more than {MOST} files"));
            problems.add(problem.help("put some of them together"), &place, "one too many");
            return None;
        }
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => {
                let problem = Problem::new(format!("{} cannot be read: {error}", file.display()));
                problems.add(problem.help("paths are relative to the file that names them"), &place, "named here");
                continue;
            }
        };
        path.push(identity);
        let folder = file.parent().unwrap_or(Path::new(".")).to_owned();
        let source = Source::new(&file.display().to_string(), &text);
        add(source, &folder, path, sources, problems)?;
        path.pop();
    }
    sources.push(source);
    Some(())
}

/// The files that `extends` names.
fn bases(entries: &[Entry], problems: &mut Problems) -> Vec<(String, TextSpan)> {
    let Some(entry) = entries.iter().find(|entry| entry.key == "extends") else { return Vec::new() };
    let one = std::slice::from_ref(&entry.node);
    let nodes: &[Node] = match &entry.node.tree {
        Tree::Array(nodes) => nodes,
        _ => one,
    };
    let mut bases = Vec::new();
    for node in nodes {
        match &node.tree {
            Tree::Scalar(Value::String(text)) => bases.push((text.clone(), node.place.clone())),
            _ => {
                let problem = Problem::new("`extends` names a file").help("extends = \"quickstart.toml\"");
                problems.add(problem, &node.place, "expected a text");
            }
        }
    }
    bases
}
