//! The executor against a real Slurm: `cargo xtask slurm-up` starts one, `slurm-down` stops it. These tests are ignored
//! unless asked for; `cargo xtask ci` starts a Slurm where one is installed and runs them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use crate::common::{Place, SMALL, metrics_digests, trainer};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Trials of [`SMALL`]: two PMFs, four recommenders, eight evaluations.
const TRIALS: usize = 14;

/// Daemons are killed by one test alone, while no other has anything running; the others go side by side.
static WEATHER: RwLock<()> = RwLock::new(());

fn calm() -> RwLockReadGuard<'static, ()> {
    WEATHER.read().unwrap_or_else(PoisonError::into_inner)
}

/// A Slurm of one's own that runs.
struct Cluster {
    home: PathBuf,
}

/// The cluster; whoever asks for these tests has one.
fn cluster() -> Cluster {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/slurm");
    let cluster = Cluster { home };
    let start = "`cargo xtask slurm-up` starts one, where slurm-wlm and munge are installed";
    assert!(cluster.home.join("slurm.conf").is_file(), "no Slurm was started here: {start}");
    assert!(cluster.says("scontrol", &["ping"]).contains("UP"), "the Slurm of this checkout does not run: {start}");
    assert!(trainer().is_file(), "the worker is not built: cargo build --workspace");
    cluster
}

impl Cluster {
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env("SLURM_CONF", self.home.join("slurm.conf")).stdin(Stdio::null());
        command
    }

    fn says(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program, arguments).output().expect("Slurm is installed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What Slurm has of a place's sweep, a task each: `array_task state`.
    fn queue(&self, place: &Place) -> Vec<String> {
        let submissions = fs::read_dir(place.runs().join("slurm/small")).into_iter().flatten().flatten();
        let ids: Vec<String> = submissions.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
        let said = self.says("squeue", &["--noheader", "--array", "--format=%i %T|%j"]);
        let lines = said.lines().filter_map(|line| line.trim().split_once('|'));
        lines.filter(|(_, name)| ids.iter().any(|id| name.contains(id))).map(|(task, _)| task.to_owned()).collect()
    }

    fn kill_daemon(&self, pid_file: &str) {
        let text = fs::read_to_string(self.home.join(pid_file)).expect("it runs");
        let pid = Pid::from_raw(text.trim().parse().expect("a pid"));
        kill(pid, Signal::SIGKILL).expect("it lives");
        wait_until("the daemon is gone", || kill(pid, None).is_err() || is_zombie(pid));
    }

    fn start_daemon(&self, program: &str, more: &[&str]) {
        let program = ["/usr/sbin", "/usr/local/sbin", "/usr/bin"]
            .map(|folder| Path::new(folder).join(program))
            .into_iter()
            .find(|path| path.is_file())
            .expect("it is installed");
        let mut command = self.command(&program.display().to_string(), &["-f"]);
        command.arg(self.home.join("slurm.conf")).args(more);
        assert!(command.status().expect("it starts").success());
    }

    /// The sweep on this cluster.
    fn sweep(&self, place: &Place, more: &[&str]) -> Command {
        let mut command = place.drr_lab(&["sweep", "small.toml", "--executor", "slurm"]);
        command.args(more).env("SLURM_CONF", self.home.join("slurm.conf"));
        command
    }

    fn runs(&self, place: &Place, arguments: &[&str]) -> Output {
        let mut command = place.drr_lab(&["runs"]);
        command.args(arguments).env("SLURM_CONF", self.home.join("slurm.conf"));
        command.output().expect("the program starts")
    }
}

/// The small sweep with a section for Slurm. What a task does before its worker starts is where faults are put.
fn place(slurm: &str, prologue: impl FnOnce(&Path) -> String) -> Place {
    let place = Place::new();
    let prologue = prologue(place.path());
    let text = format!(
        "{SMALL}\n[slurm]\npartition = \"main\"\n{slurm}\nprologue = \"\"\"\n# before the worker\n{prologue}\n\"\"\"\n"
    );
    place.file("small.toml", &text);
    place
}

fn nothing(_: &Path) -> String {
    String::new()
}

/// The first task that starts hangs.
fn the_first_hangs(place: &Path) -> String {
    let once = place.join("once").display().to_string();
    format!(
        "if mkdir {once} 2>/dev/null; then\n  echo ${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID > {once}/task\n  \
         sleep 600\nfi"
    )
}

/// Waits for the task that hangs and returns its name, `array_task`.
fn hanging(place: &Place) -> String {
    let file = place.path().join("once/task");
    let mut task = String::new();
    wait_until("a task hangs", || {
        task = fs::read_to_string(&file).unwrap_or_default();
        task.ends_with('\n')
    });
    task.trim().to_owned()
}

