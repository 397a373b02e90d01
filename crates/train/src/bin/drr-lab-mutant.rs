//! The worker with planted bugs, for `cargo xtask mutants`: built with the feature `mutants` only, from a copy of the
//! sources that the build script writes (see `mutants.rs`). `DRR_LAB_MUTANT` names the bug that is switched on; without
//! it nothing is wrong, which is what the campaign holds the others against. `other-arithmetic` is no bug: it computes with
//! functions that round otherwise, another environment class on the same machine.

#![allow(dead_code, unused_parens, clippy::all, reason = "a copy of the library's sources as one program")]

use std::process::ExitCode;
use std::sync::OnceLock;

#[path = "../../mutants.rs"]
mod mutants;

// The library's modules, with their bugs.
include!(concat!(env!("OUT_DIR"), "/mutated.rs"));

/// Whether the bug of this name is switched on.
fn planted(name: &str) -> bool {
    static CHOSEN: OnceLock<String> = OnceLock::new();
    CHOSEN.get_or_init(|| std::env::var("DRR_LAB_MUTANT").unwrap_or_default()) == name
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--list") {
        mutants::MUTANTS.iter().for_each(|mutant| println!("{}\t{}", mutant.name, mutant.bug));
        return ExitCode::SUCCESS;
    }
    let chosen = std::env::var("DRR_LAB_MUTANT").unwrap_or_default();
    let mut all = mutants::MUTANTS.iter().chain([&mutants::OTHER_ARITHMETIC]);
    if !chosen.is_empty() && all.all(|mutant| mutant.name != chosen) {
        eprintln!("error: no bug is called `{chosen}`\nhint: --list shows their names");
        return ExitCode::from(2);
    }
    match worker::serve(&worker::device::Cpu) {
        Ok(()) | Err(drr_kinds::error::Error::Stopped) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}
