//! Trials that share a slot: how many, what becomes of them with their worker, and waiting for room.

use std::cell::RefCell;

use super::*;

/// `count` trials of one group.
fn group(count: usize) -> Vec<Job> {
    (0..count).map(|_| Job { group: Some(0), ..job(Stage::named("drr"), 1.0, &[]) }).collect()
}

#[test]
fn cohorts_are_shared_out_over_the_slots_or_as_large_as_asked() {
    let mut rig = Rig { room: Always(256), ..Rig::new(group(10), 4, rules()) };
    rig.start();
    let sizes: Vec<usize> = (0..4).map(|slot| rig.ready(slot)[0].1.len()).collect();
    assert_eq!(sizes, [3, 2, 2, 1], "every slot gets some");

    let mut rig = Rig { room: Always(256), ..Rig::new(group(10), 4, rules()) };
    rig.reactor.cohort = Some(8);
    rig.start();
    assert_eq!(rig.ready(0), [(0, (0..8).collect())]);
    rig.room = Always(1);
    assert_eq!(rig.ready(1), [(1, vec![8])], "no more than there is room for");
}

#[test]
fn a_cohort_whose_worker_dies_is_tried_member_by_member() {
    let mut rig = Rig { room: Always(256), ..Rig::new(group(3), 1, Rules { retries: 0, ..rules() }) };
    rig.start();
    assert_eq!(rig.ready(0), [(0, vec![0, 1, 2])]);
    rig.on(Event::Finished { slot: 0, job: 1 });
    let actions = rig.on(exited(0, "SIGSEGV"));
    let retries = actions.iter().filter(|it| matches!(it, Action::Record(0 | 2, StatusChange::Retry { .. }))).count();
    assert_eq!(retries, 2, "a shared loss is nobody's fault");
    assert_eq!(rig.ready(0), [(0, vec![0])]);
    let actions = rig.on(exited(0, "SIGSEGV"));
    assert!(
        matches!(&actions[0], Action::Record(0, StatusChange::Failed { attempts: 2, .. })),
        "alone it is: {actions:?}"
    );
    assert_eq!(rig.ready(0), [(0, vec![2])]);
    assert!(
        rig.on(Event::Finished { slot: 0, job: 2 }).contains(&Action::Record(2, StatusChange::Finished { slot: 0 }))
    );
}

#[test]
fn what_a_lost_worker_left_finished_counts_and_the_rest_is_tried_again() {
    let mut rig = Rig { room: Always(3), ..Rig::new(group(3), 1, rules()) };
    rig.start();
    let (_, given) = rig.ready(0).pop().expect("a cohort");
    assert_eq!(given.len(), 3);
    let actions = rig.on(Event::WorkerExited { slot: 0, loss: Loss::told("SIGKILL"), finished: given[..2].to_vec() });
    let finished = |action: &Action| match action {
        Action::Record(job, StatusChange::Finished { .. }) => Some(*job),
        _ => None,
    };
    assert_eq!(actions.iter().filter_map(finished).collect::<Vec<_>>(), given[..2]);
    assert!(matches!(&actions[2], Action::Record(job, StatusChange::Retry { .. }) if *job == given[2]), "{actions:?}");
    assert_eq!(rig.ready(0), [(0, vec![given[2]])], "nothing is sent to the worker that is gone");
}

#[test]
fn a_result_that_was_whole_before_the_end_counts_even_when_all_is_stopped() {
    let mut rig = running(1);
    assert_eq!(rig.on(Event::StopNow), [ask(0)]);
    let actions = rig.on(Event::WorkerExited { slot: 0, loss: Loss::told("SIGTERM"), finished: vec![0] });
    assert_eq!(actions, [Action::Record(0, StatusChange::Finished { slot: 0 })]);
    assert!(rig.is_done());
}

#[test]
fn memory_that_runs_out_halves_the_cohort() {
    let mut rig = Rig { room: Always(8), ..Rig::new(group(8), 1, Rules { retries: 0, ..rules() }) };
    rig.start();
    let mut sent = rig.ready(0);
    for size in [8, 4, 2] {
        let jobs = sent.remove(0).1;
        assert_eq!(jobs.len(), size);
        sent.clear();
        for job in jobs {
            let message = "libtorch: CUDA out of memory".to_owned();
            let actions = rig.on(Event::Failed { slot: 0, job, kind: FailureKind::Memory, message });
            assert!(matches!(&actions[0], Action::Record(_, StatusChange::Retry { .. })), "it costs no attempt");
            sent.extend(cohorts(&actions));
        }
    }
    assert_eq!(sent[0].1.len(), 1, "one by one in the end");
    let job = sent[0].1[0];
    let failed = Event::Failed { slot: 0, job, kind: FailureKind::Memory, message: String::new() };
    assert!(
        matches!(&rig.on(failed)[0], Action::Record(_, StatusChange::Failed { .. })),
        "alone it does not fit either"
    );
}

