//! A plan as the tasks of a job array: written once to the shared file system, read by each task at its own line only.
//!
//! ```text
//! plan.jsonl   {"format":1,"runs":"/shared/runs",…}       what all tasks share
//!              {"cohorts":[["<spec>",…],…]}                  task 0
//!              {"cohorts":[["<spec>"]]}                      task 1
//! plan.index   where each of these lines begins, 19 digits a line
//! ```

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::CommandPlace;
use crate::digest::Digest;
use crate::protocol::Device;
use crate::provenance::Common;
use crate::spec::TrialSpec;
use crate::trial_dir::write_whole;

/// The version of the plan's format; newer ones are refused.
pub const FORMAT: u32 = 1;

/// Bytes of a line of the index: 19 digits hold any offset of a file.
const INDEX_LINE: u64 = 20;

/// What all tasks share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanHead {
    /// Format of this record, [`FORMAT`].
    pub format: u32,
    /// What the submission is called; no other has its name.
    pub submission: String,
    /// the digest of all training sources of the program that planned; the worker's must be the same.
    pub train_digest: Digest,
    /// The runs folder, as the nodes see it.
    pub runs: PathBuf,
    /// The data folder, as the nodes see it.
    pub data: PathBuf,
    /// Where to compute.
    pub device: Device,
    /// A claim whose holder gave no sign for so many seconds may be taken over.
    pub lease_s: u64,
    /// What a trial's provenance says of the code, the command and the datasets.
    pub provenance: Common,
    /// Where commands run, for trials that are such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<CommandPlace>,
}

/// What one task runs: cohorts, one after another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrayTask {
    /// Each holds trials that are trained together, or one that runs alone.
    pub cohorts: Vec<Vec<TrialSpec>>,
}

/// Why a plan cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct PlanReadError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

/// Writes the plan into `folder`.
///
/// # Errors
/// Any failure of the file system.
pub fn write(folder: &Path, head: &PlanHead, tasks: &[ArrayTask]) -> io::Result<()> {
    let (mut lines, mut index) = (Vec::new(), String::new());
    serde_json::to_writer(&mut lines, head)?;
    lines.push(b'\n');
    for task in tasks {
        index.push_str(&format!("{:019}\n", lines.len()));
        serde_json::to_writer(&mut lines, task)?;
        lines.push(b'\n');
    }
    write_whole(&folder.join("plan.jsonl"), &lines)?;
    write_whole(&folder.join("plan.index"), index.as_bytes())
}

/// Reads what all tasks share.
///
/// # Errors
/// [`PlanReadError`]; also for a plan of a newer program.
pub fn read_head(folder: &Path) -> Result<PlanHead, PlanReadError> {
    open(folder).map(|(head, _)| head)
}

/// Reads what all tasks share, and one task.
///
/// # Errors
/// [`PlanReadError`]; also for a task the plan does not have.
pub fn read_task(folder: &Path, task: u64) -> Result<(PlanHead, ArrayTask), PlanReadError> {
    let (head, mut plan) = open(folder)?;
    let path = folder.join("plan.index");
    let fail = |problem: String| PlanReadError { path: path.clone(), problem };
    let offset = (|| {
        let mut index = File::open(&path)?;
        index.seek(SeekFrom::Start(task.saturating_mul(INDEX_LINE)))?;
        let mut line = [0; INDEX_LINE as usize];
        index.read_exact(&mut line)?;
        io::Result::Ok(String::from_utf8_lossy(&line).trim_end().parse::<u64>())
    })();
    let offset = match offset {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(fail(format!("there is no task {task}")));
        }
        Err(error) => return Err(fail(error.to_string())),
        Ok(parsed) => parsed.map_err(|error| fail(error.to_string()))?,
    };
    let path = folder.join("plan.jsonl");
    let fail = |problem: String| PlanReadError { path: path.clone(), problem };
    let mut line = String::new();
    plan.seek(SeekFrom::Start(offset)).map_err(|error| fail(error.to_string()))?;
    plan.read_line(&mut line).map_err(|error| fail(error.to_string()))?;
    let task = serde_json::from_str(&line).map_err(|error| fail(format!("task {task}: {error}")))?;
    Ok((head, task))
}

/// Reads every task, for the side that submits.
///
/// # Errors
/// [`PlanReadError`].
pub fn read(folder: &Path) -> Result<(PlanHead, Vec<ArrayTask>), PlanReadError> {
    let (head, plan) = open(folder)?;
    let path = folder.join("plan.jsonl");
    let fail = |problem: String| PlanReadError { path: path.clone(), problem };
    let tasks = plan.lines().map(|line| {
        let line = line.map_err(|error| fail(error.to_string()))?;
        serde_json::from_str(&line).map_err(|error| fail(error.to_string()))
    });
    Ok((head, tasks.collect::<Result<_, _>>()?))
}

/// The plan behind its first line.
fn open(folder: &Path) -> Result<(PlanHead, BufReader<File>), PlanReadError> {
    let path = folder.join("plan.jsonl");
    let fail = |problem: String| PlanReadError { path: path.clone(), problem };
    let mut plan = BufReader::new(File::open(&path).map_err(|error| fail(error.to_string()))?);
    let mut line = String::new();
    plan.read_line(&mut line).map_err(|error| fail(error.to_string()))?;
    // The format first: a newer plan may hold fields this one does not know.
    let record: Value = serde_json::from_str(&line).map_err(|error| fail(format!("not a plan: {error}")))?;
    match record.get("format").and_then(Value::as_u64) {
        Some(format) if format > u64::from(FORMAT) => {
            return Err(fail(format!("format {format} is newer than this program reads ({FORMAT})")));
        }
        Some(_) => {}
        None => return Err(fail("not a plan: it has no format".to_owned())),
    }
    let head = serde_json::from_value(record).map_err(|error| fail(format!("not a plan: {error}")))?;
    Ok((head, plan))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use crate::spec::{FORMAT as SPEC_FORMAT, Settings, Upstream};

    fn spec(seed: u64) -> TrialSpec {
        TrialSpec {
            format: SPEC_FORMAT,
            kind: "pmf".into(),
            digest: Digest::of(b"sources"),
            settings: Settings::default(),
            policy: None,
            upstream: Upstream::default(),
            ratings: None,
            seed: Seed(seed),
        }
    }

    fn head() -> PlanHead {
        PlanHead {
            format: FORMAT,
            submission: "drr-small-1".to_owned(),
            train_digest: Digest::of(b"sources"),
            runs: "/shared/runs".into(),
            data: "/shared/data".into(),
            device: Device::Cpu,
            lease_s: 60,
            provenance: Common::default(),
            commands: None,
        }
    }

    #[test]
    fn each_task_reads_its_own_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let tasks: Vec<ArrayTask> =
            (0..12).map(|seed| ArrayTask { cohorts: vec![vec![spec(seed), spec(seed + 100)]] }).collect();
        write(folder.path(), &head(), &tasks).expect("written");
        for (number, task) in tasks.iter().enumerate() {
            assert_eq!(read_task(folder.path(), number as u64).expect("there"), (head(), task.clone()));
        }
        let error = read_task(folder.path(), 12).expect_err("there are twelve").to_string();
        assert!(error.ends_with("plan.index: there is no task 12"), "{error}");
        assert_eq!(read(folder.path()).expect("readable"), (head(), tasks));
    }

    #[test]
    fn a_newer_plan_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("plan.jsonl"), "{\"format\": 2, \"more\": 1}\n").expect("written");
        let error = read_head(folder.path()).expect_err("newer").to_string();
        assert!(error.contains("format 2 is newer than this program reads (1)"), "{error}");
    }
}
