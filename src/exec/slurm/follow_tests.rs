//! The machine without a cluster, by hand and at random.

use proptest::prelude::*;

use super::*;
use crate::exec::slurm::parse::TaskExit;

const ENVIRONMENT: FailureKind = FailureKind::Environment;

/// Task 0 trains trial 0; task 1 holds trials 1 and 2, which stand on it; task 2 holds trial 3, which stands on 1.
fn machine(submitted: bool) -> Follow {
    let node = |trials: &[usize]| TaskStart { trials: trials.to_vec(), lost: 0, submitted };
    let upstream = vec![vec![], vec![0], vec![0], vec![1]];
    Follow::new(vec![node(&[0]), node(&[1, 2]), node(&[3])], upstream, &[false; 4], 2)
}

fn run(follow: &mut Follow, task: usize, end: End, fates: &[Fate]) -> Vec<FollowAction> {
    let seen = follow.on_seen(task, Some((JobState::Ended(end), "n1")));
    assert_eq!(seen, Some(FollowAction::Inspect { task, end: Some(end) }));
    follow.on_ended(task, Some(end), fates)
}

#[test]
fn a_run_without_trouble_ends_in_results() {
    let mut follow = machine(true);
    assert_eq!(follow.on_seen(0, Some((JobState::Pending, ""))), None);
    let started = Some(FollowAction::Started { task: 0, node: "n1".to_owned() });
    assert_eq!(follow.on_seen(0, Some((JobState::Running, "n1"))), started);
    assert_eq!(follow.on_seen(0, Some((JobState::Running, "n1"))), None, "said once");
    assert_eq!(run(&mut follow, 0, End::Completed, &[Fate::Finished]), [FollowAction::Finished(0)]);
    run(&mut follow, 1, End::Completed, &[Fate::Finished, Fate::Finished]);
    run(&mut follow, 2, End::Completed, &[Fate::Finished]);
    assert!(follow.is_done() && follow.next_round().is_empty());
}

#[test]
fn a_lost_attempt_is_repeated_and_what_stands_on_it_waits() {
    let mut follow = machine(true);
    let actions = run(&mut follow, 0, End::Timeout, &[Fate::Open]);
    let reason = End::Timeout.words().into_owned();
    assert_eq!(actions, [FollowAction::Retry { trial: 0, reason, attempt: 1 }]);
    // Those below ran, found nothing to stand on, and left: no attempt of theirs.
    assert_eq!(run(&mut follow, 1, End::Completed, &[Fate::Open, Fate::Open]), []);
    assert_eq!(run(&mut follow, 2, End::Cancelled, &[Fate::Open]), []);
    assert_eq!(follow.next_round(), [0], "only what stands on finished trials is submitted");
    assert_eq!(follow.lost(0), 1);
    run(&mut follow, 0, End::Completed, &[Fate::Finished]);
    assert_eq!(follow.next_round(), [1]);
    assert_eq!(follow.lost(1), 0);
}

#[test]
fn what_keeps_failing_fails_and_takes_along_what_stands_on_it() {
    let mut follow = machine(true);
    for attempt in 1..=2 {
        let actions =
            run(&mut follow, 0, End::Failed(TaskExit::Unknown), &[Fate::Failed(ENVIRONMENT, "disk full".to_owned())]);
        assert_eq!(actions, [FollowAction::Retry { trial: 0, reason: "disk full".to_owned(), attempt }]);
        assert_eq!(follow.next_round(), [0]);
    }
    run(&mut follow, 1, End::Completed, &[Fate::Open, Fate::Open]);
    let actions =
        run(&mut follow, 0, End::Failed(TaskExit::Unknown), &[Fate::Failed(ENVIRONMENT, "disk full".to_owned())]);
    let failed = FollowAction::Failed { trial: 0, kind: ENVIRONMENT, reason: "disk full".to_owned(), attempts: 3 };
    assert_eq!(
        actions,
        [failed, FollowAction::Blocked { trial: 1, above: 0 }, FollowAction::Blocked { trial: 2, above: 0 }]
    );
    let last = run(&mut follow, 2, End::Cancelled, &[Fate::Open]);
    assert_eq!(last, [FollowAction::Blocked { trial: 3, above: 1 }]);
    assert!(follow.is_done());
}

