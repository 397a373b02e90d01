//! Takes `train_digest` at build time: a SHA-256 over the token streams of every source file that can change a
//! training result. Comments, formatting, doc strings and `#[cfg(test)]` modules do not count.

#[path = "build/sources.rs"]
mod sources;

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    let crates = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"))
        .parent()
        .expect("crates/core has a parent")
        .to_owned();
    for source in sources::SOURCES {
        println!("cargo:rerun-if-changed={}", crates.join(source).display());
    }
    let sources::Sources { digest, single } = sources::hash(&crates);
    let single: Vec<String> = single.into_iter().map(|(name, digest)| format!("{name}={digest}")).collect();
    println!("cargo:rustc-env=DRR_TRAIN_DIGEST={digest}");
    println!("cargo:rustc-env=DRR_TRAIN_SOURCES={}", single.join(" "));
    println!("cargo:rustc-env=DRR_RUSTC={}", rustc());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
}

fn rustc() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    version.map_or_else(|_| "unknown".to_owned(), |said| String::from_utf8_lossy(&said.stdout).trim().to_owned())
}