fn wait_until(what: &str, mut reached: impl FnMut() -> bool) {
    let start = Instant::now();
    while !reached() {
        assert!(start.elapsed() < Duration::from_secs(240), "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn is_zombie(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

fn ended(mut command: Command) -> (i32, String) {
    let output = command.output().expect("the program starts");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn started(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn end_of(child: Child) -> (i32, String) {
    let output = child.wait_with_output().expect("it ends");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn results(place: &Place) -> usize {
    let Ok(trials) = fs::read_dir(place.runs().join("trials")) else { return 0 };
    trials.flatten().filter(|trial| trial.path().join("result.json").is_file()).count()
}

/// The digests of the same sweep by this machine's own workers.
fn local_digests() -> &'static BTreeMap<String, String> {
    static DIGESTS: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    DIGESTS.get_or_init(|| {
        let place = Place::new();
        place.file("small.toml", SMALL);
        let output = place.run(&["sweep", "small.toml"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        metrics_digests(&place.runs())
    })
}

/// Everything finished, once: no result was written twice, no folder is claimed, the bits are the local ones.
fn assert_whole(place: &Place, code: i32, stderr: &str) {
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(&metrics_digests(&place.runs()), local_digests(), "{stderr}");
    let lines = stderr.lines().filter(|line| line.starts_with("finished "));
    let mut trials: Vec<&str> = lines.filter_map(|line| line.split_whitespace().nth(2)).collect();
    let all = trials.len();
    trials.sort_unstable();
    trials.dedup();
    assert_eq!(trials.len(), all, "each trial finished once: {stderr}");
    for trial in fs::read_dir(place.runs().join("trials")).expect("trials").flatten() {
        let names = fs::read_dir(trial.path()).expect("a folder").flatten().map(|it| it.file_name());
        let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with("claim.")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    let check = place.run(&["verify", "small", "--integrity-only"]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

#[test]
#[ignore = "needs Slurm"]
fn commands_give_the_same_bits_as_on_this_machine() {
    let cluster = cluster();
    let _calm = calm();
    let place = Place::new();
    place.file("step.sh", "echo \"{\\\"loss\\\": $1}\" >> $DRR_LAB_METRICS; cat ${2:-/dev/null} > $DRR_LAB_OUT/all; echo $1 >> $DRR_LAB_OUT/all");
    let text = "seeds = 2\n[stage.first]\nrun = [\"sh\", \"step.sh\", \"{seed}\"]\ncode = [\"step.sh\"]\n\
                [command]\nrun = [\"sh\", \"step.sh\", \"{rate}\", \"{stage.first}/all\"]\ncode = [\"step.sh\"]\n\
                needs = \"first\"\nmetrics = { loss = \"min\" }\n[params]\nrate = [1, 2, 3]\n";
    place.file("small.toml", &format!("{text}[slurm]\npartition = \"main\"\n"));
    let (code, stderr) = ended(cluster.sweep(&place, &[]));
    assert_eq!(code, 0, "{stderr}");
    let there = metrics_digests(&place.runs());
    let check = place.run(&["verify", "small"]);
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(
        check.status.success() && said.contains("replay: 8 bitwise"),
        "{said}{}",
        String::from_utf8_lossy(&check.stderr)
    );
    fs::remove_dir_all(place.runs()).expect("there");
    assert!(place.run(&["sweep", "small.toml"]).status.success());
    assert_eq!(metrics_digests(&place.runs()), there);
}

#[test]
#[ignore = "needs Slurm"]
fn a_sweep_gives_the_same_bits_as_on_this_machine() {
    let cluster = cluster();
    let _calm = calm();
    let place = place("", nothing);
    let (code, stderr) = ended(cluster.sweep(&place, &[]));
    assert_whole(&place, code, &stderr);
    assert_eq!(stderr.lines().filter(|line| line.starts_with("finished ")).count(), TRIALS, "{stderr}");
    // PMFs, recommenders, the evaluations that stand on either.
    assert_eq!(stderr.lines().filter(|line| line.starts_with("submitted ")).count(), 4, "{stderr}");
    let trial = fs::read_dir(place.runs().join("trials")).expect("trials").flatten().next().expect("a trial").path();
    let provenance = fs::read(trial.join("provenance.json")).expect("a provenance");
    let provenance: serde_json::Value = serde_json::from_slice(&provenance).expect("JSON");
    assert_eq!(provenance["job"]["cluster"], "drr-lab", "{provenance}");
    assert_eq!(provenance["libraries"], serde_json::json!({}), "nothing but this program computes: {provenance}");
    let (code, stderr) = ended(cluster.sweep(&place, &[]));
    assert_eq!(code, 0);
    assert!(stderr.contains("all 14 trials are finished; nothing to do"), "{stderr}");
}

#[test]
#[ignore = "needs Slurm"]
fn detached_it_is_collected_later() {
    let cluster = cluster();
    let _calm = calm();
    let place = place("", nothing);
    let (code, stderr) = ended(cluster.sweep(&place, &["--detach"]));
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("drr-lab runs collect small"), "{stderr}");
    let local = place.run(&["sweep", "small.toml"]);
    let refused = String::from_utf8_lossy(&local.stderr).into_owned();
    assert_eq!(local.status.code(), Some(3), "what Slurm has is not run here too: {refused}");
    assert!(refused.contains("were given to Slurm"), "{refused}");
    wait_until("all results are there", || results(&place) == TRIALS);
    let output = cluster.runs(&place, &["collect"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("small: 14 of 14 trials finished, 0 failed"), "{said}");
    assert_whole(&place, output.status.code().unwrap_or(-1), "");
}

#[test]
#[ignore = "needs Slurm"]
fn a_cancelled_task_is_tried_again_and_a_requeued_one_starts_anew() {
    let cluster = cluster();
    let _calm = calm();
    let place = place("time = 10", the_first_hangs);
    let child = started(cluster.sweep(&place, &[]));
    let task = hanging(&place);
    cluster.says("scontrol", &["requeue", &task]);
    wait_until("it left its node", || !cluster.queue(&place).contains(&format!("{task} RUNNING")));
    fs::remove_dir_all(place.path().join("once")).expect("a task made it");
    let task = hanging(&place);
    cluster.says("scancel", &[&task]);
    let (code, stderr) = end_of(child);
    assert!(stderr.contains("the task was cancelled"), "{stderr}");
    assert_whole(&place, code, &stderr);
}

#[test]
#[ignore = "needs Slurm"]
fn whatever_is_killed_when_nothing_is_lost_and_nothing_is_done_twice() {
    let cluster = cluster();
    let place = place("time = 1", the_first_hangs);
    let mut child = started(cluster.sweep(&place, &[]));
    hanging(&place);
    let hangs = Instant::now();
    wait_until("what can be done is done", || results(&place) > 1);
    child.kill().expect("it lives");
    child.wait().expect("it ends");
    let before = metrics_digests(&place.runs());

    // The daemons of both nodes and the controller, hard, while a task runs.
    let storm = WEATHER.write().unwrap_or_else(PoisonError::into_inner);
    // A controller writes down what it did within 5 seconds; one that forgot the task would start it anew, and there
    // would be no time limit to see.
    std::thread::sleep(Duration::from_secs(8).saturating_sub(hangs.elapsed()));
    for node in ["n1", "n2"] {
        cluster.kill_daemon(&format!("slurmd-{node}.pid"));
        cluster.start_daemon("slurmd", &["-N", node]);
    }
    let mut child = started(cluster.sweep(&place, &["--output", "json"]));
    let mut events = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
    let mut first = String::new();
    std::io::BufRead::read_line(&mut events, &mut first).expect("an event");
    cluster.kill_daemon("slurmctld.pid");
    std::thread::sleep(Duration::from_secs(3));
    cluster.start_daemon("slurmctld", &[]);
    wait_until("the controller answers", || cluster.says("scontrol", &["ping"]).contains("UP"));
    drop(storm);

    // The hanging task goes on until its time limit, and is then tried again.
    let mut text = first;
    std::io::Read::read_to_string(&mut events, &mut text).expect("events");
    let (code, stderr) = end_of(child);
    let events: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).collect::<Vec<_>>();
    assert!(text.contains("time limit"), "{text}");
    let found = of("sweep-started")[0]["found"].as_u64().expect("a number") as usize;
    assert!(found >= before.len(), "{text}");
    assert_eq!(of("trial-finished").len() + found, TRIALS, "what was found is not done again: {text}");
    assert!(!of("trial-retried").is_empty() && of("trial-failed").is_empty(), "{text}");
    assert_whole(&place, code, &stderr);
}

#[test]
#[ignore = "needs Slurm"]
fn a_cancelled_submission_is_over_and_the_next_one_completes() {
    let cluster = cluster();
    let _calm = calm();
    let place = place("time = 10", the_first_hangs);
    let child = started(cluster.sweep(&place, &[]));
    hanging(&place);
    let output = cluster.runs(&place, &["cancel", "small"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (code, stderr) = end_of(child);
    assert_eq!(code, 130, "{stderr}");
    wait_until("Slurm has none of it", || cluster.queue(&place).is_empty());
    let (code, stderr) = ended(cluster.sweep(&place, &[]));
    assert_whole(&place, code, &stderr);
}

#[test]
#[ignore = "needs Slurm"]
fn a_partition_that_is_not_there_is_refused_with_those_that_are() {
    let cluster = cluster();
    let _calm = calm();
    let place = place("", nothing);
    let (code, stderr) = ended(cluster.sweep(&place, &["--set", "slurm.partition=gpu"]));
    assert_eq!(code, 3);
    assert!(stderr.contains("invalid partition") && stderr.contains("main (up to 1:00:00, 2 nodes)"), "{stderr}");
}
