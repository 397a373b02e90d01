//! The orchestrator itself, with a worker that computes nothing but records as the real one does:
//! `cargo bench -p drr-lab --bench orchestrator [-- trials|points|memory|slots]`.
//!
//! * trials a second, recorded durably by two slots (the runs folder lies below `target/`, on a disk)
//! * metric points a second, from journals into the database, every digest checked on the way
//! * the supervisor's memory for sweeps of 100 to 100,000 trials (the runs folder lies in `/dev/shm`, since disks are not
//!   what is measured)
//! * two slots against one on trials of equal work

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use drr_core::journal::{Point, Writer};
use drr_core::protocol::{FoundGpu, FromWorker, Hello, ToWorker, VERSION};
use drr_core::result::{EnvironmentClass, FORMAT, TrialResult};
use drr_core::spec::{self, DatasetSpec, RatingsSpec, Settings, SplitSpec, Upstream};
use drr_core::trial_dir::TrialDir;
use drr_core::{Digest, Seed, Trial, TrialSpec};
use drr_kinds::pmf::PmfSpec;
use drr_kinds::train_digest;
use drr_lab::exec::{self, Notice, Observer, Rules, RunOptions, Slot};
use drr_lab::plan::{FailedBefore, Plan, Sizes};
use drr_lab::store::{Store, SweepRecord};
use drr_lab::sweep::Sweep;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Milliseconds of work a trial; set for the worker only.
const WORK: &str = "DRR_LAB_NULL_WORKER";

fn main() -> Outcome {
    if let Ok(work) = env::var(WORK) {
        return play_the_worker(Duration::from_millis(work.parse()?));
    }
    let wanted: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    if let [only, count] = wanted.as_slice()
        && only == "memory-of"
    {
        return memory_of(count.parse()?);
    }
    if wants("trials") {
        trials()?;
    }
    if wants("points") {
        points()?;
    }
    if wants("slots") {
        slots()?;
    }
    if wants("memory") {
        for count in ["100", "1000", "10000", "100000"] {
            let status = std::process::Command::new(env::current_exe()?).args(["memory-of", count]).status()?;
            assert!(status.success(), "the measurement of {count} trials ends well");
        }
    }
    Ok(())
}

fn trials() -> Outcome {
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let count = 3000;
    let watch = run(folder.path(), count, 2, 0)?;
    let rate = count as f64 / watch.took.as_secs_f64();
    println!("trials    {rate:>9.0} a second, of {count} recorded durably at 2 slots (aim: 400)");
    Ok(())
}

fn slots() -> Outcome {
    let (count, work) = (80, 100);
    let time = |slots| -> Outcome<f64> {
        let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
        Ok(run(folder.path(), count, slots, work)?.took.as_secs_f64())
    };
    let (one, two) = (time(1)?, time(2)?);
    let ratio = one / two;
    println!("slots     {ratio:>9.2} times as fast with 2 as with 1, {count} trials of {work} ms (aim: 1.9)");
    Ok(())
}

fn memory_of(count: usize) -> Outcome {
    let folder = tempfile::tempdir_in("/dev/shm")?;
    let watch = run(folder.path(), count, 2, 0)?;
    let (plan, peak) = (watch.begins / 1024.0, kib("VmHWM")? / 1024.0);
    let rate = count as f64 / watch.took.as_secs_f64();
    println!(
        "memory    {:>9.1} MiB more while {count} trials run ({plan:.1} MiB with their plan, at most {peak:.1} MiB; {rate:.0} trials a second)",
        peak - plan
    );
    Ok(())
}

/// A figure of this process, in KiB.
fn kib(name: &str) -> Outcome<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).ok_or("no such figure")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn points() -> Outcome {
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let (trials, each) = (50, 20_000);
    let mut store = Store::open(folder.path())?;
    let sweep = sweep(trials);
    store.record_sweep(&record(&sweep))?;
    for trial in &sweep.trials {
        let folder = TrialDir::new(folder.path(), trial.id);
        // Four metrics at each step, as training records them.
        let points = (0..each).map(|at| Point::new(format!("train/{}", at % 4), at / 4, at as f64 * 0.1));
        work(&trial.spec, &folder, points.collect())?;
    }
    let start = Instant::now();
    for trial in &sweep.trials {
        store.ingest(&TrialDir::new(folder.path(), trial.id))?;
    }
    let rate = (trials as u64 * each) as f64 / start.elapsed().as_secs_f64();
    println!("points    {rate:>9.0} a second, from {trials} journals of {each}, all digests checked (aim: 300000)");
    let finished: Vec<_> = sweep
        .trials
        .iter()
        .map(|trial| drr_core::finished::read(&TrialDir::new(folder.path(), trial.id)))
        .collect::<Result<_, _>>()?;
    let start = Instant::now();
    for trial in &finished {
        store.take_in(trial)?;
    }
    let rate = (trials as u64 * each) as f64 / start.elapsed().as_secs_f64();
    println!("          {rate:>9.0} a second into the database alone, replacing what it held");
    Ok(())
}

