//! Takes the digests of the kinds at build time: see `build/sources.rs`.

#[path = "build/imports.rs"]
mod imports;
#[path = "build/sources.rs"]
mod sources;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() {
    let own = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let crates = crates(&own).expect("the sources lie in the repository, or as packages beside this one");
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

/// The folder with the crates whose sources are digested: the repository's `crates`; of a package, one of links to the packages
/// that cargo unpacked beside it, with what the workspace's lock file says of numbers. The digests are the same.
fn crates(own: &Path) -> io::Result<PathBuf> {
    let beside = own.parent().unwrap_or(own);
    if beside.join("core/src").is_dir() {
        return Ok(beside.to_owned());
    }
    let view = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("crates");
    let _ = fs::remove_dir_all(&view);
    fs::create_dir_all(&view)?;
    for name in ["core", "kinds", "train"] {
        // With its version as cargo unpacks it, without as `cargo vendor` does.
        let names = [format!("drr-{name}-{}", env!("CARGO_PKG_VERSION")), format!("drr-{name}")];
        let package = names.iter().map(|name| beside.join(name)).find(|package| package.is_dir());
        match package {
            _ if name == "kinds" => symlink(own, view.join(name))?,
            Some(package) => symlink(package, view.join(name))?,
            // Whoever uses this crate alone has no trainer, and no trials either.
            None if name == "train" => {}
            None => return Err(io::Error::other(format!("there is no drr-{name} beside {}", own.display()))),
        }
    }
    fs::copy(own.join("build/numeric.lock"), view.with_file_name("Cargo.lock")).map(drop)?;
    Ok(view)
}
