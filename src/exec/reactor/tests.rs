//! The reactor without a process: what it decides, and that no order of events leads it astray.

use std::cell::RefCell;

use drr_core::Seed;
use drr_core::spec::Stage;
use proptest::prelude::*;

use super::super::room::{Always, Space};
use super::*;

fn job(stage: Stage, cost: f64, upstream: &[usize]) -> Job {
    let (short, upstream) = (format!("{}-{cost}", stage.name()), upstream.to_vec());
    Job { short, stage, replicate: 0, cost, group: None, upstream, start: Start::ToRun }
}

/// A reactor, a clock that is set by hand, and room for so many.
struct Rig {
    reactor: Reactor,
    now: Duration,
    room: Always,
}

impl Rig {
    fn new(jobs: Vec<Job>, slots: usize, rules: Rules) -> Self {
        Self { reactor: Reactor::new(jobs, slots, rules, None), now: Duration::ZERO, room: Always(1) }
    }

    fn start(&mut self) -> Vec<Action> {
        self.reactor.start(self.now, &self.room)
    }

    fn on(&mut self, happened: Happened) -> Vec<Action> {
        self.reactor.on(self.now, happened, &self.room)
    }

    /// Lets time pass until something is due, and says what is done about it.
    fn wait(&mut self) -> Vec<Action> {
        self.now = self.reactor.wake().expect("something is due");
        self.on(Happened::Tick)
    }

    fn ready(&mut self, slot: usize) -> Vec<(usize, Vec<usize>)> {
        cohorts(&self.on(Happened::WorkerReady { slot }))
    }

    fn is_done(&self) -> bool {
        self.reactor.is_done()
    }
}

/// Rules without rests between attempts.
fn rules() -> Rules {
    Rules { backoff: Duration::ZERO, ..Rules::default() }
}

fn cohorts(actions: &[Action]) -> Vec<(usize, Vec<usize>)> {
    let sent = |action: &Action| match action {
        Action::Send { slot, jobs } => Some((*slot, jobs.clone())),
        _ => None,
    };
    actions.iter().filter_map(sent).collect()
}

fn exited(slot: usize, reason: &str) -> Happened {
    Happened::WorkerExited { slot, loss: Loss::told(reason) }
}

fn ask(slot: usize) -> Action {
    Action::End { slot, force: Force::Ask }
}

