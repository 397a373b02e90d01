//! A plan of 10,000 tasks: how many programs of Slurm submitting and following it takes, and how long on this side.
//!
//!     cargo bench --profile dev --bench slurm
//!
//! The cluster is played: it takes arrays, runs a thousand tasks from one question to the next and leaves folders as
//! workers do. Where a real Slurm answers, the plan is submitted to it too, held, asked for once, and cancelled.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use drr_core::array;
use drr_core::journal::{Point, Writer};
use drr_core::result::{EnvironmentClass, FORMAT, TrialResult};
use drr_core::spec::TrialSpec;
use drr_core::trial_dir::TrialDir;
use drr_lab::error::Result;
use drr_lab::exec::slurm::{
    self, AfterSubmit, ArrayRequest, Cluster, End, JobState, QueueRow, Scheduler, SlurmOptions, Submission,
};
use drr_lab::exec::{Rules, silent};
use drr_lab::plan::{FailedBefore, Plan, Sizes, write_sweep};
use drr_lab::store::{Store, SweepRecord};
use drr_lab::sweep::{ByName, Request as Asked, SlurmSettings, Source, Sweep, SweepRequest};

/// A thousand PMFs, four recommenders on each, and a task of evaluations for each of these five thousand.
const PLAN: &str = "name = \"ten-thousand\"\ndataset = \"made-up\"\nseeds = 1000\nbaselines = [\"pmf\"]\n\
                    max_trials = 100_000\n[drr]\ntau = [0.001, 0.002, 0.003, 0.004]\n";

/// Tasks that end from one question to the next.
const AT_A_TIME: usize = 1000;

/// What Slurm is delivered with.
const ARRAY_SIZE: usize = 1001;

/// A cluster that counts what it is asked.
#[derive(Default)]
struct Played {
    runs: std::path::PathBuf,
    jobs: BTreeMap<u64, Job>,
    sbatch: usize,
    squeue: usize,
    sacct: usize,
    /// Time, and seconds of processor time, spent here, in playing.
    spent: Cell<(Duration, f64)>,
}

struct Job {
    name: String,
    tasks: Vec<Vec<TrialSpec>>,
    ended: BTreeSet<usize>,
}

impl Played {
    fn play(&self, began: Instant, before: f64) {
        let (time, processor) = self.spent.get();
        self.spent.set((time + began.elapsed(), processor + usage() - before));
    }
}

impl Scheduler for Played {
    fn submit(&mut self, request: &ArrayRequest<'_>) -> Result<u64> {
        let (began, before) = (Instant::now(), usage());
        self.sbatch += 1;
        let folder = request.script.parent().and_then(Path::parent).expect("a script lies in its submission");
        let (_, plan) = array::read(folder).expect("the plan was written before");
        let script = std::fs::read_to_string(request.script).expect("the script was written before");
        let first = script.split("--task $((").nth(1).and_then(|rest| rest.split(' ').next());
        let first: usize = first.and_then(|number| number.parse().ok()).expect("a task of the plan");
        let mut tasks = Vec::new();
        for range in request.array.split(',') {
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            let (low, high): (usize, usize) = (low.parse().expect("a number"), high.parse().expect("a number"));
            tasks.extend((low..=high).map(|index| plan[first + index].cohorts.concat()));
        }
        let job = self.jobs.len() as u64 + 1;
        self.jobs.insert(job, Job { name: request.name.to_owned(), tasks, ended: BTreeSet::new() });
        self.play(began, before);
        Ok(job)
    }

    fn queue(&mut self, _: &[&str]) -> Result<Vec<QueueRow>> {
        let (began, before) = (Instant::now(), usage());
        self.squeue += 1;
        let mut left = AT_A_TIME;
        let mut rows = Vec::new();
        for (&array, job) in &mut self.jobs {
            for (task, trials) in job.tasks.iter().enumerate() {
                if left > 0 && !job.ended.contains(&task) {
                    trials.iter().for_each(|spec| finish(&self.runs, spec));
                    job.ended.insert(task);
                    left -= 1;
                }
            }
            let row = |tasks, state| QueueRow {
                array,
                tasks,
                state,
                reason: String::new(),
                node: "n1".to_owned(),
                name: job.name.clone(),
            };
            rows.extend(
                job.ended.iter().map(|&task| row(vec![task as u64..=task as u64], JobState::Ended(End::Completed))),
            );
            if job.ended.len() < job.tasks.len() {
                let from = job.ended.last().map_or(0, |last| last + 1) as u64;
                rows.push(row(vec![from..=job.tasks.len() as u64 - 1], JobState::Pending));
            }
        }
        self.play(began, before);
        Ok(rows)
    }

    fn details(&mut self, _: u64) -> Vec<QueueRow> {
        unreachable!("no task fails here")
    }

    fn account(&mut self, _: &[u64]) -> Vec<QueueRow> {
        self.sacct += 1;
        Vec::new()
    }

    fn array_size(&mut self) -> Result<usize> {
        Ok(ARRAY_SIZE)
    }

    fn cancel(&mut self, _: &[u64]) -> Result<()> {
        Ok(())
    }
}

