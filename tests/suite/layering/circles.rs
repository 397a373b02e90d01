//! No circle of files inside a folder. A folder's nodes are the files and folders in it; its own `mod.rs` (or the file
//! of its name beside it) is none, and a name that it passes on leads to where the name is from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::str::FromStr as _;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{root, rust_files};

/// Circles that are still there: the folder, and the files of one circle. It only ever gets shorter: a circle that was
/// cut must leave the list.
const PERMITTED: &[(&str, &[&str])] = &[
    ("crates/train/src/kernels", &["accelerator", "array", "region"]),
    ("src/sweep", &["column", "grid"]),
    ("xtask/src", &["arguments", "attack", "needs", "setup", "steps"]),
    ("xtask/src/attack", &["site", "world"]),
];

/// A path from the root of a crate, segment by segment.
type Names = Vec<String>;

/// The modules of one crate.
#[derive(Default)]
struct Crate {
    /// What each module refers to, tests left out.
    modules: BTreeMap<Names, BTreeSet<Names>>,
    /// What each module brings into its own scope, by name.
    imports: BTreeMap<Names, BTreeMap<String, Names>>,
}

impl Crate {
    fn add(&mut self, module: &[String], source: TokenStream) {
        let mut found = Paths { module: module.to_vec(), all: BTreeSet::new(), imports: BTreeMap::new() };
        found.read(source);
        self.modules.insert(module.to_vec(), found.all);
        self.imports.insert(module.to_vec(), found.imports);
    }

    /// The module that a path leads to.
    fn home(&self, path: &[String], detours: usize) -> Option<Names> {
        let module = (0..=path.len()).rev().map(|len| &path[..len]).find(|start| self.modules.contains_key(*start))?;
        let name = path.get(module.len());
        let from = name.and_then(|name| self.imports.get(module)?.get(name)).filter(|from| *from != path);
        match from {
            Some(from) if detours > 0 => self.home(from, detours - 1).or_else(|| Some(module.to_vec())),
            _ => Some(module.to_vec()),
        }
    }

    /// The circles of each folder: its path, and the names on one circle.
    fn circles(&self) -> BTreeSet<(String, Vec<String>)> {
        let mut edges: BTreeMap<Names, BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
        for (module, paths) in &self.modules {
            for other in paths.iter().filter_map(|path| self.home(path, 8)) {
                let shared = module.iter().zip(&other).take_while(|(one, two)| one == two).count();
                if let (Some(one), Some(two)) = (module.get(shared), other.get(shared)) {
                    let folder = edges.entry(module[..shared].to_vec()).or_default();
                    folder.entry(one).or_default().insert(two.clone());
                }
            }
        }
        let mut circles = BTreeSet::new();
        for (folder, edges) in &edges {
            for &start in edges.keys() {
                let on: Vec<String> =
                    reached(edges, start).into_iter().filter(|other| reached(edges, other).contains(start)).collect();
                if !on.is_empty() {
                    circles.insert((folder.join("/"), on));
                }
            }
        }
        circles
    }
}

fn reached(edges: &BTreeMap<&str, BTreeSet<String>>, start: &str) -> BTreeSet<String> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![start.to_owned()]);
    while let Some(name) = open.pop() {
        for next in edges.get(name.as_str()).into_iter().flatten() {
            if seen.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    seen
}

/// The paths in the tokens of one module.
struct Paths {
    module: Names,
    all: BTreeSet<Names>,
    imports: BTreeMap<String, Names>,
}

impl Paths {
    fn read(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            match &trees[at] {
                TokenTree::Group(group) => {
                    match (at.checked_sub(2).map(|at| &trees[at]), &trees.get(at.wrapping_sub(1))) {
                        (Some(TokenTree::Ident(word)), Some(TokenTree::Ident(name)))
                            if *word == "mod" && group.delimiter() == Delimiter::Brace =>
                        {
                            // What tests use makes no circle.
                            if *name != "tests" {
                                self.module.push(name.to_string());
                                self.read(group.stream());
                                self.module.pop();
                            }
                        }
                        _ => self.read(group.stream()),
                    }
                }
                TokenTree::Ident(word) if *word == "use" => {
                    at = self.path(&trees, at + 1, &[], true);
                    continue;
                }
                TokenTree::Ident(_) if colons(&trees, at + 1) => {
                    at = self.path(&trees, at, &[], false);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads one path, or the paths of a group, on from `before`; returns where it ends.
    fn path(&mut self, trees: &[TokenTree], mut at: usize, before: &[String], import: bool) -> usize {
        let mut path = before.to_vec();
        loop {
            match trees.get(at) {
                Some(TokenTree::Ident(word)) => {
                    path.push(word.to_string());
                    at += 1;
                }
                Some(TokenTree::Group(group)) if import && group.delimiter() == Delimiter::Brace => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    let comma = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ',');
                    for part in inner.split(comma).filter(|part| !part.is_empty()) {
                        self.path(part, 0, &path, true);
                    }
                    return at + 1;
                }
                _ => return at,
            }
            if colons(trees, at) {
                at += 2;
                continue;
            }
            let renamed = match (trees.get(at), trees.get(at + 1)) {
                (Some(TokenTree::Ident(word)), Some(TokenTree::Ident(name))) if *word == "as" => Some(name.to_string()),
                _ => None,
            };
            if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
                path.pop();
            }
            let absolute = self.absolute(&path);
            if import && let Some(name) = renamed.or_else(|| path.last().cloned()) {
                self.imports.insert(name, absolute.clone());
            }
            self.all.insert(absolute);
            return at;
        }
    }

    fn absolute(&self, path: &[String]) -> Names {
        let mut from = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            _ => self.module.clone(),
        };
        for name in path {
            match name.as_str() {
                "crate" | "self" => {}
                "super" => {
                    from.pop();
                }
                name => from.push(name.to_owned()),
            }
        }
        from
    }
}

