//! Takes `train_digest` at build time: a SHA-256 over the token streams of every source file that can change a
//! training result. Comments, formatting, doc strings and `#[cfg(test)]` modules do not count.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::{env, fs};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use sha2::{Digest, Sha256};

/// Sources that decide results, relative to `crates/`. What only moves bytes or words (protocol, errors, the
/// worker's main loop) is left out, so that mending a message does not orphan a weekend of trials.
const SOURCES: &[&str] = &["core/src/seed.rs", "core/src/spec", "core/src/data", "train/src"];
const EXCLUDED: &[&str] = &[
    "train/src/main.rs",
    "train/src/worker/mod.rs",
    "train/src/worker/channel.rs",
    "train/src/worker/library.rs",
    "train/src/worker/usage.rs",
    "train/src/bin",
    "train/src/error.rs",
    "core/src/data/load",
    "core/src/data/catalogue",
];

fn main() {
    let crates = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"))
        .parent()
        .expect("crates/core has a parent")
        .to_owned();
    let mut files = Vec::new();
    for source in SOURCES {
        println!("cargo:rerun-if-changed={}", crates.join(source).display());
        collect(&crates.join(source), &mut files);
    }
    files.sort();
    let mut whole = Sha256::new();
    let mut single = Vec::new();
    for file in files {
        let name = file.strip_prefix(&crates).expect("collected below crates/");
        let name = name.to_str().expect("source names are UTF-8");
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
        single.push(format!("{name}={}", &hex(Sha256::digest(&stream).as_slice())[..16]));
    }
    println!("cargo:rustc-env=DRR_TRAIN_DIGEST={}", hex(whole.finalize().as_slice()));
    println!("cargo:rustc-env=DRR_TRAIN_SOURCES={}", single.join(" "));
    println!("cargo:rustc-env=DRR_RUSTC={}", rustc());
    println!("cargo:rerun-if-changed=build.rs");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn rustc() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    version.map_or_else(|_| "unknown".to_owned(), |said| String::from_utf8_lossy(&said.stdout).trim().to_owned())
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
