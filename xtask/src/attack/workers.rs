//! Workers that are not what they should be: each is the real one with somebody between it and the supervisor, who passes
//! on what both say and at some moment does something else. [`play`] is that somebody; it knows nothing of the protocol but
//! that it is lines.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::dice::Dice;
use super::held;
use super::site::{Site, last, script};
use super::world::{WAYS, World};

/// What is done at the moment.
const MANNERS: &[&str] = &[
    "talks-and-is-never-ready",
    "says-nothing",
    "garbage-between-all-lines",
    "huge-line",
    "endless-line",
    "unknown-trial",
    "says-all-twice",
    "finishes-too-early",
    "another-protocol",
    "leaves",
    "leaves-with-an-error",
    "dies",
    "hangs",
    "hangs-and-ignores-sigterm",
    "fails-with-three-megabytes",
    "fails-with-control-characters",
    "leaves-a-grandchild",
    "closes-its-output",
];

/// How long a sweep with such a worker may take: silence is a second, the rest a few attempts.
const PATIENCE: Duration = Duration::from_secs(30);

/// Name of the hidden command.
pub const COMMAND: &str = "play-a-worker";

pub fn played(world: &World, site: &Site<'_>, number: u64, dice: &mut Dice, what: &mut String) -> Result<(), String> {
    let manner = MANNERS[number as usize % MANNERS.len()];
    // A lone trial's lines: ready, started, some metrics and progress, finished.
    let (step, hits) = (dice.below(12), 1 + dice.below(3));
    let way = dice.one(WAYS);
    *what = format!("{manner} after {step} lines, {hits} times{}", if way.is_empty() { "" } else { ", in a cohort" });
    let program = site.folder.join("played");
    let (before, after) = match manner {
        "hangs-and-ignores-sigterm" => ("trap '' TERM; exec", ""),
        // The player leaves, its process lives on without an output.
        "closes-its-output" => ("", "; exec >&-; exec sleep 30"),
        _ => ("exec", ""),
    };
    let player = format!("'{}' {COMMAND} {manner} {step} {hits}", world.player.display());
    let real = format!("'{}' '{}'", site.folder.join("marks").display(), site.folder.join("worker").display());
    script(&program, &format!("unset LD_PRELOAD; {before} {player} {real}{after}"))
        .map_err(|error| error.to_string())?;
    let mut plain = site.program(&["--runs"]);
    plain.arg(site.runs()).args(["sweep", "attacked.toml", "--jobs", "1", "--output", "human", "--color", "never"]);
    plain.args(["--stall-timeout", "1", "--retries", "1", "--worker"]).arg(&program).args(way);
    let ended = site.run(plain, PATIENCE)?.code_is(&[0, 1, 3])?;
    if !site.folder.join("marks/played.0").exists() {
        return Err(format!("the worker was never played: {}", last(&ended.err)));
    }
    for (stream, said) in [("stdout", &ended.out), ("stderr", &ended.err)] {
        if let Some(raw) = said.chars().find(|it| it.is_control() && *it != '\n') {
            return Err(format!("{stream} holds the worker's raw {raw:?}"));
        }
        if said.lines().any(|line| line.starts_with("::")) {
            return Err(format!("{stream} holds a line of the worker that a CI system takes for a command"));
        }
        if said.len() > 100_000 {
            return Err(format!("{stream} has {} KB: {}", said.len() / 1000, last(&said[..2000.min(said.len())])));
        }
    }
    let before = held::right_after(site)?;
    // A worker may have said that a trial fails for good.
    held::goes_on(site, &before, &[way, &["--retry-failed"]].concat())
}

