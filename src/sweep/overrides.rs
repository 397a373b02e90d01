//! `--set KEY=VALUE,VALUE`: the same fields and the same checks as in a file, on top of what the file says.

use serde_json::Value;

use super::document::{TOP_LEVEL, find_field, top_level};
use super::draft::{Draft, Voice};
use super::problem::{Problem, Problems, Source};
use super::tree::{self, Entry, Node, Tree};

/// Applies one override, given without the `--set`.
pub(super) fn apply(draft: &mut Draft, text: &str, problems: &mut Problems) {
    let source = Source::new("--set", text);
    let Some((key, values)) = text.split_once('=') else {
        let problem = Problem::new("an override is written KEY=VALUE").help("for example --set drr.tau=0.001,0.01");
        problems.add(problem, &source.place(0..text.len()), "no `=` in it");
        return;
    };
    let name = key.trim();
    let key_place = source.place(0..key.trim_end().len());
    let node = read_values(&source, key.len() + 1, values);
    if TOP_LEVEL.contains(&name) && name != "zip" || matches!(name, "offline" | "online") {
        let entry = Entry { key: name.to_owned(), key_place, node };
        return top_level(draft, &entry, Voice::Override, problems);
    }
    match find_field(name) {
        Ok(key) => draft.field(key, &key_place, &node, Voice::Override, problems),
        Err((message, help)) => problems.add(Problem::new(message).maybe_help(help), &key_place, "names no field"),
    }
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