fn kill(slot: usize) -> Action {
    Action::End { slot, force: Force::Kill }
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

fn running(slots: usize) -> Rig {
    let mut reactor = Rig::new(sweep(), slots, rules());
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
        reactor.on(exited(slot, ""));
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
    reactor.on(exited(0, ""));
    assert!(reactor.is_done());
}

#[test]
fn a_crash_is_retried_twice_then_it_counts() {
    let mut reactor = running(1);
    for attempt in 1..=2 {
        let actions = reactor.on(exited(0, "SIGSEGV"));
        let retry = Verdict::Retry { reason: "SIGSEGV".to_owned(), attempt, rest: Duration::ZERO };
        assert!(actions.contains(&Action::Record(0, retry)) && actions.contains(&Action::Spawn(0)));
        assert_eq!(sent(&reactor.on(Happened::WorkerReady { slot: 0 })), [(0, 0)]);
    }
    let actions = reactor.on(exited(0, "SIGSEGV"));
    let failed = Verdict::Failed { kind: FailureKind::Environment, loss: Loss::told("SIGSEGV"), attempts: 3 };
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
    reactor.on(exited(0, ""));
    assert!(reactor.is_done());

    let mut reactor = running(2);
    reactor.on(Happened::Interrupt);
    assert!(reactor.on(Happened::Interrupt).contains(&ask(0)));
    let actions = reactor.on(exited(0, "SIGTERM"));
    assert_eq!(actions, [Action::Record(0, Verdict::Released)]);
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
    assert!(reactor.on(Happened::Finished { slot: 0, job: 3 }).contains(&ask(0)));
}

#[test]
fn what_is_finished_or_left_out_never_starts() {
    let mut jobs = sweep();
    jobs[0].start = Start::Finished;
    jobs[1].start = Start::LeftOut;
    jobs[3].start = Start::LeftOut;
    let mut reactor = Rig::new(jobs, 8, rules());
    assert_eq!(reactor.start(), [Action::Spawn(0)]);
    assert_eq!(sent(&reactor.on(Happened::WorkerReady { slot: 0 })), [(0, 2)]);
    assert_eq!(sent(&reactor.on(Happened::Finished { slot: 0, job: 2 })), [(0, 4)]);
    reactor.on(Happened::Finished { slot: 0, job: 4 });
    reactor.on(exited(0, ""));
    assert!(reactor.is_done());
}

#[test]
fn replicates_come_in_turn_and_their_evaluations_with_them() {
    // Two configurations of two seeds, the second seed's trials listed first.
    let mut jobs = Vec::new();
    for replicate in [1, 0] {
        let pmf = jobs.len();
        jobs.push(Job { replicate, ..job(Stage::Pmf, 1.0, &[]) });
        for cost in [5.0, 9.0] {
            jobs.push(Job { replicate, ..job(Stage::Drr, cost, &[pmf]) });
            jobs.push(Job { replicate, ..job(Stage::Eval, 1.0, &[jobs.len() - 1]) });
        }
    }
    let mut rig = Rig::new(jobs, 1, rules());
    rig.start();
    let mut order = Vec::new();
    let mut sent = rig.ready(0);
    while let Some((_, jobs)) = sent.pop() {
        order.push(jobs[0]);
        sent = cohorts(&rig.on(Happened::Finished { slot: 0, job: jobs[0] }));
    }
    assert_eq!(order, [5, 0, 8, 6, 7, 9, 3, 1, 2, 4], "both PMFs, then all of seed 0, then all of seed 1");
}

#[test]
fn a_lost_attempt_rests_longer_each_time() {
    let mut rig = Rig::new(sweep(), 1, Rules { retries: 3, ..Rules::default() });
    rig.start();
    rig.ready(0);
    for rest in [1, 2, 4] {
        let lost = rig.now;
        let actions = rig.on(exited(0, "SIGSEGV"));
        let rest = Duration::from_secs(rest);
        assert!(matches!(&actions[..], [Action::Record(0, Verdict::Retry { rest: it, .. })] if *it == rest));
        assert!(!rig.is_done(), "it goes on after the rest");
        assert_eq!(rig.wait(), [Action::Spawn(0)]);
        assert_eq!(rig.now, lost + rest);
        assert_eq!(rig.ready(0), [(0, vec![0])]);
    }
}

#[test]
fn one_that_rests_is_given_back_when_the_sweep_is_stopped() {
    let mut rig = Rig::new(sweep(), 1, Rules::default());
    rig.start();
    rig.ready(0);
    rig.on(exited(0, "SIGSEGV"));
    assert!(rig.on(Happened::Interrupt).is_empty() && rig.is_done());
    assert_eq!(rig.reactor.wake(), None);
}

#[test]
fn a_silent_worker_is_asked_then_killed_then_its_trial_is_tried_again() {
    let mut rig = Rig::new(sweep(), 1, rules());
    rig.start();
    rig.ready(0);
    rig.now = Duration::from_secs(1000);
    rig.reactor.heard(0, rig.now);
    assert_eq!(rig.wait(), [ask(0)]);
    assert_eq!(rig.now, Duration::from_secs(2800), "half an hour after its last word");
    assert_eq!(rig.wait(), [kill(0)]);
    assert_eq!(rig.now, Duration::from_secs(2805));
    let actions = rig.on(exited(0, "SIGKILL"));
    let reason = "the worker said nothing for 1800 s; SIGKILL".to_owned();
    let retry = Verdict::Retry { reason, attempt: 1, rest: Duration::ZERO };
    assert_eq!(actions, [Action::Record(0, retry), Action::Spawn(0)]);
    assert_eq!(rig.wait(), [ask(0)], "one that never comes up is not waited for either");
}

#[test]
fn a_trial_that_takes_too_long_fails_once_however_much_it_says() {
    let mut rig = Rig::new(sweep(), 1, Rules { timeout: Some(Duration::from_secs(60)), ..rules() });
    rig.start();
    rig.ready(0);
    rig.now = Duration::from_secs(59);
    rig.reactor.heard(0, rig.now);
    assert_eq!(rig.wait(), [ask(0)]);
    assert_eq!(rig.now, Duration::from_secs(60));
    let actions = rig.on(exited(0, "SIGTERM"));
    let loss = Loss::told("it took longer than 60 s; SIGTERM");
    let failed = Verdict::Failed { kind: FailureKind::Environment, loss, attempts: 1 };
    assert_eq!(actions[0], Action::Record(0, failed));
}

#[test]
fn what_is_finished_within_the_grace_period_counts() {
    let mut rig = Rig::new(sweep(), 1, Rules { timeout: Some(Duration::from_secs(60)), ..rules() });
    rig.start();
    rig.ready(0);
    rig.wait();
    let actions = rig.on(Happened::Finished { slot: 0, job: 0 });
    assert!(actions.contains(&Action::Record(0, Verdict::Finished { slot: 0 })));
    assert!(cohorts(&actions).is_empty(), "it is being ended and gets nothing new");
    assert_eq!(rig.on(exited(0, "SIGTERM")), [Action::Spawn(0)]);
}

#[test]
fn a_worker_that_does_not_leave_is_ended() {
    let mut rig = Rig::new(vec![job(Stage::Pmf, 1.0, &[])], 1, rules());
    rig.start();
    rig.ready(0);
    assert!(rig.on(Happened::Finished { slot: 0, job: 0 }).contains(&Action::StopWorker(0)));
    assert_eq!([rig.wait(), rig.wait()], [[ask(0)], [kill(0)]]);
    rig.on(exited(0, "SIGKILL"));
    assert!(rig.is_done());
}

#[test]
fn enough_failures_end_the_sweep() {
    let jobs = (0..9).map(|_| job(Stage::Pmf, 1.0, &[])).collect();
    let mut rig = Rig::new(jobs, 2, Rules { max_failures: Some(2), ..rules() });
    rig.start();
    rig.ready(0);
    rig.ready(1);
    let kind = FailureKind::Deterministic;
    let failed = |slot, job| Happened::Failed { slot, job, kind, message: "NaN".to_owned() };
    assert!(!rig.on(failed(0, 0)).contains(&Action::Enough { failures: 1 }));
    let actions = rig.on(failed(0, 2));
    assert!(actions.contains(&Action::Enough { failures: 2 }) && actions.contains(&Action::StopWorker(0)));
    assert!(!rig.is_done(), "the other one may end");
    let actions = rig.on(Happened::Finished { slot: 1, job: 1 });
    assert!(actions.contains(&Action::Record(1, Verdict::Finished { slot: 1 })) && cohorts(&actions).is_empty());
}

/// `count` trials of one group.
fn group(count: usize) -> Vec<Job> {
    (0..count).map(|_| Job { group: Some(0), ..job(Stage::Drr, 1.0, &[]) }).collect()
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
    rig.on(Happened::Finished { slot: 0, job: 1 });
    let actions = rig.on(exited(0, "SIGSEGV"));
    let retries = actions.iter().filter(|it| matches!(it, Action::Record(0 | 2, Verdict::Retry { .. }))).count();
    assert_eq!(retries, 2, "a shared loss is nobody's fault");
    assert_eq!(rig.ready(0), [(0, vec![0])]);
    let actions = rig.on(exited(0, "SIGSEGV"));
    assert!(matches!(&actions[0], Action::Record(0, Verdict::Failed { attempts: 2, .. })), "alone it is: {actions:?}");
    assert_eq!(rig.ready(0), [(0, vec![2])]);
    assert!(rig.on(Happened::Finished { slot: 0, job: 2 }).contains(&Action::Record(2, Verdict::Finished { slot: 0 })));
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
            let actions = rig.on(Happened::Failed { slot: 0, job, kind: FailureKind::Memory, message });
            assert!(matches!(&actions[0], Action::Record(_, Verdict::Retry { .. })), "it costs no attempt");
            sent.extend(cohorts(&actions));
        }
    }
    assert_eq!(sent[0].1.len(), 1, "one by one in the end");
    let job = sent[0].1[0];
    let failed = Happened::Failed { slot: 0, job, kind: FailureKind::Memory, message: String::new() };
    assert!(matches!(&rig.on(failed)[0], Action::Record(_, Verdict::Failed { .. })), "alone it does not fit either");
}

