//! Takes the digests of the kinds at build time: see `build/sources.rs`.

#[path = "build/imports.rs"]
mod imports;
#[path = "build/sources.rs"]
mod sources;

use std::env;
use std::path::PathBuf;

fn main() {
    let crates = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"))
        .parent()
        .expect("crates/kinds has a parent")
        .to_owned();
    for folder in ["core/src", "kinds/src", "train/src"] {
        println!("cargo:rerun-if-changed={}", crates.join(folder).display());
    }
    println!("cargo:rerun-if-changed={}", crates.join("../Cargo.lock").display());
    let sources::Sources { kinds, single, .. } = sources::hash(&crates);
    let words = |pairs: std::collections::BTreeMap<String, String>| {
        pairs.into_iter().map(|(name, digest)| format!("{name}={digest}")).collect::<Vec<_>>().join(" ")
    };
    println!("cargo:rustc-env=DRR_KIND_DIGESTS={}", words(kinds));
    println!("cargo:rustc-env=DRR_TRAIN_SOURCES={}", words(single));
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
}
