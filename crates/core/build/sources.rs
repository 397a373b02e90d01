//! Which sources can change a training result, and a hash of each: over its tokens, so that comments, formatting, doc
//! strings and `#[cfg(test)]` modules do not count. Shared by the build script and the tests of this crate.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use sha2::{Digest as _, Sha256};

/// Sources that decide results, relative to `crates/`. What only moves bytes or words (protocol, errors, the
/// worker's main loop) is left out, so that mending a message does not orphan a weekend of trials.
pub const SOURCES: &[&str] = &["core/src/seed.rs", "core/src/spec", "core/src/data", "train/src"];
const EXCLUDED: &[&str] = &[
    "train/src/main.rs",
    "train/src/worker/mod.rs",
    "train/src/worker/channel.rs",
    "train/src/worker/library.rs",
    "train/src/worker/array",
    "train/src/worker/usage.rs",
    "train/src/bin",
    "train/src/error.rs",
    "core/src/data/load",
    "core/src/data/catalogue",
];

/// The hashes of the sources below a folder `crates`.
pub struct Sources {
    /// SHA-256 over all of them, in hexadecimal digits.
    pub digest: String,
    /// Each by name, with the first 16 digits of its own hash.
    pub single: Vec<(String, String)>,
}

/// Hashes the sources below `crates`.
///
/// # Panics
/// If a source cannot be read or is no Rust.
pub fn hash(crates: &Path) -> Sources {
    let mut files = Vec::new();
    SOURCES.iter().for_each(|source| collect(&crates.join(source), &mut files));
    files.sort();
    let mut whole = Sha256::new();
    let mut single = Vec::new();
    for file in files {
        let name = file.strip_prefix(crates).expect("collected below crates/");
        let name = name.to_str().expect("source names are UTF-8").to_owned();
        if EXCLUDED.iter().any(|excluded| name.starts_with(excluded)) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file can be read");
        let tokens = TokenStream::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut words = Vec::new();
        flatten(tokens, &mut words);
        let mut stream = name.as_bytes().to_vec();
        stream.push(0);
        for word in words {
            stream.extend(word.into_bytes());
            stream.push(0);
        }
        whole.update(&stream);
        single.push((name, hex(Sha256::digest(&stream).as_slice())[..16].to_owned()));
    }
    Sources { digest: hex(whole.finalize().as_slice()), single }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a source folder can be read") {
            collect(&entry.expect("a source folder can be listed").path(), files);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        files.push(path.to_owned());
    }
}

/// Flattens tokens to words, dropping doc attributes and whatever `#[cfg(test)]` applies to.
fn flatten(tokens: TokenStream, words: &mut Vec<String>) {
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        if let TokenTree::Punct(punct) = &tree
            && punct.as_char() == '#'
        {
            let inner = matches!(trees.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '!');
            let bang = if inner { trees.next() } else { None };
            if let Some(TokenTree::Group(group)) = trees.peek()
                && group.delimiter() == Delimiter::Bracket
            {
                let text = group.stream().to_string().replace(' ', "");
                trees.next();
                if text.starts_with("doc=") {
                    continue;
                }
                if text == "cfg(test)" {
                    // Skip the item: up to and including its first brace group or semicolon.
                    for item in trees.by_ref() {
                        match item {
                            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
                            TokenTree::Punct(end) if end.as_char() == ';' => break,
                            _ => {}
                        }
                    }
                    continue;
                }
                words.push(format!("#{}[{text}]", if bang.is_some() { "!" } else { "" }));
                continue;
            }
        }
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                words.push(open.to_owned());
                flatten(group.stream(), words);
                words.push(close.to_owned());
            }
            other => words.push(other.to_string()),
        }
    }
}
