//! What was asked for, in full: the sweep file, every file it builds on, and the command line's options. A request is
//! expanded from itself alone, so that what a recorded sweep meant can be told whatever became of its files.
//!
//! It is kept as `request.json` beside `sweep.toml` and `trials.jsonl`. The same stands in `sweep.toml` for people, as
//! comments; records of before `request.json` have only those, and they are read back here alone.

use std::path::{Path, PathBuf};
use std::{fs, io};

use drr_core::canonical;
use drr_core::trial_dir::write_whole;
use serde::{Deserialize, Serialize};

use super::command;
use super::comments;
use super::dataset::Fingerprints;
use super::expand::{Sweep, expand};
use super::file::{GivenDivisions, SweepFile};
use super::inherit;
use super::overrides::Request;
use super::problem::{Problems, Source};
use super::tree;
use super::whole;
use crate::error::{Error, Result};

/// The version of `request.json`; those that name no given division are of the first.
const FORMAT: u32 = 2;

/// The file's name in the folder of a recorded sweep.
const FILE: &str = "request.json";

/// A sweep as it was asked for.
#[derive(Clone, Debug)]
pub struct SweepRequest {
    /// In the order in which they speak: what is built on first, the sweep file last.
    sources: Vec<Source>,
    asked: Request,
    /// The folder of the sweep file, where commands start and paths of given divisions are seen from.
    folder: PathBuf,
    /// What given divisions were called when it was recorded.
    given: GivenDivisions,
}

/// A request as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptRequest {
    format: u32,
    sources: Vec<KeptSource>,
    profile: Option<String>,
    set: Vec<String>,
    only: Vec<String>,
    /// Of sweeps of commands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    /// Of sweeps with given divisions.
    #[serde(default, skip_serializing_if = "GivenDivisions::is_empty")]
    given: GivenDivisions,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptSource {
    name: String,
    text: String,
}

/// As much of a kept request as every version of it says.
#[derive(Deserialize)]
struct KeptFormat {
    format: u32,
}

impl SweepRequest {
    /// Reads a sweep file and all it builds on.
    ///
    /// # Errors
    /// A file that cannot be read, is not TOML, or extends itself. What else is wrong is told by [`SweepRequest::file`].
    pub fn read(path: &Path, asked: &Request) -> Result<Self> {
        let shown = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Error::input(format!("there is no sweep file {shown}")).hint("the ready-made ones lie in sweeps/")
            }
            io::ErrorKind::InvalidData => Error::input(format!("{shown} is no text in UTF-8")),
            _ => Error::input(format!("{shown} cannot be read: {error}")),
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::gather(&Source::new(&shown, &text), Some(path), folder, asked)
    }

    /// As [`SweepRequest::read`], for a text that would lie in `folder`.
    ///
    /// # Errors
    /// As those of [`SweepRequest::read`].
    pub fn of_text(source: &Source, folder: &Path, asked: &Request) -> Result<Self> {
        Self::gather(source, None, folder, asked)
    }

    fn gather(source: &Source, file: Option<&Path>, folder: &Path, asked: &Request) -> Result<Self> {
        let mut problems = Problems::default();
        let sources = inherit::collect(source.clone(), file, folder, &mut problems);
        match sources {
            // What a missing base would have said is unknown, and so is what else is wrong.
            Some(sources) if problems.is_empty() => {
                let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
                let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
                Ok(Self { sources, asked: asked.clone(), folder, given: GivenDivisions::new() })
            }
            _ => Err(problems.into_error(source.name())),
        }
    }

    /// The request of a recorded sweep, from the folder of its record.
    ///
    /// # Errors
    /// A record that is not there, was changed, or was written by a newer program.
    pub fn of_record(folder: &Path) -> Result<Self> {
        let read = |file: &str| match fs::read_to_string(folder.join(file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read
                .map(Some)
                .map_err(|error| Error::environment(format!("cannot read {}: {error}", folder.join(file).display()))),
        };
        let recorded = read("sweep.toml")?
            .ok_or_else(|| Error::environment(format!("there is no {}", folder.join("sweep.toml").display())))?;
        let Some(kept) = read(FILE)? else {
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let (sources, asked) = comments::read(&name, &recorded);
            return Ok(Self { sources, asked, folder: PathBuf::from("."), given: GivenDivisions::new() });
        };
        let at = folder.join(FILE);
        let request = Self::parse(&kept).map_err(|why| Error::environment(format!("{}: {why}", at.display())))?;
        if !request.tells(&recorded) {
            let why = "it asks for another sweep than sweep.toml beside it";
            return Err(Error::environment(format!("{}: {why}", at.display()))
                .hint("running the sweep again records both anew; finished trials are kept"));
        }
        Ok(request)
    }

    fn parse(kept: &str) -> std::result::Result<Self, String> {
        let KeptFormat { format } = serde_json::from_str(kept).map_err(|error| error.to_string())?;
        match format {
            1 | FORMAT => {}
            newer if newer > FORMAT => {
                return Err(format!("format {newer} is newer than this program reads ({FORMAT})"));
            }
            unknown => return Err(format!("there never was a format {unknown}")),
        }
        let KeptRequest { sources, profile, set, only, folder, given, .. } =
            serde_json::from_str(kept).map_err(|error| error.to_string())?;
        if sources.is_empty() {
            return Err("it holds no sweep file".to_owned());
        }
        let sources = sources.iter().map(|source| Source::new(&source.name, &source.text)).collect();
        let folder = folder.unwrap_or_else(|| PathBuf::from("."));
        Ok(Self { sources, asked: Request { set, only, profile }, folder, given })
    }

    /// What `request.json` of a record holds, where given divisions are called so.
    pub fn kept(&self, given: &GivenDivisions) -> Vec<u8> {
        let given: GivenDivisions = self.given.iter().chain(given).map(|(key, name)| (key.clone(), *name)).collect();
        let kept = KeptRequest {
            format: if given.is_empty() { 1 } else { FORMAT },
            sources: self.sources.iter().map(KeptSource::of).collect(),
            profile: self.asked.profile.clone(),
            set: self.asked.set.clone(),
            only: self.asked.only.clone(),
            folder: self.sources.iter().any(has_commands).then(|| self.folder.clone()),
            given,
        };
        let mut text = canonical::to_bytes(&kept);
        text.push(b'\n');
        text
    }

    /// Writes `request.json` into the folder of a record that has none, as those of before it and those from elsewhere.
    ///
    /// # Errors
    /// As those of [`SweepRequest::of_record`], or any failure of the file system.
    pub fn complete_record(folder: &Path) -> Result<()> {
        if folder.join(FILE).exists() {
            return Ok(());
        }
        let written = write_whole(&folder.join(FILE), &Self::of_record(folder)?.kept(&GivenDivisions::new()));
        written.map_err(|error| Error::disk(format!("cannot write to {}", folder.display()), &error))
    }

    /// The text that is kept for people: the sweep file as written; below it, as comments, what it extends and what was
    /// asked for on the command line.
    pub fn text(&self) -> String {
        comments::write(&self.sources, &self.asked)
    }

    /// Whether a recorded text is that of this request. Further comments may stand below it: they ask for nothing.
    pub fn tells(&self, recorded: &str) -> bool {
        let below = recorded.strip_prefix(&self.text());
        below.is_some_and(|below| below.lines().all(|line| line.is_empty() || line.starts_with("# ")))
    }

    /// The sweep file, whole: every value checked, every axis known. Reads no file of its own.
    ///
    /// # Errors
    /// All problems of the texts and the options at once.
    pub fn file(&self, fingerprints: &mut dyn Fingerprints) -> Result<SweepFile> {
        let file = whole::read(&self.sources, &self.asked, (self.text(), &self.folder), fingerprints)?;
        Ok(SweepFile { given: self.given.clone(), ..file })
    }

    /// The sweep that is asked for, expanded by this program.
    ///
    /// # Errors
    /// As those of [`SweepRequest::file`] and [`expand`].
    pub fn expand(&self, fingerprints: &mut dyn Fingerprints) -> Result<Sweep> {
        expand(&self.file(fingerprints)?, fingerprints)
    }
}

