//! The program as its users meet it: one program of tests, so that it is linked once and what waits does so beside what
//! computes. `cargo test --test suite NAME::` runs one file.

#[path = "../../crates/kinds/build/imports.rs"]
#[allow(dead_code)] // the build script uses all of it
mod imports;

mod commands;
mod common;

mod array;
mod cases;
mod cases_import;
mod cases_plan;
mod chaos;
mod divided;
mod end_to_end;
mod export;
mod faults;
mod figures;
mod formats;
mod gates;
mod gpus;
mod help;
mod hostile;
mod ignored;
mod kinds;
mod layering;
mod made_files;
mod mistakes;
mod patience;
mod planted;
mod python;
mod records;
mod report;
mod reproduce;
mod reproduction;
mod same_bits;
mod slurm;
mod struck;
mod supervisor;
mod surroundings;
mod sweep_cases;
mod sweep_files;
mod unsafe_code;
mod verify;
mod vocabulary;

/// Not a test: the worker of the others, started by them as a program of its own.
#[test]
#[ignore = "it is the worker of the other tests"]
fn play_the_worker() {
    match std::env::var_os("CHAOS_PLACE") {
        Some(place) => chaos::play_the_worker(place.as_ref()),
        None => common::worker::play(),
    }
}
