//! Events in any order, those that cannot happen among them: words of workers that are gone, of trials they never had, said
//! twice or too early. After each event the invariants are checked against a world that keeps its own books.

use std::cell::RefCell;

use drr_core::seed::Stream;
use proptest::prelude::*;

use super::super::super::memory_fit::MemoryFit;
use super::*;

/// What the world knows of a slot's process.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Process {
    None,
    /// Started; whether it has said that it is ready.
    Up {
        ready: bool,
        ending: bool,
        jobs: Vec<usize>,
        /// How many it was given together.
        given: usize,
    },
    Gone,
}

/// Room that comes and goes; remembers what it last said of each slot.
struct Tides {
    dice: RefCell<Stream>,
    said: RefCell<Vec<Space>>,
    /// Whether devices vanish.
    vanish: bool,
}

impl MemoryFit for Tides {
    fn space(&self, slot: usize, _: usize, _: &[usize]) -> Space {
        let mut dice = self.dice.borrow_mut();
        let space = match dice.below(12) {
            0 if self.vanish => Space::Gone,
            1 | 2 => Space::Full,
            _ => Space::Trials(1 + dice.below(4)),
        };
        self.said.borrow_mut()[slot] = space;
        space
    }
}

/// The books of the world.
struct Books {
    jobs: Vec<Job>,
    rules: Rules,
    processes: Vec<Process>,
    ended: Vec<Option<StatusChange>>,
    /// Attempts that each lost while it ran alone; only these are its own fault.
    lost: Vec<u32>,
    failures: usize,
    given_up: bool,
    stopping: bool,
}

impl Books {
    fn running(&self, job: usize) -> usize {
        let has = |process: &&Process| matches!(process, Process::Up { jobs, .. } if jobs.contains(&job));
        self.processes.iter().filter(has).count()
    }

    fn has(&self, slot: usize, job: usize) -> bool {
        matches!(&self.processes[slot], Process::Up { jobs, .. } if jobs.contains(&job))
    }

    fn take(&mut self, slot: usize, job: usize) {
        if let Process::Up { jobs, .. } = &mut self.processes[slot] {
            jobs.retain(|other| *other != job);
        }
    }

    fn is_finished(&self, job: usize) -> bool {
        self.jobs[job].status == Status::Finished || matches!(self.ended[job], Some(StatusChange::Finished { .. }))
    }

    /// Writes down what the event means for the processes, before the reactor answers.
    fn hear(&mut self, event: &Event) {
        match event {
            Event::WorkerExited { slot, .. } | Event::SpawnFailed { slot, .. } => {
                if let Process::Up { jobs, given: 1, .. } = &self.processes[*slot] {
                    jobs.iter().for_each(|&job| self.lost[job] += 1);
                }
                if self.processes[*slot] != Process::Gone {
                    self.processes[*slot] = Process::None;
                }
            }
            Event::WorkerReady { slot } => {
                if let Process::Up { ready, .. } = &mut self.processes[*slot] {
                    *ready = true;
                }
            }
            Event::Finished { slot, job } => self.take(*slot, *job),
            Event::Failed { slot, job, kind, .. } => {
                let own = match (&self.processes[*slot], kind) {
                    (Process::Up { given, .. }, FailureKind::Memory) => *given == 1,
                    (_, kind) => *kind == FailureKind::Environment,
                };
                if self.has(*slot, *job) && own {
                    self.lost[*job] += 1;
                }
                self.take(*slot, *job);
            }
            Event::Interrupt | Event::StopNow => self.stopping = true,
            _ => {}
        }
    }

    fn obey(&mut self, event: &Event, actions: &[Action], said: &[Space]) {
        for action in actions {
            match action {
                Action::Spawn(slot) => {
                    assert!(!self.stopping, "nothing is started once someone asked to stop");
                    assert_eq!(self.processes[*slot], Process::None, "one worker a slot, and none where it is gone");
                    self.processes[*slot] = Process::Up { ready: false, ending: false, jobs: Vec::new(), given: 0 };
                }
                Action::Send { slot, jobs } => self.send(*slot, jobs, said[*slot]),
                Action::StopWorker(slot) => match &mut self.processes[*slot] {
                    Process::Up { ending, jobs, .. } => {
                        assert!(jobs.is_empty(), "only those with nothing to do are asked to leave");
                        *ending = true;
                    }
                    other => panic!("{other:?} is asked to leave"),
                },
                // Nobody is there to be ended where a ghost spoke.
                Action::End { slot, .. } => {
                    if let Process::Up { ending, .. } = &mut self.processes[*slot] {
                        *ending = true;
                    }
                }
                Action::Lost { slot, .. } => self.processes[*slot] = Process::Gone,
                Action::Enough { .. } => self.stopping = true,
                Action::GiveUp(_) => (self.given_up, self.stopping) = (true, true),
                Action::NoRoom { slot } => assert_eq!(said[*slot], Space::Full),
                Action::Record(job, verdict) => self.record(*job, verdict, event),
            }
        }
    }

