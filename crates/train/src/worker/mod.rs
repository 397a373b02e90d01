//! The program around training: reads assignments, runs them, writes run folders, says how it goes. It never opens the
//! database, and a trial's failure never ends it.

pub mod array;
pub mod channel;
pub mod commands;
pub mod device;
pub mod job;
pub mod loaded;
pub mod numerics;
pub mod program;
pub mod usage;

use std::panic::{AssertUnwindSafe, catch_unwind};

use drr_core::protocol::{Assignment, FailureKind, FromWorker, Hello, ToWorker, VERSION};

use self::channel::Channel;
use self::device::WorkerDevices;
use self::loaded::Loaded;
use drr_kinds::error::{Error, Result};

/// Serves assignments until told to stop or until stdin closes.
///
/// # Errors
/// If the supervisor can no longer be written to.
pub fn serve(devices: &'static dyn WorkerDevices) -> Result<()> {
    let mut channel = Channel::open();
    let mut loaded = Loaded::new(devices);
    channel.say(&FromWorker::Ready(Hello {
        protocol: VERSION,
        train_digest: drr_kinds::train_digest(),
        pid: std::process::id(),
        environment: devices.environment(drr_core::protocol::Device::Cpu),
        gpu: devices.gpu(),
    }))?;
    while let Some(message) = channel.receive() {
        match message {
            ToWorker::Run(assignment) => run(&assignment, &mut loaded, &mut channel)?,
            ToWorker::Stop => break,
            // Heard by the channel itself.
            ToWorker::Cores(_) => {}
        }
    }
    Ok(())
}

/// Exit code of a task that could succeed if it were tried again (EX_TEMPFAIL of sysexits.h).
pub const EXIT_TRY_AGAIN: u8 = 75;

/// Runs one cohort; one outcome a trial, even if the trainer panics.
fn outcomes(assignment: &Assignment, loaded: &mut Loaded, channel: &mut Channel) -> Vec<Result<()>> {
    match catch_unwind(AssertUnwindSafe(|| job::run(assignment, loaded, channel))) {
        Ok(outcomes) => outcomes,
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("unknown");
            let error = failure(text);
            assignment.trials.iter().map(|_| Err(error.clone())).collect()
        }
    }
}

/// What a panic's words mean. Libraries for GPUs have no error type, only these words.
fn failure(text: &str) -> Error {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("unknown").trim();
    // What follows are addresses and places in a library's sources.
    const OF_A_DEVICE: [&str; 5] = ["CUDA error", "CUBLAS_STATUS", "cuBLAS", "CUDNN_STATUS", "device-side assert"];
    if text.contains("out of memory") {
        Error::Environment(format!("out of memory: {line}"))
    } else if OF_A_DEVICE.iter().any(|words| text.contains(words)) {
        Error::Device(format!("the GPU failed: {line}"))
    } else {
        Error::Environment(format!("the worker failed: {line}"))
    }
}

/// Runs one cohort; every trial of it ends in `finished` or `failed`.
///
/// # Errors
/// That it is to end: it was asked to, nobody reads any more, or its device failed, which it does from then on.
fn run(assignment: &Assignment, loaded: &mut Loaded, channel: &mut Channel) -> Result<()> {
    let mut broken = None;
    for (spec, outcome) in assignment.trials.iter().zip(outcomes(assignment, loaded, channel)) {
        let trial = spec.id();
        let message = match outcome {
            Ok(()) => FromWorker::Finished { trial },
            // Asked to end by a signal, it ends; told by its closed input, it finds that out by itself.
            Err(Error::Stopped) if drr_command::run::was_asked_to_end() => return Err(Error::Stopped),
            Err(Error::Stopped) => return Ok(()),
            Err(error) => {
                let failed = FromWorker::Failed { trial, kind: kind(&error), message: error.to_string() };
                broken = broken.or(Some(error).filter(|error| matches!(error, Error::Device(_))));
                failed
            }
        };
        channel.say(&message)?;
    }
    broken.map_or(Ok(()), Err)
}

/// Whether trying again could help.
fn kind(error: &Error) -> FailureKind {
    match error {
        Error::Deterministic(_) => FailureKind::Deterministic,
        Error::Device(_) => FailureKind::Device,
        Error::Environment(message) if message.contains("out of memory") => FailureKind::Memory,
        Error::Environment(_) | Error::Stopped => FailureKind::Environment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_library_says_of_a_device_is_understood() {
        let of = |text: &str| kind(&failure(text));
        let out = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB";
        assert_eq!(of(out), FailureKind::Memory);
        assert_eq!(of("CUDA error: out of memory\nSearch for `cudaErrorMemoryAllocation'"), FailureKind::Memory);
        for text in [
            "CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be asynchronously reported",
            "\nCUDA error: device-side assert triggered",
            "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(...)`",
            "CUDA error: unspecified launch failure",
        ] {
            assert_eq!(of(text), FailureKind::Device, "{text}");
        }
        assert_eq!(of("index out of bounds: the len is 3"), FailureKind::Environment);
        assert_eq!(failure("\n CUDA error: no\nat x").to_string(), "the GPU failed: CUDA error: no");
    }
}
