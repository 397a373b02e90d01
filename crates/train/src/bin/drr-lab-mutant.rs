//! The worker with planted bugs, for `cargo xtask mutants`: built with the feature `mutants` only, from a copy of the
//! sources that the build script writes (see `mutants.rs`). `DRR_LAB_MUTANT` names the bug that is switched on; without
//! it nothing is wrong, which is what the campaign holds the others against. With `DRR_LAB_MUTANT_NUMERICS=portable` it
//! computes with products that round otherwise: another environment class on the same machine.

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
    if !chosen.is_empty() && mutants::MUTANTS.iter().all(|mutant| mutant.name != chosen) {
        eprintln!("error: no bug is called `{chosen}`\nhint: --list shows their names");
        return ExitCode::from(2);
    }
    if std::env::var("DRR_LAB_MUTANT_NUMERICS").is_ok_and(|wanted| wanted == "portable")
        && std::env::var("MKL_CBWR").is_ok_and(|pinned| pinned != "COMPATIBLE")
    {
        // libtorch reads them when it is loaded, which was before this.
        let mut again = std::process::Command::new("/proc/self/exe");
        again.env("MKL_CBWR", "COMPATIBLE").env("ATEN_CPU_CAPABILITY", "default");
        let error = std::os::unix::process::CommandExt::exec(&mut again);
        eprintln!("error: cannot start with portable numerics: {error}");
        return ExitCode::from(3);
    }
    match worker::numerics::pin().map(|()| worker::serve()) {
        Ok(Ok(()) | Err(drr_kinds::error::Error::Stopped)) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
        Err(error) => {
            eprintln!("error: cannot start with pinned numerics: {error}");
            ExitCode::from(3)
        }
    }
}