#[test]
fn a_deterministic_failure_is_final_and_costs_no_other() {
    let mut follow = machine(true);
    run(&mut follow, 0, End::Completed, &[Fate::Finished]);
    let kind = FailureKind::Deterministic;
    let nan = Fate::Failed(kind, "the loss is not finite".to_owned());
    let actions = run(&mut follow, 1, End::Completed, &[nan, Fate::Finished]);
    let failed = FollowAction::Failed { trial: 1, kind, reason: "the loss is not finite".to_owned(), attempts: 1 };
    assert_eq!(actions, [failed, FollowAction::Finished(2)]);
    assert_eq!(run(&mut follow, 2, End::Completed, &[Fate::Open]), [FollowAction::Blocked { trial: 3, above: 1 }]);
    assert!(follow.is_done());
}

#[test]
fn a_failed_node_counts_no_attempt() {
    let mut follow = machine(true);
    for _ in 0..5 {
        run(&mut follow, 0, End::NodeFail, &[Fate::Open]);
        assert_eq!((follow.next_round(), follow.lost(0)), (vec![0], 0));
    }
}

#[test]
fn a_task_that_is_requeued_starts_once_more() {
    let mut follow = machine(true);
    let started = Some(FollowAction::Started { task: 0, node: "n2".to_owned() });
    assert!(follow.on_seen(0, Some((JobState::Running, "n1"))).is_some());
    assert_eq!(follow.on_seen(0, Some((JobState::Pending, ""))), None);
    assert_eq!(follow.on_seen(0, Some((JobState::Running, "n2"))), started);
}

#[test]
fn one_missing_answer_is_no_end() {
    let mut follow = machine(true);
    assert_eq!(follow.on_seen(0, None), None);
    assert_eq!(follow.on_seen(0, Some((JobState::Pending, ""))), None);
    assert_eq!(follow.on_seen(0, None), None);
    assert_eq!(follow.on_seen(0, None), Some(FollowAction::Inspect { task: 0, end: None }));
}

#[test]
fn what_was_never_submitted_is_submitted_in_order() {
    let mut follow = machine(false);
    assert_eq!(follow.next_round(), [0]);
    assert!(follow.next_round().is_empty(), "once");
    follow.not_submitted(&[0]);
    assert_eq!(follow.next_round(), [0]);
}

proptest! {
    /// Whatever Slurm and the folders say, every trial gets one final word, no task is submitted while Slurm has it or
    /// before all it stands on is finished, and it comes to an end.
    #[test]
    fn every_trial_ends_exactly_once(words in proptest::collection::vec((0_usize..3, 0_usize..8), 1..400)) {
        let mut follow = machine(true);
        let mut last = [0; 4];
        let mut finished = [false; 4];
        let upstream = [vec![], vec![0], vec![0], vec![1]];
        let settle = std::iter::repeat_n((0..3).map(|task| (task, 5)), 20).flatten();
        for (task, word) in words.into_iter().chain(settle) {
            let ends = [End::Completed, End::Failed(TaskExit::Unknown), End::Timeout, End::Cancelled, End::NodeFail];
            let seen = match word {
                0 => Some((JobState::Pending, "")),
                1 => Some((JobState::Running, "n1")),
                2 => None,
                _ => Some((JobState::Ended(ends[word % 5]), "n1")),
            };
            if let Some(FollowAction::Inspect { end, .. }) = follow.on_seen(task, seen) {
                prop_assert!(!follow.is_active(task));
                let fates: Vec<Fate> = follow.open(task).iter().map(|&trial| {
                    match word {
                        _ if !upstream[trial].iter().all(|&above: &usize| finished[above]) => Fate::Open,
                        3 => Fate::Failed(ENVIRONMENT, "lost".to_owned()),
                        4 => Fate::Failed(FailureKind::Deterministic, "wrong".to_owned()),
                        5 => Fate::Finished,
                        _ => Fate::Open,
                    }
                }).collect();
                for action in follow.on_ended(task, end, &fates) {
                    match action {
                        FollowAction::Finished(trial) => { last[trial] += 1; finished[trial] = true; }
                        FollowAction::Failed { trial, .. } | FollowAction::Blocked { trial, .. } => last[trial] += 1,
                        _ => {}
                    }
                }
            }
            let active: Vec<bool> = (0..3).map(|task| follow.is_active(task)).collect();
            for task in follow.next_round() {
                prop_assert!(!active[task]);
                for &trial in follow.open(task) {
                    prop_assert!(upstream[trial].iter().all(|&above: &usize| finished[above]));
                }
            }
        }
        prop_assert!(follow.is_done());
        prop_assert_eq!(last, [1; 4]);
    }
}
