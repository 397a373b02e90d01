//! A campaign of faults: a real sweep of a made-up world is killed at random moments, supervisor, workers or all at
//! once, or a worker at a call between its first result and its last word, and goes on. However it was killed, the resumed sweep ends complete, every result has the undisturbed run's
//! digest, no finished trial was touched again, and the database is sound.
//!
//! `cargo xtask chaos` runs the long form; the variables `DRR_LAB_CHAOS` (kill points) and `DRR_LAB_CHAOS_SEED` say how
//! long and which.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::strike::{Strike, strike};
use crate::common::{Place, SMALL, metrics_digests, trainer};
use drr_core::Seed;
use drr_core::seed::Stream;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Kill points of the short form.
const SHORT: usize = 6;

/// Whom a fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Supervisor,
    Worker,
    All,
    /// A worker on its way from a result to its word `finished`, and then, perhaps, the sweep that repairs the loss.
    Finisher,
    /// What a worker runs.
    Command,
}

/// A sweep to be killed: its files, what is added to the command line, and whom faults hit.
struct Campaign {
    files: &'static [(&'static str, &'static str)],
    more: &'static [&'static str],
    victims: &'static [Victim],
}

/// Trials that are trained here.
const BUILT_IN: Campaign = Campaign {
    files: &[("chaos.toml", SMALL)],
    more: &["--set", "drr.train_steps=200"],
    victims: &[Victim::Supervisor, Victim::Worker, Victim::All, Victim::Finisher],
};

/// Trials that are programs, the second stage standing on the first.
const COMMANDS: Campaign = Campaign {
    files: &[("chaos.toml", CHAOTIC), ("step.sh", STEP)],
    more: &[],
    victims: &[Victim::Supervisor, Victim::Worker, Victim::All, Victim::Command],
};

const CHAOTIC: &str = r#"seeds = 3
[stage.first]
run = ["sh", "step.sh", "{seed}"]
code = ["step.sh"]
[command]
run = ["sh", "step.sh", "{rate}", "{stage.first}"]
code = ["step.sh"]
needs = "first"
metrics = { loss = "min" }
[params]
rate = [1, 2, 3]
[execution]
backoff = 0.01
retries = 9
"#;

