//! Set-up and the project's chores: `cargo xtask setup | demo | test | ci | bench | gpu-check | mutants | portable | sound | chaos | attack |
//! pictures | results | dist | deps | external | slurm-up | slurm-down | help`.
//!
//! | module | job |
//! | --- | --- |
//! | `arguments` | the command line and the help text |
//! | `setup` | libtorch: found, or installed from PyPI |
//! | `chores` | demo, test, ci, chaos: lists of steps |
//! | `bench` | the trainer beside its references |
//! | `deps` | what the project stands on |
//! | `dist` | what people install |
//! | `gpu` | a GPU tried, here or elsewhere |
//! | `external` | a Python with what the trainers in `sweeps/external` need |
//! | `pictures` | the README's pictures |
//! | `results` | the figures of docs/results.md |
//! | `slurm` | a Slurm of one's own, on loopback |
//! | `sound` | memory watched by Miri and valgrind; the oldest Rust |
//! | `portable` | the same bits under other processors and for other targets |
//! | `mutants` | planted bugs against the gates |
//! | `needs` | the tests that need something of the machine |
//! | `attack` | the program's promises, attacked |
//! | `steps` | runs steps, times them, says which failed |
//! | `problem` | what is missing, and the mend, in one line |
//!
//! It knows nothing of drr-lab's inside: everything it does could be typed by hand.

mod arguments;
mod attack;
mod bench;
mod chores;
mod deps;
mod dist;
mod external;
mod gpu;
mod mutants;
mod needs;
mod pictures;
mod portable;
mod problem;
mod results;
mod setup;
mod slurm;
mod sound;
mod steps;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, io};

use arguments::Command;
use problem::Problem;

fn main() -> ExitCode {
    let command = match arguments::parse(env::args().skip(1)) {
        Ok(command) => command,
        Err(usage) => {
            eprintln!("error: {usage}");
            return ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Problem> {
    let root = repository_root()?;
    match command {
        Command::Help => {
            print!("{}", arguments::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Command::Setup(options) => setup::run(&root, &options).map(|_| ExitCode::SUCCESS),
        Command::Demo => chores::demo(&root),
        Command::Test(which) => chores::test(&root, which),
        Command::Ci => chores::ci(&root),
        Command::External => external::up(&root),
        Command::SlurmUp => slurm::up(&root),
        Command::SlurmDown => slurm::down(&root),
        Command::Chaos(points) => chores::chaos(&root, points),
        Command::Attack(options) => chores::attack(&root, &options),
        Command::Play(arguments) => match attack::play(&arguments) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(_) => Ok(ExitCode::FAILURE),
        },
        Command::Deps => deps::run(&root).map(|good| if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        Command::Dist(options) => dist::run(&root, &options).map(|()| ExitCode::SUCCESS),
        Command::Pictures => pictures::run(&root),
        Command::Results => results::run(&root),
        Command::Portable => portable::run(&root).map(|good| if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        Command::Sound => sound::run(&root).map(|good| if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        Command::Bench(options) => {
            bench::run(&root, &options).map(|done| if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::GpuCheck(options) => {
            gpu::run(&root, &options).map(|good| if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Mutants(options) => {
            mutants::run(&root, &options).map(|good| if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

/// The folder above this crate. Cargo tells it at run time; what it said at build time serves a direct call.
fn repository_root() -> Result<PathBuf, Problem> {
    let here = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let root = PathBuf::from(here).parent().map(PathBuf::from).filter(|root| root.join("Cargo.toml").is_file());
    root.ok_or_else(|| {
        Problem::file("the repository", &io::Error::from(io::ErrorKind::NotFound), "run `cargo xtask` inside it")
    })
}
