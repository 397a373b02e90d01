//! The worker as a task of a job array, without a cluster around it: what it leaves, what it skips, who may write.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Place, SMALL, metrics_digests, trainer};
use drr_core::array::{ArrayTask, FORMAT, PlanHead, write};
use drr_core::protocol::Device;
use drr_core::provenance::Common;
use drr_core::trial_dir::TrialDir;
use drr_core::{Digest, TrialSpec};
use drr_kinds::train_digest;
use drr_kinds::{KindOf as _, Stage};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// One seed and one configuration: a PMF, a recommender that trains for some seconds, three evaluations.
fn sweep(place: &Place) -> Vec<TrialSpec> {
    place.file("small.toml", &SMALL.replace("train_steps = 60", "train_steps = 200_000"));
    let shown =
        place.run(&["sweep", "small.toml", "--only", "tau=0.001", "--seeds", "1", "--show", "--output", "json"]);
    let lines = String::from_utf8_lossy(&shown.stdout).into_owned();
    let specs = lines.lines().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        line.get("spec").map(|spec| serde_json::from_value(spec.clone()).expect("a spec"))
    });
    let specs: Vec<TrialSpec> = specs.collect();
    assert_eq!(specs.len(), 5, "{lines}");
    specs
}

/// Writes a plan of these tasks.
fn plan(place: &Place, train_digest: Digest, tasks: &[Vec<TrialSpec>]) -> PathBuf {
    let folder = place.path().join("plan");
    fs::create_dir_all(&folder).expect("made");
    let head = PlanHead {
        format: FORMAT,
        submission: "a-test".to_owned(),
        train_digest,
        runs: place.runs(),
        data: place.path().join("data"),
        device: Device::Cpu,
        lease_s: 60,
        provenance: Common { command: vec!["a test".to_owned()], ..Common::default() },
        commands: None,
    };
    let alone = |trials: &Vec<TrialSpec>| ArrayTask { cohorts: trials.iter().map(|spec| vec![spec.clone()]).collect() };
    write(&folder, &head, &tasks.iter().map(alone).collect::<Vec<_>>()).expect("written");
    folder
}

