//! A worker's program: one slot's trainer, driven by the orchestrator over stdin and stdout, or one task of a job array,
//! driven by a plan.

use std::path::PathBuf;
use std::process::ExitCode;

use drr_core::neutral::line;
use drr_kinds::error::Error;

use super::array::{self, TaskEnd, TaskRequest};
use super::device::WorkerDevices;

const HELP: &str = "\
A worker trains and evaluates trials for drr-lab, which starts it: one a slot, or one a task of a job array.

Without arguments it reads assignments as JSON lines from stdin, answers on stdout, logs to stderr, and
ends when stdin closes. As a task of a job array:

  worker --plan DIR --task N [--data DIR] [--lost N]
      --plan DIR   the folder of the plan that `drr-lab sweep FILE --executor slurm` wrote
      --task N     which of its tasks, counted from 0
      --data DIR   where this machine has the datasets, if not where the plan says
      --lost N     attempts that were lost; after the first, trials run one by one

Exit codes of a task: 0 what became of every trial is in its folder, 75 trying again could help, 143 it was
told to stop, 2 bad usage, 3 the plan cannot be used here.
To run experiments, use `drr-lab sweep FILE` instead.
";

/// What a worker's process is called.
const NAME: &str = "drr-lab-worker";

/// What to do.
enum Command {
    Serve,
    Task(TaskRequest),
    Say(String),
}

/// The whole program, from what stands behind its name and the word `worker` on the command line to its exit code.
pub fn main(arguments: impl Iterator<Item = String>, devices: &'static dyn WorkerDevices) -> ExitCode {
    // What `top` and `pkill` call it, whatever the file is called.
    let _ = std::fs::write("/proc/self/comm", NAME);
    let command = match parse(arguments) {
        Ok(command) => command,
        Err(message) => {
            eprintln!("error: {}\nhint: drr-lab starts this program; see --help", line(&message));
            return ExitCode::from(2);
        }
    };
    if let Command::Say(text) = command {
        print!("{text}");
        return ExitCode::SUCCESS;
    }
    std::panic::set_hook(Box::new(|panic| {
        // Told to the supervisor as the trial's failure; the place is for the log.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("{NAME}: failed at {place}");
    }));
    let ended = match command {
        Command::Task(request) => array::run(&request, devices),
        _ => super::serve(devices).map(|()| TaskEnd::Settled),
    };
    match ended {
        Ok(TaskEnd::Settled) | Err(Error::Stopped) => ExitCode::SUCCESS,
        Ok(TaskEnd::Unsettled) => ExitCode::from(super::EXIT_TRY_AGAIN),
        Ok(TaskEnd::Stopped) => ExitCode::from(143),
        Err(error) => {
            eprintln!("error: {}", line(&error.to_string()));
            ExitCode::from(3)
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let (mut plan, mut task, mut data, mut lost) = (None, None, None, 0);
    let mut any = false;
    while let Some(name) = arguments.next() {
        any = true;
        let mut value = || arguments.next().ok_or_else(|| format!("`{name}` wants a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("`{name}` wants a number, got `{text}`"));
        match name.as_str() {
            "--help" | "-h" => return Ok(Command::Say(HELP.to_owned())),
            "--version" | "-V" => {
                let (version, sources) = (env!("CARGO_PKG_VERSION"), drr_kinds::train_digest().short());
                return Ok(Command::Say(format!("{NAME} {version} ({sources})\n")));
            }
            "--plan" => plan = Some(PathBuf::from(value()?)),
            "--task" => task = Some(value().and_then(number)?),
            "--data" => data = Some(PathBuf::from(value()?)),
            "--lost" => lost = u32::try_from(value().and_then(number)?).unwrap_or(u32::MAX),
            other => return Err(format!("unknown argument `{other}`")),
        }
    }
    match (plan, task) {
        (None, None) if !any => Ok(Command::Serve),
        (Some(plan), Some(task)) => Ok(Command::Task(TaskRequest { plan, task, data, lost })),
        _ => Err("a task of a job array needs `--plan` and `--task`".to_owned()),
    }
}
