//! From a plan to results on a cluster that is played: what is said, submitted again, refused and taken up.

use std::collections::VecDeque;
use std::path::Path;

use drr_core::journal::Point;
use drr_core::result::TrialResult;
use drr_core::trial_dir::TrialDir;
use drr_core::{TrialSpec, array};

use super::*;
use crate::error::Error;
use crate::exec::notice::Notice;
use crate::plan::{FailedBefore, Sizes};
use crate::store::fabricate::finish_with;
use crate::sweep::{ByName, Request as Asked, Source, Sweep, expand, parse};

/// A job as it was submitted, with its tasks.
type Submitted = (u64, String, usize, Vec<(usize, Vec<TrialSpec>)>);

/// A cluster on which every task ends between two questions, as the next word says.
#[derive(Default)]
struct Played {
    runs: PathBuf,
    jobs: Vec<Submitted>,
    /// How tasks end, first come, first served; when it is used up, well.
    ends: VecDeque<End>,
    /// Answers to sbatch that are refusals.
    refusals: VecDeque<bool>,
    /// Questions that are not answered.
    silences: usize,
    asked: usize,
    submitted: Vec<(String, String)>,
    cancelled: Vec<u64>,
    /// The libtorch of node n2, where it is another.
    other: Option<String>,
}

impl Played {
    /// What a worker on `node` leaves.
    fn finish(&self, spec: &TrialSpec, node: &str) {
        let points = vec![Point::new("loss", 1, 0.5)];
        let folder = finish_with(&self.runs, spec, points, [("precision@5".to_owned(), 0.5)].into(), 1);
        let provenance = serde_json::json!({"job": {"node": node}});
        std::fs::write(folder.provenance(), provenance.to_string()).expect("written");
        let mut result = TrialResult::read(&folder.result()).expect("readable").expect("finished");
        if let Some(libtorch) = self.other.as_ref().filter(|_| node == "n2") {
            result.environment.libtorch.clone_from(libtorch);
        }
        result.write(&folder.result()).expect("written");
    }
}

impl Scheduler for Played {
    fn submit(&mut self, request: &ArrayRequest<'_>) -> Result<u64> {
        if self.refusals.pop_front().unwrap_or(false) {
            return Err(Error::environment(
                "sbatch: error: Batch job submission failed: Job violates accounting policy",
            ));
        }
        let folder = request.script.parent().and_then(Path::parent).expect("a script lies in its submission");
        let (_, plan) = array::read(folder).expect("the plan was written before");
        let script = std::fs::read_to_string(request.script).expect("the script was written before");
        let first: usize =
            script.split("$((").nth(1).and_then(|it| it.split(' ').next()?.parse().ok()).expect("a first task");
        let indices = request.array.split(',').flat_map(|range| {
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            low.parse::<usize>().expect("a number")..=high.parse().expect("a number")
        });
        let tasks = indices.map(|index| (index, plan[first + index].cohorts.concat())).collect();
        let job = self.jobs.len() as u64 + 1;
        self.jobs.push((job, request.name.to_owned(), first, tasks));
        self.submitted.push((request.array.to_owned(), request.dependency.to_owned()));
        Ok(job)
    }

    fn queue(&mut self, names: &[&str]) -> Result<Vec<QueueRow>> {
        self.asked += 1;
        if self.silences > 0 {
            self.silences -= 1;
            return Err(Error::environment("squeue: Unable to contact slurm controller"));
        }
        let mut rows = Vec::new();
        for (array, name, _, tasks) in self.jobs.iter().filter(|job| names.contains(&job.1.as_str())) {
            for (index, trials) in tasks {
                let end = self.ends.pop_front().unwrap_or(End::Completed);
                let stands = |spec: &TrialSpec| {
                    spec.upstream().iter().all(|&above| TrialDir::new(&self.runs, above).is_complete())
                };
                let node = if *index == 0 { "n1" } else { "n2" };
                for spec in trials.iter().filter(|spec| end == End::Completed && stands(spec)) {
                    if !TrialDir::new(&self.runs, spec.id()).is_complete() {
                        self.finish(spec, node);
                    }
                }
                rows.push(QueueRow {
                    array: *array,
                    tasks: vec![*index as u64..=*index as u64],
                    state: JobState::Ended(end),
                    reason: String::new(),
                    node: node.to_owned(),
                    name: name.clone(),
                });
            }
        }
        Ok(rows)
    }

    fn details(&mut self, job: u64) -> Vec<QueueRow> {
        let state = JobState::Ended(End::Failed(TaskExit::Code(3)));
        let (reason, node, name) = (String::new(), String::new(), String::new());
        vec![QueueRow { array: job, tasks: vec![0..=99], state, reason, node, name }]
    }

    fn account(&mut self, _: &[u64]) -> Vec<QueueRow> {
        Vec::new()
    }

    fn array_size(&mut self) -> Result<usize> {
        Ok(1001)
    }