/// The worker: `MANNER STEP HITS MARKS REAL`.
pub fn play(arguments: &[String]) -> io::Result<()> {
    let [manner, step, hits, marks, real] = arguments else { return Err(io::ErrorKind::InvalidInput.into()) };
    let number = |text: &str| text.parse::<usize>().map_err(io::Error::other);
    let strikes = take_mark(Path::new(marks), number(hits)?);
    let step = if strikes { number(step)? } else { usize::MAX };
    let from_start = ["talks-and-is-never-ready", "says-nothing", "another-protocol", "endless-line"];
    let mut child = Command::new(real).arg("worker").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut to_real = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    thread::spawn(move || io::copy(&mut io::stdin().lock(), &mut to_real));
    let mut out = io::stdout();
    if strikes && from_start.contains(&manner.as_str()) {
        instead_of_ready(manner, &mut out)?;
    }
    let real = BufReader::new(child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
    let mut trial = None;
    for (index, line) in real.lines().enumerate() {
        let line = line?;
        if let Some(at) = line.find("\"trial\":\"") {
            trial = line.get(at + 9..at + 9 + 64).map(str::to_owned).or(trial);
        }
        if index == step {
            at_the_moment(manner, trial.as_deref(), &mut child, &mut out)?;
        }
        if strikes && manner == "garbage-between-all-lines" {
            out.write_all(b"\x00\xff\x1b[2J{\"finished\":{\"trial\":1}}\r\n{}\n\n[[[[\n")?;
        }
        let times = if strikes && manner == "says-all-twice" { 2 } else { 1 };
        for _ in 0..times {
            out.write_all(line.as_bytes())?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
    }
    Ok(())
}

/// Whether this process is one of those that misbehave: each leaves a mark, and there are only so many.
fn take_mark(marks: &Path, hits: usize) -> bool {
    (0..hits).any(|hit| File::create_new(marks.join(format!("played.{hit}"))).is_ok())
}

fn instead_of_ready(manner: &str, out: &mut impl Write) -> io::Result<()> {
    match manner {
        "talks-and-is-never-ready" => loop {
            out.write_all(b"y\n")?;
        },
        "endless-line" => loop {
            out.write_all(&[b'y'; 65536])?;
        },
        "another-protocol" => {
            out.write_all(b"{\"ready\":{\"protocol\":99,\"train_digest\":\"00\",\"pid\":1}}\n")?;
            out.flush()
        }
        _ => loop {
            thread::sleep(Duration::from_secs(600));
        },
    }
}

fn at_the_moment(manner: &str, trial: Option<&str>, child: &mut Child, out: &mut impl Write) -> io::Result<()> {
    let zeros = "0".repeat(64);
    let trial = trial.unwrap_or(&zeros);
    let failed = |message: &str| {
        let message = serde_json::Value::from(message);
        format!("{{\"failed\":{{\"trial\":\"{trial}\",\"kind\":\"deterministic\",\"message\":{message}}}}}\n")
    };
    let leave = |child: &mut Child, code| -> ! {
        let _ = child.kill();
        std::process::exit(code)
    };
    match manner {
        "huge-line" => out.write_all(&[&vec![b'x'; 6 << 20][..], b"\n"].concat()),
        "unknown-trial" => writeln!(out, "{{\"finished\":{{\"trial\":\"{zeros}\"}}}}"),
        "finishes-too-early" => writeln!(out, "{{\"finished\":{{\"trial\":\"{trial}\"}}}}"),
        "fails-with-three-megabytes" => out.write_all(failed(&"the disk burns ".repeat(200_000)).as_bytes()),
        "fails-with-control-characters" => out.write_all(
            failed("\u{1b}[31mred\u{7}\r\u{202e}\n::error file=a,line=1::forged\n::stop-commands::x").as_bytes(),
        ),
        "leaves" => leave(child, 0),
        "leaves-with-an-error" => leave(child, 77),
        "dies" => {
            let _ = child.kill();
            let _ = Command::new("kill").args(["-SEGV", &std::process::id().to_string()]).status();
            Ok(())
        }
        "hangs" | "hangs-and-ignores-sigterm" => {
            let _ = child.kill();
            thread::sleep(Duration::from_secs(600));
            Ok(())
        }
        "leaves-a-grandchild" => {
            // In a session of its own, with the pipes in its hands.
            drop(Command::new("setsid").args(["sleep", "40"]).spawn()?);
            leave(child, 1)
        }
        "closes-its-output" => leave(child, 0),
        _ => Ok(()),
    }?;
    out.flush()
}
