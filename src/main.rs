//! The program `drr-lab`: arguments in, exit code out. With `worker` as its first argument it is a process that trains,
//! which the same program starts for every slot.

use std::env;
use std::process::ExitCode;

use drr_train::worker::device::Cpu;
use drr_train::worker::program;

fn main() -> ExitCode {
    if env::args_os().nth(1).is_some_and(|first| first == drr_lab::cli::WORKER) {
        let rest = env::args_os().skip(2).map(|argument| argument.to_string_lossy().into_owned());
        return program::main(rest, &Cpu);
    }
    drr_lab::cli::main()
}
