//! With the feature `libtorch`: makes the worker and the tests of this crate find it by themselves, no LD_LIBRARY_PATH, and
//! says what to do where it is missing, before the bindings' own build fails in a page of compiler errors.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=DRR_KERNELS_DIGEST={:016x}", kernels());
    if env::var_os("CARGO_FEATURE_LIBTORCH").is_none() {
        return;
    }
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    // Unset only where `.cargo/config.toml` is not read; then torch-sys looks for a libtorch of the system.
    let Some(libtorch) = env::var_os("LIBTORCH").map(PathBuf::from) else { return };
    let library = libtorch.join("lib/libtorch_cpu.so");
    if !library.is_file() {
        eprintln!("error: libtorch is not set up: there is no {}; mend: cargo xtask setup", library.display());
        process::exit(1);
    }
    // `cargo xtask setup` writes this file anew whenever the link comes to point at another install.
    watch(&libtorch.join("build-version"));
    // The real folder, not the link: a program built against one libtorch never starts with another.
    let folder = libtorch.join("lib").canonicalize().unwrap_or_else(|_| libtorch.join("lib"));
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
    // RPATH instead of RUNPATH: it comes before an LD_LIBRARY_PATH, which may lead to the libtorch of some Python.
    println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags");
}

/// Cargo runs a build script always that watches a file which is not there.
fn watch(path: &Path) {
    if path.is_file() {
        println!("cargo:rerun-if-changed={}", path.display());
    }
}

/// A number for what a GPU computes with: the sources of the kernels, and the release of the bindings. No one forges it.
fn kernels() -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut take =
        |bytes: &[u8]| bytes.iter().for_each(|&byte| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    for name in ["blocks", "embeddings", "factors", "kernels", "optimiser"] {
        let path = PathBuf::from(format!("src/{name}.rs"));
        println!("cargo:rerun-if-changed={}", path.display());
        take(&fs::read(path).unwrap_or_default());
    }
    let lock = fs::read_to_string("../../Cargo.lock").unwrap_or_default();
    println!("cargo:rerun-if-changed=../../Cargo.lock");
    let version = lock.split("[[package]]").find(|entry| entry.contains("\nname = \"tch\"\n")).unwrap_or_default();
    take(version.as_bytes());
    hash
}