#[test]
fn what_memory_ran_out_around_has_the_machine_to_itself() {
    let jobs = vec![
        job(Stage::named("pmf"), 3.0, &[]),
        job(Stage::named("pmf"), 2.0, &[]),
        job(Stage::named("pmf"), 1.0, &[]),
        job(Stage::named("drr"), 1.0, &[0]),
    ];
    let mut rig = Rig::new(jobs, 2, rules());
    rig.start();
    assert_eq!((rig.ready(0), rig.ready(1)), (vec![(0, vec![0])], vec![(1, vec![1])]));
    let actions = rig.on(starved(0));
    assert!(matches!(&actions[0], Action::Record(0, StatusChange::Retry { .. })), "{actions:?}");
    assert_eq!(actions[1..], [Action::Spawn(0)], "for what can run beside others");
    assert_eq!(rig.ready(0), [(0, vec![2])]);
    let actions = rig.on(Event::Finished { slot: 0, job: 2 });
    assert_eq!(actions[1..], [Action::StopWorker(0)], "nobody stays, for the machine is to be empty");
    let actions = rig.on(Event::Finished { slot: 1, job: 1 });
    assert_eq!(actions[1..], [Action::StopWorker(1)]);
    assert!(rig.on(exited(1, "")).is_empty());
    assert_eq!(rig.on(exited(0, "")), [Action::Spawn(0)]);
    assert_eq!(rig.ready(0), [(0, vec![0])]);
    let actions = rig.on(Event::Finished { slot: 0, job: 0 });
    assert_eq!(cohorts(&actions), [(0, vec![3])], "what stands on it runs as ever");
}

#[test]
fn a_hopeless_trial_ends_with_its_worker_and_takes_its_evaluation_along() {
    let mut rig = running(1);
    let actions = rig.on(Event::Finished { slot: 0, job: 0 });
    assert_eq!(cohorts(&actions), [(0, vec![2])]);
    let hopeless = |job| Event::StopTrial { job, reason: "below the median".to_owned() };
    assert!(rig.on(hopeless(4)).is_empty(), "it does not run");
    assert_eq!(rig.on(hopeless(2)), [ask(0)]);
    assert!(rig.on(hopeless(2)).is_empty(), "once is enough");
    let actions = rig.on(exited(0, "SIGTERM"));
    let stopped = |reason: &str| StatusChange::Stopped { reason: reason.to_owned() };
    assert_eq!(actions[0], Action::Record(2, stopped("below the median")));
    assert_eq!(actions[1], Action::Record(4, stopped("upstream drr trial drr-9 was stopped")));
    assert_eq!(rig.ready(0), [(0, vec![1])], "the others go on");

    let mut rig = Rig { room: Always(8), ..Rig::new(group(2), 1, rules()) };
    rig.start();
    rig.ready(0);
    assert!(rig.on(hopeless(0)).is_empty(), "its cohort is not hopeless");
    rig.on(Event::Finished { slot: 0, job: 1 });
    let actions = rig.on(Event::Finished { slot: 0, job: 0 });
    assert!(actions.contains(&Action::Record(0, StatusChange::Finished { slot: 0 })), "what is finished is finished");
}

/// Slots with room as set by hand.
struct FixedSpace(RefCell<Vec<Space>>);

impl MemoryFit for FixedSpace {
    fn space(&self, slot: usize, _: usize, _: &[usize]) -> Space {
        self.0.borrow()[slot]
    }
}

#[test]
fn a_full_device_is_waited_for_and_a_vanished_one_is_not() {
    let room = FixedSpace(RefCell::new(vec![Space::Full, Space::Trials(1), Space::Gone]));
    let jobs = (0..9).map(|_| Job { needs: Needs::Gpu, ..job(Stage::named("drr"), 1.0, &[]) }).collect();
    let mut reactor = Reactor::new(jobs, &[0, 1, 2].map(Slot::Cuda), rules(), None);
    let now = Duration::ZERO;
    reactor.start(now, &room);
    let ready = |reactor: &mut Reactor, slot| reactor.on(now, Event::WorkerReady { slot }, &room);
    assert_eq!(ready(&mut reactor, 0), [Action::NoRoom { slot: 0 }]);
    assert_eq!(cohorts(&ready(&mut reactor, 1)), [(1, vec![0])]);
    assert_eq!(
        ready(&mut reactor, 2),
        [Action::StopWorker(2), Action::Lost { slot: 2, why: "its GPU is not there any more" }]
    );
    assert_eq!(reactor.on(now, exited(2, ""), &room), [], "nothing is started in its place");
    let later = reactor.wake().expect("it is looked at again");
    assert_eq!(reactor.on(later, Event::Tick, &room), [], "people were told");
    room.0.borrow_mut()[0] = Space::Trials(1);
    let later = reactor.wake().expect("it is looked at again");
    assert_eq!(cohorts(&reactor.on(later, Event::Tick, &room)), [(0, vec![1])]);
    room.0.borrow_mut().fill(Space::Gone);
    reactor.on(later, Event::Finished { slot: 0, job: 1 }, &room);
    let actions = reactor.on(later, Event::Finished { slot: 1, job: 0 }, &room);
    assert!(actions.contains(&Action::GiveUp(
        "every device is gone; the last slot is closed, for its GPU is not there any more".to_owned()
    )));
    reactor.on(later, exited(0, ""), &room);
    reactor.on(later, exited(1, ""), &room);
    assert!(reactor.is_done());
}