#[test]
fn a_hopeless_trial_ends_with_its_worker_and_takes_its_evaluation_along() {
    let mut rig = running(1);
    let actions = rig.on(Happened::Finished { slot: 0, job: 0 });
    assert_eq!(cohorts(&actions), [(0, vec![2])]);
    let hopeless = |job| Happened::Hopeless { job, reason: "below the median".to_owned() };
    assert!(rig.on(hopeless(4)).is_empty(), "it does not run");
    assert_eq!(rig.on(hopeless(2)), [ask(0)]);
    assert!(rig.on(hopeless(2)).is_empty(), "once is enough");
    let actions = rig.on(exited(0, "SIGTERM"));
    let stopped = |reason: &str| Verdict::Stopped { reason: reason.to_owned() };
    assert_eq!(actions[0], Action::Record(2, stopped("below the median")));
    assert_eq!(actions[1], Action::Record(4, stopped("upstream drr trial drr-9 was stopped")));
    assert_eq!(rig.ready(0), [(0, vec![1])], "the others go on");

    let mut rig = Rig { room: Always(8), ..Rig::new(group(2), 1, rules()) };
    rig.start();
    rig.ready(0);
    assert!(rig.on(hopeless(0)).is_empty(), "its cohort is not hopeless");
    rig.on(Happened::Finished { slot: 0, job: 1 });
    let actions = rig.on(Happened::Finished { slot: 0, job: 0 });
    assert!(actions.contains(&Action::Record(0, Verdict::Finished { slot: 0 })), "what is finished is finished");
}

