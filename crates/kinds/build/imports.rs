//! Which source files a source file names: its `use` declarations and the paths in its expressions, resolved to files
//! through modules and what modules re-export.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::str::FromStr as _;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The crates that are followed: their folder below `crates/`, and their name in paths.
const CRATES: [(&str, &str); 3] = [("core", "drr_core"), ("kinds", "drr_kinds"), ("train", "drr_train")];

/// The sources of the crates, each read once.
pub struct Crates {
    files: BTreeMap<String, SourceFile>,
}

struct SourceFile {
    /// Every path it names, as written, with the re-exported ones among them.
    paths: Vec<Vec<String>>,
    /// What it re-exports, by the name it gives: the path it stands for.
    exports: BTreeMap<String, Vec<String>>,
}

impl Crates {
    /// Reads the sources below `crates`.
    pub fn new(crates: &Path) -> Self {
        let mut files = BTreeMap::new();
        for (folder, _) in CRATES {
            collect(crates, &crates.join(folder).join("src"), &mut files);
        }
        Self { files }
    }

    /// The names of all files, relative to `crates/`.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The files that a file names.
    pub fn imports(&self, name: &str) -> BTreeSet<String> {
        let Some(source) = self.files.get(name) else { return BTreeSet::new() };
        source.paths.iter().filter_map(|path| self.resolve(name, path, 0)).collect()
    }

    /// The files of the module that a file is part of, where that is a folder.
    pub fn beside(&self, name: &str) -> Vec<String> {
        let folder = &name[..name.rfind('/').map_or(0, |at| at + 1)];
        if folder.ends_with("/src/") || folder.is_empty() {
            return Vec::new();
        }
        self.files.keys().filter(|other| other.starts_with(folder)).cloned().collect()
    }

    /// The file that defines what a path in `from` names; `None` outside of these crates.
    fn resolve(&self, from: &str, path: &[String], depth: usize) -> Option<String> {
        // Re-exports of re-exports end somewhere; a circle of them is no Rust.
        if depth > 16 {
            return None;
        }
        let (krate, mut module) = module_of(from);
        let mut rest = path;
        let first = rest.first()?.as_str();
        let krate = match first {
            "crate" => {
                module.clear();
                rest = &rest[1..];
                krate
            }
            "self" | "super" => {
                while let Some("self" | "super") = rest.first().map(String::as_str) {
                    if rest[0] == "super" {
                        module.pop();
                    }
                    rest = &rest[1..];
                }
                krate
            }
            other => match CRATES.iter().find(|(_, name)| *name == other) {
                Some((folder, _)) => {
                    module.clear();
                    rest = &rest[1..];
                    (*folder).to_owned()
                }
                // A child module without a prefix, or something of elsewhere.
                None => {
                    let mut child = module.clone();
                    child.push(other.to_owned());
                    self.file_of(&krate, &child)?;
                    krate
                }
            },
        };
        let mut at = self.file_of(&krate, &module)?;
        while let Some((segment, after)) = rest.split_first() {
            let mut child = module.clone();
            child.push(segment.clone());
            if let Some(file) = self.file_of(&krate, &child) {
                (module, at, rest) = (child, file, after);
                continue;
            }
            if let Some(exported) = self.files[&at].exports.get(segment) {
                let whole: Vec<String> = exported.iter().chain(after).cloned().collect();
                return self.resolve(&at, &whole, depth + 1);
            }
            break;
        }
        Some(at)
    }

    fn file_of(&self, krate: &str, module: &[String]) -> Option<String> {
        let stem = format!("{krate}/src/{}", module.join("/"));
        let candidates = if module.is_empty() {
            [format!("{krate}/src/lib.rs"), String::new()]
        } else {
            [format!("{stem}.rs"), format!("{stem}/mod.rs")]
        };
        candidates.into_iter().find(|name| self.files.contains_key(name))
    }
}