    fn cancel(&mut self, jobs: &[u64]) -> Result<()> {
        self.cancelled.extend(jobs);
        Ok(())
    }
}

#[derive(Default)]
struct Heard(Vec<Notice>);

impl Observer for Heard {
    fn on(&mut self, notice: &Notice) {
        self.0.push(notice.clone());
    }
}

impl Heard {
    fn cluster(&self) -> Vec<&str> {
        let said = self.0.iter().filter_map(|notice| match notice {
            Notice::Cluster { message } => Some(message.as_str()),
            _ => None,
        });
        said.collect()
    }

    fn retried(&self) -> usize {
        self.0.iter().filter(|notice| matches!(notice, Notice::TrialRetried { .. })).count()
    }
}

/// A sweep of two PMFs, two recommenders and four evaluations, in a folder of its own.
struct FlowFolder {
    runs: tempfile::TempDir,
    sweep: Sweep,
    rules: Rules,
}

impl FlowFolder {
    fn new() -> Self {
        let text = "name = \"small\"\ndataset = \"ml-100k\"\nseeds = 2\nbaselines = [\"pmf\"]\n";
        let file = parse(&Source::new("a.toml", text), Path::new("."), &Asked::default(), &mut ByName).expect("whole");
        let sweep = expand(&file, &mut ByName).expect("expands");
        assert_eq!(sweep.trials.len(), 8);
        Self { runs: tempfile::tempdir().expect("a folder"), sweep, rules: Rules::default() }
    }

    fn cluster(&self) -> Played {
        Played { runs: self.runs.path().to_owned(), ..Played::default() }
    }

    fn execute(&self, then: AfterSubmit, cluster: &mut Played) -> (Result<Outcome>, Heard) {
        let runs = self.runs.path();
        let plan = Plan::new(&self.sweep, runs, &Sizes::of_recipes(), FailedBefore::Skip);
        let mut store = Store::open(runs).expect("a database");
        store.record_sweep(&(&self.sweep).into()).expect("recorded");
        let worker = std::env::current_exe().expect("this program");
        let settings = SlurmSettings::default();
        let (runs, data) = (runs.to_owned(), runs.to_owned());
        let options = SlurmOptions {
            runs,
            data,
            worker,
            settings,
            cohort: None,
            rules: self.rules,
            ignored: vec!["timeout", "early_stop"],
        };
        let mut heard = Heard::default();
        let outcome = execute(&plan, &options, then, cluster, &mut store, &mut heard);
        (outcome, heard)
    }
}

#[test]
fn a_plan_is_a_few_arrays_and_each_round_one_question() {
    let place = FlowFolder::new();
    let mut cluster = place.cluster();
    let (outcome, heard) = place.execute(AfterSubmit::Follow, &mut cluster);
    let outcome = outcome.expect("done");
    assert_eq!((outcome.finished, outcome.failed.len(), outcome.interrupted), (8, 0, false));
    let said: Vec<(&str, &str)> =
        cluster.submitted.iter().map(|(array, after)| (array.as_str(), after.as_str())).collect();
    assert_eq!(said, [("0-1", ""), ("0-1", "aftercorr:1"), ("0-1", "aftercorr:1"), ("0-1", "aftercorr:2")]);
    assert_eq!(cluster.asked, 1);
    assert!(Submission::open(place.runs.path(), "small").expect("readable").is_empty(), "it is closed");
    assert_eq!(heard.cluster(), Vec::<&str>::new());
    let Some(Notice::SweepStarted { ignored, .. }) = heard.0.first() else { panic!("it starts") };
    assert_eq!(ignored, &["timeout", "early_stop"], "what has no effect here is said");
}

#[test]
fn a_node_that_computes_otherwise_is_named() {
    let place = FlowFolder::new();
    let mut cluster = Played { other: Some("2.12.0".to_owned()), ..place.cluster() };
    let (outcome, heard) = place.execute(AfterSubmit::Follow, &mut cluster);
    assert_eq!(outcome.expect("done").finished, 8);
    let said = heard.cluster();
    assert!(
        said[0].starts_with("node n2 computes with libtorch 2.12.0, avx2, cpu, strict, node n1 with libtorch 2.11.0")
    );
    assert_eq!(said.len(), 1, "said once: {said:?}");
}

#[test]
fn what_is_lost_is_submitted_again_in_one_array_and_runs_one_by_one() {
    let place = FlowFolder::new();
    let mut cluster = Played { ends: [End::Timeout, End::OutOfMemory].into(), ..place.cluster() };
    let (outcome, heard) = place.execute(AfterSubmit::Follow, &mut cluster);
    assert_eq!(outcome.expect("done").finished, 8);
    assert_eq!(heard.retried(), 2);
    assert_eq!(cluster.submitted[4], ("0-1".to_owned(), String::new()), "both PMFs by one sbatch, waiting for nothing");
    assert_eq!(cluster.submitted.len(), 8, "and what stood on them, a stage at a time");
}

