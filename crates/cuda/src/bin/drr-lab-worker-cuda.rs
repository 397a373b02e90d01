//! The worker for GPUs, which drr-lab starts in the slots that have one.

use std::process::ExitCode;

use drr_cuda::devices::{self, Gpus};
use drr_train::worker::program;

fn main() -> ExitCode {
    if let Err(error) = devices::pin() {
        eprintln!("error: cannot start with what libtorch must find: {error}");
        return ExitCode::from(3);
    }
    tch::set_num_threads(1);
    tch::set_num_interop_threads(1);
    let _no_gradients = tch::no_grad_guard();
    // The word `worker` comes first, as with every program that is one.
    program::main(std::env::args().skip(2), &Gpus)
}
