//! The map of the house, checked: in `src/` imports go down only, no files of a folder stand in a circle, some crates stay
//! in their module, and libtorch stays behind the process boundary. The map itself is `docs/architecture.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::{env, fs};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use toml::{Table, Value};

mod circles;

/// The floor of every module of `src/`. A module imports from lower floors only, never from its own or from above.
const FLOORS: &[(&str, u32)] = &[
    ("cli", 7),
    ("live", 6),
    ("report", 5),
    ("paper", 4),
    ("audit", 4),
    ("bundle", 4),
    ("rows", 4),
    ("gate", 4),
    ("exec", 3),
    ("study", 3),
    ("store", 2),
    ("plan", 2),
    ("sweep", 1),
    ("error", 0),
    ("neutral", 0),
];

/// Lower rooms that a room must not know all the same, as docs/architecture.md says.
const STRANGERS: &[(&str, &[&str])] = &[
    ("live", &["exec", "sweep"]),
    ("report", &["exec", "plan", "sweep"]),
    ("paper", &["exec", "plan", "sweep"]),
    ("rows", &["exec", "plan", "sweep"]),
    ("gate", &["exec", "plan"]),
    ("audit", &["study"]),
    ("bundle", &["exec", "store", "study"]),
    ("study", &["plan", "sweep"]),
    ("store", &["plan"]),
];

/// Crates that some modules alone may use, and why.
const HOMES: &[(&str, &[&str], &str)] = &[
    ("rusqlite", &["store"], "the only SQL"),
    ("plotters", &["report"], "nothing else plots"),
    ("drr_pixels", &["report"], "nothing else plots"),
    (
        "drr_stats",
        &["study", "paper", "rows", "audit", "gate", "report", "cli"],
        "what runs trials, keeps them and shows them live judges nothing",
    ),
    ("drr_system", &["exec"], "what computes trials, and on what"),
    ("askama", &["report", "live"], "nothing else writes HTML"),
    ("hyper", &["live"], "nothing else answers a browser"),
    ("tokio", &["live"], "nothing else waits for many at once"),
    ("annotate_snippets", &["cli"], "problems are drawn where they are printed"),
    ("quick_xml", &["gate"], "nothing else writes test results"),
    ("drr_train", &["main"], "training is another process, which `main` becomes"),
];

/// What a package must not reach, directly or through others, dev- and build-dependencies included.
const UNREACHABLE: &[(&str, &[&str])] = &[
    ("drr-core", &["tch", "torch-sys", "rusqlite", "drr-lab", "drr-train"]),
    ("drr-kinds", &["tch", "torch-sys", "rusqlite", "drr-lab", "drr-train"]),
    ("drr-command", &["tch", "torch-sys", "rusqlite", "drr-lab", "drr-train"]),
    ("drr-stats", &["rusqlite", "drr-kinds", "drr-lab", "drr-train"]),
    ("drr-pixels", &["rusqlite", "drr-core", "drr-lab", "drr-train"]),
    ("drr-system", &["rusqlite", "drr-core", "drr-lab", "drr-train", "tch"]),
    ("drr-lab", &["tch", "torch-sys", "drr-cuda", "xtask"]),
    ("drr-train", &["tch", "torch-sys", "rusqlite", "drr-lab", "xtask"]),
    ("drr-cuda", &["rusqlite", "drr-lab", "xtask"]),
    ("xtask", &["tch", "torch-sys", "drr-core", "drr-train", "drr-lab"]),
];

/// One path in a source file that begins at a module of this crate, or with the name of another crate.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    line: usize,
    from_crate_root: bool,
    first: String,
}