/// Whether a text speaks of commands.
fn has_commands(source: &Source) -> bool {
    let entries = tree::document(source, &mut Problems::default());
    entries.iter().any(|entry| matches!(entry.key.as_str(), command::SECTION | command::STAGES))
}

impl KeptSource {
    fn of(source: &Source) -> Self {
        Self { name: source.name().to_owned(), text: source.text().to_owned() }
    }
}

/// Reads the text of a sweep file that lies in `folder`.
///
/// # Errors
/// All problems of the text, of what it extends and of the options.
pub fn parse(
    source: &Source,
    folder: &Path,
    asked: &Request,
    fingerprints: &mut dyn Fingerprints,
) -> Result<SweepFile> {
    SweepRequest::of_text(source, folder, asked)?.file(fingerprints)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The request as kept.
    fn kept(request: &SweepRequest) -> (Vec<(String, String)>, &Request) {
        let sources = request.sources.iter().map(|source| (source.name().to_owned(), source.text().to_owned()));
        (sources.collect(), &request.asked)
    }

    #[test]
    fn a_record_is_read_back_as_it_was_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let sources = [("world.toml", "[synthetic]\n"), ("a.toml", "# ünï \u{1b}\r\n")];
        let asked =
            Request { set: vec!["a=1\n".to_owned()], only: vec!["b=2".to_owned()], profile: Some("smoke".to_owned()) };
        let request = SweepRequest {
            sources: sources.map(|(name, text)| Source::new(name, text)).into(),
            asked,
            folder: PathBuf::from("."),
            given: GivenDivisions::new(),
        };
        fs::write(folder.path().join("sweep.toml"), request.text()).expect("written");
        fs::write(folder.path().join(FILE), request.kept(&GivenDivisions::new())).expect("written");
        let read = SweepRequest::of_record(folder.path()).expect("readable");
        assert_eq!(kept(&read), kept(&request));
        let text = request.text();
        assert!(request.tells(&format!("{text}\n# a remark\n")) && !request.tells(&format!("{text}\nseeds = 2")));
    }
}
