//! What Slurm's programs print with `--json`, read. Pure; the fixtures are real output (`tests/fixtures/slurm`).
//!
//! The shape changes from release to release: in 22.05 a number is a number, a state a word and an exit status what
//! wait(2) gives; later a number says whether it is set, a state is a list and an exit status is taken apart. All are read.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::parse::{JobState, QueueRow, TaskExit, task_list};

/// Reads the jobs that `scontrol show job --json`, `squeue --json` or `sacct --json` printed; those that are no tasks of
/// an array have no tasks.
///
/// # Errors
/// It is not JSON, or holds no jobs.
pub fn jobs(text: &str) -> Result<Vec<QueueRow>, String> {
    let whole: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let jobs = whole["jobs"].as_array().ok_or("there is no list of jobs")?;
    Ok(jobs.iter().filter_map(row).collect())
}

fn row(job: &Value) -> Option<QueueRow> {
    // sacct puts together what the others write side by side.
    let array = number(&job["array_job_id"]).or_else(|| number(&job["array"]["job_id"])).filter(|array| *array > 0);
    let state = word(&job["job_state"]).or_else(|| word(&job["state"]["current"]))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Some(QueueRow {
        array: array.or_else(|| number(&job["job_id"]))?,
        tasks: if array.is_some() { tasks(job)? } else { Vec::new() },
        state: JobState::new(state, exit(&job["exit_code"])),
        reason: word(&job["state_reason"]).or_else(|| word(&job["state"]["reason"])).unwrap_or_default().to_owned(),
        node: Some(text(&job["nodes"])).filter(|nodes| nodes != "None assigned").unwrap_or_default(),
        name: text(&job["name"]),
    })
}

/// One task, or those that wait together.
fn tasks(job: &Value) -> Option<Vec<RangeInclusive<u64>>> {
    let together = [&job["array_task_string"], &job["array"]["task"]].into_iter().find_map(Value::as_str);
    if let Some(list) = together.filter(|list| !list.is_empty()) {
        return task_list(list);
    }
    let one = number(&job["array_task_id"]).or_else(|| number(&job["array"]["task_id"]))?;
    Some(vec![one..=one])
}

/// A number, or one that says whether it is set.
fn number(value: &Value) -> Option<u64> {
    match value["set"].as_bool() {
        Some(false) => None,
        Some(true) => value["number"].as_u64(),
        None => value.as_u64(),
    }
}

/// A word, or the first of several.
fn word(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value[0].as_str())
}

fn exit(value: &Value) -> TaskExit {
    let byte = |value: &Value| number(value).and_then(|number| u8::try_from(number).ok());
    if let Some(status) = value.as_u64() {
        return TaskExit::new((status >> 8) as u8, (status & 0x7f) as u8);
    }
    let signal = [&value["signal"]["id"], &value["signal"]["signal_id"]].into_iter().find_map(byte);
    TaskExit::new(byte(&value["return_code"]).unwrap_or(0), signal.unwrap_or(0))
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
