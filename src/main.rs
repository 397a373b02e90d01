//! The program `drr-lab`: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    drr_lab::cli::main()
}