/// Some milliseconds of work: metrics as it goes, and files.
const STEP: &str = r#"
for step in 1 2 3 4 5; do
  echo "{\"step\": $step, \"loss\": $1.$step}" >> $DRR_LAB_METRICS
  cat ${2:-/dev/null}/* 2>/dev/null >> $DRR_LAB_OUT/all; echo $1 $step >> $DRR_LAB_OUT/all
  sleep 0.005
done
mkdir $DRR_LAB_OUT/more; echo $1 > $DRR_LAB_OUT/more/last
"#;

/// Calls to the system from the first result on, over which finishers are killed: a sweep of this size makes more.
const CALLS: usize = 160;

/// The real worker, killed on its way if that was ordered.
pub fn play_the_worker(place: &Path) {
    let mut real = Command::new(trainer());
    real.arg("worker");
    match Strike::take(&place.join("strike")) {
        Some(order) => strike(real, order, &place.join("missed")),
        None => panic!("the worker starts: {}", real.exec()),
    }
}

/// When: after so long, or so long after an event was told.
#[derive(Clone, Copy, Debug)]
struct Moment {
    event: usize,
    after: Duration,
}

#[test]
fn a_sweep_survives_being_killed_at_any_moment() {
    campaign(&BUILT_IN);
}

#[test]
fn a_sweep_of_commands_survives_being_killed_at_any_moment() {
    campaign(&COMMANDS);
}

/// A folder with the campaign's files.
fn place_of(campaign: &Campaign) -> Place {
    let place = Place::new();
    for (name, text) in campaign.files {
        let rules = if *text == SMALL { "\n[execution]\nbackoff = 0.01\n" } else { "" };
        place.file(name, &format!("{text}{rules}"));
    }
    place
}

fn campaign(campaign: &Campaign) {
    let points = std::env::var("DRR_LAB_CHAOS").ok().and_then(|text| text.parse().ok()).unwrap_or(SHORT);
    let seed = std::env::var("DRR_LAB_CHAOS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let undisturbed = place_of(campaign);
    let start = Instant::now();
    let (code, events) = complete(campaign, &undisturbed);
    assert_eq!(code, Some(0), "the sweep runs undisturbed");
    let mut took = start.elapsed();
    let expected = metrics_digests(&undisturbed.runs());
    eprintln!("undisturbed: {} trials, {events} events, {:.2} s", expected.len(), took.as_secs_f64());

    let mut dice = Seed(seed).stream("chaos");
    let mut hits: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut point, mut missed, mut finished_before) = (0, 0, 0);
    while point < points {
        let victim = campaign.victims[dice.below(campaign.victims.len())];
        let moment = moment(&mut dice, took, events);
        let case = format!("kill point {point} of seed {seed}: {victim:?} at {moment:?}");
        let place = place_of(campaign);
        let began = Instant::now();
        let hit = match victim {
            Victim::Finisher => strike_finisher(&place, &mut dice),
            _ => strike_at(campaign, &place, victim, moment),
        };
        let Some(hit) = hit else {
            // The sweep was over before the moment came; it is quicker than was thought.
            took = took.min(began.elapsed());
            missed += 1;
            assert!(missed < 10 * points, "someone is hit");
            continue;
        };
        let before = finished(&place.runs());
        finished_before += before.len();
        // The workers of a killed supervisor end by themselves; the next one must not have to wait for them.
        let (code, _) = complete(campaign, &place);
        assert_eq!(code, Some(0), "{case}: the same command goes on");
        assert_eq!(metrics_digests(&place.runs()), expected, "{case}: the same results");
        let after = finished(&place.runs());
        for (trial, file) in &before {
            assert_eq!(after.get(trial), Some(file), "{case}: trial {trial} was run to its end again");
        }
        sound(&place, &case);
        *hits.entry(hit).or_default() += 1;
        point += 1;
        if points > SHORT && point % 20 == 0 {
            eprintln!("{point} kill points survived, {:.0} s", start.elapsed().as_secs_f64());
        }
    }
    eprintln!("{points} kill points, seed {seed}: {hits:?}; {finished_before} finished trials were found and kept");
}

/// Half the time a moment of the whole run, half the time just after something was told, where states change.
fn moment(dice: &mut Stream, took: Duration, events: usize) -> Moment {
    if dice.below(2) == 0 {
        Moment { event: 0, after: took.mul_f64(dice.unit()) }
    } else {
        Moment { event: 1 + dice.below(events), after: Duration::from_micros(dice.below(3000) as u64) }
    }
}

fn command(campaign: &Campaign, place: &Place) -> Command {
    with_worker(campaign, place, &trainer())
}

fn with_worker(campaign: &Campaign, place: &Place, worker: &Path) -> Command {
    let mut command = place.drr_lab(&["sweep", "chaos.toml", "--jobs", "2", "--output", "json"]);
    command.args(campaign.more).arg("--worker").arg(worker).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the sweep to its end: its exit code, and how many events it told.
fn complete(campaign: &Campaign, place: &Place) -> (Option<i32>, usize) {
    let output = command(campaign, place).output().expect("the program starts");
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    (output.status.code(), output.stdout.iter().filter(|byte| **byte == b'\n').count())
}

/// Starts the sweep, waits for the moment, kills the victim; whom it hit, `None` if the sweep was over. A sweep that lost
/// a worker goes on to its end.
fn strike_at(campaign: &Campaign, place: &Place, victim: Victim, moment: Moment) -> Option<&'static str> {
    let mut child = command(campaign, place).spawn().expect("the program starts");
    let told = events(&mut child);
    let start = Instant::now();
    let mut seen = 0;
    while seen < moment.event && told.recv().is_ok() {
        seen += 1;
    }
    let (from, rest) = (Instant::now(), moment.after);
    while from.elapsed() < rest && child.try_wait().expect("it can be asked").is_none() {
        // Workers that are started meanwhile are seen by `workers`; a millisecond is finer than anything they do.
        match told.recv_timeout(rest.saturating_sub(from.elapsed()).min(Duration::from_millis(1))) {
            Err(RecvTimeoutError::Disconnected) => thread::sleep(Duration::from_millis(1)),
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
        }
    }
    let workers = workers(child.id());
    let mut hit = None;
    if victim == Victim::Command {
        for command in workers.iter().flat_map(|&worker| self::workers(worker.cast_unsigned())) {
            if kill(Pid::from_raw(command), Signal::SIGKILL).is_ok() {
                hit = Some("commands");
            }
        }
    } else if victim != Victim::Supervisor {
        let some = if victim == Victim::All { &workers[..] } else { &workers[..workers.len().min(1)] };
        for &worker in some {
            if kill(Pid::from_raw(worker), Signal::SIGKILL).is_ok() {
                hit = Some("workers");
            }
        }
    }
    if !matches!(victim, Victim::Worker | Victim::Command) && child.try_wait().expect("it can be asked").is_none() {
        child.kill().expect("it lives");
        hit = if hit.is_some() { Some("all") } else { Some("supervisor") };
    }
    let code = child.wait().expect("it ends").code();
    if matches!(victim, Victim::Worker | Victim::Command) {
        assert_eq!(code, Some(0), "a lost worker is replaced ({:?} after the start)", start.elapsed());
    }
    hit
}

/// Lets the worker be killed at some call between its first result and the last one of the sweep, cohorts of four; every
/// other time the sweep is stopped while it repairs the loss.
fn strike_finisher(place: &Place, dice: &mut Stream) -> Option<&'static str> {
    let (stop, rest) = (dice.below(2) == 0, Duration::from_millis(dice.below(40) as u64));
    Strike { results: dice.below(3), call: 1 + dice.below(CALLS) }.order(&place.path().join("strike"));
    let worker = crate::common::worker::this_as_worker(place);
    let mut command = with_worker(&BUILT_IN, place, &worker);
    command.args(["--cohort", "4"]).env("CHAOS_PLACE", place.path());
    let mut child = command.spawn().expect("the program starts");
    let stdout = child.stdout.take().expect("a pipe");
    let (mut workers, mut stopped) = (0, false);
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        workers += usize::from(line.contains("\"event\":\"worker-ready\""));
        // Two slots, so the third worker is one that replaces the lost one.
        if stop && !stopped && workers > 2 {
            thread::sleep(rest);
            stopped = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).is_ok();
        }
    }
    let code = child.wait().expect("it ends").code();
    assert!(code == Some(0) || stopped && code == Some(130), "a lost worker is replaced: {code:?}");
    if place.path().join("missed").exists() || place.path().join("strike").exists() {
        return None;
    }
    Some(if stopped { "finishers and their sweep" } else { "finishers" })
}

/// One message an event; the pipe is read to its end, whatever happens to the receiver.
fn events(child: &mut Child) -> Receiver<()> {
    let (sender, receiver) = channel();
    let stdout = child.stdout.take().expect("a pipe");
    thread::spawn(move || {
        for _ in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(());
        }
    });
    receiver
}

/// The children of a process.
fn workers(parent: u32) -> Vec<i32> {
    let processes = fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
    let pid = |entry: fs::DirEntry| -> Option<i32> {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name may hold anything, so count from its end: state, parent.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(1);
        (fields.next()?.parse() == Ok(parent)).then_some(pid)
    };
    processes.filter_map(pid).collect()
}

/// The result files of a runs folder, by trial: which file it is, and when it was written.
fn finished(runs: &Path) -> BTreeMap<String, (u64, i64, i64)> {
    let Ok(trials) = fs::read_dir(runs.join("trials")) else { return BTreeMap::new() };
    let result = |entry: fs::DirEntry| {
        let file = fs::metadata(entry.path().join("result.json")).ok()?;
        Some((entry.file_name().to_string_lossy().into_owned(), (file.ino(), file.mtime(), file.mtime_nsec())))
    };
    trials.filter_map(Result::ok).filter_map(result).collect()
}

/// Every file and every row is as it was written, and SQLite finds nothing wrong with its own.
fn sound(place: &Place, case: &str) {
    let output = place.run(&["verify", "--integrity-only"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{case}: {said}");
    let database = rusqlite::Connection::open(place.runs().join("lab.db")).expect("a database");
    let verdict: String =
        database.pragma_query_value(None, "integrity_check", |row| row.get(0)).expect("it can be checked");
    assert_eq!(verdict, "ok", "{case}");
}
