//! The reactor without a process: what it decides, and that no order of events leads it astray.

use drr_core::Seed;
use proptest::prelude::*;

use super::*;

fn job(stage: Stage, cost: f64, upstream: &[usize]) -> Job {
    Job { short: format!("{}-{cost}", stage.name()), stage, cost, upstream: upstream.to_vec(), start: Start::ToRun }
}

/// A PMF, two recommenders on it, an evaluation of each.
fn sweep() -> Vec<Job> {
    vec![
        job(Stage::Pmf, 1.0, &[]),
        job(Stage::Drr, 5.0, &[0]),
        job(Stage::Drr, 9.0, &[0]),
        job(Stage::Eval, 1.0, &[0, 1]),
        job(Stage::Eval, 1.0, &[0, 2]),
    ]
}

fn sent(actions: &[Action]) -> Vec<(usize, usize)> {
    let sent = |action: &Action| match action {
        Action::Send { slot, jobs } => Some((*slot, jobs[0])),
        _ => None,
    };
    actions.iter().filter_map(sent).collect()
}

fn running(slots: usize) -> Reactor {
    let mut reactor = Reactor::new(sweep(), slots, 2);
    assert_eq!(reactor.start(), [Action::Spawn(0)], "one job is ready, so one worker is wanted");
    assert_eq!(sent(&reactor.on(Happened::WorkerReady { slot: 0 })), [(0, 0)]);
    reactor
}

#[test]
fn upstream_first_then_the_longest() {
    let mut reactor = running(2);
    let actions = reactor.on(Happened::Finished { slot: 0, job: 0 });
    assert_eq!(sent(&actions), [(0, 2)], "the recommender of cost 9 comes before that of cost 5");
    assert!(actions.contains(&Action::Spawn(1)), "a second worker is wanted now");
    assert_eq!(sent(&reactor.on(Happened::WorkerReady { slot: 1 })), [(1, 1)]);
    assert_eq!(sent(&reactor.on(Happened::Finished { slot: 1, job: 1 })), [(1, 3)]);
    assert!(reactor.on(Happened::Finished { slot: 1, job: 3 }).iter().all(|a| !matches!(a, Action::StopWorker(_))));
    assert_eq!(sent(&reactor.on(Happened::Finished { slot: 0, job: 2 })), [(0, 4)]);
    let actions = reactor.on(Happened::Finished { slot: 0, job: 4 });
    assert!(actions.contains(&Action::StopWorker(0)));
    for slot in [0, 1] {
        reactor.on(Happened::WorkerExited { slot, how: String::new() });
    }
    assert!(reactor.is_done());
}

#[test]
fn a_deterministic_failure_is_final_and_takes_its_dependents_along() {
    let mut reactor = running(1);
    let kind = FailureKind::Deterministic;
    let actions = reactor.on(Happened::Failed { slot: 0, job: 0, kind, message: "loss is NaN".to_owned() });
    let blocked = |action: &&Action| matches!(action, Action::Record(_, Verdict::Blocked { reason }) if reason == "upstream pmf trial pmf-1 failed: loss is NaN");
    assert_eq!(actions.iter().filter(blocked).count(), 4);
    assert!(actions.contains(&Action::StopWorker(0)));
    reactor.on(Happened::WorkerExited { slot: 0, how: String::new() });
    assert!(reactor.is_done());
}

#[test]
fn a_crash_is_retried_twice_then_it_counts() {
    let mut reactor = running(1);
    for attempt in 1..=2 {
        let actions = reactor.on(Happened::WorkerExited { slot: 0, how: "SIGSEGV".to_owned() });
        let retry = Verdict::Retry { reason: "SIGSEGV".to_owned(), attempt };
        assert!(actions.contains(&Action::Record(0, retry)) && actions.contains(&Action::Spawn(0)));
        assert_eq!(sent(&reactor.on(Happened::WorkerReady { slot: 0 })), [(0, 0)]);
    }
    let actions = reactor.on(Happened::WorkerExited { slot: 0, how: "SIGSEGV".to_owned() });
    let failed = Verdict::Failed { kind: FailureKind::Environment, reason: "SIGSEGV".to_owned(), attempts: 3 };
    assert!(actions.contains(&Action::Record(0, failed)));
    assert!(reactor.is_done());
}

#[test]
fn the_first_interrupt_drains_and_the_second_kills() {
    let mut reactor = running(2);
    assert!(sent(&reactor.on(Happened::Interrupt)).is_empty());
    assert!(!reactor.is_done());
    let actions = reactor.on(Happened::Finished { slot: 0, job: 0 });
    assert!(sent(&actions).is_empty() && actions.contains(&Action::StopWorker(0)));
    reactor.on(Happened::WorkerExited { slot: 0, how: String::new() });
    assert!(reactor.is_done());

    let mut reactor = running(2);
    reactor.on(Happened::Interrupt);
    assert!(reactor.on(Happened::Interrupt).contains(&Action::Kill(0)));
    let actions = reactor.on(Happened::WorkerExited { slot: 0, how: "SIGTERM".to_owned() });
    assert_eq!(actions, [Action::Record(0, Verdict::Released)]);
    assert!(reactor.is_done());
}

#[test]
fn workers_that_never_come_up_end_the_sweep() {
    let mut reactor = Reactor::new(sweep(), 1, 2);
    reactor.start();
    for _ in 0..2 {
        let actions = reactor.on(Happened::WorkerExited { slot: 0, how: "no libtorch".to_owned() });
        assert_eq!(actions, [Action::Spawn(0)]);
    }
    let actions = reactor.on(Happened::WorkerExited { slot: 0, how: "no libtorch".to_owned() });
    assert_eq!(actions, [Action::GiveUp("no libtorch".to_owned())]);
    assert!(reactor.is_done());
}

