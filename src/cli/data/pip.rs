//! One wheel by `pip download`, which knows the mirrors of the place it runs in. Nothing is installed.

use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::present::spinner;
use crate::cli::OutputFormat;
use crate::error::Error;

/// Longest run of pip.
const LONGEST: Duration = Duration::from_secs(600);

/// Downloads the wheel of `requirement` into `folder`.
pub(super) fn download(requirement: &str, folder: &Path, output: OutputFormat) -> Result<(), Failure> {
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]);
    command.args(["--disable-pip-version-check", "--progress-bar", "off", "--retries", "2", "--timeout", "20"]);
    command.arg("--dest").arg(folder).arg(requirement);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut pip = command.spawn().map_err(|error| {
        Failure::Network(match error.kind() {
            ErrorKind::NotFound => Error::environment("python3 is not there"),
            _ => Error::environment(format!("cannot run python3: {error}")),
        })
    })?;
    let bar = spinner(output, "pip download");
    let mut stderr = pip.stderr.take();
    // Read beside the wait: a pipe that nobody empties would stop pip.
    let said = thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(stderr) = &mut stderr {
            let _ = stderr.take(1 << 20).read_to_end(&mut said);
        }
        String::from_utf8_lossy(&said).into_owned()
    });
    let started = Instant::now();
    let status = loop {
        match pip.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < LONGEST => thread::sleep(Duration::from_millis(50)),
            waited => {
                let _ = pip.kill();
                let _ = pip.wait();
                let why = waited.err().map_or_else(|| "it took too long".to_owned(), |error| error.to_string());
                return Err(Failure::Network(Error::environment(format!("pip download {requirement}: {why}"))));
            }
        }
    };
    bar.finish_and_clear();
    if status.success() {
        return Ok(());
    }
    Err(failure(requirement, &said.join().unwrap_or_default()))
}

/// What pip's last words mean.
fn failure(requirement: &str, said: &str) -> Failure {
    if said.contains("No module named pip") {
        return Failure::Network(Error::environment("python3 has no pip"));
    }
    if said.contains("No space left on device") {
        let error = Error::environment(format!("no space left on the disk to download {requirement}"));
        return Failure::Fatal(error.hint("free some disk space, or choose another data folder"));
    }
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty()).rev();
    // `ERROR: Exception:` only announces a traceback, whose last line tells.
    let error = lines.clone().find(|line| line.starts_with("ERROR: ") && !line.ends_with("Exception:"));
    let words = error.or_else(|| lines.next()).unwrap_or("it failed without a word").trim_start_matches("ERROR: ");
    let error = Error::environment(format!("pip download {requirement}: {words}"));
    Failure::Network(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pips_last_words_are_told() {
        let said = "WARNING: Retrying: Temporary failure in name resolution\n\
            ERROR: Could not find a version that satisfies the requirement x==1\n\
            ERROR: No matching distribution found for x==1\n[notice] a new release\n";
        let Failure::Network(error) = failure("x==1", said) else { panic!("not the network's fault") };
        assert_eq!(error.message, "pip download x==1: No matching distribution found for x==1");
        let Failure::Network(error) = failure("x==1", "/usr/bin/python3: No module named pip\n") else {
            panic!("another origin may help")
        };
        assert_eq!(error.message, "python3 has no pip");
        assert!(matches!(failure("x==1", "ERROR: [Errno 28] No space left on device"), Failure::Fatal(_)));
        let Failure::Network(error) = failure("x==1", "ERROR: Exception:\nTraceback:\n  at\nOSError: why\n") else {
            panic!("another origin may help")
        };
        assert_eq!(error.message, "pip download x==1: OSError: why");
    }
}
