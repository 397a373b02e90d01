//! Rests after lost attempts, silence, overtime, and failures enough.

use super::*;

#[test]
fn a_lost_attempt_rests_longer_each_time() {
    let mut rig = Rig::new(sweep(), 1, Rules { retries: 3, ..Rules::default() });
    rig.start();
    rig.ready(0);
    for rest in [1, 2, 4] {
        let lost = rig.now;
        let actions = rig.on(exited(0, "SIGSEGV"));
        let rest = Duration::from_secs(rest);
        assert!(matches!(&actions[..], [Action::Record(0, StatusChange::Retry { rest: it, .. })] if *it == rest));
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
    assert!(rig.on(Event::Interrupt).is_empty() && rig.is_done());
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
    let retry = StatusChange::Retry { reason, attempt: 1, rest: Duration::ZERO };
    assert_eq!(actions, [Action::Record(0, retry), Action::Spawn(0)]);
    assert_eq!(rig.wait(), [ask(0)], "one that never comes up is not waited for either");
}

#[test]
fn a_suspended_worker_is_neither_silent_nor_at_work() {
    let mut rig = Rig::new(sweep(), 1, Rules { timeout: Some(Duration::from_secs(3000)), ..rules() });
    rig.start();
    rig.ready(0);
    let hour = Duration::from_secs(3600);
    rig.now = hour;
    rig.reactor.forgive(0, hour);
    assert_eq!(rig.wait(), [ask(0)]);
    assert_eq!(rig.now, hour + Duration::from_secs(1800), "half an hour of silence, awake");
    rig.reactor.forgive(0, hour);
    assert_eq!(rig.wait(), [kill(0)]);
    assert_eq!(rig.now, hour + Duration::from_secs(1805), "who is suspended does not escape its end");
}

#[test]
fn who_talks_but_does_not_introduce_itself_does_not_come_up() {
    let mut rig = Rig::new(sweep(), 1, rules());
    rig.start();
    rig.now = Duration::from_secs(1799);
    rig.reactor.heard(0, rig.now);
    assert_eq!(rig.wait(), [ask(0)]);
    assert_eq!(rig.now, Duration::from_secs(1800));
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
    let failed = StatusChange::Failed { kind: FailureKind::Environment, loss, attempts: 1 };
    assert_eq!(actions[0], Action::Record(0, failed));
}

#[test]
fn what_is_finished_within_the_grace_period_counts() {
    let mut rig = Rig::new(sweep(), 1, Rules { timeout: Some(Duration::from_secs(60)), ..rules() });
    rig.start();
    rig.ready(0);
    rig.wait();
    let actions = rig.on(Event::Finished { slot: 0, job: 0 });
    assert!(actions.contains(&Action::Record(0, StatusChange::Finished { slot: 0 })));
    assert!(cohorts(&actions).is_empty(), "it is being ended and gets nothing new");
    assert_eq!(rig.on(exited(0, "SIGTERM")), [Action::Spawn(0)]);
}

#[test]
fn a_worker_that_does_not_leave_is_ended() {
    let mut rig = Rig::new(vec![job(Stage::named("pmf"), 1.0, &[])], 1, rules());
    rig.start();
    rig.ready(0);
    assert!(rig.on(Event::Finished { slot: 0, job: 0 }).contains(&Action::StopWorker(0)));
    assert_eq!([rig.wait(), rig.wait()], [[ask(0)], [kill(0)]]);
    rig.on(exited(0, "SIGKILL"));
    assert!(rig.is_done());
}

#[test]
fn enough_failures_end_the_sweep() {
    let jobs = (0..9).map(|_| job(Stage::named("pmf"), 1.0, &[])).collect();
    let mut rig = Rig::new(jobs, 2, Rules { max_failures: Some(2), ..rules() });
    rig.start();
    rig.ready(0);
    rig.ready(1);
    let kind = FailureKind::Deterministic;
    let failed = |slot, job| Event::Failed { slot, job, kind, message: "NaN".to_owned() };
    assert!(!rig.on(failed(0, 0)).contains(&Action::Enough { failures: 1 }));
    let actions = rig.on(failed(0, 2));
    assert!(actions.contains(&Action::Enough { failures: 2 }) && actions.contains(&Action::StopWorker(0)));
    assert!(!rig.is_done(), "the other one may end");
    let actions = rig.on(Event::Finished { slot: 1, job: 1 });
    assert!(actions.contains(&Action::Record(1, StatusChange::Finished { slot: 1 })) && cohorts(&actions).is_empty());
}
