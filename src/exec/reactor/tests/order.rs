//! What comes first, what follows a failure, and how a sweep is stopped.

use super::*;

#[test]
fn upstream_first_then_the_longest() {
    let mut reactor = running(2);
    let actions = reactor.on(Event::Finished { slot: 0, job: 0 });
    assert_eq!(sent(&actions), [(0, 2)], "the recommender of cost 9 comes before that of cost 5");
    assert!(actions.contains(&Action::Spawn(1)), "a second worker is wanted now");
    assert_eq!(sent(&reactor.on(Event::WorkerReady { slot: 1 })), [(1, 1)]);
    assert_eq!(sent(&reactor.on(Event::Finished { slot: 1, job: 1 })), [(1, 3)]);
    assert!(reactor.on(Event::Finished { slot: 1, job: 3 }).iter().all(|a| !matches!(a, Action::StopWorker(_))));
    assert_eq!(sent(&reactor.on(Event::Finished { slot: 0, job: 2 })), [(0, 4)]);
    let actions = reactor.on(Event::Finished { slot: 0, job: 4 });
    assert!(actions.contains(&Action::StopWorker(0)));
    for slot in [0, 1] {
        reactor.on(exited(slot, ""));
    }
    assert!(reactor.is_done());
}

#[test]
fn a_deterministic_failure_is_final_and_takes_its_dependents_along() {
    let mut reactor = running(1);
    let kind = FailureKind::Deterministic;
    let actions = reactor.on(Event::Failed { slot: 0, job: 0, kind, message: "loss is NaN".to_owned() });
    let blocked = |action: &&Action| matches!(action, Action::Record(_, StatusChange::Blocked { reason }) if reason == "upstream pmf trial pmf-1 failed: loss is NaN");
    assert_eq!(actions.iter().filter(blocked).count(), 4);
    assert!(actions.contains(&Action::StopWorker(0)));
    reactor.on(exited(0, ""));
    assert!(reactor.is_done());
}

#[test]
fn a_crash_is_retried_twice_then_it_counts() {
    let mut reactor = running(1);
    for attempt in 1..=2 {
        let actions = reactor.on(exited(0, "SIGSEGV"));
        let retry = StatusChange::Retry { reason: "SIGSEGV".to_owned(), attempt, rest: Duration::ZERO };
        assert!(actions.contains(&Action::Record(0, retry)) && actions.contains(&Action::Spawn(0)));
        assert_eq!(sent(&reactor.on(Event::WorkerReady { slot: 0 })), [(0, 0)]);
    }
    let actions = reactor.on(exited(0, "SIGSEGV"));
    let failed = StatusChange::Failed { kind: FailureKind::Environment, loss: Loss::told("SIGSEGV"), attempts: 3 };
    assert!(actions.contains(&Action::Record(0, failed)));
    assert!(reactor.is_done());
}

#[test]
fn the_first_interrupt_drains_and_the_second_kills() {
    let mut reactor = running(2);
    assert!(sent(&reactor.on(Event::Interrupt)).is_empty());
    assert!(!reactor.is_done());
    let actions = reactor.on(Event::Finished { slot: 0, job: 0 });
    assert!(sent(&actions).is_empty() && actions.contains(&Action::StopWorker(0)));
    reactor.on(exited(0, ""));
    assert!(reactor.is_done());

    let mut reactor = running(2);
    reactor.on(Event::Interrupt);
    assert!(reactor.on(Event::Interrupt).contains(&ask(0)));
    let actions = reactor.on(exited(0, "SIGTERM"));
    assert_eq!(actions, [Action::Record(0, StatusChange::Released)]);
    assert!(reactor.is_done());
}

#[test]
fn workers_that_never_come_up_end_the_sweep() {
    let mut reactor = Rig::new(sweep(), 1, rules());
    reactor.start();
    for _ in 0..2 {
        let actions = reactor.on(exited(0, "no libtorch"));
        assert_eq!(actions, [Action::Spawn(0)]);
    }
    let actions = reactor.on(exited(0, "no libtorch"));
    assert_eq!(actions, [Action::GiveUp("no worker can be started: no libtorch".to_owned())]);
    assert!(reactor.is_done());
}

#[test]
fn a_worker_that_speaks_of_another_trial_is_killed() {
    let mut reactor = running(1);
    assert!(reactor.on(Event::Finished { slot: 0, job: 3 }).contains(&ask(0)));
}

#[test]
fn what_is_finished_or_left_out_never_starts() {
    let mut jobs = sweep();
    jobs[0].status = Status::Finished;
    jobs[1].status = Status::Failed;
    jobs[3].status = Status::Failed;
    let mut reactor = Rig::new(jobs, 8, rules());
    assert_eq!(reactor.start(), [Action::Spawn(0)]);
    assert_eq!(sent(&reactor.on(Event::WorkerReady { slot: 0 })), [(0, 2)]);
    assert_eq!(sent(&reactor.on(Event::Finished { slot: 0, job: 2 })), [(0, 4)]);
    reactor.on(Event::Finished { slot: 0, job: 4 });
    reactor.on(exited(0, ""));
    assert!(reactor.is_done());
}

#[test]
fn replicates_come_in_turn_and_their_evaluations_with_them() {
    // Two configurations of two seeds, the second seed's trials listed first.
    let mut jobs = Vec::new();
    for replicate in [1, 0] {
        let pmf = jobs.len();
        jobs.push(Job { replicate, ..job(Stage::named("pmf"), 1.0, &[]) });
        for cost in [5.0, 9.0] {
            jobs.push(Job { replicate, ..job(Stage::named("drr"), cost, &[pmf]) });
            jobs.push(Job { replicate, ..job(Stage::EVAL, 1.0, &[jobs.len() - 1]) });
        }
    }
    let mut rig = Rig::new(jobs, 1, rules());
    rig.start();
    let mut order = Vec::new();
    let mut sent = rig.ready(0);
    while let Some((_, jobs)) = sent.pop() {
        order.push(jobs[0]);
        sent = cohorts(&rig.on(Event::Finished { slot: 0, job: jobs[0] }));
    }
    assert_eq!(order, [5, 0, 8, 6, 7, 9, 3, 1, 2, 4], "both PMFs, then all of seed 0, then all of seed 1");
}