/// Slots with room as set by hand.
struct Slots(RefCell<Vec<Space>>);

impl Room for Slots {
    fn space(&self, slot: usize, _: usize) -> Space {
        self.0.borrow()[slot]
    }
}

#[test]
fn a_full_device_is_waited_for_and_a_vanished_one_is_not() {
    let room = Slots(RefCell::new(vec![Space::Full, Space::Trials(1), Space::Gone]));
    let jobs = (0..9).map(|_| job(Stage::Drr, 1.0, &[])).collect();
    let mut reactor = Reactor::new(jobs, 3, rules(), None);
    let now = Duration::ZERO;
    reactor.start(now, &room);
    let ready = |reactor: &mut Reactor, slot| reactor.on(now, Happened::WorkerReady { slot }, &room);
    assert_eq!(ready(&mut reactor, 0), [Action::NoRoom { slot: 0 }]);
    assert_eq!(cohorts(&ready(&mut reactor, 1)), [(1, vec![0])]);
    assert_eq!(ready(&mut reactor, 2), [Action::StopWorker(2), Action::Lost { slot: 2 }]);
    assert_eq!(reactor.on(now, exited(2, ""), &room), [], "nothing is started in its place");
    let later = reactor.wake().expect("it is looked at again");
    assert_eq!(reactor.on(later, Happened::Tick, &room), [], "people were told");
    room.0.borrow_mut()[0] = Space::Trials(1);
    let later = reactor.wake().expect("it is looked at again");
    assert_eq!(cohorts(&reactor.on(later, Happened::Tick, &room)), [(0, vec![1])]);
    room.0.borrow_mut().fill(Space::Gone);
    reactor.on(later, Happened::Finished { slot: 0, job: 1 }, &room);
    let actions = reactor.on(later, Happened::Finished { slot: 1, job: 0 }, &room);
    assert!(actions.contains(&Action::GiveUp("every device is gone".to_owned())));
    reactor.on(later, exited(0, ""), &room);
    reactor.on(later, exited(1, ""), &room);
    assert!(reactor.is_done());
}

/// A world of slots that behave at random: they start or not, finish, fail or crash. It checks each action as it comes.
struct World {
    jobs: Vec<Job>,
    slots: Vec<Option<Vec<usize>>>,
    finished: Vec<bool>,
    ended: Vec<bool>,
}