fn colons(trees: &[TokenTree], at: usize) -> bool {
    let colon = |at: usize| matches!(trees.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(at) && colon(at + 1)
}

/// The module of a file, by its path below the sources. `None` for tests, and for programs, which have roots of their own.
fn module_of(file: &str) -> Option<Names> {
    let mut names: Names = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    let is_test = |name: &String| name == "tests" || name.ends_with("_tests");
    if names.iter().any(is_test) || names[0] == "main" || names[0] == "bin" {
        return None;
    }
    names.pop_if(|last| last == "mod" || last == "lib");
    Some(names)
}

fn circles_of(files: &[(&str, &str)]) -> BTreeSet<(String, Vec<String>)> {
    let mut whole = Crate::default();
    for (file, text) in files {
        let tokens = TokenStream::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        module_of(file).iter().for_each(|module| whole.add(module, tokens.clone()));
    }
    whole.circles()
}

#[test]
fn no_circle_of_files_inside_a_folder_but_those_on_the_list() {
    let mut found = BTreeSet::new();
    let mut modules = 0;
    for sources in [
        "src",
        "crates/core/src",
        "crates/kinds/src",
        "crates/train/src",
        "crates/cuda/src",
        "crates/stats/src",
        "xtask/src",
    ] {
        let folder = root().join(sources);
        let read = |path: &Path| {
            let text = fs::read_to_string(path).expect("a source file can be read");
            (path.strip_prefix(&folder).expect("below its folder").to_string_lossy().into_owned(), text)
        };
        let files: Vec<(String, String)> = rust_files(&folder).iter().map(|path| read(path)).collect();
        modules += files.len();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        for (below, on) in circles_of(&files) {
            found.insert((format!("{sources}/{below}").trim_end_matches('/').to_owned(), on));
        }
    }
    assert!(modules > 100, "the sources were not found");
    let permitted: BTreeSet<(String, Vec<String>)> = PERMITTED
        .iter()
        .map(|(folder, on)| ((*folder).to_owned(), on.iter().map(|name| (*name).to_owned()).collect()))
        .collect();
    let new: Vec<_> = found.difference(&permitted).collect();
    assert!(new.is_empty(), "circles of files: {new:#?}");
    let cut: Vec<_> = permitted.difference(&found).collect();
    assert!(cut.is_empty(), "no circles any more, take them from the list: {cut:#?}");
}

#[test]
fn the_checker_sees_circles_however_they_are_written() {
    let circle = |files: &[(&str, &str)]| -> Vec<String> {
        circles_of(files).into_iter().map(|(folder, on)| format!("{folder}: {}", on.join(" "))).collect()
    };
    let with = |one: &str, two: &str| {
        let map = ("f/mod.rs", "mod a; mod b; pub use a::{self, Thing}; pub use b::Other as Renamed;");
        circle(&[("lib.rs", "mod f;"), map, ("f/a.rs", one), ("f/b.rs", two)])
    };
    for (one, two) in [
        ("use super::b::B;", "use super::a::A;"),
        ("use crate::f::{b, c};", "fn f() { crate::f::a::go() }"),
        ("use super::b::{B, C};", "use super::Thing;"),
        ("use super::Renamed;", "use super::a;"),
        ("mod inner { use super::super::b::B; }", "fn f(a: super::a::A) {}"),
        ("use crate::f::{b::B as Bee};", "use super::{a::{A, C}};"),
    ] {
        assert_eq!(with(one, two), ["f: a b"], "{one} {two}");
    }
    for (one, two) in [
        ("use super::b::B;", "use super::Unknown; use std::a::A;"),
        ("use super::b::B;", "mod tests { use super::super::a::A; }"),
        ("use super::b::B;", "// use super::a::A;\nconst A: &str = \"super::a::A\";"),
        ("use super::b::B;", "use super::b::deeper; use other_crate::f::a::A;"),
    ] {
        assert_eq!(with(one, two), Vec::<String>::new(), "{one} {two}");
    }
    // A folder is one node in the folder around it, and has nodes of its own.
    let deep = [
        ("f.rs", "mod x; mod y;"),
        ("f/x.rs", "use super::y; use crate::g;"),
        ("f/y.rs", ""),
        ("g.rs", "use crate::f::y;"),
    ];
    assert_eq!(circle(&deep), [": f g"]);
}