/// What a worker leaves.
fn finish(runs: &Path, spec: &TrialSpec) {
    let (trial, folder) = (spec.id(), TrialDir::new(runs, spec.id()));
    folder.prepare(spec).expect("writable");
    let mut journal = Writer::create(&folder.journal(), trial).expect("writable");
    journal.append(vec![Point::new("loss", 1, 0.5)]).expect("writable");
    let environment = EnvironmentClass {
        libtorch: "none".to_owned(),
        isa: "none".to_owned(),
        device: "cpu".to_owned(),
        driver: String::new(),
        numerics: "strict".to_owned(),
    };
    let result = TrialResult {
        format: FORMAT,
        trial,
        metrics: [("precision@5".to_owned(), 0.5)].into(),
        repeats: 1,
        metrics_digest: journal.finish().expect("writable"),
        model_digest: None,
        artifacts: Default::default(),
        environment,
        wall_s: 0.1,
        usage: None,
    };
    result.write(&folder.result()).expect("writable");
}

fn main() {
    let place = std::env::temp_dir().join(format!("drr-lab-bench-slurm-{}", std::process::id()));
    let sweep = request().expand(&mut ByName).expect("expands");
    println!("{} trials", sweep.trials.len());
    played(&sweep, &place.join("played"));
    real(&sweep, &place.join("real"));
    let _ = std::fs::remove_dir_all(&place);
}

fn request() -> SweepRequest {
    let source = Source::new("ten-thousand.toml", PLAN);
    SweepRequest::of_text(&source, Path::new("."), &Asked::default()).expect("readable")
}

fn options(runs: &Path, settings: SlurmSettings) -> SlurmOptions {
    let worker = std::env::current_exe().expect("this program");
    SlurmOptions {
        runs: runs.to_owned(),
        data: runs.to_owned(),
        worker,
        settings,
        cohort: None,
        rules: Rules::default(),
        ignored: Vec::new(),
    }
}

fn prepared(sweep: &Sweep, runs: &Path) -> (Plan, Store) {
    let plan = Plan::new(sweep, runs, &Sizes::of_recipes(), FailedBefore::Skip);
    write_sweep(sweep, &request(), runs).expect("writable");
    let mut store = Store::open(runs).expect("a database");
    let record = SweepRecord {
        name: sweep.name.clone(),
        source: sweep.text.clone(),
        axes: sweep.axes.clone(),
        trials: sweep.trials.clone(),
        commands: sweep.declarations.clone(),
    };
    store.record_sweep(&record).expect("recorded");
    (plan, store)
}

fn played(sweep: &Sweep, runs: &Path) {
    let (plan, mut store) = prepared(sweep, runs);
    let mut cluster = Played { runs: runs.to_owned(), ..Played::default() };
    let options = options(runs, SlurmSettings::default());
    let began = Instant::now();
    slurm::execute(&plan, &options, AfterSubmit::Detach, &mut cluster, &mut store, &mut silent()).expect("submitted");
    let took = began.elapsed() - cluster.spent.take().0;
    let open = Submission::open(runs, &sweep.name).expect("readable");
    let tasks = open.iter().flat_map(|it| &it.tasks).filter(|trials| !trials.is_empty()).count();
    println!("submit: {tasks} tasks by {} sbatch in {:.2} s", cluster.sbatch, took.as_secs_f64());
    let (before, began) = (usage(), Instant::now());
    let outcome = slurm::execute(&plan, &options, AfterSubmit::Follow, &mut cluster, &mut store, &mut silent())
        .expect("followed");
    let own = usage() - before - cluster.spent.take().1;
    assert_eq!(outcome.finished, sweep.trials.len(), "every trial is taken in");
    println!(
        "follow: {} rounds, {} squeue, {} sacct, {} sbatch more; {:.1} s in all, of which {own:.1} s of this side's \
         processor for {} trials checked and recorded; no process but these",
        cluster.squeue,
        cluster.squeue,
        cluster.sacct,
        cluster.sbatch - open.iter().map(|it| it.record.arrays.len()).sum::<usize>(),
        began.elapsed().as_secs_f64(),
        outcome.finished,
    );
}

/// Seconds of processor time this process has used.
fn usage() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> =
        text.rsplit_once(") ").map_or("", |it| it.1).split(' ').filter_map(|it| it.parse().ok()).collect();
    // utime and stime, in hundredths; the state before them is no number.
    fields.get(10).zip(fields.get(11)).map_or(0.0, |(user, system)| (user + system) as f64 / 100.0)
}

fn real(sweep: &Sweep, runs: &Path) {
    let Ok(mut cluster) = Cluster::find() else {
        return println!("no Slurm here: nothing was submitted to a real one");
    };
    if let Err(error) = cluster.array_size() {
        return println!("no Slurm answers: {error}");
    }
    let (plan, mut store) = prepared(sweep, runs);
    let settings = SlurmSettings { sbatch: vec!["--hold".to_owned()], ..SlurmSettings::default() };
    let began = Instant::now();
    let options = options(runs, settings);
    slurm::execute(&plan, &options, AfterSubmit::Detach, &mut cluster, &mut store, &mut silent()).expect("submitted");
    let submitted = began.elapsed();
    let began = Instant::now();
    let standing = slurm::standing(runs, &sweep.name, &mut cluster).expect("answered");
    let asked = began.elapsed();
    let cancelled = slurm::cancel(runs, &sweep.name, &mut cluster).expect("cancelled");
    println!(
        "real Slurm: submitted in {:.2} s; one squeue told of {} pending tasks in {:.2} s; {cancelled} submission cancelled",
        submitted.as_secs_f64(),
        standing.pending,
        asked.as_secs_f64()
    );
}
