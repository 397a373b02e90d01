//! Slots that behave at random: every job ends once and in order.

use proptest::prelude::*;

use super::*;

/// A world of slots that behave at random: they start or not, finish, fail or crash. It checks each action as it comes.
struct RandomSlots {
    jobs: Vec<Job>,
    slots: Vec<Option<Vec<usize>>>,
    finished: Vec<bool>,
    ended: Vec<bool>,
    /// Those around which memory ran out.
    starved: Vec<bool>,
}

impl RandomSlots {
    fn obey(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Spawn(slot) => assert!(self.slots[slot].replace(Vec::new()).is_none(), "one worker a slot"),
                Action::Send { slot, jobs } => {
                    let (others, alone) = (self.slots.iter().flatten().count(), |job: &usize| self.starved[*job]);
                    assert!(others == 1 || !jobs.iter().any(alone), "it is tried again with nobody beside it");
                    for &job in &jobs {
                        assert!(!self.ended[job] && self.slots.iter().flatten().all(|running| !running.contains(&job)));
                        assert!(self.jobs[job].upstream.iter().all(|above| self.finished[*above]), "upstream first");
                    }
                    assert!(jobs.len() == 1 || jobs.iter().all(|&job| self.jobs[job].group.is_some()));
                    assert_eq!(self.slots[slot].replace(jobs), Some(Vec::new()), "only idle workers get work");
                }
                Action::Record(job, verdict) => match verdict {
                    StatusChange::Finished { .. } | StatusChange::Failed { .. } | StatusChange::Blocked { .. } => {
                        assert!(!std::mem::replace(&mut self.ended[job], true), "a job ends once");
                        self.finished[job] = matches!(verdict, StatusChange::Finished { .. });
                    }
                    StatusChange::Stopped { .. } => {
                        assert!(!std::mem::replace(&mut self.ended[job], true), "a job ends once")
                    }
                    StatusChange::Running { .. } | StatusChange::Retry { .. } | StatusChange::Released => {}
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
            let stage = [Stage::named("pmf"), Stage::named("drr"), Stage::EVAL][stage as usize];
            let candidates: Vec<usize> = (0..jobs.len()).filter(|&i| jobs[i].stage < stage).collect();
            let upstream: Vec<usize> = candidates.get(above % candidates.len().max(1)).copied().into_iter().collect();
            let group = (stage == Stage::named("drr")).then_some(above as u32 % 2);
            jobs.push(Job { group, replicate: above as u32 % 3, ..job(stage, cost, &upstream) });
        }
        let count = jobs.len();
        let mut world =
            RandomSlots { jobs: jobs.clone(), slots: vec![None; slots], finished: vec![false; count], ended: vec![false; count], starved: vec![false; count] };
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
            let failed = |job, kind| Event::Failed { slot, job, kind, message: String::new() };
            let event = match (job, dice.below(20)) {
                (_, 0) if interrupts_left > 0 => {
                    interrupts_left -= 1;
                    Event::Interrupt
                }
                (Some(job), 1) => failed(job, FailureKind::Deterministic),
                (Some(job), 2) => failed(job, FailureKind::Environment),
                (Some(job), 3) => failed(job, FailureKind::Memory),
                (Some(job), 4) => Event::StopTrial { job, reason: String::new() },
                (Some(job), 6..) => Event::Finished { slot, job },
                (Some(_), 5) if dice.below(2) == 0 => starved(slot),
                (Some(_), _) => exited(slot, ""),
                (None, _) if *worker == WorkerState::Starting && !stopping => Event::WorkerReady { slot },
                (None, _) => exited(slot, ""),
            };
            if let (Event::WorkerExited { slot, loss, .. }, Some(jobs)) = (&event, &world.slots[slot])
                && loss.cause == LossCause::Memory
            {
                let _ = slot;
                jobs.iter().for_each(|&job| world.starved[job] = true);
            }
            match &event {
                Event::WorkerExited { slot, .. } => world.slots[*slot] = None,
                Event::Finished { slot, .. } | Event::Failed { slot, .. } => {
                    world.slots[*slot].as_mut().expect("it works").pop();
                }
                _ => {}
            }
            let actions = rig.on(event);
            world.obey(actions);
        }
        if interrupts_left == interrupts {
            prop_assert!(world.ended.iter().all(|ended| *ended));
        }
    }
}
