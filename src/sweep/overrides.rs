//! `--set KEY=VALUE,VALUE` and `--only KEY=VALUE,VALUE`: the same fields and the same checks as in a file, on top of what
//! the file says.

use drr_kinds::registry;
use serde_json::Value;

use super::condition;
use super::document::top_level;
use super::draft::Draft;
use super::fields::{TOP_LEVEL, find_field};
use super::hidden;
use super::problem::{Problem, Problems, Source};
use super::tree::{self, Entry, Node, Tree};

/// What was asked for on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Overrides, `KEY=VALUE,VALUE`.
    pub set: Vec<String>,
    /// What trials must have to stay, `KEY=VALUE,VALUE`.
    pub only: Vec<String>,
    /// The profile.
    pub profile: Option<String>,
}

/// Applies one override, given without the `--set`.
pub(super) fn apply(draft: &mut Draft, text: &str, problems: &mut Problems) {
    let Some((source, entry)) = assignment("--set", text, problems) else { return };
    draft.next_layer();
    let name = entry.key.as_str();
    if let Some((section @ ("search" | "slurm"), key)) = name.split_once('.') {
        let place = entry.node.place.clone();
        let key_place = entry.key_place.clone();
        let inner = Entry { key: key.to_owned(), ..entry };
        let node = Node { place, tree: Tree::Table(vec![inner]) };
        return top_level(draft, &Entry { key: section.to_owned(), key_place, node }, problems);
    }
    if let Some((section @ ("command" | "stage"), _)) = name.split_once('.') {
        let problem = Problem::new(format!("[{section}] cannot be set here"))
            .help("write it into a profile, or into a file that extends this one");
        problems.add(problem, &source.place(0..text.len()), "here");
        return;
    }
    if matches!(name, "command" | "stage" | "zip" | "exclude" | "extends" | "profile" | "search" | "slurm") {
        let problem =
            Problem::new(format!("`{name}` cannot be set here")).help("write it into a file that extends this one");
        problems.add(problem, &source.place(0..text.len()), "here");
        return;
    }
    if TOP_LEVEL.contains(&name) || registry::measure(name).is_some() {
        return top_level(draft, &entry, problems);
    }
    match find_field(name, draft.naming) {
        Ok(key) => draft.field(key, &entry.key_place, &entry.node, problems),
        Err((message, help)) => {
            problems.add(Problem::new(message).maybe_help(help), &entry.key_place, "names no field")
        }
    }
}

/// Reads one `--only KEY=VALUE,VALUE`.
pub(super) fn only(draft: &mut Draft, text: &str, problems: &mut Problems) {
    let Some((_, entry)) = assignment("--only", text, problems) else { return };
    match find_field(&entry.key, draft.naming) {
        Ok(key) => draft.only.extend(condition::one(key, &entry, problems)),
        Err((message, help)) => {
            problems.add(Problem::new(message).maybe_help(help), &entry.key_place, "names no field")
        }
    }
}

/// `KEY=VALUE,VALUE` as an entry of a file.
fn assignment(option: &str, text: &str, problems: &mut Problems) -> Option<(Source, Entry)> {
    let source = Source::new(option, text);
    hidden::refuse(&source, problems);
    let Some((key, values)) = text.split_once('=') else {
        let problem =
            Problem::new("an override is written KEY=VALUE").help(format!("for example {option} drr.tau=0.001,0.01"));
        problems.add(problem, &source.place(0..text.len()), "no `=` in it");
        return None;
    };
    let key_place = source.place(0..key.trim_end().len());
    let node = read_values(&source, key.len() + 1, values);
    Some((source.clone(), Entry { key: key.trim().to_owned(), key_place, node }))
}

/// Splits at the commas outside brackets and quotes; one piece is a value, several are a list.
fn read_values(source: &Source, offset: usize, text: &str) -> Node {
    let mut pieces: Vec<Node> = split(text)
        .into_iter()
        .map(|(start, piece)| {
            let lead = piece.len() - piece.trim_start().len();
            let (start, piece) = (offset + start + lead, piece.trim());
            tree::value(source, start, piece).unwrap_or_else(|| Node {
                place: source.place(start..start + piece.len()),
                tree: Tree::Scalar(Value::String(piece.to_owned())),
            })
        })
        .collect();
    match pieces.len() {
        1 => pieces.remove(0),
        _ => Node { place: source.place(offset..offset + text.len()), tree: Tree::Array(pieces) },
    }
}

fn split(text: &str) -> Vec<(usize, &str)> {
    let (mut pieces, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_i32, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                pieces.push((start, &text[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push((start, &text[start..]));
    pieces
}