    fn send(&mut self, slot: usize, sent: &[usize], said: Space) {
        assert!(!self.stopping, "no trial starts once someone asked to stop");
        assert!(
            matches!(said, Space::Trials(most) if (1..=most).contains(&sent.len())),
            "{sent:?} where {said:?} fits"
        );
        for &job in sent {
            assert_eq!(self.running(job), 0, "nothing runs twice at once");
            assert_eq!(
                (self.jobs[job].status, &self.ended[job]),
                (Status::Pending, &None),
                "nothing runs that has ended"
            );
            assert!(self.jobs[job].upstream.iter().all(|above| self.is_finished(*above)), "upstream first");
        }
        let group = self.jobs[sent[0]].group;
        assert!(sent.len() == 1 || (group.is_some() && sent.iter().all(|&job| self.jobs[job].group == group)));
        match &mut self.processes[slot] {
            Process::Up { ready: true, ending: false, jobs, given } if jobs.is_empty() => {
                (*jobs, *given) = (sent.to_vec(), sent.len());
            }
            other => panic!("{other:?} is given {sent:?}"),
        }
    }

    fn record(&mut self, job: usize, verdict: &StatusChange, event: &Event) {
        assert_eq!(self.jobs[job].status, Status::Pending, "what was known beforehand is not told again");
        assert_eq!(self.ended[job], None, "{verdict:?} after its end");
        match verdict {
            StatusChange::Running { slot } => {
                assert_eq!(self.running(job), 1, "only what runs is said to run");
                assert!(matches!(event, Event::Started { slot: said, job: it } if said == slot && *it == job));
            }
            StatusChange::Retry { attempt, rest, .. } => {
                let lost = self.lost[job];
                assert!(lost <= self.rules.retries, "tried again after {lost} attempts of its own were lost");
                assert_eq!(*rest > Duration::ZERO, lost > 0, "a rest after a fault of its own alone");
                assert!(*attempt >= 1 && !self.stopping);
                self.is_out_of_hands(job);
            }
            StatusChange::Released => {
                assert!(self.stopping, "nothing is given back while the sweep runs");
                self.is_out_of_hands(job);
            }
            StatusChange::Finished { .. } => {
                // By its own worker's word, or found when that ended.
                let by = matches!(event, Event::Finished { job: it, .. } if *it == job)
                    || matches!(event, Event::WorkerExited { .. });
                assert!(by, "{event:?} finishes nothing");
                self.end(job, verdict);
            }
            StatusChange::Failed { .. } => {
                self.failures += 1;
                self.end(job, verdict);
            }
            StatusChange::Blocked { .. } => {
                let above = |above: &usize| {
                    matches!(self.ended[*above], Some(StatusChange::Failed { .. } | StatusChange::Blocked { .. }))
                };
                assert!(self.jobs[job].upstream.iter().any(above), "something above it failed");
                self.end(job, verdict);
            }
            StatusChange::Stopped { .. } => self.end(job, verdict),
        }
    }

    fn is_out_of_hands(&mut self, job: usize) {
        for process in &mut self.processes {
            if let Process::Up { jobs, .. } = process {
                assert!(!jobs.contains(&job), "it is given up while its worker has it");
            }
        }
    }

    fn end(&mut self, job: usize, verdict: &StatusChange) {
        self.is_out_of_hands(job);
        self.ended[job] = Some(verdict.clone());
    }

    /// What the reactor believes is what the world knows.
    fn check(&self, reactor: &Reactor, now: Duration) {
        let census = reactor.census(now);
        let mut in_hands = 0;
        for (slot, process) in self.processes.iter().enumerate() {
            let mut believed = census.slots[slot].jobs.clone();
            let mut known = if let Process::Up { jobs, .. } = process { jobs.clone() } else { Vec::new() };
            believed.sort_unstable();
            known.sort_unstable();
            assert_eq!(believed, known, "slot {slot}");
            in_hands += known.len();
        }
        let open =
            (0..self.jobs.len()).filter(|&job| self.jobs[job].status == Status::Pending && self.ended[job].is_none());
        let counted = census.ready + census.resting + census.waiting + in_hands;
        assert_eq!(counted, open.count(), "every open trial is in one place: {census:?}");
        assert_eq!(reactor.running(), in_hands);
        for job in 0..self.jobs.len() {
            assert!(self.running(job) <= 1);
            assert!(self.running(job) == 0 || self.ended[job].is_none(), "nothing is running and ended");
        }
    }
}

