//! Against what Slurm 22.05 and 24.11 really printed.

use super::*;

const QUEUE: &str = include_str!("../../../tests/fixtures/slurm/22.05/squeue.txt");
const QUEUE_24: &str = include_str!("../../../tests/fixtures/slurm/24.11/squeue.txt");
const CONFIGURATION_24: &str = include_str!("../../../tests/fixtures/slurm/24.11/scontrol-config.txt");
const PARTITIONS_24: &str = include_str!("../../../tests/fixtures/slurm/24.11/sinfo.txt");
const ACCOUNTS: &str = include_str!("../../../tests/fixtures/slurm/22.05/sacct.txt");
const PREEMPTED: &str = include_str!("../../../tests/fixtures/slurm/22.05/sacct-preempted.txt");
const CONFIGURATION: &str = include_str!("../../../tests/fixtures/slurm/22.05/scontrol-config.txt");
const PARTITIONS: &str = include_str!("../../../tests/fixtures/slurm/22.05/sinfo.txt");

#[test]
fn a_queue_is_read_task_by_task() {
    let rows = queue(QUEUE).expect("understood");
    assert_eq!(rows.len(), QUEUE.lines().count());
    let of = |array: u64, task: u64| {
        rows.iter().find(|row| row.array == array && row.tasks.iter().any(|it| it.contains(&task))).expect("there")
    };
    let first = rows.iter().map(|row| row.array).min().expect("rows");
    assert_eq!(of(first, 0).state, JobState::Ended(End::Completed));
    assert_eq!(of(first, 1).state, JobState::Ended(End::Failed(TaskExit::Unknown)));
    assert_eq!((of(first, 3).state, of(first, 3).node.as_str()), (JobState::Running, "n1"));
    assert_eq!(
        (of(first + 1, 1).state, of(first + 1, 1).reason.as_str()),
        (JobState::Pending, "DependencyNeverSatisfied")
    );
    // Tasks that wait stand on one line, here every third of 901 with a throttle.
    let waiting = of(first + 2, 900);
    assert_eq!((waiting.tasks.len(), waiting.name.as_str()), (301, "dep"));
    assert!(!waiting.tasks.iter().any(|tasks| tasks.contains(&1)));
}

#[test]
fn two_releases_later_the_queue_reads_the_same() {
    let rows = queue(QUEUE_24).expect("understood");
    let state = |array: u64, task: u64| {
        let row = rows.iter().find(|row| row.array == array && row.tasks.iter().any(|it| it.contains(&task)));
        row.map(|row| row.state)
    };
    assert_eq!(state(1, 0), Some(JobState::Ended(End::Completed)));
    assert_eq!(
        state(1, 2),
        Some(JobState::Ended(End::Failed(TaskExit::Unknown))),
        "its reason is RaisedSignal:9(Killed)"
    );
    assert_eq!(state(1, 3), Some(JobState::Ended(End::Cancelled)));
    assert_eq!(state(1, 5), Some(JobState::Running));
    assert_eq!(state(2, 1), Some(JobState::Pending));
    assert_eq!((state(3, 900), state(3, 899)), (Some(JobState::Pending), None), "every third");
}

#[test]
fn states_are_recognised_by_their_names() {
    for (name, state) in [
        ("PENDING", JobState::Pending),
        ("REQUEUED", JobState::Pending),
        ("CONFIGURING", JobState::Running),
        ("COMPLETING", JobState::Running),
        ("SUSPENDED", JobState::Running),
        ("COMPLETED", JobState::Ended(End::Completed)),
        ("CANCELLED by 1000", JobState::Ended(End::Cancelled)),
        ("CANCELLED+", JobState::Ended(End::Cancelled)),
        ("TIMEOUT", JobState::Ended(End::Timeout)),
        ("DEADLINE", JobState::Ended(End::Timeout)),
        ("OUT_OF_MEMORY", JobState::Ended(End::OutOfMemory)),
        ("NODE_FAIL", JobState::Ended(End::NodeFail)),
        ("PREEMPTED", JobState::Ended(End::Preempted)),
        ("SOMETHING_NEW", JobState::Running),
    ] {
        assert_eq!(JobState::new(name, TaskExit::Unknown), state, "{name}");
    }
}

#[test]
fn the_configuration_tells_how_long_arrays_may_be() {
    assert_eq!(configuration(CONFIGURATION).get("MaxArraySize"), Some(&"1001"));
    assert_eq!(configuration(CONFIGURATION).get("SLURM_VERSION"), Some(&"22.05.8"));
    assert_eq!(configuration(CONFIGURATION_24).get("MaxArraySize"), Some(&"1001"));
    assert_eq!(configuration(CONFIGURATION_24).get("SLURM_VERSION"), Some(&"24.11.5"));
}

#[test]
fn partitions_are_read() {
    let partition = Partition { name: "main".to_owned(), is_up: true, time_limit: "1:00:00".to_owned(), nodes: 2 };
    assert_eq!(partitions(PARTITIONS), Ok(vec![partition.clone()]));
    assert_eq!(partitions(PARTITIONS_24), Ok(vec![partition]));
}

#[test]
fn a_job_number_is_found_behind_a_sites_greeting() {
    assert_eq!(submitted("17\n"), Some(17));
    assert_eq!(submitted("Welcome to the cluster\n18;lab\n"), Some(18));
    assert_eq!(submitted("sbatch: nothing"), None);
}

#[test]
fn a_line_that_is_not_understood_is_shown() {
    let error =
        queue("1|0|RUNNING|None|n1|a\nslurm_load_jobs error: Unable to contact slurm controller").expect_err("no row");
    assert!(error.ends_with("slurm_load_jobs error: Unable to contact slurm controller"), "{error}");
}

#[test]
fn accounts_tell_how_tasks_ended() {
    let ended = |text: &str, array: u64, task: u64| {
        let rows = account(text).expect("understood");
        let row = rows.iter().find(|row| row.array == array && row.tasks.iter().any(|it| it.contains(&task)));
        row.map(|row| row.state)
    };
    for (array, task, state) in [
        (24, 0, JobState::Ended(End::Completed)),
        (24, 1, JobState::Ended(End::Failed(TaskExit::Code(75)))),
        (24, 2, JobState::Ended(End::Failed(TaskExit::Signal(9)))),
        (24, 3, JobState::Ended(End::Timeout)),
        (24, 4, JobState::Ended(End::Cancelled)),
        (25, 1, JobState::Ended(End::Cancelled)),
        (26, 20, JobState::Pending),
        (36, 0, JobState::Ended(End::NodeFail)),
    ] {
        assert_eq!(ended(ACCOUNTS, array, task), Some(state), "{array}_{task}");
    }
    assert_eq!(ended(ACCOUNTS, 26, 1), None, "every other task of it");
    assert_eq!(ended(PREEMPTED, 24, 3), Some(JobState::Ended(End::Preempted)));
}