/// The crate's folder and the module of a file.
fn module_of(name: &str) -> (String, Vec<String>) {
    let (krate, inside) = name.split_once("/src/").expect("sources lie in src/");
    let mut module: Vec<String> = inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        module.pop();
    }
    (krate.to_owned(), module)
}

fn collect(crates: &Path, path: &Path, files: &mut BTreeMap<String, SourceFile>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a source folder can be read") {
            collect(crates, &entry.expect("a source folder can be listed").path(), files);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let name = path.strip_prefix(crates).expect("collected below crates/");
        let name = name.to_str().expect("source names are UTF-8").to_owned();
        let text = fs::read_to_string(path).expect("a source file can be read");
        let source = read(&words(&name, &text));
        files.insert(name, source);
    }
}

/// The paths in a file's words.
fn read(words: &[String]) -> SourceFile {
    let (mut paths, mut exports) = (Vec::new(), BTreeMap::new());
    let mut at = 0;
    while at < words.len() {
        if words[at] == "use" {
            let end = words[at..].iter().position(|word| word == ";").map_or(words.len(), |end| at + end);
            // `pub`, `pub(crate)`, `pub(super)`: what is used privately is no name for others, but harmless as one.
            for (name, path) in tree(&words[at + 1..end], &[]) {
                exports.insert(name, path.clone());
                paths.push(path);
            }
            at = end + 1;
            continue;
        }
        let (path, next) = path_at(words, at);
        let is_rooted = path.first().is_some_and(|first| {
            matches!(first.as_str(), "crate" | "self" | "super") || CRATES.iter().any(|(_, name)| name == first)
        });
        if path.len() > 1 && (is_rooted || path[0].starts_with(char::is_lowercase)) {
            paths.push(path);
        }
        at = next;
    }
    SourceFile { paths, exports }
}

/// The path that begins at a word, and where it ends; an empty one where none does.
fn path_at(words: &[String], mut at: usize) -> (Vec<String>, usize) {
    let is_name = |word: &String| word.starts_with(|first: char| first.is_alphabetic() || first == '_');
    let mut path = Vec::new();
    if !words.get(at).is_some_and(is_name) {
        return (path, at + 1);
    }
    path.push(words[at].clone());
    at += 1;
    while words.get(at).is_some_and(|word| word == ":")
        && words.get(at + 1).is_some_and(|word| word == ":")
        && words.get(at + 2).is_some_and(is_name)
    {
        path.push(words[at + 2].clone());
        at += 3;
    }
    (path, at)
}

/// The names that a use declaration gives, and the path of each.
fn tree(words: &[String], prefix: &[String]) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut depth = 0;
    // One branch a comma at this depth.
    for at in 0..=words.len() {
        match words.get(at).map(String::as_str) {
            Some("{") => depth += 1,
            Some("}") => depth -= 1,
            Some(",") | None if depth == 0 => {
                found.extend(branch(&words[start..at], prefix));
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

fn branch(words: &[String], prefix: &[String]) -> Vec<(String, Vec<String>)> {
    let mut path = prefix.to_vec();
    let mut at = 0;
    while at < words.len() {
        match words[at].as_str() {
            ":" => at += 1,
            "{" => return tree(&words[at + 1..words.len() - 1], &path),
            "*" => return vec![("*".to_owned(), path)],
            "as" => return words.get(at + 1).map(|name| (name.clone(), path)).into_iter().collect(),
            "self" if !path.is_empty() => at += 1,
            name => {
                path.push(name.to_owned());
                at += 1;
            }
        }
    }
    path.last().map(|name| (name.clone(), path.clone())).into_iter().collect()
}

/// A file's words, without comments, doc attributes and whatever `#[cfg(test)]` applies to.
///
/// # Panics
/// If it is no Rust.
pub fn words(name: &str, text: &str) -> Vec<String> {
    let tokens = TokenStream::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut words = Vec::new();
    flatten(tokens, &mut words);
    words
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
