//! The code and data that a command's identity includes: the files that its patterns match, each by its content.

use std::path::{Path, PathBuf};

use drr_core::artifacts::Artifacts;
use drr_core::command::FileDigests;
use glob::{MatchOptions, Pattern, glob_with};

use crate::sweep::problem::{Problem, Problems, TextSpan};

/// More files than this are not taken in: a pattern that matches so many matches more than was meant.
const MOST: usize = 10_000;

/// `*` does not pass over folders, and what is hidden must be named.
const MATCHING: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// The files below `folder` that patterns match, with their digests.
pub(super) fn matching(
    folder: &Path,
    patterns: &[(String, TextSpan)],
    digests: &mut FileDigests,
    problems: &mut Problems,
) -> Artifacts {
    let mut files = Artifacts::new();
    for (pattern, place) in patterns {
        match of_pattern(folder, pattern, digests) {
            Ok(found) if found.is_empty() => {
                let problem = Problem::new(format!("`{pattern}` matches no file in {}", folder.display()));
                let help = if folder.join(pattern.trim_end_matches(['/', '*'])).is_dir() {
                    format!("that is a folder; its files are {}/**/*", pattern.trim_end_matches(['/', '*']))
                } else {
                    "paths are relative to the folder where the command starts; `**` matches folders within folders"
                        .to_owned()
                };
                problems.add(problem.help(help), place, "matches nothing");
            }
            Ok(found) if files.len() + found.len() > MOST => {
                let problem = Problem::new(format!("more than {MOST} files make up the command"));
                problems.add(problem.help("name what it reads more narrowly"), place, "matches too much");
            }
            Ok(found) => files.extend(found),
            Err(why) => problems.add(Problem::new(why), place, "here"),
        }
    }
    files
}

fn of_pattern(folder: &Path, pattern: &str, digests: &mut FileDigests) -> Result<Artifacts, String> {
    // The folder's own name may hold what a pattern reads otherwise.
    let whole = Path::new(&Pattern::escape(&folder.to_string_lossy())).join(pattern);
    let found = glob_with(&whole.to_string_lossy(), MATCHING)
        .map_err(|error| format!("`{pattern}` is no pattern: {}", error.msg))?;
    let mut files = Artifacts::new();
    for path in found {
        let path: PathBuf = path.map_err(|error| error.to_string())?;
        if !path.is_file() {
            continue;
        }
        let name = path.strip_prefix(folder).unwrap_or(&path);
        let name = name.to_str().ok_or_else(|| format!("{} is no text in UTF-8", path.display()))?;
        let digest = digests.of(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        files.insert(name.to_owned(), digest);
        if files.len() > MOST {
            break;
        }
    }
    Ok(files)
}