fn start(worker: &Path, plan: &Path, task: &str) -> Child {
    let mut command = Command::new(worker);
    command.args(["worker", "--plan"]).arg(plan).args(["--task", task]).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

fn ended(child: Child) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = child.wait_with_output().expect("it ends");
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

fn wait_until(what: &str, mut reached: impl FnMut() -> bool) {
    let start = Instant::now();
    while !reached() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn claims(folder: &TrialDir) -> usize {
    let names = fs::read_dir(folder.path()).into_iter().flatten().flatten().map(|it| it.file_name());
    names.filter(|name| name.to_string_lossy().starts_with("claim.")).count()
}

#[test]
fn tasks_leave_what_a_supervisor_would_and_skip_what_is_there() {
    let worker = trainer();
    let place = Place::new();
    let specs = sweep(&place);
    let split = specs.iter().position(|spec| spec.stage() == Stage::EVAL).expect("evaluations come last");
    let plan = plan(&place, train_digest(), &[specs[..split].to_vec(), specs[split..].to_vec()]);

    let (code, stderr) = ended(start(&worker, &plan, "1"));
    assert_eq!(code, Some(0), "what has nothing to stand on yet is no failure: {stderr}");
    assert!(stderr.contains("which has no result") && !place.runs().join("trials").exists(), "{stderr}");
    for task in ["0", "1"] {
        let (code, stderr) = ended(start(&worker, &plan, task));
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
    }
    for spec in &specs {
        let folder = TrialDir::new(&place.runs(), spec.id());
        drr_core::finished::read(&folder).expect("whole, with every digest");
        assert_eq!(claims(&folder), 0);
        let provenance = fs::read_to_string(folder.provenance()).expect("written");
        assert!(provenance.contains("\"a test\"") && provenance.contains("\"libraries\": {}"), "{provenance}");
    }
    let digests = metrics_digests(&place.runs());
    let result = TrialDir::new(&place.runs(), specs[0].id()).result();
    let before = fs::read(&result).expect("there");
    assert_eq!(ended(start(&worker, &plan, "0")).0, Some(0));
    assert_eq!(fs::read(&result).expect("there"), before, "a finished trial is not run again");
    // A result whose files are not its own is no result.
    fs::remove_file(TrialDir::new(&place.runs(), specs[0].id()).journal()).expect("there was one");
    let other = fs::read(TrialDir::new(&place.runs(), specs[1].id()).result()).expect("there");
    assert_eq!(ended(start(&worker, &plan, "0")).0, Some(0));
    assert_eq!(metrics_digests(&place.runs()), digests);
    drr_core::finished::read(&TrialDir::new(&place.runs(), specs[0].id())).expect("whole again");
    assert_eq!(fs::read(TrialDir::new(&place.runs(), specs[1].id()).result()).expect("there"), other);

    let output = place.run(&["--runs", "local", "sweep", "small.toml", "--only", "tau=0.001", "--seeds", "1"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(metrics_digests(&place.path().join("local")), digests, "the same bits with a supervisor");
}

#[test]
fn of_two_equal_tasks_one_writes_and_the_other_takes_over_when_it_dies() {
    let worker = trainer();
    let place = Place::new();
    let specs = sweep(&place);
    let plan = plan(&place, train_digest(), std::slice::from_ref(&specs));
    let drr = specs.iter().find(|spec| spec.stage().name() == "drr").expect("one");
    let folder = TrialDir::new(&place.runs(), drr.id());

    let mut first = start(&worker, &plan, "0");
    wait_until("it trains", || fs::metadata(folder.journal()).is_ok_and(|it| it.len() > 10_000));
    let mut second = start(&worker, &plan, "0");
    let mut said = String::new();
    let mut words = BufReader::new(second.stderr.take().expect("a pipe"));
    words.read_line(&mut said).expect("it waits, and says for whom");
    assert!(said.contains("is held by a-test task 0"), "{said}");
    let journal = fs::metadata(folder.journal()).expect("there").len();
    assert!(journal > 10_000 && !folder.is_complete(), "the second one waits and has touched nothing");
    first.kill().expect("it lives");
    first.wait().expect("it ends");
    let (code, _) = ended(second);
    assert_eq!(code, Some(0));
    for spec in &specs {
        let folder = TrialDir::new(&place.runs(), spec.id());
        drr_core::finished::read(&folder).expect("whole, with every digest");
        assert_eq!(claims(&folder), 0);
    }
}

#[test]
fn told_to_stop_it_leaves_at_once_and_holds_nothing() {
    let worker = trainer();
    let place = Place::new();
    let specs = sweep(&place);
    let plan = plan(&place, train_digest(), std::slice::from_ref(&specs));
    let drr = specs.iter().find(|spec| spec.stage().name() == "drr").expect("one");
    let folder = TrialDir::new(&place.runs(), drr.id());
    let child = start(&worker, &plan, "0");
    wait_until("it trains", || fs::metadata(folder.journal()).is_ok_and(|it| it.len() > 10_000));
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).expect("it lives");
    let (code, stderr) = ended(child);
    assert_eq!(code, Some(143), "{stderr}");
    assert!(!folder.is_complete() && claims(&folder) == 0 && !folder.path().join("failure.json").exists());
}

#[test]
fn what_cannot_be_run_here_says_so() {
    let worker = trainer();
    let place = Place::new();
    let mut specs = sweep(&place);
    let folder = plan(&place, Digest::of(b"other sources"), std::slice::from_ref(&specs));
    let (code, stderr) = ended(start(&worker, &folder, "0"));
    assert_eq!(code, Some(3));
    assert!(stderr.contains("the plan was made for training sources"), "{stderr}");

    // A node that has another table under the name.
    specs.truncate(1);
    let dataset = &mut specs[0].ratings.as_mut().expect("ratings").dataset;
    (dataset.synthetic, dataset.name) = (None, "mine".to_owned());
    let file = place.file("ratings.csv", "userId,movieId,rating,timestamp\n1,1,3,1\n1,2,4,2\n2,1,5,3\n2,2,1,4\n");
    let data = place.path().join("data").display().to_string();
    let import = place.run(&["--data", &data, "data", "import", "mine", &file]);
    assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
    let folder = plan(&place, train_digest(), std::slice::from_ref(&specs));
    let (code, stderr) = ended(start(&worker, &folder, "0"));
    assert_eq!(code, Some(75), "another node may have the right one: {stderr}");
    assert!(stderr.contains("fingerprint"), "{stderr}");
    let failure = drr_core::failure::read_failure(&TrialDir::new(&place.runs(), specs[0].id())).expect("recorded");
    assert!(failure.message.contains("fingerprint") && !failure.is_deterministic());
}
