//! GPUs beside cores, and GPUs that fail.

use super::*;

const MIXED: [Slot; 3] = [Slot::Cuda(0), Slot::Cuda(1), Slot::Cpu];

/// So many networks.
fn networks(count: usize) -> Vec<Job> {
    (0..count).map(|_| Job { needs: Needs::Gpu, ..job(Stage::named("drr"), 1.0, &[]) }).collect()
}

fn failed(slot: usize, job: usize) -> Event {
    Event::Failed { slot, job, kind: FailureKind::Device, message: "the GPU failed: CUDA error".to_owned() }
}

fn spawned(actions: &[Action]) -> Vec<usize> {
    let of = |action: &Action| if let Action::Spawn(slot) = action { Some(*slot) } else { None };
    actions.iter().filter_map(of).collect()
}

#[test]
fn networks_run_on_gpus_and_all_else_on_cores_at_once() {
    let mut jobs = networks(3);
    jobs.push(job(Stage::named("pmf"), 1.0, &[]));
    let mut rig = Rig::on_slots(jobs, &MIXED, rules());
    assert_eq!(spawned(&rig.start()), [2, 0, 1]);
    assert_eq!(rig.ready(2), [(2, vec![3])]);
    assert_eq!(rig.ready(0), [(0, vec![0])]);
    assert_eq!(rig.ready(1), [(1, vec![1])]);
    assert_eq!(cohorts(&rig.on(Event::Finished { slot: 2, job: 3 })), [], "a core takes no network");
    assert_eq!(cohorts(&rig.on(Event::Finished { slot: 1, job: 1 })), [(1, vec![2])]);
}

#[test]
fn a_trial_whose_gpu_failed_goes_to_another_one_and_its_worker_is_let_go() {
    let mut rig = Rig::on_slots(networks(2), &MIXED, rules());
    rig.start();
    assert_eq!(rig.ready(0), [(0, vec![0])]);
    assert_eq!(rig.ready(1), [(1, vec![1])]);
    let actions = rig.on(failed(0, 0));
    assert!(matches!(&actions[..], [Action::Record(0, StatusChange::Retry { .. })]), "{actions:?}");
    // The worker that failed is gone; the one that comes up in its place does not take the same trial.
    let actions = rig.on(exited(0, "exit code 3"));
    assert_eq!(spawned(&actions), [0]);
    assert_eq!(rig.ready(0), [], "it waits for the other GPU");
    assert_eq!(cohorts(&rig.on(Event::Finished { slot: 1, job: 1 })), [(1, vec![0])]);
}

#[test]
fn a_gpu_that_fails_again_without_a_finished_trial_is_left_alone() {
    let mut rig = Rig::on_slots(networks(8), &MIXED, Rules { retries: 9, ..rules() });
    rig.start();
    rig.ready(0);
    rig.ready(1);
    rig.on(failed(0, 0));
    rig.on(exited(0, "exit code 3"));
    assert_eq!(rig.ready(0), [(0, vec![2])]);
    // A finished trial wipes out what was before.
    assert_eq!(cohorts(&rig.on(Event::Finished { slot: 0, job: 2 })), [(0, vec![3])]);
    rig.on(failed(0, 3));
    rig.on(exited(0, "exit code 3"));
    assert_eq!(rig.ready(0), [(0, vec![4])]);
    let actions = rig.on(failed(0, 4));
    assert!(actions.contains(&Action::Lost { slot: 0, why: "its GPU failed again and again" }), "{actions:?}");
    assert!(spawned(&rig.on(exited(0, "exit code 3"))).is_empty(), "nothing is started in its place");
    let mut next = rig.on(Event::Finished { slot: 1, job: 1 });
    let mut done = vec![1];
    while let Some((1, jobs)) = cohorts(&next).pop() {
        done.extend(&jobs);
        next = rig.on(Event::Finished { slot: 1, job: jobs[0] });
    }
    done.sort_unstable();
    assert_eq!(done, [0, 1, 3, 4, 5, 6, 7], "the other one does it all");
}

#[test]
fn the_last_gpu_ends_the_sweep_when_it_is_left_alone() {
    let mut jobs = networks(4);
    jobs.push(job(Stage::named("pmf"), 1.0, &[]));
    let mut rig = Rig::on_slots(jobs, &[Slot::Cuda(0), Slot::Cpu], Rules { retries: 9, ..rules() });
    rig.start();
    for _ in 0..2 {
        let sent = rig.ready(0).pop().expect("a trial").1[0];
        let actions = rig.on(failed(0, sent));
        if let Some(Action::GiveUp(why)) = actions.iter().find(|action| matches!(action, Action::GiveUp(_))) {
            assert_eq!(why, "every device is gone; the last slot is closed, for its GPU failed again and again");
            return;
        }
        rig.on(exited(0, "exit code 3"));
    }
    panic!("the sweep goes on without a GPU");
}

#[test]
fn a_cohort_that_a_gpu_failed_under_is_one_failure_and_runs_one_by_one_after() {
    let jobs = networks(4).into_iter().map(|it| Job { group: Some(0), ..it }).collect();
    let mut rig = Rig { room: Always(64), ..Rig::on_slots(jobs, &[Slot::Cuda(0)], rules()) };
    rig.start();
    assert_eq!(rig.ready(0), [(0, vec![0, 1, 2, 3])]);
    for job in 0..4 {
        let actions = rig.on(failed(0, job));
        assert!(!actions.iter().any(|it| matches!(it, Action::Lost { .. } | Action::GiveUp(_))), "{actions:?}");
    }
    rig.on(exited(0, "exit code 3"));
    assert_eq!(rig.ready(0), [(0, vec![0])], "one by one, on the only GPU there is");
}

#[test]
fn a_gpu_that_is_not_there_when_its_worker_is_to_start_is_closed_and_the_others_go_on() {
    let mut rig = Rig::on_slots(networks(2), &MIXED, rules());
    assert_eq!(spawned(&rig.start()), [0, 1]);
    let actions = rig.on(Event::DeviceGone { slot: 0 });
    assert!(actions.contains(&Action::Lost { slot: 0, why: "its GPU is not there any more" }), "{actions:?}");
    assert_eq!(rig.ready(1), [(1, vec![0])]);
    assert_eq!(cohorts(&rig.on(Event::Finished { slot: 1, job: 0 })), [(1, vec![1])]);
}

/// The second slot has no room for anything.
struct OneIsFull;

impl MemoryFit for OneIsFull {
    fn space(&self, slot: usize, _: usize, _: &[usize]) -> Space {
        if slot == 1 { Space::Full } else { Space::Trials(1) }
    }
}

#[test]
fn a_trial_waits_for_no_gpu_that_has_no_room() {
    let mut reactor = Reactor::new(networks(1), &MIXED, rules(), None);
    let (now, later) = (Duration::ZERO, Duration::from_secs(10));
    reactor.start(now, &OneIsFull);
    let sent = reactor.on(now, Event::WorkerReady { slot: 0 }, &OneIsFull);
    assert_eq!(cohorts(&sent), [(0, vec![0])]);
    reactor.on(now, failed(0, 0), &OneIsFull);
    reactor.on(now, exited(0, "exit code 3"), &OneIsFull);
    // Both come up again; the other one is full, and is found so.
    let mut sent = reactor.on(now, Event::WorkerReady { slot: 1 }, &OneIsFull);
    sent.extend(reactor.on(now, Event::WorkerReady { slot: 0 }, &OneIsFull));
    sent.extend(reactor.on(later, Event::Tick, &OneIsFull));
    assert_eq!(cohorts(&sent), [(0, vec![0])], "{sent:?}");
}