/// An event, possible or not.
fn event(dice: &mut Stream, books: &Books, trouble: usize) -> Event {
    let (slots, jobs) = (books.processes.len(), books.jobs.len());
    let (slot, any) = (dice.below(slots), dice.below(jobs));
    let own = match &books.processes[slot] {
        Process::Up { jobs, .. } if !jobs.is_empty() => Some(jobs[dice.below(jobs.len())]),
        _ => None,
    };
    // Mostly of what it has; now and then of another trial.
    let job = own.filter(|_| dice.below(30) > 0).unwrap_or(any);
    let kind = [FailureKind::Deterministic, FailureKind::Memory, FailureKind::Environment][dice.below(3)];
    let alive = matches!(books.processes[slot], Process::Up { .. });
    match dice.below(30 + trouble) {
        0..5 => Event::WorkerReady { slot },
        5..8 => Event::Started { slot, job },
        8..18 => Event::Finished { slot, job },
        18..20 => Event::Tick,
        20..30 if alive && own.is_none() => Event::WorkerReady { slot },
        20..24 if alive => exited(slot, "it died"),
        20..30 => Event::Finished { slot, job },
        at => match at % 7 {
            0 => Event::Failed { slot, job, kind, message: "it failed".to_owned() },
            1 => Event::UnknownTrial { slot },
            2 => Event::StopTrial { job: any, reason: "it is hopeless".to_owned() },
            3 if matches!(&books.processes[slot], Process::Up { ready: false, .. }) => {
                Event::SpawnFailed { slot, why: "no such file".to_owned() }
            }
            4 | 5 => exited(slot, "it died"),
            6 if dice.below(40) == 0 => Event::Interrupt,
            _ if dice.below(200) == 0 => Event::StopNow,
            _ => Event::Tick,
        },
    }
}

fn world(dice: &mut Stream, count: usize) -> Vec<Job> {
    let stages = [Stage::named("pmf"), Stage::named("drr"), Stage::EVAL];
    let mut jobs: Vec<Job> = Vec::new();
    for _ in 0..count {
        let stage = stages[dice.below(3)];
        let mut upstream: Vec<usize> = (0..jobs.len()).filter(|&above| jobs[above].stage < stage).collect();
        while upstream.len() > dice.below(3) {
            upstream.swap_remove(dice.below(upstream.len()));
        }
        let left_out = upstream.iter().any(|above| jobs[*above].status == Status::Failed);
        let finished = upstream.iter().all(|above| jobs[*above].status == Status::Finished);
        let status = match dice.below(10) {
            _ if left_out => Status::Failed,
            0 => Status::Failed,
            1 | 2 if finished => Status::Finished,
            _ => Status::Pending,
        };
        let group = (stage == stages[1]).then(|| dice.below(2) as u32);
        let cost = dice.unit() * 10.0;
        jobs.push(Job { group, replicate: dice.below(3) as u32, status, ..job(stage, cost, &upstream) });
    }
    jobs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_breaks_an_invariant(
        seed in any::<u64>(),
        count in 1_usize..30,
        slots in 1_usize..5,
        trouble in 0_usize..60,
        retries in 0_u32..4,
        most in prop::option::of(1_usize..6),
        vanish in any::<bool>(),
    ) {
        let mut dice = Seed(seed).stream("test");
        let jobs = world(&mut dice, count);
        let rules = Rules {
            retries,
            max_failures: most,
            timeout: (seed % 2 == 0).then_some(Duration::from_secs(500)),
            stall_timeout: Duration::from_secs(300),
            ..Rules::default()
        };
        let tides = Tides {
            dice: RefCell::new(Seed(seed).stream("room")),
            said: RefCell::new(vec![Space::Full; slots]),
            vanish,
        };
        let mut books = Books {
            processes: vec![Process::None; slots],
            ended: vec![None; count],
            lost: vec![0; count],
            failures: 0,
            given_up: false,
            stopping: false,
            rules,
            jobs: jobs.clone(),
        };
        let cohort = (seed % 3 == 0).then_some(1 + count % 4);
        let mut reactor = Reactor::new(jobs, &vec![Slot::Cpu; slots], rules, cohort);
        let mut now = Duration::ZERO;
        let first = reactor.start(now, &tides);
        books.obey(&Event::Tick, &first, &tides.said.borrow());
        books.check(&reactor, now);
        for step in 0.. {
            if reactor.is_done() {
                break;
            }
            prop_assert!(step < 50_000, "it comes to an end");
            // Trouble has an end, or nothing would ever be done.
            let mut next = event(&mut dice, &books, if step < 2000 { trouble } else { 0 });
            let nobody = !books.processes.iter().any(|it| matches!(it, Process::Up { .. }));
            let asked = books.processes.iter().position(|it| matches!(it, Process::Up { ending: true, .. }));
            match (asked, reactor.wake()) {
                // Those that were asked to leave do, in the end.
                (Some(slot), _) if dice.below(6) == 0 => next = exited(slot, "it left"),
                (_, Some(due)) if nobody || dice.below(15) == 0 => (now, next) = (now.max(due), Event::Tick),
                (_, None) => prop_assert!(!nobody, "someone is left to do the work, or rests"),
                _ => now += Duration::from_millis(dice.below(3000) as u64),
            }
            books.hear(&next);
            let actions = reactor.on(now, next.clone(), &tides);
            books.obey(&next, &actions, &tides.said.borrow());
            books.check(&reactor, now);
        }
        let open = (0..count).filter(|&job| books.jobs[job].status == Status::Pending && books.ended[job].is_none());
        prop_assert!(books.stopping || open.count() == 0, "each ends once");
        let failed = |verdict: &&Option<StatusChange>| matches!(verdict, Some(StatusChange::Failed { .. }));
        prop_assert_eq!(books.failures, books.ended.iter().filter(failed).count());
        prop_assert!(most.is_none_or(|most| books.failures < most || books.stopping), "enough is enough");
    }
}