/// Every path of `tokens` that starts with `crate::`, with enough `super::`s to reach the crate's root, or with a name
/// followed by `::`. `depth` is how many modules enclose the tokens.
fn paths(tokens: TokenStream, depth: usize, found: &mut Vec<Reference>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let word = |at: usize| match trees.get(at) {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    };
    let colons = |at: usize| {
        let colon = |at: usize| matches!(trees.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        colon(at) && colon(at + 1)
    };
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                // The braces of `mod name { … }` are one module deeper; all others are not.
                let is_module = group.delimiter() == Delimiter::Brace
                    && at >= 2
                    && word(at - 2).as_deref() == Some("mod")
                    && word(at - 1).is_some();
                paths(group.stream(), depth + usize::from(is_module), found);
            }
            TokenTree::Ident(ident) if colons(at + 1) => {
                let (mut next, mut level) = (at + 3, depth);
                let mut root = match ident.to_string().as_str() {
                    "crate" => true,
                    "super" => {
                        level = level.saturating_sub(1);
                        level == 0
                    }
                    "self" => level == 0,
                    name => {
                        found.push(Reference { line, from_crate_root: false, first: name.to_owned() });
                        false
                    }
                };
                while word(next).as_deref() == Some("super") && colons(next + 1) {
                    level = level.saturating_sub(1);
                    root = level == 0;
                    next += 3;
                }
                if root {
                    for first in heads(trees.get(next)) {
                        found.push(Reference { line, from_crate_root: true, first });
                    }
                }
                // On to the end of this path, so that its middle is not taken for the start of another.
                while word(next).is_some() && colons(next + 1) {
                    next += 3;
                }
                at = next;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

/// The names a path goes on with: one, or those of a group `{a::b, c}`.
fn heads(tree: Option<&TokenTree>) -> Vec<String> {
    match tree {
        Some(TokenTree::Ident(ident)) => vec![ident.to_string()],
        Some(TokenTree::Group(group)) => {
            let (mut names, mut fresh) = (Vec::new(), true);
            for tree in group.stream() {
                match tree {
                    TokenTree::Ident(ident) if fresh => names.push(ident.to_string()),
                    TokenTree::Punct(punct) if punct.as_char() == ',' => {
                        fresh = true;
                        continue;
                    }
                    _ => {}
                }
                fresh = false;
            }
            names
        }
        // `use crate::*` takes everything.
        _ => vec!["*".to_owned()],
    }
}

/// What is wrong with one file of `src/`, given by its path there. Empty where all is well.
fn violations(file: &str, source: &str) -> Vec<String> {
    let parts: Vec<&str> = file.trim_end_matches(".rs").split('/').collect();
    let module = parts[0];
    if ["main", "lib"].contains(&module) {
        return Vec::new(); // Arguments in, exit code out; the module map.
    }
    let floor_of = |name: &str| FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor);
    let Some(floor) = floor_of(module) else {
        return vec![format!(
            "src/{file}: `{module}` has no floor; give it one in tests/suite/layering.rs and src/lib.rs"
        )];
    };
    let depth = parts.len() - usize::from(parts.last() == Some(&"mod"));
    let mut found = Vec::new();
    match TokenStream::from_str(source) {
        Ok(tokens) => paths(tokens, depth, &mut found),
        Err(error) => return vec![format!("src/{file}: {error}")],
    }
    let mut wrong = Vec::new();
    for Reference { line, from_crate_root, first } in found {
        let at = format!("src/{file}:{line}");
        if !from_crate_root {
            for (name, homes, why) in HOMES {
                if first == *name && !homes.contains(&module) {
                    wrong.push(format!("{at}: `{name}` belongs to {} ({why})", homes.join(" and ")));
                }
            }
            continue;
        }
        match floor_of(&first) {
            _ if first == module => {}
            None => wrong.push(format!("{at}: `crate::{first}` is no module with a floor")),
            Some(other) if other >= floor => {
                wrong.push(format!("{at}: {module} (floor {floor}) imports {first} (floor {other})"));
            }
            Some(_) if STRANGERS.iter().any(|(room, strangers)| *room == module && strangers.contains(&&*first)) => {
                wrong.push(format!("{at}: {module} must not know {first}"));
            }
            Some(_) => {}
        }
    }
    wrong
}

/// Packages of a Cargo.lock that each package needs, by name.
fn graph(lock: &Table) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in lock.get("package").and_then(Value::as_array).into_iter().flatten() {
        let Some(name) = package.get("name").and_then(Value::as_str) else { continue };
        let needs = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        // An entry is `name`, or `name version` where several versions are locked.
        let needs = needs.filter_map(Value::as_str).filter_map(|need| need.split(' ').next());
        graph.entry(name).or_default().extend(needs);
    }
    graph
}

/// A way from one package to another, for example `drr-lab → a → tch`.
fn way(graph: &BTreeMap<&str, BTreeSet<&str>>, from: &str, to: &str) -> Option<String> {
    let (mut seen, mut open) = (BTreeSet::from([from]), vec![(from, from.to_owned())]);
    while let Some((name, way)) = open.pop() {
        for &next in graph.get(name).into_iter().flatten() {
            if next == to {
                return Some(format!("{way} → {next}"));
            }
            if seen.insert(next) {
                open.push((next, format!("{way} → {next}")));
            }
        }
    }
    None
}