impl World {
    fn obey(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Spawn(slot) => assert!(self.slots[slot].replace(Vec::new()).is_none(), "one worker a slot"),
                Action::Send { slot, jobs } => {
                    for &job in &jobs {
                        assert!(!self.ended[job] && self.slots.iter().flatten().all(|running| !running.contains(&job)));
                        assert!(self.jobs[job].upstream.iter().all(|above| self.finished[*above]), "upstream first");
                    }
                    assert!(jobs.len() == 1 || jobs.iter().all(|&job| self.jobs[job].group.is_some()));
                    assert_eq!(self.slots[slot].replace(jobs), Some(Vec::new()), "only idle workers get work");
                }
                Action::Record(job, verdict) => match verdict {
                    Verdict::Finished { .. } | Verdict::Failed { .. } | Verdict::Blocked { .. } => {
                        assert!(!std::mem::replace(&mut self.ended[job], true), "a job ends once");
                        self.finished[job] = matches!(verdict, Verdict::Finished { .. });
                    }
                    Verdict::Stopped { .. } => {
                        assert!(!std::mem::replace(&mut self.ended[job], true), "a job ends once")
                    }
                    Verdict::Running { .. } | Verdict::Retry { .. } | Verdict::Released => {}
                },
                Action::StopWorker(slot) => assert_eq!(self.slots[slot], Some(Vec::new()), "only idle workers leave"),
                _ => {}
            }
        }
    }
}

proptest! {
    #[test]
    fn every_job_ends_once_and_in_order(
        shape in prop::collection::vec((0_u8..3, 0.0_f64..10.0, 0_usize..100), 1..40),
        slots in 1_usize..6,
        room in 1_usize..5,
        chaos in 0_u64..1000,
        interrupts in 0_usize..3,
    ) {
        let mut jobs: Vec<Job> = Vec::new();
        for (stage, cost, above) in shape {
            let stage = [Stage::Pmf, Stage::Drr, Stage::Eval][stage as usize];
            let candidates: Vec<usize> = (0..jobs.len()).filter(|&i| jobs[i].stage < stage).collect();
            let upstream: Vec<usize> = candidates.get(above % candidates.len().max(1)).copied().into_iter().collect();
            let group = (stage == Stage::Drr).then_some(above as u32 % 2);
            jobs.push(Job { group, replicate: above as u32 % 3, ..job(stage, cost, &upstream) });
        }
        let count = jobs.len();
        let mut world =
            World { jobs: jobs.clone(), slots: vec![None; slots], finished: vec![false; count], ended: vec![false; count] };
        let mut rig = Rig { room: Always(room), ..Rig::new(jobs, slots, Rules::default()) };
        let mut dice = Seed(chaos).stream("test");
        let first = rig.start();
        world.obey(first);
        let (mut steps, mut interrupts_left) = (0, interrupts);
        while !rig.is_done() {
            steps += 1;
            prop_assert!(steps < 10_000, "it comes to an end");
            let alive: Vec<usize> = (0..slots).filter(|slot| world.slots[*slot].is_some()).collect();
            let due = rig.reactor.wake();
            prop_assert!(!alive.is_empty() || due.is_some(), "someone is left to do the work, or rests");
            if alive.is_empty() || due.is_some() && dice.below(10) == 0 {
                let actions = rig.wait();
                world.obey(actions);
                continue;
            }
            let slot = alive[dice.below(alive.len())];
            let stopping = rig.reactor.is_stopping();
            let worker = &rig.reactor.workers[slot].state;
            let job = world.slots[slot].as_ref().and_then(|jobs| jobs.last().copied());
            let failed = |job, kind| Happened::Failed { slot, job, kind, message: String::new() };
            let happened = match (job, dice.below(20)) {
                (_, 0) if interrupts_left > 0 => {
                    interrupts_left -= 1;
                    Happened::Interrupt
                }
                (Some(job), 1) => failed(job, FailureKind::Deterministic),
                (Some(job), 2) => failed(job, FailureKind::Environment),
                (Some(job), 3) => failed(job, FailureKind::Memory),
                (Some(job), 4) => Happened::Hopeless { job, reason: String::new() },
                (Some(job), 6..) => Happened::Finished { slot, job },
                (Some(_), _) => exited(slot, ""),
                (None, _) if *worker == State::Starting && !stopping => Happened::WorkerReady { slot },
                (None, _) => exited(slot, ""),
            };
            match &happened {
                Happened::WorkerExited { slot, .. } => world.slots[*slot] = None,
                Happened::Finished { slot, .. } | Happened::Failed { slot, .. } => {
                    world.slots[*slot].as_mut().expect("it works").pop();
                }
                _ => {}
            }
            let actions = rig.on(happened);
            world.obey(actions);
        }
        if interrupts_left == interrupts {
            prop_assert!(world.ended.iter().all(|ended| *ended));
        }
    }
}
