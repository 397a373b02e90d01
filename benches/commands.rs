//! Commands as trials: `cargo bench -p drr-lab --bench commands`.
//!
//! * no-op commands a second, each recorded durably as a trial by two slots, beside `xargs -P2` that starts the same
//!   program as often and records nothing
//! * lines of metrics a second, of one trial of a million lines, from its file into journal and database
//!
//! The runs folders lie below `target/`, on a disk.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Commands of a run.
const TRIALS: usize = 2_000;

/// Lines of the long trial.
const LINES: usize = 1_000_000;

/// Runs of each; the fastest counts, for others use these machines too.
const RUNS: usize = 3;

fn main() -> Outcome {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("commands");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    env::set_current_dir(&folder)?;
    let (mut own, mut bare, mut lines) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..RUNS {
        own = own.min(sweep("noop", &format!("seeds = {TRIALS}\n[command]\nrun = [\"true\"]\n"))?);
        bare = bare.min(xargs()?);
    }
    let rate = |took: Duration| TRIALS as f64 / took.as_secs_f64();
    println!("{TRIALS} no-op commands: {:.0} trials/s as trials, {:.0}/s by xargs -P2", rate(own), rate(bare));
    let mut text = String::new();
    for step in 0..LINES {
        writeln!(text, "{{\"step\": {step}, \"loss\": 0.{step}}}")?;
    }
    fs::write("lines.jsonl", text)?;
    let run = |file: &str| format!("seeds = 1\n[command]\nrun = [\"cp\", \"{file}\", \"{{metrics}}\"]\n");
    let mut nothing = Duration::MAX;
    for _ in 0..RUNS {
        lines = lines.min(sweep("lines", &run("lines.jsonl"))?);
        nothing = nothing.min(sweep("nothing", &run("/dev/null"))?);
    }
    let took = lines.saturating_sub(nothing);
    println!(
        "{LINES} lines of metrics: {:.0} lines/s ({:.2} s)",
        LINES as f64 / took.as_secs_f64(),
        took.as_secs_f64()
    );
    Ok(())
}

/// Runs a sweep from nothing.
fn sweep(name: &str, text: &str) -> Outcome<Duration> {
    let _ = fs::remove_dir_all("runs");
    fs::write(format!("{name}.toml"), format!("name = \"{name}\"\n{text}"))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_drr-lab"));
    command.args(["sweep", &format!("{name}.toml"), "--jobs", "2", "--output", "quiet"]);
    timed(command)
}

fn xargs() -> Outcome<Duration> {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("seq {TRIALS} | xargs -P2 -n1 true")]);
    timed(command)
}

fn timed(mut command: Command) -> Outcome<Duration> {
    let started = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    if status.success() { Ok(started.elapsed()) } else { Err(format!("{command:?} ended with {status}").into()) }
}
