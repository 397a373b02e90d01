//! Against what Slurm 22.05 and 24.11 really printed.

use super::*;
use crate::exec::slurm::parse::{End, account, details};

const QUEUE: &str = include_str!("../../../tests/fixtures/slurm/22.05/squeue.json");
const QUEUE_24: &str = include_str!("../../../tests/fixtures/slurm/24.11/squeue.json");
const JOB: &str = include_str!("../../../tests/fixtures/slurm/22.05/scontrol-job.txt");
const JOB_24: &str = include_str!("../../../tests/fixtures/slurm/24.11/scontrol-job.json");
const JOB_24_TEXT: &str = include_str!("../../../tests/fixtures/slurm/24.11/scontrol-job.txt");
const ACCOUNTS_24: &str = include_str!("../../../tests/fixtures/slurm/24.11/sacct.json");
const ACCOUNTS_24_TEXT: &str = include_str!("../../../tests/fixtures/slurm/24.11/sacct.txt");

fn state(rows: &[QueueRow], array: u64, task: u64) -> JobState {
    let row = rows.iter().find(|row| row.array == array && row.tasks.iter().any(|tasks| tasks.contains(&task)));
    row.unwrap_or_else(|| panic!("no task {array}_{task} in {rows:?}")).state
}

#[test]
fn every_form_tells_how_tasks_ended_and_what_they_left_behind() {
    for (what, rows) in [
        ("squeue of 22.05", jobs(QUEUE)),
        ("scontrol of 22.05", Ok(details(JOB))),
        ("squeue of 24.11", jobs(QUEUE_24)),
        ("scontrol of 24.11", jobs(JOB_24)),
        ("scontrol of 24.11, as text", Ok(details(JOB_24_TEXT))),
        ("sacct of 24.11", jobs(ACCOUNTS_24)),
        ("sacct of 24.11, as text", account(ACCOUNTS_24_TEXT)),
    ] {
        let rows = rows.unwrap_or_else(|why| panic!("{what}: {why}"));
        assert_eq!(state(&rows, 1, 0), JobState::Ended(End::Completed), "{what}");
        assert_eq!(state(&rows, 1, 1), JobState::Ended(End::Failed(TaskExit::Code(3))), "{what}");
        assert_eq!(state(&rows, 1, 2), JobState::Ended(End::Failed(TaskExit::Signal(9))), "{what}");
        assert_eq!(state(&rows, 1, 3), JobState::Running, "{what}");
        let running = rows.iter().find(|row| row.state == JobState::Running).expect("one runs");
        assert!(["n1", "n2"].contains(&running.node.as_str()), "{what}: {running:?}");
        assert!(running.name == "cap" || what == "sacct of 24.11, as text", "{what}: {running:?}");
    }
}

#[test]
fn tasks_that_wait_together_stand_in_one_row() {
    for (what, text) in [("22.05", QUEUE), ("24.11", QUEUE_24)] {
        let rows = jobs(text).expect("understood");
        assert_eq!(state(&rows, 2, 900), JobState::Pending, "{what}");
        assert!(rows.iter().all(|row| row.array != 2 || !row.tasks.iter().any(|it| it.contains(&1))), "{what}");
    }
}

#[test]
fn what_is_no_answer_is_said() {
    assert!(jobs("slurm_load_jobs error: Unable to contact slurm controller").is_err());
    assert_eq!(jobs(r#"{"errors": []}"#), Err("there is no list of jobs".to_owned()));
    assert_eq!(jobs(r#"{"jobs": [{"job_id": 7}]}"#), Ok(Vec::new()), "a job without a state");
}