/// Runs a sweep of `count` trials.
fn run(runs: &Path, count: usize, slots: usize, work: u64) -> Outcome<Watch> {
    // Workers are this program, and the variable tells them so.
    // SAFETY: no other thread runs here: those of an earlier run have ended.
    unsafe { env::set_var(WORK, work.to_string()) };
    let sweep = sweep(count);
    let mut store = Store::open(runs)?;
    store.record_sweep(&record(&sweep))?;
    let plan = Plan::new(&sweep, runs, &Sizes::of_recipes(), FailedBefore::Skip);
    drop(sweep);
    let options = RunOptions {
        runs: runs.to_owned(),
        data: runs.join("data"),
        worker: env::current_exe()?,
        slots: vec![Slot::Cpu; slots],
        cores: exec::CoreRequest { all: slots, each: None },
        inventory: Arc::new(exec::machine()),
        cohort: None,
        rules: Rules::default(),
        early_stop: None,
    };
    let mut watch = Watch::default();
    let outcome = exec::execute(&plan, &options, &mut store, &mut watch)?;
    // SAFETY: as above.
    unsafe { env::remove_var(WORK) };
    assert_eq!(outcome.finished, count, "all trials are finished");
    Ok(watch)
}

/// How long it took from the first worker's readiness to the last record, and the memory at the beginning, KiB.
#[derive(Default)]
struct Watch {
    start: Option<Instant>,
    took: Duration,
    begins: f64,
}

impl Observer for Watch {
    fn on(&mut self, event: &Notice) {
        match event {
            Notice::WorkerReady { .. } => drop(self.start.get_or_insert_with(Instant::now)),
            Notice::SweepEnded { .. } => self.took = self.start.map_or(Duration::ZERO, |start| start.elapsed()),
            Notice::SweepStarted { .. } => {
                // From here on counts the most that was used, not what expanding and recording took for a moment.
                let reset = fs::write("/proc/self/clear_refs", "5");
                self.begins = reset.ok().and_then(|()| kib("VmRSS").ok()).unwrap_or(f64::NAN);
            }
            _ => {}
        }
    }
}

fn pmf(seed: u64) -> TrialSpec {
    let dataset = DatasetSpec { name: "made-up".to_owned(), fingerprint: Digest::of(b"table"), synthetic: None };
    TrialSpec {
        format: spec::WITH_RATINGS,
        kind: "pmf".into(),
        digest: train_digest(),
        settings: Settings::new(serde_json::json!(PmfSpec::default())).expect("an object"),
        policy: None,
        upstream: Upstream::default(),
        ratings: Some(RatingsSpec { dataset, split: SplitSpec::default(), reward: Default::default() }),
        seed: Seed(seed),
    }
}

fn sweep(count: usize) -> Sweep {
    let point: Arc<BTreeMap<_, _>> = Arc::default();
    let trial = |seed| {
        let spec = pmf(seed);
        Arc::new(Trial { id: spec.id(), spec, point: Arc::clone(&point) })
    };
    let (name, text) = ("bench".to_owned(), String::new());
    let trials = (0..count as u64).map(trial).collect();
    Sweep {
        name,
        text,
        axes: Vec::new(),
        configurations: 1,
        seeds: count,
        trials,
        declarations: Vec::new(),
        probe: 0,
        place: None,
        given: Default::default(),
    }
}

fn record(sweep: &Sweep) -> SweepRecord {
    let (name, source, axes) = (sweep.name.clone(), String::new(), Vec::new());
    SweepRecord { name, source, axes, trials: sweep.trials.clone(), commands: Vec::new() }
}

fn environment() -> EnvironmentClass {
    let none = || "none".to_owned();
    EnvironmentClass {
        libtorch: none(),
        isa: none(),
        device: "cpu".to_owned(),
        driver: String::new(),
        numerics: "strict".to_owned(),
    }
}

fn say(message: &FromWorker) -> Outcome {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    Ok(out.write_all(&line).and_then(|()| out.flush())?)
}

/// Records trials as the real worker does, after computing on a core for so long.
fn play_the_worker(time: Duration) -> Outcome {
    let (protocol, pid) = (VERSION, std::process::id());
    say(&FromWorker::Ready(Hello {
        protocol,
        train_digest: train_digest(),
        pid,
        environment: environment(),
        gpu: FoundGpu::None,
    }))?;
    for line in std::io::stdin().lock().lines() {
        let ToWorker::Run(assignment) = serde_json::from_str(&line?)? else { break };
        for spec in &assignment.trials {
            let (trial, folder) = (spec.id(), TrialDir::new(&assignment.runs, spec.id()));
            say(&FromWorker::Started { trial })?;
            let start = Instant::now();
            while start.elapsed() < time {
                std::hint::spin_loop();
            }
            let points = vec![Point::new("rmse", 1, 0.9), Point::new("rmse", 2, 0.8)];
            say(&FromWorker::Metrics { trial, points: points.clone() })?;
            work(spec, &folder, points)?;
            say(&FromWorker::Finished { trial })?;
        }
    }
    Ok(())
}

fn work(spec: &TrialSpec, folder: &TrialDir, points: Vec<Point>) -> Outcome {
    folder.prepare(spec)?;
    let mut journal = Writer::create(&folder.journal(), spec.id())?;
    for points in points.chunks(40) {
        journal.append(points.to_vec())?;
    }
    let result = TrialResult {
        format: FORMAT,
        trial: spec.id(),
        metrics: BTreeMap::from([("test_rmse_stars".to_owned(), 0.9)]),
        repeats: 1,
        metrics_digest: journal.finish()?,
        model_digest: None,
        artifacts: Default::default(),
        environment: environment(),
        wall_s: 0.0,
        usage: None,
    };
    Ok(result.write(&folder.result())?)
}