#[test]
fn what_a_failed_task_left_behind_is_looked_up() {
    let place = FlowFolder::new();
    let mut cluster = Played { ends: [End::Failed(TaskExit::Unknown)].into(), ..place.cluster() };
    let (outcome, heard) = place.execute(AfterSubmit::Follow, &mut cluster);
    assert_eq!(outcome.expect("done").finished, 8);
    let reasons = heard.0.iter().filter_map(|notice| match notice {
        Notice::TrialRetried { reason, .. } => Some(reason.as_str()),
        _ => None,
    });
    assert_eq!(reasons.collect::<Vec<_>>(), ["the task failed with exit code 3"]);
}

#[test]
fn silence_is_said_once_and_concludes_nothing() {
    let place = FlowFolder::new();
    let mut cluster = Played { silences: 3, ..place.cluster() };
    let (outcome, heard) = place.execute(AfterSubmit::Follow, &mut cluster);
    assert_eq!((outcome.expect("done").finished, heard.retried()), (8, 0));
    let said = heard.cluster();
    assert_eq!(said, ["squeue: Unable to contact slurm controller; asking again", "Slurm answers again"]);
}

#[test]
fn what_is_refused_leaves_nothing_behind_and_a_limit_is_waited_out() {
    let place = FlowFolder::new();
    let mut cluster = Played { refusals: [true].into(), ..place.cluster() };
    let (outcome, _) = place.execute(AfterSubmit::Follow, &mut cluster);
    assert!(outcome.expect_err("refused").message.contains("accounting policy"));
    assert!(Submission::open_sweeps(place.runs.path()).is_empty());

    cluster.refusals = [false, false, true].into();
    let (outcome, heard) = place.execute(AfterSubmit::Follow, &mut cluster);
    assert_eq!((outcome.expect("done").finished, heard.retried()), (8, 0));
    assert!(heard.cluster()[0].ends_with("the rest is submitted later"), "{:?}", heard.cluster());
}

#[test]
fn a_program_that_ended_between_sbatch_and_its_answer_is_taken_up() {
    let place = FlowFolder::new();
    let mut cluster = place.cluster();
    place.execute(AfterSubmit::Detach, &mut cluster).0.expect("submitted");
    let open = Submission::open(place.runs.path(), "small").expect("readable");
    let path = open[0].folder().join("jobs.jsonl");
    let text = std::fs::read_to_string(&path).expect("readable");
    // The last answer was not written, the line before it only in part.
    let kept: Vec<&str> = text.lines().collect();
    std::fs::write(&path, format!("{}\n{{\"tak", kept[..kept.len() - 1].join("\n"))).expect("written");
    let (outcome, _) = place.execute(AfterSubmit::Follow, &mut cluster);
    assert_eq!(outcome.expect("done").finished, 8);
    assert_eq!(cluster.submitted.len(), 4, "nothing was submitted twice");
}

#[test]
fn detached_it_stands_somewhere_until_it_is_collected_or_cancelled() {
    let place = FlowFolder::new();
    let runs = place.runs.path();
    let mut cluster = Played { ends: [End::Failed(TaskExit::Unknown); 8].into(), ..place.cluster() };
    place.execute(AfterSubmit::Detach, &mut cluster).0.expect("submitted");
    assert_eq!(Submission::open_sweeps(runs), ["small"]);
    let plan = Plan::new(&place.sweep, runs, &Sizes::of_recipes(), FailedBefore::Skip);
    let refused = refuse_if_open(&plan, runs).expect_err("Slurm has them");
    assert!(refused.message.starts_with("8 of these trials were given to Slurm"), "{}", refused.message);
    let unfinished = SubmissionCounts { submissions: 1, unfinished: 8, ..SubmissionCounts::default() };
    assert_eq!(standing(runs, "small", &mut cluster).expect("answered"), unfinished);
    assert_eq!(cancel(runs, "small", &mut cluster).expect("cancelled"), 1);
    assert_eq!(cluster.cancelled, [1, 2, 3, 4]);
    refuse_if_open(&plan, runs).expect("they are free");
    assert_eq!(standing(runs, "small", &mut cluster).expect("answered"), SubmissionCounts::default());
}

#[test]
fn so_many_failures_end_the_sweep() {
    let rules = Rules { retries: 0, max_failures: Some(1), ..Rules::default() };
    let place = FlowFolder { rules, ..FlowFolder::new() };
    let mut cluster = Played { ends: [End::OutOfMemory, End::NodeFail].into(), ..place.cluster() };
    let (outcome, _) = place.execute(AfterSubmit::Follow, &mut cluster);
    let outcome = outcome.expect("it ends");
    assert!(outcome.ended_early && outcome.failed.len() == 1, "{outcome:?}");
    assert_eq!(cluster.cancelled, [1, 2, 3, 4]);
    assert!(Submission::open_sweeps(place.runs.path()).is_empty());
}
