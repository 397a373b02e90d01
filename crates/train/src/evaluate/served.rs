//! A user's offline session, and the actor that serves many of them together.

use std::cmp::Ordering;
use std::mem;

use drr_core::seed::Stream;
use drr_kinds::drr::Remembers;
use drr_kinds::protocol::Protocol;
use drr_kinds::world::World;

use crate::actor_critic::{ActorPass, Agent, Which};
use crate::environment::explore;
use crate::evaluate::judged::Judged;
use crate::history::History;
use crate::kernels::Array;

/// One user's candidates and how the session goes.
pub(crate) struct Session {
    pub(crate) user: u32,
    history: History,
    /// Item and reward; NaN for what the user did not rate.
    pub(crate) candidates: Vec<(u32, f32)>,
    judged: Judged,
    /// The least reward that counts as positive.
    least_positive: f32,
    /// The history is another one than that of the last action.
    moved: bool,
}

impl Session {
    /// The session of an eligible user with these candidates, of which the first of equals comes first.
    pub(crate) fn new(world: &World, protocol: Protocol, user: u32, n: usize, candidates: Vec<(u32, f32)>) -> Self {
        let history = world.history(protocol, user, n).expect("eligible users have a history");
        let mut best: Vec<f32> =
            candidates.iter().map(|(_, reward)| *reward).filter(|reward| !reward.is_nan()).collect();
        best.sort_unstable_by(|a, b| b.total_cmp(a));
        let judged = Judged { rewards: Vec::new(), best, candidates: candidates.len(), ..Judged::default() };
        let (history, least_positive) = (History::new(history), world.least_positive);
        Self { user, history, candidates, judged, least_positive, moved: true }
    }

    /// Recommends the candidate with the highest score for its item and its reward, the first of equals.
    pub(crate) fn take_best(&mut self, score: impl Fn(u32, f32) -> f32, remembers: Remembers) -> (u32, f32) {
        let mut best = (0, f32::NEG_INFINITY);
        for (index, &(item, reward)) in self.candidates.iter().enumerate() {
            let score = score(item, reward);
            if score > best.1 {
                best = (index, score);
            }
        }
        self.take(best.0, remembers)
    }

    /// Recommends the `k` candidates with the highest scores, the first of equals first, as so many times
    /// [`Session::take_best`] would whose scores do not change.
    pub(crate) fn take_list(&mut self, score: impl Fn(u32, f32) -> f32, k: usize) {
        let scored = self.candidates.drain(..).map(|(item, reward)| (score(item, reward), item, reward));
        let mut list: Vec<(f32, u32, f32)> = scored.collect();
        list.sort_by(|a, b| descending(a.0, b.0));
        list.truncate(k);
        self.judged.items.extend(list.iter().map(|(_, item, _)| item));
        self.judged.rewards.extend(list.iter().map(|(_, _, reward)| reward));
    }

    /// Recommends a candidate: feedback from the log, a new history, one candidate less. What the user did not rate gives
    /// none.
    pub(crate) fn take(&mut self, index: usize, remembers: Remembers) -> (u32, f32) {
        let (item, reward) = self.candidates.remove(index);
        let remembered = if remembers == Remembers::Any { !reward.is_nan() } else { reward >= self.least_positive };
        self.moved |= self.history.observe(item, remembered);
        self.judged.items.push(item);
        self.judged.rewards.push(reward);
        (item, reward)
    }

    /// The session is over.
    pub(crate) fn end(self) -> Judged {
        self.judged
    }
}

/// Higher scores first; what is no number comes last.
fn descending(a: f32, b: f32) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) => b.partial_cmp(&a).expect("numbers compare"),
        (one, other) => one.cmp(&other),
    }
}

/// The actor's actions for sessions that are played together. A state that has not changed since has the same action: only the others
/// go through the network, a block at a time.
pub(crate) struct Actor<'a> {
    agent: &'a Agent,
    pass: ActorPass,
    states: Array,
    /// One a session.
    pub(crate) actions: Vec<f32>,
    block: Block,
    explored: Vec<f32>,
    /// Coordinates within a hundredth of their bounds, of all actions so far.
    pub(crate) saturated: usize,
}

/// The sessions of one forward pass, and what goes in and comes out.
#[derive(Default)]
struct Block {
    sessions: Vec<usize>,
    users: Vec<u32>,
    histories: Vec<u32>,
    actions: Vec<f32>,
}

/// From here on a bounded output is saturated.
const NEAR_BOUND: f32 = 0.99;

impl<'a> Actor<'a> {
    pub(crate) fn new(agent: &'a Agent, sessions: usize) -> Self {
        // A GPU wants few launches, a CPU no idle rows.
        let rows = if agent.backend().is_slices() { 32 } else { sessions };
        let size = agent.shapes.action;
        Self {
            pass: ActorPass::new(&agent.shapes, 1, rows, agent.backend()),
            states: Array::zeros(&[1, rows, agent.shapes.state], agent.backend()),
            actions: vec![0.0; sessions * size],
            block: Block { actions: vec![0.0; rows * size], ..Block::default() },
            explored: vec![0.0; size],
            saturated: 0,
            agent,
        }
    }

    /// Brings the actions of all sessions up to date.
    pub(crate) fn act(&mut self, sessions: &mut [Session]) {
        let rows = self.states.size(1);
        for (index, session) in sessions.iter_mut().enumerate() {
            if !mem::take(&mut session.moved) {
                continue;
            }
            self.block.sessions.push(index);
            self.block.users.push(session.user);
            self.block.histories.extend_from_slice(session.history.items());
            if self.block.sessions.len() == rows {
                self.run();
            }
        }
        if !self.block.sessions.is_empty() {
            self.run();
        }
    }

    fn run(&mut self) {
        let Self { agent, pass, states, actions, block, .. } = self;
        let (rows, size) = (states.size(1), agent.shapes.action);
        // Rows to spare repeat the first one.
        let n = block.histories.len() / block.users.len();
        while block.users.len() < rows {
            block.users.push(block.users[0]);
            block.histories.extend_from_within(..n);
        }
        agent.states_into(&block.users, &block.histories, states);
        pass.run(&agent.actor, Which::Online, states);
        pass.action.read_into(&mut block.actions);
        let bounded = pass.bounded();
        let own = &bounded[..block.sessions.len() * size];
        self.saturated += own.iter().filter(|value| value.abs() > NEAR_BOUND).count();
        for (session, action) in block.sessions.drain(..).zip(block.actions.chunks_exact(size)) {
            actions[session * size..][..size].copy_from_slice(action);
        }
        block.users.clear();
        block.histories.clear();
    }

    /// A session's action; one drawn from `stream` where the step explores.
    pub(crate) fn action(&mut self, session: usize, stream: Option<&mut Stream>) -> &[f32] {
        let size = self.agent.shapes.action;
        match stream {
            Some(stream) => {
                explore(stream, self.agent.shapes.action_norm, &mut self.explored);
                &self.explored
            }
            None => &self.actions[session * size..][..size],
        }
    }
}