/// The repository; as cargo tells it at run time, so that a moved checkout is not looked for where it was.
fn root() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into()).into()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a source folder can be listed") {
        let path = entry.expect("a source folder can be listed").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn imports_go_down_only() {
    let source = root().join("src");
    let files = rust_files(&source);
    assert!(files.len() > FLOORS.len() / 2, "src/ was not found");
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file can be read");
        let name = file.strip_prefix(&source).expect("it was found below src/");
        wrong.extend(violations(&name.to_string_lossy(), &text));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_module_map_tells_the_same_floors() {
    let map = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs is there");
    let mut told = 0;
    for line in map.lines().filter_map(|line| line.strip_prefix("//! | [`")) {
        let (module, rest) = line.split_once("`] | ").expect("a row is | [`module`] | floor | job |");
        let floor = rest.split(' ').next().and_then(|floor| floor.parse().ok());
        assert_eq!(FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor), floor, "{module}");
        told += 1;
    }
    let declared = map.lines().filter(|line| line.starts_with("pub mod ")).count();
    assert_eq!(told, declared, "every module of src/lib.rs has a row in its map");
}

#[test]
fn libtorch_and_sqlite_stay_in_their_crates() {
    let text = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock is there");
    let lock: Table = text.parse().expect("Cargo.lock is TOML");
    let graph = graph(&lock);
    assert!(way(&graph, "drr-cuda", "torch-sys").is_some(), "the graph is read");
    for (package, forbidden) in UNREACHABLE {
        assert!(graph.contains_key(package), "{package} is locked");
        for other in *forbidden {
            if let Some(way) = way(&graph, package, other) {
                panic!("{package} must not depend on {other}: {way}");
            }
        }
    }
}

mod the_checker {
    use super::*;

    #[test]
    fn finds_imports_upwards_and_sideways_however_written() {
        for (file, source, said) in [
            (
                "sweep/file.rs",
                "use crate::store::Store;",
                "src/sweep/file.rs:1: sweep (floor 1) imports store (floor 2)",
            ),
            (
                "store/mod.rs",
                "\nfn f() { crate::plan::go() }",
                "src/store/mod.rs:2: store (floor 2) imports plan (floor 2)",
            ),
            ("exec/slots.rs", "use crate::{error::Error, cli};", "exec (floor 3) imports cli (floor 7)"),
            ("exec/slots.rs", "use super::super::report::Table;", "exec (floor 3) imports report (floor 5)"),
            ("exec/mod.rs", "use super::{error, report};", "exec (floor 3) imports report (floor 5)"),
            ("error.rs", "use super::cli;", "error (floor 0) imports cli (floor 7)"),
            ("plan/mod.rs", "mod tests { use super::super::exec; }", "plan (floor 2) imports exec (floor 3)"),
            ("plan/mod.rs", "use crate::*;", "`crate::*` is no module with a floor"),
            ("plan/mod.rs", "use rusqlite::Connection;", "`rusqlite` belongs to store (the only SQL)"),
            ("report/html.rs", "fn f(c: &rusqlite::Connection) {}", "`rusqlite` belongs to store"),
            ("attic/mod.rs", "", "`attic` has no floor"),
            ("report/html.rs", "use crate::exec::Slot;", "report must not know exec"),
        ] {
            let wrong = violations(file, source);
            assert!(wrong.len() == 1 && wrong[0].contains(said), "{file}: {source}: {wrong:?}");
        }
    }

    #[test]
    fn lets_imports_downwards_and_at_home_pass() {
        for (file, source) in [
            ("cli/sweep.rs", "use crate::{error::{Error, Result}, exec, store::Store, sweep::File};"),
            ("cli/sweep.rs", "use super::output::Output; fn f() { super::super::sweep::load() }"),
            ("store/write.rs", "use rusqlite::params; use crate::store::schema; use drr_core::store::cli;"),
            ("plan/mod.rs", "mod tests { use super::*; use super::super::sweep; }"),
            ("plan/mod.rs", "// use crate::cli;\n/// crate::cli::x\nconst A: &str = \"crate::cli\";"),
            ("store/mod.rs", "pub(crate) fn f() { std::store::exec::cli() }"),
            ("main.rs", "use drr_lab::cli; use crate::anything;"),
        ] {
            assert_eq!(violations(file, source), Vec::<String>::new(), "{file}: {source}");
        }
    }

    #[test]
    fn finds_a_forbidden_crate_through_others() {
        let lock = "[[package]]\nname = \"a\"\ndependencies = [\"b\"]\n\
                    [[package]]\nname = \"b\"\ndependencies = [\"tch 0.24.0\"]\n[[package]]\nname = \"tch\"\n";
        let lock: Table = lock.parse().expect("TOML");
        let graph = graph(&lock);
        assert_eq!(way(&graph, "a", "tch"), Some("a → b → tch".to_owned()));
        assert_eq!(way(&graph, "tch", "a"), None);
    }
}
