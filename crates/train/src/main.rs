//! The program `drr-lab-worker`: one slot's trainer, driven by `drr-lab` over stdin and stdout.

use std::process::ExitCode;

use drr_train::error::Error;
use drr_train::worker;

const HELP: &str = "\
drr-lab-worker trains and evaluates trials for drr-lab, which starts it: one worker a slot.

It reads assignments as JSON lines from stdin, answers on stdout, logs to stderr, and ends when stdin
closes. To run experiments, use `drr-lab sweep FILE` instead.
";

fn main() -> ExitCode {
    if let Some(argument) = std::env::args().nth(1) {
        return match argument.as_str() {
            "--help" | "-h" => {
                print!("{HELP}");
                ExitCode::SUCCESS
            }
            "--version" | "-V" => {
                println!("drr-lab-worker {} ({})", env!("CARGO_PKG_VERSION"), drr_core::train_digest().short());
                ExitCode::SUCCESS
            }
            other => {
                eprintln!("error: unknown argument `{other}`\nhint: drr-lab starts this program; see --help");
                ExitCode::from(2)
            }
        };
    }
    std::panic::set_hook(Box::new(|panic| {
        // Told to the supervisor as the trial's failure; the place is for the log.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("drr-lab-worker: failed at {place}");
    }));
    if let Err(error) = worker::numerics::pin() {
        eprintln!("error: cannot start with pinned numerics: {error}");
        return ExitCode::from(3);
    }
    match worker::serve() {
        Ok(()) | Err(Error::Stopped) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}