#[test]
fn a_worker_that_speaks_of_another_trial_is_killed() {
    let mut reactor = running(1);
    assert!(reactor.on(Happened::Finished { slot: 0, job: 3 }).contains(&Action::Kill(0)));
}

#[test]
fn what_is_finished_or_left_out_never_starts() {
    let mut jobs = sweep();
    jobs[0].start = Start::Finished;
    jobs[1].start = Start::LeftOut;
    jobs[3].start = Start::LeftOut;
    let mut reactor = Reactor::new(jobs, 8, 2);
    assert_eq!(reactor.start(), [Action::Spawn(0)]);
    assert_eq!(sent(&reactor.on(Happened::WorkerReady { slot: 0 })), [(0, 2)]);
    assert_eq!(sent(&reactor.on(Happened::Finished { slot: 0, job: 2 })), [(0, 4)]);
    reactor.on(Happened::Finished { slot: 0, job: 4 });
    reactor.on(Happened::WorkerExited { slot: 0, how: String::new() });
    assert!(reactor.is_done());
}

/// A world of slots that behave at random: they start or not, finish, fail or crash. It checks each action as it comes.
struct World {
    jobs: Vec<Job>,
    slots: Vec<Option<Option<usize>>>,
    finished: Vec<bool>,
    ended: Vec<bool>,
}

impl World {
    fn obey(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Spawn(slot) => assert!(self.slots[slot].replace(None).is_none(), "one worker a slot"),
                Action::Send { slot, jobs } => {
                    let job = jobs[0];
                    assert!(!self.ended[job] && self.slots.iter().flatten().all(|running| *running != Some(job)));
                    assert!(self.jobs[job].upstream.iter().all(|above| self.finished[*above]), "upstream first");
                    assert_eq!(self.slots[slot].replace(Some(job)), Some(None), "only idle workers get work");
                }
                Action::Record(job, verdict) => match verdict {
                    Verdict::Finished { .. } | Verdict::Failed { .. } | Verdict::Blocked { .. } => {
                        assert!(!std::mem::replace(&mut self.ended[job], true), "a job ends once");
                        self.finished[job] = matches!(verdict, Verdict::Finished { .. });
                    }
                    Verdict::Running { .. } | Verdict::Retry { .. } | Verdict::Released => {}
                },
                Action::StopWorker(slot) => assert_eq!(self.slots[slot], Some(None), "only idle workers leave"),
                Action::Kill(_) | Action::GiveUp(_) => {}
            }
        }
    }
}

proptest! {
    #[test]
    fn every_job_ends_once_and_in_order(
        shape in prop::collection::vec((0_u8..3, 0.0_f64..10.0, 0_usize..100), 1..40),
        slots in 1_usize..6,
        chaos in 0_u64..1000,
        interrupts in 0_usize..3,
    ) {
        let mut jobs: Vec<Job> = Vec::new();
        for (stage, cost, above) in shape {
            let stage = [Stage::Pmf, Stage::Drr, Stage::Eval][stage as usize];
            let candidates: Vec<usize> = (0..jobs.len()).filter(|&i| jobs[i].stage < stage).collect();
            let upstream: Vec<usize> = candidates.get(above % candidates.len().max(1)).copied().into_iter().collect();
            jobs.push(job(stage, cost, &upstream));
        }
        let count = jobs.len();
        let mut world =
            World { jobs: jobs.clone(), slots: vec![None; slots], finished: vec![false; count], ended: vec![false; count] };
        let mut reactor = Reactor::new(jobs, slots, 2);
        let mut dice = Seed(chaos).stream("test");
        let first = reactor.start();
        world.obey(first);
        let (mut steps, mut interrupts_left) = (0, interrupts);
        while !reactor.is_done() {
            steps += 1;
            prop_assert!(steps < 10_000, "it comes to an end");
            let alive: Vec<usize> = (0..slots).filter(|slot| world.slots[*slot].is_some()).collect();
            prop_assert!(!alive.is_empty(), "someone is left to do the work");
            let slot = alive[dice.below(alive.len())];
            let happened = match (world.slots[slot], dice.below(20)) {
                (_, 0) if interrupts_left > 0 => {
                    interrupts_left -= 1;
                    Happened::Interrupt
                }
                (Some(Some(job)), 1) => Happened::Failed { slot, job, kind: FailureKind::Deterministic, message: String::new() },
                (Some(Some(job)), 2..4) => Happened::Failed { slot, job, kind: FailureKind::Environment, message: String::new() },
                (Some(Some(job)), 6..) => Happened::Finished { slot, job },
                (Some(Some(_)), _) => Happened::WorkerExited { slot, how: String::new() },
                (_, 1..17) if !matches!(reactor.workers[slot], Worker::Leaving) && !reactor.is_stopping() => Happened::WorkerReady { slot },
                _ if matches!(reactor.workers[slot], Worker::Starting) && !reactor.is_stopping() => Happened::WorkerReady { slot },
                _ => Happened::WorkerExited { slot, how: String::new() },
            };
            match &happened {
                Happened::WorkerExited { slot, .. } => world.slots[*slot] = None,
                Happened::Finished { slot, .. } | Happened::Failed { slot, .. } => world.slots[*slot] = Some(None),
                _ => {}
            }
            let actions = reactor.on(happened);
            world.obey(actions);
        }
        if interrupts_left == interrupts {
            prop_assert!(world.ended.iter().all(|ended| *ended));
        }
    }
}
