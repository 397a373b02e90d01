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
    }))?;
    while let Some(message) = channel.receive() {
        match message {
            ToWorker::Run(assignment) => run(&assignment, &mut loaded, &mut channel)?,
            ToWorker::Stop => break,
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
            let line = text.lines().next().unwrap_or("unknown");
            assignment.trials.iter().map(|_| Err(Error::Environment(format!("the worker failed: {line}")))).collect()
        }
    }
}

/// Runs one cohort; every trial of it ends in `finished` or `failed`.
fn run(assignment: &Assignment, loaded: &mut Loaded, channel: &mut Channel) -> Result<()> {
    for (spec, outcome) in assignment.trials.iter().zip(outcomes(assignment, loaded, channel)) {
        let trial = spec.id();
        let message = match outcome {
            Ok(()) => FromWorker::Finished { trial },
            // Asked to end by a signal, it ends; told by its closed input, it finds that out by itself.
            Err(Error::Stopped) if drr_command::run::was_asked_to_end() => return Err(Error::Stopped),
            Err(Error::Stopped) => return Ok(()),
            Err(error) => FromWorker::Failed { trial, kind: kind(&error), message: error.to_string() },
        };
        channel.say(&message)?;
    }
    Ok(())
}

/// Whether trying again could help.
fn kind(error: &Error) -> FailureKind {
    match error {
        Error::Deterministic(_) => FailureKind::Deterministic,
        // Libraries for GPUs have no error type for it, only these words.
        Error::Environment(message) if message.contains("out of memory") => FailureKind::Memory,
        Error::Environment(_) | Error::Stopped => FailureKind::Environment,
    }
}
